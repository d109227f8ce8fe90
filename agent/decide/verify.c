/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/verify.h"

#include <string.h>

#include "decide/budget.h"
#include "decide/diff_data.h"
#include "decide/lack.h"
#include "decide/extra.h"
#include "decide/golden.h"
#include "decide/lint.h"
#include "base/memory.h"
#include "base/number.h"
#include "decide/option.h"
#include "base/scope.h"
#include "model/firmware_disk.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"
#include "base/strbuf.h"

static struct verify_finding *add(struct verify *verify, enum verify_kind kind, const char *vm,
				  unsigned vmid, const char *what)
{
	struct verify_finding *finding = &MEMORY_PUSH(verify->items, verify->count);

	*finding = (struct verify_finding){
		.kind = kind, .vm = vm, .vmid = vmid, .what = memory_copy(what)
	};
	verify->drift_count += kind == VERIFY_DRIFT;
	verify->busy_count += kind == VERIFY_IN_PROGRESS;
	return finding;
}

static char *describe(const struct option *option, const char *value)
{
	struct strbuf text = STRBUF_INIT;

	option_describe(option, value, &text);
	return strbuf_detach(&text);
}

static char *describe_wanted(const struct diff_item *item)
{
	struct strbuf text = STRBUF_INIT;

	option_describe_wanted(item->option, item->wanted, &text);
	return strbuf_detach(&text);
}

static void add_item(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm,
		     const struct diff_item *item)
{
	struct verify_finding *finding;

	if (item->urgency == DIFF_WAITING && kind == VERIFY_DRIFT)
		kind = VERIFY_WAITING;
	finding = add(verify, kind, vm->vm->name, vm->vmid, item->option->name);
	finding->wanted = describe_wanted(item);
	if (item->urgency == DIFF_UNDONE)
		finding->found =
			memory_print("%s at its next start", item->pending);
	else
		finding->found = describe(item->option, item->found);
}

static void add_disk_size(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm)
{
	char wanted[NUMBER_TEXT], found[NUMBER_TEXT];
	struct verify_finding *finding;

	if (vm->disk.wanted > vm->disk.found && diff_drive_is_pending(vm) && kind == VERIFY_DRIFT)
		kind = VERIFY_WAITING;
	finding = add(verify, kind, vm->vm->name, vm->vmid, "disk");
	finding->wanted = memory_copy(number_format_size(vm->disk.wanted, wanted));
	finding->found = memory_copy(number_format_size(vm->disk.found, found));
}

static void add_disk(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm)
{
	char noted[NUMBER_TEXT], found[NUMBER_TEXT];

	if (vm->disk.wanted && vm->disk.wanted != vm->disk.found)
		add_disk_size(verify, kind, vm);
	if (vm->disk.noted != vm->disk.found)
		add(verify, kind, vm->vm->name, vm->vmid, "disk")->text = memory_print(
			"the config notes %s, the volume has %s",
			vm->disk.noted ? number_format_size(vm->disk.noted, noted) : "no size",
			number_format_size(vm->disk.found, found));
	if (vm->misplaced)
		add(verify, kind, vm->vm->name, vm->vmid, "storage")->text = memory_print(
			"its disk lies on %s, not on %s (vyom apply --move)",
			vm->misplaced, spec_text(vm->vm, KEY_STORAGE));
}

/* A disk in the slot is an item of the diff. */
static void add_undetached(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm,
			   const struct diff_data *data)
{
	if (data->strange)
		add(verify, kind, vm->vm->name, vm->vmid, data->disk.slot)->text = memory_print(
			"it shall be detached, but what the VM has there is no disk (%s)",
			data->strange);
}

static void add_data(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm)
{
	char wanted[NUMBER_TEXT], found[NUMBER_TEXT];

	for (size_t i = 0; i < vm->data_count; i++) {
		const struct diff_data *data = &vm->data[i];
		const char *slot = data->disk.slot;
		struct verify_finding *finding;

		if (data->disk.detached) {
			add_undetached(verify, kind, vm, data);
			continue;
		}
		if (data->strange)
			add(verify, kind, vm->vm->name, vm->vmid, slot)->text = memory_print(
				"a data disk is declared there, but the VM has %s", data->strange);
		if (data->unlike)
			add(verify, kind, vm->vm->name, vm->vmid, slot)->text = memory_print(
				"it is made for %s, and what it holds is not made anew (vyom "
				"replace %s)", data->unlike, vm->vm->name);
		if (data->misplaced)
			add(verify, kind, vm->vm->name, vm->vmid, slot)->text = memory_print(
				"it lies on %s, not on %s (%s)", data->misplaced, data->storage,
				firmware_disk_is(slot) ? "qm disk move" : "vyom apply --move");
		if (data->lost)
			add(verify, kind, vm->vm->name, vm->vmid, slot)->text = memory_print(
				"its volume %s does not exist any more", data->volid);
		if (!data->attached || data->strange || data->lost || !diff_disk_differs(&data->size))
			continue;
		finding = add(verify, kind == VERIFY_DRIFT && diff_slot_is_pending(vm, slot) ?
					      VERIFY_WAITING : kind,
			      vm->vm->name, vm->vmid, slot);
		finding->wanted = memory_copy(number_format_size(data->size.wanted, wanted));
		finding->found = memory_copy(number_format_size(data->size.found, found));
	}
}

static void add_unread(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm)
{
	for (size_t i = 0; i < vm->unread.count; i++)
		add(verify, kind == VERIFY_DRIFT ? VERIFY_WAITING : kind, vm->vm->name, vm->vmid,
		    "snippets")->text = memory_print("%s was changed since the VM was started, and "
						     "is read at its next start",
						     vm->unread.items[i]);
}

static void add_stray(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm)
{
	if (vm->stray.volume)
		add(verify, kind, vm->vm->name, vm->vmid, "volume")->text = memory_print(
			"%s/%s was made by %s that was cut off, and no config names it",
			vm->stray.volume->vg, vm->stray.volume->name, vm->stray.maker);
}

static void add_memberships(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm)
{
	const struct state_guest *guest = vm->guest;
	struct verify_finding *finding;

	if (vm->pool) {
		finding = add(verify, kind, vm->vm->name, vm->vmid, "pool");
		finding->wanted = memory_copy(vm->pool);
		finding->found = memory_copy(guest->pool ? guest->pool : "nothing");
	}
	if (guest->replication)
		add(verify, kind, vm->vm->name, vm->vmid, "replication")->text = memory_print(
			"job %s copies it to another node, and vyom's VMs live on one (pvesr "
			"delete %s)", guest->replication, guest->replication);
}

static void add_lacks(struct verify *verify, enum verify_kind kind, const struct diff_vm *vm)
{
	for (enum lack lack = 0; lack < LACK_COUNT; lack++) {
		char *text = lack_find(vm, lack);

		if (text)
			add(verify, kind, vm->vm->name, vm->vmid, lack_name(lack))->text = text;
	}
}

static void add_extras(struct verify *verify, const struct diff_vm *vm)
{
	const struct vmconf *conf = vm->guest->conf;

	for (size_t i = 0; i < conf->live_count; i++)
		if (!diff_takes_back(vm, &conf->live[i]) &&
		    extra_matters(vm->vm, &conf->live[i]))
			add(verify, VERIFY_UNDECLARED, vm->vm->name, vm->vmid,
			    conf->live[i].key)->text = memory_print(
				"the VM has %s, which the file does not name; it is left alone",
				conf->live[i].value);
}

static void verify_vm(const struct diff_vm *vm, enum verify_kind kind, struct verify *verify)
{
	verify->vm_count++;
	if (vm->busy)
		kind = VERIFY_IN_PROGRESS;
	if (vm->standing == DIFF_ABSENT) {
		add(verify, kind, vm->vm->name, vm->vmid, "vm")->text = memory_copy("does not "
										    "exist");
		return;
	}
	if (vm->standing == DIFF_LEFTOVER) {
		add(verify, kind, vm->vm->name, vm->vmid, "vm")->text =
			memory_print("half-made: %s", vm->leftover.text);
		return;
	}
	if (vm->standing == DIFF_OBSTRUCTED) {
		add(verify, kind, vm->vm->name, vm->vmid, "vm")->text = memory_copy(vm->obstacle);
		return;
	}
	for (size_t i = 0; i < vm->count; i++)
		add_item(verify, kind, vm, &vm->items[i]);
	add_disk(verify, kind, vm);
	add_data(verify, kind, vm);
	add_unread(verify, kind, vm);
	add_stray(verify, kind, vm);
	add_memberships(verify, kind, vm);
	add_lacks(verify, kind, vm);
	add_extras(verify, vm);
	if (vm->start)
		add(verify, kind, vm->vm->name, vm->vmid, "run state")->text = memory_copy("does "
											   "not run");
}

/* Is vmid one of the words of busy? */
static bool is_busy(const char *busy, unsigned vmid)
{
	CLEANUP(scope_free) char *copy = memory_copy(busy);
	char *rest = copy, *word;
	uint64_t id;

	while (rest && (word = strsep(&rest, " ")))
		if (number_parse_unsigned(word, 0, UINT32_MAX, &id) && id == vmid)
			return true;
	return false;
}

static void verify_template(const struct spec_section *template, const struct state *state,
			    struct verify *verify)
{
	unsigned vmid = golden_newest(template, state);
	struct lints lints = { .items = NULL };

	lint_template(template, state, &lints);
	for (size_t i = 0; i < lints.unfit; i++)
		add(verify, VERIFY_DRIFT, template->name, vmid, "template")->text =
			memory_print("%s: %s", lints.items[i].what, lints.items[i].mend);
	lint_release(&lints);
}

/* Pools that declared VMs of this node lie on. */
static bool node_uses_storage(const struct spec *spec, const struct spec_section *node,
			      const char *storage)
{
	for (size_t i = 0; i < spec->vm_count; i++)
		if (spec->vms[i]->node == node &&
		    strcmp(spec_text(spec->vms[i], KEY_STORAGE), storage) == 0)
			return true;
	return false;
}

static void verify_pool(const struct state_storage *storage, const struct spec_section *node,
			const struct state *state, struct verify *verify)
{
	const struct thin_pool *pool = state_find_pool(state, storage->id);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (!pool || !budget_pool_is_over(pool, node, &text))
		return;
	add(verify, VERIFY_DRIFT, NULL, 0, storage->id)->text = strbuf_detach(&text);
}

/* What it holds is never said. */
static void verify_snippet(const struct spec_section *snippet, const struct state *state,
			   enum verify_kind kind, struct verify *verify)
{
	const struct state_snippet *found = state_find_snippet(state, snippet->name);
	CLEANUP(scope_free) char *what = memory_print("snippet %s", snippet->name);
	struct verify_finding *finding;

	if (!found || (found->there && strcmp(found->digest, snippet->digest) == 0))
		return;
	finding = add(verify, kind, NULL, 0, what);
	if (found->hindrance || !found->path) {
		finding->text = memory_copy(found->hindrance ? found->hindrance :
			"vyom cannot tell where its storage has snippets");
		return;
	}
	finding->wanted = memory_print("sha256 %.12s", snippet->digest);
	finding->found = found->there ? memory_print("sha256 %.12s", found->digest) :
					memory_copy("missing");
}

void verify_node(const struct spec *spec, const struct state *state, const struct diff *diff,
		 const char *busy, struct verify *verify)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	for (size_t i = 0; node && i < spec->snippet_count; i++)
		if (spec_uses_snippet(spec, node, spec->snippets[i]))
			verify_snippet(spec->snippets[i], state,
				       busy ? VERIFY_IN_PROGRESS : VERIFY_DRIFT, verify);
	for (size_t i = 0; i < diff->count; i++)
		verify_vm(&diff->vms[i],
			  is_busy(busy, diff->vms[i].vmid) ? VERIFY_IN_PROGRESS : VERIFY_DRIFT,
			  verify);
	for (size_t i = 0; i < diff->undeclared_count; i++)
		add(verify, VERIFY_UNDECLARED, diff->undeclared[i].name, diff->undeclared[i].vmid,
		    "vm")->text = memory_print("vyom made it, and the file does not name it any "
					       "more (vyom destroy %s)", diff->undeclared[i].name);
	for (size_t i = 0; node && i < spec->template_count; i++)
		if (spec_uses_template(spec, node, spec->templates[i]))
			verify_template(spec->templates[i], state, verify);
	for (size_t i = 0; node && i < state->storage_count; i++)
		if (node_uses_storage(spec, node, state->storages[i].id))
			verify_pool(&state->storages[i], node, state, verify);
}

void verify_release(struct verify *verify)
{
	for (size_t i = 0; i < verify->count; i++) {
		free(verify->items[i].what);
		free(verify->items[i].wanted);
		free(verify->items[i].found);
		free(verify->items[i].text);
	}
	free(verify->items);
	*verify = (struct verify){ .items = NULL };
}
