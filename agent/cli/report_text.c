/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "decide/admit.h"
#include "act/apply.h"
#include "model/event.h"
#include "base/memory.h"
#include "base/number.h"
#include "decide/plan.h"
#include "base/scope.h"
#include "model/state.h"
#include "base/strbuf.h"

#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define YELLOW	"\033[33m"
#define BOLD	"\033[1m"
#define PLAIN	"\033[0m"

/* Colour is for terminals: never in a file, a pipe or cron's mail. */
static void colour(FILE *out, const char *code)
{
	if (isatty(fileno(out)))
		fputs(code, out);
}

/*
 * printf(3), but what others chose cannot steer the terminal: control characters
 * but newline and tab are shown as \xNN, also those that UTF-8 hides in C2 80-9F.
 */
static void print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print(FILE *out, const char *format, ...)
{
	CLEANUP(scope_free) char *text = NULL;
	va_list args;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	for (const unsigned char *c = (unsigned char *)text; *c; c++) {
		bool control = (*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7F;
		bool hidden = *c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;

		if (control)
			fprintf(out, "\\x%02X", *c);
		else if (hidden)
			fprintf(out, "\\x%02X", *++c);
		else
			fputc(*c, out);
	}
}

static void print_coloured(FILE *out, const char *code, const char *text)
{
	colour(out, code);
	print(out, "%s", text);
	colour(out, PLAIN);
}

static void print_remarks(FILE *out, const char *title, const char *code,
			  const struct plan_remark *remarks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		print_coloured(out, code, title);
		if (remarks[i].vm)
			print(out, " %s (%u)", remarks[i].vm, remarks[i].vmid);
		print(out, ": %s\n", remarks[i].text);
	}
}

static void print_step(FILE *out, const struct plan_step *step, bool first)
{
	CLEANUP(strbuf_release) struct strbuf argv = STRBUF_INIT;

	if (first) {
		colour(out, BOLD);
		print(out, "%s (%u)", step->vm, step->vmid);
		colour(out, PLAIN);
		print(out, "%s\n", step->verb == QM_CLONE ? "  to be made" :
			      !step->section ? "  to be destroyed" : "");
	}
	if (step->why)
		print(out, "    # %s\n", step->why);
	strvec_quote(&step->argv, &argv);
	print(out, "    %s\n", argv.buf);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void text_plan(FILE *out, const struct plan *plan)
{
	size_t vms = 0;

	for (size_t i = 0; i < plan->count; i++) {
		bool first = i == 0 || plan->steps[i - 1].vmid != plan->steps[i].vmid;

		print_step(out, &plan->steps[i], first);
		vms += first;
	}
	if (plan->count)
		fputc('\n', out);
	print_remarks(out, "note", YELLOW, plan->notes, plan->note_count);
	print_remarks(out, "refused", RED, plan->refusals, plan->refusal_count);
	if (plan->refusal_count)
		print(out, "Nothing is changed: %zu problem%s must be solved first.\n",
		      plan->refusal_count, plural(plan->refusal_count));
	else if (plan->count)
		print(out, "Plan: %zu step%s for %zu of %zu VM%s.\n", plan->count,
		      plural(plan->count), vms, plan->vm_count, plural(plan->vm_count));
	else
		print(out, "Nothing to do: %zu VM%s as declared.\n", plan->vm_count,
		      plural(plan->vm_count));
}

static void print_clock(FILE *out)
{
	time_t now = time(NULL);
	struct tm local;
	char when[16];

	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&now, &local));
	print(out, "%s  ", when);
}

static void print_who(FILE *out, const struct event *event)
{
	CLEANUP(scope_free) char *name =
		memory_print("%s (%u)", event->step->vm, event->step->vmid);

	print(out, "%-26s  %-8s  ", name, qm_verb_name(event->step->verb));
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
	for (int i = 0; i < WIDTH; i++)
		fputs(i < filled ? "█" : "░", out);
	print(out, " %3d%%", event->percent);
}

static void print_begin(FILE *out, const struct event *event)
{
	if (!isatty(fileno(out)))
		return;
	print_clock(out);
	print_who(out, event);
	print(out, "…");
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
	print(out, "  %s%s%s\n", number_format_duration(event->seconds, seconds),
	      event->text ? "  " : "", event->text ? event->text : "");
}

static void print_remark(FILE *out, const struct event *event)
{
	char seconds[NUMBER_TEXT];

	print_clock(out);
	if (event->step)
		print_who(out, event);
	if (event->kind == EVENT_STEP_RETRY)
		print(out, "waits %s: ", number_format_duration(event->seconds, seconds));
	if (event->kind == EVENT_VM_STOPPED)
		print_coloured(out, YELLOW, "not begun  ");
	print(out, "%s\n", event->text);
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
	case EVENT_SETTLED:
		print_remark(out, event);
		break;
	case EVENT_RUN_BEGIN:
	case EVENT_RUN_END:
	default:
		break;
	}
	fflush(out);
}

static void text_outcome(FILE *out, const struct plan *plan, int64_t run,
			 const struct apply_result *result)
{
	if (!result)
		return;
	print(out, "\nRun %lld: %zu of %zu VM%s finished, %zu step%s done", (long long)run,
	      result->vms_done, result->vms_done + result->vms_failed,
	      plural(result->vms_done + result->vms_failed), result->steps_done,
	      plural(result->steps_done));
	if (result->steps_failed)
		print(out, ", %zu failed", result->steps_failed);
	print(out, ".%s\n", result->interrupted ? " Interrupted: run vyom again to go on." :
	      result->vms_failed ? " Look at `vyom log`, then run vyom again to go on." : "");
	if (!result->vms_failed)
		print_remarks(out, "note", YELLOW, plan->notes, plan->note_count);
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
		print(out, " %s (%u)", finding->vm, finding->vmid);
	print(out, ": %s: ", finding->what);
	if (finding->text)
		print(out, "%s\n", finding->text);
	else
		print(out, "wanted %s, found %s\n", finding->wanted, finding->found);
}

static void text_verify(FILE *out, const struct verify *verify, bool quiet)
{
	for (size_t i = 0; i < verify->count; i++)
		if (!quiet || verify->items[i].kind == VERIFY_DRIFT)
			print_finding(out, &verify->items[i]);
	if (quiet)
		return;
	if (verify->drift_count)
		print(out,
		      "%zu difference%s over %zu VM%s; `vyom plan` shows what would mend %s.\n",
		      verify->drift_count, plural(verify->drift_count), verify->vm_count,
		      plural(verify->vm_count), verify->drift_count == 1 ? "it" : "them");
	else
		print(out, "In line: %zu VM%s as declared.\n", verify->vm_count,
		      plural(verify->vm_count));
}

static void text_check(FILE *out, const struct fitness *fitness)
{
	for (size_t i = 0; i < fitness->count; i++) {
		const struct fitness_line *line = &fitness->items[i];

		print_coloured(out, line->pass ? GREEN : RED, line->pass ? "pass" : "FAIL");
		print(out, "  %s: %s\n", line->what, line->text);
	}
	if (fitness->failed)
		print(out, "Not fit yet: %zu of %zu failed.\n", fitness->failed, fitness->count);
	else
		print(out, "Fit: %zu checks passed.\n", fitness->count);
}

static void text_status(FILE *out, const struct status *status)
{
	print(out, "%-20s %9s  %-14s %-11s %-21s %10s %10s  %s\n", "NAME", "ID", "ROLE", "STATE",
	      "ADDRESS", "PROMISED", "WRITTEN", "UPTIME");
	for (size_t i = 0; i < status->count; i++) {
		const struct status_vm *vm = &status->vms[i];
		char promised[NUMBER_TEXT], written[NUMBER_TEXT], uptime[NUMBER_TEXT];

		print(out, "%-20s %9u  %-14s %-11s %-21s %10s %10s  %s\n", vm->name, vm->vmid,
		      vm->role ? vm->role : "-", vm->state, vm->address,
		      number_format_human(vm->promised, promised),
		      number_format_human(vm->written, written),
		      vm->uptime >= 0 ? number_format_duration(vm->uptime, uptime) : "-");
	}
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part * 100 / (double)whole : 0;
}

static void print_pool(FILE *out, const struct thin_pool *pool, const struct state *state)
{
	char used[NUMBER_TEXT], total[NUMBER_TEXT], meta_used[NUMBER_TEXT], meta_total[NUMBER_TEXT];
	char promised[NUMBER_TEXT], low[NUMBER_TEXT];

	colour(out, BOLD);
	print(out, "%s/%s", pool->vg, pool->name);
	colour(out, PLAIN);
	print(out, "  %s%s, %s when full\n", thin_mode_name(pool->mode),
	      pool->needs_check ? ", NEEDS CHECK" : "", pool->error_if_full ? "fails" : "waits");
	print(out, "    data      %10s of %-10s %6.2f%%   event at %s free\n",
	      number_format_human(pool->data_used, used),
	      number_format_human(pool->data_total, total),
	      percent(pool->data_used, pool->data_total),
	      number_format_human(pool->data_low_water, low));
	print(out, "    metadata  %10s of %-10s %6.2f%%\n",
	      number_format_human(pool->meta_used, meta_used),
	      number_format_human(pool->meta_total, meta_total),
	      percent(pool->meta_used, pool->meta_total));
	print(out, "    promised  %10s%s\n",
	      number_format_human(admit_promised(state, pool->vg, pool->name), promised),
	      state->lvs_asked ? "" : " (active volumes)");
}

static void print_owner(FILE *out, const struct thin_volume *volume)
{
	if (!volume->vmid)
		print(out, "not a VM's");
	else if (!volume->referenced)
		print_coloured(out, YELLOW, "orphan");
	else
		print(out, "VM %u", volume->vmid);
	print(out, "%s%s%s\n", volume->active ? "" : ", inactive", volume->origin ? ", from " : "",
	      volume->origin ? volume->origin : "");
}

static void text_pool(FILE *out, const struct state *state)
{
	for (size_t i = 0; i < state->pools.count; i++)
		print_pool(out, &state->pools.items[i], state);
	if (!state->pools.count)
		print(out, "No thin pool is active on this node.\n");
	print(out, "\n%-28s %-12s %10s %10s %7s  %s\n", "VOLUME", "POOL", "SIZE", "MAPPED",
	      "MAPPED%", "OF");
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];
		char size[NUMBER_TEXT], mapped[NUMBER_TEXT];

		print(out, "%s/%-*s %-12s %10s %10s %6.2f%%  ", volume->vg,
		      (int)(27 - strlen(volume->vg)), volume->name,
		      volume->pool ? volume->pool : "-", number_format_human(volume->size, size),
		      number_format_human(volume->mapped, mapped),
		      percent(volume->mapped, volume->size));
		print_owner(out, volume);
	}
}

static void print_time(FILE *out, double when)
{
	time_t seconds = (time_t)when;
	struct tm local;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &local));
	print(out, "%s", text);
}

static void text_runs(FILE *out, const struct record_runs *runs)
{
	char took[NUMBER_TEXT];

	if (!runs->count)
		print(out, "No runs yet.\n");
	for (size_t i = 0; i < runs->count; i++) {
		const struct record_run *run = &runs->items[i];

		print(out, "%5lld  ", (long long)run->id);
		print_time(out, run->started);
		print(out, "  %-8s %-11s %7s  %s\n", run->verb,
		      run->ended > 0 ? record_result_name(run->result) : "running",
		      run->ended > 0 ? number_format_duration(run->ended - run->started, took) : "",
		      run->summary ? run->summary : "");
	}
}

static void print_output(FILE *out, const char *output)
{
	const char *line = output;

	while (line && *line) {
		size_t len = strcspn(line, "\n");

		print(out, "         | %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static void text_steps(FILE *out, const struct record_run *run, const struct record_steps *steps)
{
	char took[NUMBER_TEXT];

	print(out, "Run %lld: %s, vyom %s, ", (long long)run->id, run->argv, run->version);
	print_time(out, run->started);
	print(out, "%s%s\n", run->summary ? ": " : "", run->summary ? run->summary : "");
	for (size_t i = 0; i < steps->count; i++) {
		const struct record_step *step = &steps->items[i];

		print(out, "%5lld  %s (%u)  %s  %s\n         $ %s\n", (long long)step->number,
		      step->vm, step->vmid, record_result_name(step->result),
		      step->ended > 0 ? number_format_duration(step->ended - step->started, took)
				      : "",
		      step->argv);
		if (step->message)
			print(out, "         %s\n", step->message);
		print_output(out, step->output);
	}
}

const struct report report_text = {
	.name = "text",
	.plan = text_plan,
	.event = text_event,
	.outcome = text_outcome,
	.verify = text_verify,
	.check = text_check,
	.status = text_status,
	.pool = text_pool,
	.runs = text_runs,
	.steps = text_steps,
};
