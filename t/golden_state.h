/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden_state.h - a node and its journal, as written in a golden test
 *
 *	# blank lines, and lines that begin so, say nothing
 *	node pve
 *	memory 64G
 *	quorum no
 *	bridge vmbr0 vmbr1
 *	storage local-lvm lvmthin pve/data
 *	storage local dir no-images disabled
 *	pool pve/data data 20G/500G metadata 40M/4G extent 32M read-only needs-check
 *	volume pve/vm-101-disk-0 in data size 20G mapped 2G
 *	volume pve/vm-101-cloudinit in data size 4M inactive
 *	guest 101 running
 *		name: web		what its N.conf holds, a tab in front
 *		cores: 4		the last of two lines with one key holds
 *		-tags			takes away what was said of tags
 *	guest 200 container
 *	guest 300 on pve2
 *	record 101 lab/web 11111111-1111-4111-8111-111111111111
 *	include node		the lines of t/plan/node; with a tab in front, of a config
 *
 * A second line about the same thing adds to the first, so a case includes what
 * is usual and says what is not.  The node is "pve", has quorum, and holds
 * nothing unless it is said; a guest is on it, stopped, and a VM.  A VM without
 * a config went away while it was looked at.
 */
#ifndef GOLDEN_STATE_H
#define GOLDEN_STATE_H

struct error;
struct record_vms;
struct state;

/* Read text into state and records; folder holds what it includes. */
int golden_state_read(const char *text, const char *folder, struct state *state,
		      struct record_vms *records, struct error *err);

#endif
