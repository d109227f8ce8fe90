/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/golden.h"

#include <string.h>

#include "base/scope.h"
#include "decide/leftover.h"
#include "decide/plan.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

#define GOLDEN_TAKEN "it was finished, and somebody has made it a VM again: it is left alone"

/* Cut off in the midst of it: even its config may say no more what it was. */
static bool is_half_pruned(const struct spec_section *template, const struct record_vms *records,
			   unsigned vmid)
{
	const struct record_template *record = record_templates_find(&records->templates, vmid);
	const struct record_step *doubt = record_vms_doubt(records, vmid);

	return record && record->sealed && doubt && qm_verb_find(doubt->verb) == QM_DESTROY &&
	       strcmp(doubt->vm, template->name) == 0;
}

static void prune_rest(const struct spec_section *template, const struct state *state,
		       const struct leftover *leftover, unsigned vmid, struct plan *plan)
{
	plan->busy |= leftover->kind == LEFTOVER_BUSY;
	if (leftover->kind == LEFTOVER_OURS)
		plan_undo(leftover, state, NULL, template->name, vmid, plan);
	else
		plan_refuse(plan, template->name, vmid, "%s", leftover->text);
}

/* Finished once, and a VM now: it is somebody's. */
static bool is_taken(const struct record_vms *records, const struct state_guest *guest)
{
	const struct record_template *record = golden_record(records, guest);
	const char *flag = guest->conf ? vmconf_get(guest->conf, "template") : NULL;

	return record && record->sealed && !(flag && strcmp(flag, "1") == 0);
}

/* Only one whose build was cut off can be running. */
static void prune_guest(const struct spec_section *template, const struct state_guest *guest,
			struct plan *plan)
{
	unsigned vmid = guest->vmid;

	if (guest->pid)
		qm_stop(&plan_add(plan, template->name, vmid, QM_STOP)->argv, vmid);
	qm_destroy(&plan_add(plan, template->name, vmid, QM_DESTROY)->argv, vmid);
}

void golden_prune(const struct spec_section *template, const struct state *state,
		  const struct record_vms *records, unsigned vmid, struct plan *plan)
{
	CLEANUP(leftover_release) struct leftover leftover = { .volids = STRVEC_INIT };
	const struct state_guest *guest = state_find_guest(state, vmid);
	const char *lock = guest && guest->conf ? vmconf_get(guest->conf, "lock") : NULL;

	if (is_half_pruned(template, records, vmid))
		leftover_find(state, records, vmid, &leftover);
	if (leftover.kind != LEFTOVER_NONE)
		prune_rest(template, state, &leftover, vmid, plan);
	else if (!guest)
		return;
	else if (!golden_record(records, guest))
		plan_refuse(plan, template->name, vmid,
			    "vyom did not build it, as far as its journal knows; it is left alone");
	else if (is_taken(records, guest))
		plan_refuse(plan, template->name, vmid, GOLDEN_TAKEN);
	else if (!golden_claimed(records, guest))
		plan_refuse(plan, template->name, vmid,
			    "its notes lack the line \"" GOLDEN_MARK "%s\": someone took the mark "
			    "away, so vyom leaves it alone", template->name);
	else if (lock)
		plan_refuse(plan, template->name, vmid,
			    "it is locked (%s): someone is at work on it; wait", lock);
	else if (golden_is_used(state, vmid))
		plan_refuse(plan, template->name, vmid,
			    "VMs were cloned from it, and share its data");
	else
		prune_guest(template, guest, plan);
}

void golden_prune_unused(const struct spec_section *template, const struct state *state,
			 const struct record_vms *records, struct plan *plan)
{
	unsigned newest = golden_newest(template, state), first, last;

	spec_template_range(template, &first, &last);
	for (unsigned vmid = first; vmid <= last; vmid++) {
		const struct state_guest *guest = state_find_guest(state, vmid);
		bool ours = guest && golden_claimed(records, guest);

		if (ours && !is_half_pruned(template, records, vmid) && is_taken(records, guest)) {
			plan_note(plan, template->name, vmid, GOLDEN_TAKEN);
			continue;
		}
		if (!is_half_pruned(template, records, vmid) &&
		    (!ours || vmid == newest || golden_is_used(state, vmid)))
			continue;
		golden_prune(template, state, records, vmid, plan);
		plan->vm_count++;
	}
}
