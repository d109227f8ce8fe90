/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/golden_part.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/budget.h"
#include "decide/golden.h"
#include "decide/leftover.h"
#include "decide/lint.h"
#include "decide/option.h"
#include "decide/plan.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

enum {
	MEMORY_MIB = 1024,		/* the RFC's */
	SHUTDOWN_SECONDS = 180,
};

struct plan_step *golden_step_add(const struct golden *golden, enum qm_verb verb,
				  struct plan *plan)
{
	struct plan_step *step =
		plan_add(plan, golden->template->name, golden->vmid, verb);

	step->section = golden->template;
	return step;
}

static const char *user_of(const struct golden *golden)
{
	const char *user = spec_text(golden->template, KEY_USER);

	return user ? user : GOLDEN_USER;
}

/* --- before there is a VM --- */

static void plan_fetch(const struct golden *golden, const struct state *state, struct plan *plan)
{
	const struct spec_section *template = golden->template;
	struct plan_step *step;

	if (golden->image_there)
		return;
	step = golden_step_add(golden, QM_FETCH, plan);
	qm_fetch(&step->argv, state->node, spec_text(template, KEY_IMAGE),
		 spec_text(template, KEY_URL), spec_text(template, KEY_SHA256));
}

static void plan_check(const struct golden *golden, struct plan *plan)
{
	if (golden->image_good)
		return;
	strvec_pushl(&golden_step_add(golden, QM_CHECK, plan)->argv, "check", golden->image, "sha256",
		     spec_text(golden->template, KEY_SHA256), NULL);
}

static void plan_key(const struct golden *golden, struct plan *plan)
{
	const struct spec_value *sink = spec_value(golden->template, KEY_KEY_SINK);
	struct plan_step *step;

	if (golden->key_kept)
		return;
	step = golden_step_add(golden, QM_KEY, plan);
	step->why = memory_copy("a new key pair is made; the private key goes there");
	strvec_push(&step->argv, "key");
	if (sink)
		strvec_extend(&step->argv, &sink->list);
	else
		strvec_push(&step->argv, spec_text(golden->template, KEY_KEY_FILE));
}

static void describe(const struct golden *golden, bool finished, struct strbuf *note)
{
	strbuf_addf(note, GOLDEN_MARK "%s\n" LINT_IMAGE_MARK "%s\n" GOLDEN_GENERATION "%u",
		    golden->template->name, spec_text(golden->template, KEY_SHA256),
		    golden->generation);
	if (finished)
		strbuf_addf(note, "\n" GOLDEN_MADE "%s", golden->made);
}

static void add_address(const struct golden *golden, struct strbuf *text)
{
	const char *address = spec_text(golden->template, KEY_BUILD_ADDRESS);
	const char *gateway = spec_text(golden->template, KEY_GATEWAY);
	bool v6 = strchr(address, ':') != NULL;

	strbuf_addf(text, v6 ? "ip6=%s" : "ip=%s", address);
	if (gateway)
		strbuf_addf(text, v6 ? ",gw6=%s" : ",gw=%s", gateway);
}

/* The RFC's machine: one call, so that it has its mark from its first complete config on. */
static void plan_create(const struct golden *golden, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf note = STRBUF_INIT, address = STRBUF_INIT;
	CLEANUP(scope_free) char *net = NULL, *disk = NULL, *cloudinit = NULL;
	const struct spec_section *template = golden->template;
	const char *storage = spec_text(template, KEY_STORAGE);
	struct plan_step *step = golden_step_add(golden, QM_CREATE, plan);

	describe(golden, false, &note);
	add_address(golden, &address);
	net = memory_print("virtio,bridge=%s", spec_text(template, KEY_BRIDGE));
	disk = memory_print("%s:0,import-from=%s,discard=on,iothread=1", storage, golden->image);
	cloudinit = memory_print("%s:cloudinit", storage);
	qm_create(&step->argv, golden->vmid);
	qm_set_option(&step->argv, "name", template->name);
	qm_set_option(&step->argv, "description", note.buf);
	qm_set_option(&step->argv, "memory", "1024");
	qm_set_option(&step->argv, "cores", "1");
	qm_set_option(&step->argv, "ostype", "l26");
	qm_set_option(&step->argv, "agent", "enabled=1");
	qm_set_option(&step->argv, "net0", net);
	qm_set_option(&step->argv, "scsihw", "virtio-scsi-single");
	qm_set_option(&step->argv, OPTION_BOOT_DISK, disk);
	qm_set_option(&step->argv, "ide2", cloudinit);
	qm_set_option(&step->argv, "boot", "order=" OPTION_BOOT_DISK);
	qm_set_option(&step->argv, "serial0", "socket");
	qm_set_option(&step->argv, "vga", "serial0");
	qm_set_option(&step->argv, "ciuser", user_of(golden));
	qm_set_option(&step->argv, "ciupgrade", "0");
	qm_set_option(&step->argv, "ipconfig0", address.buf);
	qm_set_option(&step->argv, "sshkeys", golden->keys_path);
	step->storage = memory_copy(storage);
	step->promise = spec_number(template, KEY_DISK) + QM_CLOUDINIT_SIZE;
	step->memory = MEMORY_MIB * MIB;
}

void golden_step_make(const struct golden *golden, const struct state *state, struct plan *plan)
{
	plan_fetch(golden, state, plan);
	plan_check(golden, plan);
	plan_key(golden, plan);
	plan_create(golden, plan);
}

/* --- the VM is there --- */

static bool is_running(const struct state_guest *guest)
{
	return guest && guest->pid;
}

/* How large its disk is; 0: not known, or not there yet. */
static uint64_t disk_size(const struct state *state, const struct state_guest *guest)
{
	const struct thin_volume *disk =
		guest ? state_find_drive(state, guest->conf, OPTION_BOOT_DISK) : NULL;

	return disk ? disk->size : 0;
}

/* What the config says of that; 0: nothing. */
static uint64_t noted_size(const struct state_guest *guest)
{
	CLEANUP(propstr_release) struct propstr drive =
		propstr_parse(vmconf_get(guest->conf, OPTION_BOOT_DISK), "file");
	const char *noted = propstr_get(&drive, "size");
	uint64_t size;

	return noted && number_parse_size(noted, &size) ? size : 0;
}

/* Of an imported image the config has its own size, and the volume whole extents (8.9c). */
static bool is_noted(const struct state *state, const struct state_guest *guest)
{
	const struct thin_volume *disk = state_find_drive(state, guest->conf, OPTION_BOOT_DISK);
	const struct thin_pool *pool =
		disk && disk->pool ? thin_pools_find(&state->pools, disk->vg, disk->pool) : NULL;
	uint64_t extent = pool && pool->extent ? pool->extent : QM_EXTENT_DEFAULT;

	return !disk || !disk->size || number_round_up(noted_size(guest), extent) == disk->size;
}

/* After a resize that was cut off: the volume is the truth (pve-facts 3.5). */
static void plan_rescan(const struct golden *golden, const struct state *state,
			const struct state_guest *guest, struct plan *plan)
{
	uint64_t size = disk_size(state, guest);
	char text[NUMBER_TEXT];
	struct plan_step *step;

	if (!guest || is_noted(state, guest))
		return;
	step = golden_step_add(golden, QM_RESCAN, plan);
	step->why = memory_print("the config does not know that the volume has %s",
				 number_format_size(size, text));
	qm_rescan(&step->argv, golden->vmid);
}

static void plan_resize(const struct golden *golden, const struct state *state,
			const struct state_guest *guest, struct plan *plan)
{
	uint64_t wanted = number_round_up(spec_number(golden->template, KEY_DISK),
					  QM_EXTENT_DEFAULT);
	struct plan_step *step;

	if (!wanted || (guest && disk_size(state, guest) >= wanted)) {
		plan_rescan(golden, state, guest, plan);
		return;
	}
	step = golden_step_add(golden, QM_RESIZE, plan);
	qm_resize(&step->argv, golden->vmid, OPTION_BOOT_DISK, wanted);
	step->storage = memory_copy(spec_text(golden->template, KEY_STORAGE));
}

static void plan_guest(const struct golden *golden, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf packages = STRBUF_INIT;
	const struct spec_value *list = spec_value(golden->template, KEY_PACKAGES);
	const char *address = spec_text(golden->template, KEY_BUILD_ADDRESS);
	struct plan_step *step = golden_step_add(golden, QM_GUEST, plan);

	if (list)
		strvec_join(&list->list, " ", &packages);
	step->why = memory_print("over SSH: %s%s%s%s", packages.len ? "install " : "",
				 packages.len ? packages.buf : "", packages.len ? "; " : "",
				 "then a clean slate");
	strvec_push(&step->argv, "guest");
	strvec_pushf(&step->argv, "%s@%.*s", user_of(golden), (int)strcspn(address, "/"), address);
}

void golden_step_up(const struct golden *golden, const struct state *state,
		    const struct state_guest *guest, struct plan *plan)
{
	if (!is_running(guest)) {
		plan_resize(golden, state, guest, plan);
		qm_start(&golden_step_add(golden, QM_START, plan)->argv, golden->vmid);
	}
	plan_guest(golden, plan);
}

/* The guest must go down by itself: what is forced down may not have written all. */
static void plan_down(const struct golden *golden, const struct state_guest *guest,
		      bool prepared, struct plan *plan)
{
	if (!prepared || is_running(guest))
		qm_shutdown_asked(&golden_step_add(golden, QM_SHUTDOWN, plan)->argv, golden->vmid,
				  SHUTDOWN_SECONDS);
}

/* The key of a pair is in it from the start; beside the operator's is that of the build. */
static bool keys_agree(const struct golden *golden, const struct vmconf *conf)
{
	return !golden->template->ssh_keys ||
	       option_agrees(option_find("sshkeys"), golden->key, vmconf_get(conf, "sshkeys"));
}

static bool is_clean(const struct golden *golden, const struct vmconf *conf)
{
	const char *address = vmconf_get(conf, "ipconfig0");

	return address && strcmp(address, "ip=dhcp") == 0 && keys_agree(golden, conf) &&
	       conf->description && strstr(conf->description, GOLDEN_MADE);
}

static void plan_set(const struct golden *golden, const struct state_guest *guest,
		     struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf note = STRBUF_INIT;
	bool same_keys = guest ? keys_agree(golden, guest->conf) : !golden->template->ssh_keys;
	struct plan_step *step;

	if (guest && is_clean(golden, guest->conf))
		return;
	describe(golden, true, &note);
	step = golden_step_add(golden, QM_SET, plan);
	qm_set(&step->argv, golden->vmid);
	qm_set_option(&step->argv, "ipconfig0", "ip=dhcp");
	qm_set_option(&step->argv, "description", note.buf);
	if (!same_keys)
		qm_set_option(&step->argv, "sshkeys", golden->template->ssh_keys_path);
}

void golden_step_seal(const struct golden *golden, struct plan *plan)
{
	struct plan_step *step = golden_step_add(golden, QM_SEAL, plan);

	step->why = memory_copy("a checksum of the finished disk is kept in the journal");
	strvec_push(&step->argv, "seal");
	strvec_pushf(&step->argv, "%u", golden->vmid);
}

void golden_step_finish(const struct golden *golden, const struct state_guest *guest,
			bool prepared, struct plan *plan)
{
	plan_down(golden, guest, prepared, plan);
	plan_set(golden, guest, plan);
	qm_template(&golden_step_add(golden, QM_TEMPLATE, plan)->argv, golden->vmid, NULL);
	golden_step_seal(golden, plan);
}
