/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - does a qm that runs still get on?
 *
 * Each verb has a limit (timeouts.h), but a copy may take hours: it has hung when
 * neither the bytes mapped by the VM's volumes nor its output has grown for so
 * long.  Then TERM, patience, and a person: never KILL a qm that may hold volumes.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/qm.h"

struct watch {
	unsigned limit;		/* seconds; 0: while it gets on */
	double scale;		/* multiplies every limit: less than 1 in tests */
	double began;		/* monotonic seconds, as all times here */
	double moved;		/* when progress was last seen */
	double looked;		/* when it was last looked for */
	double terminated;	/* when TERM was sent; 0: not */
	uint64_t progress;	/* bytes */
};

enum watch_advice { WATCH_WAIT, WATCH_TERMINATE, WATCH_GIVE_UP };

/* A call that may take limit seconds (0: as long as it gets on) and began so many ago. */
void watch_begin(struct watch *watch, unsigned limit, double ago, double scale);

/* Look for progress, from time to time, of the copy to vmid that prints into output. */
void watch_look(struct watch *watch, const char *root, unsigned vmid, const char *output);

/* What is due now; the caller sends TERM, and says so by watch_terminated(). */
enum watch_advice watch_advise(const struct watch *watch);
void watch_terminated(struct watch *watch);

#endif
