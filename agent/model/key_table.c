/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/key.h"

#include <stddef.h>

#include "base/number.h"
#include "model/data_disk.h"
#include "model/firmware_disk.h"
#include "model/key_check.h"
#include "model/smbios.h"
#include "model/timeouts.h"

#define MAX_MEMORY (4. * (double)TIB)
#define MAX_DISK (128. * (double)TIB)
#define MAX_IOPS 1e9
#define MAX_MBPS 1e6
#define MAX_ORDER 1e6
#define MAX_SECONDS 86400

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
	[KEY_SOCKETS] = {
		"sockets", SCOPE_GUEST, KEY_TYPE_NUMBER, .min = 1, .max = 64,
		.help = "CPU sockets; each has that many cores.",
	},
	[KEY_CPU] = {
		"cpu", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_cpu,
		.help = "The model of its CPU: host, x86-64-v2-AES, a model of QEMU, or "
			"custom-NAME.",
	},
	[KEY_CPU_FLAGS] = {
		"cpu-flags", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_cpu_flag,
		.help = "CPU flags switched on or off: +aes, -pcid.",
	},
	[KEY_CPU_HIDDEN] = {
		"cpu-hidden", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does its CPU not say that it is a VM's?",
	},
	[KEY_NUMA] = {
		"numa", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does it know which memory is near which CPU?",
	},
	[KEY_CPU_LIMIT] = {
		"cpu-limit", SCOPE_GUEST, KEY_TYPE_RATIO, .min = 0, .max = 128,
		.help = "CPU time that it may use at most, in CPUs; 0 is no limit.",
	},
	[KEY_CPU_UNITS] = {
		"cpu-units", SCOPE_GUEST, KEY_TYPE_NUMBER, .min = 1, .max = 10000,
		.help = "Its weight where CPU time is short.",
	},
	[KEY_AFFINITY] = {
		"affinity", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_cpuset,
		.help = "The CPUs of the node that it may run on: 0,5,8-11.",
	},
	[KEY_MEMORY] = {
		"memory", SCOPE_GUEST, KEY_TYPE_SIZE, .min = 16. * (double)MIB, .max = MAX_MEMORY,
		.check = key_check_whole_mib, .help = "Memory.",
	},
	[KEY_BALLOON] = {
		"balloon", SCOPE_GUEST, KEY_TYPE_SIZE, .max = MAX_MEMORY,
		.check = key_check_whole_mib,
		.help = "Memory that it keeps where memory is short; 0 is no ballooning.",
	},
	[KEY_SHARES] = {
		"shares", SCOPE_GUEST, KEY_TYPE_NUMBER, .min = 0, .max = 50000,
		.help = "Its weight where memory is short.",
	},
	[KEY_DISK] = {
		"disk", SCOPE_GUEST | SCOPE_TEMPLATE, KEY_TYPE_SIZE,
		.min = (double)MIB, .max = MAX_DISK,
		.check = key_check_whole_mib, .help = "Size of the first disk; it only grows.",
	},
	[KEY_DISCARD] = {
		"discard", SCOPE_GUEST, KEY_TYPE_FLAG, .fallback = "true",
		.help = "Does space that is freed in the guest become free in the pool?",
	},
	[KEY_IOTHREAD] = {
		"iothread", SCOPE_GUEST, KEY_TYPE_FLAG, .fallback = "true",
		.help = "Has the disk a thread of its own?",
	},
	[KEY_SSD] = {
		"ssd", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does the disk look like an SSD?",
	},
	[KEY_CACHE] = {
		"cache", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_cache,
		.help = "How the node caches the disk: none, writethrough, writeback, "
			"directsync, unsafe.",
	},
	[KEY_AIO] = {
		"aio", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_aio,
		.help = "How the disk is read and written: io_uring, native, threads.",
	},
	[KEY_IOPS] = {
		"iops", SCOPE_GUEST, KEY_TYPE_NUMBER, .max = MAX_IOPS,
		.help = "Operations a second on the disk, at most; 0 is no limit.",
	},
	[KEY_IOPS_READ] = {
		"iops-read", SCOPE_GUEST, KEY_TYPE_NUMBER, .max = MAX_IOPS,
		.help = "The same, for reads only.",
	},
	[KEY_IOPS_WRITE] = {
		"iops-write", SCOPE_GUEST, KEY_TYPE_NUMBER, .max = MAX_IOPS,
		.help = "The same, for writes only.",
	},
	[KEY_MBPS] = {
		"mbps", SCOPE_GUEST, KEY_TYPE_RATIO, .max = MAX_MBPS,
		.help = "MB a second from and to the disk, at most; 0 is no limit.",
	},
	[KEY_MBPS_READ] = {
		"mbps-read", SCOPE_GUEST, KEY_TYPE_RATIO, .max = MAX_MBPS,
		.help = "The same, for reads only.",
	},
	[KEY_MBPS_WRITE] = {
		"mbps-write", SCOPE_GUEST, KEY_TYPE_RATIO, .max = MAX_MBPS,
		.help = "The same, for writes only.",
	},
	[KEY_BACKUP] = {
		"backup", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Is the disk in the VM's backups?",
	},
	[KEY_DATA_DISKS] = {
		"data-disks", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_data_disk,
		.help = "Disks besides the first: SLOT=SIZE, then what the drive is told; SLOT=detached.",
	},
	[KEY_STORAGE] = {
		"storage", SCOPE_GUEST | SCOPE_NODE | SCOPE_TEMPLATE, KEY_TYPE_TEXT,
		.check = key_check_storage, .fallback = "local-lvm", .help = "Where its disks lie.",
	},
	[KEY_BRIDGE] = {
		"bridge", SCOPE_GUEST | SCOPE_NODE | SCOPE_TEMPLATE | SCOPE_NIC, KEY_TYPE_TEXT,
		.check = key_check_bridge, .fallback = "vmbr0", .help = "The bridge of its NIC.",
	},
	[KEY_VLAN] = {
		"vlan", SCOPE_GUEST | SCOPE_NIC, KEY_TYPE_NUMBER, .min = 1, .max = 4094,
		.help = "VLAN tag of its NIC.",
	},
	[KEY_MAC] = {
		"mac", SCOPE_VM | SCOPE_NIC, KEY_TYPE_TEXT, .check = key_check_mac,
		.help = "MAC address of its NIC; derived from the names where not given.",
	},
	[KEY_NIC_MODEL] = {
		"model", SCOPE_NIC, KEY_TYPE_TEXT, .check = key_check_nic_model,
		.fallback = "virtio", .help = "What the card looks like to the guest.",
	},
	[KEY_FIREWALL] = {
		"firewall", SCOPE_NIC, KEY_TYPE_FLAG,
		.help = "Does Proxmox's firewall look at its packets?",
	},
	[KEY_MTU] = {
		"mtu", SCOPE_NIC, KEY_TYPE_NUMBER, .min = 1, .max = 65520,
		.help = "Its largest packet; 1 is the bridge's.",
	},
	[KEY_QUEUES] = {
		"queues", SCOPE_NIC, KEY_TYPE_NUMBER, .min = 0, .max = 64,
		.help = "Packet queues, for that many CPUs.",
	},
	[KEY_RATE] = {
		"rate", SCOPE_NIC, KEY_TYPE_RATIO, .min = 0, .max = 1000000,
		.help = "MB a second through it, at most; 0 is no limit.",
	},
	[KEY_LINK_DOWN] = {
		"link-down", SCOPE_NIC, KEY_TYPE_FLAG,
		.help = "Is its cable pulled?",
	},
	[KEY_MACHINE] = {
		"machine", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_machine,
		.help = "The board that QEMU plays: q35, pc, or one of a version.",
	},
	[KEY_VIOMMU] = {
		"viommu", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_viommu,
		.help = "Its IOMMU: virtio, or intel of a q35.",
	},
	[KEY_BIOS] = {
		"bios", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_bios,
		.help = "Its firmware: seabios or ovmf.",
	},
	[KEY_EFIDISK] = {
		"efidisk", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_efidisk,
		.help = "Where ovmf keeps its settings: 4m or 2m, pre-enrolled-keys, storage.",
	},
	[KEY_TPM] = {
		"tpm", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_tpm,
		.help = "A TPM, and where its state lies: v2.0 or v1.2, storage.",
	},
	[KEY_SERIAL] = {
		"serial", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_serial,
		.help = "Its first serial port: socket, or a device of the node.",
	},
	[KEY_VGA] = {
		"vga", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_vga,
		.help = "Its display: serial0, std, virtio, qxl, none and others.",
	},
	[KEY_VGA_MEMORY] = {
		"vga-memory", SCOPE_GUEST, KEY_TYPE_SIZE, .min = 4. * (double)MIB,
		.max = 512. * (double)MIB, .check = key_check_whole_mib,
		.help = "Memory of the display.",
	},
	[KEY_RNG] = {
		"rng", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_rng,
		.help = "Where it gets random numbers from: /dev/urandom, /dev/random, "
			"/dev/hwrng.",
	},
	[KEY_RNG_BYTES] = {
		"rng-bytes", SCOPE_GUEST, KEY_TYPE_NUMBER, .max = INT32_MAX,
		.help = "Bytes of those that it gets in a period, at most; 0 is no limit.",
	},
	[KEY_RNG_PERIOD] = {
		"rng-period", SCOPE_GUEST, KEY_TYPE_NUMBER, .min = 1, .max = INT32_MAX,
		.help = "That period, in milliseconds.",
	},
	[KEY_SMBIOS] = {
		"smbios", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_smbios,
		.help = "What the guest reads as its maker, serial number and the like: "
			"manufacturer=ACME,serial=7.",
	},
	[KEY_USER] = {
		"user", SCOPE_GUEST | SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_user,
		.help = "The user that cloud-init makes.",
	},
	[KEY_SSH_KEYS] = {
		"ssh-keys", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_key_file,
		.help = "A file of SSH public keys that may log in as that user.",
	},
	[KEY_PASSWORD_HASH] = {
		"password-hash", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_password_hash,
		.help = "The hash of that user's password; without one nobody logs in with a "
			"password.",
	},
	[KEY_ADDRESS] = {
		"address", SCOPE_VM | SCOPE_NIC, KEY_TYPE_TEXT,
		.check = key_check_guest_address, .fallback = "dhcp",
		.help = "Its address with the size of the net, or dhcp, or auto.",
	},
	[KEY_GATEWAY] = {
		"gateway", SCOPE_GUEST | SCOPE_TEMPLATE | SCOPE_NIC, KEY_TYPE_TEXT, .check = key_check_ip,
		.help = "The router of its net.",
	},
	[KEY_ADDRESS6] = {
		"address6", SCOPE_VM | SCOPE_NIC, KEY_TYPE_TEXT, .check = key_check_guest_address6,
		.help = "Its IPv6 address beside an IPv4 one: with the net, or auto, or dhcp.",
	},
	[KEY_GATEWAY6] = {
		"gateway6", SCOPE_GUEST | SCOPE_NIC, KEY_TYPE_TEXT, .check = key_check_ip6,
		.help = "The router of that.",
	},
	[KEY_NAMESERVER] = {
		"nameserver", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_ip,
		.help = "Addresses of DNS servers.",
	},
	[KEY_SEARCHDOMAIN] = {
		"searchdomain", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_dns_name,
		.help = "Domains in which short names are looked up.",
	},
	[KEY_PACKAGE_UPGRADE] = {
		"package-upgrade", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Are all packages upgraded at the first boot?",
	},
	[KEY_SNIPPETS] = {
		"snippets", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_snippet,
		.help = "Files of cloud-init of your own: user=local:snippets/NAME, vendor=, "
			"network=, meta=.",
	},
	[KEY_TAGS] = {
		"tags", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_tag,
		.help = "Tags in Proxmox, besides vyom, which vyom adds.",
	},
	[KEY_DESCRIPTION] = {
		"description", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_note_line,
		.help = "Lines of its note in Proxmox, above the one that vyom adds.",
	},
	[KEY_ONBOOT] = {
		"onboot", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Start it when the node starts?",
	},
	[KEY_START_ORDER] = {
		"start-order", SCOPE_GUEST, KEY_TYPE_NUMBER, .max = MAX_ORDER,
		.help = "Its place in the order in which the node starts VMs, and back stops "
			"them.",
	},
	[KEY_START_DELAY] = {
		"start-delay", SCOPE_GUEST, KEY_TYPE_NUMBER, .max = MAX_SECONDS,
		.help = "Seconds from its start to that of the next one.",
	},
	[KEY_STOP_TIMEOUT] = {
		"stop-timeout", SCOPE_GUEST, KEY_TYPE_NUMBER, .max = MAX_SECONDS,
		.help = "Seconds that it may take to shut down.",
	},
	[KEY_PROTECTION] = {
		"protection", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does Proxmox refuse to destroy it, or its disks?",
	},
	[KEY_HOTPLUG] = {
		"hotplug", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_hotplug,
		.help = "What can be changed while it runs: network, disk, usb, memory, cpu, "
			"cloudinit.",
	},
	[KEY_AGENT] = {
		"agent", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does the guest run qemu-guest-agent?",
	},
	[KEY_AGENT_FSTRIM] = {
		"agent-fstrim", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does the agent trim the disks after they were moved?",
	},
	[KEY_AGENT_FREEZE] = {
		"agent-freeze", SCOPE_GUEST, KEY_TYPE_FLAG,
		.help = "Does the agent freeze the file systems for a backup?",
	},
	[KEY_AGENT_TYPE] = {
		"agent-type", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_agent_type,
		.help = "How the agent is reached: virtio or isa.",
	},
	[KEY_START] = {
		"start", SCOPE_GUEST, KEY_TYPE_FLAG, .fallback = "true",
		.help = "Shall it be running?",
	},
	[KEY_WAIT] = {
		"wait", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_wait, .fallback = "no",
		.help = "After it was started, wait for its guest: no, agent, cloud-init.",
	},
	[KEY_POOL] = {
		"pool", SCOPE_GUEST, KEY_TYPE_TEXT, .check = key_check_pool,
		.help = "The resource pool that it belongs to.",
	},
	[KEY_CLONE] = {
		"clone", SCOPE_GUEST, KEY_TYPE_TEXT,
		.check = key_check_clone, .fallback = "linked",
		.help = "How its disk is made from the template's: linked or full.",
	},
	[KEY_BWLIMIT] = {
		"bwlimit", SCOPE_GUEST, KEY_TYPE_SIZE, .min = (double)MIB,
		.max = 1024. * (double)GIB, .check = key_check_whole_mib,
		.help = "What a full clone copies in a second, at most.",
	},
	[KEY_OPTIONS] = {
		"options", SCOPE_GUEST, KEY_TYPE_LIST, .check = key_check_option,
		.help = "Anything else that qm set knows: watchdog=model=i6300esb.",
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
		"overcommit", SCOPE_NODE, KEY_TYPE_RATIO,
		.min = 0.1, .max = 100, .fallback = "1.0",
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
	[KEY_TIMEOUTS] = {
		"timeouts", SCOPE_NODE, KEY_TYPE_LIST, .check = key_check_timeout,
		.help = "Seconds that a step may take, in place of vyom's own: start=900.",
	},
	[KEY_VMIDS] = {
		"vmids", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_vmid_range,
		.help = "Numbers for its generations, of which the newest good one is cloned.",
	},
	[KEY_TEMPLATE_TAG] = {
		"tag", SCOPE_TEMPLATE, KEY_TYPE_TEXT, .check = key_check_tag,
		.help = "The newest template of the node that carries this tag is cloned.",
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
	[KEY_SNIPPET_FILE] = {
		"file", SCOPE_SNIPPET, KEY_TYPE_TEXT,
		.help = "The file that is put on the node as the section's name says.",
	},
};
