/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verify.h - what of the declared is not so: the diff as findings, for people and cron
 *
 * Pure.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>
#include <stddef.h>

struct diff;
struct spec;
struct state;

enum verify_kind {
	VERIFY_DRIFT,		/* is not as declared: exit status 1 */
	VERIFY_IN_PROGRESS,	/* a live run is at work on it */
	VERIFY_WAITING,		/* as declared after the next restart */
	VERIFY_UNDECLARED,	/* ours, or something of a VM's, and not in the file */
};

struct verify_finding {
	enum verify_kind kind;
	const char *vm;		/* VM or template; NULL: the node */
	unsigned vmid;
	char *what;		/* "memory" */
	char *wanted, *found;	/* NULL where text says it all */
	char *text;		/* a sentence instead; NULL where wanted and found say it */
};

struct verify {
	struct verify_finding *items;
	size_t count;
	size_t vm_count;	/* VMs looked at */
	size_t drift_count;	/* findings of kind DRIFT */
	size_t busy_count; /* of kind IN_PROGRESS */
};

/* busy: the ids that a live run may be changing, "101 102"; NULL: no run is live. */
void verify_node(const struct spec *spec, const struct state *state, const struct diff *diff,
		 const char *busy, struct verify *verify);

void verify_release(struct verify *verify);

#endif
