/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - how far a step is, by what its output says; told when that changes
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

struct event_sink;
struct plan_step;

struct progress {
	int percent;	/* the last one told; -1: none yet */
	char *told;	/* the last line told of a step without per cents */
};

#define PROGRESS_INIT { .percent = -1 }

/* Look at the end of the file output, and tell sink what is new of step, of that run. */
void progress_follow(struct progress *progress, const char *output, const struct event_sink *sink,
		     const struct plan_step *step, int64_t run);
void progress_release(struct progress *progress);

#endif
