/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden_state.h - a node and its journal, as a golden test writes them
 *
 *	# Blank lines, and lines that begin so, say nothing.
 *	include node
 *	node pve memory 64G cpus 8 bridge vmbr0 bridge vmbr1 resource-pool prod no-quorum
 *	bridge vmbr0 mtu 1500
 *	storage local-lvm type lvmthin vg pve pool data
 *	storage local type dir no-images disabled
 *	pool pve/data data 20G/500G metadata 40M/4G extent 32M read-only needs-check
 *	volume pve/vm-101-disk-0 in data size 20G mapped 2G from base-9000-disk-0
 *	volume pve/vm-101-cloudinit in data size 4M inactive
 *	guest 101 running
 *		name: web		what its N.conf holds, a tab in front
 *		cores: 4		of two lines with one key the last holds
 *		-tags			takes away what was said of tags before
 *		-#rack 7		and this line of the description
 *	guest 200 container
 *	guest 300 on pve2
 *	guest 301 in-pool prod ha started replicated 301-0
 *	record 101 cluster lab name web uuid 1111abcd-1111-4111-8111-111111111111 started
 *	template 9000 name noble uuid be8c63cf-bfd6-47a4-8a8f-4436ed99fc28 prepared sealed
 *	doubt 101 verb clone vm web had pve/vm-101-disk-0
 *	copy fast:vm-101-disk-1 of 101 slot scsi1 source local-lvm:vm-101-vyom-scsi1 suspect
 *	held 101 by-a-qm
 *	snippet local:snippets/a at /var/lib/vz/snippets/a holds TEXT
 *	snippet local:snippets/b hindered is-a-symlink
 *	wrote local:snippets/a text TEXT
 *
 * "include NAME" stands for the lines of a file beside the test; with a tab in
 * front, for lines of a config.  A second line about one thing adds to the
 * first: a case includes what is usual and then says what is not.  A guest is a
 * stopped VM of this node where nothing else is said; one without a config went
 * away while it was looked at.
 */
#ifndef GOLDEN_STATE_H
#define GOLDEN_STATE_H

/* What a template's key is where nothing else is said. */
#define GOLDEN_STATE_KEY \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb m"

struct error;
struct record_vms;
struct state;

/* Read text into state and records; folder holds what it includes. */
int golden_state_read(const char *text, const char *folder, struct state *state,
		      struct record_vms *records, struct error *err);

#endif
