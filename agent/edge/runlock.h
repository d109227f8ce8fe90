/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runlock.h - one run at a time per node: ROOT/run/lock/vyom.lock
 *
 * A flock(2) that the kernel drops when its holder dies.  The file's content
 * says who holds it; it is never removed.
 */
#ifndef RUNLOCK_H
#define RUNLOCK_H

#include <stdbool.h>

struct error;

/*
 * Take the lock for a run of verb, waiting at most seconds.  Returns an fd to
 * close at the end, or -1: ERROR_BUSY says who holds it and since when.
 */
int runlock_take(const char *root, const char *verb, unsigned seconds, struct error *err);

/* Does a run hold it now?  Opens nothing for writing, and creates nothing. */
bool runlock_is_held(const char *root);

#endif
