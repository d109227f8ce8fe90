/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan.h"

#include <stdarg.h>
#include <string.h>

#include "decide/diff.h"
#include "decide/budget.h"
#include "decide/forecast.h"
#include "decide/golden.h"
#include "decide/lint.h"
#include "decide/loss.h"
#include "decide/obstacle.h"
#include "base/memory.h"
#include "base/number.h"
#include "decide/option.h"
#include "decide/plan_data.h"
#include "decide/plan_move.h"
#include "decide/plan_remark.h"
#include "decide/plan_restart.h"
#include "model/record.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/state.h"
#include "base/strbuf.h"
#include "model/vmconf.h"

void plan_refuse(struct plan *plan, const char *vm, unsigned vmid, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	MEMORY_PUSH(plan->refusals, plan->refusal_count) =
		(struct plan_remark){ .vm = vm, .vmid = vmid, .text = memory_vprint(format, args) };
	va_end(args);
}

void plan_note(struct plan *plan, const char *vm, unsigned vmid, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	MEMORY_PUSH(plan->notes, plan->note_count) =
		(struct plan_remark){ .vm = vm, .vmid = vmid, .text = memory_vprint(format, args) };
	va_end(args);
}

struct plan_step *plan_add(struct plan *plan, const char *vm, unsigned vmid, enum qm_verb verb)
{
	struct plan_step *step = &MEMORY_PUSH(plan->steps, plan->count);

	*step = (struct plan_step){ .vm = vm, .vmid = vmid, .verb = verb, .argv = STRVEC_INIT };
	return step;
}

static struct plan_step *add_step_for(struct plan *plan, const struct diff_vm *diff,
				      enum qm_verb verb)
{
	struct plan_step *step = plan_add(plan, diff->vm->name, diff->vmid, verb);

	step->section = diff->vm;
	return step;
}

/* What the VM will hold when it runs: as declared, else as the template has it. */
static uint64_t memory_of(const struct diff_vm *diff, const struct state *state)
{
	const struct vmconf *conf =
		diff->guest ? diff->guest->conf : forecast_source(diff->vm, state);

	if (spec_value(diff->vm, KEY_MEMORY))
		return spec_number(diff->vm, KEY_MEMORY);
	return budget_memory_of(conf);
}

static void plan_clone(const struct diff_vm *diff, const struct state *state, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf mark = STRBUF_INIT;
	const struct spec_section *vm = diff->vm;
	bool full = strcmp(spec_text(vm, KEY_CLONE), "full") == 0;
	struct plan_step *step = add_step_for(plan, diff, QM_CLONE);

	option_mark(vm, &mark);
	qm_clone(&step->argv, golden_newest(vm->template, state), diff->vmid, vm->name,
		 mark.buf, full, spec_text(vm, KEY_STORAGE));
	if (full && spec_value(vm, KEY_BWLIMIT))
		qm_clone_slowly(&step->argv, spec_number(vm, KEY_BWLIMIT) / KIB);
	step->storage = memory_copy(spec_text(vm, KEY_STORAGE));
	step->full = full;
	step->promise = diff->disk.found + QM_CLOUDINIT_SIZE;
	step->copy = full ? diff->disk.found : 0;
	step->memory = spec_flag(vm, KEY_START) ? memory_of(diff, state) : 0;
}

/*
 * What waits while it runs is put into force by a restart: by its stop or, where that was
 * cut off, by its start.  Of a VM that is down otherwise it is set again (2.1.4).
 */
static bool needs_setting(const struct diff_vm *diff, const struct diff_item *item, bool restart)
{
	if (plan_data_makes(diff, item->option->name))
		return false;
	return diff->running ? item->urgency != DIFF_WAITING : !(restart && item->set);
}

/* qm reads key lines from a file (pve-facts 2.3.1), all else from the argv. */
static const char *value_for_qm(const struct diff_vm *diff, const struct diff_item *item)
{
	return item->option->form == OPTION_SSH_KEYS ? diff->vm->ssh_keys_path : item->value;
}

static bool is_protected(const struct diff_vm *diff)
{
	const char *flag = diff->guest ? vmconf_get(diff->guest->conf, "protection") : NULL;

	return flag && *flag == '1';
}

/* qm lets go of no drive of a VM that is protected; what is deleted it deletes first (2.1.3). */
static void plan_deletes(const struct diff_vm *diff, const char *slots, struct plan_step *step,
			 struct plan *plan)
{
	qm_set_delete(&step->argv, slots);
	if (is_protected(diff))
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "%s: it shall be detached, but the VM is protected, and qm takes no "
			    "drive out of such a one; take that away first: qm set %u --protection "
			    "0", slots, diff->vmid);
}

static void plan_set(const struct diff_vm *diff, bool restart, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT, deletes = STRBUF_INIT;
	const struct diff_item *secret = NULL;
	struct plan_step *step = NULL;

	for (size_t i = 0; i < diff->count; i++) {
		const struct diff_item *item = &diff->items[i];

		if (!needs_setting(diff, item, restart))
			continue;
		if (!step) {
			step = add_step_for(plan, diff, QM_SET);
			qm_set(&step->argv, diff->vmid);
		}
		if (!item->value)
			strbuf_join(&deletes, ",", item->option->name);
		else if (item->option->form == OPTION_SECRET)
			secret = item;
		else
			qm_set_option(&step->argv, item->option->name, value_for_qm(diff, item));
		plan_describe_change(item, &why);
	}
	if (deletes.len)
		plan_deletes(diff, deletes.buf, step, plan);
	if (secret) {
		qm_set_secret(&step->argv, secret->option->name);
		step->input = memory_print("%s\n%s\n", secret->value, secret->value);
	}
	if (step && diff->standing == DIFF_PRESENT)
		step->why = strbuf_detach(&why);
}

static void refuse_shrink(const struct diff_vm *diff, struct plan *plan)
{
	char wanted[NUMBER_TEXT], found[NUMBER_TEXT];

	number_format_human(diff->disk.wanted, wanted);
	number_format_human(diff->disk.found, found);
	if (diff->standing != DIFF_PRESENT)
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "disk: %s is declared, but the template's disk has %s already; declare "
			    "that or more",
			    wanted, found);
	else
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "disk: %s is declared, but its disk has %s; disks are never shrunk: "
			    "declare %s, or destroy the VM and make it again",
			    wanted, found, found);
}

/* Where its disk lies, which for a VM to come is where it is declared. */
static char *disk_storage(const struct diff_vm *diff)
{
	const char *drive = diff->guest ? vmconf_get(diff->guest->conf, OPTION_BOOT_DISK) : NULL;
	char *storage;

	if (!drive)
		return memory_copy(spec_text(diff->vm, KEY_STORAGE));
	storage = memory_copy(drive);
	storage[strcspn(storage, ":")] = '\0';
	return storage;
}

static void plan_resize(const struct diff_vm *diff, struct plan *plan)
{
	const char *moved = plan_move_target(plan, diff->vmid, OPTION_BOOT_DISK);
	struct plan_step *step = add_step_for(plan, diff, QM_RESIZE);
	char found[NUMBER_TEXT], wanted[NUMBER_TEXT];

	qm_resize(&step->argv, diff->vmid, OPTION_BOOT_DISK, diff->disk.wanted);
	step->promise = diff->disk.wanted - diff->disk.found;
	step->storage = moved ? memory_copy(moved) : disk_storage(diff);
	if (diff->standing == DIFF_PRESENT)
		step->why = memory_print("disk %s → %s",
					 number_format_size(diff->disk.found, found),
					 number_format_size(diff->disk.wanted, wanted));
}

/* A resize that was cut off: the volume has grown, the config and a running guest do not know. */
static void plan_rescan(const struct diff_vm *diff, struct plan *plan)
{
	struct plan_step *step = add_step_for(plan, diff, QM_RESCAN);
	char size[NUMBER_TEXT];

	qm_rescan(&step->argv, diff->vmid);
	step->why = memory_print("the config does not know that the volume has %s",
				 number_format_size(diff->disk.found, size));
	if (diff->running)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "disk: the guest sees its new size only after it is stopped and started "
			  "again (qm reboot %u)",
			  diff->vmid);
}

static void plan_disk(const struct diff_vm *diff, struct plan *plan)
{
	CLEANUP(scope_free) char *how = plan_how_to_restart(diff);
	const struct diff_disk *disk = &diff->disk;
	char size[NUMBER_TEXT];

	if (!diff_disk_differs(disk))
		return;
	if (disk->wanted && disk->wanted < disk->found)
		refuse_shrink(diff, plan);
	else if (disk->wanted <= disk->found && diff->standing == DIFF_PRESENT)
		plan_rescan(diff, plan);
	else if (disk->wanted > disk->found && diff_drive_is_pending(diff))
		plan_note(plan, diff->vm->name, diff->vmid,
			  "disk: a change of %s waits for a restart (%s); it grows to %s after that",
			  OPTION_BOOT_DISK, how, number_format_size(disk->wanted, size));
	else if (disk->wanted > disk->found)
		plan_resize(diff, plan);
}

static void plan_pool(const struct diff_vm *diff, struct plan *plan)
{
	struct plan_step *step;

	if (!diff->pool)
		return;
	step = add_step_for(plan, diff, QM_POOL);
	qm_pool(&step->argv, diff->pool, diff->vmid);
	if (diff->standing == DIFF_PRESENT)
		step->why = memory_print("pool %s → %s",
					 diff->guest->pool ? diff->guest->pool : "nothing",
					 diff->pool);
}

static uint64_t more_than(uint64_t wanted, uint64_t found)
{
	return wanted > found ? wanted - found : 0;
}

static void plan_start(const struct diff_vm *diff, const struct state *state, bool restarted,
		       struct plan *plan)
{
	struct plan_step *step;

	if (!diff->start)
		return;
	step = add_step_for(plan, diff, QM_START);
	qm_start(&step->argv, diff->vmid);
	step->storage = disk_storage(diff);
	if (diff->standing == DIFF_PRESENT)
		step->memory = memory_of(diff, state);
	if (diff->guest && diff->guest->ha)
		step->why = memory_copy(PLAN_ASKED_OF_HA);
	if (restarted && diff->guest->pid)
		step->memory = more_than(step->memory, budget_memory_of(diff->guest->conf));
	plan_wait(diff, restarted, plan);
}

static void plan_leftover(const struct diff_vm *diff, const struct state *state, struct plan *plan)
{
	plan_undo(&diff->leftover, state, diff->vm, diff->vm->name, diff->vmid, plan);
	plan_note(plan, diff->vm->name, diff->vmid, "%s: undone first (vyom destroy %s does only that)",
		  diff->leftover.text, diff->vm->name);
}

/* Without an id there is no command to show, unlike of one that is not there. */
static bool refuse_unknown_template(const struct diff_vm *diff, const struct state *state,
				    struct plan *plan)
{
	const struct spec_section *template = diff->vm->template;
	CLEANUP(lint_release) struct lints lints = { .items = NULL };

	if (diff->standing == DIFF_PRESENT || golden_newest(template, state))
		return false;
	lint_template(template, state, &lints);
	plan_refuse(plan, diff->vm->name, diff->vmid, "template %s %s: %s; %s", template->name,
		    lints.items[0].what, lints.items[0].why, lints.items[0].mend);
	return true;
}

void plan_vm(const struct diff_vm *diff, const struct state *state,
	     const struct plan_options *options, struct plan *plan)
{
	size_t before = plan->count;
	bool restart;
	struct diff_vm stopped;

	plan->vm_count++;
	if (diff->busy)
		plan->busy = true;
	if (diff->standing == DIFF_OBSTRUCTED) {
		plan_refuse(plan, diff->vm->name, diff->vmid, "%s", diff->obstacle);
		return;
	}
	if (refuse_unknown_template(diff, state, plan))
		return;
	if (diff->standing == DIFF_LEFTOVER)
		plan_leftover(diff, state, plan);
	if (diff->standing != DIFF_PRESENT)
		plan_clone(diff, state, plan);
	plan_stray(&diff->stray, state, diff->vm, diff->vm->name, diff->vmid, plan);
	restart = plan_restart_is_due(diff, state, options);
	if (restart) {
		plan_restart_begin(diff, state, options, plan, &stopped);
		diff = &stopped;
	}
	restart = restart || options->restarted;
	plan_remark(diff, state, options, plan);
	plan_data_volumes(diff, plan);
	plan_set(diff, restart, plan);
	plan_moves(diff, state, options, plan);
	plan_disk(diff, plan);
	plan_data_sizes(diff, plan);
	plan_pool(diff, plan);
	plan_start(diff, state, restart, plan);
	if (diff->standing == DIFF_PRESENT)
		plan_note_foreign_pending(diff, before, plan);
	if (diff->busy && plan->count > before)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "it is locked (%s): someone is at work on it; vyom apply waits for that",
			  vmconf_get(diff->guest->conf, "lock"));
}

void plan_all(const struct diff *diff, const struct state *state,
	      const struct plan_options *options, struct plan *plan)
{
	for (size_t i = 0; i < diff->count; i++)
		plan_vm(&diff->vms[i], state, options, plan);
	for (size_t i = 0; i < diff->undeclared_count; i++)
		plan_note(plan, diff->undeclared[i].name, diff->undeclared[i].vmid,
			  "vyom made it, and the file does not name it any more; it stays as it "
			  "is: `vyom destroy %s` takes it away", diff->undeclared[i].name);
}

static void release_remarks(struct plan_remark *remarks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(remarks[i].text);
	free(remarks);
}

const char *plan_hash(const struct plan *plan, char text[DIGEST_SHA256_TEXT])
{
	CLEANUP(digest_free) struct digest *digest = digest_new();

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_step *step = &plan->steps[i];

		/* with its NUL each word, and with one more each command: none runs into the next */
		digest_add(digest, &step->vmid, sizeof(step->vmid));
		for (size_t j = 0; j < step->argv.count; j++)
			digest_add(digest, step->argv.items[j], strlen(step->argv.items[j]) + 1);
		digest_add(digest, "", 1);
		if (step->input)
			digest_add(digest, step->input, strlen(step->input) + 1);
	}
	return digest_finish(digest, text);
}

void plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		strvec_release(&plan->steps[i].argv);
		free(plan->steps[i].input);
		free(plan->steps[i].why);
		free(plan->steps[i].storage);
	}
	free(plan->steps);
	release_remarks(plan->refusals, plan->refusal_count);
	release_remarks(plan->notes, plan->note_count);
	loss_free(plan->loss);
	*plan = (struct plan){ .steps = NULL };
}
