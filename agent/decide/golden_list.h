/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden_list.h - the generations of the file's templates that are on this node
 */
#ifndef GOLDEN_LIST_H
#define GOLDEN_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strvec.h"

struct record_vms;
struct spec;
struct state;

struct golden_row {
	const char *name;	/* the spec's */
	unsigned vmid, generation;	/* generation 0: made by hand */
	bool ready;		/* a finished template; else it is being built, or was */
	bool newest;		/* what clones are made from now */
	bool ours;		/* vyom built it, as the journal knows */
	char *image;		/* SHA-256 that its description records, or NULL */
	char *made;		/* "2026-11-28 by vyom 0.1.0", or NULL */
	struct strvec clones;	/* "vyom-control-1 (101)": who shares its disk; lvs must be asked */
};

struct golden_list { struct golden_row *rows; size_t count; };

void golden_list_all(const struct spec *spec, const struct state *state,
		     const struct record_vms *records, struct golden_list *list);
void golden_list_release(struct golden_list *list);

#endif
