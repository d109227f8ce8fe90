/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/admit.h"

#include <string.h>

#include "decide/lint.h"
#include "base/number.h"
#include "decide/plan.h"
#include "model/propstr.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/state.h"
#include "base/strbuf.h"
#include "model/vmconf.h"

static uint64_t memory_of_guest(const struct state_guest *guest)
{
	CLEANUP(propstr_release) struct propstr memory = PROPSTR_INIT;
	const char *text;
	uint64_t mib;

	if (!guest->conf || !guest->pid)
		return 0;
	memory = propstr_parse(vmconf_get(guest->conf, "memory"), "current");
	text = propstr_get(&memory, "current");
	return text && number_parse_unsigned(text, 0, UINT32_MAX, &mib) ? mib * MIB : 512 * MIB;
}

uint64_t admit_memory_running(const struct state *state)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < state->guest_count; i++)
		sum += memory_of_guest(&state->guests[i]);
	return sum;
}

static void admit_memory(const struct spec_section *node, const struct state *state,
			 struct plan *plan)
{
	uint64_t running = admit_memory_running(state), asked = 0, reserve, budget;
	char text[4][NUMBER_TEXT];

	for (size_t i = 0; i < plan->count; i++)
		asked += plan->steps[i].memory;
	if (!asked)
		return;
	reserve = spec_number(node, KEY_MEMORY_RESERVE);
	budget = state->memory > reserve ? state->memory - reserve : 0;
	if (running + asked <= budget)
		return;
	plan_refuse(plan, NULL, 0,
		    "memory: running VMs would hold %s, but the node has %s and keeps %s for "
		    "itself (memory-reserve), which leaves %s; declare less, or stop other VMs",
		    number_format_human(running + asked, text[0]),
		    number_format_human(state->memory, text[1]),
		    number_format_human(reserve, text[2]), number_format_human(budget, text[3]));
}

uint64_t admit_promised(const struct state *state, const char *vg, const char *pool)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (strcmp(volume->vg, vg) == 0 && volume->pool && strcmp(volume->pool, pool) == 0)
			sum += volume->size;
	}
	return sum;
}

static unsigned percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)((double)part * 100 / (double)whole) : 0;
}

bool admit_pool_is_over(const struct thin_pool *pool, const struct spec_section *node,
			struct strbuf *text)
{
	unsigned data = percent(pool->data_used, pool->data_total),
		 meta = percent(pool->meta_used, pool->meta_total);
	unsigned data_limit = (unsigned)spec_number(node, KEY_DATA_LIMIT);
	unsigned meta_limit = (unsigned)spec_number(node, KEY_METADATA_LIMIT);
	size_t before = text->len;

	if (pool->mode != THIN_MODE_RW && pool->mode != THIN_MODE_UNKNOWN)
		strbuf_addf(text, "the pool is %s", thin_mode_name(pool->mode));
	if (pool->needs_check)
		strbuf_join(text, ", ", "its metadata needs a check (lvconvert --repair)");
	if (data >= data_limit) {
		strbuf_join(text, ", ", "");
		strbuf_addf(text, "its data is %u%% full; data-limit = %u", data, data_limit);
	}
	if (meta >= meta_limit) {
		strbuf_join(text, ", ", "");
		strbuf_addf(text, "its metadata is %u%% full; metadata-limit = %u", meta,
			    meta_limit);
	}
	return text->len > before;
}

static void admit_promise(const struct state_storage *storage, const struct thin_pool *pool,
			  const struct spec_section *node, const struct state *state,
			  uint64_t promise, struct plan *plan)
{
	double overcommit = spec_ratio(node, KEY_OVERCOMMIT);
	uint64_t allowed = (uint64_t)((double)pool->data_total * overcommit);
	uint64_t promised = admit_promised(state, pool->vg, pool->name) + promise;
	char text[3][NUMBER_TEXT];

	if (promised > allowed)
		plan_refuse(plan, NULL, 0,
			    "%s would promise %s of %s; overcommit = %.4g allows %s; declare "
			    "smaller disks, enlarge the pool, or raise overcommit and watch the "
			    "pool",
			    storage->id, number_format_human(promised, text[0]),
			    number_format_human(pool->data_total, text[1]), overcommit,
			    number_format_human(allowed, text[2]));
}

static void admit_copies(const struct state_storage *storage, const struct thin_pool *pool,
			 const struct spec_section *node, uint64_t copy, struct plan *plan)
{
	uint64_t limit = (uint64_t)((double)pool->data_total *
				    (double)spec_number(node, KEY_DATA_LIMIT) / 100);
	char text[2][NUMBER_TEXT];

	if (copy && pool->data_used + copy > limit)
		plan_refuse(plan, NULL, 0,
			    "%s: full copies may write %s and %s is in use, which is past "
			    "data-limit = %llu; use linked clones, or enlarge the pool",
			    storage->id, number_format_human(copy, text[0]),
			    number_format_human(pool->data_used, text[1]),
			    (unsigned long long)spec_number(node, KEY_DATA_LIMIT));
}

static void admit_storage(const struct state_storage *storage, const struct spec_section *node,
			  const struct state *state, struct plan *plan)
{
	const struct thin_pool *pool = state_find_pool(state, storage->id);
	CLEANUP(strbuf_release) struct strbuf over = STRBUF_INIT;
	uint64_t promise = 0, copy = 0;

	for (size_t i = 0; i < plan->count; i++) {
		if (!plan->steps[i].storage || strcmp(plan->steps[i].storage, storage->id) != 0)
			continue;
		promise += plan->steps[i].promise;
		copy += plan->steps[i].copy;
	}
	if (!promise || !pool)
		return;
	if (admit_pool_is_over(pool, node, &over))
		plan_refuse(plan, NULL, 0, "%s: %s; free space or enlarge the pool first",
			    storage->id, over.buf);
	admit_promise(storage, pool, node, state, promise, plan);
	admit_copies(storage, pool, node, copy, plan);
}

static void admit_places(const struct spec_section *vm, const struct state *state,
			 struct plan *plan)
{
	const char *bridge = spec_text(vm, KEY_BRIDGE), *id = spec_text(vm, KEY_STORAGE);
	const struct state_storage *storage = state_find_storage(state, id);
	unsigned vmid = (unsigned)spec_number(vm, KEY_VMID);

	if (!strvec_contains(&state->bridges, bridge))
		plan_refuse(plan, vm->name, vmid,
			    "bridge: the node has no %s; qm would accept it and the start fail",
			    bridge);
	if (!storage)
		plan_refuse(plan, vm->name, vmid, "storage: the node has no %s (see pvesm status)",
			    id);
	else if (storage->disabled)
		plan_refuse(plan, vm->name, vmid, "storage: %s is switched off for this node", id);
	else if (!storage->images)
		plan_refuse(plan, vm->name, vmid,
			    "storage: %s does not hold VM disks (content images)", id);
}

/*
 * A linked clone lies where its template lies: another storage needs a full copy (pve-
 * facts 1.3.1).
 */
static void admit_linked(const struct spec_section *vm, const struct state *state,
			 struct plan *plan)
{
	const struct state_guest *template =
		state_find_guest(state, (unsigned)spec_number(vm->template, KEY_VMID));
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
	for (size_t i = 0; i < lints.count; i++)
		plan_refuse(plan, template->name, (unsigned)spec_number(template, KEY_VMID),
			    "%s: %s; %s", lints.items[i].what, lints.items[i].why,
			    lints.items[i].mend);
	lint_release(&lints);
}

/* The steps of a VM stand together: its first one stands for it. */
static void admit_vms(const struct state *state, struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (i > 0 && plan->steps[i - 1].vmid == step->vmid)
			continue;
		admit_places(step->section, state, plan);
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

void admit(const struct spec *spec, const struct state *state, struct plan *plan)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	if (!plan->count || !node)
		return;
	if (!state->quorate)
		plan_refuse(plan, NULL, 0,
			    "the cluster has no quorum, so /etc/pve is read-only; see pvecm status");
	for (size_t i = 0; i < spec->template_count; i++)
		if (is_cloned(spec->templates[i], plan))
			admit_template(spec->templates[i], state, plan);
	admit_vms(state, plan);
	admit_memory(node, state, plan);
	for (size_t i = 0; i < state->storage_count; i++)
		admit_storage(&state->storages[i], node, state, plan);
}
