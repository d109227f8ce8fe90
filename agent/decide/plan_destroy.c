/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/leftover.h"
#include "decide/obstacle.h"
#include "decide/option.h"
#include "model/record.h"
#include "model/state.h"
#include "model/vmconf.h"

/* What the pool will promise less once volid, or (NULL) all that configs name of vmid, is gone. */
static uint64_t size_of(const struct state *state, unsigned vmid, const char *volid)
{
	const struct thin_volume *volume = volid ? state_find_volume(state, volid) : NULL;
	uint64_t sum = volume ? volume->size : 0;

	for (size_t i = 0; !volid && i < state->volumes.count; i++)
		if (state->volumes.items[i].vmid == vmid && state->volumes.items[i].referenced)
			sum += state->volumes.items[i].size;
	return sum;
}

/* volid: the volume to free, or of the disk of the VM to destroy; NULL: not known. */
static struct plan_step *add_undo(const struct state *state, const struct spec_section *section,
				  const char *name, unsigned vmid, enum qm_verb verb,
				  const char *volid, struct plan *plan)
{
	struct plan_step *step = plan_add(plan, name, vmid, verb);

	step->section = section;
	step->reclaim = size_of(state, vmid, verb == QM_FREE ? volid : NULL);
	step->storage = memory_copy(volid);
	if (volid)
		step->storage[strcspn(volid, ":")] = '\0';
	return step;
}

void plan_undo(const struct leftover *leftover, const struct state *state,
	       const struct spec_section *section, const char *name, unsigned vmid,
	       struct plan *plan)
{
	struct plan_step *step = NULL;
	size_t first = plan->count;

	for (size_t i = 0; i < leftover->volids.count; i++) {
		const char *volid = leftover->volids.items[i];

		step = add_undo(state, section, name, vmid, QM_FREE, volid, plan);
		qm_free(&step->argv, volid);
	}
	if (leftover->guest) {
		step = add_undo(state, section, name, vmid, QM_DESTROY,
				vmconf_get(leftover->guest->conf, OPTION_BOOT_DISK), plan);
		if (vmconf_get(leftover->guest->conf, "lock"))
			qm_destroy_locked(&step->argv, vmid);
		else
			qm_destroy(&step->argv, vmid);
	}
	if (plan->count > first)
		plan->steps[first].why = memory_copy(leftover->text);
}

void plan_stray(const struct leftover_stray *stray, const struct state *state,
		const struct spec_section *section, const char *name, unsigned vmid,
		struct plan *plan)
{
	CLEANUP(scope_free) char *volid =
		stray->volume ? state_volid(state, stray->volume) : NULL;
	struct plan_step *step;

	if (!volid)
		return;
	step = add_undo(state, section, name, vmid, QM_FREE, volid, plan);
	step->why = memory_print("made by %s that was cut off", stray->maker);
	qm_free(&step->argv, volid);
}

/* The journal and the VM itself must both say that it is ours. */
static bool may_destroy(const struct state_guest *guest, const struct record_vm *record,
			const char *name, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf mark = STRBUF_INIT;
	CLEANUP(scope_free) char *stranger = NULL;
	unsigned vmid = guest->vmid;
	const char *lock;

	if (!guest->local || guest->kind != STATE_QEMU || !guest->conf) {
		plan_refuse(plan, name, vmid, "it is not a VM of this node (it is on %s)",
			    guest->node);
		return false;
	}
	lock = vmconf_get(guest->conf, "lock");
	stranger = obstacle_of_identity(record, guest->conf);
	strbuf_addf(&mark, OPTION_MARK "%s/%s", record->cluster, record->name);
	if (stranger)
		plan_refuse(plan, name, vmid, "%s", stranger);
	else if (!vmconf_description_has_line(guest->conf, mark.buf))
		plan_refuse(plan, name, vmid,
			    "its description lacks the line \"%s\": someone took the mark away, so "
			    "vyom leaves it alone",
			    mark.buf);
	else if (lock && !qm_lock_passes(lock))
		plan_refuse(plan, name, vmid, "it is locked (%s): someone is at work on it; wait",
			    lock);
	else if (vmconf_get(guest->conf, "protection") &&
		 *vmconf_get(guest->conf, "protection") == '1')
		plan_refuse(plan, name, vmid,
			    "it is protected; take that away first: qm set %u --protection 0",
			    vmid);
	else
		return true;
	return false;
}

static void plan_leftover(const struct leftover *leftover, const struct state *state,
			  const char *name, unsigned vmid, struct plan *plan)
{
	plan->busy |= leftover->kind == LEFTOVER_BUSY;
	if (leftover->kind == LEFTOVER_OURS)
		plan_undo(leftover, state, NULL, name, vmid, plan);
	else
		plan_refuse(plan, name, vmid, "%s", leftover->text);
}

/* qm destroy takes what the config names, and no more. */
static void plan_freeing(const struct state *state, const char *name, unsigned vmid,
			 struct plan *plan)
{
	CLEANUP(strvec_release) struct strvec volids = STRVEC_INIT;

	leftover_find_data(state, vmid, &volids);
	for (size_t i = 0; i < volids.count; i++) {
		const char *volid = volids.items[i];
		struct plan_step *step =
			add_undo(state, NULL, name, vmid, QM_FREE, volid, plan);

		qm_free(&step->argv, volid);
		step->why = memory_copy("a data disk that was made and never attached");
	}
}

static void plan_removal(const struct state_guest *guest, const struct state *state,
			 const struct record_vms *records, const char *name, struct plan *plan)
{
	const char *lock = vmconf_get(guest->conf, "lock");
	struct leftover_stray stray = leftover_stray(state, records, guest->vmid);
	unsigned vmid = guest->vmid;
	struct plan_step *step;

	if (lock) {
		plan->busy = true;
		plan_note(plan, name, vmid,
			  "it is locked (%s): someone is at work on it; vyom waits for that",
			  lock);
	}
	plan_stray(&stray, state, NULL, name, vmid, plan);
	if (guest->pid) {
		step = plan_add(plan, name, vmid, QM_SHUTDOWN);
		qm_shutdown(&step->argv, vmid, PLAN_SHUTDOWN_SECONDS);
		step->why = guest->ha ? memory_copy(PLAN_ASKED_OF_HA) : NULL;
	}
	plan_freeing(state, name, vmid, plan);
	qm_destroy(&plan_add(plan, name, vmid, QM_DESTROY)->argv, vmid);
}

void plan_destroy(const struct state *state, const struct record_vms *records, const char *name,
		  unsigned vmid, struct plan *plan)
{
	CLEANUP(leftover_release) struct leftover leftover = { .volids = STRVEC_INIT };
	const struct record_vm *record = record_vms_find(records, vmid);
	const struct state_guest *guest = state_find_guest(state, vmid);

	plan->vm_count++;
	leftover_find(state, records, vmid, &leftover);
	if (leftover.kind != LEFTOVER_NONE)
		plan_leftover(&leftover, state, name, vmid, plan);
	else if (!guest)
		plan_note(plan, name, vmid, "it is gone already");
	else if (!record)
		plan_refuse(plan, name, vmid,
			    "vyom did not make the VM with this id, as far as its journal knows; "
			    "it is left alone");
	else if (may_destroy(guest, record, name, plan))
		plan_removal(guest, state, records, name, plan);
}
