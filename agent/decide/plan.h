/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan.h - the ordered steps that close a diff
 *
 * Pure.  A plan is what is printed, asked about, counted and carried out; it
 * points into the spec it was made for.  One refusal is enough to carry out
 * nothing: all of them are said at once.
 *
 * Per VM the order is clone, volumes for data disks, set (one call), moves, resizes, pool,
 * start: four calls of qm make a VM of one disk, none make no change.  A VM that is
 * restarted is shut down before all that, so that each change is in force when it
 * starts; what waited in [PENDING] as declared is so by that alone, and not set again.
 * What a clone or destroy left that was cut off is taken away before all else: volumes
 * that no config names first, so that the config keeps the id until nothing is left.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/qm.h"
#include "base/digest.h"
#include "base/strvec.h"

struct diff;
struct diff_vm;
struct leftover;
struct leftover_stray;
struct loss;
struct record_vms;
struct spec_section;
struct state;
struct state_guest;

struct plan_step {
	const struct spec_section *section;	/* the VM's; NULL where it is destroyed; a snippet's */
	const char *vm;			/* its name */
	unsigned vmid;			/* a snippet has none: 0 */
	enum qm_verb verb;
	struct strvec argv;
	char *input;	/* what it reads on its stdin, and nobody else may see; NULL: nothing */
	char *why; /* "cores 1 → 4, memory 512 → 8192"; NULL where the argv says it */
	char *storage;			/* where its disk lies: clone, resize, start; else NULL */
	bool full;			/* clone: a copy, not a snapshot */
	uint64_t promise;		/* bytes that the pool will promise more */
	uint64_t reclaim; /* bytes promised less where it is undone; of a destroy in any pool */
	uint64_t copy;			/* bytes that will be written to it */
	uint64_t memory;		/* bytes that the VM will hold: clone and start */
};

/* A sentence about a VM, or (vm NULL) about the node. */
struct plan_remark {
	const char *vm;
	unsigned vmid;
	char *text;
};

struct plan {
	struct plan_step *steps;
	size_t count;
	struct plan_remark *refusals;
	size_t refusal_count;
	struct plan_remark *notes;	/* what is left undone, and what would do it */
	size_t note_count;
	size_t vm_count;		/* VMs looked at */
	struct loss *loss;		/* what is lost by it, to be shown; NULL: not said */
	bool busy;	/* somebody is at work on one of them, and will be done: later is better */
};

struct plan_options {
	bool reinit;	/* allow what makes cloud-init treat a guest as new */
	bool restart;	/* stop and start a VM whose changes wait for that */
	bool move;	/* move disks that lie on another storage than declared */
	bool restarted;	/* that is under way: it was told to go down */
};

/* Add the steps, refusals and notes of one VM. */
void plan_vm(const struct diff_vm *diff, const struct state *state,
	     const struct plan_options *options, struct plan *plan);

void plan_all(const struct diff *diff, const struct state *state,
	      const struct plan_options *options, struct plan *plan);

/*
 * Add the steps that remove a VM that vyom made (journal and mark must both say
 * so), or the refusal.  name is what the user called it.
 */
void plan_destroy(const struct state *state, const struct record_vms *records, const char *name,
		  unsigned vmid, struct plan *plan);

/* Add the steps that take a leftover away; section is the VM's, NULL where it is destroyed. */
void plan_undo(const struct leftover *leftover, const struct state *state,
	       const struct spec_section *section, const char *name, unsigned vmid,
	       struct plan *plan);

/* The same of what leftover_stray() found. */
void plan_stray(const struct leftover_stray *stray, const struct state *state,
		const struct spec_section *section, const char *name, unsigned vmid,
		struct plan *plan);

/* How long a guest may take to shut down before it is stopped. */
#define PLAN_SHUTDOWN_SECONDS 90

/* Why a step of power takes longer where HA manages the VM (pve-facts 4.14). */
#define PLAN_ASKED_OF_HA "asked of HA, and waited for"

struct plan_step *plan_add(struct plan *plan, const char *vm, unsigned vmid, enum qm_verb verb);
void plan_refuse(struct plan *plan, const char *vm, unsigned vmid, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void plan_note(struct plan *plan, const char *vm, unsigned vmid, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* What it would do, in short: two plans with the same commands in the same order have one hash. */
const char *plan_hash(const struct plan *plan, char text[DIGEST_SHA256_TEXT]);
void plan_release(struct plan *plan);

#endif
