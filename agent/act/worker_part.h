/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker_part.h - what the parts of a worker share: worker.c runs a step, worker_begin.c
 * begins it, worker_finish.c says what came of it
 */
#ifndef WORKER_PART_H
#define WORKER_PART_H

#include "act/worker.h"

/* Tell the report, with the current step and the run filled in. */
void worker_emit(const struct worker *worker, struct event event);

/* Is it about a VM?  Else about snippets, which no VM's result counts. */
bool worker_has_vm(const struct worker *worker);

/* The VM's plan by what apply->state shows now; plan is empty before. */
void worker_plan(const struct worker *worker, struct plan *plan);

/* From now on next, which is taken over, is the worker's plan. */
void worker_take_plan(struct worker *worker, struct plan *next);

/*
 * Is next what is left of the plan that was shown, as far as its verbs tell?  A
 * verb that nobody saw is not carried out, whoever made it necessary meanwhile.
 */
bool worker_is_as_shown(const struct worker *worker, const struct plan *next);

/* The child has ended: judge it, journal the result, and go on.  -1: the journal failed. */
int worker_finish(struct worker *worker, struct error *err);

/* The step failed; what came of it is not known, and the next run settles it. */
void worker_leave_open(struct worker *worker, const char *why);

#endif
