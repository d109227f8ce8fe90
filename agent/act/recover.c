/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/recover.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "act/build.h"
#include "act/join.h"
#include "act/observe.h"
#include "act/snippet_work.h"
#include "act/watch.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/judge.h"
#include "decide/leftover.h"
#include "decide/option.h"
#include "decide/plan.h"
#include "edge/child.h"
#include "edge/clock.h"
#include "edge/journal.h"
#include "model/firmware_disk.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/state.h"
#include "model/vmconf.h"

/* A clone has a uuid of its own: that of an earlier VM with this id was restored. */
static bool was_known(const struct record_vms *records, const struct record_vm *vm)
{
	const struct record_vm *known = record_vms_find(records, vm->vmid);

	return known && known->run != vm->run && known->uuid &&
	       strcasecmp(known->uuid, vm->uuid) == 0;
}

bool recover_identify_clone(const struct state *state, const struct record_step *step,
			    struct record_vms *records)
{
	const struct state_guest *guest = state_find_guest(state, step->vmid);
	CLEANUP(scope_free) char *cluster = NULL;
	struct record_vm vm = { .vmid = step->vmid, .run = step->run };
	const char *name;

	if (!guest || !guest->conf || !guest->local || vmconf_get(guest->conf, "lock") ||
	    !record_step_found_free(step))
		return false;
	name = vmconf_get(guest->conf, "name");
	cluster = option_marked_cluster(guest->conf, step->vm);
	if (!cluster || !name || strcmp(name, step->vm) != 0 ||
	    !record_vm_identify(&vm, guest->conf) || was_known(records, &vm)) {
		record_vm_release(&vm);
		return false;
	}
	vm.cluster = memory_copy(cluster);
	vm.name = memory_copy(name);
	record_vms_put(records, vm);
	return true;
}

int recover_remember_clone(struct journal *journal, const struct state *state,
			   const struct record_step *step, struct record_vms *records,
			   struct error *err)
{
	if (!recover_identify_clone(state, step, records))
		return 0;
	return journal_vm_remember(journal, record_vms_find(records, step->vmid), err);
}

/* The drive that step, a move, moved; NULL: it lies not on that storage. */
static const char *moved_drive(const struct state *state, const struct record_step *step,
			       char slot[16], char storage[101])
{
	const struct state_guest *guest = state_find_guest(state, step->vmid);
	const char *drive = guest && guest->conf && qm_move_read(step->argv, slot, storage) ?
				    vmconf_get(guest->conf, slot) : NULL;
	size_t len = drive ? strlen(storage) : 0;

	return drive && strncmp(drive, storage, len) == 0 && drive[len] == ':' ? drive : NULL;
}

int recover_remember_move(struct journal *journal, const struct state *state,
			  const struct record_step *step, bool suspect,
			  struct record_vms *records, struct error *err)
{
	char slot[16], storage[101];
	const char *drive = moved_drive(state, step, slot, storage);
	CLEANUP(scope_free) char *source = record_step_source(step);
	CLEANUP(scope_free) char *volume = NULL;
	const struct record_copy *old;

	if (!drive || !source || !record_vms_find(records, step->vmid))
		return 0;
	volume = memory_print("%.*s", (int)strcspn(drive, ","), drive);
	old = record_copies_find(&records->copies, volume);
	suspect |= old && old->run == step->run && old->suspect;
	record_copies_put(&records->copies, (struct record_copy){
		.vmid = step->vmid, .slot = memory_copy(slot), .volume = memory_copy(volume),
		.source = memory_copy(source), .run = step->run, .suspect = suspect });
	return journal_copy_remember(journal, record_copies_find(&records->copies, volume), err);
}

bool recover_left_something(const struct state *state, const struct record_vms *records,
			    const struct record_step *step)
{
	CLEANUP(leftover_release) struct leftover leftover = { .volids = STRVEC_INIT };

	if (step->output && qm_output_is_clash(step->output))
		return false;
	if (qm_verb_has(qm_verb_find(step->verb), QM_NAMES))
		return leftover_stray(state, records, step->vmid).volume != NULL;
	leftover_find(state, records, step->vmid, &leftover);
	return leftover.kind == LEFTOVER_OURS || leftover.kind == LEFTOVER_BUSY;
}

/*
 * A full copy that ended while nobody looked at its pool: if the pool was full for
 * a while, data is lost without a word (pve-facts 12.3), and then the copy holds
 * less than its source.
 */
static bool copy_is_short(const struct state *state, const struct record_step *step)
{
	const struct state_guest *copy = state_find_guest(state, step->vmid), *source;
	const struct thin_volume *made, *from;
	unsigned template;

	if (!strstr(step->argv, "--full 1") || sscanf(step->argv, "qm clone %u", &template) != 1)
		return false;
	source = state_find_guest(state, template);
	if (!copy || !copy->conf || !source || !source->conf)
		return false;
	made = state_find_drive(state, copy->conf, OPTION_BOOT_DISK);
	from = state_find_drive(state, source->conf, OPTION_BOOT_DISK);
	return made && from && made->active && from->active && made->mapped < from->mapped;
}

static int settle_clone(struct recover *recover, struct record_step *step, struct error *err)
{
	const struct record_vm *vm;

	if (recover_remember_clone(recover->journal, recover->state, step, recover->records, err) <
	    0)
		return -1;
	vm = record_vms_find(recover->records, step->vmid);
	step->result = vm && vm->run == step->run ? RECORD_DONE :
		       recover_left_something(recover->state, recover->records, step) ?
						    RECORD_INTERRUPTED :
						    RECORD_FAILED;
	if (step->result == RECORD_DONE && copy_is_short(recover->state, step))
		return journal_vm_suspect(recover->journal, step->vmid, err);
	return 0;
}

/* Of a VM that is there with its disk nothing was taken away. */
static void settle_destroy(const struct recover *recover, struct record_step *step)
{
	const struct state_guest *guest = state_find_guest(recover->state, step->vmid);

	if (recover_left_something(recover->state, recover->records, step))
		step->result = RECORD_INTERRUPTED;
	else if (!guest)
		step->result = RECORD_DONE;
	else if (guest->conf && state_find_drive(recover->state, guest->conf, OPTION_BOOT_DISK))
		step->result = RECORD_FAILED;
	else
		step->result = RECORD_INTERRUPTED;
}

/* Also where it waits for a restart, it came to its end. */
static void settle_efidisk(const struct recover *recover, struct record_step *step)
{
	const struct state_guest *guest = state_find_guest(recover->state, step->vmid);
	const char *pending = NULL;

	if (recover_left_something(recover->state, recover->records, step))
		step->result = RECORD_INTERRUPTED;
	else if (guest && guest->conf &&
		 (vmconf_get(guest->conf, FIRMWARE_EFI) ||
		  (vmconf_get_pending(guest->conf, FIRMWARE_EFI, &pending) && pending)))
		step->result = RECORD_DONE;
	else
		step->result = RECORD_FAILED;
}

/*
 * The config names the copy once it was written, and not before.  Whether its pool was full
 * meanwhile nobody saw, and how much is mapped does not tell: zeros are not copied.
 */
static int settle_move(struct recover *recover, struct record_step *step, struct error *err)
{
	char slot[16], storage[101];
	bool moved = moved_drive(recover->state, step, slot, storage) != NULL;
	struct plan_step copied = { .verb = QM_MOVE, .storage = storage };

	if (recover_left_something(recover->state, recover->records, step))
		step->result = RECORD_INTERRUPTED;
	else
		step->result = moved ? RECORD_DONE : RECORD_FAILED;
	return !moved ? 0 :
	       recover_remember_move(recover->journal, recover->state, step,
				     !judge_pool_is_sound(&copied, recover->state),
				     recover->records, err);
}

static int settle_start(const struct recover *recover, struct record_step *step, struct error *err)
{
	const struct state_guest *guest = state_find_guest(recover->state, step->vmid);

	step->result = guest && guest->pid ? RECORD_DONE : RECORD_INTERRUPTED;
	return journal_vm_started(recover->journal, step->vmid, err);
}

static int find_result(struct recover *recover, struct record_step *step, struct error *err)
{
	step->result = RECORD_INTERRUPTED;
	switch (qm_verb_find(step->verb)) {
	case QM_CREATE:
		if (build_settle_step(recover->root, step, recover->state, recover->records,
				      recover->journal, err) < 0)
			return -1;
		if (step->result != RECORD_DONE &&
		    !recover_left_something(recover->state, recover->records, step))
			step->result = RECORD_FAILED;
		return 0;
	case QM_FETCH:
	case QM_CHECK:
	case QM_KEY:
	case QM_GUEST:
	case QM_SEAL:
		return build_settle_step(recover->root, step, recover->state, recover->records,
					 recover->journal, err);
	case QM_SNIPPET:
		snippet_work_settle(recover->root, step, recover->state);
		return 0;
	case QM_CLONE:
		return settle_clone(recover, step, err);
	case QM_DESTROY:
		settle_destroy(recover, step);
		return 0;
	case QM_EFIDISK:
		settle_efidisk(recover, step);
		return 0;
	case QM_MOVE:
		return settle_move(recover, step, err);
	case QM_START:
		return settle_start(recover, step, err);
	case QM_WAIT:
		step->result = RECORD_FAILED;
		return 0;
	default:
		return 0;
	}
}

static void tell(const struct recover *recover, const struct record_step *step)
{
	static const char *const outcomes[] = {
		[RECORD_DONE]		= "it came to its end",
		[RECORD_FAILED]		= "it left nothing",
		[RECORD_INTERRUPTED]	= "going on from what it left",
	};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *who = record_who(step->vm, step->vmid);

	strbuf_addf(&text, "%s: %s%s of run %lld was cut off: %s", who,
		    qm_prefix(step->verb), step->verb, (long long)step->run, outcomes[step->result]);
	event_emit(&recover->sink, &(struct event){ .kind = EVENT_REMARK, .text = text.buf });
}

static void take_output(const struct recover *recover, struct record_step *step)
{
	CLEANUP(strbuf_release) struct strbuf output = STRBUF_INIT;
	CLEANUP(scope_free) char *path = join_output_path(recover, step);

	child_tail(path, 2000, &output);
	free(step->output);
	step->output = strbuf_detach(&output);
}

static int settle_step(struct recover *recover, struct record_step *step, struct error *err)
{
	if (join_child(recover, step, err) < 0 || join_quiet(recover, step, err) < 0)
		return -1;
	if (step->result == RECORD_OPEN)
		take_output(recover, step);
	if (find_result(recover, step, err) < 0)
		return -1;
	tell(recover, step);
	step->ended = clock_wall();
	free(step->message);
	step->message = memory_copy("vyom ended before the step did; a later run looked what came "
				    "of it");
	return journal_step_end(recover->journal, step, err);
}

/* Interrupted ones are settled anew each time, as long as they are in doubt. */
static int settle_interrupted(struct recover *recover, struct error *err)
{
	CLEANUP(record_steps_release) struct record_steps steps = { .items = NULL };
	int settled = 0;

	if (journal_read_in_doubt(recover->journal, &steps, err) < 0)
		return -1;
	for (size_t i = 0; i < steps.count; i++) {
		struct record_step *step = &steps.items[i];

		if (step->result != RECORD_INTERRUPTED)
			continue;
		if (join_quiet(recover, step, err) < 0 || find_result(recover, step, err) < 0)
			return -1;
		settled = 1;
		if (step->result != RECORD_INTERRUPTED &&
		    journal_step_end(recover->journal, step, err) < 0)
			return -1;
	}
	return settled;
}

int recover_settle(struct recover *recover, struct error *err)
{
	CLEANUP(record_steps_release) struct record_steps steps = { .items = NULL };
	CLEANUP(record_runs_release) struct record_runs runs = { .items = NULL };
	int interrupted = settle_interrupted(recover, err);

	if (interrupted < 0 || journal_read_open_steps(recover->journal, &steps, err) < 0 ||
	    journal_read_open_runs(recover->journal, &runs, err) < 0)
		return -1;
	for (size_t i = 0; i < steps.count; i++)
		if (settle_step(recover, &steps.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < runs.count; i++)
		if (journal_run_end(recover->journal, runs.items[i].id, RECORD_INTERRUPTED,
				    "cut off", err) < 0)
			return -1;
	return steps.count > 0 || interrupted > 0;
}
