/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_text.h"

#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/scope.h"
#include "cli/field.h"
#include "cli/print.h"

/* Bytes under name, for people. */
static const char *human(const json_t *document, const char *name, char text[NUMBER_TEXT])
{
	return number_format_human(field_number(document, name), text);
}

void report_table_status(FILE *out, const json_t *status)
{
	const json_t *vm;
	size_t i;

	print_text(out, "%-20s %9s  %-14s %-11s %-21s %10s %10s  %s\n", "NAME", "ID", "ROLE",
		   "STATE", "ADDRESS", "PROMISED", "WRITTEN", "UPTIME");
	json_array_foreach(field_list(status, "vms"), i, vm) {
		char promised[NUMBER_TEXT], written[NUMBER_TEXT], uptime[NUMBER_TEXT] = "-";

		if (!json_is_null(json_object_get(vm, "uptime")))
			number_format_duration(field_real(vm, "uptime"), uptime);
		print_text(out, "%-20s %9u  %-14s %-11s %-21s %10s %10s  %s\n",
			   field_text_or(vm, "name", "?"), field_vmid(vm),
			   field_text_or(vm, "role", "-"), field_text_or(vm, "state", "?"),
			   field_text_or(vm, "address", "-"), human(vm, "promised", promised),
			   human(vm, "written", written), uptime);
	}
}

static double percent(const json_t *document, const char *part, const char *whole)
{
	uint64_t all = field_number(document, whole);

	return all ? (double)field_number(document, part) * 100 / (double)all : 0;
}

static void print_pool(FILE *out, const json_t *pool, bool inactive_known)
{
	char used[NUMBER_TEXT], total[NUMBER_TEXT], meta_used[NUMBER_TEXT], meta_total[NUMBER_TEXT];
	char promised[NUMBER_TEXT], low[NUMBER_TEXT];

	print_colour(out, BOLD);
	print_text(out, "%s/%s", field_text_or(pool, "vg", "?"), field_text_or(pool, "name", "?"));
	print_colour(out, PLAIN);
	print_text(out, "  %s%s, %s when full\n", field_text_or(pool, "mode", "?"),
		   field_flag(pool, "needs_check") ? ", NEEDS CHECK" : "",
		   field_flag(pool, "error_if_full") ? "fails" : "waits");
	print_text(out, "    data      %10s of %-10s %6.2f%%", human(pool, "data_used", used),
		   human(pool, "data_total", total), percent(pool, "data_used", "data_total"));
	if (field_number(pool, "data_low_water"))
		print_text(out, "   warns at %s free", human(pool, "data_low_water", low));
	print_text(out, "\n");
	print_text(out, "    metadata  %10s of %-10s %6.2f%%\n",
		   human(pool, "metadata_used", meta_used),
		   human(pool, "metadata_total", meta_total),
		   percent(pool, "metadata_used", "metadata_total"));
	print_text(out, "    promised  %10s%s\n", human(pool, "promised", promised),
		   inactive_known ? "" : " (active volumes)");
}

static void print_owner(FILE *out, const json_t *volume)
{
	const char *origin = field_text(volume, "origin");

	if (!field_vmid(volume))
		print_text(out, "not a VM's");
	else if (field_flag(volume, "orphan"))
		print_coloured(out, YELLOW, "orphan");
	else
		print_text(out, "VM %u", field_vmid(volume));
	print_text(out, "%s%s%s\n", field_flag(volume, "active") ? "" : ", inactive",
		   origin ? ", from " : "", origin ? origin : "");
}

/* "VG/NAME" in a column of 28 */
static void print_path(FILE *out, const json_t *volume)
{
	const char *vg = field_text_or(volume, "vg", "?");
	size_t len = strlen(vg);

	print_text(out, "%s/%-*s ", vg, len < 27 ? (int)(27 - len) : 0,
		   field_text_or(volume, "name", "?"));
}

void report_table_pool(FILE *out, const json_t *document)
{
	const json_t *pool, *volume;
	size_t i;

	json_array_foreach(field_list(document, "pools"), i, pool)
		print_pool(out, pool, field_flag(document, "inactive_known"));
	if (!field_count(document, "pools"))
		print_text(out, "No thin pool is active on this node.\n");
	print_text(out, "\n%-28s %-12s %10s %10s %7s  %s\n", "VOLUME", "POOL", "SIZE", "MAPPED",
		   "MAPPED%", "OF");
	json_array_foreach(field_list(document, "volumes"), i, volume) {
		char size[NUMBER_TEXT], mapped[NUMBER_TEXT];

		print_path(out, volume);
		print_text(out, "%-12s %10s %10s %6.2f%%  ", field_text_or(volume, "pool", "-"),
			   human(volume, "size", size), human(volume, "mapped", mapped),
			   percent(volume, "mapped", "size"));
		print_owner(out, volume);
	}
}

void report_table_shared(FILE *out, const json_t *document)
{
	char shared[NUMBER_TEXT], own[NUMBER_TEXT];
	uint64_t sum_shared = 0, sum_own = 0;
	const json_t *volume;
	size_t i;

	if (!field_count(document, "volumes")) {
		print_text(out, "No volume on this node is a clone of another.\n");
		return;
	}
	print_text(out, "%-28s %-20s %-20s %10s %10s\n", "VOLUME", "OF", "FROM", "SHARED", "OWN");
	json_array_foreach(field_list(document, "volumes"), i, volume) {
		print_path(out, volume);
		print_text(out, "%-20s %-20s %10s %10s\n", field_text_or(volume, "vm", "-"),
			   field_text_or(volume, "origin", "-"), human(volume, "shared", shared),
			   human(volume, "own", own));
		sum_shared += field_number(volume, "shared");
		sum_own += field_number(volume, "own");
	}
	print_text(out, "%-70s %10s %10s\n", "together", number_format_human(sum_shared, shared),
		   number_format_human(sum_own, own));
}

static void print_time(FILE *out, double when)
{
	time_t seconds = when > 0 && when < 1e11 ? (time_t)when : 0;
	struct tm local;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &local));
	print_text(out, "%s", text);
}

/* How long a run or step took, "" where it has not ended. */
static const char *duration_of(const json_t *document, char text[NUMBER_TEXT])
{
	double ended = field_real(document, "ended");

	return ended > 0 ? number_format_duration(ended - field_real(document, "started"), text)
			 : "";
}

void report_table_runs(FILE *out, const json_t *document)
{
	char took[NUMBER_TEXT];
	const json_t *run;
	size_t i;

	if (!field_count(document, "runs"))
		print_text(out, "No runs yet.\n");
	json_array_foreach(field_list(document, "runs"), i, run) {
		print_text(out, "%5lld  ", (long long)field_integer(run, "run"));
		print_time(out, field_real(run, "started"));
		print_text(out, "  %-14s %-11s %7s  %s\n", field_text_or(run, "verb", "?"),
			   field_real(run, "ended") > 0 ? field_text_or(run, "result", "?")
							: "running",
			   duration_of(run, took), field_text_or(run, "summary", ""));
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
static bool is_for_people(const json_t *step)
{
	return strcmp(field_text_or(step, "result", ""), "done") != 0 ||
	       strcmp(field_text_or(step, "verb", ""), "seal") != 0;
}

void report_table_run(FILE *out, const json_t *run)
{
	const char *summary = field_text(run, "summary");

	print_text(out, "Run %lld: %s, vyom %s, ", (long long)field_integer(run, "run"),
		   field_text_or(run, "argv", "?"), field_text_or(run, "version", "?"));
	print_time(out, field_real(run, "started"));
	print_text(out, "%s%s\n", summary ? ": " : "", summary ? summary : "");
}

void report_table_steps(FILE *out, const json_t *run)
{
	char took[NUMBER_TEXT];
	const json_t *step;
	size_t i;

	report_table_run(out, run);
	json_array_foreach(field_list(run, "steps"), i, step) {
		CLEANUP(scope_free) char *who = field_who(step);

		print_text(out, "%5lld  %s  %s  %s\n         $ %s\n",
			   (long long)field_integer(step, "step"), who, field_text_or(step, "result", "?"),
			   duration_of(step, took), field_text_or(step, "argv", ""));
		if (field_text(step, "message"))
			print_text(out, "         %s\n", field_text(step, "message"));
		if (is_for_people(step))
			print_output(out, field_text(step, "output"));
	}
}

static const char *state_of(const json_t *row)
{
	if (!field_flag(row, "ready"))
		return field_flag(row, "ours") ? "being built" : "no template";
	return field_flag(row, "newest") ? "newest" : "older";
}

/* One line a generation, and below it who was cloned from it and shares its data still. */
static void print_template(FILE *out, const json_t *row)
{
	char generation[NUMBER_TEXT] = "-";
	const json_t *clone;
	size_t i;

	if (field_number(row, "generation"))
		snprintf(generation, sizeof(generation), "%llu",
			 (unsigned long long)field_number(row, "generation"));
	print_text(out, "%-20s %9u  %10s  %-11s  %-13.12s  %s\n",
		   field_text_or(row, "template", "?"), field_vmid(row), generation, state_of(row),
		   field_text_or(row, "image", "not recorded"),
		   field_text_or(row, "made", "by hand"));
	json_array_foreach(field_list(row, "clones"), i, clone)
		if (json_is_string(clone))
			print_text(out, "    %s %s\n", i ? "    " : "from",
				   json_string_value(clone));
}

void report_table_templates(FILE *out, const json_t *document)
{
	const json_t *row;
	size_t i;

	print_text(out, "%-20s %9s  %10s  %-11s  %-13s  %s\n", "TEMPLATE", "ID", "GENERATION",
		   "STATE", "IMAGE", "MADE");
	json_array_foreach(field_list(document, "templates"), i, row)
		print_template(out, row);
	if (!field_count(document, "templates"))
		print_text(out, "There is none yet; vyom template build makes one.\n");
}
