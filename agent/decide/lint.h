/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lint.h - is a template fit to be cloned?
 *
 * Unfit is what would be wrong with every clone, and what its VM's own settings cannot
 * mend: it does not boot, has no address or one that others have too, lets in a key that
 * a build made for itself, or nobody can say what it is.  apply and check refuse such a
 * template, and verify calls it drift.  Advice is all else: clones work, but not as well,
 * or carry something that is seldom meant; only `vyom template lint` tells.
 *
 * A template that is found, and may be another tool's, is not unfit for want of a digest
 * that the file does not ask for; but it is where the node has none, or cannot tell which.
 *
 * Tags and description of a template are no matter: each clone is given its own.
 */
#ifndef LINT_H
#define LINT_H

#include <stddef.h>

struct spec_section;
struct state;

enum lint_severity { LINT_UNFIT, LINT_ADVICE };

struct lint {
	enum lint_severity severity;
	char *what;	/* "has no serial port" */
	char *why;	/* "Ubuntu's kernel panics when its disk grows without one" */
	char *mend;	/* a command, or what to do */
};

struct lints {
	struct lint *items;	/* the unfit ones first */
	size_t count;
	size_t unfit;
};

/*
 * All that can be said of the template vmid.  sha256: the digest its image shall have;
 * NULL: any.  The flags of its volumes are looked at where lvs was asked.
 */
void lint_guest(unsigned vmid, const char *sha256, const struct state *state,
		struct lints *lints);

/* The same of the template that section declares. */
void lint_template(const struct spec_section *template, const struct state *state,
		   struct lints *lints);

void lint_release(struct lints *lints);

/* A template's description records its image: "vyom-image: sha256:HEX". */
#define LINT_IMAGE_MARK "vyom-image: sha256:"

/* The comment of the key that a build puts into its VM for itself, and takes out again. */
#define LINT_BUILD_KEY "vyom-template-build"

#endif
