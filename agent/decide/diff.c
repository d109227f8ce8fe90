/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/diff.h"

#include <string.h>

#include "decide/diff_data.h"
#include "decide/diff_part.h"
#include "decide/forecast.h"
#include "decide/obstacle.h"
#include "base/memory.h"
#include "base/number.h"
#include "decide/option.h"
#include "decide/snippet.h"
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

static struct diff_item *add_item(struct diff_vm *diff, const struct vmconf *conf,
				  const struct option *option, enum diff_urgency urgency,
				  const char *wanted, const char *found)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	struct diff_item *item = &MEMORY_PUSH(diff->items, diff->count);

	if (wanted)
		option_merge(option, wanted, found, &value);
	*item = (struct diff_item){
		.option = option,
		.urgency = urgency,
		.effect = option_effect_of(option, wanted, found, conf),
		.waits = option_waits(option, wanted, found, conf),
		.wanted = memory_copy(wanted),
		.value = wanted ? strbuf_detach(&value) : NULL,
		.found = memory_copy(found),
	};
	return item;
}

/*
 * What waits in [PENDING] of a VM that does not run, or is otherwise put into
 * force at once, waits for nothing: a set was cut off, or somebody's change was,
 * and setting it again finishes it (2.1.4).
 */
void diff_compare_option(struct diff_vm *diff, const struct vmconf *conf,
			 const struct option *option, const char *wanted)
{
	const char *found = found_value(conf, option->name), *pending;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	bool agrees = option_agrees(option, wanted, found), waits;
	struct diff_item *item;

	if (!vmconf_get_pending(conf, option->name, &pending)) {
		if (!agrees)
			add_item(diff, conf, option, DIFF_CHANGE, wanted, found);
	} else if (option_agrees(option, wanted, pending) &&
		   option_keeps(option, found, pending)) {
		waits = diff->running && option_may_wait(option, wanted, found, conf);
		if (!agrees)
			add_item(diff, conf, option, waits ? DIFF_WAITING : DIFF_CHANGE, wanted,
				 found)->set = true;
	} else {
		item = add_item(diff, conf, option, agrees ? DIFF_UNDONE : DIFF_CHANGE, wanted, found);
		option_describe(option, pending, &text);
		item->pending = strbuf_detach(&text);
	}
}

static void compare_options(struct diff_vm *diff, const struct vmconf *conf)
{
	CLEANUP(strbuf_release) struct strbuf wanted = STRBUF_INIT;
	const struct option *option;

	for (size_t i = 0; i < option_count; i++) {
		strbuf_reset(&wanted);
		if (option_want(&option_table[i], diff->vm, &wanted))
			diff_compare_option(diff, conf, &option_table[i], wanted.buf);
	}
	strbuf_reset(&wanted);
	for (size_t i = 0; (option = option_listed(diff->vm, i, &wanted)); i++) {
		if (wanted.len)
			diff_compare_option(diff, conf, option, wanted.buf);
		strbuf_reset(&wanted);
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
	return diff_slot_is_pending(diff, OPTION_BOOT_DISK);
}

bool diff_disk_differs(const struct diff_disk *disk)
{
	return (disk->wanted && disk->found != disk->wanted) || disk->noted != disk->found;
}

static void compare_pool(struct diff_vm *diff, const char *found)
{
	const char *wanted = spec_value(diff->vm, KEY_POOL) ? spec_text(diff->vm, KEY_POOL) : NULL;

	if (wanted && (!found || strcmp(wanted, found) != 0))
		diff->pool = wanted;
}

/*
 * A clone's cloud-init volume is empty until the first start (pve-facts 12.14):
 * as long as it is, nothing in the guest depends on any option.  After a reboot
 * of the node the volume may not be active and tells nothing; then it counts
 * whether we ever started the VM, or saw it run.  One that is not declared to run
 * others start, and we may not see it.
 */
static bool was_never_started(const struct state *state, const struct vmconf *conf,
			      const struct record_vm *record, bool declared_to_run)
{
	const struct thin_volume *volume = state_find_cloudinit(state, conf);

	if (volume && volume->active)
		return volume->mapped == 0;
	return record && !record->started && declared_to_run;
}

/* The VM as a clone of its template will be. */
static void compare_forecast(struct diff_vm *diff, const struct state *state)
{
	CLEANUP(vmconf_cleanup) struct vmconf *clone = forecast_clone(diff->vm, state);
	const struct vmconf *source = forecast_source(diff->vm, state);
	const struct record_copies none = { .items = NULL };

	diff->guest = NULL;
	diff->fresh = true;
	compare_options(diff, clone);
	diff_data(diff, state, &none, clone);
	compare_pool(diff, NULL);
	compare_disk(diff, state, clone, source ? state_find_drive(state, source, OPTION_BOOT_DISK) : NULL);
}

static void compare_guest(struct diff_vm *diff, const struct state *state,
			  const struct record_vms *records)
{
	const struct record_vm *record = record_vms_find(records, diff->vmid);
	const struct state_guest *guest = diff->guest;

	diff->standing = DIFF_PRESENT;
	diff->running = guest->pid != 0;
	diff->start = diff->start && !diff->running;
	diff->fresh = !diff->running &&
		      was_never_started(state, guest->conf, record, spec_flag(diff->vm, KEY_START));
	compare_options(diff, guest->conf);
	diff_data(diff, state, &records->copies, guest->conf);
	compare_disk(diff, state, guest->conf,
		     state_find_drive(state, guest->conf, OPTION_BOOT_DISK));
	compare_storage(diff, guest->conf);
	compare_pool(diff, guest->pool);
	if (!diff->fresh)
		snippet_find_changes(diff->vm, guest->conf, state, records, &diff->snippets);
	if (diff->running)
		snippet_find_unread(diff->vm, guest, state, records, &diff->unread);
}

/* What a clone or destroy left, ours or not, comes before all other questions. */
static void judge_leftover(struct diff_vm *diff, const struct state *state,
			   const struct record_vms *records)
{
	leftover_find(state, records, diff->vmid, &diff->leftover);
	if (diff->leftover.kind == LEFTOVER_BUSY || diff->leftover.kind == LEFTOVER_STRANGE)
		diff->obstacle = memory_copy(diff->leftover.text);
	diff->busy = diff->leftover.kind == LEFTOVER_BUSY;
}

void diff_vm(const struct spec_section *vm, const struct state *state,
	     const struct record_vms *records, struct diff_vm *result)
{
	unsigned vmid = (unsigned)spec_number(vm, KEY_VMID);
	const struct state_guest *guest = state_find_guest(state, vmid);
	const struct record_vm *record = record_vms_find(records, vmid);

	*result = (struct diff_vm){ .vm = vm, .vmid = vmid, .guest = guest,
				    .snippets = STRVEC_INIT, .unread = STRVEC_INIT };
	judge_leftover(result, state, records);
	if (result->leftover.kind == LEFTOVER_NONE)
		result->obstacle = obstacle_find(vm, state, guest, record, records);
	if (obstacle_passes(guest))
		result->busy = true;
	result->start = spec_flag(vm, KEY_START) && !result->obstacle;
	if (result->obstacle) {
		result->standing = DIFF_OBSTRUCTED;
	} else if (result->leftover.kind == LEFTOVER_OURS) {
		result->standing = DIFF_LEFTOVER;
		compare_forecast(result, state);
	} else if (!guest) {
		result->standing = DIFF_ABSENT;
		compare_forecast(result, state);
	} else {
		compare_guest(result, state, records);
		result->stray = leftover_stray(state, records, vmid);
	}
}

/* Does the file name it, by its name or by its id?  Or is its whole cluster another file's? */
static bool is_accounted_for(const struct record_vm *record, const struct spec *spec)
{
	bool cluster = false;

	for (size_t i = 0; i < spec->cluster_count; i++)
		cluster = cluster || strcmp(spec->clusters[i]->name, record->cluster) == 0;
	for (size_t i = 0; cluster && i < spec->vm_count; i++)
		if (spec_number(spec->vms[i], KEY_VMID) == record->vmid ||
		    (strcmp(spec->vms[i]->name, record->name) == 0 &&
		     strcmp(spec->vms[i]->cluster->name, record->cluster) == 0))
			return true;
	return !cluster;
}

/* Only what is still there, and still the VM that vyom made. */
static void find_undeclared(const struct spec *spec, const struct state *state,
			    const struct record_vms *records, struct diff *diff)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct record_vm *record = &records->items[i];
		const struct state_guest *guest = state_find_guest(state, record->vmid);
		CLEANUP(scope_free) char *uuid =
			guest && guest->conf ? record_uuid_of(guest->conf) : NULL;

		if (uuid && strcmp(uuid, record->uuid) == 0 && !is_accounted_for(record, spec))
			MEMORY_PUSH(diff->undeclared, diff->undeclared_count) =
				(struct diff_undeclared){ record->name, record->vmid };
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
	find_undeclared(spec, state, records, diff);
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
	leftover_release(&diff->leftover);
	free(diff->misplaced);
	strvec_release(&diff->snippets);
	strvec_release(&diff->unread);
	diff_data_release(diff);
	*diff = (struct diff_vm){ .vm = NULL };
}

void diff_release(struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		diff_vm_release(&diff->vms[i]);
	free(diff->vms);
	free(diff->undeclared);
	*diff = (struct diff){ .vms = NULL };
}
