/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outputs.h - what commands printed: the files ROOT/var/lib/vyom/output/RUN-STEP
 *
 * Beside that folder are those that were put aside as output.TIME, when a new journal
 * began to count its runs from 1 again.
 */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct outputs_file {
	int64_t run, step;
	double written;		/* when last, in seconds since the epoch */
	double aside;		/* when its folder was put aside; 0: it was not */
};

struct outputs_removed {
	size_t files;
	uint64_t bytes;
};

/*
 * Remove those that is_old, and folders put aside that are empty then.  Only regular
 * files that are named RUN-STEP are looked at, and no symlink is followed below
 * ROOT/var/lib/vyom.  -1 at the first that cannot be removed; removed counts all the same.
 */
int outputs_remove(const char *root,
		   bool (*is_old)(const void *context, const struct outputs_file *file),
		   const void *context, struct outputs_removed *removed, struct error *err);

#endif
