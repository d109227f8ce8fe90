/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any three texts are dmsetup's info, table and status, one after the other with
 * a line "--" between: an error that can be told, or pools and volumes that can
 * be found, and that are the same when they alone are read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/thin_dm.h"
#include "fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char separator[] = "\n--\n";

/* The text up to the next separator, which *rest is behind afterwards. */
static void put_part(const char *name, const char **rest, const char *end)
{
	size_t left = (size_t)(end - *rest);
	const char *cut = memmem(*rest, left, separator, strlen(separator));

	folder_put(name, *rest, cut ? (size_t)(cut + 1 - *rest) : left);
	*rest = cut ? cut + strlen(separator) : end;
}

static void put_texts(const char *text, size_t size)
{
	const char *rest = text, *end = text + size;

	if (!*folder)
		folder_make();
	put_part("/run/dm/info", &rest, end);
	put_part("/run/dm/table", &rest, end);
	put_part("/run/dm/status", &rest, end);
}

/* LVM's layers may show a name twice; such a volume may be either of the two. */
static bool is_alone(const struct thin_volumes *volumes, const struct thin_volume *volume)
{
	size_t count = 0;

	for (size_t i = 0; i < volumes->count; i++)
		count += strcmp(volumes->items[i].vg, volume->vg) == 0 &&
			 strcmp(volumes->items[i].name, volume->name) == 0;
	return count == 1;
}

static void check_volume(const struct thin_volumes *volumes, const struct thin_pools *pools,
			 struct thin_volume *volume)
{
	const struct thin_volume *found = thin_volumes_find(volumes, volume->vg, volume->name);
	const uint64_t size = volume->size, mapped = volume->mapped;
	struct error err = { 0 };

	if (!found || strcmp(found->name, volume->name) != 0 || !volume->active)
		abort();
	if (*volume->pool && !thin_pools_find(pools, volume->vg, volume->pool))
		abort();
	if (volume->size % 512 || volume->mapped % 512)
		abort();
	if (thin_dm_refresh_volume(folder, volume, &err) < 0)
		abort();
	if (is_alone(volumes, volume) && volume->active &&
	    (volume->size != size || volume->mapped != mapped))
		abort();
}

static void check_pool(const struct thin_pools *pools, struct thin_pool *pool)
{
	struct error err = { 0 };

	if (!thin_pools_find(pools, pool->vg, pool->name) || pool->extent)
		abort();
	if (pool->mode == THIN_MODE_UNKNOWN || pool->data_total % 512 || pool->chunk % 512)
		abort();
	if (thin_dm_refresh_pool(folder, pool, &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(thin_pools_release) struct thin_pools pools = { 0 };
	CLEANUP(thin_volumes_release) struct thin_volumes volumes = { 0 };
	struct error err = { 0 };

	put_texts((const char *)data, size);
	if (thin_dm_read(folder, &pools, &volumes, &err) < 0) {
		if (*err.text == '\0')
			abort();
		return 0;
	}
	for (size_t i = 0; i < volumes.count && i < 4; i++)
		check_volume(&volumes, &pools, &volumes.items[i]);
	for (size_t i = 0; i < pools.count && i < 4; i++)
		check_pool(&pools, &pools.items[i]);
	return 0;
}
