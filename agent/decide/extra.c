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
	if (option_is_declared(vm, entry->key))
		return false;
	return is_disk(entry) || is_one_of(entry->key, "net") || is_one_of(entry->key, "hostpci") ||
	       is_one_of(entry->key, "usb") || strcmp(entry->key, "args") == 0 ||
	       strcmp(entry->key, "hookscript") == 0;
}
