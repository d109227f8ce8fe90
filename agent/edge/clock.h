/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.h - what time it is, in seconds */
#ifndef CLOCK_H
#define CLOCK_H

/* On a clock that never jumps and that nobody sets: for limits, and for how long something took. */
double clock_monotonic(void);

/* Since the epoch: for the journal, and to compare with what another run wrote there. */
double clock_wall(void);

#endif
