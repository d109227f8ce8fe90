/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan_move.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "decide/diff.h"
#include "decide/diff_data.h"
#include "decide/plan.h"
#include "model/firmware_disk.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* A disk that lies elsewhere than declared. */
struct move {
	const char *slot;
	const char *from, *to;	/* storages */
	uint64_t size;
};

/* The first disk, and then the others; false: there are no more.  from NULL: it lies where it shall. */
static bool move_at(const struct diff_vm *diff, size_t n, struct move *move)
{
	const struct diff_data *data = n ? &diff->data[n - 1] : NULL;

	if (n > diff->data_count)
		return false;
	if (!data)
		*move = (struct move){ OPTION_BOOT_DISK, diff->misplaced,
				       spec_text(diff->vm, KEY_STORAGE), diff->disk.found };
	else
		*move = (struct move){ data->disk.slot, data->misplaced, data->storage,
				       data->size.found };
	if (data && (data->disk.detached || data->strange || data->lost))
		move->from = NULL;
	return true;
}

/* Into what is not LVM-thin nobody looks here; what is copied must be a disk of a storage. */
static bool is_movable(const struct diff_vm *diff, const struct state *state,
		       const struct move *move)
{
	const struct state_storage *to = state_find_storage(state, move->to);

	return !firmware_disk_is(move->slot) && move->size &&
	       vmconf_get(diff->guest->conf, move->slot) &&
	       state_find_storage(state, move->from) && to && to->vg && to->images && !to->disabled;
}

/* Does plan put into force what waits of the VM before it comes to this? */
static bool is_flushed(const struct diff_vm *diff, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].vmid == diff->vmid &&
		    (plan->steps[i].verb == QM_SET || plan->steps[i].verb == QM_SHUTDOWN ||
		     plan->steps[i].verb == QM_EFIDISK))
			return true;
	return false;
}

/* What waits for its next start names the volume that there was, and would bring it back. */
static bool is_held(const struct diff_vm *diff, const struct move *move, const struct plan *plan)
{
	const char *pending;

	return vmconf_get_pending(diff->guest->conf, move->slot, &pending) &&
	       !is_flushed(diff, plan);
}

static void plan_step(const struct diff_vm *diff, const struct state *state,
		      const struct move *move, struct plan *plan)
{
	const struct thin_volume *volume =
		state_find_drive(state, diff->guest->conf, move->slot);
	const char *drive = vmconf_get(diff->guest->conf, move->slot);
	struct plan_step *step = plan_add(plan, diff->vm->name, diff->vmid, QM_MOVE);

	step->section = diff->vm;
	step->storage = memory_copy(move->to);
	step->full = true;
	step->promise = move->size;
	step->copy = volume && volume->active ? volume->mapped : move->size;
	step->why = memory_print("%s from %s to %s", move->slot, move->from, move->to);
	qm_move(&step->argv, diff->vmid, move->slot, move->to);
	plan_note(plan, diff->vm->name, diff->vmid,
		  "%s: its old volume %.*s is kept as an unusedN of the VM%s; qm config %u tells "
		  "which, and qm disk unlink %u --idlist unusedN --force 1 removes it",
		  move->slot, (int)strcspn(drive, ","), drive,
		  diff->guest->conf->snapshot_count ? ", with what its snapshots need" : "",
		  diff->vmid, diff->vmid);
}

/* What would move it, caller frees. */
static char *how(const struct diff_vm *diff, const struct state *state, const struct move *move,
		 bool held)
{
	if (!is_movable(diff, state, move))
		return memory_print("vyom does not move it there: qm disk move %u %s %s",
				    diff->vmid, move->slot, move->to);
	if (held)
		return memory_print("a change of it waits for the VM's next start, and names its "
				    "old volume: start it first (qm start %u)", diff->vmid);
	if (!diff->running)
		return memory_copy("`vyom apply --move` moves it");
	if (spec_flag(diff->vm, KEY_START))
		return memory_copy("`vyom apply --move --restart` moves it, while the VM is down");
	return memory_copy("shut the VM down, and `vyom apply --move` moves it");
}

void plan_moves(const struct diff_vm *diff, const struct state *state,
		const struct plan_options *options, struct plan *plan)
{
	struct move move;

	for (size_t i = 0; diff->guest && move_at(diff, i, &move); i++) {
		CLEANUP(scope_free) char *hint = NULL;
		bool held = !diff->running && move.from && is_held(diff, &move, plan);

		if (!move.from)
			continue;
		if (options->move && !diff->running && !held && is_movable(diff, state, &move)) {
			plan_step(diff, state, &move, plan);
			continue;
		}
		hint = how(diff, state, &move, held);
		plan_note(plan, diff->vm->name, diff->vmid, "%s: %s lies on %s, not on %s; %s",
			  i ? move.slot : "storage", i ? "it" : "its disk", move.from, move.to,
			  hint);
	}
}

bool plan_move_waits(const struct diff_vm *diff, const struct state *state,
		     const struct plan_options *options)
{
	struct move move;

	for (size_t i = 0; options->move && diff->running && move_at(diff, i, &move); i++)
		if (move.from && is_movable(diff, state, &move))
			return true;
	return false;
}

const char *plan_move_target(const struct plan *plan, unsigned vmid, const char *slot)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (step->vmid == vmid && step->verb == QM_MOVE && qm_move_is_of(&step->argv, slot))
			return step->storage;
	}
	return NULL;
}
