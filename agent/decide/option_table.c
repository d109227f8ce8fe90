/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/option.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/data_disk.h"
#include "model/foreign.h"
#include "model/qm.h"
#include "model/spec.h"

/* What of a drive never waits for a restart (pve-facts 2.1.5). */
#define DRIVE_LIVE "backup iops iops_rd iops_wr mbps mbps_rd mbps_wr"

static bool want_name(const struct spec_section *vm, struct strbuf *value)
{
	strbuf_adds(value, vm->name);
	return true;
}

static bool want_scsihw(const struct spec_section *vm, struct strbuf *value)
{
	(void)vm;
	strbuf_adds(value, "virtio-scsi-single");
	return true;
}

/* What is said of a card besides: items of its property string. */
static const struct option_part card_parts[] = {
	{ KEY_FIREWALL, "firewall", "0" }, { KEY_MTU, "mtu", NULL }, { KEY_QUEUES, "queues", "0" },
	{ KEY_RATE, "rate", "0" }, { KEY_LINK_DOWN, "link_down", "0" }, { KEY_COUNT, NULL, NULL },
};

static void add_parts(const struct option_part *parts, const struct spec_section *section,
		      struct strbuf *value);

/*
 * The MAC always: without one qm makes a new one at every call (pve-facts 2.4).  of:
 * where bridge and VLAN are said; nic: the rest, NULL where there is none.
 */
static void add_card(const struct spec_section *of, const struct spec_section *nic,
		     struct strbuf *value)
{
	strbuf_addf(value, "%s=%s,bridge=%s", nic ? spec_text(nic, KEY_NIC_MODEL) : "virtio", of->mac,
		    spec_text(of, KEY_BRIDGE));
	if (spec_value(of, KEY_VLAN))
		strbuf_addf(value, ",tag=%llu", (unsigned long long)spec_number(of, KEY_VLAN));
	if (nic)
		add_parts(card_parts, nic, value);
}

static bool want_net0(const struct spec_section *vm, struct strbuf *value)
{
	add_card(vm, spec_find_nic(vm, 0), value);
	return true;
}

static bool want_ssh_keys(const struct spec_section *vm, struct strbuf *value)
{
	if (!vm->ssh_keys)
		return false;
	strbuf_adds(value, vm->ssh_keys);
	return true;
}

/* dhcp and auto have no gateway of ours. */
static void add_address(const struct spec_value *address, const char *gateway, bool v6,
			struct strbuf *value)
{
	const char *six = v6 ? "6" : "";

	strbuf_addf(value, "%sip%s=%s", value->len ? "," : "", six, address->text);
	if (gateway && strchr(address->text, '/'))
		strbuf_addf(value, ",gw%s=%s", six, gateway);
}

/* address: what is said, or holds where nothing is; NULL: nothing does. */
static void add_ipconfig(const struct spec_section *card, const struct spec_value *address,
			 struct strbuf *value)
{
	const struct spec_value *address6 = spec_value(card, KEY_ADDRESS6);

	if (address)
		add_address(address, spec_text(card, KEY_GATEWAY),
			    key_address_is_v6(address->text), value);
	if (address6)
		add_address(address6, spec_text(card, KEY_GATEWAY6), true, value);
}

static bool want_ipconfig0(const struct spec_section *vm, struct strbuf *value)
{
	add_ipconfig(vm, spec_value(vm, KEY_ADDRESS), value);
	return true;
}

static bool want_tags(const struct spec_section *vm, struct strbuf *value)
{
	const struct spec_value *tags = spec_value(vm, KEY_TAGS);

	strbuf_adds(value, OPTION_TAG);
	for (size_t i = 0; tags && i < tags->list.count; i++)
		strbuf_join(value, ";", tags->list.items[i]);
	return true;
}

/* The declared lines, and the mark below them; the mark alone is added to what is there. */
static bool want_description(const struct spec_section *vm, struct strbuf *value)
{
	const struct spec_value *lines = spec_value(vm, KEY_DESCRIPTION);

	for (size_t i = 0; lines && i < lines->list.count; i++)
		strbuf_addf(value, "%s\n", lines->list.items[i]);
	option_mark(vm, value);
	return true;
}

/* No features at all have a word of their own. */
static bool want_hotplug(const struct spec_section *vm, struct strbuf *value)
{
	const struct spec_value *features = spec_value(vm, KEY_HOTPLUG);

	for (size_t i = 0; features && i < features->list.count; i++)
		strbuf_join(value, ",", features->list.items[i]);
	if (features && !features->list.count)
		strbuf_adds(value, "0");
	return features != NULL;
}

#define PARTS(...) .parts = (const struct option_part[]){ __VA_ARGS__, { KEY_COUNT, NULL, NULL } }
#define WHOLE(key) PARTS({ key, NULL, NULL })
#define WHOLE_ELSE(key, unsaid) PARTS({ key, NULL, unsaid })

const struct option option_table[] = {
	{ "name", OPTION_TEXT, NULL, OPTION_REINIT, .want = want_name },
	{ "description", OPTION_NOTE, NULL, OPTION_LIVE, .want = want_description },
	{ "tags", OPTION_TAGS, NULL, OPTION_LIVE, .want = want_tags },
	{ "cores", OPTION_TEXT, NULL, OPTION_RESTART, WHOLE_ELSE(KEY_CORES, "1") },
	{ "sockets", OPTION_TEXT, NULL, OPTION_RESTART, WHOLE_ELSE(KEY_SOCKETS, "1") },
	{ "cpu", OPTION_PROPSTR, "cputype", OPTION_RESTART,
	  PARTS({ KEY_CPU, "cputype", NULL }, { KEY_CPU_FLAGS, "flags", NULL },
		{ KEY_CPU_HIDDEN, "hidden", "0" }) },
	{ "numa", OPTION_TEXT, NULL, OPTION_RESTART, WHOLE_ELSE(KEY_NUMA, "0") },
	{ "cpulimit", OPTION_NUMBER, NULL, OPTION_LIVE, WHOLE_ELSE(KEY_CPU_LIMIT, "0") },
	{ "cpuunits", OPTION_TEXT, NULL, OPTION_LIVE, WHOLE(KEY_CPU_UNITS) },
	{ "affinity", OPTION_TEXT, NULL, OPTION_RESTART, WHOLE(KEY_AFFINITY) },
	{ "memory", OPTION_PROPSTR, "current", OPTION_RESTART, WHOLE(KEY_MEMORY), .plug = "memory" },
	{ "balloon", OPTION_TEXT, NULL, OPTION_RESTART, WHOLE(KEY_BALLOON) },
	{ "shares", OPTION_TEXT, NULL, OPTION_LIVE, WHOLE_ELSE(KEY_SHARES, "1000") },
	{ "machine", OPTION_PROPSTR, "type", OPTION_RESTART,
	  PARTS({ KEY_MACHINE, NULL, NULL }, { KEY_VIOMMU, "viommu", NULL }) },
	{ "bios", OPTION_TEXT, NULL, OPTION_RESTART, WHOLE_ELSE(KEY_BIOS, "seabios") },
	{ "onboot", OPTION_TEXT, NULL, OPTION_LIVE, WHOLE_ELSE(KEY_ONBOOT, "0") },
	{ "startup", OPTION_PROPSTR, "order", OPTION_LIVE,
	  PARTS({ KEY_START_ORDER, "order", NULL }, { KEY_START_DELAY, "up", NULL },
		{ KEY_STOP_TIMEOUT, "down", NULL }) },
	{ "protection", OPTION_TEXT, NULL, OPTION_LIVE, WHOLE_ELSE(KEY_PROTECTION, "0") },
	{ "hotplug", OPTION_FEATURES, NULL, OPTION_RESTART, .want = want_hotplug },
	{ "agent", OPTION_PROPSTR, "enabled", OPTION_RESTART,
	  PARTS({ KEY_AGENT, "enabled", "0" }, { KEY_AGENT_FSTRIM, "fstrim_cloned_disks", "0" },
		{ KEY_AGENT_FREEZE, "freeze-fs-on-backup", "1" }, { KEY_AGENT_TYPE, "type", "virtio" }),
	  .live = "fstrim_cloned_disks" },
	{ "scsihw", OPTION_TEXT, NULL, OPTION_RESTART, .want = want_scsihw },
	/* its volume is the clone's affair, its size the resize's */
	{ "scsi0", OPTION_PROPSTR, "file", OPTION_RESTART,
	  PARTS({ KEY_DISCARD, "discard", "ignore" }, { KEY_IOTHREAD, "iothread", "0" },
		{ KEY_SSD, "ssd", "0" }, { KEY_CACHE, "cache", NULL }, { KEY_AIO, "aio", NULL },
		{ KEY_IOPS, "iops", "0" }, { KEY_IOPS_READ, "iops_rd", "0" },
		{ KEY_IOPS_WRITE, "iops_wr", "0" }, { KEY_MBPS, "mbps", "0" },
		{ KEY_MBPS_READ, "mbps_rd", "0" }, { KEY_MBPS_WRITE, "mbps_wr", "0" },
		{ KEY_BACKUP, "backup", "1" }),
	  .live = DRIVE_LIVE },
	{ "net0", OPTION_PROPSTR, NULL, OPTION_REINIT, .want = want_net0, .parts = card_parts },
	{ "serial0", OPTION_TEXT, NULL, OPTION_RESTART, WHOLE(KEY_SERIAL) },
	{ "vga", OPTION_PROPSTR, "type", OPTION_RESTART,
	  PARTS({ KEY_VGA, "type", NULL }, { KEY_VGA_MEMORY, "memory", NULL }) },
	{ "rng0", OPTION_PROPSTR, "source", OPTION_RESTART,
	  PARTS({ KEY_RNG, NULL, NULL }, { KEY_RNG_BYTES, "max_bytes", "1024" },
		{ KEY_RNG_PERIOD, "period", "1000" }) },
	{ "smbios1", OPTION_SMBIOS, NULL, OPTION_RESTART, WHOLE(KEY_SMBIOS) },
	{ "ciuser", OPTION_TEXT, NULL, OPTION_REINIT, WHOLE(KEY_USER) },
	{ "cipassword", OPTION_SECRET, NULL, OPTION_REINIT, WHOLE(KEY_PASSWORD_HASH) },
	{ "sshkeys", OPTION_SSH_KEYS, NULL, OPTION_REINIT, .want = want_ssh_keys },
	{ "ipconfig0", OPTION_PROPSTR_WHOLE, NULL, OPTION_REINIT, .want = want_ipconfig0 },
	{ "nameserver", OPTION_TEXT, NULL, OPTION_REINIT, WHOLE(KEY_NAMESERVER) },
	{ "searchdomain", OPTION_TEXT, NULL, OPTION_REINIT, WHOLE(KEY_SEARCHDOMAIN) },
	{ "ciupgrade", OPTION_TEXT, NULL, OPTION_REINIT, WHOLE_ELSE(KEY_PACKAGE_UPGRADE, "1") },
	{ "cicustom", OPTION_PROPSTR_WHOLE, NULL, OPTION_REINIT, WHOLE(KEY_SNIPPETS) },
};

const size_t option_count = sizeof(option_table) / sizeof(*option_table);

/* Spaces do for what cloud-init is given, and commas would not (pve-facts 2.3.4). */
static const char *separator_of(enum key_id key)
{
	return key == KEY_CPU_FLAGS ? ";" : key == KEY_SNIPPETS ? "," : " ";
}

static void add_list(enum key_id key, const struct spec_value *said, struct strbuf *value)
{
	for (size_t i = 0; i < said->list.count; i++)
		strbuf_addf(value, "%s%s", i ? separator_of(key) : "", said->list.items[i]);
}

/* As qm spells it; qm counts memory in MiB. */
static void add_value(enum key_id key, const struct spec_value *said, struct strbuf *value)
{
	switch (key_table[key].type) {
	case KEY_TYPE_NUMBER:
		strbuf_addf(value, "%llu", (unsigned long long)said->number);
		break;
	case KEY_TYPE_SIZE:
		strbuf_addf(value, "%llu", (unsigned long long)(said->number / MIB));
		break;
	case KEY_TYPE_FLAG:
		if (key == KEY_DISCARD)
			strbuf_adds(value, said->number ? "on" : "ignore");
		else
			strbuf_addf(value, "%d", said->number != 0);
		break;
	case KEY_TYPE_RATIO:
		strbuf_addf(value, "%.10g", said->ratio);
		break;
	case KEY_TYPE_LIST:
		add_list(key, said, value);
		break;
	case KEY_TYPE_TEXT:
	default:
		strbuf_adds(value, said->text);
		break;
	}
}

/* An empty list says that nothing is declared, where others around it do. */
static bool is_said(enum key_id key, const struct spec_value *said)
{
	return said && (key_table[key].type != KEY_TYPE_LIST || said->list.count);
}

static void add_parts(const struct option_part *parts, const struct spec_section *section,
		      struct strbuf *value)
{
	for (const struct option_part *part = parts; part->key < KEY_COUNT; part++) {
		const struct spec_value *said = spec_value(section, part->key);

		if (!is_said(part->key, said))
			continue;
		if (part->item)
			strbuf_addf(value, "%s%s=", value->len ? "," : "", part->item);
		add_value(part->key, said, value);
	}
}

bool option_want(const struct option *option, const struct spec_section *vm, struct strbuf *value)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (option->want)
		return option->want(vm, value);
	add_parts(option->parts, vm, &text);
	strbuf_add(value, text.buf, text.len);
	return text.len > 0;
}

static enum option_form form_of(const struct foreign *foreign)
{
	return foreign->form == FOREIGN_ITEMS ? OPTION_PROPSTR :
	       foreign->form == FOREIGN_NUMBER || foreign->form == FOREIGN_RATIO ? OPTION_NUMBER :
										   OPTION_TEXT;
}

/* A row for an option without one: made on first use, kept to the end. */
static const struct option *obtain_foreign(const char *name)
{
	static struct option **rows;
	static size_t count;
	const struct foreign *foreign = foreign_find(name);
	struct option *row;

	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i]->name, name) == 0)
			return rows[i];
	if (!foreign)
		return NULL;
	row = memory_new(1, sizeof(*row));
	row->name = memory_copy(name);
	row->form = form_of(foreign);
	row->default_key = foreign->default_key;
	row->plug = foreign->plug;
	row->effect = foreign->reinit ? OPTION_REINIT : foreign->live ? OPTION_LIVE : OPTION_RESTART;
	return MEMORY_PUSH(rows, count) = row;
}

const struct option *option_find(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	return NULL;
}

/* Made on first use, kept to the end; only two buses are plugged (pve-facts 2.1.5a). */
const struct option *option_of_drive(const char *slot)
{
	static struct option **rows;
	static size_t count;
	struct option *row;

	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i]->name, slot) == 0)
			return rows[i];
	row = memory_new(1, sizeof(*row));
	row->name = memory_copy(slot);
	row->form = OPTION_PROPSTR;
	row->default_key = "file";
	row->effect = OPTION_RESTART;
	row->live = DRIVE_LIVE;
	row->plug = strncmp(slot, "scsi", 4) == 0 || strncmp(slot, "virtio", 6) == 0 ? "disk" :
										       NULL;
	return MEMORY_PUSH(rows, count) = row;
}

/* netN or ipconfigN: made on first use, kept to the end. */
static const struct option *obtain_card(unsigned slot, bool address)
{
	static struct option rows[QM_NIC_MAX + 1][2];
	struct option *row = &rows[slot][address];

	if (!row->name) {
		row->name = memory_print(address ? "ipconfig%u" : "net%u", slot);
		row->form = address ? OPTION_PROPSTR_WHOLE : OPTION_PROPSTR;
		row->parts = address ? NULL : card_parts;
		row->effect = OPTION_REINIT;
	}
	return row;
}

/* A card's two options; the first card's are in the table. */
static const struct option *want_card(const struct spec_section *nic, bool address,
				      struct strbuf *value)
{
	if (nic->slot && address)
		add_ipconfig(nic, spec_said(nic, KEY_ADDRESS), value);
	else if (nic->slot)
		add_card(nic, nic, value);
	return obtain_card(nic->slot, address);
}

static const struct option *want_listed(const struct spec_section *vm, size_t n,
					struct strbuf *value)
{
	const struct spec_value *options = spec_value(vm, KEY_OPTIONS);
	CLEANUP(scope_free) char *name = NULL;
	const struct foreign *foreign;
	char *text;

	if (!options || n >= options->list.count)
		return NULL;
	name = memory_copy(options->list.items[n]);
	text = name + strcspn(name, "=");
	if (*text)
		*text++ = '\0';
	foreign = foreign_find(name);
	if (foreign && foreign->form == FOREIGN_FLAG)
		strbuf_addf(value, "%d", foreign_flag(text) == 1);
	else
		strbuf_adds(value, text);
	return obtain_foreign(name);
}

const struct option *option_listed(const struct spec_section *vm, size_t n, struct strbuf *value)
{
	if (n < 2 * vm->nic_count)
		return want_card(vm->nics[n / 2], n % 2, value);
	return want_listed(vm, n - 2 * vm->nic_count, value);
}

bool option_is_declared(const struct spec_section *vm, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	const struct option *option = option_find(name), *listed;

	if (option)
		return option_want(option, vm, &value);
	if (data_disk_is_declared(vm, name))
		return true;
	for (size_t i = 0; (listed = option_listed(vm, i, &value)); i++) {
		if (value.len && strcmp(listed->name, name) == 0)
			return true;
		strbuf_reset(&value);
	}
	return false;
}
