/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * obstacle.h - what stands between a declared VM and any change to it
 *
 * Pure.  Its id may be another's, its identity not the one we remember, its disk
 * gone: each is a sentence for a person, with what would do.
 */
#ifndef OBSTACLE_H
#define OBSTACLE_H

#include <stdbool.h>

struct record_vm;
struct record_vms;
struct spec_section;
struct state;
struct state_guest;
struct vmconf;

/*
 * NULL if nothing does; else the caller frees.  guest is what has the VM's id now
 * and record what the journal knows of that id, NULL where there is none.
 */
char *obstacle_find(const struct spec_section *vm, const struct state *state,
		    const struct state_guest *guest, const struct record_vm *record,
		    const struct record_vms *records);

/* Is guest under a lock that its holder will give back by itself, as a backup does? */
bool obstacle_passes(const struct state_guest *guest);

/*
 * Is the VM with this config not the one that the record remembers, by its smbios
 * uuid and its vmgenid?  The sentence that says so, or NULL; caller frees.
 */
char *obstacle_of_identity(const struct record_vm *record, const struct vmconf *conf);

/* By its uuid alone? */
bool obstacle_is_same_vm(const struct record_vm *record, const struct vmconf *conf);

#endif
