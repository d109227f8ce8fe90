/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_text.h"

#include <string.h>

#include "base/number.h"
#include "cli/field.h"
#include "cli/print.h"

/* A value of now, and (meaning not NULL) what the journal has where that is not the same. */
static void print_identity(FILE *out, const char *title, const char *found, const char *known,
			   const char *meaning)
{
	print_text(out, "    %-8s %s\n", title, found);
	if (!meaning || strcasecmp(known, found) == 0)
		return;
	print_text(out, "             ");
	print_coloured(out, YELLOW, "was");
	print_text(out, " %s: %s\n", known, meaning);
}

static bool is_same(const json_t *one, const json_t *other, const char *name)
{
	return strcmp(field_text_or(one, name, ""), field_text_or(other, name, "")) == 0;
}

static void print_record(FILE *out, const json_t *vm)
{
	const json_t *known = json_object_get(vm, "journal");
	const char *uuid = field_text_or(vm, "uuid", "none");
	const char *known_uuid = field_text_or(known, "uuid", "none");
	bool is_known = json_is_object(known), replaced = is_known && strcasecmp(known_uuid, uuid);

	print_identity(out, "uuid", uuid, known_uuid,
		       is_known ? "it was replaced, or restored from a backup" : NULL);
	print_identity(out, "vmgenid", field_text_or(vm, "vmgenid", "none"),
		       field_text_or(known, "vmgenid", "none"),
		       is_known && !replaced ? "it was rolled back, or restored in place" : NULL);
	if (is_known && !(is_same(vm, known, "cluster") && is_same(vm, known, "name")))
		print_text(out, "    %-8s has this id as %s/%s\n", "journal",
			   field_text_or(known, "cluster", "?"), field_text_or(known, "name", "?"));
	if (field_flag(known, "suspect"))
		print_text(out, "    %-8s has its data as not whole, and forgets that\n",
			   "journal");
}

static void print_shape(FILE *out, const json_t *vm)
{
	const json_t *found = json_object_get(vm, "found");
	bool marked = field_flag(found, "marked"), running = field_flag(found, "running");
	size_t cores = field_number(found, "cores");
	uint64_t disk = field_number(found, "disk");
	char memory_text[NUMBER_TEXT], disk_text[NUMBER_TEXT], uptime[NUMBER_TEXT];

	print_text(out, "    %-8s %s\n", "name", field_text_or(found, "name", "none"));
	print_record(out, vm);
	print_text(out, "    %-8s %s%s%s, %s\n", "mark",
		   marked ? field_text_or(vm, "cluster", "?") : "none", marked ? "/" : "",
		   marked ? field_text_or(vm, "name", "?") : "",
		   field_flag(found, "tagged") ? "tagged" : "no tag");
	print_text(out, "    %-8s %zu core%s, %s memory, ", "shape", cores, print_plural(cores),
		   number_format_human(field_number(found, "memory"), memory_text));
	if (field_text(found, "storage"))
		print_text(out, "%s disk on %s\n",
			   disk ? number_format_human(disk, disk_text) : "unknown",
			   field_text(found, "storage"));
	else
		print_text(out, "no disk to boot from\n");
	print_text(out, "    %-8s %s%s\n", "state", running ? "running for " : "stopped",
		   running ? number_format_duration(field_real(found, "uptime"), uptime) : "");
}

/* Each as what is wanted and what is there, and what apply would make of it. */
static void print_differences(FILE *out, const json_t *vm)
{
	const json_t *item;
	size_t i;

	if (!field_count(vm, "differences") && field_flag(vm, "declared"))
		print_text(out, "    %-8s in nothing\n", "differs");
	json_array_foreach(field_list(vm, "differences"), i, item) {
		const char *wanted = field_text(item, "wanted"), *found = field_text(item, "found");

		print_text(out, "    %-8s %s: ", i ? "" : "differs", field_text_or(item, "what", "?"));
		if (wanted || found)
			print_text(out, "wanted %s, found %s; ", wanted ? wanted : "nothing",
				   found ? found : "nothing");
		print_text(out, "%s\n", field_text_or(item, "text", "?"));
	}
}

static void print_takeover(FILE *out, const json_t *vm)
{
	const json_t *plan = json_object_get(vm, "plan"), *step;
	bool refused = field_count(plan, "refusals");
	const char *name = field_text_or(vm, "name", "?");
	size_t i;

	print_colour(out, BOLD);
	print_text(out, "%s (%u)", name, field_vmid(vm));
	print_colour(out, PLAIN);
	print_text(out, "  to be taken over as %s/%s\n", field_text_or(vm, "cluster", "?"), name);
	print_shape(out, vm);
	print_differences(out, vm);
	print_text(out, "    %-8s %s\n", "apply",
		   !field_flag(vm, "declared") ? "does not look at it: it is not declared" :
		   refused ? "would refuse it:" :
		   field_count(plan, "steps") ? "would then run:" : "would change nothing");
	json_array_foreach(refused ? NULL : field_list(plan, "steps"), i, step)
		report_text_step(out, step, false);
	report_text_remarks(out, plan, "notes", "    note", YELLOW);
	report_text_remarks(out, plan, "refusals", "    refused", RED);
	fputc('\n', out);
}

static bool is_to_be_taken(const json_t *vm)
{
	return strcmp(field_text_or(vm, "standing", ""), "take-over") == 0;
}

static void print_left(FILE *out, const json_t *vm, bool all)
{
	bool known = strcmp(field_text_or(vm, "standing", ""), "known") == 0;

	if (known && all)
		return;
	if (!known)
		print_coloured(out, all ? YELLOW : RED, all ? "left alone " : "refused ");
	print_text(out, "%s (%u): %s\n", field_text_or(vm, "name", "?"), field_vmid(vm),
		   known ? "is known already" : field_text_or(vm, "text", "?"));
}

void report_text_adopt(FILE *out, const json_t *adopt)
{
	size_t take = field_number(adopt, "take_over"), known = field_number(adopt, "known"), i;
	size_t refused = field_number(adopt, "left_alone");
	bool all = field_flag(adopt, "all");
	const json_t *vm;

	json_array_foreach(field_list(adopt, "vms"), i, vm)
		if (is_to_be_taken(vm))
			print_takeover(out, vm);
	json_array_foreach(field_list(adopt, "vms"), i, vm)
		if (!is_to_be_taken(vm))
			print_left(out, vm, all);
	if (refused && !all)
		print_text(out, "Nothing is taken over: %zu problem%s must be solved first.\n",
			   refused, print_plural(refused));
	else if (!field_count(adopt, "vms"))
		print_text(out, "No VM of this node carries vyom's mark.\n");
	else if (take)
		print_text(out, "To take over: %zu VM%s; %zu known already, %zu left alone.\n",
			   take, print_plural(take), known, refused);
	else
		print_text(out, "Nothing to take over: %zu known already, %zu left alone.\n",
			   known, refused);
}

void report_text_adopted(FILE *out, const json_t *adopt)
{
	size_t take = field_number(adopt, "take_over");

	if (field_integer(adopt, "run"))
		print_text(out, "Run %lld: %zu VM%s taken over.\n",
			   (long long)field_integer(adopt, "run"), take, print_plural(take));
}
