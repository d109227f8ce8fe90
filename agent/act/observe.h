/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe.h - look at the node: files, device-mapper, at most one lvs
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "model/qm.h"
#include "model/state.h"

struct error;
struct spec;

/*
 * Fill state, with the snippets that spec declares and VMs of this node name.  lvs is
 * asked where what the spec needs is not active, or will be made or grown; with spec NULL
 * only if with_lvs says so.
 */
int observe_node(const char *root, const struct spec *spec, bool with_lvs, struct state *state,
		 struct error *err);

/* Look again at the snippets that state has. */
void observe_snippets(const char *root, struct state *state);

/*
 * Look again at one guest, its volumes, and the pools; where it is not there or
 * locked, at every volume, since its config need not name what it has.
 */
int observe_guest(const char *root, struct state *state, unsigned vmid, struct error *err);

/* The same after a step of that verb: one that makes or frees a volume alone shows in no config. */
int observe_after(const char *root, struct state *state, unsigned vmid, enum qm_verb verb,
		  struct error *err);

#endif
