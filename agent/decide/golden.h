/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden.h - the golden image: its generations, and the steps that build one
 *
 * Pure.  A template of the file is a name and a range of ids; each image it is
 * built from makes a generation with an id of its own.  Which is which stands in
 * each one's description, so the node tells it also where the journal is lost:
 *
 *	golden image by vyom: NAME
 *	vyom-image: sha256:HEX
 *	vyom-generation: 2
 *	vyom-made: 2026-11-28 by vyom 0.1.0	(once it is finished)
 *
 * A template without ids in the file is found: by its name, which one VM may have
 * then, or by a tag, which many may have, and the one made last is cloned.  It may be
 * another tool's, so nothing is asked of its description, and nothing is built.
 *
 * A build is a plan as any other, made anew before and after each step:
 *
 *	fetch check key | create resize start guest shutdown set template | seal
 *
 * fetch: the node downloads the image; check: its digest and form; key: the
 * private master key goes where it is kept; guest: the VM is set up and cleaned
 * over SSH; seal: the checksum of the finished disk is taken.  A VM that another
 * run left before its guest step was done is taken away and made anew: the private
 * key is in that process alone, and how far a guest came nobody knows; without
 * its host keys, which go last, it lets nobody in any more.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct record_template;
struct record_vms;
struct spec_section;
struct state;
struct state_guest;
struct thin_volume;

struct golden {
	const struct spec_section *template;
	unsigned vmid, generation;	/* of what is to be built, see golden_choose */
	const char *image;		/* its absolute path on the node */
	bool image_there;		/* it need not be downloaded */
	bool image_good;		/* it was checked by this run */
	bool key_kept;			/* the private key is kept, or there is none to keep */
	bool at_hand;			/* the VM was made by this run, and is sound */
	const char *key;		/* the public key line that stays in what this run makes;
					 * NULL: in a dry run, which makes no pair */
	const char *keys_path;		/* the file of public key lines that create is given */
	const char *made;		/* "2026-11-28 by vyom 0.1.0" */
};

/*
 * Which generation is to be built: one that is begun already; the one that the
 * declared image has made; else the next.  false: the ids are used up.
 */
bool golden_choose(struct golden *golden, const struct state *state,
		   const struct record_vms *records);

/* Add what is missing still, or the refusals. */
void golden_plan(const struct golden *golden, const struct state *state,
		 const struct record_vms *records, struct plan *plan);

/*
 * The VMID to clone from: that of the newest good generation, or if none is good the first
 * id.  Of a template that is found: that of the last made, or 0 where there is none, or
 * by its name several: lint_template() says what to do.
 */
unsigned golden_newest(const struct spec_section *template, const struct state *state);

/* "noble (9000)", as it is called in messages; "noble" without a vmid.  Caller frees. */
char *golden_label(const struct spec_section *template, unsigned vmid);

/*
 * The guests with an id of the template's, or what it is found among, by id, one after the
 * other: NULL begins, and ends.
 */
const struct state_guest *golden_next(const struct spec_section *template,
				      const struct state *state, const struct state_guest *guest);

/*
 * Is it a template of this node, as far as its config tells finished?  What has a
 * generation has also been finished by vyom.
 */
bool golden_is_ready(const struct state_guest *guest);

/* Was it made from the image that the file declares now, as its description says? */
bool golden_is_of_image(const struct spec_section *template, const struct state_guest *guest);

/* What stands behind mark in its description, to the line's end; NULL: nothing; caller frees. */
char *golden_note(const struct state_guest *guest, const char *mark);

/* "vyom-generation: N" of a guest of this template's; 0: none, so it was made by hand. */
unsigned golden_generation(const struct state_guest *guest);

/* The record of a guest that vyom builds or built, or NULL: nor is it if its uuid is another. */
struct record_template *golden_record(const struct record_vms *records,
				      const struct state_guest *guest);

/* The same, or NULL where it has lost its mark: somebody has made it theirs, and it stays. */
struct record_template *golden_claimed(const struct record_vms *records,
				       const struct state_guest *guest);

/* Does the volume, or any on this node, descend from the template's?  lvs must have been asked. */
bool golden_is_from(const struct thin_volume *volume, unsigned vmid);
bool golden_is_used(const struct state *state, unsigned vmid);

/*
 * Add the steps that remove a generation that vyom made, or the refusal: only what
 * the journal knows, and no VM was cloned from and still shares data with.
 */
void golden_prune(const struct spec_section *template, const struct state *state,
		  const struct record_vms *records, unsigned vmid, struct plan *plan);

/*
 * The same of each that is no longer needed: neither the newest nor used.  One that
 * is being built, or whose build was cut off, is not needed either.
 */
void golden_prune_unused(const struct spec_section *template, const struct state *state,
			 const struct record_vms *records, struct plan *plan);

#define GOLDEN_MARK "golden image by vyom: "
#define GOLDEN_GENERATION "vyom-generation: "
#define GOLDEN_MADE "vyom-made: "

/* The user that cloud-init makes where the file says none: that of Ubuntu's images. */
#define GOLDEN_USER "ubuntu"

#endif
