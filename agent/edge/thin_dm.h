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

/*
 * Every thin pool and thin volume that is active.  Sorted.  Origins are unknown, and
 * so may be the volumes' devices: with one pool, no volume's table is asked for.
 */
int thin_dm_read(const char *root, struct thin_pools *pools, struct thin_volumes *volumes,
		 struct error *err);

/*
 * One volume again: size, mapped, open, and its device.  active is false if it is
 * gone from device-mapper, which is no error.
 */
int thin_dm_refresh_volume(const char *root, struct thin_volume *volume, struct error *err);

/* One pool again. */
int thin_dm_refresh_pool(const char *root, struct thin_pool *pool, struct error *err);

/*
 * Have the kernel keep a snapshot of the metadata of pool, which thin_delta(8) and its
 * like can read while the pool is in use; or let it go.  There is one at most, and held
 * tells of it once the pool is read again.
 */
int thin_dm_reserve_metadata(const char *root, const struct thin_pool *pool, struct error *err);
int thin_dm_release_metadata(const char *root, const struct thin_pool *pool, struct error *err);

/* device-mapper's name of the pool, "pve-data-tpool", and the path of its metadata; caller frees. */
char *thin_dm_pool_name(const struct thin_pool *pool);
char *thin_dm_metadata_path(const char *root, const struct thin_pool *pool);

#endif
