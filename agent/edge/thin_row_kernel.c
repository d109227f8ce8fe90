/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/thin_row.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libdevmapper.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strvec.h"

/* libdevmapper's log levels: 3 is an error, and a level may carry flags above these bits. */
enum { LEVEL_BITS = 7, LEVEL_ERROR = 3 };

/* What the library said first, which is nearest the cause; it has no other way to tell. */
static char complaint[256];

static void keep_complaint(int level, const char *file, int line, int error_or_class,
			   const char *format, ...) __attribute__((format(printf, 5, 6)));

static void keep_complaint(int level, const char *file, int line, int error_or_class,
			   const char *format, ...)
{
	va_list args;

	(void)file, (void)line, (void)error_or_class;
	if ((level & LEVEL_BITS) > LEVEL_ERROR || *complaint)
		return;
	va_start(args, format);
	vsnprintf(complaint, sizeof(complaint), format, args);
	va_end(args);
}

static void cleanup_task(struct dm_task **task)
{
	if (*task)
		dm_task_destroy(*task);
}

/* The control device is closed when a read is done. */
static void cleanup_library(const int *unused)
{
	(void)unused;
	dm_lib_release();
}

#define WITH_LIBRARY CLEANUP(cleanup_library) int library = 0; (void)library

static void listen_to_library(void)
{
	*complaint = '\0';
	dm_log_with_errno_init(keep_complaint);
}

static int fail(struct error *err, const char *what)
{
	return error_set(err, ERROR_SYSTEM, "device-mapper: cannot %s%s%s", what,
			 *complaint ? ": " : "", complaint);
}

static int list_names(struct strvec *names, struct error *err)
{
	CLEANUP(cleanup_task) struct dm_task *task = dm_task_create(DM_DEVICE_LIST);
	struct dm_names *entry;

	if (!task || !dm_task_run(task))
		return error_set(err, ERROR_SYSTEM,
				 "device-mapper is not available (%s): modprobe dm_thin_pool",
				 *complaint ? complaint : "the kernel does not answer");
	entry = dm_task_get_names(task);
	while (entry && entry->dev) {
		strvec_push(names, entry->name);
		if (!entry->next)
			break;
		entry = (struct dm_names *)((char *)entry + entry->next);
	}
	return 0;
}

/*
 * Ask one thing of one device.  1: task has the answer; 0: no such device.  Not
 * flushing is what keeps a look at a pool from being a commit of its metadata.
 */
static int ask(int what, const char *name, struct dm_task **task, struct dm_info *info,
	       struct error *err)
{
	*task = dm_task_create(what);
	if (!*task || !dm_task_set_name(*task, name) || !dm_task_no_flush(*task))
		return fail(err, name);
	if (!dm_task_run(*task))
		return dm_task_get_errno(*task) == ENXIO ? 0 : fail(err, name);
	if (!dm_task_get_info(*task, info))
		return fail(err, name);
	return info->exists ? 1 : 0;
}

/* 1: row is filled but for its table; 0: it is gone, or no thin device of LVM's. */
static int read_status(const char *name, struct thin_row *row, struct error *err)
{
	CLEANUP(cleanup_task) struct dm_task *task = NULL;
	uint64_t start, sectors = 0;
	char *type = NULL, *params = NULL;
	struct dm_info info;
	const char *uuid;
	int found = ask(DM_DEVICE_STATUS, name, &task, &info, err);

	if (found <= 0)
		return found;
	uuid = dm_task_get_uuid(task);
	if (!uuid || strncmp(uuid, "LVM-", 4) != 0)
		return 0;
	dm_get_next_target(task, NULL, &start, &sectors, &type, &params);
	if (!type || !params || (strcmp(type, "thin") != 0 && strcmp(type, "thin-pool") != 0))
		return 0;
	*row = (struct thin_row){
		.name = memory_copy(name),
		.major = info.major,
		.minor = info.minor,
		.open = info.open_count > 0,
		.read_only = info.read_only,
		.pool = strcmp(type, "thin-pool") == 0,
		.sectors = sectors,
		.status = memory_copy(params),
	};
	return 1;
}

/* A device that went away meanwhile keeps a NULL. */
static int read_table(struct thin_row *row, struct error *err)
{
	CLEANUP(cleanup_task) struct dm_task *task = NULL;
	uint64_t start, sectors;
	char *type = NULL, *params = NULL;
	struct dm_info info;
	int found = ask(DM_DEVICE_TABLE, row->name, &task, &info, err);

	if (found <= 0)
		return found;
	dm_get_next_target(task, NULL, &start, &sectors, &type, &params);
	row->table = memory_copy(params);
	return 0;
}

/* With one pool there is nothing to ask the volumes' tables: that saves every second call. */
static int read_tables(struct thin_rows *rows, struct error *err)
{
	size_t pools = 0;

	for (size_t i = 0; i < rows->count; i++)
		pools += rows->items[i].pool;
	for (size_t i = 0; i < rows->count; i++)
		if ((rows->items[i].pool || pools > 1) && read_table(&rows->items[i], err) < 0)
			return -1;
	return 0;
}

int thin_row_read_kernel(struct thin_rows *rows, struct error *err)
{
	CLEANUP(strvec_release) struct strvec names = STRVEC_INIT;
	WITH_LIBRARY;

	listen_to_library();
	if (list_names(&names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct thin_row row = { 0 };
		int found = read_status(names.items[i], &row, err);

		if (found < 0)
			return -1;
		if (found)
			MEMORY_PUSH(rows->items, rows->count) = row;
	}
	return read_tables(rows, err);
}

int thin_row_read_kernel_one(const char *name, struct thin_rows *rows, struct error *err)
{
	struct thin_row row = { 0 };
	int found;
	WITH_LIBRARY;

	listen_to_library();
	found = read_status(name, &row, err);
	if (found <= 0)
		return found;
	MEMORY_PUSH(rows->items, rows->count) = row;
	return read_table(&rows->items[rows->count - 1], err);
}

int thin_row_message_kernel(const char *name, const char *message, struct error *err)
{
	CLEANUP(cleanup_task) struct dm_task *task = NULL;
	WITH_LIBRARY;

	listen_to_library();
	task = dm_task_create(DM_DEVICE_TARGET_MSG);
	if (!task || !dm_task_set_name(task, name) || !dm_task_set_sector(task, 0) ||
	    !dm_task_set_message(task, message) || !dm_task_run(task))
		return error_set(err, ERROR_SYSTEM, "device-mapper: %s does not do %s%s%s", name,
				 message, *complaint ? ": " : "", complaint);
	return 0;
}
