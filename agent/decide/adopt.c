/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/adopt.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/budget.h"
#include "decide/diff.h"
#include "decide/obstacle.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* --- marks --- */

/* A mark that is not CLUSTER/NAME: "lab/web"; caller frees. */
static char *other_mark(const struct vmconf *conf, const char *own)
{
	CLEANUP(strbuf_release) struct strbuf mark = STRBUF_INIT;
	const char *note = conf->description;

	while (option_next_mark(&note, &mark))
		if (strcmp(mark.buf, own) != 0)
			return strbuf_detach(&mark);
	return NULL;
}

static bool is_marked(const struct vmconf *conf, const struct record_vm *as)
{
	CLEANUP(scope_free) char *line =
		memory_print(OPTION_MARK "%s/%s", as->cluster, as->name);

	return vmconf_description_has_line(conf, line);
}

/* --- what forbids it --- */

static char *why_not_here(const struct state_guest *guest, unsigned vmid)
{
	if (!guest)
		return memory_print("nothing has the id %u, so there is nothing to take over: vyom "
				    "apply makes it",
				    vmid);
	if (!guest->local)
		return memory_print("its id belongs to a guest on node %s: migrate that here, or "
				    "give the VM another vmid",
				    guest->node);
	if (guest->kind == STATE_LXC)
		return memory_print("its id belongs to a container; give the VM another vmid");
	if (!guest->conf)
		return memory_print("its config went away while we looked; run vyom again");
	return NULL;
}

static bool is_template(const struct vmconf *conf)
{
	const char *template = vmconf_get(conf, "template");

	return template && strcmp(template, "0") != 0;
}

static char *why_unfit(const struct adopt_vm *vm)
{
	const char *lock = vmconf_get(vm->guest->conf, "lock");
	unsigned vmid = vm->record.vmid;

	if (is_template(vm->guest->conf))
		return memory_print("the VM with this id is a template, and a template is no VM of "
				    "a cluster; give the VM another vmid");
	if (lock)
		return memory_print("it is locked (%s): someone is at work on it, or was cut off; "
				    "wait, and see `qm config %u`",
				    lock, vmid);
	if (!vm->record.uuid)
		return memory_print("it has no smbios uuid, so nothing would tell it from another "
				    "VM with its id; give it one: qm set %u --smbios1 "
				    "uuid=$(uuidgen)",
				    vmid);
	return NULL;
}

static char *why_another(const struct adopt_vm *vm)
{
	const struct record_vm *as = &vm->record;
	const struct vmconf *conf = vm->guest->conf;
	CLEANUP(scope_free) char *own = memory_print("%s/%s", as->cluster, as->name);
	CLEANUP(scope_free) char *other = other_mark(conf, own);
	const char *name = vmconf_get(conf, "name");

	if (other && is_marked(conf, as))
		return memory_print("its notes carry the marks of two VMs, %s and %s; take the "
				    "wrong line out of them",
				    own, other);
	if (other)
		return memory_print("it carries the mark of %s, not of %s: it is another VM; give "
				    "the VM another vmid, or correct the line \"" OPTION_MARK
				    "%s\" in its notes",
				    other, own, other);
	if (!is_marked(conf, as) && (!name || strcmp(name, as->name) != 0))
		return memory_print("it is called \"%s\" and carries no mark of vyom's: it is "
				    "another VM; give the VM another vmid, or rename it if it is "
				    "meant: qm set %u --name %s",
				    name ? name : "", as->vmid, as->name);
	return NULL;
}

/* A record whose VM is gone, or whose id somebody else has now, is in nobody's way. */
static bool is_there(const struct record_vm *record, const struct state *state)
{
	const struct state_guest *guest = state_find_guest(state, record->vmid);

	return guest && (!guest->conf || obstacle_is_same_vm(record, guest->conf));
}

static char *why_known_elsewhere(const struct adopt_vm *vm, const struct state *state,
				 const struct record_vms *records)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct record_vm *old = &records->items[i];

		if (adopt_makes_stale(vm, old) && is_there(old, state))
			return memory_print("the journal knows the VM %u as %s/%s, and that is "
					    "there: leave this one to itself, or destroy that one "
					    "first (vyom destroy %s/%s)",
					    old->vmid, old->cluster, old->name, old->cluster,
					    old->name);
	}
	return NULL;
}

bool adopt_makes_stale(const struct adopt_vm *vm, const struct record_vm *old)
{
	return old->vmid != vm->record.vmid &&
	       record_vm_is_called(old, vm->record.cluster, vm->record.name);
}

/* --- judging --- */

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcasecmp(a, b) == 0 : a == b;
}

/* Also its vmgenid: another one means that what is on its disk is of another time. */
static bool is_known(const struct adopt_vm *vm)
{
	const struct record_vm *known = vm->known, *found = &vm->record;

	return known && found->uuid && record_vm_is_called(known, found->cluster, found->name) &&
	       is_same(known->uuid, found->uuid) && is_same(known->vmgenid, found->vmgenid);
}

static struct adopt_vm *add(struct adopt *adopt, unsigned vmid, const char *cluster,
			    const char *name, const struct state *state,
			    const struct record_vms *records)
{
	struct adopt_vm *vm = &MEMORY_PUSH(adopt->vms, adopt->count);

	*vm = (struct adopt_vm){
		.record = { .vmid = vmid,
			    .cluster = memory_copy(cluster),
			    .name = memory_copy(name),
			    .started = true },
		.guest = state_find_guest(state, vmid),
		.known = record_vms_find(records, vmid),
	};
	if (vm->guest && vm->guest->conf)
		record_vm_identify(&vm->record, vm->guest->conf);
	return vm;
}

/* why: what forbids it already, or NULL. */
static void settle(struct adopt *adopt, struct adopt_vm *vm, char *why, const struct state *state,
		   const struct record_vms *records)
{
	if (!why)
		why = why_not_here(vm->guest, vm->record.vmid);
	if (!why)
		why = why_unfit(vm);
	if (!why)
		why = why_another(vm);
	if (!why)
		why = why_known_elsewhere(vm, state, records);
	vm->why = why;
	vm->standing = why ? ADOPT_REFUSED : ADOPT_TAKE;
	adopt->refused += why != NULL;
	adopt->take += why == NULL;
}

static bool settle_known(struct adopt *adopt, struct adopt_vm *vm)
{
	if (!is_known(vm))
		return false;
	vm->standing = ADOPT_KNOWN;
	adopt->known++;
	return true;
}

void adopt_declared(const struct spec_section *section, const struct state *state,
		    const struct record_vms *records, struct adopt *adopt)
{
	unsigned vmid = (unsigned)spec_number(section, KEY_VMID);
	struct adopt_vm *vm;
	char *why = NULL;

	for (size_t i = 0; i < adopt->count; i++)
		if (adopt->vms[i].record.vmid == vmid)
			return;
	vm = add(adopt, vmid, section->cluster->name, section->name, state, records);
	vm->vm = section;
	if (settle_known(adopt, vm))
		return;
	if (strcmp(section->node->name, state->node) != 0)
		why = memory_print("it is declared for node %s: run vyom adopt there",
				   section->node->name);
	settle(adopt, vm, why, state, records);
}

static bool may_carry_mark(const struct state_guest *guest)
{
	return guest->local && guest->kind == STATE_QEMU && guest->conf;
}

/* What forbids to take this one of those that carry the mark of one VM. */
static char *why_not_this(const struct adopt *adopt, const struct adopt_vm *vm,
			  const struct spec_section *declared, const struct state *state)
{
	const struct record_vm *own = &vm->record;

	if (declared && strcmp(declared->node->name, state->node) != 0)
		return memory_print("%s/%s is declared for node %s: correct the file, or migrate "
				    "the VM",
				    own->cluster, own->name, declared->node->name);
	if (declared)
		return memory_print("it carries the mark of %s/%s, which is declared with the id "
				    "%u; correct the file, or take the mark out of its notes if it "
				    "is a copy",
				    own->cluster, own->name,
				    (unsigned)spec_number(declared, KEY_VMID));
	for (size_t i = 0; i < adopt->count; i++)
		if (adopt_makes_stale(vm, &adopt->vms[i].record))
			return memory_print("the VM %u carries the mark of %s/%s too, and neither "
					    "is declared; take the mark out of the copy's notes",
					    adopt->vms[i].record.vmid, own->cluster, own->name);
	return NULL;
}

static void settle_marked(struct adopt *adopt, struct adopt_vm *vm, const struct spec *spec,
			  const struct state *state, const struct record_vms *records)
{
	const struct spec_section *declared = spec_find_vm(spec, vm->record.name);
	char *why = NULL;

	if (declared && strcmp(declared->cluster->name, vm->record.cluster) != 0)
		declared = NULL;
	if (declared && spec_number(declared, KEY_VMID) == vm->record.vmid &&
	    strcmp(declared->node->name, state->node) == 0)
		vm->vm = declared;
	if (settle_known(adopt, vm))
		return;
	if (!vm->vm)
		why = why_not_this(adopt, vm, declared, state);
	settle(adopt, vm, why, state, records);
}

void adopt_marked(const struct spec *spec, const struct state *state,
		  const struct record_vms *records, struct adopt *adopt)
{
	for (size_t i = 0; i < state->guest_count; i++) {
		const struct state_guest *guest = &state->guests[i];
		CLEANUP(scope_free) char *cluster = NULL;

		if (may_carry_mark(guest))
			cluster = option_marked_cluster(guest->conf, vmconf_get(guest->conf, "name"));
		if (cluster)
			add(adopt, guest->vmid, cluster, vmconf_get(guest->conf, "name"), state,
			    records);
	}
	for (size_t i = 0; i < adopt->count; i++)
		settle_marked(adopt, &adopt->vms[i], spec, state, records);
}

/* --- what comes of it --- */

/* The records as they will be; started where nothing is known of it. */
static void forecast_records(const struct record_vms *records, const struct adopt *adopt,
			     struct record_vms *after)
{
	for (size_t i = 0; i < records->count; i++)
		MEMORY_PUSH(after->items, after->count) = record_vm_copy(&records->items[i]);
	for (size_t i = 0; i < adopt->count; i++)
		if (adopt->vms[i].standing == ADOPT_TAKE)
			record_vms_put(after, record_vm_copy(&adopt->vms[i].record));
}

void adopt_forecast(const struct state *state, const struct record_vms *records,
		    struct adopt *adopt)
{
	CLEANUP(record_vms_release) struct record_vms after = { .items = NULL };
	const struct plan_options options = { .reinit = false };

	forecast_records(records, adopt, &after);
	after.snippets = records->snippets;	/* lent */
	for (size_t i = 0; i < adopt->count; i++) {
		struct adopt_vm *vm = &adopt->vms[i];
		CLEANUP(diff_vm_release) struct diff_vm diff = { .vm = NULL };

		if (vm->standing != ADOPT_TAKE || !vm->vm)
			continue;
		diff_vm(vm->vm, state, &after, &diff);
		vm->record.started = !diff.fresh;
		differences_find(&diff, state, &vm->differences);
		plan_vm(&diff, state, &options, &vm->plan);
	}
	after.snippets = (struct record_steps){ .items = NULL };
}

static uint64_t disk_size(const struct propstr *drive, const struct state *state)
{
	const struct thin_volume *volume = state_find_volume(state, propstr_get(drive, "file"));
	const char *noted = propstr_get(drive, "size");
	uint64_t size;

	if (volume)
		return volume->size;
	return noted && number_parse_size(noted, &size) ? size : 0;
}

void adopt_describe(const struct adopt_vm *vm, const struct state *state, struct adopt_shape *shape)
{
	const struct vmconf *conf = vm->guest->conf;
	CLEANUP(propstr_release) struct propstr drive =
		propstr_parse(vmconf_get(conf, OPTION_BOOT_DISK), "file");
	const char *cores = vmconf_get(conf, "cores"), *volid = propstr_get(&drive, "file");

	*shape = (struct adopt_shape){
		.name = vmconf_get(conf, "name"),
		.memory = budget_memory_of(conf),
		.disk = disk_size(&drive, state),
		.marked = is_marked(conf, &vm->record),
		.tagged = option_agrees(option_find("tags"), OPTION_TAG, vmconf_get(conf, "tags")),
	};
	if (!cores || !number_parse_unsigned(cores, 1, UINT32_MAX, &shape->cores))
		shape->cores = 1;
	if (volid)
		shape->storage = memory_print("%.*s", (int)strcspn(volid, ":"), volid);
}

void adopt_shape_release(struct adopt_shape *shape)
{
	free(shape->storage);
	*shape = (struct adopt_shape){ .name = NULL };
}

static void add_text(struct digest *digest, const char *text)
{
	digest_add(digest, text ? text : "", strlen(text ? text : "") + 1);
}

const char *adopt_hash(const struct adopt *adopt, char text[DIGEST_SHA256_TEXT])
{
	CLEANUP(digest_free) struct digest *digest = digest_new();

	for (size_t i = 0; i < adopt->count; i++) {
		const struct record_vm *vm = &adopt->vms[i].record;

		if (adopt->vms[i].standing != ADOPT_TAKE)
			continue;
		digest_add(digest, &vm->vmid, sizeof(vm->vmid));
		add_text(digest, vm->cluster);
		add_text(digest, vm->name);
		add_text(digest, vm->uuid);
		add_text(digest, vm->vmgenid);
	}
	return digest_finish(digest, text);
}

void adopt_release(struct adopt *adopt)
{
	for (size_t i = 0; i < adopt->count; i++) {
		record_vm_release(&adopt->vms[i].record);
		differences_release(&adopt->vms[i].differences);
		plan_release(&adopt->vms[i].plan);
		free(adopt->vms[i].why);
	}
	free(adopt->vms);
	*adopt = (struct adopt){ .vms = NULL };
}
