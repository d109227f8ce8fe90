/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/golden.h"

#include "decide/plan.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

void golden_prune(const struct spec_section *template, const struct state *state,
		  const struct record_vms *records, unsigned vmid, struct plan *plan)
{
	const struct state_guest *guest = state_find_guest(state, vmid);
	const char *lock = guest && guest->conf ? vmconf_get(guest->conf, "lock") : NULL;

	if (!guest)
		return;
	if (!golden_record(records, guest))
		plan_refuse(plan, template->name, vmid,
			    "vyom did not build it, as far as its journal knows; it is left alone");
	else if (lock)
		plan_refuse(plan, template->name, vmid,
			    "it is locked (%s): someone is at work on it; wait", lock);
	else if (golden_is_used(state, vmid))
		plan_refuse(plan, template->name, vmid,
			    "VMs were cloned from it, and share its data");
	else
		qm_destroy(&plan_add(plan, template->name, vmid, QM_DESTROY)->argv, vmid);
}
