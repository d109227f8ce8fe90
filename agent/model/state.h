/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.h - what the node holds: plain data, filled by observe
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/thin.h"

struct vmconf;

enum state_kind { STATE_QEMU, STATE_LXC };

struct state_guest {
	unsigned vmid;
	char *node;		/* where it lives */
	enum state_kind kind;
	bool local;		/* on this node */
	struct vmconf
		*conf; /* of a local QEMU guest; NULL for others, or if it went away as we looked */
	char digest[41]; /* SHA-1 of its config, as --digest wants it; "" unless looked at alone */
	char *pool;		/* the resource pool that it is in, or NULL */
	char *ha;		/* what HA is told to make of it, "started"; NULL: HA leaves it alone */
	char *replication;	/* "101-0": a job that copies it to another node, or NULL */
	pid_t pid;		/* 0: not running; local QEMU guests only */
	double uptime;		/* seconds */
	double since;		/* when it was started, seconds since 1970 */
};

struct state_storage {
	char *id, *type;	/* "local-lvm", "lvmthin" */
	char *vg, *pool;	/* lvmthin only */
	bool disabled;		/* switched off, or not for this node */
	bool images;		/* may hold VM disks */
	bool snippets;		/* may hold files for cloud-init */
	char *path;		/* of those that are folders, where it is said */
	bool own_folders;	/* its kinds of content lie in folders of their own choice */
};

/* A file for cloud-init that the spec has for this node. */
struct state_snippet {
	char *volid;		/* "local:snippets/k3s.yaml" */
	char *path;		/* on the node; NULL: there is no place for it */
	char *hindrance;	/* why it can be neither read nor written, and what would do; or NULL */
	bool there;
	bool renewed;		/* this run wrote it, in place of what VMs may have read */
	struct strbuf text;	/* what it holds, also with a NUL; may be a secret */
	char digest[DIGEST_SHA256_TEXT];	/* of text */
};

struct state_mtu {
	char *bridge;
	unsigned mtu;
};

struct state {
	char *node;		/* this node's name in /etc/pve */
	char *version;		/* "8.4.21"; NULL unless asked for (pvefs_read_version) */
	bool mounted;		/* /etc/pve is there */
	bool quorate;
	uint64_t memory;	/* bytes */
	unsigned cpus;		/* as Proxmox counts them; 0: not known */
	struct state_guest *guests;	/* by vmid, ascending; all nodes of the cluster */
	size_t guest_count;
	struct state_storage *storages;
	size_t storage_count;
	struct strvec bridges;
	struct strvec cpu_models;	/* that the cluster defines, without custom- */
	struct state_mtu *mtus;	/* of those whose MTU is known */
	size_t mtu_count;
	struct strvec nameservers;	/* that the node itself asks: at most three */
	char *search;		/* the domain that it looks for names in, or NULL */
	struct strvec resource_pools;	/* by name; thin pools are others */
	struct thin_pools pools;
	struct thin_volumes volumes;
	bool lvs_asked;		/* inactive volumes and origins are known */
	struct state_snippet *snippets;	/* that the spec declares, and VMs of this node name */
	size_t snippet_count;
	/* that such VMs name, the spec does not, and are not there; hookscripts that cannot be run */
	struct strvec lost_snippets;
	unsigned *held;		/* VMIDs that look half-made and whose lock a qm holds now */
	size_t held_count;
};

#define STATE_INIT { .bridges = STRVEC_INIT, .nameservers = STRVEC_INIT, \
		     .resource_pools = STRVEC_INIT }

/* Of what it owns nothing is left. */
void state_guest_release(struct state_guest *guest);

void state_release(struct state *state);

/* NULL if there is none. */
struct state_guest *state_find_guest(const struct state *state, unsigned vmid);
struct state_storage *state_find_storage(const struct state *state, const char *id);

struct state_snippet *state_find_snippet(const struct state *state, const char *volid);

/* The thin volume behind "STORE:NAME", or NULL: no volid, not lvmthin, or not there (or not
 * active). */
struct thin_volume *state_find_volume(const struct state *state, const char *volid);

/* The thin volume of a config's drive, "scsi0" say, or NULL. */
struct thin_volume *state_find_drive(const struct state *state, const struct vmconf *conf,
				     const char *key);

/* That of the cloud-init drive, or NULL. */
struct thin_volume *state_find_cloudinit(const struct state *state, const struct vmconf *conf);

/* "VG/NAME" of a config's drive on a thin pool, whether it is there or not; or NULL; caller frees. */
char *state_drive_path(const struct state *state, const struct vmconf *conf, const char *key);

/* A bridge's MTU; 0: not known. */
unsigned state_bridge_mtu(const struct state *state, const char *bridge);

/* Is a qm at work on that VM, as far as it was looked at (see held)? */
bool state_is_held(const struct state *state, unsigned vmid);

/* "STORE:NAME" of a volume, or NULL if no storage leads to it; caller frees. */
char *state_volid(const struct state *state, const struct thin_volume *volume);

/* The pool of a storage, or NULL. */
struct thin_pool *state_find_pool(const struct state *state, const char *storage);

#endif
