/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "act/apply.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "cli/print.h"
#include "cli/report.h"
#include "cli/report_table.h"
#include "cli/report_text.h"
#include "decide/plan.h"
#include "edge/outputs.h"
#include "model/event.h"
#include "model/spec.h"

void report_text_remarks(FILE *out, const char *title, const char *code,
			 const struct plan_remark *remarks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		print_coloured(out, code, title);
		if (remarks[i].vm)
			print_text(out, " %s (%u)", remarks[i].vm, remarks[i].vmid);
		print_text(out, ": %s\n", remarks[i].text);
	}
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

void report_text_step(FILE *out, const struct plan_step *step, bool first)
{
	if (first) {
		print_colour(out, BOLD);
		print_text(out, "%s (%u)", step->vm, step->vmid);
		print_colour(out, PLAIN);
		print_text(out, "%s\n",
		      step->verb == QM_CLONE  ? "  to be made"
		      : step->section && step->section->scope == SCOPE_TEMPLATE ? "  to be built"
		      : !step->section       ? "  to be destroyed"
		      : step->verb == QM_FREE || step->verb == QM_DESTROY ?
					     "  to be undone and made anew"
					     : "");
	}
	if (step->why)
		print_text(out, "    # %s\n", step->why);
	print_command(out, &step->argv);
}

static void text_plan(FILE *out, const struct plan *plan)
{
	size_t vms = 0;

	for (size_t i = 0; i < plan->count; i++) {
		bool first = i == 0 || plan->steps[i - 1].vmid != plan->steps[i].vmid;

		report_text_step(out, &plan->steps[i], first);
		vms += first;
	}
	if (plan->count)
		fputc('\n', out);
	report_text_remarks(out, "note", YELLOW, plan->notes, plan->note_count);
	report_text_remarks(out, "refused", RED, plan->refusals, plan->refusal_count);
	if (plan->refusal_count)
		print_text(out, "Nothing is changed: %zu problem%s must be solved first.\n",
			   plan->refusal_count, print_plural(plan->refusal_count));
	else if (plan->count)
		print_text(out, "Plan: %zu step%s for %zu of %zu VM%s.\n", plan->count,
			   print_plural(plan->count), vms, plan->vm_count,
			   print_plural(plan->vm_count));
	else if (plan->note_count)
		print_text(out, "Nothing to do now; the notes say what is left.\n");
	else
		print_text(out, "Nothing to do: %zu VM%s as declared.\n", plan->vm_count,
			   print_plural(plan->vm_count));
}

static void print_clock(FILE *out)
{
	time_t now = time(NULL);
	struct tm local;
	char when[16];

	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&now, &local));
	print_text(out, "%s  ", when);
}

static void print_who(FILE *out, const struct event *event)
{
	CLEANUP(scope_free) char *name =
		memory_print("%s (%u)", event->step->vm, event->step->vmid);

	print_text(out, "%-26s  %-8s  ", name, qm_verb_name(event->step->verb));
}

/* On a terminal a copy's progress is one line drawn over; elsewhere it is left out. */
static void print_progress(FILE *out, const struct event *event)
{
	enum { WIDTH = 30 };
	int filled = event->percent * WIDTH / 100;

	if (!isatty(fileno(out)))
		return;
	fputs("\r\033[K", out);
	print_clock(out);
	print_who(out, event);
	if (event->text) {
		print_text(out, "%.*s", print_fit(event->text, 2 * WIDTH), event->text);
		return;
	}
	for (int i = 0; i < WIDTH; i++)
		fputs(i < filled ? "█" : "░", out);
	print_text(out, " %3d%%", event->percent);
}

static void print_begin(FILE *out, const struct event *event)
{
	if (!isatty(fileno(out)))
		return;
	print_clock(out);
	print_who(out, event);
	print_text(out, "…");
}

static void print_end(FILE *out, const struct event *event)
{
	char seconds[NUMBER_TEXT];

	print_clock(out);
	print_who(out, event);
	if (event->kind == EVENT_STEP_DONE)
		print_coloured(out, GREEN, "done");
	else
		print_coloured(out, RED, "failed");
	print_text(out, "  %s%s%s\n", number_format_duration(event->seconds, seconds),
	      event->text ? "  " : "", event->text ? event->text : "");
}

static void print_remark(FILE *out, const struct event *event)
{
	char seconds[NUMBER_TEXT];

	print_clock(out);
	if (event->step)
		print_who(out, event);
	if (event->kind == EVENT_STEP_RETRY)
		print_text(out, "waits %s: ", number_format_duration(event->seconds, seconds));
	if (event->kind == EVENT_VM_STOPPED)
		print_coloured(out, YELLOW, "not begun  ");
	print_text(out, "%s\n", event->text);
}

static void text_event(FILE *out, const struct event *event)
{
	bool over = isatty(fileno(out)) && event->kind != EVENT_STEP_BEGIN &&
		    event->kind != EVENT_RUN_BEGIN;

	if (over || (isatty(fileno(out)) && event->kind == EVENT_STEP_BEGIN))
		fputs("\r\033[K", out);
	switch (event->kind) {
	case EVENT_STEP_BEGIN:
		print_begin(out, event);
		break;
	case EVENT_STEP_PROGRESS:
		print_progress(out, event);
		break;
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAILED:
		print_end(out, event);
		break;
	case EVENT_STEP_RETRY:
	case EVENT_VM_STOPPED:
	case EVENT_STOPPING:
	case EVENT_REMARK:
		print_remark(out, event);
		break;
	case EVENT_RUN_BEGIN:
	case EVENT_RUN_END:
	default:
		break;
	}
	fflush(out);
}

static const char *outcome_advice(const struct apply_result *result)
{
	if (result->interrupted && !result->proven)
		return " Interrupted: run vyom again to go on.";
	if (result->vms_failed)
		return " Look at `vyom log`, then run vyom again to go on.";
	return result->proven ? " Looked again: nothing is left to do." : "";
}

static void text_outcome(FILE *out, const struct plan *plan, int64_t run,
			 const struct apply_result *result)
{
	if (!result)
		return;
	print_text(out, "\nRun %lld: %zu of %zu VM%s finished, %zu step%s done", (long long)run,
	      result->vms_done, result->vms_done + result->vms_failed,
	      print_plural(result->vms_done + result->vms_failed), result->steps_done,
	      print_plural(result->steps_done));
	if (result->steps_failed)
		print_text(out, ", %zu failed", result->steps_failed);
	print_text(out, ".%s\n", outcome_advice(result));
	if (!result->vms_failed)
		report_text_remarks(out, "note", YELLOW, plan->notes, plan->note_count);
}

static void print_finding(FILE *out, const struct verify_finding *finding)
{
	static const struct { const char *title, *code; } kinds[] = {
		[VERIFY_DRIFT]		= { "drift", RED },
		[VERIFY_IN_PROGRESS]	= { "in progress", YELLOW },
		[VERIFY_WAITING]	= { "waits for a restart", YELLOW },
	};

	print_coloured(out, kinds[finding->kind].code, kinds[finding->kind].title);
	if (finding->vm)
		print_text(out, " %s (%u)", finding->vm, finding->vmid);
	print_text(out, ": %s: ", finding->what);
	if (finding->text)
		print_text(out, "%s\n", finding->text);
	else
		print_text(out, "wanted %s, found %s\n", finding->wanted, finding->found);
}

static void text_verify(FILE *out, const struct verify *verify, bool quiet)
{
	for (size_t i = 0; i < verify->count; i++)
		if (!quiet || verify->items[i].kind == VERIFY_DRIFT)
			print_finding(out, &verify->items[i]);
	if (quiet)
		return;
	if (verify->drift_count)
		print_text(out, "%zu difference%s found; `vyom plan` shows what apply would do.\n",
			   verify->drift_count, print_plural(verify->drift_count));
	else if (verify->busy_count)
		print_text(out, "No drift, but work is in progress.\n");
	else
		print_text(out, "In line: %zu VM%s as declared.\n", verify->vm_count,
			   print_plural(verify->vm_count));
}

static void text_check(FILE *out, const struct fitness *fitness)
{
	for (size_t i = 0; i < fitness->count; i++) {
		const struct fitness_line *line = &fitness->items[i];

		print_coloured(out, line->pass ? GREEN : RED, line->pass ? "pass" : "FAIL");
		print_text(out, "  %s: %s\n", line->what, line->text);
	}
	if (fitness->failed)
		print_text(out, "Not fit yet: %zu of %zu failed.\n", fitness->failed,
			   fitness->count);
	else
		print_text(out, "Fit: %zu check%s passed.\n", fitness->count,
			   print_plural(fitness->count));
}

static void text_pruned(FILE *out, unsigned days, const struct outputs_removed *removed)
{
	char bytes[NUMBER_TEXT];

	print_text(out, "%zu output%s of runs that ended more than %u day%s ago removed: %s.\n",
		   removed->files, print_plural(removed->files), days, print_plural(days),
		   number_format_human(removed->bytes, bytes));
}

const struct report report_text = {
	.name = "text",
	.plan = text_plan,
	.event = text_event,
	.outcome = text_outcome,
	.adopt = report_text_adopt,
	.adopted = report_text_adopted,
	.verify = text_verify,
	.check = text_check,
	.status = report_table_status,
	.pool = report_table_pool,
	.shared = report_table_shared,
	.templates = report_table_templates,
	.runs = report_table_runs,
	.steps = report_table_steps,
	.pruned = text_pruned,
};
