/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * timeouts.h - how long a call may take, where a node's key "timeouts" says so
 */
#ifndef TIMEOUTS_H
#define TIMEOUTS_H

#include "model/qm.h"

struct error;
struct spec_section;

/* For the key table: VERB=SECONDS?  -1 with "what, and what would do". */
int key_check_timeout(const char *text, struct error *err);

/* qm_verb_limit(), or what node (NULL: none) says in its place. */
unsigned timeouts_limit(const struct spec_section *node, enum qm_verb verb);

#endif
