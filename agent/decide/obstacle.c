/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/obstacle.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static const char *conf_name(const struct vmconf *conf)
{
	const char *name = vmconf_get(conf, "name");

	return name ? name : "a VM without a name";
}

bool obstacle_is_same_vm(const struct record_vm *record, const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr smbios =
		propstr_parse(vmconf_get(conf, "smbios1"), NULL);
	const char *uuid = propstr_get(&smbios, "uuid");

	return uuid && strcasecmp(uuid, record->uuid) == 0;
}

/* Proxmox gives a VM a new one when it goes back in time: a rollback, or a restore in place. */
static bool was_turned_back(const struct record_vm *record, const struct vmconf *conf)
{
	const char *vmgenid = vmconf_get(conf, "vmgenid");

	return vmgenid && record->vmgenid && strcasecmp(vmgenid, record->vmgenid) != 0;
}

char *obstacle_of_identity(const struct record_vm *record, const struct vmconf *conf)
{
	if (!obstacle_is_same_vm(record, conf))
		return memory_print("replaced outside: the VM with this id is no longer the one "
				    "that vyom made (its smbios uuid was %s), and is left alone; "
				    "give the VM another vmid, or if this one is right, vyom "
				    "adopt %s",
				    record->uuid, record->name);
	if (was_turned_back(record, conf))
		return memory_print("turned back outside: it was rolled back to a snapshot or "
				    "restored from a backup (its vmgenid was %s), and is left "
				    "alone; if it is as you want it, vyom adopt %s",
				    record->vmgenid, record->name);
	return NULL;
}

static bool is_recorded_as(const struct record_vm *record, const struct spec_section *vm)
{
	return strcmp(record->name, vm->name) == 0 &&
	       strcmp(record->cluster, vm->cluster->name) == 0;
}

/* Another id in the file would make a second VM with the name, MAC and address of the first. */
static char *obstacle_when_absent(const struct spec_section *vm, const struct state *state,
				  const struct record_vms *records)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct record_vm *record = &records->items[i];

		if (is_recorded_as(record, vm) && state_find_guest(state, record->vmid))
			return memory_print("vyom made this VM with the id %u, and it is there; "
					    "change the file back, or destroy it first",
					    record->vmid);
	}
	return NULL;
}

static char *obstacle_of_place(const struct state_guest *guest, const struct record_vm *record)
{
	if (!guest->local && record)
		return memory_print("moved: it is on node %s now; vyom changes VMs of its own "
				    "node only: migrate it back, or run vyom there", guest->node);
	if (!guest->local)
		return memory_print("its id belongs to a guest on node %s; give the VM another vmid",
				    guest->node);
	if (guest->kind == STATE_LXC)
		return memory_print("its id belongs to a container; give the VM another vmid");
	if (!guest->conf)
		return memory_print("its config went away while we looked; run vyom again");
	return NULL;
}

static char *obstacle_of_owner(const struct spec_section *vm, const struct state_guest *guest,
			       const struct record_vm *record)
{
	CLEANUP(strbuf_release) struct strbuf mark = STRBUF_INIT;
	char *obstacle;

	option_mark(vm, &mark);
	if (!record && vmconf_description_has_line(guest->conf, mark.buf))
		return memory_print("it carries vyom's mark, but the journal of this node does not "
				    "know it (was the journal lost, or the VM restored from a "
				    "backup?): if it is the VM you mean, vyom adopt %s", vm->name);
	if (!record && strcmp(conf_name(guest->conf), vm->name) == 0)
		return memory_print("its id belongs to a VM of that name which vyom did not make: "
				    "if it is the VM you mean, vyom adopt %s; else give this one "
				    "another vmid", vm->name);
	if (!record)
		return memory_print("its id belongs to \"%s\", which vyom did not make; give the "
				    "VM another vmid",
				    conf_name(guest->conf));
	obstacle = obstacle_of_identity(record, guest->conf);
	if (obstacle)
		return obstacle;
	if (record->suspect)
		return memory_print("its disk was copied while the pool had no space or could not "
				    "be written, so its data is not whole: vyom destroy %s, then "
				    "apply again",
				    record->name);
	if (!is_recorded_as(record, vm))
		return memory_print("vyom made the VM with this id as %s/%s; a VM is not renamed: "
				    "change the file back, or destroy %s first",
				    record->cluster, record->name, record->name);
	return NULL;
}

static char *obstacle_of_lock(const struct state_guest *guest)
{
	const char *lock = vmconf_get(guest->conf, "lock");

	if (!lock || qm_lock_passes(lock))
		return NULL;
	return memory_print("it is locked (%s): someone is at work on it, or was cut off; wait, "
			    "and see `qm config %u`",
			    lock, guest->vmid);
}

static char *obstacle_of_template(const struct spec_section *vm, const struct state_guest *guest)
{
	const char *template = vmconf_get(guest->conf, "template");

	if (!template || strcmp(template, "1") != 0)
		return NULL;
	return memory_print("it was made a template outside, and no template runs: give the VM "
			    "another vmid, or vyom destroy %s and apply again", vm->name);
}

/* lvs was asked if anything was not active: what is not there now is gone. */
static char *obstacle_of_volume(const struct state *state, const struct state_guest *guest)
{
	CLEANUP(scope_free) char *path = state_drive_path(state, guest->conf, OPTION_BOOT_DISK);

	if (!state->lvs_asked || !path || state_find_drive(state, guest->conf, OPTION_BOOT_DISK))
		return NULL;
	return memory_print("its disk %s does not exist any more: bring it back, or vyom destroy "
			    "the VM and apply again",
			    path);
}

static char *obstacle_of_disk(const struct state *state, const struct state_guest *guest)
{
	if (vmconf_get(guest->conf, OPTION_BOOT_DISK))
		return obstacle_of_volume(state, guest);
	return memory_print("its config has no %s, the disk it boots from; see `qm config %u` for "
			    "an unusedN and attach it again",
			    OPTION_BOOT_DISK, guest->vmid);
}

/* As long as its source is kept beside it: who lets go of that wants the copy as it is. */
static char *obstacle_of_copy(const struct state_guest *guest, const struct record_vms *records)
{
	for (size_t i = 0; i < records->copies.count; i++) {
		const struct record_copy *copy = &records->copies.items[i];
		const char *slot = vmconf_drive_of(guest->conf, copy->volume);
		const char *kept = vmconf_drive_of(guest->conf, copy->source);

		if (copy->vmid != guest->vmid || !copy->suspect || !slot ||
		    vmconf_is_unused(slot) || !kept || !vmconf_is_unused(kept))
			continue;
		return memory_print("its %s was moved while the pool behind %.*s could not be "
				    "written, so %s may not be whole; what it is a copy of, %s, is: "
				    "qm set %u --%s %s takes that again, or, if the copy is whole "
				    "after all, qm disk unlink %u --idlist %s --force 1",
				    slot, (int)strcspn(copy->volume, ":"), copy->volume,
				    copy->volume, copy->source, guest->vmid, slot, copy->source,
				    guest->vmid, kept);
	}
	return NULL;
}

char *obstacle_find(const struct spec_section *vm, const struct state *state,
			   const struct state_guest *guest, const struct record_vm *record,
			   const struct record_vms *records)
{
	char *obstacle;

	if (!guest)
		return obstacle_when_absent(vm, state, records);
	obstacle = obstacle_of_place(guest, record);
	if (!obstacle)
		obstacle = obstacle_of_owner(vm, guest, record);
	if (!obstacle)
		obstacle = obstacle_of_lock(guest);
	if (!obstacle)
		obstacle = obstacle_of_template(vm, guest);
	if (!obstacle)
		obstacle = obstacle_of_disk(state, guest);
	if (!obstacle)
		obstacle = obstacle_of_copy(guest, records);
	return obstacle;
}

bool obstacle_passes(const struct state_guest *guest)
{
	return guest && guest->conf && qm_lock_passes(vmconf_get(guest->conf, "lock"));
}
