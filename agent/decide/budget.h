/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * budget.h - what the node has, against what a plan would have it promise
 *
 * Pure.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct plan_step;
struct spec_section;
struct state;
struct strbuf;
struct thin_pool;
struct vmconf;

/* Add a refusal to plan for each budget of node that it would break, with numbers. */
void budget_admit(const struct spec_section *node, const struct state *state, struct plan *plan);

/*
 * May a step that allocates still take from its pool what it takes?  Else adds to
 * text why not: things changed since the plan was made.
 */
bool budget_admits_step(const struct plan_step *step, const struct state *state,
			struct strbuf *text);

/* What a VM with this config holds, bytes; qm's default where it says nothing, or is NULL. */
uint64_t budget_memory_of(const struct vmconf *conf);

/*
 * The processors that vm will have, sockets times cores: as declared, else as conf (NULL:
 * none) has them, else as qm does.
 */
uint64_t budget_cpus_of(const struct spec_section *vm, const struct vmconf *conf);

/* What the pool has promised: the sizes of all its thin volumes, bytes. */
uint64_t budget_promised(const struct state *state, const char *vg, const char *pool);

/* Is the pool not writable, or in need of repair?  Adds what and what to do to text. */
bool budget_pool_is_broken(const struct thin_pool *pool, struct strbuf *text);

/* The same, or past node's data-limit or metadata-limit (percent). */
bool budget_pool_is_over(const struct thin_pool *pool, const struct spec_section *node,
			 struct strbuf *text);

#endif
