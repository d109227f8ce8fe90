/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thin_delta.h - what two volumes of a thin pool have in common, as thin_delta(8) prints it
 *
 * A block is the same if both have it at the same place and it is stored once: so it
 * is with a clone and its base, until one of them writes there.
 */
#ifndef THIN_DELTA_H
#define THIN_DELTA_H

#include <stdint.h>

struct error;

struct thin_delta {		/* bytes, in whole chunks of the pool */
	uint64_t same;		/* stored once, for both */
	uint64_t different;	/* at the same place, stored for each */
	uint64_t left_only, right_only;
};

/*
 * Understand text, all of what thin_delta printed of the devices left and right.  -1
 * if it is cut off, speaks of others, or says what cannot be; delta is then as it was.
 */
int thin_delta_parse(const char *text, unsigned left, unsigned right, struct thin_delta *delta,
		     struct error *err);

#endif
