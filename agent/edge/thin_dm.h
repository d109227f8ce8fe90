/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thin_dm.h - thin pools and volumes by device-mapper ioctl (libdevmapper)
 *
 * Milliseconds where lvs takes a third of a second; sees active devices only.
 * With a sysroot nothing is asked of the kernel: the texts that dmsetup would
 * print are read from ROOT/run/dm/{info,table,status} and go through the same
 * parsing.
 */
#ifndef THIN_DM_H
#define THIN_DM_H

#include "model/thin.h"

struct error;

/* Every thin pool and thin volume that is active.  Sorted.  Origins are unknown. */
int thin_dm_read(const char *root, struct thin_pools *pools, struct thin_volumes *volumes,
		 struct error *err);

/*
 * One volume again: size, mapped, open.  active is false if it is gone from
 * device-mapper, which is no error.
 */
int thin_dm_refresh_volume(const char *root, struct thin_volume *volume, struct error *err);

/* One pool again. */
int thin_dm_refresh_pool(const char *root, struct thin_pool *pool, struct error *err);

#endif
