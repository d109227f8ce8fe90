/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * join.h - wait for what an earlier run set going
 *
 * Nobody is at work on a VM when our child is gone, no qm holds the VM's lock,
 * and nobody has its volumes open: the copy of a qm that was killed writes on for
 * minutes with the lock free (pve-facts 12.5).
 */
#ifndef JOIN_H
#define JOIN_H

struct error;
struct record_step;
struct recover;

/*
 * Wait for the child of step, if it lives, showing its progress.  One that is
 * over its limit is asked to end; -1 with ERROR_REFUSED, naming it, if it does not.
 */
int join_child(const struct recover *recover, const struct record_step *step, struct error *err);

/*
 * After a clone or destroy: wait until nobody is at work on its VM, and look at it.
 * -1 with ERROR_REFUSED if it goes on without any progress.
 */
int join_quiet(const struct recover *recover, const struct record_step *step, struct error *err);

/* Where the output of step is; caller frees. */
char *join_output_path(const struct recover *recover, const struct record_step *step);

#endif
