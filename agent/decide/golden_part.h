/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden_part.h - what the parts of golden_plan() share: golden_plan.c says what is to be
 * done with what is there, golden_step.c has the steps, golden_refuse.c what stands in
 * their way
 */
#ifndef GOLDEN_PART_H
#define GOLDEN_PART_H

#include <stdbool.h>

#include "model/qm.h"

struct golden;
struct plan;
struct plan_step;
struct record_vms;
struct state;
struct state_guest;

struct plan_step *golden_step_add(const struct golden *golden, enum qm_verb verb,
				  struct plan *plan);

/* From the image to a VM of it. */
void golden_step_make(const struct golden *golden, const struct state *state, struct plan *plan);

/* Start it, and set it up from inside; guest NULL: it is still to be made. */
void golden_step_up(const struct golden *golden, const struct state *state,
		    const struct state_guest *guest, struct plan *plan);

/* From a VM that is set up to a sealed template; prepared: it is set up already. */
void golden_step_finish(const struct golden *golden, const struct state_guest *guest,
			bool prepared, struct plan *plan);
void golden_step_seal(const struct golden *golden, struct plan *plan);

/* What the file does not say, and a build needs. */
void golden_refuse_config(const struct golden *golden, struct plan *plan);

/* The guest that has the id, and is none that we may go on with; finished: it was ours once. */
void golden_refuse_guest(const struct golden *golden, const struct state_guest *guest,
			 bool finished, struct plan *plan);

/* Builds that the journal does not know, with any id of the range: two would have one address. */
void golden_refuse_unknown(const struct golden *golden, const struct state *state,
			   const struct record_vms *records, struct plan *plan);

#endif
