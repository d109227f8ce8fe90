/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outpost.h - the same verbs on other machines: vyom there does it, and is watched from here
 *
 * Each node is asked by `vyom -c - -o events VERB …` over one SSH connection (link.h).  What
 * changes nodes is asked twice: first for the plan, then, once all are shown and a person has
 * agreed, to carry out that plan and no other.  A node goes on when the connection is lost.
 */
#ifndef OUTPOST_H
#define OUTPOST_H

#include <stdbool.h>

struct cli;
struct error;

/* Is this to be done elsewhere: by -H, or since there is no node here? */
bool outpost_is_meant(const struct cli *cli);

/* Do it on all nodes that are meant.  Returns the worst exit status, or -1: none was asked. */
int outpost_run(struct cli *cli, struct error *err);

#endif
