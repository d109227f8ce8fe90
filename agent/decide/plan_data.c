/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan_data.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff_data.h"
#include "decide/plan.h"
#include "decide/plan_move.h"
#include "decide/plan_remark.h"
#include "model/firmware_disk.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static struct plan_step *add_step(const struct diff_vm *diff, const struct diff_data *data,
				  enum qm_verb verb, struct plan *plan)
{
	struct plan_step *step = plan_add(plan, diff->vm->name, diff->vmid, verb);

	step->section = diff->vm;
	step->storage = memory_print("%.*s", (int)strcspn(data->volid, ":"), data->volid);
	return step;
}

bool plan_data_makes(const struct diff_vm *diff, const char *slot)
{
	for (size_t i = 0; i < diff->data_count; i++)
		if (strcmp(diff->data[i].disk.slot, slot) == 0)
			return strcmp(slot, FIRMWARE_EFI) == 0 && !diff->data[i].made;
	return false;
}

static void plan_efidisk(const struct diff_vm *diff, const struct diff_data *data,
			 struct plan *plan)
{
	CLEANUP(scope_free) char *drive = memory_print("%s%s%s", data->volid,
						       *data->disk.options ? "," : "",
						       data->disk.options);
	struct plan_step *step = add_step(diff, data, QM_EFIDISK, plan);

	qm_set(&step->argv, diff->vmid);
	qm_set_option(&step->argv, data->disk.slot, drive);
	step->promise = data->size.wanted;
}

/* One of them may be what is meant, under a name that does not tell. */
static void tell_unused(const struct diff_vm *diff, const struct diff_data *data,
			struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf unused = STRBUF_INIT;
	const struct vmconf *conf = diff->guest ? diff->guest->conf : NULL;

	for (size_t i = 0; conf && i < conf->live_count; i++) {
		if (!vmconf_is_unused(conf->live[i].key))
			continue;
		strbuf_join(&unused, ", ", conf->live[i].key);
		strbuf_addf(&unused, " (%s)", conf->live[i].value);
	}
	if (unused.len)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: it is made anew, empty; the VM keeps %s: where one of those is meant, "
			  "qm set %u --%s with its volume attaches it instead",
			  data->disk.slot, unused.buf, diff->vmid, data->disk.slot);
}

static void plan_volume(const struct diff_vm *diff, const struct diff_data *data,
			struct plan *plan)
{
	struct plan_step *step;

	if (plan_data_makes(diff, data->disk.slot)) {
		plan_efidisk(diff, data, plan);
		return;
	}
	tell_unused(diff, data, plan);
	step = add_step(diff, data, QM_ALLOC, plan);
	qm_alloc(&step->argv, data->storage, diff->vmid, strchr(data->volid, ':') + 1,
		 data->size.wanted);
	step->promise = data->size.wanted;
}

/* Left by a step that was cut off or detached by hand, as far as its name tells. */
static void tell_found(const struct diff_vm *diff, const struct diff_data *data, struct plan *plan)
{
	char found[NUMBER_TEXT], wanted[NUMBER_TEXT];

	number_format_size(data->size.found, found);
	number_format_size(data->size.wanted, wanted);
	if (data->size.found > data->size.wanted)
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "%s: %s is declared, but its volume %s is there already, not attached, "
			    "with %s: declare that and it is attached, or look what it holds and "
			    "remove it (pvesm free %s)",
			    data->disk.slot, wanted, data->volid, found, data->volid);
	else
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: its volume %s is there already, not attached, with %s: it is "
			  "attached with what it holds, not made anew",
			  data->disk.slot, data->volid, found);
}

static void refuse_disk(const struct diff_vm *diff, const struct diff_data *data,
			struct plan *plan)
{
	if (data->unlike)
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "%s: it is made for %s, and what it holds is not made anew: declare "
			    "that, or replace the VM (vyom replace %s)",
			    data->disk.slot, data->unlike, diff->vm->name);
	if (data->strange)
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "%s: a data disk is declared there, but the VM has %s; declare another "
			    "slot", data->disk.slot, data->strange);
	if (data->lost)
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "%s: its volume %s does not exist any more: bring it back, or let go "
			    "of it (qm set %u --delete %s) and it is made anew, empty",
			    data->disk.slot, data->volid, diff->vmid, data->disk.slot);
}

/* It is the set that takes it out, and qm that keeps the volume, as unusedN. */
static void plan_detached(const struct diff_vm *diff, const struct diff_data *data,
			  struct plan *plan)
{
	if (data->strange)
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "%s: it shall be detached, but what the VM has there is no disk (%s), "
			    "and vyom takes out nothing else: take the slot out of data-disks",
			    data->disk.slot, data->strange);
	else if (data->attached && data->known)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: its volume %s is kept, not destroyed; with a size in place of "
			  "detached it is attached again", data->disk.slot, data->volid);
	else if (data->attached)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: its volume %s is kept, not destroyed; qm set %u --%s %s attaches it "
			  "again", data->disk.slot, data->volid, diff->vmid, data->disk.slot,
			  data->volid);
}

void plan_data_volumes(const struct diff_vm *diff, struct plan *plan)
{
	for (size_t i = 0; i < diff->data_count; i++) {
		const struct diff_data *data = &diff->data[i];

		if (data->disk.detached) {
			plan_detached(diff, data, plan);
			continue;
		}
		refuse_disk(diff, data, plan);
		if (data->made && !data->attached && !data->strange)
			tell_found(diff, data, plan);
		if (!data->strange && !data->made)
			plan_volume(diff, data, plan);
	}
}

static void refuse_shrink(const struct diff_vm *diff, const struct diff_data *data,
			  struct plan *plan)
{
	char wanted[NUMBER_TEXT], found[NUMBER_TEXT];

	plan_refuse(plan, diff->vm->name, diff->vmid,
		    "%s: %s is declared, but its disk has %s; disks are never shrunk: declare that",
		    data->disk.slot, number_format_human(data->size.wanted, wanted),
		    number_format_human(data->size.found, found));
}

static void plan_growth(const struct diff_vm *diff, const struct diff_data *data,
			struct plan *plan)
{
	CLEANUP(scope_free) char *how = plan_how_to_restart(diff);
	char wanted[NUMBER_TEXT], found[NUMBER_TEXT];
	struct plan_step *step;
	const char *moved;

	number_format_size(data->size.wanted, wanted);
	if (data->attached && diff_slot_is_pending(diff, data->disk.slot)) {
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: a change of it waits for a restart (%s); it grows to %s after that",
			  data->disk.slot, how, wanted);
		return;
	}
	moved = plan_move_target(plan, diff->vmid, data->disk.slot);
	step = add_step(diff, data, QM_RESIZE, plan);
	if (moved) {
		free(step->storage);
		step->storage = memory_copy(moved);
	}
	qm_resize(&step->argv, diff->vmid, data->disk.slot, data->size.wanted);
	step->promise = data->size.wanted - data->size.found;
	step->why = memory_print("%s %s → %s", data->disk.slot,
				 number_format_size(data->size.found, found), wanted);
}

static bool is_rescanned(const struct diff_vm *diff, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].vmid == diff->vmid && plan->steps[i].verb == QM_RESCAN)
			return true;
	return false;
}

static void plan_rescan(const struct diff_vm *diff, const struct diff_data *data,
			struct plan *plan)
{
	struct plan_step *step;
	char size[NUMBER_TEXT];

	if (is_rescanned(diff, plan))
		return;
	step = add_step(diff, data, QM_RESCAN, plan);
	qm_rescan(&step->argv, diff->vmid);
	step->why = memory_print("the config does not know that %s has %s", data->disk.slot,
				 number_format_size(data->size.found, size));
}

void plan_data_sizes(const struct diff_vm *diff, struct plan *plan)
{
	for (size_t i = 0; i < diff->data_count; i++) {
		const struct diff_data *data = &diff->data[i];

		if (data->strange || data->lost || !data->made)
			continue;
		if (data->size.wanted < data->size.found && data->attached)
			refuse_shrink(diff, data, plan);
		else if (data->size.wanted > data->size.found)
			plan_growth(diff, data, plan);
		else if (data->size.noted != data->size.found)
			plan_rescan(diff, data, plan);
	}
}
