/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/lack.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "decide/diff.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

const char *lack_name(enum lack lack)
{
	return lack == LACK_BOOT ? "boot" : "cloud-init";
}

/*
 * Where there is no order Proxmox takes any disk that boots.  What counts is the one that
 * it is started with next, which may wait in [PENDING].
 */
static char *lack_of_boot(const struct diff_vm *diff)
{
	const char *value = vmconf_get(diff->guest->conf, "boot");
	bool waits = vmconf_get_pending(diff->guest->conf, "boot", &value);
	CLEANUP(propstr_release) struct propstr boot = propstr_parse(value, "legacy");
	const char *order = propstr_get(&boot, "order");
	CLEANUP(scope_free) char *copy = memory_copy(order);
	char *rest = copy, *device;

	if (!order || option_is_declared(diff->vm, "boot"))
		return NULL;
	while ((device = strsep(&rest, ";")))
		if (strcmp(device, OPTION_BOOT_DISK) == 0)
			return NULL;
	return memory_print("its order %s %s%s, without its disk %s: qm set %u --boot order=%s",
			    waits ? "will be" : "is", *order ? order : "empty",
			    waits ? " at its next start" : "", OPTION_BOOT_DISK, diff->vmid,
			    OPTION_BOOT_DISK);
}

static char *lack_of_cloudinit(const struct diff_vm *diff)
{
	const struct vmconf *conf = diff->guest->conf;

	for (size_t i = 0; i < conf->live_count; i++)
		if (vmconf_is_drive(conf->live[i].key) && strstr(conf->live[i].value, "cloudinit"))
			return NULL;
	return memory_print("it has no drive of it, so the guest learns nothing of user, keys and "
			    "addresses: qm set %u --ide2 %s:cloudinit", diff->vmid,
			    spec_text(diff->vm, KEY_STORAGE));
}

char *lack_find(const struct diff_vm *diff, enum lack lack)
{
	if (diff->standing != DIFF_PRESENT)
		return NULL;
	return lack == LACK_BOOT ? lack_of_boot(diff) : lack_of_cloudinit(diff);
}
