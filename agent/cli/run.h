/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - what the verbs that make plans and carry them out have in common
 */
#ifndef RUN_H
#define RUN_H

#include "decide/plan.h"

struct cli;
struct error;

/* The plan for the spec and the state that cli holds, with what the node's budgets refuse. */
void run_make_plan(const struct cli *cli, struct plan *plan);

/*
 * Show plan, ask (unless --yes), journal a run, carry it out, and tell how it
 * went.  again() looks at the node once more and makes the plan anew: an empty
 * one is the proof.  Returns the exit status, or -1.
 */
int run_carry_out(struct cli *cli, const char *verb, const struct plan *plan, const char *question,
		  int (*again)(struct cli *cli, struct plan *plan, struct error *err),
		  struct error *err);

#endif
