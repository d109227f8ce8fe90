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
struct state;

void admit(const struct spec *spec, const struct state *state, struct plan *plan);

#endif
