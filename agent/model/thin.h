/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thin.h - a thin pool and the volumes in it: plain data
 *
 * All amounts are bytes.  What device-mapper tells it tells of active volumes
 * only; the rest comes from lvs (pve-facts 8.5).
 */
#ifndef THIN_H
#define THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum thin_mode {
	THIN_MODE_UNKNOWN,	/* the pool is not active */
	THIN_MODE_RW,
	THIN_MODE_RO,
	THIN_MODE_OUT_OF_DATA,
	THIN_MODE_FAILED,
};

struct thin_pool {
	char *vg, *name;
	uint64_t data_used, data_total;
	uint64_t meta_used, meta_total;
	uint64_t chunk;			/* allocation unit of data */
	uint64_t extent;		/* of the VG; 0 until lvs was asked */
	enum thin_mode mode;
	bool needs_check;
	bool error_if_full;		/* else writes wait for space */
	uint64_t data_low_water;	/* free data at which the kernel raises an event */
	uint64_t held;			/* metadata block of the snapshot kept of it; 0: none */
};

struct thin_volume {
	char *vg, *name;
	char *pool; /* name of its pool in the same VG; "" if only lvs can tell */
	char *origin;			/* NULL: none, or lvs was not asked */
	uint64_t size;
	uint64_t mapped;		/* bytes it occupies, shared or not; 0 if inactive */
	bool active, open, read_only;
	bool skip;			/* activated with -K only, as a base is; lvs alone tells */
	unsigned device;		/* its number in the pool, from 1; 0: not known */
	unsigned vmid;			/* from its name, vm-N-… or base-N-…; 0 if it names none */
	bool base;			/* base-…: a template's disk */
	bool referenced;		/* some VM's config names it (set by observe) */
};

struct thin_pools { struct thin_pool *items; size_t count; };
struct thin_volumes { struct thin_volume *items; size_t count; };	/* by vg, then name */

void thin_pools_release(struct thin_pools *pools);
void thin_volume_release(struct thin_volume *volume);
void thin_volumes_release(struct thin_volumes *volumes);
void thin_volumes_sort(struct thin_volumes *volumes);

/* NULL if there is none. */
struct thin_pool *thin_pools_find(const struct thin_pools *pools, const char *vg, const char *name);
/* volumes must be sorted. */
struct thin_volume *thin_volumes_find(const struct thin_volumes *volumes, const char *vg,
				      const char *name);

/*
 * Owner by name, exactly as Proxmox parses it (pve-facts 8.1): "vm-101-disk-0"
 * and "base-101-disk-0" are 101's, "vm-1010-disk-0" is not.  Fills vmid and base.
 */
void thin_volume_parse_name(struct thin_volume *volume);

/* "rw", "read-only", "out of data space", "failed", "not active" */
const char *thin_mode_name(enum thin_mode mode);

#endif
