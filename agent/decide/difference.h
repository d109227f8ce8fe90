/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * difference.h - how a VM is not as declared, one by one, and what would become of it
 *
 * Pure.  For a person who is about to hand a VM over to vyom: with each difference
 * stands what the next apply would make of it.
 */
#ifndef DIFFERENCE_H
#define DIFFERENCE_H

#include <stddef.h>

struct diff_vm;
struct state;

enum difference_fate {
	DIFFERENCE_LIVE,	/* apply mends it at once */
	DIFFERENCE_RESTART,	/* apply sets it, and a restart puts it into force */
	DIFFERENCE_WAITING,	/* it is set, and waits for a restart */
	DIFFERENCE_REINIT,	/* apply refuses it unless --reinit is given */
	DIFFERENCE_REFUSED,	/* apply refuses it */
	DIFFERENCE_NEVER,	/* apply leaves it as it is */
};

struct difference {
	char *what;		/* "cores", "disk", "net1" */
	char *wanted, *found;	/* for people; NULL: nothing */
	enum difference_fate fate;
	char *text;		/* what apply would do, a sentence without its end */
};

struct differences {
	struct difference *items;
	size_t count;
};

/* All of a VM that is there; or, where something stands in vyom's way, that alone. */
void differences_find(const struct diff_vm *diff, const struct state *state,
		      struct differences *differences);

/* "live", "restart", "waiting", "reinit", "refused", "never" */
const char *difference_fate_name(enum difference_fate fate);

void differences_release(struct differences *differences);

#endif
