/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_restart.h - the steps around a VM's other ones where it is stopped and started
 *
 * Pure.  A VM that runs is shut down first, only with --restart, and only where one
 * of its changes waits for that; then it is changed and started like one that never
 * ran.  After a start its guest may be waited for; nothing on the node tells that
 * this was done, so the step is planned along with the start and never without it.
 */
#ifndef PLAN_RESTART_H
#define PLAN_RESTART_H

#include <stdbool.h>

struct diff_vm;
struct plan;
struct plan_options;
struct state;

/* Will it be stopped and started? */
bool plan_restart_is_due(const struct diff_vm *diff, const struct state *state,
			 const struct plan_options *options);

/* Shut it down; stopped becomes what diff will be then, and owns nothing of its own. */
void plan_restart_begin(const struct diff_vm *diff, const struct state *state,
			const struct plan_options *options, struct plan *plan,
			struct diff_vm *stopped);

/* After the step that starts it: wait for its guest, where that is declared or due. */
void plan_wait(const struct diff_vm *diff, bool restarted, struct plan *plan);

#endif
