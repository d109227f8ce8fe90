/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/leftover.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/obstacle.h"
#include "decide/option.h"
#include "model/data_disk.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/state.h"
#include "model/vmconf.h"

static bool is_destroying(const struct record_step *doubt)
{
	return qm_verb_find(doubt->verb) == QM_DESTROY;
}

/* Is item one of "no config, pve/vm-101-disk-0, …", as the journal notes what was there? */
static bool was_there(const struct record_step *doubt, const char *item)
{
	CLEANUP(scope_free) char *copy = memory_copy(doubt->before ? doubt->before : "");
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		word += *word == ' ';
		if (strcmp(word, item) == 0)
			return true;
	}
	return false;
}

/* vm-N-disk-K and vm-N-cloudinit are what clone and create make (pve-facts 1.3.4, 1.4.4). */
static bool is_made_by_qm(const struct thin_volume *volume)
{
	char prefix[NUMBER_TEXT + 16];
	const char *number;

	snprintf(prefix, sizeof(prefix), "vm-%u-cloudinit", volume->vmid);
	if (strcmp(volume->name, prefix) == 0)
		return true;
	snprintf(prefix, sizeof(prefix), "vm-%u-disk-", volume->vmid);
	if (strncmp(volume->name, prefix, strlen(prefix)) != 0)
		return false;
	number = volume->name + strlen(prefix);
	return *number && strspn(number, "0123456789") == strlen(number);
}

static bool is_data_disk(const struct thin_volume *volume)
{
	return data_disk_is_volume(volume->vmid, volume->name);
}

static bool is_our_volume(const struct record_step *doubt, const struct thin_volume *volume)
{
	CLEANUP(scope_free) char *item = memory_print("%s/%s", volume->vg, volume->name);
	CLEANUP(scope_free) char *orphan = memory_print(RECORD_ORPHAN "%s", item);

	if (!is_destroying(doubt))
		return (is_made_by_qm(volume) || is_data_disk(volume)) &&
		       !was_there(doubt, item) && !was_there(doubt, orphan);
	return was_there(doubt, item) || (is_data_disk(volume) && was_there(doubt, orphan));
}

/*
 * A stub has neither name nor mark yet, that of a create has nothing but its lock
 * (4.21); nor has what a destroy leaves last (pve-facts 4.7a).
 */
static bool is_our_config(const struct record_step *doubt, const struct vmconf *conf)
{
	CLEANUP(scope_free) char *cluster = option_marked_cluster(conf, doubt->vm);
	const char *name = vmconf_get(conf, "name"), *lock = vmconf_get(conf, "lock");

	if (!is_destroying(doubt) && !was_there(doubt, RECORD_NO_CONFIG))
		return false;
	if (name)
		return strcmp(name, doubt->vm) == 0 && cluster;
	if (strcmp(lock, "create") == 0)
		return qm_verb_find(doubt->verb) == QM_CREATE && conf->live_count == 1;
	if (strcmp(lock, "destroyed") == 0)
		return is_destroying(doubt);
	return conf->description && strstr(conf->description, QM_CLONE_STUB);
}

/*
 * A destroy frees the volumes first and lets go of the config last (pve-facts
 * 4.7): the config still names the disk that was there when it began.
 */
static bool is_half_destroyed(const struct state *state, const struct record_step *doubt,
			      const struct record_vm *record, const struct vmconf *conf)
{
	CLEANUP(scope_free) char *disk = NULL;

	if (!doubt || !record || !is_destroying(doubt) || !state->lvs_asked ||
	    !obstacle_is_same_vm(record, conf) || state_find_drive(state, conf, OPTION_BOOT_DISK))
		return false;
	disk = state_drive_path(state, conf, OPTION_BOOT_DISK);
	return disk && was_there(doubt, disk);
}

/*
 * Its data is not whole, and nobody ever saw it: as if the clone had been cut off.  Who
 * started it elsewhere filled its cloud-init drive, or left it inactive (pve-facts 12.14).
 */
static bool is_spoilt(const struct state *state, const struct record_vm *record,
		      const struct state_guest *guest)
{
	const struct thin_volume *seed = state_find_cloudinit(state, guest->conf);

	return record && record->suspect && !record->started && !guest->pid &&
	       obstacle_is_same_vm(record, guest->conf) && seed && seed->active &&
	       seed->mapped == 0;
}

/* Adds the volids, and names them in text; false if one is not ours. */
static bool take_volumes(const struct state *state, const struct record_step *doubt, unsigned vmid,
			 struct leftover *leftover, struct strbuf *names)
{
	bool ours = true;

	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];
		CLEANUP(scope_free) char *volid = NULL;

		if (volume->vmid != vmid || volume->referenced)
			continue;
		volid = state_volid(state, volume);
		if (volid)
			strvec_push(&leftover->volids, volid);
		strbuf_join(names, ", ", volume->vg);
		strbuf_addf(names, "/%s", volume->name);
		ours = ours && volid && doubt && is_our_volume(doubt, volume);
	}
	return ours;
}

static const struct thin_volume *open_volume(const struct state *state, unsigned vmid)
{
	for (size_t i = 0; i < state->volumes.count; i++)
		if (state->volumes.items[i].vmid == vmid && state->volumes.items[i].open)
			return &state->volumes.items[i];
	return NULL;
}

static void set_busy(struct leftover *leftover, const struct state *state, unsigned vmid)
{
	const struct thin_volume *open = open_volume(state, vmid);

	leftover->kind = LEFTOVER_BUSY;
	if (!open || state_is_held(state, vmid))
		leftover->text = memory_print("it is half-made, and a qm is at work on it: wait for "
					      "it to end");
	else
		leftover->text = memory_print("it is half-made, and its volume %s/%s is still open: "
					      "a copy goes on writing it though its qm is gone; "
					      "vyom apply waits for that",
					      open->vg, open->name);
}

static void set_ours(struct leftover *leftover, const struct record_step *doubt,
		     const struct record_vm *record)
{
	leftover->kind = LEFTOVER_OURS;
	if (!record || !record->suspect)
		leftover->text = memory_print("left by a %s of run %lld that was cut off",
					      doubt->verb, (long long)doubt->run);
	else
		leftover->text = memory_print("its disk was copied while the pool had no space or "
					      "could not be written, so its data is not whole");
}

static void set_strange(struct leftover *leftover, unsigned vmid, const struct strbuf *names)
{
	const char *lock = leftover->guest ? vmconf_get(leftover->guest->conf, "lock") : NULL;

	leftover->kind = LEFTOVER_STRANGE;
	if (lock)
		leftover->text = memory_print(
			"it is half-made and locked (%s), and nobody is at work on it; the journal "
			"knows of no %s by vyom that left it, so it is left alone%s%s; look what it "
			"is (qm config %u), and remove it if it is nobody's (qm destroy %u "
			"--skiplock 1)",
			lock, strcmp(lock, "destroyed") == 0 ? "destroy" : lock,
			names->len ? ", with volumes that no config names: " : "", names->buf, vmid,
			vmid);
	else
		leftover->text = memory_print(
			"no VM has this id, but volumes of an earlier one are left: %s; look what "
			"they hold, then remove them (lvremove) or give the VM another vmid",
			names->buf);
}

static void judge(const struct state *state, const struct record_step *doubt,
		  const struct record_vm *record, unsigned vmid, bool certain,
		  struct leftover *leftover)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;
	bool ours = take_volumes(state, doubt, vmid, leftover, &names);

	if (!leftover->guest && !names.len)
		return;
	if (leftover->guest && !certain)
		ours = ours && doubt && !leftover->guest->pid &&
		       is_our_config(doubt, leftover->guest->conf);
	if (state_is_held(state, vmid) || (ours && open_volume(state, vmid)))
		set_busy(leftover, state, vmid);
	else if (ours)
		set_ours(leftover, doubt, record);
	else
		set_strange(leftover, vmid, &names);
}

/* An id that was taken when our clone came: what is there is not the clone's. */
static const struct record_step *find_doubt(const struct record_vms *records, unsigned vmid)
{
	const struct record_step *doubt = record_vms_doubt(records, vmid);

	return doubt && doubt->output && qm_output_is_clash(doubt->output) ? NULL : doubt;
}

void leftover_find(const struct state *state, const struct record_vms *records, unsigned vmid,
		   struct leftover *leftover)
{
	const struct record_step *doubt = find_doubt(records, vmid);
	const struct record_vm *record = record_vms_find(records, vmid);
	const struct state_guest *guest = state_find_guest(state, vmid);
	bool certain = false;

	*leftover = (struct leftover){ .volids = STRVEC_INIT };
	if (guest && (!guest->local || guest->kind != STATE_QEMU || !guest->conf))
		return;
	if (guest && !qm_lock_is_debris(vmconf_get(guest->conf, "lock"))) {
		if (vmconf_get(guest->conf, "lock"))
			return;
		certain = is_spoilt(state, record, guest) ||
			  is_half_destroyed(state, doubt, record, guest->conf);
		if (!certain)
			return;
	}
	leftover->guest = guest;
	judge(state, doubt, record, vmid, certain, leftover);
}

void leftover_find_data(const struct state *state, unsigned vmid, struct strvec *volids)
{
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];
		CLEANUP(scope_free) char *volid = state_volid(state, volume);

		if (volume->vmid == vmid && !volume->referenced && is_data_disk(volume) && volid)
			strvec_push(volids, volid);
	}
}

bool leftover_exists(const struct state *state, unsigned vmid)
{
	const struct state_guest *guest = state_find_guest(state, vmid);

	for (size_t i = 0; i < state->volumes.count; i++)
		if (state->volumes.items[i].vmid == vmid && !state->volumes.items[i].referenced)
			return true;
	return guest && guest->conf && qm_lock_is_debris(vmconf_get(guest->conf, "lock"));
}

struct leftover_stray leftover_stray(const struct state *state, const struct record_vms *records,
				     unsigned vmid)
{
	const struct record_step *doubt = record_vms_doubt(records, vmid);
	enum qm_verb verb = doubt ? qm_verb_find(doubt->verb) : QM_VERB_COUNT;

	if (!qm_verb_has(verb, QM_NAMES))
		return (struct leftover_stray){ NULL, NULL };
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid == vmid && !volume->referenced && is_our_volume(doubt, volume) &&
		    !is_data_disk(volume))
			return (struct leftover_stray){
				volume, verb == QM_MOVE ? "a move" : "an efidisk" };
	}
	return (struct leftover_stray){ NULL, NULL };
}

void leftover_release(struct leftover *leftover)
{
	strvec_release(&leftover->volids);
	free(leftover->text);
	*leftover = (struct leftover){ .volids = STRVEC_INIT };
}
