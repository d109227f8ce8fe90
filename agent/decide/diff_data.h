/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diff_data.h - a VM's data disks against what is declared
 */
#ifndef DIFF_DATA_H
#define DIFF_DATA_H

#include <stdbool.h>

#include "decide/diff.h"
#include "model/data_disk.h"

struct record_copies;
struct vmconf;
struct vmconf_entry;

/* Of a slot that shall have none: volid, attached, strange and known alone are said. */
struct diff_data {
	struct data_disk disk;
	char *storage;		/* where it shall lie */
	char *volid;		/* its volume, there or to be made; NULL: neither */
	struct diff_disk size;	/* found 0: there is no such volume yet */
	bool made;		/* there is */
	bool lost;		/* the config names one that does not exist any more */
	bool attached;		/* the config names it, or will after a restart */
	char *strange;		/* the slot has something else: what */
	char *misplaced;	/* the storage that it lies on, where another is declared */
	char *unlike;		/* of a firmware's disk: in what it is another than declared */
	bool known;		/* to be detached: declared again, it is the slot's again */
};

/*
 * Fill diff->data, and add an item for each that is not attached as declared.  copies: what
 * was moved, and so has not the slot's name.
 */
void diff_data(struct diff_vm *diff, const struct state *state, const struct record_copies *copies,
	       const struct vmconf *conf);
void diff_data_release(struct diff_vm *diff);

/* Does a change of the drive in that slot wait for a restart, whoever made it, or will it? */
bool diff_slot_is_pending(const struct diff_vm *diff, const char *slot);

/* Does a disk that shall grow wait for that? */
bool diff_growth_is_pending(const struct diff_vm *diff);

/* Is the entry an unusedN, whose volume is that of a declared disk and will be attached again? */
bool diff_takes_back(const struct diff_vm *diff, const struct vmconf_entry *entry);

#endif
