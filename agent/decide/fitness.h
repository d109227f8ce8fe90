/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fitness.h - is the node fit for what the config declares?  One line a question
 *
 * Pure: the caller observed the node and found the tools.
 */
#ifndef FITNESS_H
#define FITNESS_H

#include <stdbool.h>
#include <stddef.h>

struct spec;
struct state;

struct fitness_line {
	char *what;		/* "template prakriti-template (9000)" */
	bool pass;
	char *text;		/* what was found; if it fails: what to do */
};

struct fitness {
	struct fitness_line *items;
	size_t count;
	size_t failed;
};

void fitness_add(struct fitness *fitness, bool pass, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Version, quorum, storages, pools, bridges, templates: all that spec uses on this node. */
void fitness_node(const struct spec *spec, const struct state *state, struct fitness *fitness);

void fitness_release(struct fitness *fitness);

#endif
