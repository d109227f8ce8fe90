/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/thin_row.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/child.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum { DMSETUP_SECONDS = 60 };

void thin_row_release(struct thin_row *row)
{
	free(row->name);
	free(row->table);
	free(row->status);
	*row = (struct thin_row){ 0 };
}

void thin_rows_release(struct thin_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		thin_row_release(&rows->items[i]);
	free(rows->items);
	*rows = (struct thin_rows){ 0 };
}

static int compare_rows(const void *left, const void *right)
{
	return strcmp(((const struct thin_row *)left)->name,
		      ((const struct thin_row *)right)->name);
}

static struct thin_row *find_row(const struct thin_rows *rows, const char *name)
{
	struct thin_row wanted = { .name = (char *)name };

	if (rows->count == 0)
		return NULL;
	return bsearch(&wanted, rows->items, rows->count, sizeof(wanted), compare_rows);
}

/* The number in the next field of a line of info, or 0. */
static unsigned next_number(char **line)
{
	char *field = strsep(line, ":");
	uint64_t number;

	return field && number_parse_unsigned(field, 0, UINT_MAX, &number) ? (unsigned)number : 0;
}

static void parse_info(struct thin_rows *rows, char *line)
{
	char *name = strsep(&line, ":"), *uuid = strsep(&line, ":"), *access_mode;
	struct thin_row row = { 0 };

	if (!uuid || strncmp(uuid, "LVM-", 4) != 0)
		return;
	row.open = next_number(&line) > 0;
	access_mode = strsep(&line, ":");
	if (!access_mode)
		return;
	row.read_only = strcmp(access_mode, "Read-only") == 0;
	row.major = next_number(&line);
	row.minor = next_number(&line);
	row.name = memory_copy(name);
	MEMORY_PUSH(rows->items, rows->count) = row;
}

/* "NAME: START SECTORS TYPE REST": into REST goes what the type leaves. */
static struct thin_row *parse_target(const struct thin_rows *rows, char *line, char **rest)
{
	char *name = strsep(&line, ":"), *start, *sectors, *type;
	struct thin_row *row = find_row(rows, name);
	uint64_t length;

	if (!row || !line || *line++ != ' ')
		return NULL;
	start = strsep(&line, " ");
	sectors = strsep(&line, " ");
	type = strsep(&line, " ");
	if (!start || !sectors || !type ||
	    !number_parse_unsigned(sectors, 0, UINT64_MAX >> 9, &length))
		return NULL;
	if (strcmp(type, "thin") != 0 && strcmp(type, "thin-pool") != 0)
		return NULL;
	row->pool = strcmp(type, "thin-pool") == 0;
	row->sectors = length;
	*rest = line ? line : type + strlen(type);
	return row;
}

static void parse_table(struct thin_rows *rows, char *line)
{
	char *rest;
	struct thin_row *row = parse_target(rows, line, &rest);

	if (row && !row->table)
		row->table = memory_copy(rest);
}

static void parse_status(struct thin_rows *rows, char *line)
{
	char *rest;
	struct thin_row *row = parse_target(rows, line, &rest);

	if (row && !row->status)
		row->status = memory_copy(rest);
}

static int each_line(const char *root, const char *name,
		     void (*parse)(struct thin_rows *rows, char *line), struct thin_rows *rows,
		     struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char path[PATH_MAX], *rest, *line;

	snprintf(path, sizeof(path), "%s/run/dm/%s", root, name);
	if (file_read(path, &text) < 0)
		return error_set_errno(err, "%s", path);
	rest = text.buf;
	while ((line = strsep(&rest, "\n")))
		parse(rows, line);
	return 0;
}

/* Other targets, and devices that went away from one text to the next. */
static void drop_others(struct thin_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (rows->items[i].status)
			rows->items[kept++] = rows->items[i];
		else
			thin_row_release(&rows->items[i]);
	}
	rows->count = kept;
}

int thin_row_read_text(const char *root, struct thin_rows *rows, struct error *err)
{
	if (each_line(root, "info", parse_info, rows, err) < 0)
		return -1;
	if (rows->count)
		qsort(rows->items, rows->count, sizeof(*rows->items), compare_rows);
	if (each_line(root, "table", parse_table, rows, err) < 0 ||
	    each_line(root, "status", parse_status, rows, err) < 0)
		return -1;
	drop_others(rows);
	return 0;
}

int thin_row_message_text(const char *root, const char *name, const char *message,
			  struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf said = STRBUF_INIT;

	strvec_pushf(&argv, "%s/usr/sbin/dmsetup", root);
	strvec_pushl(&argv, "message", name, "0", message, NULL);
	return child_read(&argv, DMSETUP_SECONDS, &said, err);
}
