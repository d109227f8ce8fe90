/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apply.h - carry out a plan: VMs side by side, each VM's steps in order
 *
 * A step is journalled before it begins and after it ended, runs as a child
 * that survives us, and is done when looking at the node again shows that the
 * plan no longer needs it; its exit status only helps to say why it is not.
 * One VM's failure stops that VM alone; no VM is begun before the snippets are there.
 * SIGINT and SIGTERM: no new steps, the running ones finish.
 */
#ifndef APPLY_H
#define APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "model/event.h"
#include "decide/plan.h"

struct build;
struct error;
struct journal;
struct record_run;
struct record_vms;
struct spec_section;
struct state;

struct apply {
	const char *root;
	struct state *state;		/* kept up to date, VM by VM */
	struct record_vms *records;	/* likewise */
	struct journal *journal;
	struct plan_options options;
	const struct spec_section *node;	/* this one, for its timeouts, or NULL */
	struct build *build;		/* the golden image that is built, or NULL */
	const struct spec_section *pruned; /* the template whose generations are removed, or NULL */
	const struct spec_section *replaced; /* the VM that is destroyed and made again, or NULL */
	struct event_sink sink;
	size_t jobs;			/* steps at once */
	size_t clone_jobs;		/* clones at once per storage; 0: 4 linked or 1 full */
	double wait;			/* seconds that others' locks are waited for, per VM */
	double time_scale;		/* of all limits: 1, but in tests */
};

struct apply_result {
	size_t steps_done, steps_failed;
	size_t vms_done, vms_failed;
	bool proven;			/* looked again, and nothing is left to do */
	bool interrupted;		/* a signal came */
	bool undecided; /* something is left that a person must look at: exit status 3 */
};

/*
 * Carry out plan (which must have no refusals) as run, which is begun already.
 * -1 if the journal or the system failed us; what was begun is then finished
 * and journalled as well as it could be.  A VM's failure is no error: see result.
 */
int apply_plan(struct apply *apply, const struct plan *plan, const struct record_run *run,
	       struct apply_result *result, struct error *err);

#endif
