/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key.h - the table of everything vyom.conf can say
 *
 * One row a key.  spec_conf reads the file by it, spec checks by it, and a test
 * holds vyom.conf(5) and etc/vyom.conf against it, so a new key is a row here
 * and, if it becomes an option of a VM's config, a row in option.c.
 */
#ifndef KEY_H
#define KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* The sections of the file, nearest first: a VM asks its role, its cluster, its node. */
enum key_scope {
	SCOPE_VM	= 1 << 0,
	SCOPE_ROLE	= 1 << 1,
	SCOPE_CLUSTER	= 1 << 2,
	SCOPE_NODE	= 1 << 3,
	SCOPE_TEMPLATE	= 1 << 4,
	SCOPE_NIC	= 1 << 5,	/* a network card of a VM, role or cluster */
	SCOPE_SNIPPET	= 1 << 6,	/* a file for cloud-init that vyom puts on the node */
};

#define SCOPE_LAST SCOPE_SNIPPET

#define SCOPE_GUEST (SCOPE_VM | SCOPE_ROLE | SCOPE_CLUSTER)

enum key_type {
	KEY_TYPE_TEXT,
	KEY_TYPE_LIST,		/* { "a", "b" }; one bare word is a list of one */
	KEY_TYPE_NUMBER,
	KEY_TYPE_SIZE,		/* bytes in spec_value.number */
	KEY_TYPE_FLAG,		/* true yes on 1, false no off 0 */
	KEY_TYPE_RATIO,		/* spec_value.ratio */
};

enum key_id {
	/* who and where */
	KEY_VMID, KEY_GROUP_COUNT, KEY_NODE, KEY_ROLE, KEY_TEMPLATE,
	/* hardware */
	KEY_CORES, KEY_SOCKETS, KEY_CPU, KEY_CPU_FLAGS, KEY_CPU_HIDDEN, KEY_NUMA, KEY_CPU_LIMIT,
	KEY_CPU_UNITS, KEY_AFFINITY, KEY_MEMORY, KEY_BALLOON, KEY_SHARES,
	KEY_DISK, KEY_DISCARD, KEY_IOTHREAD, KEY_SSD, KEY_CACHE, KEY_AIO,
	KEY_IOPS, KEY_IOPS_READ, KEY_IOPS_WRITE, KEY_MBPS, KEY_MBPS_READ, KEY_MBPS_WRITE,
	KEY_BACKUP,
	KEY_STORAGE, KEY_BRIDGE, KEY_VLAN, KEY_MAC,
	KEY_NIC_MODEL, KEY_FIREWALL, KEY_MTU, KEY_QUEUES, KEY_RATE, KEY_LINK_DOWN,
	KEY_MACHINE, KEY_VIOMMU, KEY_BIOS, KEY_EFIDISK, KEY_TPM, KEY_SERIAL, KEY_VGA,
	KEY_VGA_MEMORY, KEY_RNG, KEY_RNG_BYTES, KEY_RNG_PERIOD, KEY_SMBIOS,
	/* cloud-init */
	KEY_USER, KEY_SSH_KEYS, KEY_PASSWORD_HASH, KEY_ADDRESS, KEY_GATEWAY, KEY_ADDRESS6,
	KEY_GATEWAY6, KEY_NAMESERVER, KEY_SEARCHDOMAIN, KEY_PACKAGE_UPGRADE, KEY_SNIPPETS,
	/* behaviour */
	KEY_TAGS, KEY_DESCRIPTION, KEY_ONBOOT, KEY_START_ORDER, KEY_START_DELAY, KEY_STOP_TIMEOUT,
	KEY_PROTECTION, KEY_HOTPLUG, KEY_AGENT, KEY_AGENT_FSTRIM, KEY_AGENT_FREEZE,
	KEY_AGENT_TYPE, KEY_START, KEY_WAIT, KEY_POOL, KEY_DATA_DISKS, KEY_CLONE, KEY_BWLIMIT, KEY_OPTIONS,
	/* a node: where it is (not the key that a VM's address is), its budgets, its pace */
	KEY_NODE_ADDRESS, KEY_MEMORY_RESERVE, KEY_OVERCOMMIT, KEY_DATA_LIMIT, KEY_METADATA_LIMIT,
	KEY_JOBS, KEY_CLONE_JOBS, KEY_TIMEOUTS,
	/* which VM a template is, and how it is made */
	KEY_VMIDS, KEY_TEMPLATE_TAG, KEY_IMAGE, KEY_URL, KEY_SHA256, KEY_BUILD_ADDRESS,
	KEY_PACKAGES, KEY_FILES, KEY_RUN, KEY_MASTER_KEY, KEY_KEY_SINK, KEY_KEY_FILE,
	/* what a snippet holds */
	KEY_SNIPPET_FILE,
	KEY_COUNT
};

struct key {
	const char *name;	/* as in the file: "memory-reserve" */
	unsigned scopes;	/* where it may stand */
	enum key_type type;
	double min, max;	/* NUMBER: value, SIZE: bytes, RATIO; both 0: any */
	/* Is this text (each item of a LIST) a good value?  -1 with "what, and what would do". */
	int (*check)(const char *text, struct error *err);
	const char *fallback;	/* the value where the file says nothing; NULL: not declared */
	const char *help;	/* one line, for vyom.conf(5) */
};

extern const struct key key_table[KEY_COUNT];

/* The key of that name that may stand in scope, or KEY_COUNT. */
enum key_id key_find(const char *name, enum key_scope scope);

/* The most similar name in scope, or NULL if none is near: "did you mean". */
const char *key_suggest(const char *name, enum key_scope scope);

/* Is this a good name for a section of that kind?  -1 with "what, and what would do". */
int key_check_name(enum key_scope scope, const char *name, struct error *err);

/* "net0" to "net31": false if it is none. */
bool key_parse_nic(const char *text, unsigned *slot);

/* Is that `address` one of IPv6: one with colons, or auto, which a router tells? */
bool key_address_is_v6(const char *text);

/* "9000-9009" */
bool key_parse_vmid_range(const char *text, uint64_t *first, uint64_t *last);

/* "vm", "role", "cluster", "node", "template", "nic", "snippet" */
const char *key_scope_name(enum key_scope scope);

#endif
