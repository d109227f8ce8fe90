/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/key.h"
#include "main.h"
#include "base/scope.h"
#include "base/strbuf.h"

static const enum key_scope scopes[] = {
	SCOPE_VM, SCOPE_ROLE, SCOPE_CLUSTER, SCOPE_NODE, SCOPE_TEMPLATE, SCOPE_NIC,
	SCOPE_SNIPPET,
};

#define N20 "01234567890123456789"
#define N100 N20 N20 N20 N20 N20
#define SCOPE_COUNT (sizeof(scopes) / sizeof(*scopes))

START_TEST(every_row_says_what_it_is)
{
	const struct key *key = &key_table[_i];

	ck_assert_msg(key->name && key->name[0], "row %d has no name", _i);
	ck_assert_msg(key->scopes, "%s: no scope", key->name);
	ck_assert_msg(key->help && strlen(key->help) > 5, "%s: no help", key->name);
	ck_assert_msg(key->help[strlen(key->help) - 1] == '.' || strchr(key->help, '?') ||
		      strchr(key->help, ':'), "%s: help is no sentence", key->name);
	ck_assert_msg(key->min <= key->max, "%s: min is over max", key->name);
}
END_TEST

START_TEST(each_key_is_found_in_its_scopes_and_no_other)
{
	for (size_t i = 0; i < SCOPE_COUNT; i++) {
		enum key_id found = key_find(key_table[_i].name, scopes[i]);

		if (key_table[_i].scopes & scopes[i])
			ck_assert_msg(found == (enum key_id)_i, "%s in %s", key_table[_i].name,
				      key_scope_name(scopes[i]));
		else
			ck_assert_msg(found != (enum key_id)_i, "%s in %s", key_table[_i].name,
				      key_scope_name(scopes[i]));
	}
}
END_TEST

START_TEST(an_address_is_one_thing_for_a_vm_and_another_for_a_node)
{
	ck_assert_int_eq(key_find("address", SCOPE_VM), KEY_ADDRESS);
	ck_assert_int_eq(key_find("address", SCOPE_NODE), KEY_NODE_ADDRESS);
	ck_assert_int_eq(key_find("address", SCOPE_CLUSTER), KEY_COUNT);
	ck_assert_int_eq(key_find("", SCOPE_VM), KEY_COUNT);
}
END_TEST

static const struct { const char *typed; enum key_scope scope; const char *meant; } typos[] = {
	{ "momory",		SCOPE_VM,	"memory" },
	{ "core",		SCOPE_ROLE,	"cores" },
	{ "sshkeys",		SCOPE_CLUSTER,	"ssh-keys" },
	{ "ssh_keys",		SCOPE_CLUSTER,	"ssh-keys" },
	{ "nameservers",	SCOPE_VM,	"nameserver" },
	{ "overcomit",		SCOPE_NODE,	"overcommit" },
	{ "overcomit",		SCOPE_VM,	NULL },
	{ "vlam",		SCOPE_VM,	"vlan" },
	{ "mtu",		SCOPE_VM,	NULL },
	{ "",			SCOPE_VM,	NULL },
	{ "a-name-that-is-longer-than-any-key-there-is", SCOPE_VM, NULL },
};

START_TEST(a_typo_brings_up_what_was_meant)
{
	const char *found = key_suggest(typos[_i].typed, typos[_i].scope);

	ck_assert_msg(typos[_i].meant ? found && strcmp(found, typos[_i].meant) == 0 : !found,
		      "%s: %s", typos[_i].typed, found ? found : "nothing");
}
END_TEST

/* complaint NULL: a good value */
static const struct { enum key_id key; const char *text, *complaint; } values[] = {
	{ KEY_MEMORY,		"16M",			NULL },
	{ KEY_MEMORY,		"1.5G",			NULL },
	{ KEY_MEMORY,		"17000K",
	  "not a whole number of MiB; write it like 512M or 16G" },
	{ KEY_MEMORY,		"4096",			"without a letter it is bytes" },
	{ KEY_DISK,		"1000K",		"not a whole number of MiB" },
	{ KEY_STORAGE,		"local-lvm",		NULL },
	{ KEY_STORAGE,		"a",			"no name of a storage" },
	{ KEY_STORAGE,		"9vm",			"no name of a storage" },
	{ KEY_STORAGE,		"lvm-",			"no name of a storage" },
	{ KEY_STORAGE,		"lvm:x",		"pvesm status" },
	{ KEY_BRIDGE,		"vmbr0",		NULL },
	{ KEY_BRIDGE,		"vmbr0.20",		NULL },
	{ KEY_BRIDGE,		"abcdefghijklmno",	NULL },
	{ KEY_BRIDGE,		"abcdefghijklmnop",	"15 characters at most" },
	{ KEY_BRIDGE,		"0br",			"no name of a bridge" },
	{ KEY_BRIDGE,		"vmbr0,tag=1",		"no name of a bridge" },
	{ KEY_MAC,		"02:00:00:12:34:56",	NULL },
	{ KEY_MAC,		"bc:24:11:aa:bb:cc",	NULL },
	{ KEY_MAC,		"03:00:00:12:34:56",	"no MAC address of a NIC" },
	{ KEY_MAC,		"00:00:00:00:00:00",	"no MAC address of a NIC" },
	{ KEY_MAC,		"02-00-00-12-34-56",	"no MAC address of a NIC" },
	{ KEY_USER,		"ubuntu",		NULL },
	{ KEY_USER,		"_svc-1",		NULL },
	{ KEY_USER,		"1st",			"no name of a user" },
	{ KEY_USER,		"Root",			"no name of a user" },
	{ KEY_USER,		"a b",			"no name of a user" },
	{ KEY_SSH_KEYS,		"/etc/vyom/keys",	NULL },
	{ KEY_SSH_KEYS,		"keys.pub",		NULL },
	{ KEY_SSH_KEYS,		"~/keys",		"~ is not replaced" },
	{ KEY_SSH_KEYS,		"ssh-ed25519 AAAAC3Nz",	"this is a key; write the path of a file" },
	{ KEY_VMIDS,		"9000-9009",		NULL },
	{ KEY_VMIDS,		"9000-9000",		NULL },
	{ KEY_VMIDS,		"9000",			"no range of ids" },
	{ KEY_VMIDS,		"9009-9000",		"no range of ids" },
	{ KEY_VMIDS,		"99-102",		"no range of ids" },
	{ KEY_VMIDS,		"9000-9100",		"at most 100 of them" },
	{ KEY_VMIDS,		"9000-9001-9002",	"no range of ids" },
	{ KEY_TEMPLATE_TAG,	"k3s-golden",		NULL },
	{ KEY_TEMPLATE_TAG,	"k3s golden",		"no tag" },
	{ KEY_IMAGE,		"/srv/noble.img",	NULL },
	{ KEY_IMAGE,		"local:iso/noble.img",	NULL },
	{ KEY_IMAGE,		"local:import/n.qcow2", NULL },
	{ KEY_IMAGE,		"/srv/noble,size=1T",	"no path with a comma" },
	{ KEY_IMAGE,		"noble.img",		"no absolute path and no volume id" },
	{ KEY_IMAGE,		"local:../etc/shadow",	"no absolute path and no volume id" },
	{ KEY_IMAGE,		"local:iso/../../x",	"no absolute path and no volume id" },
	{ KEY_IMAGE,		"local:iso/a b",	"no absolute path and no volume id" },
	{ KEY_URL,		"https://example.org/noble.img", NULL },
	{ KEY_URL,		"http://10.0.2.1:8000/n.img", NULL },
	{ KEY_URL,		"file:///etc/shadow",	"no URL" },
	{ KEY_URL,		"https://",		"no URL" },
	{ KEY_URL,		"https:///noble.img",	"no URL" },
	{ KEY_URL,		"https://a/b c",	"no URL" },
	{ KEY_FILES,		"/a/b:/etc/b",		NULL },
	{ KEY_FILES,		"/a/b",			"no pair of paths" },
	{ KEY_FILES,		"a:/etc/b",		"no pair of paths" },
	{ KEY_FILES,		"/a:b",			"no pair of paths" },
	{ KEY_FILES,		"/a:/b:0600",		"no pair of paths" },
	{ KEY_RUN,		"systemctl enable x",	NULL },
	{ KEY_RUN,		"",			"says nothing" },
	{ KEY_KEY_SINK,		"op",			NULL },
	{ KEY_KEY_FILE,		"/root/key",		NULL },
	{ KEY_KEY_FILE,		"key",			"no absolute path" },
	{ KEY_MASTER_KEY,	"master.pub",		NULL },
	{ KEY_MASTER_KEY,	"~/master.pub",		"~ is not replaced" },
	{ KEY_ADDRESS6,		"auto",			NULL },
	{ KEY_ADDRESS6,		"fd00::5/64",		NULL },
	{ KEY_ADDRESS6,		"10.0.0.5/24",		"no IPv6 address with a net; write it like fd00::5/64, or auto" },
	{ KEY_ADDRESS6,		"::1/128",		"no address that a machine can have" },
	{ KEY_GATEWAY6,		"fd00::1",		NULL },
	{ KEY_GATEWAY6,		"10.0.0.1",		"no IPv6 address" },
	{ KEY_NIC_MODEL,	"e1000",		NULL },
	{ KEY_NIC_MODEL,	"intel",		"no network card; write virtio, " },
	{ KEY_CPU,		"host",			NULL },
	{ KEY_CPU,		"x86-64-v2-AES",	NULL },
	{ KEY_CPU,		"EPYC-Rome-v4",		NULL },
	{ KEY_CPU,		"custom-lab",		NULL },
	{ KEY_CPU,		"custom-",		"no CPU that qm knows" },
	{ KEY_CPU,		"Host",			"no CPU that qm knows" },
	{ KEY_CPU,		"host,hidden=1",	"no CPU that qm knows" },
	{ KEY_CPU_FLAGS,	"+aes",			NULL },
	{ KEY_CPU_FLAGS,	"-pcid",		NULL },
	{ KEY_CPU_FLAGS,	"aes",			"write +aes or -aes" },
	{ KEY_CPU_FLAGS,	"+avx512f",		"no CPU flag that qm takes for a VM; write aes, " },
	{ KEY_AFFINITY,		"0",			NULL },
	{ KEY_AFFINITY,		"0,5,8-11",		NULL },
	{ KEY_AFFINITY,		"0,",			"no list of CPUs" },
	{ KEY_AFFINITY,		"",			"no list of CPUs" },
	{ KEY_AFFINITY,		"3-1",			"no list of CPUs" },
	{ KEY_AFFINITY,		"1-",			"no list of CPUs" },
	{ KEY_AFFINITY,		"1 2",			"no list of CPUs" },
	{ KEY_AFFINITY,		"all",			"no list of CPUs" },
	{ KEY_BALLOON,		"1000K",		"not a whole number of MiB" },
	{ KEY_CACHE,		"writeback",		NULL },
	{ KEY_CACHE,		"on",			"write none, writethrough, writeback, directsync or unsafe" },
	{ KEY_AIO,		"native",		NULL },
	{ KEY_AIO,		"libaio",		"write io_uring, native or threads" },
	{ KEY_MACHINE,		"q35",			NULL },
	{ KEY_MACHINE,		"pc",			NULL },
	{ KEY_MACHINE,		"pc-q35-9.2",		NULL },
	{ KEY_MACHINE,		"pc-i440fx-8.1+pve1",	NULL },
	{ KEY_MACHINE,		"pc-q35-9.2.pxe",	NULL },
	{ KEY_MACHINE,		"pc-q35-9",		"no machine of QEMU" },
	{ KEY_MACHINE,		"pc-q35-9.2+pve",	"no machine of QEMU" },
	{ KEY_MACHINE,		"q35,viommu=intel",	"no machine of QEMU" },
	{ KEY_VIOMMU,		"intel",		NULL },
	{ KEY_VIOMMU,		"amd",			"write intel or virtio" },
	{ KEY_BIOS,		"ovmf",			NULL },
	{ KEY_BIOS,		"uefi",			"write seabios or ovmf" },
	{ KEY_SERIAL,		"socket",		NULL },
	{ KEY_SERIAL,		"/dev/ttyS0",		NULL },
	{ KEY_SERIAL,		"/dev/",		"no serial port" },
	{ KEY_SERIAL,		"/dev/a,b",		"no serial port" },
	{ KEY_VGA,		"serial0",		NULL },
	{ KEY_VGA,		"vga",			"no display; write serial0, " },
	{ KEY_RNG,		"/dev/urandom",		NULL },
	{ KEY_RNG,		"/dev/zero",		"no source of random numbers" },
	{ KEY_HOTPLUG,		"network",		NULL },
	{ KEY_HOTPLUG,		"net",			"write network, disk, usb, memory, cpu or cloudinit" },
	{ KEY_AGENT_TYPE,	"isa",			NULL },
	{ KEY_AGENT_TYPE,	"vsock",		"write virtio or isa" },
	{ KEY_PASSWORD_HASH,	"$6$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",	NULL },
	{ KEY_PASSWORD_HASH,	"$5$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",	NULL },
	{ KEY_PASSWORD_HASH,	"$6$rounds=5000$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",	NULL },
	{ KEY_PASSWORD_HASH,	"$2b$10$saltsalt",	"one of a kind that qm does not know" },
	{ KEY_PASSWORD_HASH,	"$y$j9T$saltsalt$hash",	"this is no whole hash, or one of a kind that qm does not know and would hash "
							"again; make one with: openssl passwd -6" },
	{ KEY_PASSWORD_HASH,	"correct horse",	"this is no hash, and a password does not belong "
							"into a file; make its hash with: openssl passwd -6" },
	{ KEY_PASSWORD_HASH,	"$6$saltsalt$short",	"this is no whole hash" },
	{ KEY_PASSWORD_HASH,	"$6$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",	"this is no whole hash" },
	{ KEY_SNIPPETS,		"user=local:snippets/web.yaml", NULL },
	{ KEY_SNIPPETS,		"local:snippets/web.yaml", "is no snippet; write it like user=local:" },
	{ KEY_SNIPPETS,		"user=local:iso/web.yaml", "no snippet" },
	{ KEY_SNIPPETS,		"user=local:snippets/a,b", "no snippet" },
	{ KEY_SNIPPETS,		"user=local:snippets/",	"no snippet" },
	{ KEY_SNIPPETS,		"data=local:snippets/a", "no snippet" },
	{ KEY_DESCRIPTION,	"Web: 100 % of it",	NULL },
	{ KEY_DESCRIPTION,	"managed by vyom: a/b",	"is vyom's own, which it adds; leave it out" },
	{ KEY_OPTIONS,		"watchdog=model=i6300esb,action=reset", NULL },
	{ KEY_OPTIONS,		"watchdog=i6300esb",	NULL },
	{ KEY_OPTIONS,		"tablet=off",		NULL },
	{ KEY_OPTIONS,		"usb13=host=1234:5678",	NULL },
	{ KEY_OPTIONS,		"numa0=cpus=0-3,memory=1024", NULL },
	{ KEY_OPTIONS,		"serial1=socket",	NULL },
	{ KEY_OPTIONS,		"args=-device foo,bar=1", NULL },
	{ KEY_OPTIONS,		"hookscript=local:snippets/hook.pl", NULL },
	{ KEY_OPTIONS,		"boot=order=scsi0;net0", NULL },
	{ KEY_OPTIONS,		"watchdog",		"no option with a value; write it like watchdog=" },
	{ KEY_OPTIONS,		"=1",			"no option with a value" },
	{ KEY_OPTIONS,		"tablet=",		"tablet: the value is missing" },
	{ KEY_OPTIONS,		"args=-S ",		"args: a blank at its end would be lost" },
	{ KEY_OPTIONS,		"tablet=2",		"tablet: \"2\" is neither 1 nor 0" },
	{ KEY_OPTIONS,		"vcpus=two",		"vcpus: \"two\" is no whole number" },
	{ KEY_OPTIONS,		"vcpus=0",		"vcpus: \"0\" is no whole number from 1 on" },
	{ KEY_OPTIONS,		"migrate_speed=0",	NULL },
	{ KEY_OPTIONS,		"migrate_speed=1.5",	"migrate_speed: \"1.5\" is no whole number" },
	{ KEY_OPTIONS,		"migrate_downtime=0.5",	NULL },
	{ KEY_OPTIONS,		"migrate_downtime=1s",	"migrate_downtime: \"1s\" is no number" },
	{ KEY_OPTIONS,		"startdate=now",	NULL },
	{ KEY_OPTIONS,		"startdate=2006-6-17",	NULL },
	{ KEY_OPTIONS,		"startdate=2006-06-17T16:01:21", NULL },
	{ KEY_OPTIONS,		"startdate=2006-06-17T16:01", "startdate: \"2006-06-17T16:01\" is no date; write "
							"now, 2006-06-17 or 2006-06-17T16:01:21" },
	{ KEY_OPTIONS,		"startdate=2006-06-17 16:01:21", "startdate: " },
	{ KEY_OPTIONS,		"startdate=006-06-17",	"startdate: " },
	{ KEY_OPTIONS,		"serial1=/dev/ttyS1",	NULL },
	{ KEY_OPTIONS,		"serial1=ttyS1",	"serial1: \"ttyS1\" is no serial port; write socket, or" },
	{ KEY_OPTIONS,		"parallel0=/dev/parport0", NULL },
	{ KEY_OPTIONS,		"parallel2=/dev/usb/lp1", NULL },
	{ KEY_OPTIONS,		"parallel0=/dev/lp0",	"parallel0: \"/dev/lp0\" is no parallel port; write one "
							"like /dev/parport0 or /dev/usb/lp0" },
	{ KEY_OPTIONS,		"parallel0=/dev/parport", "is no parallel port" },
	{ KEY_OPTIONS,		"hookscript=hook.pl",	"hookscript: \"hook.pl\" is no snippet; write it like" },
	{ KEY_OPTIONS,		"vmstatestorage=fast",	NULL },
	{ KEY_OPTIONS,		"vmstatestorage=/dev/sdb", "vmstatestorage: \"/dev/sdb\" is no name of a storage" },
	{ KEY_OPTIONS,		"watchdog=i6300esb,action=reboot", "watchdog: action: \"reboot\" is none of reset "
							"shutdown poweroff pause debug none" },
	{ KEY_OPTIONS,		"watchdog=model=ib600",	"watchdog: model: \"ib600\" is none of i6300esb ib700" },
	{ KEY_OPTIONS,		"watchdog=ib600",	"watchdog: model: \"ib600\" is none of" },
	{ KEY_OPTIONS,		"audio0=device=ac97",	"audio0: device: \"ac97\" is none of ich9-intel-hda" },
	{ KEY_OPTIONS,		"numa0=cpus=0,policy=bond", "numa0: policy: \"bond\" is none of preferred bind" },
	{ KEY_OPTIONS,		"spice_enhancements=videostreaming=on", "videostreaming: \"on\" is none of off all" },
	{ KEY_OPTIONS,		"ostype=linux",		"ostype: \"linux\" is none of other wxp" },
	{ KEY_OPTIONS,		"watchdog=i6300esb,do=x", "watchdog: \"do=x\" is not one of its items; qm "
							"knows model action" },
	{ KEY_OPTIONS,		"audio0=AC97",		"audio0: \"AC97\" is not one of its items" },
	{ KEY_OPTIONS,		"args=\"-S\"",		"args: the quotes around it would be lost" },
	{ KEY_OPTIONS,		"args=-cpu \"host\"",	NULL },
	{ KEY_OPTIONS,		"boot=scsi0",		"write boot=order=scsi0;net0" },
	{ KEY_OPTIONS,		"boot=order=",		"write boot=order=scsi0;net0" },
	{ KEY_OPTIONS,		"boot=order=scsi0,net0", "write boot=order=scsi0;net0" },
	{ KEY_OPTIONS,		"boot=order=scsi0;",	"write boot=order=scsi0;net0" },
	{ KEY_OPTIONS,		"boot=order=scsi0;ide2;net0", NULL },
	{ KEY_OPTIONS,		"cpu=host",		"cpu cannot be said so: vyom has a key for it: cpu and "
							"cpu-flags" },
	{ KEY_OPTIONS,		"numa=1",		"vyom has a key for it: numa" },
	{ KEY_OPTIONS,		"serial0=socket",	"vyom has a key for it: serial" },
	{ KEY_OPTIONS,		"cipassword=x",		"vyom has a key for it: password-hash" },
	{ KEY_OPTIONS,		"net1=virtio,bridge=vmbr0", "net1 cannot be said so: " },
	{ KEY_OPTIONS,		"lock=backup",		"a locked VM takes no change" },
	{ KEY_OPTIONS,		"template=1",		"does not become a template so" },
	{ KEY_OPTIONS,		"smbios1=uuid=x",	"vyom has a key for it: smbios; its uuid is made with "
							"each clone and is always kept" },
	{ KEY_SMBIOS,		"manufacturer=ACME,product=Two words,version=a=b", NULL },
	{ KEY_SMBIOS,		"serial=ä 7,sku=00,family=-", NULL },
	{ KEY_SMBIOS,		"serial=7,uuid=1111abcd-1111-4111-8111-111111111111",
	  "its uuid is what tells the VM from another, made with it and always kept; leave it out" },
	{ KEY_SMBIOS,		"base64=1,serial=Nw==",	"vyom encodes them; leave base64 out" },
	{ KEY_SMBIOS,		"colour=red",		"\"colour\" is not one of its items; qm knows "
							"manufacturer product version serial sku family" },
	{ KEY_SMBIOS,		"manufacturer=Acme, Inc.", "\" Inc.\" is not one of its items" },
	{ KEY_SMBIOS,		"ACME",			"\"ACME\" is not one of its items" },
	{ KEY_SMBIOS,		"serial=",		"serial: the value is missing" },
	{ KEY_SMBIOS,		"sku=0",		"sku: Proxmox does not tell the guest a 0" },
	{ KEY_SMBIOS,		"serial=7,serial=8",	"something is said twice, or a word is empty" },
	{ KEY_SMBIOS,		"serial=7,",		"something is said twice, or a word is empty" },
	{ KEY_SMBIOS,		"",			"something is said twice, or a word is empty" },
	{ KEY_SMBIOS,		"serial=" N100 N100 N100 "012345678901234567890123456789012345678", NULL },
	{ KEY_SMBIOS,		"serial=" N100 N100 N100 "0123456789012345678901234567890123456789",
	  "encoded, with the uuid, it is 514 characters, and qm keeps 512; make it shorter" },
	{ KEY_OPTIONS,		"scsi1=local-lvm:8",	"vyom has a key for it: data-disks" },
	{ KEY_OPTIONS,		"efidisk0=local-lvm:1",	"vyom has a key for it: efidisk" },
	{ KEY_OPTIONS,		"usb14=host=1",		"usb14 is no option of qm set that vyom knows" },
	{ KEY_OPTIONS,		"usb01=host=1",		"usb01 is no option of qm set that vyom knows" },
	{ KEY_OPTIONS,		"colour=red",		"colour is no option of qm set that vyom knows" },
	{ KEY_TIMEOUTS,		"start=900",		NULL },
	{ KEY_TIMEOUTS,		"clone=604800",		NULL },
	{ KEY_TIMEOUTS,		"start=0",		"\"start=0\": write seconds from 1 to 604800, like start=900" },
	{ KEY_TIMEOUTS,		"start=15m",		"write seconds from 1 to 604800" },
	{ KEY_TIMEOUTS,		"start",		"write seconds from 1 to 604800" },
	{ KEY_TIMEOUTS,		"clone=604801",		"write seconds from 1 to 604800" },
	{ KEY_TIMEOUTS,		"sing=9",		"\"sing\" is no step; there are clone set alloc " },
	{ KEY_TIMEOUTS,		"=9",			"\"\" is no step; there are clone set alloc " },
	{ KEY_ADDRESS,		"dhcp",			NULL },
	{ KEY_ADDRESS,		"auto",			NULL },
	{ KEY_ADDRESS,		"192.168.68.211/20",	NULL },
	{ KEY_ADDRESS,		"fd00::5/64",		NULL },
	{ KEY_ADDRESS,		"192.168.68.211",
	  "lacks the size of its net; write it like 192.168.68.211/24" },
	{ KEY_ADDRESS,		"fd00::5",		"write it like fd00::5/64" },
	{ KEY_ADDRESS,		"192.168.68.300/20",	"or dhcp, or auto" },
	{ KEY_ADDRESS,		"192.168.68.211/33",	"no address" },
	{ KEY_ADDRESS,		"0.0.0.0/24",		"no address that a machine can have" },
	{ KEY_ADDRESS,		"127.0.0.1/8",		"no address that a machine can have" },
	{ KEY_ADDRESS,		"224.0.0.1/8",		"no address that a machine can have" },
	{ KEY_ADDRESS,		"::1/64",		"no address that a machine can have" },
	{ KEY_ADDRESS,		"::/64",		"no address that a machine can have" },
	{ KEY_ADDRESS,		"ff02::1/64",		"no address that a machine can have" },
	{ KEY_GATEWAY,		"192.168.68.1",		NULL },
	{ KEY_GATEWAY,		"fe80::1",		NULL },
	{ KEY_GATEWAY,		"192.168.68.1/20",	"no /20 here; write 192.168.68.1" },
	{ KEY_GATEWAY,		"router",		"no address; write it like" },
	{ KEY_NAMESERVER,	"1.1.1.1,8.8.8.8",	"no address" },
	{ KEY_SEARCHDOMAIN,	"lab.example",		NULL },
	{ KEY_SEARCHDOMAIN,	"lab..example",		"no DNS name" },
	{ KEY_TAGS,		"k3s",			NULL },
	{ KEY_TAGS,		"_a+b.c-d",		NULL },
	{ KEY_TAGS,		"+a",			"no tag" },
	{ KEY_TAGS,		"a;b",			"no tag" },
	{ KEY_CLONE,		"full",			NULL },
	{ KEY_CLONE,		"linked",		NULL },
	{ KEY_CLONE,		"Full",			"write linked or full" },
	{ KEY_NODE_ADDRESS,	"pve",			NULL },
	{ KEY_NODE_ADDRESS,	"root@192.168.68.10",	NULL },
	{ KEY_NODE_ADDRESS,	"root@pve.lan:2222",	NULL },
	{ KEY_NODE_ADDRESS,	"root@[fd00::5]",	NULL },
	{ KEY_NODE_ADDRESS,	"[fd00::5]:22",		NULL },
	{ KEY_NODE_ADDRESS,	"root@",		"no address of a node" },
	{ KEY_NODE_ADDRESS,	"@pve",			"no address of a node" },
	{ KEY_NODE_ADDRESS,	"root@pve:",		"no address of a node" },
	{ KEY_NODE_ADDRESS,	"root@pve:0",		"no address of a node" },
	{ KEY_NODE_ADDRESS,	"root@pve:65536",	"no address of a node" },
	{ KEY_NODE_ADDRESS,	"fd00::5",		"root@[fd00::5]" },
	{ KEY_NODE_ADDRESS,	"[fd00::5",		"no address of a node" },
	{ KEY_NODE_ADDRESS,	"[1.2.3.4]",		"no address of a node" },
	{ KEY_NODE_ADDRESS,	"[fd00::5]x",		"no address of a node" },
	{ KEY_NODE_ADDRESS,	"-oProxyCommand=x",	"no address of a node" },
	{ KEY_IMAGE,		"/var/lib/x.img",	NULL },
	{ KEY_IMAGE,		"x.img",		"no absolute path" },
	{ KEY_IMAGE,		"https://x/y.img",	"no absolute path" },
	{ KEY_SHA256,		"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef",
	  NULL },
	{ KEY_SHA256,		"0123456789abcdef",	"no SHA-256" },
	{ KEY_SHA256,		"g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  "no SHA-256" },
	{ KEY_BUILD_ADDRESS,	"192.168.68.201/20",	NULL },
	{ KEY_BUILD_ADDRESS,	"dhcp",			"no address with a net" },
	{ KEY_PACKAGES,		"qemu-guest-agent",	NULL },
	{ KEY_PACKAGES,		"g++",			NULL },
	{ KEY_PACKAGES,		"a;rm",			"no name of a Debian package" },
	{ KEY_PACKAGES,		"-y",			"no name of a Debian package" },
};

START_TEST(a_value_is_taken_or_refused_with_advice)
{
	const struct key *key = &key_table[values[_i].key];
	const char *text = values[_i].text, *complaint = values[_i].complaint;
	struct error err = { 0 };
	int result = key->check(text, &err);

	ck_assert_msg(result == (complaint ? -1 : 0), "%s = %s: %s", key->name, text, err.text);
	ck_assert_msg(!complaint || strstr(err.text, complaint), "%s = %s: %s", key->name, text,
		      err.text);
	ck_assert_int_eq(err.kind, complaint ? ERROR_SPEC : ERROR_NONE);
}
END_TEST

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct { enum key_scope scope; const char *name, *complaint; } names[] = {
	{ SCOPE_VM,	  "vyom-worker-1",	NULL },
	{ SCOPE_VM,	  "a.b.c",		NULL },
	{ SCOPE_VM,	  LABEL63,		NULL },
	{ SCOPE_VM,	  LABEL63 "l",		"no DNS name" },
	{ SCOPE_VM,	  LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, "no DNS name" },
	{ SCOPE_VM,	  "a_b",		"no DNS name; use letters, digits and -" },
	{ SCOPE_VM,	  "-a",			"no DNS name" },
	{ SCOPE_VM,	  "a-",			"no DNS name" },
	{ SCOPE_VM,	  "a.",			"no DNS name" },
	{ SCOPE_VM,	  "",			"no DNS name" },
	{ SCOPE_VM,	  "ä",			"no DNS name" },
	{ SCOPE_TEMPLATE, "prakriti-template",	NULL },
	{ SCOPE_TEMPLATE, "prakriti template",	"no DNS name" },
	{ SCOPE_NODE,	  "pve",		NULL },
	{ SCOPE_NODE,	  "pve.lan",		"hostname -s" },
	{ SCOPE_ROLE,	  "control_plane.v2",	NULL },
	{ SCOPE_ROLE,	  ".x",			"no good name" },
	{ SCOPE_CLUSTER,  "vyom",		NULL },
	{ SCOPE_CLUSTER,  "a/b",		"no good name" },
	{ SCOPE_SNIPPET,  "local:snippets/k3s-1.yaml", NULL },
	{ SCOPE_SNIPPET,  "my.nfs:snippets/a_b+c", NULL },
	{ SCOPE_SNIPPET,  "local:snippets/" N100 N20 N20 N20 N20, NULL },
	{ SCOPE_SNIPPET,  "local:snippets/" N100 N100, "at most 200 in all" },
	{ SCOPE_SNIPPET,  "user=local:snippets/a", "is no snippet; write it like local:snippets/" },
	{ SCOPE_SNIPPET,  "snippets/a",		"is no snippet" },
	{ SCOPE_SNIPPET,  ":snippets/a",	"is no snippet" },
	{ SCOPE_SNIPPET,  "local:iso/a",	"is no snippet" },
	{ SCOPE_SNIPPET,  "local:snippets/",	"is no snippet" },
	{ SCOPE_SNIPPET,  "local:snippets/a/b",	"is no snippet" },
	{ SCOPE_SNIPPET,  "local:snippets/../a", "is no snippet" },
	{ SCOPE_SNIPPET,  "local:snippets/..",	"is no snippet" },
	{ SCOPE_SNIPPET,  "local:snippets/.a",	"is no snippet" },
	{ SCOPE_SNIPPET,  "../x:snippets/a",	"is no snippet" },
	{ SCOPE_SNIPPET,  "local:snippets/a b",	"is no snippet" },
};

START_TEST(a_name_is_taken_or_refused_with_advice)
{
	const char *complaint = names[_i].complaint;
	struct error err = { 0 };
	int result = key_check_name(names[_i].scope, names[_i].name, &err);

	ck_assert_msg(result == (complaint ? -1 : 0), "%s: %s", names[_i].name, err.text);
	ck_assert_msg(!complaint || strstr(err.text, complaint), "%s: %s", names[_i].name,
		      err.text);
}
END_TEST

static void read_source(const char *name, struct strbuf *text)
{
	const char *srcdir = getenv("srcdir");
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;
	CLEANUP(scope_fclose) FILE *file = NULL;
	char chunk[4096];
	size_t got;

	strbuf_addf(&path, "%s/%s", srcdir ? srcdir : ".", name);
	file = fopen(path.buf, "r");
	ck_assert_msg(file != NULL, "%s: cannot be read", path.buf);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		strbuf_add(text, chunk, got);
}

/* ".It Cm cores Pq vm, role, cluster: number", as the page has it for each row. */
static void print_man_row(const struct key *key, struct strbuf *text)
{
	static const char *const types[] = {
		[KEY_TYPE_TEXT] = "text", [KEY_TYPE_LIST] = "list", [KEY_TYPE_NUMBER] = "number",
		[KEY_TYPE_SIZE] = "size", [KEY_TYPE_FLAG] = "flag", [KEY_TYPE_RATIO] = "ratio",
	};
	CLEANUP(strbuf_release) struct strbuf places = STRBUF_INIT;

	for (size_t i = 0; i < SCOPE_COUNT; i++)
		if (key->scopes & scopes[i])
			strbuf_join(&places, ", ", key_scope_name(scopes[i]));
	strbuf_addf(text, ".It Cm %s Pq %s: %s", key->name, places.buf, types[key->type]);
	if (key->type == KEY_TYPE_NUMBER || key->type == KEY_TYPE_RATIO)
		strbuf_addf(text, ", %.*f to %.0f\n", key->type == KEY_TYPE_RATIO, key->min,
			    key->max);
}

START_TEST(the_man_page_has_each_key_with_its_scopes_type_and_default)
{
	const struct key *key = &key_table[_i];
	CLEANUP(strbuf_release) struct strbuf page = STRBUF_INIT, row = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf fallback = STRBUF_INIT;
	const char *found, *end, *value;

	read_source("agent/vyom.conf.5", &page);
	print_man_row(key, &row);
	found = strstr(page.buf, row.buf);
	ck_assert_msg(found != NULL, "vyom.conf.5 lacks: %s", row.buf);
	end = strstr(found + 1, "\n.It");
	strbuf_adds(&fallback, "Default:");
	if (key->fallback)
		strbuf_addf(&fallback, "\n.Cm %s .", key->fallback);
	value = strstr(found, fallback.buf);
	if (value && end && value > end)
		value = NULL;	/* it is a later key's */
	ck_assert_msg(!value == !key->fallback, "%s: its default", key->name);
}
END_TEST

START_TEST(the_man_page_has_no_key_beyond_the_table)
{
	CLEANUP(strbuf_release) struct strbuf page = STRBUF_INIT;
	size_t count = 0;

	read_source("agent/vyom.conf.5", &page);
	for (const char *at = page.buf; (at = strstr(at, "\n.It Cm ")); at++)
		count += strcspn(at + 8, " ") < strcspn(at + 8, "\n");
	ck_assert_uint_eq(count, KEY_COUNT);
}
END_TEST

/* The key at the start of a line of vyom.conf, with or without a # (and tabs) before it; or "". */
static void take_name(const char *line, struct strbuf *name)
{
	size_t len;

	line += strspn(line, "\t ");
	line += *line == '#';
	line += strspn(line, "\t");
	len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789-");
	strbuf_reset(name);
	if (strncmp(line + len, " = ", 3) == 0)
		strbuf_add(name, line, len);
}

START_TEST(the_example_shows_each_key)
{
	CLEANUP(strbuf_release) struct strbuf example = STRBUF_INIT, name = STRBUF_INIT;

	read_source("etc/vyom.conf", &example);
	for (const char *line = example.buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		take_name(line, &name);
		if (strcmp(name.buf, key_table[_i].name) == 0)
			return;
	}
	ck_abort_msg("etc/vyom.conf lacks %s", key_table[_i].name);
}
END_TEST

START_TEST(the_example_shows_no_key_beyond_the_table)
{
	CLEANUP(strbuf_release) struct strbuf example = STRBUF_INIT, name = STRBUF_INIT;

	read_source("etc/vyom.conf", &example);
	for (const char *line = example.buf; line; line = strchr(line, '\n')) {
		bool known = false;

		line += *line == '\n';
		take_name(line, &name);
		for (size_t i = 0; i < SCOPE_COUNT; i++)
			known = known || key_find(name.buf, scopes[i]) < KEY_COUNT;
		ck_assert_msg(known || !name.len, "etc/vyom.conf has %s", name.buf);
	}
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, every_row_says_what_it_is, 0, KEY_COUNT);
	tcase_add_loop_test(tcase, each_key_is_found_in_its_scopes_and_no_other, 0, KEY_COUNT);
	tcase_add_test(tcase, an_address_is_one_thing_for_a_vm_and_another_for_a_node);
	tcase_add_loop_test(tcase, a_typo_brings_up_what_was_meant, 0, COUNT(typos));
	tcase_add_loop_test(tcase, a_value_is_taken_or_refused_with_advice, 0, COUNT(values));
	tcase_add_loop_test(tcase, a_name_is_taken_or_refused_with_advice, 0, COUNT(names));
	tcase_add_loop_test(tcase, the_man_page_has_each_key_with_its_scopes_type_and_default, 0,
			    KEY_COUNT);
	tcase_add_test(tcase, the_man_page_has_no_key_beyond_the_table);
	tcase_add_loop_test(tcase, the_example_shows_each_key, 0, KEY_COUNT);
	tcase_add_test(tcase, the_example_shows_no_key_beyond_the_table);
}

TEST_MAIN("key", add_cases)
