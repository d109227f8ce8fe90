/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vmconf.h - one VM's config file, N.conf, as Proxmox writes it (pve-facts 5)
 *
 * Read only: vyom changes it through qm alone.  Keys that vyom does not know
 * are kept like all others.  Values are the file's text, blanks trimmed.
 */
#ifndef VMCONF_H
#define VMCONF_H

#include <stdbool.h>
#include <stddef.h>

struct vmconf_entry {
	const char *key, *value;
};

struct vmconf {
	char *text;			/* the file, cut up in place: the entries point into it */
	size_t size;			/* bytes of the file */
	struct vmconf_entry *live; /* sorted by key; the last of a repeated key; description too */
	size_t live_count;
	struct vmconf_entry *pending;	/* [PENDING], without its delete: */
	size_t pending_count;
	const char *pending_delete;	/* "a,!b", or NULL */
	struct vmconf_entry *elsewhere;	/* all of the snapshots and unknown sections, unsorted */
	size_t elsewhere_count;
	char *description;		/* decoded, lines joined by \n; NULL if none */
	char *pending_description;	/* the same; "" if it will be emptied */
	bool cloudinit_stale; /* [special:cloudinit]: the drive is not what the keys say */
	const char **snapshots;		/* their names, in the file's order */
	size_t snapshot_count;
};

/*
 * Parse len bytes; any text gives a conf, damaged lines are passed over as qm
 * passes over them.
 */
struct vmconf *vmconf_parse(const char *text, size_t len);
void vmconf_free(struct vmconf *conf);
void vmconf_cleanup(struct vmconf **conf);	/* for CLEANUP() */

/* The live value, or NULL. */
const char *vmconf_get(const struct vmconf *conf, const char *key);

/*
 * What key will be once [PENDING] is applied: *value (NULL: it will be deleted).
 * false if nothing is pending for it.
 */
bool vmconf_get_pending(const struct vmconf *conf, const char *key, const char **value);

/* Anything in [PENDING] at all? */
bool vmconf_has_pending(const struct vmconf *conf);

/* Is key a drive's: scsi0, ide2, unused1, efidisk0, …? */
bool vmconf_is_drive(const char *key);

/* Is it an unusedN, which only keeps a volume? */
bool vmconf_is_unused(const char *key);

/* Is it a drive, unusedN too, whose volume is that? */
bool vmconf_is_drive_of(const struct vmconf_entry *entry, const char *volid);

/* The key of the live drive that names that volume first, or NULL. */
const char *vmconf_drive_of(const struct vmconf *conf, const char *volid);

/* Is line one of the lines of a decoded note, or of the description? */
bool vmconf_note_has_line(const char *note, const char *line);
bool vmconf_description_has_line(const struct vmconf *conf, const char *line);

/* %41 → A, in place; a % without two hex digits stays, and so does %00. */
void vmconf_percent_decode(char *text);

/*
 * Every volume the file names anywhere, snapshots, [PENDING], unusedN and what a
 * backup's fleecing left included (and ISO images, which are volumes too): calls
 * found(volid, context) for each; volid lasts for the call.
 */
void vmconf_each_volume(const struct vmconf *conf, void (*found)(const char *volid, void *context),
			void *context);

#endif
