/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/lvs.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "edge/child.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum { LVS_SECONDS = 60 };

static const char columns[] = "vg_name,lv_name,lv_size,lv_attr,pool_lv,origin,vg_extent_size,"
			      "data_percent,metadata_percent,thin_id";

/* One line of the report; texts belong to it. */
struct row {
	const char *vg, *name, *attr, *pool, *origin;
	uint64_t size, extent, device;
	double data_percent;
};

static const char *text_of(json_t *line, const char *column)
{
	const char *text = json_string_value(json_object_get(line, column));

	return text ? text : "";
}

/* Numbers come as strings; the json_std format of newer LVM has them as numbers. */
static bool read_bytes(json_t *line, const char *column, uint64_t *bytes)
{
	json_t *value = json_object_get(line, column);

	if (!json_is_integer(value))
		return number_parse_unsigned(text_of(line, column), 0, INT64_MAX, bytes);
	*bytes = (uint64_t)json_integer_value(value);
	return json_integer_value(value) >= 0;
}

/* Empty for what is no thin volume. */
static uint64_t device_of(json_t *line)
{
	uint64_t device;

	return read_bytes(line, "thin_id", &device) && device <= UINT_MAX ? device : 0;
}

/* Empty for what is not active. */
static double percent_of(json_t *line, const char *column)
{
	json_t *value = json_object_get(line, column);
	double percent = json_number_value(value);

	if (!json_is_number(value) && !number_parse_ratio(text_of(line, column), &percent))
		return 0;
	return percent < 0 ? 0 : percent > 100 ? 100 : percent;
}

static int read_row(json_t *line, struct row *row, struct error *err)
{
	*row = (struct row){
		.vg = text_of(line, "vg_name"), .name = text_of(line, "lv_name"),
		.attr = text_of(line, "lv_attr"), .pool = text_of(line, "pool_lv"),
		.origin = text_of(line, "origin"), .data_percent = percent_of(line, "data_percent"),
		.device = device_of(line),
	};
	if (!*row->vg || !*row->name || strlen(row->attr) < 6 ||
	    !read_bytes(line, "lv_size", &row->size) ||
	    !read_bytes(line, "vg_extent_size", &row->extent))
		return error_set(err, ERROR_COMMAND,
				 "lvs: the line of volume \"%s/%s\" cannot be understood", row->vg,
				 row->name);
	return 0;
}

static uint64_t share_of(const struct row *row)
{
	return (uint64_t)((double)row->size * row->data_percent / 100);
}

/* What device-mapper told is newer and exact: only what it cannot know is filled in. */
static void merge_pool(const struct row *row, struct thin_pools *pools)
{
	struct thin_pool *pool = thin_pools_find(pools, row->vg, row->name);

	if (pool) {
		pool->extent = row->extent;
		return;
	}
	MEMORY_PUSH(pools->items, pools->count) = (struct thin_pool){
		.vg = memory_copy(row->vg), .name = memory_copy(row->name), .data_total = row->size,
		.data_used = share_of(row), .extent = row->extent, .mode = THIN_MODE_UNKNOWN,
	};
}

/* lv_attr: Vri-aotz-k is a thin volume, read-only, active, open, skipped (pve-facts 8.9a). */
static bool is_skipped(const struct row *row)
{
	return strlen(row->attr) >= 10 && row->attr[9] == 'k';
}

static void fill_volume(const struct row *row, struct thin_volume *volume)
{
	volume->skip = is_skipped(row);
	if (row->device)
		volume->device = (unsigned)row->device;
	free(volume->origin);
	volume->origin = *row->origin ? memory_copy(row->origin) : NULL;
	if (volume->pool && *volume->pool)
		return;
	free(volume->pool);
	volume->pool = memory_copy(row->pool);
}

static void add_volume(const struct row *row, struct thin_volumes *volumes)
{
	struct thin_volume volume = {
		.vg = memory_copy(row->vg),
		.name = memory_copy(row->name),
		.pool = memory_copy(row->pool),
		.origin = *row->origin ? memory_copy(row->origin) : NULL,
		.size = row->size,
		.mapped = share_of(row),
		.read_only = row->attr[1] == 'r' || row->attr[1] == 'R',
		.active = row->attr[4] == 'a',
		.open = row->attr[5] == 'o',
		.skip = is_skipped(row),
		.device = (unsigned)row->device,
	};

	thin_volume_parse_name(&volume);
	MEMORY_PUSH(volumes->items, volumes->count) = volume;
}

/* New volumes go to added: volumes stays sorted while it is searched. */
static void merge_row(const struct row *row, struct thin_pools *pools, struct thin_volumes *volumes,
		      struct thin_volumes *added)
{
	struct thin_volume *volume;

	if (*row->attr == 't')
		merge_pool(row, pools);
	if (*row->attr != 'V')
		return;
	volume = thin_volumes_find(volumes, row->vg, row->name);
	if (volume)
		fill_volume(row, volume);
	else
		add_volume(row, added);
}

static int merge_lines(json_t *lines, struct thin_pools *pools, struct thin_volumes *volumes,
		       struct thin_volumes *added, struct error *err)
{
	struct row row;
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (read_row(line, &row, err) < 0)
			return -1;
		merge_row(&row, pools, volumes, added);
	}
	return 0;
}

static void move_volumes(struct thin_volumes *volumes, struct thin_volumes *added)
{
	for (size_t i = 0; i < added->count; i++)
		MEMORY_PUSH(volumes->items, volumes->count) = added->items[i];
	added->count = 0;
	thin_volumes_sort(volumes);
}

/* { "report": [ { "lv": [ { … }, … ] } ] }, with a "log" beside it in newer LVM */
int lvs_parse(const char *text, struct thin_pools *pools, struct thin_volumes *volumes,
	      struct error *err)
{
	CLEANUP(thin_volumes_release) struct thin_volumes added = { 0 };
	json_auto_t *whole = NULL;
	json_error_t where;
	json_t *reports, *report;
	size_t i;

	whole = json_loads(text, 0, &where);
	if (!whole)
		return error_set(err, ERROR_COMMAND, "lvs: its report is no JSON: line %d: %s",
				 where.line, where.text);
	reports = json_object_get(whole, "report");
	if (!json_is_array(reports))
		return error_set(err, ERROR_COMMAND, "lvs: there is no report in what it printed");
	json_array_foreach(reports, i, report)
		if (merge_lines(json_object_get(report, "lv"), pools, volumes, &added, err) < 0)
			return -1;
	move_volumes(volumes, &added);
	return 0;
}

int lvs_merge(const char *root, struct thin_pools *pools, struct thin_volumes *volumes,
	      struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf report = STRBUF_INIT;

	strvec_pushf(&argv, "%s/usr/sbin/lvs", root);
	strvec_pushl(&argv, "--reportformat", "json", "--units", "b", "--nosuffix", "-o", columns,
		     NULL);
	if (child_read(&argv, LVS_SECONDS, &report, err) < 0)
		return -1;
	return lvs_parse(report.buf, pools, volumes, err);
}
