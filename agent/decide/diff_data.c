/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/diff_data.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff_part.h"
#include "model/firmware_disk.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* The drive of a slot as it is or, where it is not, as it will be; NULL: the slot is free. */
static const char *drive_of(const struct vmconf *conf, const char *slot)
{
	const char *drive = vmconf_get(conf, slot), *pending;

	if (!drive && vmconf_get_pending(conf, slot, &pending))
		drive = pending;
	return drive;
}

static void look_at_drive(struct diff_data *data, const char *drive)
{
	CLEANUP(propstr_release) struct propstr items = propstr_parse(drive, "file");
	const char *file = propstr_get(&items, "file"), *media = propstr_get(&items, "media");
	const char *noted = propstr_get(&items, "size");

	data->attached = true;
	if (!file || (media && strcmp(media, "cdrom") == 0))
		data->strange = memory_copy(drive);
	data->volid = memory_copy(file ? file : drive);
	if (!noted || !number_parse_size(noted, &data->size.noted))
		data->size.noted = 0;
	if (strncmp(data->volid, data->storage, strlen(data->storage)) != 0 ||
	    data->volid[strlen(data->storage)] != ':')
		data->misplaced = memory_print("%.*s", (int)strcspn(data->volid, ":"), data->volid);
}

/* Somebody put its volume into another slot; as unusedN it only waits to be attached again. */
static void look_among(struct diff_data *data, const struct vmconf_entry *entries, size_t count)
{
	for (size_t i = 0; i < count && !data->strange; i++)
		if (vmconf_is_drive_of(&entries[i], data->volid) && !vmconf_is_unused(entries[i].key))
			data->strange = memory_print("its volume %s at %s", data->volid,
						     entries[i].key);
}

static void look_elsewhere(struct diff_data *data, const struct vmconf *conf)
{
	look_among(data, conf->live, conf->live_count);
	look_among(data, conf->pending, conf->pending_count);
}

struct search {
	const struct state *state;
	const struct thin_volume *volume;
	bool found;
};

static void look_for_volume(const char *volid, void *context)
{
	struct search *search = context;

	if (state_find_volume(search->state, volid) == search->volume)
		search->found = true;
}

/* The config of another VM names what is this one's by its name. */
static void look_at_others(struct diff_data *data, const struct state *state, unsigned vmid)
{
	struct search search = { state, state_find_volume(state, data->volid), false };

	for (size_t i = 0; search.volume && !data->strange && i < state->guest_count; i++) {
		const struct state_guest *guest = &state->guests[i];

		if (guest->vmid == vmid || !guest->conf)
			continue;
		vmconf_each_volume(guest->conf, look_for_volume, &search);
		if (search.found)
			data->strange = memory_print("its volume %s in the config of %u",
						     data->volid, guest->vmid);
	}
}

/* In one volume group no two pools have volumes of one name, and qm asks only for that. */
static void look_at_pool(struct diff_data *data, const struct state *state)
{
	CLEANUP(scope_free) char *id = memory_print("%.*s", (int)strcspn(data->volid, ":"),
						    data->volid);
	const struct state_storage *storage = state_find_storage(state, id);
	const struct thin_volume *volume = state_find_volume(state, data->volid);

	if (volume && volume->pool && *volume->pool && !data->strange && storage->pool &&
	    strcmp(volume->pool, storage->pool) != 0)
		data->strange = memory_print("a volume of its name, %s/%s, in another pool, %s",
					     volume->vg, volume->name, volume->pool);
}

static bool is_thin(const struct diff_data *data, const struct state *state)
{
	CLEANUP(scope_free) char *id = memory_copy(data->volid);
	const struct state_storage *storage;

	id[strcspn(id, ":")] = '\0';
	storage = state_find_storage(state, id);
	return storage && storage->vg;
}

/* What has its name before the VM is there is a leftover, and goes before the VM comes. */
static void look_at_volume(struct diff_data *data, const struct state *state, bool forecast)
{
	const struct thin_pool *pool = state_find_pool(state, data->storage);
	const struct thin_volume *volume = forecast ? NULL : state_find_volume(state, data->volid);

	data->size.wanted = number_round_up(data->disk.size, pool && pool->extent ?
								  pool->extent : QM_EXTENT_DEFAULT);
	data->made = volume || data->attached;
	data->lost = !forecast && data->attached && !volume && state->lvs_asked &&
		     is_thin(data, state);
	data->size.found = volume ? volume->size : data->size.noted;
	if (!data->attached)
		data->size.noted = data->size.found;
}

/* What a firmware's disk holds was made for its kind, and its size is not ours to choose. */
static void look_at_kind(struct diff_data *data, const char *drive)
{
	if (!drive || !firmware_disk_is(data->disk.slot))
		return;
	data->unlike = firmware_disk_unlike(&data->disk, drive);
	data->size.wanted = data->size.noted = data->size.found;
}

/*
 * Of a drive that is not there yet all is wanted, and of a firmware's, which is told nothing
 * later; of another that is there, what it shall be told.
 */
static void compare(struct diff_vm *diff, const struct vmconf *conf, const struct diff_data *data)
{
	CLEANUP(strbuf_release) struct strbuf wanted = STRBUF_INIT;

	if (!vmconf_get(conf, data->disk.slot) || firmware_disk_is(data->disk.slot))
		strbuf_adds(&wanted, data->volid);
	if (*data->disk.options)
		strbuf_join(&wanted, ",", data->disk.options);
	diff_compare_option(diff, conf, option_of_drive(data->disk.slot), wanted.buf);
}

/* What it was moved to last; NULL: the slot's disk was not moved. */
static const char *find_moved(const struct record_copies *copies, unsigned vmid, const char *slot)
{
	for (size_t i = copies->count; i-- > 0;) {
		const struct record_copy *copy = &copies->items[i];

		if (copy->vmid == vmid && !copy->suspect && strcmp(copy->slot, slot) == 0)
			return copy->volume;
	}
	return NULL;
}

/* An EFI disk's qm names by itself, being told a number of GiB that it does not heed. */
static char *volume_to_be(unsigned vmid, const char *slot)
{
	return strcmp(slot, FIRMWARE_EFI) == 0 ? memory_copy("1") : data_disk_volume(vmid, slot);
}

/* The slot's volume where its drive is gone: what a move made, or of the slot's own name. */
static char *volume_of_slot(const struct diff_vm *diff, const struct record_copies *copies,
			    const struct vmconf *conf, const struct diff_data *data)
{
	const char *moved = find_moved(copies, diff->vmid, data->disk.slot);
	const char *key = moved ? vmconf_drive_of(conf, moved) : NULL;
	CLEANUP(scope_free) char *name = NULL;

	if (key && (vmconf_is_unused(key) || strcmp(key, data->disk.slot) == 0))
		return memory_copy(moved);
	name = volume_to_be(diff->vmid, data->disk.slot);
	return memory_print("%s:%s", data->storage, name);
}

/* What is no data disk stays; what waits to be attached is taken back. */
static void compare_detached(struct diff_vm *diff, const struct record_copies *copies,
			     const struct vmconf *conf, struct diff_data *data)
{
	CLEANUP(scope_free) char *known = volume_of_slot(diff, copies, conf, data);
	const char *drive = drive_of(conf, data->disk.slot);

	if (drive)
		look_at_drive(data, drive);
	data->known = drive && strcmp(known, data->volid) == 0;
	if (!data->strange)
		diff_compare_option(diff, conf, option_of_drive(data->disk.slot), NULL);
}

static void compare_attached(struct diff_vm *diff, const struct state *state,
			     const struct record_copies *copies, const struct vmconf *conf,
			     struct diff_data *data)
{
	const char *drive = drive_of(conf, data->disk.slot);

	if (drive) {
		look_at_drive(data, drive);
	} else {
		data->volid = volume_of_slot(diff, copies, conf, data);
		look_elsewhere(data, conf);
		look_at_others(data, state, diff->vmid);
		if (diff->guest)
			look_at_pool(data, state);
	}
	look_at_volume(data, state, !diff->guest);
	look_at_kind(data, drive);
	if (!data->strange && !data->lost && !data->unlike)
		compare(diff, conf, data);
}

void diff_data(struct diff_vm *diff, const struct state *state, const struct record_copies *copies,
	       const struct vmconf *conf)
{
	struct data_disk disk;

	for (size_t i = 0; data_disk_at(diff->vm, i, &disk); i++) {
		struct diff_data *data = &MEMORY_PUSH(diff->data, diff->data_count);

		*data = (struct diff_data){ .disk = disk };
		data->storage = memory_copy(data->disk.storage ? data->disk.storage :
							       spec_text(diff->vm, KEY_STORAGE));
		if (disk.detached)
			compare_detached(diff, copies, conf, data);
		else
			compare_attached(diff, state, copies, conf, data);
	}
}

static bool item_waits(const struct diff_item *item)
{
	return item->urgency == DIFF_WAITING ||
	       (item->urgency == DIFF_CHANGE && item->waits);
}

/* What stands in [PENDING] and agrees with what is declared is no item, and waits all the same. */
bool diff_slot_is_pending(const struct diff_vm *diff, const char *slot)
{
	const char *pending;

	if (!diff->running)
		return false;
	for (size_t i = 0; i < diff->count; i++)
		if (strcmp(diff->items[i].option->name, slot) == 0)
			return item_waits(&diff->items[i]);
	return vmconf_get_pending(diff->guest->conf, slot, &pending);
}

bool diff_growth_is_pending(const struct diff_vm *diff)
{
	if (diff->disk.wanted > diff->disk.found && diff_drive_is_pending(diff))
		return true;
	for (size_t i = 0; i < diff->data_count; i++) {
		const struct diff_data *data = &diff->data[i];

		if (data->attached && data->size.wanted > data->size.found &&
		    diff_slot_is_pending(diff, data->disk.slot))
			return true;
	}
	return false;
}

void diff_data_release(struct diff_vm *diff)
{
	for (size_t i = 0; i < diff->data_count; i++) {
		data_disk_release(&diff->data[i].disk);
		free(diff->data[i].storage);
		free(diff->data[i].volid);
		free(diff->data[i].strange);
		free(diff->data[i].misplaced);
		free(diff->data[i].unlike);
	}
	free(diff->data);
}

bool diff_takes_back(const struct diff_vm *diff, const struct vmconf_entry *entry)
{
	if (!vmconf_is_unused(entry->key))
		return false;
	for (size_t i = 0; i < diff->data_count; i++) {
		const struct diff_data *data = &diff->data[i];

		if (!data->disk.detached && !data->attached && !data->strange && data->volid &&
		    vmconf_is_drive_of(entry, data->volid))
			return true;
	}
	return false;
}
