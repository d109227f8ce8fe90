/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * share.h - what clones still share with the base they were made from, to the byte
 *
 * Counted by thin_delta(8) in a snapshot of each pool's metadata, so that it is right
 * while guests write: what is shared is stored once, at the same place of both.
 */
#ifndef SHARE_H
#define SHARE_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct state;
struct thin_volume;

/* Bytes, in whole chunks of the pool. */
struct share_volume {
	const struct thin_volume *volume, *base;	/* state's */
	const char *vm;		/* its name; NULL: not known */
	uint64_t shared;	/* with base */
	uint64_t own;		/* written since, or where base has nothing */
};

struct share {
	struct share_volume *items;	/* in the order of state's volumes */
	size_t count;
};

/*
 * Every volume of state that has an origin, which lvs told.  The caller has the run
 * lock.  Nothing is left reserved, whatever happens; a signal that came meanwhile is
 * ERROR_SYSTEM, if it does not end us.
 */
int share_measure(const char *root, struct state *state, struct share *share, struct error *err);

void share_release(struct share *share);

#endif
