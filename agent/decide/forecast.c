/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/forecast.h"

#include <string.h>

#include "decide/golden.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/state.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/vmconf.h"

const struct vmconf *forecast_source(const struct spec_section *vm, const struct state *state)
{
	unsigned vmid = golden_newest(vm->template, state);
	const struct state_guest *guest = state_find_guest(state, vmid);

	return guest ? guest->conf : NULL;
}

/* Keys that a clone does not inherit, or that we name ourselves. */
static bool is_dropped(const char *key)
{
	static const char *const dropped[] = {
		"template", "lock", "parent", "name", "description", "smbios1", "vmgenid",
	};

	for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
		if (strcmp(key, dropped[i]) == 0)
			return true;
	return strncmp(key, "unused", 6) == 0;
}

/*
 * "local-lvm:base-9000-disk-0,size=64M" becomes "local-lvm:vm-101-disk-0,size=64M",
 * on another storage if a full copy goes there.  Disks are numbered in the order
 * of their keys (1.1 C7, 1.3.4), from 0: the plan refuses an id that still has
 * volumes.
 */
static void add_drive(struct strbuf *text, const struct vmconf_entry *entry,
		      const struct spec_section *vm, unsigned *disks)
{
	CLEANUP(propstr_release) struct propstr drive = propstr_parse(entry->value, "file");
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT, volid = STRBUF_INIT;
	const char *file = propstr_get(&drive, "file");
	unsigned vmid = (unsigned)spec_number(vm, KEY_VMID);

	if (strcmp(spec_text(vm, KEY_CLONE), "full") == 0)
		strbuf_adds(&volid, spec_text(vm, KEY_STORAGE));
	else
		strbuf_add(&volid, file, strcspn(file, ":"));
	if (strstr(file, "-cloudinit"))
		strbuf_addf(&volid, ":vm-%u-cloudinit", vmid);
	else
		strbuf_addf(&volid, ":vm-%u-disk-%u", vmid, (*disks)++);
	propstr_set(&drive, "file", volid.buf);
	propstr_format(&drive, &value);
	strbuf_addf(text, "%s: %s\n", entry->key, value.buf);
}

static bool is_cloned_drive(const struct vmconf_entry *entry)
{
	CLEANUP(propstr_release) struct propstr drive = PROPSTR_INIT;
	const char *file;

	if (!vmconf_is_drive(entry->key))
		return false;
	drive = propstr_parse(entry->value, "file");
	file = propstr_get(&drive, "file");
	return file && (strstr(file, ":base-") || strstr(file, ":vm-"));
}

/* Which uuid it will be qm alone knows, and takes no such word for one. */
static void add_smbios(struct strbuf *text, const struct vmconf *source)
{
	CLEANUP(propstr_release) struct propstr items =
		propstr_parse(source ? vmconf_get(source, "smbios1") : NULL, NULL);

	propstr_set(&items, "uuid", "ITS-OWN");
	strbuf_adds(text, "smbios1: ");
	propstr_format(&items, text);
	strbuf_addch(text, '\n');
}

struct vmconf *forecast_clone(const struct spec_section *vm, const struct state *state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, mark = STRBUF_INIT;
	const struct vmconf *source = forecast_source(vm, state);
	unsigned disks = 0;

	option_mark(vm, &mark);
	strbuf_addf(&text, "#%s\nname: %s\n", mark.buf, vm->name);
	add_smbios(&text, source);
	for (size_t i = 0; source && i < source->live_count; i++) {
		const struct vmconf_entry *entry = &source->live[i];

		if (is_dropped(entry->key))
			continue;
		if (is_cloned_drive(entry))
			add_drive(&text, entry, vm, &disks);
		else
			strbuf_addf(&text, "%s: %s\n", entry->key, entry->value);
	}
	return vmconf_parse(text.buf, text.len);
}
