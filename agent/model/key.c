/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/key.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/key_check.h"
#include "base/number.h"

#define MAX_MEMORY (4. * (double)TIB)
#define MAX_DISK (128. * (double)TIB)

const struct key key_table[KEY_COUNT] = {
	[KEY_VMID] = {
		"vmid", SCOPE_VM | SCOPE_TEMPLATE, KEY_TYPE_NUMBER, .min = 100, .max = 999999999,
		.help = "Its number in Proxmox.",
	},
	[KEY_GROUP_COUNT] = {
		"count", SCOPE_VM, KEY_TYPE_NUMBER, .min = 0, .max = 1000,
		.help = "Make so many of it: NAME-1, NAME-2, with ids and addresses that follow.",
	},
	[KEY_NODE] = {
		"node", SCOPE_VM | SCOPE_CLUSTER, KEY_TYPE_TEXT,
		.help = "The node it lives on; may be left out where the file has one node.",
	},
	[KEY_ROLE] = {
		"role", SCOPE_VM, KEY_TYPE_TEXT,
		.help = "The role whose values hold for this VM.",
	},
	[KEY_TEMPLATE] = {
		"template", SCOPE_GUEST, KEY_TYPE_TEXT,
		.help = "The template it is cloned from; may be left out where the file has one.",
	},
	[KEY_CORES] = {
		"cores", SCOPE_GUEST, KEY_TYPE_NUMBER, .min = 1, .max = 512,
		.help = "Virtual CPU cores.",
	},
	[KEY_MEMORY] = {
		"memory", SCOPE_GUEST, KEY_TYPE_SIZE, .min = 16. * (double)MIB, .max = MAX_MEMORY,
		.check = key_check_whole_mib, .help = "Memory.",
	},
	[KEY_DISK] = {
		"disk", SCOPE_GUEST | SCOPE_TEMPLATE, KEY_TYPE_SIZE, .min = (double)MIB, .max = MAX_DISK,
		.check = key_check_whole_mib, .help = "Size of the first disk; it only grows.",
	},
	[KEY_STORAGE] = {
		"storage", SCOPE_GUEST | SCOPE_NODE | SCOPE_TEMPLATE, KEY_TYPE_TEXT,
		.check = key_check_storage, .fallback = "local-lvm", .help = "Where its disks lie.",
	},
	[KEY_BRIDGE] = {
		"bridge", SCOPE_GUEST | SCOPE_NODE | SCOPE_TEMPLATE, KEY_TYPE_TEXT,
		.check = key_check_bridge, .fallback = "vmbr0", .help = "The bridge of its NIC.",
	},
	[KEY_VLAN] = {
		"vlan", SCOPE_GUEST, KEY_TYPE_NUMBER, .min = 1, .max = 4094,
		.help = "VLAN tag of its NIC.",
	},
	[KEY_MAC] = {
		"mac", SCOPE_VM, KEY_TYPE_TEXT, .check = key_check_mac,
		.help = "MAC address of its NIC; derived from the names where not given.",
	},
	[KEY_USER] = {
		"user", SCOPE_GUEST | SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_user,
		.help = "The user that cloud-init makes.",
	},
	[KEY_SSH_KEYS] = {
		"ssh-keys", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_key_file,
		.help = "A file of SSH public keys that may log in as that user.",
	},
	[KEY_ADDRESS] = {
		"address", SCOPE_VM, KEY_TYPE_TEXT,
		.check = key_check_guest_address, .fallback = "dhcp",
		.help = "Its address with the size of the net, or dhcp.",
	},
	[KEY_GATEWAY] = {
		"gateway", SCOPE_GUEST | SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_ip,
		.help = "The router of its net.",
	},
	[KEY_NAMESERVER] = {
		"nameserver", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_ip,
		.help = "Addresses of DNS servers.",
	},
	[KEY_SEARCHDOMAIN] = {
		"searchdomain", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_dns_name,
		.help = "Domains in which short names are looked up.",
	},
	[KEY_TAGS] = {
		"tags", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_tag,
		.help = "Tags in Proxmox, besides vyom, which vyom adds.",
	},
	[KEY_ONBOOT] = {
		"onboot", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Start it when the node starts?",
	},
	[KEY_AGENT] = {
		"agent", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does the guest run qemu-guest-agent?",
	},
	[KEY_START] = {
		"start", SCOPE_GUEST, KEY_TYPE_FLAG, .fallback = "true",
		.help = "Shall it be running?",
	},
	[KEY_CLONE] = {
		"clone", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_clone, .fallback = "linked",
		.help = "How its disk is made from the template's: linked or full.",
	},
	[KEY_NODE_ADDRESS] = {
		"address", SCOPE_NODE, KEY_TYPE_TEXT, .check = key_check_node_address,
		.help = "Where an outpost reaches it by SSH: [user@]host[:port].",
	},
	[KEY_MEMORY_RESERVE] = {
		"memory-reserve", SCOPE_NODE, KEY_TYPE_SIZE, .max = MAX_MEMORY, .fallback = "4G",
		.help = "Memory that stays the node's own.",
	},
	[KEY_OVERCOMMIT] = {
		"overcommit", SCOPE_NODE, KEY_TYPE_RATIO, .min = 0.1, .max = 100, .fallback = "1.0",
		.help = "How many times its size the thin pool may promise.",
	},
	[KEY_DATA_LIMIT] = {
		"data-limit", SCOPE_NODE, KEY_TYPE_NUMBER, .min = 1, .max = 100, .fallback = "90",
		.help = "Per cent of the thin pool's data beyond which nothing is made.",
	},
	[KEY_METADATA_LIMIT] = {
		"metadata-limit", SCOPE_NODE, KEY_TYPE_NUMBER, .min = 1, .max = 100,
		.fallback = "80",
		.help = "Per cent of the thin pool's metadata beyond which nothing is made.",
	},
	[KEY_JOBS] = {
		"jobs", SCOPE_NODE, KEY_TYPE_NUMBER, .min = 1, .max = 64, .fallback = "4",
		.help = "VMs worked on at a time.",
	},
	[KEY_CLONE_JOBS] = {
		"clone-jobs", SCOPE_NODE, KEY_TYPE_NUMBER, .min = 1, .max = 16,
		.help = "Clones made at a time; 4 where linked and 1 where full, if not given.",
	},
	[KEY_VMIDS] = {
		"vmids", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_vmid_range,
		.help = "Numbers for its generations, of which the newest good one is cloned.",
	},
	[KEY_IMAGE] = {
		"image", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_image,
		.help = "The cloud image it is made from: a file on the node, or a volume id.",
	},
	[KEY_URL] = {
		"url", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_url,
		.help = "Where the node downloads the image from, if it is not there yet.",
	},
	[KEY_SHA256] = {
		"sha256", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_sha256,
		.help = "SHA-256 of the image.",
	},
	[KEY_BUILD_ADDRESS] = {
		"build-address", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_cidr,
		.help = "The address it has while it is made.",
	},
	[KEY_PACKAGES] = {
		"packages", SCOPE_TEMPLATE, KEY_TYPE_LIST, .check = key_check_package,
		.help = "Debian packages that are installed into it.",
	},
	[KEY_FILES] = {
		"files", SCOPE_TEMPLATE, KEY_TYPE_LIST, .check = key_check_file_pair,
		.help = "Files that are put into it: LOCAL:GUEST, both absolute paths.",
	},
	[KEY_RUN] = {
		"run", SCOPE_TEMPLATE, KEY_TYPE_LIST, .check = key_check_line,
		.help = "Commands that root's shell runs in it, after packages and files.",
	},
	[KEY_MASTER_KEY] = {
		"master-key", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_key_file,
		.help = "A file with the public key that may log in to every VM made from it.",
	},
	[KEY_KEY_SINK] = {
		"key-sink", SCOPE_TEMPLATE, KEY_TYPE_LIST, .check = key_check_line,
		.help = "A command that keeps the new private master key, given on its stdin.",
	},
	[KEY_KEY_FILE] = {
		"key-file", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_absolute,
		.help = "The file of the private master key, which is made if it is not there.",
	},
};

enum key_id key_find(const char *name, enum key_scope scope)
{
	enum key_id id = 0;

	while (id < KEY_COUNT &&
	       (!(key_table[id].scopes & scope) || strcmp(key_table[id].name, name) != 0))
		id++;
	return id;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

#define LONGEST_NAME 31

/* How many characters to add, drop or change; names longer than any key count as far away. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST_NAME + 1], len = strlen(b);

	if (len > LONGEST_NAME || strlen(a) > LONGEST_NAME)
		return SIZE_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[len];
}

const char *key_suggest(const char *name, enum key_scope scope)
{
	size_t nearest = strlen(name) < 5 ? 2 : 3;	/* one short of this still counts */
	const char *found = NULL;

	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		size_t far = distance(name, key_table[id].name);

		if (!(key_table[id].scopes & scope) || far >= nearest)
			continue;
		nearest = far;
		found = key_table[id].name;
	}
	return found;
}

const char *key_scope_name(enum key_scope scope)
{
	switch (scope) {
	case SCOPE_VM:
		return "vm";
	case SCOPE_ROLE:
		return "role";
	case SCOPE_CLUSTER:
		return "cluster";
	case SCOPE_NODE:
		return "node";
	case SCOPE_TEMPLATE:
		return "template";
	}
	abort();
}

int key_check_name(enum key_scope scope, const char *name, struct error *err)
{
	switch (scope) {
	case SCOPE_VM:
	case SCOPE_TEMPLATE:
		return key_check_dns_name(name, err);
	case SCOPE_NODE:
		return key_check_host_name(name, err);
	case SCOPE_ROLE:
	case SCOPE_CLUSTER:
		return key_check_identifier(name, err);
	}
	abort();
}
