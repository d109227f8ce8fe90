/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "model/propstr.h"
#include "model/vmconf.h"

void state_guest_release(struct state_guest *guest)
{
	free(guest->node);
	vmconf_free(guest->conf);
	free(guest->pool);
	free(guest->ha);
	free(guest->replication);
	*guest = (struct state_guest){ 0 };
}

static void release_guests(struct state *state)
{
	for (size_t i = 0; i < state->guest_count; i++)
		state_guest_release(&state->guests[i]);
	free(state->guests);
}

static void release_storages(struct state *state)
{
	for (size_t i = 0; i < state->storage_count; i++) {
		free(state->storages[i].id);
		free(state->storages[i].type);
		free(state->storages[i].vg);
		free(state->storages[i].path);
		free(state->storages[i].pool);
	}
	free(state->storages);
}

static void release_mtus(struct state *state)
{
	for (size_t i = 0; i < state->mtu_count; i++)
		free(state->mtus[i].bridge);
	free(state->mtus);
}

static void release_snippets(struct state *state)
{
	for (size_t i = 0; i < state->snippet_count; i++) {
		free(state->snippets[i].volid);
		free(state->snippets[i].path);
		free(state->snippets[i].hindrance);
		strbuf_release(&state->snippets[i].text);
	}
	free(state->snippets);
}

void state_release(struct state *state)
{
	free(state->node);
	free(state->version);
	release_guests(state);
	release_storages(state);
	strvec_release(&state->bridges);
	strvec_release(&state->cpu_models);
	release_mtus(state);
	strvec_release(&state->nameservers);
	free(state->search);
	strvec_release(&state->resource_pools);
	thin_pools_release(&state->pools);
	thin_volumes_release(&state->volumes);
	release_snippets(state);
	strvec_release(&state->lost_snippets);
	free(state->held);
	*state = (struct state)STATE_INIT;
}

static int compare_vmid(const void *key, const void *element)
{
	unsigned vmid = *(const unsigned *)key, other = ((const struct state_guest *)element)->vmid;

	return (vmid > other) - (vmid < other);
}

struct state_guest *state_find_guest(const struct state *state, unsigned vmid)
{
	if (state->guest_count == 0)
		return NULL;
	return bsearch(&vmid, state->guests, state->guest_count, sizeof(*state->guests),
		       compare_vmid);
}

static struct state_storage *find_storage(const struct state *state, const char *id, size_t len)
{
	for (size_t i = 0; i < state->storage_count; i++) {
		struct state_storage *storage = &state->storages[i];

		if (strncmp(storage->id, id, len) == 0 && storage->id[len] == '\0')
			return storage;
	}
	return NULL;
}

struct state_storage *state_find_storage(const struct state *state, const char *id)
{
	return find_storage(state, id, strlen(id));
}

struct state_snippet *state_find_snippet(const struct state *state, const char *volid)
{
	for (size_t i = 0; i < state->snippet_count; i++)
		if (strcmp(state->snippets[i].volid, volid) == 0)
			return &state->snippets[i];
	return NULL;
}

struct thin_volume *state_find_volume(const struct state *state, const char *volid)
{
	const char *colon = volid ? strchr(volid, ':') : NULL;
	struct state_storage *storage;

	if (!colon)
		return NULL;
	storage = find_storage(state, volid, (size_t)(colon - volid));
	if (!storage || !storage->vg || !storage->pool)
		return NULL;
	return thin_volumes_find(&state->volumes, storage->vg, colon + 1);
}

struct thin_volume *state_find_drive(const struct state *state, const struct vmconf *conf,
				     const char *key)
{
	CLEANUP(propstr_release) struct propstr drive = propstr_parse(vmconf_get(conf, key), "file");

	return state_find_volume(state, propstr_get(&drive, "file"));
}

struct thin_volume *state_find_cloudinit(const struct state *state, const struct vmconf *conf)
{
	for (size_t i = 0; i < conf->live_count; i++)
		if (vmconf_is_drive(conf->live[i].key) &&
		    strstr(conf->live[i].value, "-cloudinit"))
			return state_find_drive(state, conf, conf->live[i].key);
	return NULL;
}

char *state_drive_path(const struct state *state, const struct vmconf *conf, const char *key)
{
	CLEANUP(propstr_release) struct propstr drive = propstr_parse(vmconf_get(conf, key), "file");
	const char *volid = propstr_get(&drive, "file");
	const struct state_storage *storage;

	if (!volid || !strchr(volid, ':'))
		return NULL;
	storage = find_storage(state, volid, strcspn(volid, ":"));
	if (!storage || !storage->vg)
		return NULL;
	return memory_print("%s/%s", storage->vg, strchr(volid, ':') + 1);
}

unsigned state_bridge_mtu(const struct state *state, const char *bridge)
{
	for (size_t i = 0; i < state->mtu_count; i++)
		if (strcmp(state->mtus[i].bridge, bridge) == 0)
			return state->mtus[i].mtu;
	return 0;
}

bool state_is_held(const struct state *state, unsigned vmid)
{
	for (size_t i = 0; i < state->held_count; i++)
		if (state->held[i] == vmid)
			return true;
	return false;
}

char *state_volid(const struct state *state, const struct thin_volume *volume)
{
	for (size_t i = 0; i < state->storage_count; i++) {
		const struct state_storage *storage = &state->storages[i];

		if (storage->vg && storage->pool && strcmp(storage->vg, volume->vg) == 0 &&
		    strcmp(storage->pool, volume->pool) == 0)
			return memory_print("%s:%s", storage->id, volume->name);
	}
	return NULL;
}

struct thin_pool *state_find_pool(const struct state *state, const char *storage)
{
	const struct state_storage *found = state_find_storage(state, storage);

	if (!found || !found->vg || !found->pool)
		return NULL;
	return thin_pools_find(&state->pools, found->vg, found->pool);
}
