/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker.h - one VM of a run, or its snippets: the steps, one after the other
 *
 * Before each step and after it the VM is looked at and planned again, so that a
 * step always runs with what is there (the volume's real name, say), and so that
 * the plan itself is the postcondition: a step is done when it is planned no more.
 */
#ifndef WORKER_H
#define WORKER_H

#include "act/apply.h"
#include "act/progress.h"
#include "act/watch.h"
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
	struct watch watch;
	struct record_step record;
	char *output;			/* path of the child's output */
	unsigned tries;
	double resume;			/* PAUSED: monotonic seconds */
	double waiting; /* since when somebody's lock is in the way, monotonic; 0: none is */
	struct progress progress;
	bool spoilt; /* the pool could not be written at some time of the current step */
	bool restarting; /* it was told to go down, to be started again */
	bool awaits;	/* it was started, and its guest is still to be waited for */
	bool undoing; /* failed already: what is left is to take away what it made */
	struct apply_result *result;
};

/* planned: the VM's first step in the plan, count of them. */
void worker_init(struct worker *worker, struct apply *apply, int64_t run,
		 const struct plan_step *planned, size_t count, struct apply_result *result);
void worker_release(struct worker *worker);

const struct plan_step *worker_step(const struct worker *worker);

/*
 * Look whether the current step is still the right one, journal the intent, and
 * begin it.  If others are at work on the VM it pauses, if it is not needed or
 * not possible any more it ends.  -1: nothing was begun, and no further step
 * should be.
 */
int worker_begin(struct worker *worker, struct error *err);

/* Is it about to go down, to be started again? */
bool worker_would_restart(const struct worker *worker);

/* Leave off waiting for a guest, which changes nothing. */
void worker_stop_waiting(struct worker *worker);

/* Look after a running step: progress, time limit, its end.  -1: the journal failed. */
int worker_tend(struct worker *worker, struct error *err);

/* The run stops: say that the rest of this VM's steps are not begun. */
void worker_abandon(struct worker *worker, const char *why);

#endif
