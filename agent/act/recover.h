/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recover.h - settle what an earlier run left: steps with an intent and no result
 */
#ifndef RECOVER_H
#define RECOVER_H

#include <stdbool.h>

#include "model/event.h"

struct error;
struct journal;
struct record_step;
struct record_vms;
struct state;

/*
 * Wait for children of a killed run that still live, remember the VMs that its
 * clones made, and close its steps and runs.  What it left half-way is not
 * repaired here: the plan goes on from what is there, or refuses.  1 if there was
 * anything to settle: time has passed, and the node must be looked at again.
 */
int recover_settle(const char *root, struct journal *journal, struct state *state,
		   struct record_vms *records, const struct event_sink *sink, struct error *err);

/*
 * The same for those who only look: if the clone that step asked for is there and
 * ours, add it to records, as if it were settled.
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

#endif
