/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/admit.h"

#include <string.h>

#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/budget.h"
#include "decide/forecast.h"
#include "decide/golden.h"
#include "decide/hindrance.h"
#include "decide/lint.h"
#include "decide/plan.h"
#include "model/data_disk.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static void admit_bridge(const struct spec_section *vm, unsigned vmid, const char *what,
			 const char *bridge, const struct state *state, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf bridges = STRBUF_INIT;

	if (strvec_contains(&state->bridges, bridge))
		return;
	strvec_join(&state->bridges, ", ", &bridges);
	plan_refuse(plan, vm->name, vmid,
		    "%s: the node has no %s (it has %s); qm would accept it, and the start would "
		    "fail",
		    what, bridge, bridges.len ? bridges.buf : "none");
}

static void admit_pool(const struct spec_section *vm, unsigned vmid, const struct state *state,
		       struct plan *plan)
{
	const struct spec_value *pool = spec_value(vm, KEY_POOL);

	if (pool && !strvec_contains(&state->resource_pools, pool->text))
		plan_refuse(plan, vm->name, vmid,
			    "pool: the node has no %s: pvesh create /pools --poolid %s",
			    pool->text, pool->text);
}

static void admit_storage(const struct spec_section *vm, unsigned vmid, const char *what,
			  const char *id, const struct state *state, struct plan *plan)
{
	const struct state_storage *storage = state_find_storage(state, id);

	if (!storage)
		plan_refuse(plan, vm->name, vmid, "%s: the node has no %s (see pvesm status)", what,
			    id);
	else if (storage->disabled)
		plan_refuse(plan, vm->name, vmid,
			    "%s: %s is switched off for this node (pvesm set %s --disable 0)",
			    what, id, id);
	else if (!storage->images)
		plan_refuse(plan, vm->name, vmid,
			    "%s: %s does not hold VM disks (content images)", what, id);
	else if (storage->vg && !state_find_pool(state, id))
		plan_refuse(plan, vm->name, vmid,
			    "%s: %s has no active thin pool %s/%s (lvchange -ay)", what,
			    id, storage->vg, storage->pool);
}

/* Where they lie they are made by name, which only LVM-thin takes as it is. */
static void admit_data(const struct spec_section *vm, unsigned vmid, const struct state *state,
		       struct plan *plan)
{
	struct data_disk disk;

	for (size_t i = 0; data_disk_at(vm, i, &disk); i++) {
		const char *id = disk.storage ? disk.storage : spec_text(vm, KEY_STORAGE);
		const struct state_storage *storage = state_find_storage(state, id);

		if (disk.storage)
			admit_storage(vm, vmid, disk.slot, id, state, plan);
		if (storage && !storage->vg && !disk.detached)
			plan_refuse(plan, vm->name, vmid,
				    "%s: a data disk lies on LVM-thin, and %s is of type %s",
				    disk.slot, id, storage->type);
		data_disk_release(&disk);
	}
}

static void admit_places(const struct spec_section *vm, unsigned vmid, const struct state *state,
			 struct plan *plan)
{
	const char *id = spec_text(vm, KEY_STORAGE);

	admit_bridge(vm, vmid, "bridge", spec_text(vm, KEY_BRIDGE), state, plan);
	for (size_t i = 0; i < vm->nic_count; i++)
		if (vm->nics[i]->slot)
			admit_bridge(vm, vmid, vm->nics[i]->name,
				     spec_text(vm->nics[i], KEY_BRIDGE), state, plan);
	admit_pool(vm, vmid, state, plan);
	admit_data(vm, vmid, state, plan);
	admit_storage(vm, vmid, "storage", id, state, plan);
}

/*
 * A linked clone lies where its template lies: another storage needs a full copy (pve-
 * facts 1.3.1).
 */
static void admit_linked(const struct spec_section *vm, const struct state *state,
			 struct plan *plan)
{
	const struct state_guest *template =
		state_find_guest(state, golden_newest(vm->template, state));
	const char *disk = template && template->conf ? vmconf_get(template->conf, "scsi0") : NULL;
	const char *storage = spec_text(vm, KEY_STORAGE);
	size_t len = disk ? strcspn(disk, ":") : 0;

	if (!disk || strcmp(spec_text(vm, KEY_CLONE), "linked") != 0)
		return;
	if (strlen(storage) != len || strncmp(disk, storage, len) != 0)
		plan_refuse(plan, vm->name, (unsigned)spec_number(vm, KEY_VMID),
			    "clone: a linked clone lies on its template's storage %.*s, but "
			    "storage = %s; say clone = \"full\" or name that storage",
			    (int)len, disk, storage);
}

static void admit_template(const struct spec_section *template, const struct state *state,
			   struct plan *plan)
{
	struct lints lints = { .items = NULL };

	lint_template(template, state, &lints);
	for (size_t i = 0; i < lints.unfit; i++)
		plan_refuse(plan, template->name, golden_newest(template, state),
			    "%s: %s; %s", lints.items[i].what, lints.items[i].why,
			    lints.items[i].mend);
	lint_release(&lints);
}

/* qm sets any number, and the start then fails. */
static void admit_cpus(const struct spec_section *vm, unsigned vmid, const struct state *state,
		       struct plan *plan)
{
	const struct state_guest *guest = state_find_guest(state, vmid);
	uint64_t cpus = budget_cpus_of(vm, guest && guest->conf ? guest->conf :
								  forecast_source(vm, state));

	if (state->cpus && cpus > state->cpus)
		plan_refuse(plan, vm->name, vmid,
			    "cores: it would have %llu processors (sockets times cores), and the "
			    "node has %u; qm would accept it, and the start would fail",
			    (unsigned long long)cpus, state->cpus);
}

static void admit_hindrances(const struct spec_section *vm, unsigned vmid, const struct state *state,
			     struct plan *plan)
{
	CLEANUP(strvec_release) struct strvec hindrances = STRVEC_INIT;

	hindrance_find(vm, state, &hindrances);
	for (size_t i = 0; i < hindrances.count; i++)
		plan_refuse(plan, vm->name, vmid, "%s", hindrances.items[i]);
}

/* One of somebody else's: qm names it to any VM, and the start then fails. */
static void admit_snippets(const struct spec_section *vm, unsigned vmid, const struct state *state,
			   struct plan *plan)
{
	const struct spec_value *said = spec_value(vm, KEY_SNIPPETS);

	for (size_t i = 0; said && i < said->list.count; i++) {
		const char *volid = spec_snippet_volid(said->list.items[i]);

		if (strvec_contains(&state->lost_snippets, volid))
			plan_refuse(plan, vm->name, vmid,
				    "snippets: the node has no %s, and Proxmox starts no VM that shall "
				    "have it; put it there, or let vyom: snippet \"%s\" { file = … }",
				    volid, volid);
	}
}

static void admit_hookscript(const struct plan_step *step, const struct state *state,
			     struct plan *plan)
{
	const char *hook = spec_option(step->section, "hookscript");

	if (hook && strvec_contains(&step->argv, "--hookscript") &&
	    strvec_contains(&state->lost_snippets, hook))
		plan_refuse(plan, step->vm, step->vmid,
			    "hookscript: the node has no %s that root can run, and qm sets no other; "
			    "put it there, and make it executable", hook);
}

/* The steps of a VM stand together: its first one stands for it. */
static void admit_vms(const struct state *state, struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (step->verb == QM_START)
			admit_snippets(step->section, step->vmid, state, plan);
		if (step->verb == QM_SET)
			admit_hookscript(step, state, plan);
		if (step->verb == QM_SNIPPET || (i > 0 && plan->steps[i - 1].vmid == step->vmid))
			continue;
		admit_cpus(step->section, step->vmid, state, plan);
		admit_hindrances(step->section, step->vmid, state, plan);
		admit_places(step->section, step->vmid, state, plan);
		if (step->verb == QM_CLONE)
			admit_linked(step->section, state, plan);
	}
}

static bool is_cloned(const struct spec_section *template, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].verb == QM_CLONE && plan->steps[i].section->template == template)
			return true;
	return false;
}

static void admit_quorum(const struct state *state, struct plan *plan)
{
	if (!state->quorate)
		plan_refuse(plan, NULL, 0,
			    "the cluster has no quorum, so /etc/pve is read-only; see pvecm status");
}

void admit_build(const struct spec_section *template, unsigned vmid, const struct state *state,
		 struct plan *plan)
{
	if (!plan->count)
		return;
	admit_quorum(state, plan);
	admit_places(template, vmid, state, plan);
	budget_admit(template->node, state, plan);
}

void admit(const struct spec *spec, const struct state *state, struct plan *plan)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	if (!plan->count || !node)
		return;
	admit_quorum(state, plan);
	for (size_t i = 0; i < spec->template_count; i++)
		if (is_cloned(spec->templates[i], plan))
			admit_template(spec->templates[i], state, plan);
	admit_vms(state, plan);
	budget_admit(node, state, plan);
}
