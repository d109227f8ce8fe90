/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thin_row.h - what device-mapper says of one thin pool or volume, not yet understood
 *
 * The kernel and dmsetup's texts are two sources of the same rows; thin_dm makes
 * pools and volumes of them.  Rows are LVM's devices with a thin or thin-pool
 * target only, and in no order.
 */
#ifndef THIN_ROW_H
#define THIN_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct thin_row {
	char *name;		/* "pve-vm--101--disk--0" */
	unsigned major, minor;	/* its device; both 0: not known */
	bool open, read_only;
	bool pool;		/* target thin-pool, else thin */
	uint64_t sectors;	/* of 512 bytes */
	char *table;		/* what follows the target's type; NULL: not asked */
	char *status;
};

struct thin_rows { struct thin_row *items; size_t count; };

void thin_row_release(struct thin_row *row);
void thin_rows_release(struct thin_rows *rows);

/*
 * From ROOT/run/dm/{info,table,status}.  table and status are as dmsetup prints
 * them, "NAME: START SECTORS TYPE …"; a line of info is
 * NAME:UUID:OPEN:Writeable|Read-only[:MAJOR:MINOR].
 */
int thin_row_read_text(const char *root, struct thin_rows *rows, struct error *err);

/* From the kernel: every device. */
int thin_row_read_kernel(struct thin_rows *rows, struct error *err);

/* The device called name; none (rows stays as it was) if it is not there. */
int thin_row_read_kernel_one(const char *name, struct thin_rows *rows, struct error *err);

/* Send the device called name a message: the kernel's, or ROOT/usr/sbin/dmsetup's. */
int thin_row_message_kernel(const char *name, const char *message, struct error *err);
int thin_row_message_text(const char *root, const char *name, const char *message,
			  struct error *err);

#endif
