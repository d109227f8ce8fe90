/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/thin_dm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libdevmapper.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/thin_row.h"

/* The kernel counts sectors, and a pool's metadata in blocks of one size. */
enum { SECTOR = 512, META_BLOCK = 4096 };

/* Where the library puts what it parses, for one read. */
static void cleanup_arena(struct dm_pool **arena)
{
	if (*arena)
		dm_pool_destroy(*arena);
}

#define ARENA(name) CLEANUP(cleanup_arena) struct dm_pool *name = dm_pool_create("vyom", 4096)

/* dm_get_status_…'s complaints are told by our errors; the library would print them. */
static void be_quiet(int level, const char *file, int line, int error_or_class, const char *format,
		     ...)
{
	(void)level, (void)file, (void)line, (void)error_or_class, (void)format;
}

static int fail(const struct thin_row *row, const char *what, const char *text, struct error *err)
{
	return error_set(err, ERROR_SYSTEM,
			 "device-mapper: the %s of %s cannot be understood: \"%s\"", what,
			 row->name, text);
}

static enum thin_mode mode_of(const struct dm_status_thin_pool *status)
{
	if (status->fail)
		return THIN_MODE_FAILED;
	if (status->out_of_data_space)
		return THIN_MODE_OUT_OF_DATA;
	return status->read_only ? THIN_MODE_RO : THIN_MODE_RW;
}

/* A failed pool tells no numbers; its size is known all the same. */
static int fill_pool(struct dm_pool *arena, const struct thin_row *row, struct thin_pool *pool,
		     struct error *err)
{
	struct dm_status_thin_pool *status;
	unsigned long long chunk, low_water;

	if (sscanf(row->table, "%*s %*s %llu %llu", &chunk, &low_water) != 2)
		return fail(row, "table", row->table, err);
	if (!dm_get_status_thin_pool(arena, row->status, &status))
		return fail(row, "status", row->status, err);
	pool->chunk = chunk * SECTOR;
	pool->data_low_water = low_water * pool->chunk;
	pool->data_total = row->sectors * SECTOR;
	pool->data_used = status->used_data_blocks * pool->chunk;
	pool->meta_used = status->used_metadata_blocks * META_BLOCK;
	pool->meta_total = status->total_metadata_blocks * META_BLOCK;
	pool->mode = mode_of(status);
	pool->needs_check = status->needs_check;
	pool->error_if_full = status->error_if_no_space;
	pool->held = 0;	/* "-" where there is none; the library does not tell it */
	sscanf(row->status, "%*s %*s %*s %" SCNu64, &pool->held);
	return 0;
}

static int fill_volume(struct dm_pool *arena, const struct thin_row *row,
		       struct thin_volume *volume, struct error *err)
{
	struct dm_status_thin *status;

	if (!dm_get_status_thin(arena, row->status, &status))
		return fail(row, "status", row->status, err);
	volume->size = row->sectors * SECTOR;
	volume->mapped = status->mapped_sectors * SECTOR;
	volume->active = true;
	volume->open = row->open;
	volume->read_only = row->read_only;
	if (row->table)
		sscanf(row->table, "%*s %u", &volume->device);
	return 0;
}

/* The pools' rows, in the order of pools: a volume's table names its pool by device. */
struct pool_rows { const struct thin_row **items; size_t count; };

static void cleanup_pool_rows(struct pool_rows *rows)
{
	free(rows->items);
}

/* Of this VG's pools the one with that device; or the only one, where the device is not known. */
static const char *pool_of(const struct thin_row *row, const char *vg,
			   const struct thin_pools *pools, const struct pool_rows *rows)
{
	unsigned major = 0, minor = 0;
	const char *only = NULL;
	size_t count = 0;

	if (row->table)
		sscanf(row->table, "%u:%u", &major, &minor);
	for (size_t i = 0; i < pools->count; i++) {
		if (strcmp(pools->items[i].vg, vg) != 0)
			continue;
		if (major && rows->items[i]->major == major && rows->items[i]->minor == minor)
			return pools->items[i].name;
		only = pools->items[i].name;
		count++;
	}
	return count == 1 ? only : "";
}

static int add_pool(struct dm_pool *arena, const struct thin_row *row, struct thin_pools *pools,
		    struct error *err)
{
	char *vg, *name, *layer;
	struct thin_pool pool = { 0 };

	if (!dm_split_lvm_name(arena, row->name, &vg, &name, &layer))
		return error_set(err, ERROR_SYSTEM, "device-mapper: \"%s\" is no name of LVM's",
				 row->name);
	if (fill_pool(arena, row, &pool, err) < 0)
		return -1;
	pool.vg = memory_copy(vg);
	pool.name = memory_copy(name);
	MEMORY_PUSH(pools->items, pools->count) = pool;
	return 0;
}

static int add_volume(struct dm_pool *arena, const struct thin_row *row,
		      const struct thin_pools *pools, const struct pool_rows *pool_rows,
		      struct thin_volumes *volumes, struct error *err)
{
	char *vg, *name, *layer;
	struct thin_volume volume = { 0 };

	if (!dm_split_lvm_name(arena, row->name, &vg, &name, &layer))
		return error_set(err, ERROR_SYSTEM, "device-mapper: \"%s\" is no name of LVM's",
				 row->name);
	if (fill_volume(arena, row, &volume, err) < 0)
		return -1;
	volume.vg = memory_copy(vg);
	volume.name = memory_copy(name);
	volume.pool = memory_copy(pool_of(row, vg, pools, pool_rows));
	thin_volume_parse_name(&volume);
	MEMORY_PUSH(volumes->items, volumes->count) = volume;
	return 0;
}

static int add_rows(const struct thin_rows *rows, struct thin_pools *pools,
		    struct thin_volumes *volumes, struct error *err)
{
	CLEANUP(cleanup_pool_rows) struct pool_rows pool_rows = { 0 };
	ARENA(arena);

	dm_log_with_errno_init(be_quiet);
	for (size_t i = 0; i < rows->count; i++) {
		if (!rows->items[i].pool || !rows->items[i].table)
			continue;	/* no table: it went away as we looked */
		if (add_pool(arena, &rows->items[i], pools, err) < 0)
			return -1;
		MEMORY_PUSH(pool_rows.items, pool_rows.count) = &rows->items[i];
	}
	for (size_t i = 0; i < rows->count; i++)
		if (!rows->items[i].pool &&
		    add_volume(arena, &rows->items[i], pools, &pool_rows, volumes, err) < 0)
			return -1;
	thin_volumes_sort(volumes);
	return 0;
}

int thin_dm_read(const char *root, struct thin_pools *pools, struct thin_volumes *volumes,
		 struct error *err)
{
	CLEANUP(thin_rows_release) struct thin_rows rows = { 0 };

	thin_pools_release(pools);
	thin_volumes_release(volumes);
	if ((*root ? thin_row_read_text(root, &rows, err) : thin_row_read_kernel(&rows, err)) < 0)
		return -1;
	return add_rows(&rows, pools, volumes, err);
}

/* The row of VG/LV; NULL in *row if it is not active. */
static int read_one(const char *root, const char *name, struct thin_rows *rows,
		    const struct thin_row **row, struct error *err)
{
	size_t first = rows->count;

	*row = NULL;
	if ((*root ? thin_row_read_text(root, rows, err) :
		     thin_row_read_kernel_one(name, rows, err)) < 0)
		return -1;
	for (size_t i = first; i < rows->count; i++)
		if (strcmp(rows->items[i].name, name) == 0)
			*row = &rows->items[i];
	return 0;
}

int thin_dm_refresh_volume(const char *root, struct thin_volume *volume, struct error *err)
{
	CLEANUP(thin_rows_release) struct thin_rows rows = { 0 };
	const struct thin_row *row;
	ARENA(arena);

	dm_log_with_errno_init(be_quiet);
	if (read_one(root, dm_build_dm_name(arena, volume->vg, volume->name, ""), &rows, &row,
		     err) < 0)
		return -1;
	if (row && !row->pool)
		return fill_volume(arena, row, volume, err);
	volume->active = volume->open = false;
	volume->mapped = 0;
	return 0;
}

/* LVM puts a layer between a pool and its volumes; a pool without volumes has none. */
int thin_dm_refresh_pool(const char *root, struct thin_pool *pool, struct error *err)
{
	static const char *const layers[] = { "tpool", "" };
	CLEANUP(thin_rows_release) struct thin_rows rows = { 0 };
	const struct thin_row *row;
	ARENA(arena);

	dm_log_with_errno_init(be_quiet);
	for (size_t i = 0; i < 2; i++) {
		const char *name = dm_build_dm_name(arena, pool->vg, pool->name, layers[i]);

		thin_rows_release(&rows);
		if (read_one(root, name, &rows, &row, err) < 0)
			return -1;
		if (row && row->pool && row->table)
			return fill_pool(arena, row, pool, err);
	}
	pool->mode = THIN_MODE_UNKNOWN;
	return 0;
}

static char *name_of(const struct thin_pool *pool, const char *suffix, const char *layer)
{
	CLEANUP(scope_free) char *name = memory_print("%s%s", pool->name, suffix);
	ARENA(arena);

	return memory_copy(dm_build_dm_name(arena, pool->vg, name, layer));
}

/* A pool that has volumes, and so has the layer. */
char *thin_dm_pool_name(const struct thin_pool *pool)
{
	return name_of(pool, "", "tpool");
}

char *thin_dm_metadata_path(const char *root, const struct thin_pool *pool)
{
	CLEANUP(scope_free) char *name = name_of(pool, "_tmeta", "");

	return memory_print("%s/dev/mapper/%s", root, name);
}

static int send_message(const char *root, const struct thin_pool *pool, const char *message,
			struct error *err)
{
	CLEANUP(scope_free) char *name = thin_dm_pool_name(pool);

	return *root ? thin_row_message_text(root, name, message, err) :
		       thin_row_message_kernel(name, message, err);
}

int thin_dm_reserve_metadata(const char *root, const struct thin_pool *pool, struct error *err)
{
	return send_message(root, pool, "reserve_metadata_snap", err);
}

int thin_dm_release_metadata(const char *root, const struct thin_pool *pool, struct error *err)
{
	return send_message(root, pool, "release_metadata_snap", err);
}
