/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pvefs.h - the node's own files: /etc/pve, /run/qemu-server, /proc, lock files (jansson)
 *
 * Reads only, each file in one read(2) and closed at once: a config that stays
 * open is renamed away by FUSE and drops out of .vmlist (pve-facts 5.10, 5.11).
 * Every path has root in front.
 */
#ifndef PVEFS_H
#define PVEFS_H

#include <stdbool.h>

#include "model/state.h"

struct error;
struct site;

/*
 * Node name, mount, quorum, memory, bridges (not Open vSwitch's), resolver, storages; first
 * of all, for what follows needs the name.  An /etc/pve that is not mounted is no
 * error here: mounted is false, and there are neither storages nor guests then.
 */
int pvefs_read_node(const char *root, struct state *state, struct error *err);

/*
 * The version of Proxmox VE, "8.4.21", as dpkg has it (a large file: only when
 * asked for); NULL if it is not installed.
 */
int pvefs_read_version(const char *root, char **version, struct error *err);

/*
 * What surrounds the VMs (site.h): add it to a site that site_init() made.  A file that
 * is not there is no error.  With a root, the clock is not set if ROOT/run/clock-not-set
 * is there.
 */
int pvefs_read_site(const char *root, struct site *site, struct error *err);

/*
 * Every guest of the cluster from .vmlist; the configs and run state of local
 * QEMU guests, and what pvefs_read_memberships() says.  Replaces those that state holds.
 */
int pvefs_read_guests(const char *root, struct state *state, struct error *err);

/*
 * One guest again: adds it to state, refreshes it, or takes it out if .vmlist no
 * longer has it.  Unlike pvefs_read_guests it also fills the config's digest.
 */
int pvefs_read_guest(const char *root, struct state *state, unsigned vmid, struct error *err);

/*
 * What the cluster's files say of guests besides their configs: pool, HA, replication.
 * The two above do it; only: of this guest alone, 0: of all that state has.
 */
int pvefs_read_memberships(const char *root, struct state *state, unsigned only,
			   struct error *err);

/*
 * Does the config of a container of this node name that volume ("vm-101-disk-0"),
 * of whatever storage?  Also true where one cannot be read.
 */
bool pvefs_container_names(const char *root, const char *node, const char *volume);

/*
 * Is a qm at work on this VM?  A flock(2) probe of lock-N.conf, taken shared and
 * non-blocking and dropped at once; never creates the file.
 */
bool pvefs_is_locked(const char *root, unsigned vmid);

/*
 * Hold the lock that allocating from and renaming in a storage takes (pve-facts 1.2.5),
 * until the fd is closed: the caller's.  Does not wait; -1 with ERROR_BUSY.
 */
int pvefs_lock_storage(const char *root, const char *storage, struct error *err);

#endif
