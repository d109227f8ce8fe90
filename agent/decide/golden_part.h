/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden_part.h - what the parts of golden_plan() share: golden_plan.c has the steps,
 * golden_refuse.c what stands in their way
 */
#ifndef GOLDEN_PART_H
#define GOLDEN_PART_H

struct golden;
struct plan;
struct record_vms;
struct state;
struct state_guest;

/* What the file does not say, and a build needs. */
void golden_refuse_config(const struct golden *golden, struct plan *plan);

/* The guest that has the id, and is none that we may go on with. */
void golden_refuse_guest(const struct golden *golden, const struct state_guest *guest,
			 struct plan *plan);

/* Builds that the journal does not know, with any id of the range: two would have one address. */
void golden_refuse_unknown(const struct golden *golden, const struct state *state,
			   const struct record_vms *records, struct plan *plan);

#endif
