/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * instance.h - the instance-id by which cloud-init tells whether a guest is a new one
 *
 * Pure.  Proxmox makes it of what it writes to the cloud-init drive, which it makes of
 * the config: the SHA-1 of user-data and network-config (pve-facts 2.3.5).  So it is
 * known before anything is changed; the texts are those of Proxmox VE 8.4.
 */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <stdbool.h>

#include "base/digest.h"

struct diff_vm;
struct state;

/*
 * The id that the VM's config makes now or, changed, with what diff would set and the
 * snippets that the file declares.  false: it is not ours to tell, since other files of
 * the user's own are on the drive, or it is not of the kind that Linux guests get.
 */
bool instance_id(const struct diff_vm *diff, bool changed, const struct state *state,
		 char text[DIGEST_SHA1_TEXT]);

#endif
