/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/diff.h"

#include <string.h>

#include "decide/forecast.h"
#include "base/memory.h"
#include "base/number.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/record.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/state.h"
#include "base/strbuf.h"
#include "model/vmconf.h"

/* The description is kept decoded; everything else is the file's text. */
static const char *found_value(const struct vmconf *conf, const char *key)
{
	return strcmp(key, "description") == 0 ? conf->description : vmconf_get(conf, key);
}

static const char *conf_name(const struct vmconf *conf)
{
	const char *name = vmconf_get(conf, "name");

	return name ? name : "a VM without a name";
}

static bool is_same_vm(const struct record_vm *record, const struct vmconf *conf)
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
					    "change "
					    "the file back, or destroy it first",
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
		return memory_print("its id belongs to a guest on node %s; give the VM another "
				    "vmid",
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
				    "know "
				    "it (was it lost, or the VM restored from a backup?): bring "
				    "back "
				    "/var/lib/vyom/journal.db, or remove the VM yourself");
	if (!record)
		return memory_print("its id belongs to \"%s\", which vyom did not make; give the "
				    "VM "
				    "another vmid",
				    conf_name(guest->conf));
	if (!is_same_vm(record, guest->conf))
		return memory_print("the VM with this id is no longer the one that vyom made "
				    "(smbios uuid "
				    "was %s): it was replaced from outside and is left alone; give "
				    "the "
				    "VM another vmid",
				    record->uuid);
	if (!is_recorded_as(record, vm))
		return memory_print("vyom made the VM with this id as %s/%s; a VM is not renamed: "
				    "change "
				    "the file back, or destroy %s first",
				    record->cluster, record->name, record->name);
	return NULL;
}

static char *obstacle_of_lock(const struct state_guest *guest)
{
	const char *lock = vmconf_get(guest->conf, "lock");

	if (!lock)
		return NULL;
	return memory_print("it is locked (%s): someone is at work on it, or was cut off; wait, "
			    "and see "
			    "`qm config %u`",
			    lock, guest->vmid);
}

static char *obstacle_of_disk(const struct state_guest *guest)
{
	if (vmconf_get(guest->conf, OPTION_BOOT_DISK))
		return NULL;
	return memory_print("its config has no %s, the disk it boots from; see `qm config %u` for "
			    "an "
			    "unusedN and attach it again",
			    OPTION_BOOT_DISK, guest->vmid);
}

/* A VM half-way through a clone has no name yet; its lock says more than who it is not. */
static bool is_stub(const struct vmconf *conf)
{
	return vmconf_get(conf, "lock") && !vmconf_get(conf, "name");
}

static char *find_obstacle(const struct spec_section *vm, const struct state *state,
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
		obstacle = obstacle_of_disk(guest);
	return obstacle;
}

static struct diff_item *add_item(struct diff_vm *diff, const struct option *option,
				  enum diff_urgency urgency, const char *wanted, const char *found)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	struct diff_item *item = &MEMORY_PUSH(diff->items, diff->count);

	option_merge(option, wanted, found, &value);
	*item = (struct diff_item){
		.option = option,
		.urgency = urgency,
		.effect = option_effect_of(option, wanted, found),
		.wanted = memory_copy(wanted),
		.value = strbuf_detach(&value),
		.found = memory_copy(found),
	};
	return item;
}

/*
 * What waits in [PENDING] of a VM that does not run waits for nothing: a set was
 * cut off, or somebody's change was, and setting it again finishes it (2.1.4).
 */
static void compare_option(struct diff_vm *diff, const struct vmconf *conf,
			   const struct option *option, const char *wanted)
{
	const char *found = found_value(conf, option->name), *pending;
	bool agrees = option_agrees(option, wanted, found);
	struct diff_item *item;

	if (!vmconf_get_pending(conf, option->name, &pending)) {
		if (!agrees)
			add_item(diff, option, DIFF_CHANGE, wanted, found);
	} else if (option_agrees(option, wanted, pending)) {
		if (!agrees)
			add_item(diff, option, diff->running ? DIFF_WAITING : DIFF_CHANGE, wanted,
				 found);
	} else {
		item = add_item(diff, option, agrees ? DIFF_UNDONE : DIFF_CHANGE, wanted, found);
		item->pending = memory_copy(pending ? pending : "nothing");
	}
}

static void compare_options(struct diff_vm *diff, const struct vmconf *conf)
{
	CLEANUP(strbuf_release) struct strbuf wanted = STRBUF_INIT;

	for (size_t i = 0; i < option_count; i++) {
		strbuf_reset(&wanted);
		if (option_table[i].want(diff->vm, &wanted))
			compare_option(diff, conf, &option_table[i], wanted.buf);
	}
}

/*
 * "local-lvm" of "local-lvm:vm-101-disk-0,size=64G"; caller frees; NULL if there is no
 * such drive.
 */
static char *storage_of_disk(const struct vmconf *conf)
{
	char *storage = memory_copy(vmconf_get(conf, OPTION_BOOT_DISK));

	if (storage)
		storage[strcspn(storage, ":,")] = '\0';
	return storage;
}

static const struct thin_volume *disk_volume(const struct state *state, const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr drive = PROPSTR_INIT;

	drive = propstr_parse(conf ? vmconf_get(conf, OPTION_BOOT_DISK) : NULL, "file");
	return state_find_volume(state, propstr_get(&drive, "file"));
}

/* The volume is the truth; size= is what qm noted of it (pve-facts 3.5). */
static void compare_disk(struct diff_vm *diff, const struct state *state, const struct vmconf *conf,
			 const struct thin_volume *volume)
{
	CLEANUP(propstr_release) struct propstr drive =
		propstr_parse(vmconf_get(conf, OPTION_BOOT_DISK), "file");
	CLEANUP(scope_free) char *storage = storage_of_disk(conf);
	const struct thin_pool *pool = storage ? state_find_pool(state, storage) : NULL;
	const char *noted = propstr_get(&drive, "size");

	diff->disk.wanted =
		number_round_up(spec_number(diff->vm, KEY_DISK),
				pool && pool->extent ? pool->extent : QM_EXTENT_DEFAULT);
	if (!noted || !number_parse_size(noted, &diff->disk.noted))
		diff->disk.noted = 0;
	diff->disk.found = volume ? volume->size : diff->disk.noted;
}

static void compare_storage(struct diff_vm *diff, const struct vmconf *conf)
{
	CLEANUP(scope_free) char *storage = storage_of_disk(conf);

	if (storage && strcmp(storage, spec_text(diff->vm, KEY_STORAGE)) != 0)
		diff->misplaced = memory_copy(storage);
}

bool diff_drive_is_pending(const struct diff_vm *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		if (diff->running && strcmp(diff->items[i].option->name, OPTION_BOOT_DISK) == 0)
			return true;
	return false;
}

bool diff_disk_differs(const struct diff_disk *disk)
{
	return (disk->wanted && disk->found != disk->wanted) || disk->noted != disk->found;
}

static const struct thin_volume *cloudinit_volume(const struct state *state,
						  const struct vmconf *conf)
{
	for (size_t i = 0; i < conf->live_count; i++) {
		CLEANUP(propstr_release) struct propstr drive = PROPSTR_INIT;

		if (!vmconf_is_drive(conf->live[i].key) ||
		    !strstr(conf->live[i].value, "-cloudinit"))
			continue;
		drive = propstr_parse(conf->live[i].value, "file");
		return state_find_volume(state, propstr_get(&drive, "file"));
	}
	return NULL;
}

/*
 * A clone's cloud-init volume is empty until the first start (pve-facts 12.14):
 * as long as it is, nothing in the guest depends on any option.  After a reboot
 * of the node the volume may not be active and tells nothing; then it counts
 * whether we ever started the VM.
 */
static bool was_never_started(const struct state *state, const struct vmconf *conf,
			      const struct record_vm *record)
{
	const struct thin_volume *volume = cloudinit_volume(state, conf);

	if (volume && volume->active)
		return volume->mapped == 0;
	return record && !record->started;
}

void diff_vm(const struct spec_section *vm, const struct state *state,
	     const struct record_vms *records, struct diff_vm *result)
{
	unsigned vmid = (unsigned)spec_number(vm, KEY_VMID);
	const struct state_guest *guest = state_find_guest(state, vmid);
	const struct record_vm *record = record_vms_find(records, vmid);

	*result = (struct diff_vm){ .vm = vm, .vmid = vmid, .guest = guest };
	result->obstacle = find_obstacle(vm, state, guest, record, records);
	result->start = spec_flag(vm, KEY_START);
	if (result->obstacle) {
		result->standing = DIFF_OBSTRUCTED;
		result->start = false;
	} else if (!guest) {
		CLEANUP(vmconf_cleanup) struct vmconf *clone = forecast_clone(vm, state);

		result->standing = DIFF_ABSENT;
		result->fresh = true;
		compare_options(result, clone);
		compare_disk(result, state, clone, disk_volume(state, forecast_source(vm, state)));
	} else {
		result->standing = DIFF_PRESENT;
		result->running = guest->pid != 0;
		result->start = result->start && !result->running;
		result->fresh = !result->running && was_never_started(state, guest->conf, record);
		compare_options(result, guest->conf);
		compare_disk(result, state, guest->conf, disk_volume(state, guest->conf));
		compare_storage(result, guest->conf);
	}
}

void diff_all(const struct spec *spec, const struct state *state, const struct record_vms *records,
	      struct diff *diff)
{
	diff->vms = memory_new(spec->vm_count, sizeof(*diff->vms));
	diff->count = 0;
	for (size_t i = 0; i < spec->vm_count; i++)
		if (strcmp(spec->vms[i]->node->name, state->node) == 0)
			diff_vm(spec->vms[i], state, records, &diff->vms[diff->count++]);
}

bool diff_vm_is_in_line(const struct diff_vm *diff)
{
	if (diff->standing != DIFF_PRESENT || diff->start || diff_disk_differs(&diff->disk))
		return false;
	for (size_t i = 0; i < diff->count; i++)
		if (diff->items[i].urgency != DIFF_WAITING)
			return false;
	return true;
}

void diff_vm_release(struct diff_vm *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		free(diff->items[i].wanted);
		free(diff->items[i].value);
		free(diff->items[i].found);
		free(diff->items[i].pending);
	}
	free(diff->items);
	free(diff->obstacle);
	free(diff->misplaced);
	*diff = (struct diff_vm){ .vm = NULL };
}

void diff_release(struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		diff_vm_release(&diff->vms[i]);
	free(diff->vms);
	*diff = (struct diff){ .vms = NULL };
}
