/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/replace.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "decide/admit.h"
#include "decide/diff.h"
#include "decide/leftover.h"
#include "decide/plan.h"
#include "decide/snippet.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* --- the node without it --- */

static void take_volid(const char *volid, void *context)
{
	strvec_push(context, volid);
}

/* What goes with it: all that its config names, and what a step left that was cut off. */
static void find_volids(const struct state *state, const struct record_vms *records,
			unsigned vmid, struct strvec *volids)
{
	CLEANUP(leftover_release) struct leftover leftover = { .volids = STRVEC_INIT };
	struct leftover_stray stray = leftover_stray(state, records, vmid);
	CLEANUP(scope_free) char *volid =
		stray.volume ? state_volid(state, stray.volume) : NULL;
	const struct state_guest *guest = state_find_guest(state, vmid);

	leftover_find(state, records, vmid, &leftover);
	strvec_extend(volids, &leftover.volids);
	if (volid)
		strvec_push(volids, volid);
	leftover_find_data(state, vmid, volids);
	if (guest && guest->conf)
		vmconf_each_volume(guest->conf, take_volid, volids);
}

/* snap_vm-101-disk-0_NAME follows vm-101-disk-0 (pve-facts 4.7b, 8.1). */
static bool is_snapshot_of(const struct thin_volume *snapshot, const struct thin_volume *volume)
{
	size_t len = strlen(volume->name);

	return strcmp(snapshot->vg, volume->vg) == 0 &&
	       strncmp(snapshot->name, "snap_", 5) == 0 &&
	       strncmp(snapshot->name + 5, volume->name, len) == 0 &&
	       snapshot->name[5 + len] == '_';
}

static bool goes_along(const struct thin_volume *volume, const struct strvec *volids,
		       const struct state *state, unsigned vmid)
{
	for (size_t i = 0; i < volids->count; i++) {
		const struct thin_volume *own = state_find_volume(state, volids->items[i]);

		if (own && own->vmid == vmid && (own == volume || is_snapshot_of(volume, own)))
			return true;
	}
	return false;
}

/* Shares all that is in it with state, and must not outlive that. */
static void view_without(const struct state *state, const struct strvec *volids, unsigned vmid,
			 struct state *view)
{
	*view = *state;
	view->guests = NULL;
	view->volumes.items = NULL;
	view->guest_count = view->volumes.count = 0;
	for (size_t i = 0; i < state->guest_count; i++)
		if (state->guests[i].vmid != vmid)
			MEMORY_PUSH(view->guests, view->guest_count) = state->guests[i];
	for (size_t i = 0; i < state->volumes.count; i++)
		if (state->volumes.items[i].vmid != vmid &&
		    !goes_along(&state->volumes.items[i], volids, state, vmid))
			MEMORY_PUSH(view->volumes.items, view->volumes.count) =
				state->volumes.items[i];
}

static void view_release(struct state *view)
{
	free(view->guests);
	free(view->volumes.items);
}

/* --- may it be destroyed? --- */

static bool refuse_another(const struct spec_section *vm, unsigned vmid, const struct state *state,
			   const struct record_vm *record, struct plan *plan)
{
	if (strcmp(vm->node->name, state->node) != 0)
		plan_refuse(plan, vm->name, vmid,
			    "it is declared for node %s: run vyom replace there", vm->node->name);
	else if (record && !record_vm_is_called(record, vm->cluster->name, vm->name))
		plan_refuse(plan, vm->name, vmid,
			    "vyom made the VM with this id as %s/%s, and that is not the one to "
			    "replace: change the file back, or destroy %s first",
			    record->cluster, record->name, record->name);
	else
		return false;
	return true;
}

/*
 * qm destroy takes what the config names, and no more: what else bears the id would
 * stay, and nobody could tell it from what the new VM has.
 */
static void refuse_strays(const struct spec_section *vm, unsigned vmid, const struct state *state,
			  const struct strvec *volids, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid != vmid || goes_along(volume, volids, state, vmid))
			continue;
		strbuf_join(&names, ", ", volume->vg);
		strbuf_addf(&names, "/%s", volume->name);
	}
	if (names.len)
		plan_refuse(plan, vm->name, vmid,
			    "its config does not name all that has its id, and what it does not "
			    "name would be left in the new VM's way: %s; look what that holds, then "
			    "remove it (lvremove)",
			    names.buf);
}

/* They would lose sight of it without a word: the new VM is none of theirs. */
static void refuse_cares(const struct spec_section *vm, const struct state_guest *guest,
			 struct plan *plan)
{
	if (guest->ha)
		plan_refuse(plan, vm->name, guest->vmid,
			    "HA manages it (%s), and would not manage the VM that is made again: "
			    "ha-manager remove vm:%u first, and ha-manager add it afterwards",
			    guest->ha, guest->vmid);
	if (guest->replication)
		plan_refuse(plan, vm->name, guest->vmid,
			    "job %s copies it to another node: pvesr delete %s first",
			    guest->replication, guest->replication);
}

/* qm takes more along than the VM, and vyom knows of none of it. */
static void note_purge(const struct spec_section *vm, unsigned vmid, struct plan *plan)
{
	plan_note(plan, vm->name, vmid,
		  "its firewall rules, permissions and place in backup jobs go with it (qm destroy "
		  "--purge) and are not made again");
}

static void plan_removal(const struct spec_section *vm, unsigned vmid, const struct state *state,
			 const struct record_vms *records, const struct strvec *volids,
			 struct plan *plan)
{
	const struct state_guest *guest = state_find_guest(state, vmid);

	plan_destroy(state, records, vm->name, vmid, plan);
	if (guest && guest->conf) {
		refuse_strays(vm, vmid, state, volids, plan);
		refuse_cares(vm, guest, plan);
	}
	if (plan->count && !plan->refusal_count)
		note_purge(vm, vmid, plan);
}

/* --- and made again? --- */

/* It would start with the one that is there, or not at all. */
static void refuse_snippets(const struct spec_section *vm, unsigned vmid,
			    const struct state *state, const struct record_vms *records,
			    struct plan *plan)
{
	for (size_t i = 0; i < vm->snippet_count; i++) {
		CLEANUP(scope_free) char *why = NULL;
		const char *volid = vm->snippets[i]->name;

		if (snippet_standing(vm->snippets[i], state, records, &why) !=
		    SNIPPET_AS_DECLARED)
			plan_refuse(plan, vm->name, vmid, "snippet %s is not on the node as it is "
				    "declared: vyom apply puts it there, or says why not", volid);
	}
}

static void plan_making(const struct spec *spec, const struct spec_section *vm,
			const struct state *view, const struct record_vms *records,
			struct plan *plan)
{
	CLEANUP(diff_vm_release) struct diff_vm diff = { .vm = NULL };

	diff_vm(vm, view, records, &diff);
	plan_vm(&diff, view, &(struct plan_options){ .reinit = false }, plan);
	if (spec)
		admit(spec, view, plan);
}

/* Move what is in more to the end of plan. */
static void join(struct plan *plan, struct plan *more)
{
	for (size_t i = 0; i < more->count; i++)
		MEMORY_PUSH(plan->steps, plan->count) = more->steps[i];
	for (size_t i = 0; i < more->refusal_count; i++)
		MEMORY_PUSH(plan->refusals, plan->refusal_count) = more->refusals[i];
	for (size_t i = 0; i < more->note_count; i++)
		MEMORY_PUSH(plan->notes, plan->note_count) = more->notes[i];
	plan->busy |= more->busy;
	more->count = more->refusal_count = more->note_count = 0;
}

static void drop_steps(struct plan *plan)
{
	struct plan none = { .steps = plan->steps, .count = plan->count };

	plan->steps = NULL;
	plan->count = 0;
	plan_release(&none);
}

void replace_plan(const struct spec *spec, const struct spec_section *vm,
		  const struct state *state, const struct record_vms *records, struct plan *plan)
{
	CLEANUP(plan_release) struct plan making = { .steps = NULL };
	CLEANUP(strvec_release) struct strvec volids = STRVEC_INIT;
	CLEANUP(view_release) struct state view = STATE_INIT;
	unsigned vmid = (unsigned)spec_number(vm, KEY_VMID);
	bool refused;

	plan->vm_count = 1;
	if (refuse_another(vm, vmid, state, record_vms_find(records, vmid), plan))
		return;
	find_volids(state, records, vmid, &volids);
	view_without(state, &volids, vmid, &view);
	plan_removal(vm, vmid, state, records, &volids, plan);
	if (spec)
		refuse_snippets(vm, vmid, state, records, plan);
	refused = plan->refusal_count;
	plan_making(spec, vm, &view, records, &making);
	refused = refused || !making.count;	/* what is not made again is not destroyed */
	join(plan, &making);
	plan->vm_count = 1;
	if (refused)
		drop_steps(plan);
}
