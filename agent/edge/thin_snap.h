/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thin_snap.h - hold a snapshot of a pool's metadata, and never leave it behind
 *
 *	CLEANUP(thin_snap_cleanup) struct thin_snap snap = THIN_SNAP_INIT;
 *
 *	if (thin_snap_take(&snap, root, pool, err) < 0)
 *		return -1;
 *	... thin_delta --metadata-snap, and !thin_snap_is_interrupted() before each ...
 *	return thin_snap_release(&snap, err);
 *
 * While it is held, HUP, INT and TERM wait: they take effect at its release.  Against
 * what cannot wait, a note ROOT/var/lib/vyom/metadata-snapshot.POOL says that it is
 * ours; the next thin_snap_take releases what the note speaks of.  Held by somebody
 * else, it is theirs and stays.  The caller has the run lock.
 */
#ifndef THIN_SNAP_H
#define THIN_SNAP_H

#include <signal.h>
#include <stdbool.h>

struct error;
struct thin_pool;

struct thin_snap {
	const char *root;
	struct thin_pool *pool;
	char *note;		/* its path; NULL: nothing is held */
	bool noted, reserved;
	sigset_t before;	/* the signals that were blocked before */
};

#define THIN_SNAP_INIT { .note = NULL }

/* root and pool stay the caller's.  ERROR_REFUSED: somebody else holds one. */
int thin_snap_take(struct thin_snap *snap, const char *root, struct thin_pool *pool,
		   struct error *err);

/* -1: it is still held, and the note stays for the next one. */
int thin_snap_release(struct thin_snap *snap, struct error *err);

/* Does a signal wait for the release? */
bool thin_snap_is_interrupted(void);

/* The same where an error is on its way already. */
void thin_snap_cleanup(struct thin_snap *snap);

#endif
