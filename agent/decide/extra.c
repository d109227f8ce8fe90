/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/extra.h"

#include <stddef.h>
#include <string.h>

#include "decide/option.h"
#include "model/vmconf.h"

/* "net" of net0 and net12, and of nothing else. */
static bool is_one_of(const char *key, const char *name)
{
	size_t len = strlen(name);

	return strncmp(key, name, len) == 0 && key[len] &&
	       key[len + strspn(key + len, "0123456789")] == '\0';
}

/* An ISO image and the cloud-init drive hold nothing that is lost. */
static bool is_disk(const struct vmconf_entry *entry)
{
	return vmconf_is_drive(entry->key) && strcmp(entry->key, OPTION_BOOT_DISK) != 0 &&
	       !strstr(entry->value, "media=cdrom") && !strstr(entry->value, "-cloudinit");
}

bool extra_matters(const struct spec_section *vm, const struct vmconf_entry *entry)
{
	static const char *const names[] = {
		"net", "ipconfig", "hostpci", "usb", "serial", "parallel",
	};

	if (option_is_declared(vm, entry->key))
		return false;
	/* a console, which every cloud image wants, is no device of the node's */
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is_one_of(entry->key, names[i]))
			return strcmp(entry->value, "socket") != 0;
	return is_disk(entry) || strcmp(entry->key, "args") == 0 ||
	       strcmp(entry->key, "hookscript") == 0;
}
