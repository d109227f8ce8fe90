/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_data.h - the steps for data disks: made, attached by the set, grown, never taken away
 */
#ifndef PLAN_DATA_H
#define PLAN_DATA_H

struct diff_vm;
struct plan;

/* Before the set that attaches them: volumes that are not there yet. */
void plan_data_volumes(const struct diff_vm *diff, struct plan *plan);

/* After it: what is smaller than declared grows. */
void plan_data_sizes(const struct diff_vm *diff, struct plan *plan);

#endif
