/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * leftover.h - what a step that was cut off left behind
 *
 * Pure.  It may be undone only if all of this holds (pve-facts §10): the journal
 * has that step in doubt; the config bears the name and mark that we
 * gave, or none yet; the volumes have the exact id, are named by no config, and
 * were made by that step, or were the VM's when that destroy began; no qm holds
 * the VM's lock, and nobody has its volumes open.
 */
#ifndef LEFTOVER_H
#define LEFTOVER_H

#include <stdbool.h>

#include "base/strvec.h"

struct record_vms;
struct state;
struct state_guest;
struct thin_volume;

enum leftover_kind {
	LEFTOVER_NONE,
	LEFTOVER_OURS,		/* to be undone */
	LEFTOVER_BUSY,		/* somebody is at work on it still */
	LEFTOVER_STRANGE,	/* not ours, as far as the journal knows */
};

struct leftover {
	enum leftover_kind kind;
	const struct state_guest *guest;	/* half-made; NULL: only volumes are left */
	struct strvec volids;		/* volumes that no config names */
	char *text;	/* what it is; BUSY and STRANGE: a sentence with what to do */
};

void leftover_find(const struct state *state, const struct record_vms *records, unsigned vmid,
		   struct leftover *leftover);
void leftover_release(struct leftover *leftover);

/*
 * Of a VM that is there otherwise: the volume that a step made, under a name of qm's choice,
 * for its EFI disk or to move a disk to, and that no config names since it was cut off.
 */
struct leftover_stray {
	const struct thin_volume *volume;	/* NULL: there is none */
	const char *maker;			/* "an efidisk", "a move" */
};

struct leftover_stray leftover_stray(const struct state *state, const struct record_vms *records,
				     unsigned vmid);

/*
 * Add the volids of a VM's data disks that no config names: made, and never attached, since
 * a step was cut off.  What destroys the VM takes them along.
 */
void leftover_find_data(const struct state *state, unsigned vmid, struct strvec *volids);

/*
 * Is anything there of a VM that a clone should have made or a destroy taken
 * away, whoever it belongs to?
 */
bool leftover_exists(const struct state *state, unsigned vmid);

#endif
