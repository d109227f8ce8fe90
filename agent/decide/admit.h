/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * admit.h - may the node carry out this plan?  Budgets and prerequisites, with numbers
 *
 * Pure.  Adds a refusal to the plan for each that does not hold.  A plan that
 * allocates, starts or changes nothing is always admitted.
 */
#ifndef ADMIT_H
#define ADMIT_H

struct plan;
struct spec;
struct spec_section;
struct state;

void admit(const struct spec *spec, const struct state *state, struct plan *plan);

/* The same for the plan that builds template, whose node must be set, or removes of its kind. */
void admit_build(const struct spec_section *template, unsigned vmid, const struct state *state,
		 struct plan *plan);

#endif
