/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fitness.h - is the node fit for what the config declares?  One line a question
 *
 * A remark hinders nothing.
 *
 * Pure: the caller observed the node and found the tools.
 */
#ifndef FITNESS_H
#define FITNESS_H

#include <stdbool.h>
#include <stddef.h>

struct record_vms;
struct site;
struct spec;
struct state;
struct strvec;

struct fitness_line {
	char *what;		/* "template prakriti-template (9000)" */
	bool pass;
	bool remark;		/* passes, but is worth a look */
	char *text;		/* what was found; if it fails: what to do */
};

struct fitness {
	struct fitness_line *items;
	size_t count;
	size_t failed;
};

void fitness_add(struct fitness *fitness, bool pass, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void fitness_remark(struct fitness *fitness, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Version, quorum, storages, pools of both kinds, bridges, templates: all that spec uses on this node. */
void fitness_node(const struct spec *spec, const struct state *state, struct fitness *fitness);

/*
 * A line on each snippet of spec's VMs on this node, but those whose place vyom cannot tell
 * and does not put there.  A remark on each that no VM names.
 */
void fitness_snippets(const struct spec *spec, const struct state *state,
		      const struct record_vms *records, struct fitness *fitness);

/* A remark on each thing around spec's VMs on this node that is seldom meant; else nothing. */
void fitness_site(const struct spec *spec, const struct state *state, const struct site *site,
		  struct fitness *fitness);

void fitness_release(struct fitness *fitness);

#endif
