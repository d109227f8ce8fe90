/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/foreign.h"

#include <regex.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/strvec.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/key_check.h"
#include "model/propstr.h"

static bool matches(const char *value, const char *pattern)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	found = regexec(&regex, value, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static int check_date(const char *value, struct error *err)
{
	if (matches(value, "^(now|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
			   "(T[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2})?)$"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no date; write now, 2006-06-17 or "
					  "2006-06-17T16:01:21", value);
}

static int check_parallel(const char *value, struct error *err)
{
	if (matches(value, "^/dev/(parport|usb/lp)[0-9]+$"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no parallel port; write one like "
					  "/dev/parport0 or /dev/usb/lp0", value);
}

static const struct foreign table[] = {
	{ .name = "acpi", FOREIGN_FLAG },
	{ .name = "allow-ksm", FOREIGN_FLAG },
	{ .name = "amd-sev", FOREIGN_ITEMS,
	  "type no-debug no-key-sharing allow-smt kernel-hashes", .default_key = "type" },
	{ .name = "arch", FOREIGN_TEXT, "x86_64 aarch64" },
	{ .name = "args", FOREIGN_TEXT },
	{ .name = "audio0", FOREIGN_ITEMS, "device driver" },
	{ .name = "autostart", FOREIGN_FLAG },
	{ .name = "boot", FOREIGN_TEXT },
	{ .name = "citype", FOREIGN_TEXT, "nocloud configdrive2 opennebula",
	  .live = true, .reinit = true },
	{ .name = "freeze", FOREIGN_FLAG },
	{ .name = "hookscript", FOREIGN_TEXT, .check = key_check_snippet_name, .live = true },
	{ .name = "hostpci", FOREIGN_ITEMS,
	  "host mapping rombar romfile pcie x-vga legacy-igd mdev vendor-id device-id "
	  "sub-vendor-id sub-device-id", .default_key = "host", .last = 15 },
	{ .name = "hugepages", FOREIGN_TEXT, "any 2 1024" },
	{ .name = "intel-tdx", FOREIGN_ITEMS, "type attestation vsock-cid vsock-port",
	  .default_key = "type" },
	{ .name = "ivshmem", FOREIGN_ITEMS, "size name" },
	{ .name = "keephugepages", FOREIGN_FLAG },
	{ .name = "keyboard", FOREIGN_TEXT,
	  "de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br "
	  "sv sl tr" },
	{ .name = "kvm", FOREIGN_FLAG },
	{ .name = "localtime", FOREIGN_FLAG },
	{ .name = "migrate_downtime", FOREIGN_RATIO, .live = true },
	{ .name = "migrate_speed", FOREIGN_NUMBER, .live = true },
	{ .name = "numa", FOREIGN_ITEMS, "cpus hostnodes memory policy", .last = 7 },
	{ .name = "ostype", FOREIGN_TEXT,
	  "other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris" },
	{ .name = "parallel", FOREIGN_TEXT, .check = check_parallel, .last = 2 },
	{ .name = "reboot", FOREIGN_FLAG },
	{ .name = "serial", FOREIGN_TEXT, .check = key_check_serial, .first = 1, .last = 3 },
	{ .name = "spice_enhancements", FOREIGN_ITEMS, "foldersharing videostreaming" },
	{ .name = "startdate", FOREIGN_TEXT, .check = check_date },
	{ .name = "tablet", FOREIGN_FLAG, .plug = "usb" },
	{ .name = "tdf", FOREIGN_FLAG },
	{ .name = "usb", FOREIGN_ITEMS, "host mapping usb3", .default_key = "host", .last = 13,
	  .plug = "usb" },
	{ .name = "vcpus", FOREIGN_NUMBER, .least = 1, .plug = "cpu" },
	{ .name = "virtiofs", FOREIGN_ITEMS, "dirid cache direct-io expose-acl expose-xattr",
	  .default_key = "dirid", .last = 9 },
	{ .name = "vmstatestorage", FOREIGN_TEXT, .check = key_check_storage, .live = true },
	{ .name = "watchdog", FOREIGN_ITEMS, "model action", .default_key = "model" },
};

#define HAS_KEY "vyom has a key for it: "

/* What is not to be said so; a name that ends with # has a number behind it. */
static const struct { const char *name, *why; } refused[] = {
	{ "affinity",	HAS_KEY "affinity" },
	{ "agent",	HAS_KEY "agent, agent-fstrim, agent-freeze and agent-type" },
	{ "balloon",	HAS_KEY "balloon" },
	{ "bios",	HAS_KEY "bios" },
	{ "cicustom",	HAS_KEY "snippets" },
	{ "cipassword",	HAS_KEY "password-hash" },
	{ "ciupgrade",	HAS_KEY "package-upgrade" },
	{ "ciuser",	HAS_KEY "user" },
	{ "cores",	HAS_KEY "cores" },
	{ "cpu",	HAS_KEY "cpu and cpu-flags" },
	{ "cpulimit",	HAS_KEY "cpu-limit" },
	{ "cpuunits",	HAS_KEY "cpu-units" },
	{ "description", HAS_KEY "description" },
	{ "hotplug",	HAS_KEY "hotplug" },
	{ "ipconfig#",	HAS_KEY "address, gateway" },
	{ "machine",	HAS_KEY "machine" },
	{ "memory",	HAS_KEY "memory" },
	{ "name",	"a VM's name is that of its section" },
	{ "nameserver",	HAS_KEY "nameserver" },
	{ "net#",	HAS_KEY "bridge, vlan, mac" },
	{ "numa",	HAS_KEY "numa" },
	{ "onboot",	HAS_KEY "onboot" },
	{ "protection",	HAS_KEY "protection" },
	{ "rng0",	HAS_KEY "rng" },
	{ "scsi0",	HAS_KEY "disk, discard, iothread and others" },
	{ "searchdomain", HAS_KEY "searchdomain" },
	{ "serial0",	HAS_KEY "serial" },
	{ "shares",	HAS_KEY "shares" },
	{ "smbios1",	HAS_KEY "smbios; its uuid is made with each clone and is always kept" },
	{ "sockets",	HAS_KEY "sockets" },
	{ "sshkeys",	HAS_KEY "ssh-keys" },
	{ "startup",	HAS_KEY "start-order, start-delay and stop-timeout" },
	{ "tags",	HAS_KEY "tags" },
	{ "vga",	HAS_KEY "vga and vga-memory" },
	/* what vyom relies on */
	{ "scsihw",	"vyom's disks need virtio-scsi-single, and it sees to that" },
	{ "vmgenid",	"it is made anew with each clone" },
	{ "lock",	"a locked VM takes no change, not even vyom's next one" },
	{ "template",	"a VM does not become a template so; see qm template" },
	/* qm set would make or lose a volume at every call */
	{ "scsi#",	HAS_KEY "data-disks" },
	{ "virtio#",	HAS_KEY "data-disks" },
	{ "sata#",	HAS_KEY "data-disks" },
	{ "ide#",	"vyom makes no volumes through options" },
	{ "efidisk#",	HAS_KEY "efidisk" },
	{ "tpmstate#",	HAS_KEY "tpm" },
	{ "unused#",	"a detached disk is attached with qm set" },
	{ "cdrom",	"vyom makes no volumes through options" },
	/* qm's own notes, or its words of old */
	{ "bootdisk",	"say boot=order=scsi0 instead" },
	{ "smp",	HAS_KEY "cores" },
	{ "meta",	"qm keeps this by itself" },
	{ "parent",	"qm keeps this by itself" },
	{ "snaptime",	"qm keeps this by itself" },
	{ "vmstate",	"qm keeps this by itself" },
	{ "runningmachine", "qm keeps this by itself" },
	{ "runningcpu",	"qm keeps this by itself" },
};

/* Is name head with a number from first to last behind it? */
static bool is_numbered(const char *name, const char *head, size_t len, int first, int last)
{
	uint64_t number;

	return strncmp(name, head, len) == 0 &&
	       number_parse_unsigned(name + len, (uint64_t)first, (uint64_t)last, &number) &&
	       (name[len] != '0' || !name[len + 1]);
}

const struct foreign *foreign_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct foreign *row = &table[i];
		size_t len = strlen(row->name);

		if (row->last ? is_numbered(name, row->name, len, row->first, row->last)
			      : strcmp(name, row->name) == 0)
			return row;
	}
	return NULL;
}

static const char *find_refusal(const char *name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const char *row = refused[i].name;
		size_t len = strcspn(row, "#");

		if (row[len] ? is_numbered(name, row, len, 0, 255) : strcmp(name, row) == 0)
			return refused[i].why;
	}
	return NULL;
}

int foreign_flag(const char *value)
{
	static const char *const words[2][4] = {
		{ "0", "no", "off", "false" }, { "1", "yes", "on", "true" },
	};

	for (int flag = 0; flag < 2; flag++)
		for (size_t i = 0; i < 4; i++)
			if (strcasecmp(value, words[flag][i]) == 0)
				return flag;
	return -1;
}

/* The words of items that take no others. */
static const struct { const char *name, *item, *words; } item_words[] = {
	{ "audio0", "device", "ich9-intel-hda intel-hda AC97" },
	{ "audio0", "driver", "spice none" },
	{ "numa", "policy", "preferred bind interleave" },
	{ "spice_enhancements", "videostreaming", "off all filter" },
	{ "watchdog", "action", "reset shutdown poweroff pause debug none" },
	{ "watchdog", "model", "i6300esb ib700" },
};

static int check_item_words(const struct foreign *row, const char *name, const char *value,
			    struct error *err)
{
	CLEANUP(propstr_release) struct propstr items = propstr_parse(value, row->default_key);

	for (size_t i = 0; i < sizeof(item_words) / sizeof(*item_words); i++) {
		const char *said = strcmp(item_words[i].name, row->name) == 0 ?
					   propstr_get(&items, item_words[i].item) : NULL;

		if (said && !strvec_words_have(item_words[i].words, said, strlen(said)))
			return error_set(err, ERROR_SPEC, "%s: %s: \"%s\" is none of %s", name,
					 item_words[i].item, said, item_words[i].words);
	}
	return 0;
}

/* NAME=VALUE,…; a word alone belongs to the default name, if there is one. */
static int check_items(const struct foreign *row, const char *name, const char *value,
		       struct error *err)
{
	size_t len;

	for (const char *at = value; *at; at += len + (at[len] == ',')) {
		size_t key = strcspn(at, "=");

		len = strcspn(at, ",");
		if (key >= len && row->default_key)
			continue;
		if (key >= len || !strvec_words_have(row->words, at, key))
			return error_set(err, ERROR_SPEC, "%s: \"%.*s\" is not one of its items; qm "
							  "knows %s", name, (int)len, at, row->words);
	}
	return check_item_words(row, name, value, err);
}

static int check_value(const struct foreign *row, const char *name, const char *value,
		       struct error *err)
{
	uint64_t number;
	double ratio;

	switch (row->form) {
	case FOREIGN_FLAG:
		if (foreign_flag(value) >= 0)
			return 0;
		return error_set(err, ERROR_SPEC, "%s: \"%s\" is neither 1 nor 0", name, value);
	case FOREIGN_NUMBER:
		if (number_parse_unsigned(value, row->least, UINT32_MAX, &number))
			return 0;
		return error_set(err, ERROR_SPEC, "%s: \"%s\" is no whole number%s", name, value,
				 row->least ? " from 1 on" : "");
	case FOREIGN_RATIO:
		if (number_parse_ratio(value, &ratio))
			return 0;
		return error_set(err, ERROR_SPEC, "%s: \"%s\" is no number", name, value);
	case FOREIGN_ITEMS:
		return check_items(row, name, value, err);
	case FOREIGN_TEXT:
	default:
		if (row->check)
			return row->check(value, err) < 0 ? error_prefix(err, "%s", name) : 0;
		if (!row->words || strvec_words_have(row->words, value, strlen(value)))
			return 0;
		return error_set(err, ERROR_SPEC, "%s: \"%s\" is none of %s", name, value,
				 row->words);
	}
}

/* "order=scsi0;net0", as qm keeps it: other separators it would replace. */
static bool is_boot_order(const char *value)
{
	static const char order[] = "order=";
	const char *at = value + strlen(order);

	if (strncmp(value, order, strlen(order)) != 0)
		return false;
	for (;; at++) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789");

		at += len;
		if (!len || *at != ';')
			return len && !*at;
	}
}

/* What qm would keep otherwise than it was said (pve-facts 2.4); NULL: nothing. */
static const char *find_loss(const char *value)
{
	size_t len = strlen(value);

	if (!len)
		return "the value is missing";
	if (value[len - 1] == ' ')
		return "a blank at its end would be lost";
	if (len > 1 && value[0] == '"' && value[len - 1] == '"')
		return "the quotes around it would be lost; leave them out";
	return NULL;
}

int foreign_check(const char *name, const char *value, struct error *err)
{
	const struct foreign *row = foreign_find(name);
	const char *why = find_refusal(name);

	if (why)
		return error_set(err, ERROR_SPEC, "%s cannot be said so: %s", name, why);
	if (!row)
		return error_set(err, ERROR_SPEC, "%s is no option of qm set that vyom knows", name);
	if (find_loss(value))
		return error_set(err, ERROR_SPEC, "%s: %s", name, find_loss(value));
	if (strcmp(name, "boot") == 0 && !is_boot_order(value))
		return error_set(err, ERROR_SPEC, "boot: \"%s\" is no order; write "
						  "boot=order=scsi0;net0", value);
	return check_value(row, name, value, err);
}
