/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_data.h - the steps for the disks besides the first: made, attached, grown; taken out
 * only where the file says so, and never away
 */
#ifndef PLAN_DATA_H
#define PLAN_DATA_H

#include <stdbool.h>

struct diff_vm;
struct plan;

/* Before the set that attaches them: volumes that are not there yet. */
void plan_data_volumes(const struct diff_vm *diff, struct plan *plan);

/* Is the drive in that slot made and attached by one step, so that the set does not name it? */
bool plan_data_makes(const struct diff_vm *diff, const char *slot);

/* After it: what is smaller than declared grows. */
void plan_data_sizes(const struct diff_vm *diff, struct plan *plan);

#endif
