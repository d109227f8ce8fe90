/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * status.h - the declared VMs as they are now
 *
 * Pure.
 */
#ifndef STATUS_H
#define STATUS_H

#include <stddef.h>
#include <stdint.h>

struct diff;
struct state;

struct status_vm {
	const char *name, *role;	/* role NULL: none */
	unsigned vmid;
	/* "running", "stopped", "absent", "half-made", "locked", "obstructed" */
	const char *state;
	const char *address;		/* as declared */
	uint64_t promised, written; /* bytes: of its volumes, and what they occupy in the pool */
	double uptime;			/* seconds; -1: does not run */
};

struct status {
	struct status_vm *vms;
	size_t count;
};

void status_node(const struct diff *diff, const struct state *state, struct status *status);
void status_release(struct status *status);

#endif
