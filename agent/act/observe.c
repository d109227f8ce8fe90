/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/observe.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "edge/lvs.h"
#include "base/memory.h"
#include "base/number.h"
#include "decide/leftover.h"
#include "decide/option.h"
#include "decide/snippet.h"
#include "model/data_disk.h"
#include "model/propstr.h"
#include "edge/pvefs.h"
#include "edge/snippet_file.h"
#include "model/qm.h"
#include "base/scope.h"
#include "model/spec.h"
#include "edge/thin_dm.h"
#include "model/vmconf.h"

static void mark_volume(const char *volid, void *context)
{
	struct thin_volume *volume = state_find_volume(context, volid);

	if (volume)
		volume->referenced = true;
}

/* A volume of a guest whose config we did not read (a container, another node's) is no orphan. */
static bool is_others(const struct state *state, const struct thin_volume *volume)
{
	const struct state_guest *guest = state_find_guest(state, volume->vmid);

	return guest && !guest->conf;
}

static void mark_referenced(const char *root, struct state *state)
{
	for (size_t i = 0; i < state->volumes.count; i++)
		state->volumes.items[i].referenced = is_others(state, &state->volumes.items[i]);
	for (size_t i = 0; i < state->guest_count; i++)
		if (state->guests[i].conf)
			vmconf_each_volume(state->guests[i].conf, mark_volume, state);
	for (size_t i = 0; i < state->volumes.count; i++) {
		struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid && !volume->referenced)
			volume->referenced = pvefs_container_names(root, state->node, volume->name);
	}
}

/* Of what looks half-made it matters whether a qm is at work on it. */
static void note_held(const char *root, struct state *state, unsigned vmid)
{
	if (!state_is_held(state, vmid) && leftover_exists(state, vmid) &&
	    pvefs_is_locked(root, vmid))
		MEMORY_PUSH(state->held, state->held_count) = vmid;
}

static void note_all_held(const char *root, struct state *state)
{
	for (size_t i = 0; i < state->guest_count; i++)
		if (state->guests[i].conf && vmconf_get(state->guests[i].conf, "lock"))
			note_held(root, state, state->guests[i].vmid);
	for (size_t i = 0; i < state->volumes.count; i++)
		if (state->volumes.items[i].vmid && !state->volumes.items[i].referenced)
			note_held(root, state, state->volumes.items[i].vmid);
}

struct search {
	const struct state *state;
	bool missing;
};

static void look_for_volume(const char *volid, void *context)
{
	struct search *search = context;
	const struct state_storage *storage;
	CLEANUP(scope_free) char *id = memory_copy(volid);

	id[strcspn(id, ":")] = '\0';
	storage = state_find_storage(search->state, id);
	if (storage && storage->vg && !state_find_volume(search->state, volid))
		search->missing = true;
}

/* Does device-mapper show all that this guest's config names? */
static bool is_all_active(const struct state *state, const struct state_guest *guest)
{
	struct search search = { .state = state };

	vmconf_each_volume(guest->conf, look_for_volume, &search);
	return !search.missing;
}

/*
 * The volume as large as declared, to the byte?  Rounding needs the real extent, which
 * lvs knows.
 */
static bool has_declared_size(const struct state *state, const struct spec_section *vm,
			      const struct state_guest *guest)
{
	CLEANUP(propstr_release) struct propstr drive = PROPSTR_INIT;
	const struct thin_volume *volume;
	const char *volid;

	if (!spec_value(vm, KEY_DISK))
		return true;
	drive = propstr_parse(vmconf_get(guest->conf, OPTION_BOOT_DISK), "file");
	volid = propstr_get(&drive, "file");
	volume = volid ? state_find_volume(state, volid) : NULL;
	return !volume ||
	       volume->size == number_round_up(spec_number(vm, KEY_DISK), QM_EXTENT_DEFAULT);
}

/*
 * Is a drive in each slot of a data disk?  A volume for one may be there, not active,
 * where a step was cut off.
 */
static bool has_data_disks(const struct spec_section *vm, const struct state_guest *guest)
{
	struct data_disk disk;

	for (size_t i = 0; data_disk_at(vm, i, &disk); i++) {
		data_disk_release(&disk);
		if (!disk.detached && !vmconf_get(guest->conf, disk.slot))
			return false;
	}
	return true;
}

static bool needs_lvs(const struct spec *spec, const struct state *state)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		const struct spec_section *vm = spec->vms[i];
		const struct state_guest *guest =
			state_find_guest(state, (unsigned)spec_number(vm, KEY_VMID));

		if (strcmp(vm->node->name, state->node) != 0)
			continue;
		if (!guest)
			return true;
		if (guest->conf &&
		    (!is_all_active(state, guest) || !has_declared_size(state, vm, guest) ||
		     !has_data_disks(vm, guest)))
			return true;
	}
	return false;
}

void observe_snippets(const char *root, struct state *state)
{
	for (size_t i = 0; i < state->snippet_count; i++)
		if (state->snippets[i].path)
			snippet_file_look(root, &state->snippets[i]);
}

/* Those that VMs of this node have of the file's own. */
static void find_snippets(const struct spec *spec, struct state *state)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	for (size_t i = 0; node && i < spec->snippet_count; i++) {
		const char *volid = spec->snippets[i]->name;
		struct state_snippet *snippet;

		if (!spec_uses_snippet(spec, node, spec->snippets[i]))
			continue;
		snippet = &MEMORY_PUSH(state->snippets, state->snippet_count);
		*snippet = (struct state_snippet){ .volid = memory_copy(volid), .text = STRBUF_INIT };
		snippet->path = snippet_place(state, volid, &snippet->hindrance);
	}
}

/* A place that Proxmox alone knows is not looked at. */
static bool is_lost(const char *root, const struct state *state, const char *volid, int mode)
{
	CLEANUP(scope_free) char *why = NULL, *path = snippet_place(state, volid, &why), *full = NULL;

	if (!path)
		return why != NULL;
	full = memory_print("%s%s", root, path);
	return access(full, mode) < 0;
}

static void find_lost(const char *root, const struct strvec *volids, int mode, struct state *state)
{
	for (size_t i = 0; i < volids->count; i++)
		if (is_lost(root, state, volids->items[i], mode))
			strvec_push_once(&state->lost_snippets, volids->items[i]);
}

/*
 * Those that VMs of this node name, and that are not there, or as hookscripts cannot be run.
 * One that vyom puts there may be lost for now, unless it is to be run: it never can be.
 */
static void find_lost_snippets(const char *root, const struct spec *spec, struct state *state)
{
	CLEANUP(strvec_release) struct strvec named = STRVEC_INIT, hooks = STRVEC_INIT;

	for (size_t i = 0; i < spec->vm_count; i++) {
		const struct spec_section *vm = spec->vms[i];
		const struct spec_value *said = spec_value(vm, KEY_SNIPPETS);
		const char *hook = spec_option(vm, "hookscript");

		if (!vm->node || strcmp(vm->node->name, state->node) != 0)
			continue;
		for (size_t j = 0; said && j < said->list.count; j++)
			if (!spec_find_snippet(spec, spec_snippet_volid(said->list.items[j])))
				strvec_push_once(&named, spec_snippet_volid(said->list.items[j]));
		if (hook)
			strvec_push_once(&hooks, hook);
	}
	find_lost(root, &named, R_OK, state);
	find_lost(root, &hooks, X_OK, state);
}

int observe_node(const char *root, const struct spec *spec, bool with_lvs, struct state *state,
		 struct error *err)
{
	*state = (struct state){ .node = NULL };
	if (pvefs_read_node(root, state, err) < 0)
		return -1;
	if (!state->mounted)
		return error_set(err, ERROR_REFUSED,
				 "%s/etc/pve is not mounted: this is no Proxmox VE node, or "
				 "pve-cluster is down (systemctl status pve-cluster)",
				 root);
	if (pvefs_read_guests(root, state, err) < 0 ||
	    thin_dm_read(root, &state->pools, &state->volumes, err) < 0)
		return -1;
	if (with_lvs || (spec && needs_lvs(spec, state))) {
		if (lvs_merge(root, &state->pools, &state->volumes, err) < 0)
			return -1;
		state->lvs_asked = true;
	}
	mark_referenced(root, state);
	note_all_held(root, state);
	if (spec) {
		find_snippets(spec, state);
		find_lost_snippets(root, spec, state);
	}
	observe_snippets(root, state);
	return 0;
}

struct refresh {
	const char *root;
	struct state *state;
	struct error *err;
	int result;
};

/* One that we did not know: it is added if device-mapper has it, and not made up. */
static int add_volume(struct refresh *refresh, const struct state_storage *storage,
		      const char *name)
{
	struct thin_volumes *volumes = &refresh->state->volumes;
	struct thin_volume *volume = &MEMORY_PUSH(volumes->items, volumes->count);

	*volume = (struct thin_volume){
		.vg = memory_copy(storage->vg), .pool = memory_copy(storage->pool),
		.name = memory_copy(name), .referenced = true,
	};
	thin_volume_parse_name(volume);
	if (thin_dm_refresh_volume(refresh->root, volume, refresh->err) < 0)
		return -1;
	if (!volume->active) {
		thin_volume_release(volume);
		volumes->count--;
	}
	thin_volumes_sort(volumes);
	return 0;
}

static void refresh_volume(const char *volid, void *context)
{
	struct refresh *refresh = context;
	CLEANUP(scope_free) char *id = memory_copy(volid);
	char *name = id + strcspn(id, ":");
	const struct state_storage *storage;
	struct thin_volume *volume;
	int result;

	if (*name)
		*name++ = '\0';
	storage = state_find_storage(refresh->state, id);
	if (!storage || !storage->vg)
		return;
	volume = state_find_volume(refresh->state, volid);
	if (volume)
		volume->referenced = true;
	result = volume ? thin_dm_refresh_volume(refresh->root, volume, refresh->err)
			: add_volume(refresh, storage, name);
	if (result < 0)
		refresh->result = -1;
}

/* What only lvs knew of others' volumes that are not active is kept: moved from old to fresh. */
static void keep_inactive(struct thin_volumes *old, unsigned vmid, struct thin_volumes *fresh)
{
	struct thin_volumes kept = { .items = NULL };

	for (size_t i = 0; i < old->count; i++) {
		if (old->items[i].active || old->items[i].vmid == vmid ||
		    thin_volumes_find(fresh, old->items[i].vg, old->items[i].name))
			continue;
		MEMORY_PUSH(kept.items, kept.count) = old->items[i];
		old->items[i] = (struct thin_volume){ .vg = NULL };
	}
	for (size_t i = 0; i < kept.count; i++)
		MEMORY_PUSH(fresh->items, fresh->count) = kept.items[i];
	free(kept.items);
	thin_volumes_sort(fresh);
}

static bool has_inactive(const struct thin_volumes *volumes, unsigned vmid)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (volumes->items[i].vmid == vmid && !volumes->items[i].active)
			return true;
	return false;
}

/*
 * Whether a volume of the guest's that is not active is there still, only lvs can tell; ask: or
 * whether one has come that qm left so, as that of a VM that is down.
 */
static int look_at_volumes(const char *root, struct state *state, unsigned vmid, bool ask,
			   struct error *err)
{
	struct thin_volumes old = state->volumes;
	struct thin_pools pools = { .items = NULL };
	int result;

	state->volumes = (struct thin_volumes){ .items = NULL };
	result = thin_dm_read(root, &pools, &state->volumes, err);
	thin_pools_release(&pools);
	if (result == 0 && (ask || has_inactive(&old, vmid)))
		result = lvs_merge(root, &state->pools, &state->volumes, err);
	keep_inactive(&old, vmid, &state->volumes);
	thin_volumes_release(&old);
	mark_referenced(root, state);
	return result;
}

static void note_held_again(const char *root, struct state *state, unsigned vmid)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->held_count; i++)
		if (state->held[i] != vmid)
			state->held[kept++] = state->held[i];
	state->held_count = kept;
	note_held(root, state, vmid);
}

static int refresh_pools(const char *root, struct state *state, struct error *err)
{
	for (size_t i = 0; i < state->pools.count; i++)
		if (thin_dm_refresh_pool(root, &state->pools.items[i], err) < 0)
			return -1;
	return 0;
}

/* Those that no config names: a copy may go on writing one though its qm is gone. */
static void refresh_strays(struct refresh *refresh, unsigned vmid)
{
	struct thin_volumes *volumes = &refresh->state->volumes;

	for (size_t i = 0; i < volumes->count; i++)
		if (volumes->items[i].vmid == vmid && !volumes->items[i].referenced &&
		    thin_dm_refresh_volume(refresh->root, &volumes->items[i], refresh->err) < 0)
			refresh->result = -1;
}

/*
 * A half-made guest, or a half-made template, may have volumes that its config does not name;
 * and what was cloned from a template only lvs knows.
 */
int observe_guest(const char *root, struct state *state, unsigned vmid, struct error *err)
{
	struct refresh refresh = { .root = root, .state = state, .err = err };
	const struct state_guest *guest;
	bool template;

	if (pvefs_read_guest(root, state, vmid, err) < 0)
		return -1;
	guest = state_find_guest(state, vmid);
	template = guest && guest->conf && vmconf_get(guest->conf, "template");
	if (!guest || !guest->conf || vmconf_get(guest->conf, "lock") || template) {
		refresh.result = look_at_volumes(root, state, vmid, template, err);
	} else {
		vmconf_each_volume(guest->conf, refresh_volume, &refresh);
		refresh_strays(&refresh, vmid);
	}
	note_held_again(root, state, vmid);
	return refresh.result < 0 ? -1 : refresh_pools(root, state, err);
}

int observe_after(const char *root, struct state *state, unsigned vmid, enum qm_verb verb,
		  struct error *err)
{
	if (verb == QM_SNIPPET) {
		observe_snippets(root, state);
		return 0;
	}
	if ((verb == QM_ALLOC || verb == QM_EFIDISK || verb == QM_MOVE || verb == QM_FREE) &&
	    look_at_volumes(root, state, vmid, verb == QM_MOVE, err) < 0)
		return -1;
	return observe_guest(root, state, vmid, err);
}
