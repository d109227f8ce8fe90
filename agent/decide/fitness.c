/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/fitness.h"

#include <stdarg.h>
#include <string.h>

#include "decide/budget.h"
#include "decide/forecast.h"
#include "decide/golden.h"
#include "decide/hindrance.h"
#include "decide/lint.h"
#include "decide/snippet.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/data_disk.h"
#include "model/spec.h"
#include "model/state.h"
#include "base/strbuf.h"

void fitness_add(struct fitness *fitness, bool pass, const char *what, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	MEMORY_PUSH(fitness->items, fitness->count) = (struct fitness_line){
		.what = memory_copy(what), .pass = pass, .text = memory_vprint(format, args),
	};
	va_end(args);
	fitness->failed += !pass;
}

void fitness_remark(struct fitness *fitness, const char *what, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	MEMORY_PUSH(fitness->items, fitness->count) = (struct fitness_line){
		.what = memory_copy(what), .pass = true, .remark = true,
		.text = memory_vprint(format, args),
	};
	va_end(args);
}

static void check_version(const struct state *state, struct fitness *fitness)
{
	const char *version = state->version;

	if (!version)
		fitness_add(fitness, false, "Proxmox VE",
			    "pve-manager is not installed: vyom needs Proxmox VE 8 or 9");
	else
		fitness_add(fitness,
			    strncmp(version, "8.", 2) == 0 || strncmp(version, "9.", 2) == 0,
			    "Proxmox VE", "%s; vyom knows 8 and 9", version);
}

static void check_quorum(const struct state *state, struct fitness *fitness)
{
	fitness_add(fitness, state->quorate, "quorum", state->quorate ? "/etc/pve can be written" :
		  "the cluster has no quorum, so /etc/pve is read-only; see pvecm status");
}

static void check_storage(const struct state *state, const char *id, struct fitness *fitness)
{
	const struct state_storage *storage = state_find_storage(state, id);
	CLEANUP(scope_free) char *what = memory_print("storage %s", id);

	if (!storage)
		fitness_add(fitness, false, what,
			    "the node has none of that name; see pvesm status");
	else if (storage->disabled)
		fitness_add(fitness, false, what,
			    "it is switched off for this node: pvesm set %s --disable 0", id);
	else if (!storage->images)
		fitness_add(fitness, false, what,
			    "it does not hold VM disks: add images to its content");
	else
		fitness_add(fitness, true, what, "%s", storage->type);
}

static void check_pool(const struct spec_section *node, const struct state *state, const char *id,
		       struct fitness *fitness)
{
	const struct state_storage *storage = state_find_storage(state, id);
	const struct thin_pool *pool = state_find_pool(state, id);
	CLEANUP(strbuf_release) struct strbuf over = STRBUF_INIT;
	CLEANUP(scope_free) char *what = NULL;
	char used[NUMBER_TEXT], total[NUMBER_TEXT];

	if (!storage || !storage->vg)
		return;
	what = memory_print("thin pool %s/%s", storage->vg, storage->pool);
	if (!pool)
		fitness_add(fitness, false, what, "it is not active: lvchange -ay %s/%s",
			    storage->vg, storage->pool);
	else if (budget_pool_is_over(pool, node, &over))
		fitness_add(fitness, false, what, "%s", over.buf);
	else
		fitness_add(fitness, true, what, "%s of %s used",
			    number_format_human(pool->data_used, used),
			    number_format_human(pool->data_total, total));
}

static void check_bridge(const struct state *state, const char *bridge, struct fitness *fitness)
{
	CLEANUP(scope_free) char *what = memory_print("bridge %s", bridge);
	bool there = strvec_contains(&state->bridges, bridge);

	fitness_add(fitness, there, what,
		    there ? "is there" : "the node has none of that name; see ip link");
}

static void check_template(const struct spec_section *template, const struct state *state,
			   struct fitness *fitness)
{
	unsigned vmid = golden_newest(template, state);
	CLEANUP(scope_free) char *label = golden_label(template, vmid);
	CLEANUP(scope_free) char *what = memory_print("template %s", label);
	struct lints lints = { .items = NULL };

	if (!state_find_guest(state, vmid) && spec_said(template, KEY_IMAGE)) {
		fitness_remark(fitness, what, "is not there yet: vyom template build makes it");
		return;
	}
	lint_template(template, state, &lints);
	for (size_t i = 0; i < lints.unfit; i++)
		fitness_add(fitness, false, what, "%s: %s; %s", lints.items[i].what,
			    lints.items[i].why, lints.items[i].mend);
	if (!lints.unfit)
		fitness_add(fitness, true, what, "serial port, cloud-init drive, base volume%s",
			    spec_template_is_found(template) ? "" : ", image digest");
	lint_release(&lints);
}

static void gather_data(const struct spec_section *vm, struct strvec *storages)
{
	struct data_disk disk;

	for (size_t i = 0; data_disk_at(vm, i, &disk); i++) {
		if (disk.storage)
			strvec_push_once(storages, disk.storage);
		data_disk_release(&disk);
	}
}

static void check_resource_pools(const struct spec *spec, const struct spec_section *node,
				 const struct state *state, struct fitness *fitness)
{
	CLEANUP(strvec_release) struct strvec pools = STRVEC_INIT;

	for (size_t i = 0; i < spec->vm_count; i++)
		if (spec->vms[i]->node == node && spec_value(spec->vms[i], KEY_POOL))
			strvec_push_once(&pools, spec_text(spec->vms[i], KEY_POOL));
	for (size_t i = 0; i < pools.count; i++) {
		CLEANUP(scope_free) char *what = memory_print("pool %s", pools.items[i]);

		if (strvec_contains(&state->resource_pools, pools.items[i]))
			fitness_add(fitness, true, what, "is there");
		else
			fitness_add(fitness, false, what, "the cluster has none of that name: "
				    "pvesh create /pools --poolid %s", pools.items[i]);
	}
}

/* Each thing once, however many VMs use it. */
static void gather(const struct spec *spec, const struct spec_section *node,
		   struct strvec *storages, struct strvec *bridges)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		const struct spec_section *vm = spec->vms[i];

		if (vm->node != node)
			continue;
		strvec_push_once(storages, spec_text(vm, KEY_STORAGE));
		gather_data(vm, storages);
		strvec_push_once(bridges, spec_text(vm, KEY_BRIDGE));
		for (size_t j = 0; j < vm->nic_count; j++)
			if (vm->nics[j]->slot)
				strvec_push_once(bridges, spec_text(vm->nics[j], KEY_BRIDGE));
	}
}

static void check_resources(const struct spec *spec, const struct spec_section *node,
			    const struct state *state, struct fitness *fitness)
{
	CLEANUP(strvec_release) struct strvec storages = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec bridges = STRVEC_INIT;

	gather(spec, node, &storages, &bridges);
	for (size_t i = 0; i < storages.count; i++) {
		check_storage(state, storages.items[i], fitness);
		check_pool(node, state, storages.items[i], fitness);
	}
	for (size_t i = 0; i < bridges.count; i++)
		check_bridge(state, bridges.items[i], fitness);
	check_resource_pools(spec, node, state, fitness);
	for (size_t i = 0; i < spec->template_count; i++)
		if (spec_uses_template(spec, node, spec->templates[i]))
			check_template(spec->templates[i], state, fitness);
}

/* A VM that is there already keeps what its config says besides; one to come, its template's. */
static const struct vmconf *conf_of(const struct spec_section *vm, const struct state *state)
{
	const struct state_guest *guest =
		state_find_guest(state, (unsigned)spec_number(vm, KEY_VMID));

	return guest && guest->conf ? guest->conf : forecast_source(vm, state);
}

/* Proxmox sets any number, and does not start a VM with more than the node has. */
static void check_cpus(const struct spec *spec, const struct spec_section *node,
		       const struct state *state, struct fitness *fitness)
{
	CLEANUP(strbuf_release) struct strbuf who = STRBUF_INIT;

	for (size_t i = 0; state->cpus && i < spec->vm_count; i++) {
		const struct spec_section *vm = spec->vms[i];
		uint64_t cpus;

		if (vm->node != node)
			continue;
		cpus = budget_cpus_of(vm, conf_of(vm, state));
		if (cpus <= state->cpus)
			continue;
		strbuf_join(&who, ", ", vm->name);
		strbuf_addf(&who, " (%llu)", (unsigned long long)cpus);
	}
	if (who.len)
		fitness_add(fitness, false, "cores", "the node has %u processors, and Proxmox "
			    "starts no VM with more (sockets times cores): declare less for %s",
			    state->cpus, who.buf);
}

static void check_hindrances(const struct spec *spec, const struct spec_section *node,
			     const struct state *state, struct fitness *fitness)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		CLEANUP(strvec_release) struct strvec hindrances = STRVEC_INIT;
		const struct spec_section *vm = spec->vms[i];

		if (vm->node == node)
			hindrance_find(vm, state, &hindrances);
		for (size_t j = 0; j < hindrances.count; j++)
			fitness_add(fitness, false, vm->name, "%s", hindrances.items[j]);
	}
}

/* One that somebody else puts there. */
static void check_snippet(const struct state *state, const char *volid, struct fitness *fitness)
{
	CLEANUP(scope_free) char *what = NULL, *why = NULL;
	CLEANUP(scope_free) char *path = snippet_place(state, volid, &why);
	bool lost = strvec_contains(&state->lost_snippets, volid);

	what = memory_print("snippet %s", path ? path : volid);
	if (path)
		fitness_add(fitness, !lost, what, lost ?
			    "is not there, and no VM starts that shall have it" : "is there");
	else if (lost)
		fitness_add(fitness, false, what, "%s", why);
}

/* One that vyom puts there. */
static void check_declared(const struct spec_section *snippet, const struct state *state,
			   const struct record_vms *records, struct fitness *fitness)
{
	static const char *const texts[] = {
		[SNIPPET_AS_DECLARED]	= "is there, as declared",
		[SNIPPET_ABSENT]	= "is not there yet; vyom apply puts it there",
		[SNIPPET_OLD]		= "is there as vyom wrote it before; vyom apply replaces it",
	};
	CLEANUP(scope_free) char *what = memory_print("snippet %s", snippet->name), *why = NULL;
	enum snippet_standing standing = snippet_standing(snippet, state, records, &why);

	fitness_add(fitness, standing != SNIPPET_HINDERED, what, "%s", why ? why : texts[standing]);
}

void fitness_snippets(const struct spec *spec, const struct state *state,
		      const struct record_vms *records, struct fitness *fitness)
{
	const struct spec_section *node = spec_find_node(spec, state->node);
	CLEANUP(strvec_release) struct strvec snippets = STRVEC_INIT;

	for (size_t i = 0; node && i < spec->vm_count; i++) {
		const struct spec_value *said = spec_value(spec->vms[i], KEY_SNIPPETS);

		for (size_t j = 0; said && spec->vms[i]->node == node && j < said->list.count; j++)
			strvec_push_once(&snippets, spec_snippet_volid(said->list.items[j]));
	}
	for (size_t i = 0; i < snippets.count; i++) {
		const struct spec_section *declared = spec_find_snippet(spec, snippets.items[i]);

		if (declared)
			check_declared(declared, state, records, fitness);
		else
			check_snippet(state, snippets.items[i], fitness);
	}
	for (size_t i = 0; i < spec->snippet_count; i++)
		if (!spec_uses_snippet(spec, NULL, spec->snippets[i]))
			fitness_remark(fitness, "snippet", "no VM names %s in its snippets, so it is "
				       "put nowhere", spec->snippets[i]->name);
}

void fitness_node(const struct spec *spec, const struct state *state, struct fitness *fitness)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	check_version(state, fitness);
	check_quorum(state, fitness);
	if (node) {
		check_resources(spec, node, state, fitness);
		check_cpus(spec, node, state, fitness);
		check_hindrances(spec, node, state, fitness);
	}
}

void fitness_release(struct fitness *fitness)
{
	for (size_t i = 0; i < fitness->count; i++) {
		free(fitness->items[i].what);
		free(fitness->items[i].text);
	}
	free(fitness->items);
	*fitness = (struct fitness){ .items = NULL };
}
