/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "cli/field.h"
#include "cli/print.h"
#include "cli/report.h"

void report_text_remarks(FILE *out, const json_t *document, const char *list, const char *title,
			 const char *code)
{
	const json_t *remark;
	size_t i;

	json_array_foreach(field_list(document, list), i, remark) {
		CLEANUP(scope_free) char *who = field_who(remark);

		print_coloured(out, code, title);
		if (field_text(remark, "vm"))
			print_text(out, " %s", who);
		print_text(out, ": %s\n", field_text_or(remark, "text", ""));
	}
}

static void take_words(const json_t *step, struct strvec *words)
{
	const json_t *word;
	size_t i;

	json_array_foreach(field_list(step, "argv"), i, word)
		if (json_is_string(word))
			strvec_push(words, json_string_value(word));
}

/* A command as one would type it; a long one over several lines, an option's value beside it. */
static void print_command(FILE *out, const struct strvec *argv)
{
	enum { INDENT = 4, WIDTH = 100 };
	size_t column = INDENT;

	print_text(out, "%*s", INDENT, "");
	for (size_t i = 0; i < argv->count; ) {
		bool option = strncmp(argv->items[i], "--", 2) == 0 && i + 1 < argv->count;
		const struct strvec words = { .items = argv->items + i, .count = option ? 2 : 1 };
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

		strvec_quote_line(&words, &text);
		if (i && column + 1 + text.len > WIDTH - 2) {
			print_text(out, " \\\n%*s", 2 * INDENT, "");
			column = 2 * INDENT;
		} else if (i) {
			print_text(out, " ");
			column++;
		}
		print_text(out, "%s", text.buf);
		column += text.len;
		i += words.count;
	}
	print_text(out, "\n");
}

static const char *fate_sentence(const char *fate)
{
	static const struct { const char *fate, *sentence; } sentences[] = {
		{ "made",	"  to be made" },
		{ "built",	"  to be built" },
		{ "destroyed",	"  to be destroyed" },
		{ "replaced",	"  to be destroyed, and made again" },
		{ "remade",	"  to be undone and made anew" },
		{ "written",	"  to be put on the node" },
	};

	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++)
		if (strcmp(sentences[i].fate, fate) == 0)
			return sentences[i].sentence;
	return "";
}

void report_text_step(FILE *out, const json_t *step, bool with_fate)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	const char *fate = field_text(step, "fate"), *why = field_text(step, "why");
	CLEANUP(scope_free) char *who = field_who(step);

	if (fate && with_fate) {
		print_colour(out, BOLD);
		print_text(out, "%s", who);
		print_colour(out, PLAIN);
		print_text(out, "%s\n", fate_sentence(fate));
	}
	if (why)
		print_text(out, "    # %s\n", why);
	take_words(step, &argv);
	print_command(out, &argv);
}

static void draw_plan(FILE *out, const json_t *plan)
{
	size_t steps = field_count(plan, "steps"), refusals = field_count(plan, "refusals");
	size_t vms = 0, all = field_number(plan, "vms"), i;
	const json_t *step;

	report_text_loss(out, json_object_get(plan, "lost"));
	json_array_foreach(field_list(plan, "steps"), i, step) {
		report_text_step(out, step, true);
		vms += field_text(step, "fate") && field_vmid(step);
	}
	if (steps)
		fputc('\n', out);
	report_text_remarks(out, plan, "notes", "note", YELLOW);
	report_text_remarks(out, plan, "refusals", "refused", RED);
	if (refusals)
		print_text(out, "Nothing is changed: %zu problem%s must be solved first.\n",
			   refusals, print_plural(refusals));
	else if (steps)
		print_text(out, "Plan: %zu step%s for %zu of %zu VM%s.\n", steps,
			   print_plural(steps), vms, all, print_plural(all));
	else if (field_count(plan, "notes"))
		print_text(out, "Nothing to do now; the notes say what is left.\n");
	else
		print_text(out, "Nothing to do: %zu VM%s as declared.\n", all, print_plural(all));
}

/* When it happened; now, unless it says so. */
static void print_clock(FILE *out, const json_t *event)
{
	double happened = field_real(event, "time");
	time_t now = happened > 0 && happened < 1e11 ? (time_t)happened : time(NULL);
	struct tm local;
	char when[16];

	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&now, &local));
	print_text(out, "%s  ", when);
}

static void print_who(FILE *out, const json_t *event)
{
	CLEANUP(scope_free) char *name = field_who(event);

	print_text(out, "%-26s  %-8s  ", name, field_text_or(event, "verb", ""));
}

/* What is still going on is one line, drawn over; elsewhere than on a terminal it is left out. */
static bool begin_over(FILE *out, const json_t *event)
{
	if (!isatty(fileno(out)))
		return false;
	fputs("\r\033[K", out);
	print_clock(out, event);
	print_who(out, event);
	return true;
}

static void draw_progress(FILE *out, const json_t *event)
{
	enum { WIDTH = 30 };
	uint64_t said = field_number(event, "percent");
	int percent = said < 100 ? (int)said : 100, filled = percent * WIDTH / 100;
	const char *text = field_text(event, "text");

	if (!begin_over(out, event))
		return;
	if (text)
		print_text(out, "%.*s", print_fit(text, 2 * WIDTH), text);
	for (int i = 0; i < WIDTH && !text; i++)
		fputs(i < filled ? "█" : "░", out);
	if (!text)
		print_text(out, " %3d%%", percent);
	fflush(out);
}

static void draw_begin(FILE *out, const json_t *event)
{
	if (!begin_over(out, event))
		return;
	print_text(out, "…");
	fflush(out);
}

static void print_over(FILE *out, const json_t *event)
{
	if (isatty(fileno(out)))
		fputs("\r\033[K", out);
	print_clock(out, event);
}

static void draw_end(FILE *out, const json_t *event)
{
	bool done = field_is_event(event, "step-done");
	const char *text = field_text(event, "text");
	char seconds[NUMBER_TEXT];

	print_over(out, event);
	print_who(out, event);
	print_coloured(out, done ? GREEN : RED, done ? "done" : "failed");
	print_text(out, "  %s%s%s\n", number_format_duration(field_real(event, "seconds"), seconds),
		   text ? "  " : "", text ? text : "");
	fflush(out);
}

static void draw_remark(FILE *out, const json_t *event)
{
	char seconds[NUMBER_TEXT];

	print_over(out, event);
	if (field_text(event, "vm"))
		print_who(out, event);
	if (field_is_event(event, "step-retry"))
		print_text(out, "waits %s: ",
			   number_format_duration(field_real(event, "seconds"), seconds));
	if (field_is_event(event, "vm-stopped"))
		print_coloured(out, YELLOW, "not begun  ");
	print_text(out, "%s\n", field_text_or(event, "text", ""));
	fflush(out);
}

static void draw_run(FILE *out, const json_t *run)
{
	if (isatty(fileno(out)))
		fputs("\r\033[K", out);
	report_table_run(out, run);
	fflush(out);
}

static const char *outcome_advice(const json_t *outcome)
{
	if (field_flag(outcome, "interrupted") && !field_flag(outcome, "proven"))
		return " Interrupted: run vyom again to go on.";
	if (field_number(outcome, "vms_failed"))
		return " Look at `vyom log`, then run vyom again to go on.";
	return field_flag(outcome, "proven") ? " Looked again: nothing is left to do." : "";
}

static void draw_outcome(FILE *out, const json_t *document)
{
	const json_t *outcome = json_object_get(document, "outcome");
	size_t done = field_number(outcome, "vms_done"), failed = field_number(outcome, "vms_failed");
	size_t steps = field_number(outcome, "steps_done");

	if (!json_is_object(outcome))
		return;
	print_text(out, "\nRun %lld: %zu of %zu VM%s finished, %zu step%s done",
		   (long long)field_integer(outcome, "run"), done, done + failed,
		   print_plural(done + failed), steps, print_plural(steps));
	if (field_number(outcome, "steps_failed"))
		print_text(out, ", %zu failed", (size_t)field_number(outcome, "steps_failed"));
	print_text(out, ".%s\n", outcome_advice(outcome));
	if (!failed)
		report_text_remarks(out, document, "notes", "note", YELLOW);
}

static void print_finding(FILE *out, const json_t *finding)
{
	static const struct { const char *kind, *title, *code; } kinds[] = {
		{ "drift",		"drift",		RED },
		{ "in-progress",	"in progress",		YELLOW },
		{ "waiting",		"waits for a restart",	YELLOW },
		{ "undeclared",		"not declared",		YELLOW },
	};
	const char *kind = field_text_or(finding, "kind", "");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			print_coloured(out, kinds[i].code, kinds[i].title);
	if (field_text(finding, "vm"))
		print_text(out, " %s", field_text(finding, "vm"));
	if (field_vmid(finding))
		print_text(out, " (%u)", field_vmid(finding));
	print_text(out, ": %s: ", field_text_or(finding, "what", ""));
	if (field_text(finding, "text"))
		print_text(out, "%s\n", field_text(finding, "text"));
	else
		print_text(out, "wanted %s, found %s\n", field_text_or(finding, "wanted", "nothing"),
			   field_text_or(finding, "found", "nothing"));
}

/* What is no difference is told to who looks, and not every night. */
static bool concerns_cron(const json_t *finding)
{
	const char *kind = field_text_or(finding, "kind", "");

	return strcmp(kind, "undeclared") != 0 && strcmp(kind, "waiting") != 0;
}

static void draw_verify(FILE *out, const json_t *verify)
{
	size_t drift = field_number(verify, "drift"), vms = field_number(verify, "vms"), i;
	const json_t *finding;

	json_array_foreach(field_list(verify, "findings"), i, finding)
		if (!field_flag(verify, "quiet") || concerns_cron(finding))
			print_finding(out, finding);
	if (field_flag(verify, "quiet"))
		return;
	if (drift)
		print_text(out, "%zu difference%s found; `vyom plan` shows what apply would do.\n",
			   drift, print_plural(drift));
	else if (field_number(verify, "busy"))
		print_text(out, "No drift, but work is in progress.\n");
	else
		print_text(out, "In line: %zu VM%s as declared.\n", vms, print_plural(vms));
}

static void draw_config(FILE *out, const json_t *config)
{
	const char *file = field_text(config, "file");

	if (file)
		print_text(out, "%s is written: look at what is GUESSED in it, then "
			   "`vyom check -c %s`.\n", file, file);
	else
		print_text(out, "%s", field_text_or(config, "text", ""));
}

static void draw_check(FILE *out, const json_t *check)
{
	size_t count = field_count(check, "checks"), failed = 0, i;
	const json_t *line;

	json_array_foreach(field_list(check, "checks"), i, line) {
		bool pass = field_flag(line, "pass"), remark = field_flag(line, "remark");

		print_coloured(out, remark ? YELLOW : pass ? GREEN : RED,
			       remark ? "note" : pass ? "pass" : "FAIL");
		print_text(out, "  %s: %s\n", field_text_or(line, "what", ""),
			   field_text_or(line, "text", ""));
		failed += !pass;
		count -= remark;
	}
	if (failed)
		print_text(out, "Not fit yet: %zu of %zu failed.\n", failed, count);
	else
		print_text(out, "Fit: %zu check%s passed.\n", count, print_plural(count));
}

static void draw_deployed(FILE *out, const json_t *deployed)
{
	const char *before = field_text_or(deployed, "before", "");

	print_text(out, "%s: vyom %s → %s\n", field_text_or(deployed, "node", "?"),
		   *before ? before : "(none)", field_text_or(deployed, "after", "?"));
}

static void draw_pruned(FILE *out, const json_t *pruned)
{
	size_t files = field_number(pruned, "files"), days = field_number(pruned, "days");
	char bytes[NUMBER_TEXT];

	print_text(out, "%zu output%s of runs that ended more than %zu day%s ago removed: %s.\n",
		   files, print_plural(files), days, print_plural(days),
		   number_format_human(field_number(pruned, "bytes"), bytes));
}

/* An event that is not here is nothing to people: that a run began. */
static const struct {
	const char *event;
	void (*draw)(FILE *out, const json_t *document);
} drawings[] = {
	{ "plan",		draw_plan },
	{ "step-begin",		draw_begin },
	{ "step-progress",	draw_progress },
	{ "step-done",		draw_end },
	{ "step-failed",	draw_end },
	{ "step-retry",		draw_remark },
	{ "vm-stopped",		draw_remark },
	{ "stopping",		draw_remark },
	{ "remark",		draw_remark },
	{ "run",		draw_run },
	{ "outcome",		draw_outcome },
	{ "adopt",		report_text_adopt },
	{ "adopted",		report_text_adopted },
	{ "verify",		draw_verify },
	{ "config",		draw_config },
	{ "check",		draw_check },
	{ "status",		report_table_status },
	{ "pool",		report_table_pool },
	{ "shared",		report_table_shared },
	{ "templates",		report_table_templates },
	{ "runs",		report_table_runs },
	{ "steps",		report_table_steps },
	{ "deployed",		draw_deployed },
	{ "pruned",		draw_pruned },
};

static void draw(FILE *out, const json_t *document)
{
	const char *event = field_text_or(document, "event", "");

	for (size_t i = 0; i < sizeof(drawings) / sizeof(*drawings); i++)
		if (strcmp(drawings[i].event, event) == 0)
			drawings[i].draw(out, document);
}

const struct report report_text = { .name = "text", .live = true, .draw = draw };
