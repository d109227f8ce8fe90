/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prune.h - remove old outputs of commands; the journal keeps their last lines
 */
#ifndef PRUNE_H
#define PRUNE_H

struct error;
struct journal;
struct outputs_removed;

/*
 * Remove the outputs of runs that ended more than days ago.  One that the journal does
 * not know is as old as the file, or as the day on which its folder was put aside.  What
 * a step printed whose end is not known stays.  The caller holds the run lock.
 */
int prune_outputs(const char *root, struct journal *journal, unsigned days,
		  struct outputs_removed *removed, struct error *err);

#endif
