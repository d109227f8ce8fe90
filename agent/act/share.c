/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/share.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/child.h"
#include "edge/thin_dm.h"
#include "edge/thin_snap.h"
#include "model/state.h"
#include "model/thin_delta.h"
#include "model/vmconf.h"

/* A large pool's metadata is read from a disk that may be slow; each volume's in one go. */
enum { DELTA_SECONDS = 600 };

/* --thin1 and -m are what both 0.9 and 1.x know; after -m no number may follow. */
static int run_delta(const char *root, const char *metadata, unsigned left, unsigned right,
		     struct thin_delta *delta, struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf printed = STRBUF_INIT;

	strvec_pushf(&argv, "%s/usr/sbin/thin_delta", root);
	strvec_pushl(&argv, "-m", "--thin1", NULL);
	strvec_pushf(&argv, "%u", left);
	strvec_push(&argv, "--thin2");
	strvec_pushf(&argv, "%u", right);
	strvec_push(&argv, metadata);
	if (child_read(&argv, DELTA_SECONDS, &printed, err) < 0)
		return -1;
	return thin_delta_parse(printed.buf, left, right, delta, err);
}

static int measure_volume(const char *root, const char *metadata, struct share_volume *item,
			  struct error *err)
{
	struct thin_delta delta;

	if (thin_snap_is_interrupted())
		return error_set(err, ERROR_SYSTEM, "interrupted: nothing was left behind");
	if (run_delta(root, metadata, item->base->device, item->volume->device, &delta, err) < 0)
		return error_prefix(err, "%s/%s", item->volume->vg, item->volume->name);
	item->shared = delta.same;
	item->own = delta.different + delta.right_only;
	return 0;
}

static bool is_in(const struct thin_volume *volume, const struct thin_pool *pool)
{
	return strcmp(volume->vg, pool->vg) == 0 && strcmp(volume->pool, pool->name) == 0;
}

static bool has_clones(const struct share *share, const struct thin_pool *pool)
{
	for (size_t i = 0; i < share->count; i++)
		if (is_in(share->items[i].volume, pool))
			return true;
	return false;
}

static int measure_pool(const char *root, struct thin_pool *pool, struct share *share,
			struct error *err)
{
	CLEANUP(thin_snap_cleanup) struct thin_snap snap = THIN_SNAP_INIT;
	CLEANUP(scope_free) char *metadata = thin_dm_metadata_path(root, pool);

	if (thin_snap_take(&snap, root, pool, err) < 0)
		return -1;
	for (size_t i = 0; i < share->count; i++)
		if (is_in(share->items[i].volume, pool) &&
		    measure_volume(root, metadata, &share->items[i], err) < 0)
			return -1;
	return thin_snap_release(&snap, err);
}

static const char *name_of(const struct state *state, const struct thin_volume *volume)
{
	const struct state_guest *guest = state_find_guest(state, volume->vmid);

	return guest && guest->conf ? vmconf_get(guest->conf, "name") : NULL;
}

/* An origin that is no thin volume of the same pool (an external one) shares no blocks of it. */
static void find_clones(const struct state *state, struct share *share)
{
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i], *base = NULL;

		if (volume->origin)
			base = thin_volumes_find(&state->volumes, volume->vg, volume->origin);
		if (base && volume->device && base->device && strcmp(base->pool, volume->pool) == 0)
			MEMORY_PUSH(share->items, share->count) =
				(struct share_volume){ .volume = volume, .base = base,
						       .vm = name_of(state, volume) };
	}
}

int share_measure(const char *root, struct state *state, struct share *share, struct error *err)
{
	find_clones(state, share);
	for (size_t i = 0; i < state->pools.count; i++) {
		struct thin_pool *pool = &state->pools.items[i];

		if (has_clones(share, pool) && measure_pool(root, pool, share, err) < 0)
			return error_prefix(err, "pool %s/%s", pool->vg, pool->name);
	}
	return 0;
}

void share_release(struct share *share)
{
	free(share->items);
	*share = (struct share){ .items = NULL };
}
