/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - what the verbs that make plans and carry them out have in common
 */
#ifndef RUN_H
#define RUN_H

#include "decide/plan.h"

struct cli;
struct error;
struct record_run;

/* The plan for the spec and the state that cli holds, with what the node's budgets refuse. */
void run_make_plan(const struct cli *cli, struct plan *plan);

/* Ask, unless --yes.  -1 if the user said no, or there is nobody to ask. */
int run_ask(struct cli *cli, const char *question, struct error *err);

/* Is what is due now, by its hash, what --plan allows?  -1 if it is not. */
int run_check_hash(const struct cli *cli, const char *hash, struct error *err);

/*
 * Journal that a run begins which may change the VMs "101 102": fills run, which the
 * caller releases.
 */
int run_begin(struct cli *cli, const char *verb, const char *vmids, struct record_run *run,
	      struct error *err);

/*
 * Show plan, ask (unless --yes), journal a run, carry it out, and tell how it
 * went.  again() looks at the node once more and makes the plan anew: an empty
 * one is the proof.  Returns the exit status, or -1.
 */
int run_carry_out(struct cli *cli, const char *verb, const struct plan *plan, const char *question,
		  int (*again)(struct cli *cli, struct plan *plan, struct error *err),
		  struct error *err);

#endif
