/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seal_check.h - is a template's disk still what it was when it was made?
 *
 * Pure.  The quick look costs what observing the node costs.  It sees another volume in
 * its place, flags that are gone, and of an active one what filled a hole or discarded a
 * block; what was written over, and back to read-only, it does not.  Only the content
 * proves it: seal_read, then seal_check_content.
 */
#ifndef SEAL_CHECK_H
#define SEAL_CHECK_H

#include <stddef.h>

struct seal;
struct state;

enum seal_finding_kind {
	SEAL_CHANGED,		/* it is not what it was, or could become so unseen */
	SEAL_NOT_SEEN,		/* this look could not tell */
};

struct seal_finding {
	enum seal_finding_kind kind;
	char *text;	/* "pve/base-9000-disk-0 can be written: lvchange -pr pve/base-9000-disk-0" */
};

struct seal_findings {
	struct seal_finding *items;
	size_t count;
	size_t changed;		/* of kind SEAL_CHANGED */
};

/* What made says against state; activation-skip is seen where lvs was asked. */
void seal_check_quick(const struct seal *made, const struct state *state,
		      struct seal_findings *findings);

/* What made says against what was read now; the place is told where its blocks were kept. */
void seal_check_content(const struct seal *made, const struct seal *now,
			struct seal_findings *findings);

void seal_findings_release(struct seal_findings *findings);

#endif
