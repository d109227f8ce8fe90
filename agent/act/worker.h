/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker.h - one VM of a run: its steps, one after the other
 *
 * After each step the VM is looked at and planned again, so that a step always
 * runs with what is there (the volume's real name, say), and so that the plan
 * itself is the postcondition: a step is done when it is planned no more.
 */
#ifndef WORKER_H
#define WORKER_H

#include "act/apply.h"
#include "edge/child.h"
#include "model/record.h"

enum worker_state {
	WORKER_READY,		/* its next step waits for a free place */
	WORKER_RUNNING,
	WORKER_PAUSED,		/* a lock was not to be had; tries again at resume */
	WORKER_DONE,
	WORKER_FAILED,
};

struct worker {
	struct apply *apply;
	int64_t run;
	const struct plan_step *planned;	/* the VM's steps as shown to the user */
	size_t planned_count;
	size_t position;		/* how many of them are behind us */
	struct plan plan; /* as of the newest look; its first step is the current one */
	enum worker_state state;
	struct child child;
	struct record_step record;
	char *output;			/* path of the child's output */
	unsigned tries;
	double resume;			/* PAUSED: monotonic seconds */
	double began; /* the step, monotonic: a clock that is set must not end it */
	double terminated;		/* when TERM was sent, monotonic; 0: not */
	int percent;
	struct apply_result *result;
};

/* planned: the VM's first step in the plan, count of them. */
void worker_init(struct worker *worker, struct apply *apply, int64_t run,
		 const struct plan_step *planned, size_t count, struct apply_result *result);
void worker_release(struct worker *worker);

const struct plan_step *worker_step(const struct worker *worker);

/* Journal the intent and begin the current step.  -1: nothing was begun, and no further step should
 * be. */
int worker_begin(struct worker *worker, struct error *err);

/* Look after a running step: progress, time limit, its end.  -1: the journal failed. */
int worker_tend(struct worker *worker, struct error *err);

/* The run stops: say that the rest of this VM's steps are not begun. */
void worker_abandon(struct worker *worker, const char *why);

/* Seconds on a clock that never jumps. */
double worker_clock(void);

#endif
