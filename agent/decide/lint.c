/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/lint.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "decide/golden.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* One template that is looked at. */
struct subject {
	unsigned vmid;
	const char *sha256;	/* that its image shall have; NULL: any */
	bool found;		/* by its name or tag, and maybe another tool's */
	const struct vmconf *conf;
	const struct state *state;
	struct lints *lints;
};

/* The mend ends the line: a command, with the arguments in it. */
static void add(struct lints *lints, enum lint_severity severity, const char *what,
		const char *why, const char *mend, ...) __attribute__((format(printf, 5, 6)));

static void add(struct lints *lints, enum lint_severity severity, const char *what,
		const char *why, const char *mend, ...)
{
	va_list args;

	va_start(args, mend);
	MEMORY_PUSH(lints->items, lints->count) = (struct lint){
		.severity = severity,
		.what = memory_copy(what),
		.why = memory_copy(why),
		.mend = memory_vprint(mend, args),
	};
	va_end(args);
	lints->unfit += severity == LINT_UNFIT;
}

static bool is_on(const struct vmconf *conf, const char *key)
{
	const char *flag = vmconf_get(conf, key);

	return flag && strcmp(flag, "1") == 0;
}

static bool is_template(const struct vmconf *conf)
{
	return is_on(conf, "template");
}

static bool is_cdrom(const char *drive)
{
	return strstr(drive, "media=cdrom") != NULL;
}

static bool has_cloudinit(const struct vmconf *conf)
{
	for (size_t i = 0; i < conf->live_count; i++) {
		const char *value = conf->live[i].value;

		if (vmconf_is_drive(conf->live[i].key) && strstr(value, "-cloudinit") &&
		    is_cdrom(value))
			return true;
	}
	return false;
}

/* A disk that clones get; what is unused they do not (pve-facts 1.4.2). */
static bool is_disk(const struct vmconf_entry *entry)
{
	return vmconf_is_drive(entry->key) && strncmp(entry->key, "unused", 6) != 0 &&
	       !is_cdrom(entry->value);
}

static void lint_disks(const struct subject *subject)
{
	const struct vmconf *conf = subject->conf;

	if (!vmconf_get(conf, OPTION_BOOT_DISK))
		add(subject->lints, LINT_UNFIT, "has no scsi0 disk",
		    "that is the disk which clones boot from",
		    "import the image again: qm set %u --scsi0 STORE:0,import-from=IMAGE",
		    subject->vmid);
	for (size_t i = 0; is_template(conf) && i < conf->live_count; i++) {
		const char *key = conf->live[i].key;
		CLEANUP(scope_free) char *what = NULL;

		if (!is_disk(&conf->live[i]) || strstr(conf->live[i].value, ":base-"))
			continue;
		what = memory_print("is a template, but its disk %s is not yet a base volume", key);
		add(subject->lints, LINT_UNFIT, what, "a linked clone of it fails",
		    "qm template %u --disk %s", subject->vmid, key);
	}
}

/* What a clone tries to boot, if the file says so in the form of today. */
static void lint_boot(const struct subject *subject, enum lint_severity severity)
{
	CLEANUP(propstr_release) struct propstr boot =
		propstr_parse(vmconf_get(subject->conf, "boot"), "legacy");
	const char *order = propstr_get(&boot, "order");
	CLEANUP(scope_free) char *list = order ? memory_print(";%s;", order) : NULL;

	if (list && severity == LINT_UNFIT && !strstr(list, ";" OPTION_BOOT_DISK ";"))
		add(subject->lints, severity, "does not name scsi0 in its boot order",
		    "its clones would not start from their disk", "qm set %u --boot order=scsi0",
		    subject->vmid);
	if (!list && severity == LINT_ADVICE)
		add(subject->lints, severity, "has no boot order",
		    "what its clones start from is left to qemu", "qm set %u --boot order=scsi0",
		    subject->vmid);
}

/* The digest says which image the clones hold; the file may insist on one. */
static void lint_image(const struct subject *subject, enum lint_severity severity)
{
	const char *declared = subject->sha256;
	const char *description = subject->conf->description;
	const char *mark = description ? strstr(description, LINT_IMAGE_MARK) : NULL;

	if (severity != (subject->found && !declared ? LINT_ADVICE : LINT_UNFIT))
		return;
	if (!mark)
		add(subject->lints, severity, "does not record the digest of its image",
		    "nobody could say later what the VMs were made from",
		    "add this line to its notes (in the web interface, or with qm set %u "
		    "--description): " LINT_IMAGE_MARK "%s",
		    subject->vmid, declared ? declared : "DIGEST-OF-THE-IMAGE");
	else if (declared && strncasecmp(mark + strlen(LINT_IMAGE_MARK), declared, 64) != 0)
		add(subject->lints, severity, "was made from another image than the file declares",
		    "its recorded sha256 is not the declared one",
		    "build it again from the declared image, or declare sha256 = \"%.64s\"",
		    mark + strlen(LINT_IMAGE_MARK));
}

static bool is_static(const char *ipconfig)
{
	CLEANUP(propstr_release) struct propstr ps = propstr_parse(ipconfig, "");
	const char *v4 = propstr_get(&ps, "ip"), *v6 = propstr_get(&ps, "ip6");

	return (v4 && strcmp(v4, "dhcp") != 0) ||
	       (v6 && strcmp(v6, "dhcp") != 0 && strcmp(v6, "auto") != 0);
}

/* Clones have all of cloud-init's keys, until one is set for them (1.4.3a). */
static void lint_addresses(const struct subject *subject)
{
	const struct vmconf *conf = subject->conf;

	for (size_t i = 0; i < conf->live_count; i++) {
		const char *key = conf->live[i].key;
		CLEANUP(scope_free) char *what = NULL;

		if (strncmp(key, "ipconfig", 8) != 0 || !is_static(conf->live[i].value))
			continue;
		what = memory_print("has an address of its own (%s: %s)", key, conf->live[i].value);
		add(subject->lints, LINT_UNFIT, what, "clones that are given none would share it",
		    "qm set %u --%s ip=dhcp", subject->vmid, key);
	}
}

static void lint_build_key(const struct subject *subject)
{
	CLEANUP(scope_free) char *keys = memory_copy(vmconf_get(subject->conf, "sshkeys"));

	if (!keys)
		return;
	vmconf_percent_decode(keys);
	if (strstr(keys, LINT_BUILD_KEY))
		add(subject->lints, LINT_UNFIT, "holds the key that was made for its build",
		    "whoever has that key could enter its clones",
		    "qm set %u --sshkeys FILE-OF-THE-OTHER-KEYS, or --delete sshkeys",
		    subject->vmid);
}

static void lint_unfit(const struct subject *subject)
{
	if (!vmconf_get(subject->conf, "serial0"))
		add(subject->lints, LINT_UNFIT, "has no serial port",
		    "Ubuntu's kernel panics at boot after its disk has grown",
		    "qm set %u --serial0 socket --vga serial0", subject->vmid);
	if (!has_cloudinit(subject->conf))
		add(subject->lints, LINT_UNFIT, "has no cloud-init drive",
		    "its clones would get neither address nor keys",
		    "qm set %u --ide2 STORE:cloudinit", subject->vmid);
	lint_disks(subject);
	lint_image(subject, LINT_UNFIT);
	lint_boot(subject, LINT_UNFIT);
	lint_addresses(subject);
	lint_build_key(subject);
}

static bool has_agent(const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr agent =
		propstr_parse(vmconf_get(conf, "agent"), "enabled");
	const char *enabled = propstr_get(&agent, "enabled");

	return enabled && strcmp(enabled, "1") == 0;
}

static void advise_hardware(const struct subject *subject)
{
	const char *vga = vmconf_get(subject->conf, "vga");
	const char *scsi = vmconf_get(subject->conf, "scsihw");

	if (!vga || strncmp(vga, "serial0", 7) != 0)
		add(subject->lints, LINT_ADVICE, "does not show its serial port as its console",
		    "a cloud image writes there, so the web interface's console stays dark",
		    "qm set %u --vga serial0", subject->vmid);
	if (!has_agent(subject->conf))
		add(subject->lints, LINT_ADVICE, "does not have the guest agent switched on",
		    "the node could not ask its clones for their addresses, nor freeze them for a "
		    "backup",
		    "qm set %u --agent enabled=1", subject->vmid);
	if (!scsi || strcmp(scsi, "virtio-scsi-single") != 0)
		add(subject->lints, LINT_ADVICE, "has another controller than virtio-scsi-single",
		    "disks of its clones share one thread, whatever iothread says",
		    "qm set %u --scsihw virtio-scsi-single", subject->vmid);
	lint_boot(subject, LINT_ADVICE);
}

/* What clones copy (1.4.3) and seldom shall. */
static void advise_copied(const struct subject *subject)
{
	if (is_on(subject->conf, "protection"))
		add(subject->lints, LINT_ADVICE, "is protected, and so will be its clones",
		    "they could not be destroyed, nor their disks removed",
		    "qm set %u --delete protection", subject->vmid);
	if (is_on(subject->conf, "onboot"))
		add(subject->lints, LINT_ADVICE, "is started at boot, and so will be its clones",
		    "a template cannot start; say it where VMs are declared",
		    "qm set %u --delete onboot", subject->vmid);
}

/* A backup's lock is waited for when it is cloned (1.2.4), so it is no fault. */
static void advise_unfinished(const struct subject *subject)
{
	const struct vmconf *conf = subject->conf;
	const char *lock = vmconf_get(conf, "lock");

	if (lock) {
		CLEANUP(scope_free) char *what = memory_print("is locked (%s)", lock);

		add(subject->lints, LINT_ADVICE, what, "it cannot be cloned as long as that lasts",
		    "wait for it; if nothing is at work on it: qm unlock %u", subject->vmid);
	}
	if (vmconf_has_pending(conf))
		add(subject->lints, LINT_ADVICE, "has changes that wait",
		    "clones do not get them, and a template never starts to take them on",
		    "qm pending %u, then qm set %u --revert KEY", subject->vmid, subject->vmid);
	if (conf->snapshot_count)
		add(subject->lints, LINT_ADVICE, "has snapshots",
		    "clones are made from what it is now; what they keep is lost space",
		    "qm listsnapshot %u, then qm delsnapshot %u NAME", subject->vmid, subject->vmid);
}

/* qm template sets both flags at once, and was killed before (pve-facts 4.1). */
static void advise_volumes(const struct subject *subject)
{
	const struct vmconf *conf = subject->conf;

	for (size_t i = 0; subject->state->lvs_asked && i < conf->live_count; i++) {
		const struct thin_volume *volume = NULL;
		CLEANUP(scope_free) char *what = NULL;

		if (is_disk(&conf->live[i]))
			volume = state_find_drive(subject->state, conf, conf->live[i].key);
		if (!volume || !volume->base || (volume->read_only && volume->skip))
			continue;
		what = memory_print("has a base volume %s that %s", volume->name,
				    volume->read_only ? "is active from boot on" :
							"can be written");
		add(subject->lints, LINT_ADVICE, what,
		    "what is written to it is in every clone from then on",
		    "lvchange -pr -ky %s/%s", volume->vg, volume->name);
	}
}

static void lint_subject(struct subject *subject)
{
	const struct state_guest *guest = state_find_guest(subject->state, subject->vmid);

	if (!guest || !guest->local || !guest->conf) {
		add(subject->lints, LINT_UNFIT, "does not exist on this node",
		    "there is nothing to clone",
		    "vyom template build makes it, or correct its vmid %u in the file",
		    subject->vmid);
		return;
	}
	subject->conf = guest->conf;
	if (!is_template(guest->conf))
		add(subject->lints, LINT_UNFIT, "is a VM, not a template",
		    "vyom clones templates only",
		    "qm template %u, if that is what it was made for", subject->vmid);
	lint_unfit(subject);
	advise_hardware(subject);
	lint_image(subject, LINT_ADVICE);
	advise_copied(subject);
	advise_unfinished(subject);
	advise_volumes(subject);
}

void lint_guest(unsigned vmid, const char *sha256, const struct state *state,
		struct lints *lints)
{
	lint_subject(&(struct subject){
		.vmid = vmid, .sha256 = sha256, .state = state, .lints = lints });
}

/* It is looked for by its name or tag: there is none, or of that name there are several. */
static void lint_unknown(const struct spec_section *template, const struct state *state,
			 struct lints *lints)
{
	const char *tag = spec_text(template, KEY_TEMPLATE_TAG);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct state_guest *guest = NULL;

	while ((guest = golden_next(template, state, guest)))
		strbuf_addf(&text, "%s%u", text.len ? ", " : "is found more than once, as ",
			    guest->vmid);
	if (text.len) {
		add(lints, LINT_UNFIT, text.buf, "only one may have that name",
		    "say which in its section, vmid = N, or tag the newest and say tag = \"TAG\"");
	} else if (tag) {
		strbuf_addf(&text, "no template on this node has the tag %s", tag);
		add(lints, LINT_UNFIT, "is not found", text.buf,
		    "give it to one (qm set VMID --tags, with those that it has), or say its vmid "
		    "in the file");
	} else {
		add(lints, LINT_UNFIT, "is not found", "no template on this node has that name",
		    "make it (qm template VMID, of a VM of that name), or say its vmid or tag in "
		    "the file");
	}
}

void lint_template(const struct spec_section *template, const struct state *state,
		   struct lints *lints)
{
	struct subject subject = {
		.vmid = golden_newest(template, state), .sha256 = spec_text(template, KEY_SHA256),
		.found = spec_template_is_found(template), .state = state, .lints = lints,
	};

	if (subject.found && !subject.vmid)
		lint_unknown(template, state, lints);
	else
		lint_subject(&subject);
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
