/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recover.h - settle what an earlier run left: steps with an intent and no result
 *
 * By evidence alone: does the child live (by pid and start time), does a qm hold
 * the VM's lock, are its volumes open, what do config and volumes show.  Nothing
 * is repaired here: what a clone or destroy left half-way stays in doubt, and the
 * plan begins by undoing it.
 */
#ifndef RECOVER_H
#define RECOVER_H

#include <stdbool.h>

#include "model/event.h"

struct error;
struct journal;
struct record_step;
struct record_vms;
struct spec_section;
struct state;

struct recover {
	const char *root;
	struct journal *journal;
	struct state *state;
	struct record_vms *records;	/* with what is in doubt */
	const struct spec_section *node;	/* this one, for its timeouts, or NULL */
	struct event_sink sink;
	double time_scale;		/* of all limits: 1, but in tests */
};

/*
 * Wait for children of a killed run that still live, and for copies that go on
 * without their qm; remember the VMs that its clones made; give its steps the
 * result that the node shows, and close its runs.  1 if there was anything to
 * settle: time has passed, and the node must be looked at again.  ERROR_REFUSED
 * if something does not end: the error names it.
 */
int recover_settle(struct recover *recover, struct error *err);

/*
 * For those who only look: if the clone that step asked for is there and ours,
 * add it to records, as if it were settled.
 */
bool recover_identify_clone(const struct state *state, const struct record_step *step,
			    struct record_vms *records);

/*
 * If the clone that step asked for is there, complete and unlocked, and bears
 * the name and the mark that we gave it: journal who it is, and add it to records.
 */
int recover_remember_clone(struct journal *journal, const struct state *state,
			   const struct record_step *step, struct record_vms *records,
			   struct error *err);

/*
 * If the disk that step moved lies where it shall: journal what it is a copy of, and whether
 * it may not be whole, and add that to records.
 */
int recover_remember_move(struct journal *journal, const struct state *state,
			  const struct record_step *step, bool suspect,
			  struct record_vms *records, struct error *err);

/* Did a clone or destroy that has ended leave something half-way that is ours to undo? */
bool recover_left_something(const struct state *state, const struct record_vms *records,
			    const struct record_step *step);

#endif
