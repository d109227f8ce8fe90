/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_text.h"

#include <string.h>

#include "base/number.h"
#include "base/scope.h"
#include "cli/print.h"
#include "decide/adopt.h"
#include "model/state.h"

/* A value of now, and (meaning not NULL) what the journal has where that is not the same. */
static void print_identity(FILE *out, const char *title, const char *found, const char *known,
			   const char *meaning)
{
	found = found ? found : "none";
	known = known ? known : "none";
	print_text(out, "    %-8s %s\n", title, found);
	if (!meaning || strcasecmp(known, found) == 0)
		return;
	print_text(out, "             ");
	print_coloured(out, YELLOW, "was");
	print_text(out, " %s: %s\n", known, meaning);
}

static void print_record(FILE *out, const struct adopt_vm *vm)
{
	const struct record_vm *now = &vm->record, *known = vm->known;
	bool replaced = known && strcasecmp(known->uuid, now->uuid) != 0;

	print_identity(out, "uuid", now->uuid, known ? known->uuid : NULL,
		       known ? "it was replaced, or restored from a backup" : NULL);
	print_identity(out, "vmgenid", now->vmgenid, known ? known->vmgenid : NULL,
		       known && !replaced ? "it was rolled back, or restored in place" : NULL);
	if (known && !record_vm_is_called(known, now->cluster, now->name))
		print_text(out, "    %-8s has this id as %s/%s\n", "journal", known->cluster,
			   known->name);
	if (known && known->suspect)
		print_text(out, "    %-8s has its data as not whole, and forgets that\n",
			   "journal");
}

static void print_shape(FILE *out, const struct adopt_vm *vm, const struct state *state)
{
	CLEANUP(adopt_shape_release) struct adopt_shape shape;
	char memory[NUMBER_TEXT], disk[NUMBER_TEXT], uptime[NUMBER_TEXT];

	adopt_describe(vm, state, &shape);
	print_text(out, "    %-8s %s\n", "name", shape.name ? shape.name : "none");
	print_record(out, vm);
	print_text(out, "    %-8s %s%s%s, %s\n", "mark",
		   shape.marked ? vm->record.cluster : "none", shape.marked ? "/" : "",
		   shape.marked ? vm->record.name : "", shape.tagged ? "tagged" : "no tag");
	print_text(out, "    %-8s %llu core%s, %s memory, ", "shape",
		   (unsigned long long)shape.cores, print_plural(shape.cores),
		   number_format_human(shape.memory, memory));
	if (shape.storage)
		print_text(out, "%s disk on %s\n",
			   shape.disk ? number_format_human(shape.disk, disk) : "unknown",
			   shape.storage);
	else
		print_text(out, "no disk to boot from\n");
	print_text(out, "    %-8s %s%s\n", "state", vm->guest->pid ? "running for " : "stopped",
		   vm->guest->pid ? number_format_duration(vm->guest->uptime, uptime) : "");
}

static void print_takeover(FILE *out, const struct adopt_vm *vm, const struct state *state)
{
	const struct plan *plan = &vm->plan;

	print_colour(out, BOLD);
	print_text(out, "%s (%u)", vm->record.name, vm->record.vmid);
	print_colour(out, PLAIN);
	print_text(out, "  to be taken over as %s/%s\n", vm->record.cluster, vm->record.name);
	print_shape(out, vm, state);
	print_text(out, "    %-8s %s\n", "apply",
		   !vm->vm ? "does not look at it: it is not declared" :
		   plan->refusal_count ? "would refuse it:" :
		   plan->count ? "would then run:" : "would change nothing");
	for (size_t i = 0; i < plan->count && !plan->refusal_count; i++)
		report_text_step(out, &plan->steps[i], false);
	report_text_remarks(out, "    note", YELLOW, plan->notes, plan->note_count);
	report_text_remarks(out, "    refused", RED, plan->refusals, plan->refusal_count);
	fputc('\n', out);
}

static void print_left(FILE *out, const struct adopt_vm *vm, bool all)
{
	if (vm->standing == ADOPT_KNOWN && all)
		return;
	if (vm->standing == ADOPT_REFUSED)
		print_coloured(out, all ? YELLOW : RED, all ? "left alone " : "refused ");
	print_text(out, "%s (%u): %s\n", vm->record.name, vm->record.vmid,
		   vm->standing == ADOPT_KNOWN ? "is known already" : vm->why);
}

void report_text_adopt(FILE *out, const struct adopt *adopt, const struct state *state, bool all)
{
	for (size_t i = 0; i < adopt->count; i++)
		if (adopt->vms[i].standing == ADOPT_TAKE)
			print_takeover(out, &adopt->vms[i], state);
	for (size_t i = 0; i < adopt->count; i++)
		if (adopt->vms[i].standing != ADOPT_TAKE)
			print_left(out, &adopt->vms[i], all);
	if (adopt->refused && !all)
		print_text(out, "Nothing is taken over: %zu problem%s must be solved first.\n",
			   adopt->refused, print_plural(adopt->refused));
	else if (!adopt->count)
		print_text(out, "No VM of this node carries vyom's mark.\n");
	else if (adopt->take)
		print_text(out, "To take over: %zu VM%s; %zu known already, %zu left alone.\n",
			   adopt->take, print_plural(adopt->take), adopt->known, adopt->refused);
	else
		print_text(out, "Nothing to take over: %zu known already, %zu left alone.\n",
			   adopt->known, adopt->refused);
}

void report_text_adopted(FILE *out, const struct adopt *adopt, const struct state *state,
			 int64_t run)
{
	(void)state;
	if (run)
		print_text(out, "Run %lld: %zu VM%s taken over.\n", (long long)run, adopt->take,
			   print_plural(adopt->take));
}
