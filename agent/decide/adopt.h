/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * adopt.h - which VMs may be taken over into the journal, and what forbids it
 *
 * Pure.  For a journal that was lost, and for a VM that is there anew (restored,
 * rolled back) or that somebody made by hand as declared:
 *
 *	adopt_declared(section, state, records, &adopt)		for each VM named, or
 *	adopt_marked(spec, state, records, &adopt)		for all that carry our mark
 *	adopt_forecast(state, records, &adopt)
 *
 * What is found points into spec, state and records and must not outlive them.
 */
#ifndef ADOPT_H
#define ADOPT_H

#include <stdbool.h>
#include <stddef.h>

#include "decide/difference.h"
#include "decide/plan.h"
#include "model/record.h"

struct spec;
struct spec_section;
struct state;
struct state_guest;

enum adopt_standing {
	ADOPT_TAKE,		/* the journal may remember it as record says */
	ADOPT_KNOWN,		/* it does already */
	ADOPT_REFUSED,		/* why says what forbids it, and what would do */
};

struct adopt_vm {
	enum adopt_standing standing;
	struct record_vm record;	/* who it is; run is left to the caller */
	char *why;			/* REFUSED, else NULL */
	const struct spec_section *vm;	/* NULL: not declared */
	const struct state_guest *guest;	/* NULL: nothing has its id */
	const struct record_vm *known;	/* what the journal has at its id, NULL: nothing */
	/* TAKE and declared: how it is not as declared, and what apply would then change */
	struct differences differences;
	struct plan plan;
};

struct adopt {
	struct adopt_vm *vms;
	size_t count;
	size_t take, known, refused;	/* how many of each */
};

/* What a VM is made of, for people to recognise it. */
struct adopt_shape {
	const char *name;	/* NULL: it has none */
	uint64_t cores;
	uint64_t memory;	/* bytes */
	uint64_t disk;		/* bytes of the disk it boots from; 0: not known */
	char *storage;		/* where that lies; NULL: it has none */
	bool marked;		/* its notes have the line "managed by vyom: CLUSTER/NAME" */
	bool tagged;
};

/* Add a declared VM; one that was added already is not added again. */
void adopt_declared(const struct spec_section *vm, const struct state *state,
		    const struct record_vms *records, struct adopt *adopt);

/*
 * Add every VM of this node whose notes mark it as CLUSTER/NAME and whose name is
 * NAME, declared or not.  Of several with one mark the declared id tells ours.
 */
void adopt_marked(const struct spec *spec, const struct state *state,
		  const struct record_vms *records, struct adopt *adopt);

/*
 * Once all are added: plan those to take, as if they were recorded.  Only here is known
 * whether a VM was ever started; record has it from then on.
 */
void adopt_forecast(const struct state *state, const struct record_vms *records,
		    struct adopt *adopt);

/*
 * Is old, at another id, a record of what this VM is declared as?  Once that is
 * taken over the journal must not have two of that name.
 */
bool adopt_makes_stale(const struct adopt_vm *vm, const struct record_vm *old);

/* The shape of a VM that has a config; the caller releases it. */
void adopt_describe(const struct adopt_vm *vm, const struct state *state,
		    struct adopt_shape *shape);
void adopt_shape_release(struct adopt_shape *shape);

/* Who would be taken over, in short: the same VMs under the same names have one hash. */
const char *adopt_hash(const struct adopt *adopt, char text[DIGEST_SHA256_TEXT]);

void adopt_release(struct adopt *adopt);

#endif
