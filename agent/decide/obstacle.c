/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/obstacle.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/option.h"
#include "model/propstr.h"
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

static bool is_recorded_as(const struct record_vm *record, const struct spec_section *vm)
{
	return strcmp(record->name, vm->name) == 0 &&
	       strcmp(record->cluster, vm->cluster->name) == 0;
}

/* Volumes that carry the id of a VM that does not exist. */
static void list_leftovers(const struct state *state, unsigned vmid, struct strbuf *names)
{
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid != vmid || volume->referenced)
			continue;
		strbuf_join(names, ", ", volume->vg);
		strbuf_addf(names, "/%s", volume->name);
	}
}

static char *obstacle_of_leftovers(const struct state *state, unsigned vmid)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;

	list_leftovers(state, vmid, &names);
	if (!names.len)
		return NULL;
	return memory_print("no VM has this id, but volumes of an earlier one are left: %s; look "
			    "what they hold, then remove them (lvremove) or give the VM another "
			    "vmid",
			    names.buf);
}

/* Another id in the file would make a second VM with the name, MAC and address of the first. */
static char *obstacle_of_other_id(const struct spec_section *vm, const struct state *state,
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

static char *obstacle_when_absent(const struct spec_section *vm, const struct state *state,
				  const struct record_vms *records)
{
	char *obstacle = obstacle_of_leftovers(state, (unsigned)spec_number(vm, KEY_VMID));

	return obstacle ? obstacle : obstacle_of_other_id(vm, state, records);
}

static char *obstacle_of_place(const struct state_guest *guest, const struct record_vm *record)
{
	if (!guest->local && record)
		return memory_print("it moved to node %s; vyom changes VMs of its own node only: "
				    "migrate it back", guest->node);
	if (!guest->local)
		return memory_print("its id belongs to a guest on node %s; give the VM another vmid",
				    guest->node);
	if (guest->kind == STATE_LXC)
		return memory_print("its id belongs to a container; give the VM another vmid");
	if (!guest->conf)
		return memory_print("its config went away while we looked; run vyom again");
	return NULL;
}

static char *obstacle_of_identity(const struct spec_section *vm, const struct state_guest *guest,
				  const struct record_vm *record)
{
	CLEANUP(strbuf_release) struct strbuf mark = STRBUF_INIT;

	option_mark(vm, &mark);
	if (!record && vmconf_description_has_line(guest->conf, mark.buf))
		return memory_print("it carries vyom's mark, but the journal of this node does not "
				    "know it (was it lost, or the VM restored from a backup?): "
				    "bring back /var/lib/vyom/journal.db, or remove the VM yourself");
	if (!record)
		return memory_print("its id belongs to \"%s\", which vyom did not make; give the "
				    "VM another vmid",
				    conf_name(guest->conf));
	if (!obstacle_is_same_vm(record, guest->conf))
		return memory_print("the VM with this id is no longer the one that vyom made "
				    "(smbios uuid was %s): it was replaced from outside and is "
				    "left alone; give the VM another vmid",
				    record->uuid);
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

/* Locks that others take and give back by themselves, every night maybe (pve-facts 5.6). */
static bool is_passing_lock(const char *lock)
{
	static const char *const passing[] = {
		"backup", "migrate", "rollback", "snapshot", "snapshot-delete", "suspending",
	};

	for (size_t i = 0; lock && i < sizeof(passing) / sizeof(*passing); i++)
		if (strcmp(lock, passing[i]) == 0)
			return true;
	return false;
}

static char *obstacle_of_lock(const struct state_guest *guest)
{
	const char *lock = vmconf_get(guest->conf, "lock");

	if (!lock)
		return NULL;
	return memory_print("it is locked (%s): someone is at work on it, or was cut off; wait, "
			    "and see `qm config %u`",
			    lock, guest->vmid);
}

/* lvs was asked if anything was not active: what is not there now is gone. */
static char *obstacle_of_volume(const struct state *state, const struct state_guest *guest)
{
	CLEANUP(propstr_release) struct propstr drive = PROPSTR_INIT;
	CLEANUP(scope_free) char *id = NULL;
	const struct state_storage *storage;
	const char *volid;

	drive = propstr_parse(vmconf_get(guest->conf, OPTION_BOOT_DISK), "file");
	volid = propstr_get(&drive, "file");
	if (!state->lvs_asked || !volid || state_find_volume(state, volid))
		return NULL;
	id = memory_copy(volid);
	id[strcspn(id, ":")] = '\0';
	storage = state_find_storage(state, id);
	if (!storage || !storage->vg)
		return NULL;
	return memory_print("its disk %s does not exist any more: bring it back, or vyom destroy "
			    "the VM and apply again",
			    volid);
}

static char *obstacle_of_disk(const struct state *state, const struct state_guest *guest)
{
	if (vmconf_get(guest->conf, OPTION_BOOT_DISK))
		return obstacle_of_volume(state, guest);
	return memory_print("its config has no %s, the disk it boots from; see `qm config %u` for "
			    "an unusedN and attach it again",
			    OPTION_BOOT_DISK, guest->vmid);
}

/* A VM half-way through a clone has no name yet; its lock says more than who it is not. */
static bool is_stub(const struct vmconf *conf)
{
	return vmconf_get(conf, "lock") && !vmconf_get(conf, "name");
}

char *obstacle_find(const struct spec_section *vm, const struct state *state,
			   const struct state_guest *guest, const struct record_vm *record,
			   const struct record_vms *records)
{
	char *obstacle;

	if (!guest)
		return obstacle_when_absent(vm, state, records);
	obstacle = obstacle_of_place(guest, record);
	if (!obstacle && !is_stub(guest->conf))
		obstacle = obstacle_of_identity(vm, guest, record);
	if (!obstacle)
		obstacle = obstacle_of_lock(guest);
	if (!obstacle)
		obstacle = obstacle_of_disk(state, guest);
	return obstacle;
}

bool obstacle_passes(const struct state_guest *guest)
{
	return guest && guest->conf && is_passing_lock(vmconf_get(guest->conf, "lock"));
}
