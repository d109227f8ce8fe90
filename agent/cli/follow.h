/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * follow.h - watch a run that another vyom carries out, by what it writes into the journal
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

struct cli;
struct error;

/*
 * Show the steps of that run (0: the newest) as they begin and end, until it ends, and how
 * it did.  The journal must be open.  Returns its exit status, or -1: there is no such run,
 * or what carried it out is no more.
 */
int follow_run(struct cli *cli, int64_t id, struct error *err);

#endif
