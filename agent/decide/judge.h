/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.h - was a step done?  Not its exit status tells, but the node
 *
 * Pure.  qm says 0 where it failed (resize, template) and fails where it did
 * what it was asked (start): the step is done when the plan, made anew from what
 * the node shows, needs it no more.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>

struct plan;
struct plan_step;
struct record_step;
struct state;
struct strbuf;

/*
 * next is the VM's plan made after the step ended, record how it ended and what
 * it printed.  If it is not done, why says what happened, in qm's own words
 * where it has any.
 */
bool judge_is_done(const struct plan_step *step, const struct record_step *record,
		   const struct plan *next, const struct state *state, struct strbuf *why);

/* Can the pool that the step took space from still be written, so that what it wrote is whole? */
bool judge_pool_is_sound(const struct plan_step *step, const struct state *state);

/*
 * May a step that is not done be tried again?  Only if a lock was not to be had
 * in time, and the very same step is what the node needs next: nothing came of it.
 */
bool judge_may_retry(const struct plan_step *step, const struct record_step *record,
		     const struct plan *next);

#endif
