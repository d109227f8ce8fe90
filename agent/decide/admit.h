/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * admit.h - may the node carry out this plan?  Budgets and prerequisites, with numbers
 *
 * Pure.  Adds a refusal to the plan for each that does not hold.  A plan that
 * allocates, starts or changes nothing is always admitted.
 */
#ifndef ADMIT_H
#define ADMIT_H

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct spec;
struct state;

void admit(const struct spec *spec, const struct state *state, struct plan *plan);

/* What the pool has promised: the sizes of all its thin volumes, bytes. */
uint64_t admit_promised(const struct state *state, const char *vg, const char *pool);

/* What the VMs that run on the node may hold of its memory, bytes. */
uint64_t admit_memory_running(const struct state *state);

/* Is the pool past a node's data-limit or metadata-limit (percent), or not writable?  Says so in
 * text. */
struct spec_section;
struct strbuf;
struct thin_pool;
bool admit_pool_is_over(const struct thin_pool *pool, const struct spec_section *node,
			struct strbuf *text);

#endif
