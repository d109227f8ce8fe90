/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lint.h - is a template fit to be cloned?
 */
#ifndef LINT_H
#define LINT_H

#include <stddef.h>

struct spec_section;
struct state;

struct lint {
	char *what;	/* "has no serial port" */
	char *why;	/* "Ubuntu's kernel panics when its disk grows without one" */
	char *mend;	/* a command, or what to do */
};

struct lints {
	struct lint *items;
	size_t count;
};

/* All that is wrong with the template that section declares. */
void lint_template(const struct spec_section *template, const struct state *state,
		   struct lints *lints);

void lint_release(struct lints *lints);

/* A template's description records its image: "vyom-image: sha256:HEX". */
#define LINT_IMAGE_MARK "vyom-image: sha256:"

#endif
