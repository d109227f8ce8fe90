/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snippet.h - the files for cloud-init that vyom puts on the node: may it, and what comes of it
 *
 * Pure.  A file that vyom did not write is never replaced: the journal has the SHA-256 of
 * each that it wrote, or was about to.
 *
 * Proxmox reads it anew at each start of a VM (Cloudinit.pm, vm_start_nolock), and makes
 * the instance-id of user-data and network-config, whosever they are: another text in
 * one of those, or in the meta-data that says an instance-id itself, makes cloud-init
 * treat the guest as a new one, as a change of cicustom does.  Vendor-data does not, nor
 * what is given beside meta-data.  Proxmox does not know that a file has changed: `qm
 * cloudinit pending` is silent, `update` and a start take it in.
 */
#ifndef SNIPPET_H
#define SNIPPET_H

#include <stdbool.h>

struct record_vms;
struct spec;
struct spec_section;
struct state;
struct state_guest;
struct strvec;
struct vmconf;

enum snippet_standing {
	SNIPPET_AS_DECLARED,
	SNIPPET_ABSENT,
	SNIPPET_OLD,		/* it is what vyom wrote before */
	SNIPPET_HINDERED,	/* why says what stands in the way, and what would do */
};

/*
 * Where the node has the file of that volume id; NULL: nowhere, and why says what would
 * help, or is NULL where vyom cannot tell.  Caller frees both.
 */
char *snippet_place(const struct state *state, const char *volid, char **why);

/* One that is declared, and observed.  *why is filled where it is HINDERED; caller frees. */
enum snippet_standing snippet_standing(const struct spec_section *snippet,
				       const struct state *state, const struct record_vms *records,
				       char **why);

enum snippet_part {
	SNIPPET_NONE,
	SNIPPET_QUIET,		/* the instance-id does not come from it */
	SNIPPET_IDENTITY,
};

/* What volid is to a guest of that config. */
enum snippet_part snippet_part_of(const struct vmconf *conf, const char *volid);

/* Will it be another text than the last one that a start can have read? */
bool snippet_changes(const struct spec_section *snippet, const struct state *state,
		     const struct record_vms *records);

/* Before it is written: that VMs which run have read another is remembered in state. */
void snippet_note_change(const struct spec_section *snippet, struct state *state,
			 const struct record_vms *records);

/* Of vm's, add to changes those by whose change cloud-init would start over in a guest with conf. */
void snippet_find_changes(const struct spec_section *vm, const struct vmconf *conf,
			  const struct state *state, const struct record_vms *records,
			  struct strvec *changes);

/*
 * Add to unread those that vyom changed since that guest, which runs, was started with another
 * text, so that its next start is what cloud-init starts over at.  Not what this run changes.
 */
void snippet_find_unread(const struct spec_section *vm, const struct state_guest *guest,
			 const struct state *state, const struct record_vms *records,
			 struct strvec *unread);

#endif
