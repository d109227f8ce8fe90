/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss.h - what is lost with a VM when it is destroyed
 *
 * Pure.  For a person to look at before: nothing brings it back.
 */
#ifndef LOSS_H
#define LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;
struct record_run;
struct record_steps;
struct spec_section;
struct state;

/* A disk of its own: one that belongs to another id is left alone by qm (pve-facts 4.7b). */
struct loss_disk {
	const char *key;	/* "scsi0" */
	char *volid;
	uint64_t size;		/* bytes; 0: not known */
	uint64_t written;	/* bytes that it occupies; 0: not known, or none */
};

/* A generation of the template; vmid 0: not known; generation 0: it was made by hand. */
struct loss_template {
	unsigned vmid, generation;
};

/* Points into the spec and the state that it was found in. */
struct loss {
	const char *vm;
	unsigned vmid;
	struct loss_disk *disks;	/* less cloud-init's, which is made anew */
	size_t disk_count;
	const char *const *snapshots;	/* their names */
	size_t snapshot_count;
	bool running;
	double uptime;			/* seconds */
	double since;			/* made, or adopted, at: since the epoch; 0: not known */
	bool adopted;
	struct loss_template from, next; /* what it was cloned from, and what it will be */
};

/*
 * What is lost with vm.  run: the one that made or adopted it, and its steps; NULL: not
 * known.  NULL if nothing is; else the caller frees it.
 */
struct loss *loss_find(const struct spec_section *vm, const struct state *state,
		       const struct record_run *run, const struct record_steps *steps);
void loss_free(struct loss *loss);

/* Add a note to plan that names the disks that are lost with vmid, which is called name. */
void loss_note(const struct state *state, const char *name, unsigned vmid, struct plan *plan);

#endif
