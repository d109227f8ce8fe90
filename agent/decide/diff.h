/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diff.h - spec against state: what differs, VM by VM
 *
 * Pure: no I/O, nothing changed.  A diff points into the spec and the state it
 * was made from, and into the records, and must not outlive them.
 */
#ifndef DIFF_H
#define DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "decide/leftover.h"
#include "decide/option.h"

struct diff_data;
struct record_vms;
struct spec;
struct spec_section;
struct state;
struct state_guest;

/* Where a declared VM stands before any option is looked at. */
enum diff_standing {
	DIFF_ABSENT,		/* nothing has its id: it can be made */
	DIFF_PRESENT,		/* it is there and it is ours */
	DIFF_LEFTOVER, /* half of it is there, and ours: to be undone and made anew */
	DIFF_OBSTRUCTED,	/* neither: obstacle says what stands in the way */
};

enum diff_urgency {
	DIFF_CHANGE,		/* is not as declared */
	DIFF_UNDONE,		/* is as declared, but a pending value would change that */
	DIFF_WAITING,		/* the declared value is set and waits for a restart */
};

struct diff_item {
	const struct option *option;
	enum diff_urgency urgency;
	enum option_effect effect;
	bool set;		/* [PENDING] has it as declared: a stop or start puts it into force */
	bool waits;		/* CHANGE: for a restart, where the VM runs */
	char *wanted;		/* as declared; NULL: taken out, as a data disk is */
	char *value;		/* what to give qm; NULL: to delete it */
	char *found;		/* in force now; NULL: absent */
	char *pending;		/* will be in force; NULL unless UNDONE */
};

struct diff_disk {
	uint64_t wanted;	/* bytes, a multiple of the extent; 0: not declared */
	uint64_t found;		/* the volume's; 0: not known */
	uint64_t noted;		/* size= in the config; 0: none */
};

struct diff_vm {
	const struct spec_section *vm;
	unsigned vmid;
	enum diff_standing standing;
	char *obstacle;			/* OBSTRUCTED: one sentence, and what would do */
	struct leftover leftover;	/* LEFTOVER: what is there */
	const struct state_guest *guest;	/* NULL if absent */
	struct diff_item *items;
	size_t count;
	struct diff_disk disk;
	struct diff_data *data;		/* the other disks that are declared */
	size_t data_count;
	struct leftover_stray stray;
	const char *pool; /* the resource pool that it shall be in, where it is not */
	struct strvec snippets;	/* by whose change cloud-init starts over; of one that has run */
	struct strvec unread;	/* snippets that changed since it was started; while it runs */
	char *misplaced; /* the storage its disk lies on, where another is declared */
	bool fresh; /* absent, or never started yet: nothing in it can be lost */
	bool busy; /* somebody is at work on it who will be done: a backup, say */
	bool running;
	bool start;			/* declared to run and does not */
};

/* A VM that vyom made in a cluster of the file, and that the file does not name any more. */
struct diff_undeclared {
	const char *name;
	unsigned vmid;
};

struct diff {
	struct diff_vm *vms;
	size_t count;
	struct diff_undeclared *undeclared;	/* by vmid */
	size_t undeclared_count;
};

/* One VM.  records: who our VMs are, from the journal. */
void diff_vm(const struct spec_section *vm, const struct state *state,
	     const struct record_vms *records, struct diff_vm *result);

/* All VMs that the spec puts on this node, in the spec's order; and what it has dropped. */
void diff_all(const struct spec *spec, const struct state *state, const struct record_vms *records,
	      struct diff *diff);

/*
 * Does a change of its disk's options wait for a restart, or will it?  Such a
 * drive carries its old size along: growing it waits as well (rivals B8).
 */
bool diff_drive_is_pending(const struct diff_vm *diff);

/* Does a size in the config or of the volume differ from the declared one? */
bool diff_disk_differs(const struct diff_disk *disk);

void diff_vm_release(struct diff_vm *diff);
void diff_release(struct diff *diff);

#endif
