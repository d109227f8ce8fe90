/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_table.h"

#include <string.h>
#include <time.h>

#include "act/share.h"
#include "base/number.h"
#include "cli/print.h"
#include "decide/budget.h"
#include "decide/golden_list.h"
#include "decide/status.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/state.h"

void report_table_status(FILE *out, const struct status *status)
{
	print_text(out, "%-20s %9s  %-14s %-11s %-21s %10s %10s  %s\n", "NAME", "ID", "ROLE",
		   "STATE", "ADDRESS", "PROMISED", "WRITTEN", "UPTIME");
	for (size_t i = 0; i < status->count; i++) {
		const struct status_vm *vm = &status->vms[i];
		char promised[NUMBER_TEXT], written[NUMBER_TEXT], uptime[NUMBER_TEXT];

		print_text(out, "%-20s %9u  %-14s %-11s %-21s %10s %10s  %s\n", vm->name, vm->vmid,
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

	print_colour(out, BOLD);
	print_text(out, "%s/%s", pool->vg, pool->name);
	print_colour(out, PLAIN);
	print_text(out, "  %s%s, %s when full\n", thin_mode_name(pool->mode),
	      pool->needs_check ? ", NEEDS CHECK" : "", pool->error_if_full ? "fails" : "waits");
	print_text(out, "    data      %10s of %-10s %6.2f%%",
	      number_format_human(pool->data_used, used),
	      number_format_human(pool->data_total, total),
	      percent(pool->data_used, pool->data_total));
	if (pool->data_low_water)
		print_text(out, "   warns at %s free",
		      number_format_human(pool->data_low_water, low));
	print_text(out, "\n");
	print_text(out, "    metadata  %10s of %-10s %6.2f%%\n",
	      number_format_human(pool->meta_used, meta_used),
	      number_format_human(pool->meta_total, meta_total),
	      percent(pool->meta_used, pool->meta_total));
	print_text(out, "    promised  %10s%s\n",
	      number_format_human(budget_promised(state, pool->vg, pool->name), promised),
	      state->lvs_asked ? "" : " (active volumes)");
}

static void print_owner(FILE *out, const struct thin_volume *volume)
{
	if (!volume->vmid)
		print_text(out, "not a VM's");
	else if (!volume->referenced)
		print_coloured(out, YELLOW, "orphan");
	else
		print_text(out, "VM %u", volume->vmid);
	print_text(out, "%s%s%s\n", volume->active ? "" : ", inactive",
		   volume->origin ? ", from " : "", volume->origin ? volume->origin : "");
}

void report_table_pool(FILE *out, const struct state *state)
{
	for (size_t i = 0; i < state->pools.count; i++)
		print_pool(out, &state->pools.items[i], state);
	if (!state->pools.count)
		print_text(out, "No thin pool is active on this node.\n");
	print_text(out, "\n%-28s %-12s %10s %10s %7s  %s\n", "VOLUME", "POOL", "SIZE", "MAPPED",
	      "MAPPED%", "OF");
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];
		char size[NUMBER_TEXT], mapped[NUMBER_TEXT];

		print_text(out, "%s/%-*s %-12s %10s %10s %6.2f%%  ", volume->vg,
		      (int)(27 - strlen(volume->vg)), volume->name,
		      volume->pool ? volume->pool : "-", number_format_human(volume->size, size),
		      number_format_human(volume->mapped, mapped),
		      percent(volume->mapped, volume->size));
		print_owner(out, volume);
	}
}

void report_table_shared(FILE *out, const struct share *share)
{
	char shared[NUMBER_TEXT], own[NUMBER_TEXT];
	uint64_t sum_shared = 0, sum_own = 0;

	if (!share->count) {
		print_text(out, "No volume on this node is a clone of another.\n");
		return;
	}
	print_text(out, "%-28s %-20s %-20s %10s %10s\n", "VOLUME", "OF", "FROM", "SHARED", "OWN");
	for (size_t i = 0; i < share->count; i++) {
		const struct share_volume *item = &share->items[i];

		print_text(out, "%s/%-*s %-20s %-20s %10s %10s\n", item->volume->vg,
			   (int)(27 - strlen(item->volume->vg)), item->volume->name,
			   item->vm ? item->vm : "-", item->base->name,
			   number_format_human(item->shared, shared),
			   number_format_human(item->own, own));
		sum_shared += item->shared;
		sum_own += item->own;
	}
	print_text(out, "%-70s %10s %10s\n", "together", number_format_human(sum_shared, shared),
		   number_format_human(sum_own, own));
}

static void print_time(FILE *out, double when)
{
	time_t seconds = (time_t)when;
	struct tm local;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &local));
	print_text(out, "%s", text);
}

void report_table_runs(FILE *out, const struct record_runs *runs)
{
	char took[NUMBER_TEXT];

	if (!runs->count)
		print_text(out, "No runs yet.\n");
	for (size_t i = 0; i < runs->count; i++) {
		const struct record_run *run = &runs->items[i];

		print_text(out, "%5lld  ", (long long)run->id);
		print_time(out, run->started);
		print_text(out, "  %-14s %-11s %7s  %s\n", run->verb,
		      run->ended > 0 ? record_result_name(run->result) : "running",
		      run->ended > 0 ? number_format_duration(run->ended - run->started, took) : "",
		      run->summary ? run->summary : "");
	}
}

static bool is_progress(const char *line)
{
	return strncmp(line, "transferred ", strlen("transferred ")) == 0;
}

/* Of lines of progress the last. */
static void print_output(FILE *out, const char *output)
{
	const char *line = output, *next;

	for (; line && *line; line = next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		if (!is_progress(line) || !is_progress(next))
			print_text(out, "         | %.*s\n", (int)len, line);
	}
}

/* A seal's is one checksum after the other, for `template verify`. */
static bool is_for_people(const struct record_step *step)
{
	return step->result != RECORD_DONE || qm_verb_find(step->verb) != QM_SEAL;
}

void report_table_steps(FILE *out, const struct record_run *run, const struct record_steps *steps)
{
	char took[NUMBER_TEXT];

	print_text(out, "Run %lld: %s, vyom %s, ", (long long)run->id, run->argv, run->version);
	print_time(out, run->started);
	print_text(out, "%s%s\n", run->summary ? ": " : "", run->summary ? run->summary : "");
	for (size_t i = 0; i < steps->count; i++) {
		const struct record_step *step = &steps->items[i];

		print_text(out, "%5lld  %s (%u)  %s  %s\n         $ %s\n", (long long)step->number,
		      step->vm, step->vmid, record_result_name(step->result),
		      step->ended > 0 ? number_format_duration(step->ended - step->started, took)
				      : "",
		      step->argv);
		if (step->message)
			print_text(out, "         %s\n", step->message);
		if (is_for_people(step))
			print_output(out, step->output);
	}
}

static const char *state_of(const struct golden_row *row)
{
	if (!row->ready)
		return row->ours ? "being built" : "no template";
	return row->newest ? "newest" : "older";
}

/* One line a generation, and below it who was cloned from it and shares its data still. */
void report_table_templates(FILE *out, const struct golden_list *list)
{
	print_text(out, "%-20s %9s  %10s  %-11s  %-13s  %s\n", "TEMPLATE", "ID", "GENERATION",
		   "STATE", "IMAGE", "MADE");
	for (size_t i = 0; i < list->count; i++) {
		const struct golden_row *row = &list->rows[i];
		char generation[NUMBER_TEXT] = "-";

		if (row->generation)
			snprintf(generation, sizeof(generation), "%u", row->generation);
		print_text(out, "%-20s %9u  %10s  %-11s  %-13.12s  %s\n", row->name, row->vmid,
			   generation, state_of(row), row->image ? row->image : "not recorded",
			   row->made ? row->made : "by hand");
		for (size_t j = 0; j < row->clones.count; j++)
			print_text(out, "    %s %s\n", j ? "    " : "from", row->clones.items[j]);
	}
	if (!list->count)
		print_text(out, "There is none yet; vyom template build makes one.\n");
}
