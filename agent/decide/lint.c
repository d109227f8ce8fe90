/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/lint.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static void add(struct lints *lints, const char *what, const char *why, const char *mend, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct lints *lints, const char *what, const char *why, const char *mend, ...)
{
	va_list args;

	va_start(args, mend);
	MEMORY_PUSH(lints->items, lints->count) = (struct lint){
		.what = memory_copy(what),
		.why = memory_copy(why),
		.mend = memory_vprint(mend, args),
	};
	va_end(args);
}

static bool has_cloudinit(const struct vmconf *conf)
{
	for (size_t i = 0; i < conf->live_count; i++) {
		const char *value = conf->live[i].value;

		if (vmconf_is_drive(conf->live[i].key) && strstr(value, "-cloudinit") &&
		    strstr(value, "media=cdrom"))
			return true;
	}
	return false;
}

static bool is_template(const struct vmconf *conf)
{
	const char *flag = vmconf_get(conf, "template");

	return flag && strcmp(flag, "1") == 0;
}

static void lint_disk(const struct vmconf *conf, unsigned vmid, struct lints *lints)
{
	const char *disk = vmconf_get(conf, OPTION_BOOT_DISK);

	if (!disk)
		add(lints, "has no scsi0 disk", "that is the disk which clones boot from",
		    "import the image again: qm set %u --scsi0 STORE:0,import-from=IMAGE", vmid);
	else if (is_template(conf) && !strstr(disk, ":base-"))
		add(lints, "is a template, but its disk is not yet a base volume",
		    "a linked clone of it fails", "qm template %u --disk scsi0", vmid);
}

/* The digest says which image the clones hold; the file may insist on one. */
static void lint_image(const struct spec_section *template, const struct vmconf *conf,
		       unsigned vmid, struct lints *lints)
{
	const char *mark = conf->description ? strstr(conf->description, LINT_IMAGE_MARK) : NULL;
	const char *declared = spec_text(template, KEY_SHA256);

	if (!mark)
		add(lints, "does not record the digest of its image",
		    "nobody could say later what the VMs were made from",
		    "add this line to its notes (in the web interface, or with qm set %u "
		    "--description): " LINT_IMAGE_MARK "%s",
		    vmid, declared ? declared : "DIGEST-OF-THE-IMAGE");
	else if (declared && strncasecmp(mark + strlen(LINT_IMAGE_MARK), declared, 64) != 0)
		add(lints, "was made from another image than the file declares",
		    "its recorded sha256 is not the declared one",
		    "build it again from the declared image, or declare sha256 = \"%.64s\"",
		    mark + strlen(LINT_IMAGE_MARK));
}

static void lint_conf(const struct spec_section *template, const struct vmconf *conf, unsigned vmid,
		      struct lints *lints)
{
	if (!vmconf_get(conf, "serial0"))
		add(lints, "has no serial port",
		    "Ubuntu's kernel panics at boot after its disk has grown",
		    "qm set %u --serial0 socket --vga serial0", vmid);
	if (!has_cloudinit(conf))
		add(lints, "has no cloud-init drive",
		    "its clones would get neither address nor keys",
		    "qm set %u --ide2 STORE:cloudinit", vmid);
	lint_disk(conf, vmid, lints);
	lint_image(template, conf, vmid, lints);
}

void lint_template(const struct spec_section *template, const struct state *state,
		   struct lints *lints)
{
	unsigned vmid = (unsigned)spec_number(template, KEY_VMID);
	const struct state_guest *guest = state_find_guest(state, vmid);

	if (!guest || !guest->local || !guest->conf) {
		add(lints, "does not exist on this node", "there is nothing to clone",
		    "make it (see README, \"The template\"), or correct its vmid %u in the file",
		    vmid);
		return;
	}
	if (!is_template(guest->conf))
		add(lints, "is a VM, not a template", "vyom clones templates only",
		    "qm template %u, if that is what it was made for", vmid);
	lint_conf(template, guest->conf, vmid, lints);
}

void lint_release(struct lints *lints)
{
	for (size_t i = 0; i < lints->count; i++) {
		free(lints->items[i].what);
		free(lints->items[i].why);
		free(lints->items[i].mend);
	}
	free(lints->items);
	*lints = (struct lints){ .items = NULL };
}
