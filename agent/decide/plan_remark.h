/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_remark.h - what a plan says besides its steps: when a change comes into force,
 * what cloud-init makes of it, and what is left alone
 */
#ifndef PLAN_REMARK_H
#define PLAN_REMARK_H

#include <stdbool.h>
#include <stddef.h>

struct diff_item;
struct diff_vm;
struct plan;
struct plan_options;
struct state;
struct strbuf;

/* Notes and refusals about what would change. */
void plan_remark(const struct diff_vm *diff, const struct state *state,
		 const struct plan_options *options, struct plan *plan);

/* Would what changes make cloud-init treat the guest as a new one?  That wants --reinit. */
bool plan_wants_reinit(const struct diff_vm *diff, const struct state *state);

/* Add ", cores 4 → 8" to why. */
void plan_describe_change(const struct diff_item *item, struct strbuf *why);

/* Its steps in plan, from begin on, may put into force what others left waiting: the note. */
void plan_note_foreign_pending(const struct diff_vm *diff, size_t begin, struct plan *plan);

/* What would stop and start it; caller frees. */
char *plan_how_to_restart(const struct diff_vm *diff);

#endif
