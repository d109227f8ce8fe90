/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/loss.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/golden.h"
#include "decide/option.h"
#include "decide/plan.h"
#include "model/propstr.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* --- disks --- */

/* "local-lvm:vm-101-disk-0" and "local:101/vm-101-disk-0.qcow2" are 101's; 0: not known. */
static unsigned owner_of(const char *volid)
{
	const char *slash = strrchr(volid, '/'), *name = slash ? slash : strchr(volid, ':');
	CLEANUP(scope_free) char *copy = memory_copy(name ? name + 1 : volid);
	struct thin_volume volume = { .name = copy };

	thin_volume_parse_name(&volume);
	return volume.vmid;
}

static uint64_t size_of(const struct propstr *drive, const struct thin_volume *volume)
{
	const char *noted = propstr_get(drive, "size");
	uint64_t size;

	if (volume)
		return volume->size;
	return noted && number_parse_size(noted, &size) ? size : 0;
}

static void take_disk(struct loss *loss, const struct vmconf_entry *entry,
		      const struct state *state)
{
	CLEANUP(propstr_release) struct propstr drive = propstr_parse(entry->value, "file");
	const char *media = propstr_get(&drive, "media"), *volid = propstr_get(&drive, "file");
	const struct thin_volume *volume;

	if (!volid || (media && strcmp(media, "cdrom") == 0) || owner_of(volid) != loss->vmid)
		return;
	volume = state_find_volume(state, volid);
	MEMORY_PUSH(loss->disks, loss->disk_count) = (struct loss_disk){
		.key = entry->key,
		.volid = memory_copy(volid),
		.size = size_of(&drive, volume),
		.written = volume ? volume->mapped : 0,
	};
}

static void loss_cleanup(struct loss **loss)
{
	loss_free(*loss);
}

static void take_disks(struct loss *loss, const struct vmconf *conf, const struct state *state)
{
	for (size_t i = 0; i < conf->live_count; i++)
		if (vmconf_is_drive(conf->live[i].key))
			take_disk(loss, &conf->live[i], state);
}

void loss_note(const struct state *state, const char *name, unsigned vmid, struct plan *plan)
{
	CLEANUP(loss_cleanup) struct loss *loss = memory_new(1, sizeof(*loss));
	const struct state_guest *guest = state_find_guest(state, vmid);
	CLEANUP(strbuf_release) struct strbuf disks = STRBUF_INIT;
	char size[NUMBER_TEXT];

	loss->vmid = vmid;
	if (guest && guest->conf)
		take_disks(loss, guest->conf, state);
	for (size_t i = 0; i < loss->disk_count; i++) {
		const struct loss_disk *disk = &loss->disks[i];

		strbuf_join(&disks, ", ", disk->key);
		strbuf_addf(&disks, " (%s%s%s)", disk->volid, disk->size ? ", " : "",
			    disk->size ? number_format_human(disk->size, size) : "");
	}
	if (disks.len)
		plan_note(plan, name, vmid, "what is in its disks is lost: %s", disks.buf);
}

/* --- where it came from --- */

/* What a clone of that run was made from, as its command says. */
static unsigned template_of_steps(const struct record_steps *steps, unsigned vmid)
{
	unsigned template = 0;

	for (size_t i = 0; steps && i < steps->count; i++)
		if (steps->items[i].vmid == vmid && strcmp(steps->items[i].verb, "clone") == 0 &&
		    sscanf(steps->items[i].argv, "qm clone %u", &template) == 1)
			return template;
	return 0;
}

/* A linked clone's disk says it too, if lvs was asked. */
static unsigned template_of_disk(const struct state *state, const struct vmconf *conf)
{
	const struct thin_volume *volume = state_find_drive(state, conf, OPTION_BOOT_DISK);
	struct thin_volume origin = { .name = volume ? volume->origin : NULL };

	if (!origin.name)
		return 0;
	thin_volume_parse_name(&origin);
	return origin.vmid;
}

static struct loss_template generation_of(const struct state *state, unsigned vmid)
{
	const struct state_guest *guest = state_find_guest(state, vmid);

	return (struct loss_template){
		.vmid = vmid,
		.generation = guest && guest->conf ? golden_generation(guest) : 0,
	};
}

struct loss *loss_find(const struct spec_section *vm, const struct state *state,
		       const struct record_run *run, const struct record_steps *steps)
{
	unsigned vmid = (unsigned)spec_number(vm, KEY_VMID), from;
	const struct state_guest *guest = state_find_guest(state, vmid);
	const struct vmconf *conf = guest ? guest->conf : NULL;
	struct loss *loss;

	if (!conf)
		return NULL;
	from = template_of_steps(steps, vmid);
	loss = memory_new(1, sizeof(*loss));
	*loss = (struct loss){
		.vm = vm->name, .vmid = vmid, .snapshots = conf->snapshots,
		.snapshot_count = conf->snapshot_count, .running = guest->pid != 0,
		.uptime = guest->uptime, .since = run ? run->started : 0,
		.adopted = run && strcmp(run->verb, "adopt") == 0,
		.from = generation_of(state, from ? from : template_of_disk(state, conf)),
		.next = generation_of(state, golden_newest(vm->template, state)),
	};
	take_disks(loss, conf, state);
	if (loss->disk_count || loss->snapshot_count || loss->running)
		return loss;
	loss_free(loss);
	return NULL;
}

void loss_free(struct loss *loss)
{
	for (size_t i = 0; loss && i < loss->disk_count; i++)
		free(loss->disks[i].volid);
	if (loss)
		free(loss->disks);
	free(loss);
}
