/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_move.h - disks that lie on another storage than declared: moved where that is asked
 * for, else told
 *
 * Only while the VM is down: a running one's QEMU would go on copying where qm is cut off.
 * The old volume is never taken away.
 */
#ifndef PLAN_MOVE_H
#define PLAN_MOVE_H

#include <stdbool.h>

struct diff_vm;
struct plan;
struct plan_options;
struct state;

/* After the set, which puts into force what waits: a step for each, or what would do it. */
void plan_moves(const struct diff_vm *diff, const struct state *state,
		const struct plan_options *options, struct plan *plan);

/* Is there one that is only not moved because the VM runs? */
bool plan_move_waits(const struct diff_vm *diff, const struct state *state,
		     const struct plan_options *options);

/* The storage that plan moves the VM's disk in that slot to; NULL: it does not. */
const char *plan_move_target(const struct plan *plan, unsigned vmid, const char *slot);

#endif
