/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/golden_part.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/budget.h"
#include "decide/golden.h"
#include "decide/leftover.h"
#include "decide/lint.h"
#include "decide/option.h"
#include "decide/plan.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static void plan_new(const struct golden *golden, const struct state *state, struct plan *plan)
{
	golden_step_make(golden, state, plan);
	golden_step_up(golden, state, NULL, plan);
	golden_step_finish(golden, NULL, false, plan);
}

/* The disk is called base-… already, and the config does not know: back, so that qm can go on. */
static void plan_rename(const struct golden *golden, const struct state *state,
			const struct state_guest *guest, struct plan *plan)
{
	CLEANUP(scope_free) char *path = state_drive_path(state, guest->conf, OPTION_BOOT_DISK);
	CLEANUP(scope_free) char *base = NULL;
	char *name = path ? strchr(path, '/') : NULL;
	struct plan_step *step;

	if (!name || strncmp(name, "/vm-", 4) != 0)
		return;
	*name++ = '\0';
	base = memory_print("base-%s", name + strlen("vm-"));
	if (!thin_volumes_find(&state->volumes, path, base))
		return;
	step = golden_step_add(golden, QM_RENAME, plan);
	step->why = memory_copy("a qm template that was cut off renamed it, and the config "
				"does not know");
	step->storage = memory_copy(spec_text(golden->template, KEY_STORAGE));
	qm_rename(&step->argv, path, base, name);
}

/* Of a template whose disk was not renamed any more, the rest is done disk by disk (4.3). */
static void plan_rest(const struct golden *golden, const struct state *state,
		      const struct state_guest *guest, const struct record_template *record,
		      struct plan *plan)
{
	const char *disk = vmconf_get(guest->conf, OPTION_BOOT_DISK);

	plan_rename(golden, state, guest, plan);
	if (disk && !strstr(disk, ":base-"))
		qm_template(&golden_step_add(golden, QM_TEMPLATE, plan)->argv, golden->vmid,
			    OPTION_BOOT_DISK);
	if (!record->sealed)
		golden_step_seal(golden, plan);
}

static void plan_anew(const struct golden *golden, const struct state *state,
		      const struct state_guest *guest, struct plan *plan)
{
	struct plan_step *step;

	if (guest->pid)
		qm_stop(&golden_step_add(golden, QM_STOP, plan)->argv, golden->vmid);
	step = golden_step_add(golden, QM_DESTROY, plan);
	step->why = memory_copy("a build that was cut off is made anew");
	qm_destroy(&step->argv, golden->vmid);
	plan_new(golden, state, plan);
}

/* Frees its disk first, and lets go of its config last: it is there still, but spoilt (4.7). */
static bool is_half_destroyed(const struct record_vms *records, unsigned vmid)
{
	const struct record_step *doubt = record_vms_doubt(records, vmid);

	return doubt && qm_verb_find(doubt->verb) == QM_DESTROY;
}

/*
 * Does it let in another key than is to stay in it: since the file declares another,
 * or since somebody gave it one?
 */
static bool has_other_key(const struct golden *golden, const struct state_guest *guest,
			  const struct record_template *record)
{
	const char *keys = vmconf_get(guest->conf, "sshkeys");

	if (!record->key)
		return false;
	if (golden->template->ssh_keys)
		return strcmp(record->key, golden->key) != 0;
	return !option_agrees(option_find("sshkeys"), record->key, keys);
}

static void plan_guest_left(const struct golden *golden, const struct state *state,
			    const struct state_guest *guest, const struct record_vms *records,
			    struct plan *plan)
{
	const struct record_template *record = golden_record(records, guest);
	const char *flag = vmconf_get(guest->conf, "template");

	if (is_half_destroyed(records, golden->vmid) ||
	    !golden_is_of_image(golden->template, guest))
		plan_anew(golden, state, guest, plan);
	else if (flag && strcmp(flag, "1") == 0)
		plan_rest(golden, state, guest, record, plan);
	else if ((!record->prepared && !golden->at_hand) || has_other_key(golden, guest, record))
		plan_anew(golden, state, guest, plan);
	else {
		if (!record->prepared)
			golden_step_up(golden, state, guest, plan);
		golden_step_finish(golden, guest, record->prepared, plan);
	}
}

/* --- what is to be done --- */

static bool is_finished(const struct golden *golden, const struct state_guest *guest)
{
	return guest && golden_is_ready(guest) && golden_is_of_image(golden->template, guest);
}

/*
 * Is it ours to go on with?  Only what was never finished: until the next generation is good
 * VMs are made of a finished one, and may share its data; or somebody made it a VM again.
 */
static bool is_left(const struct golden *golden, const struct state_guest *guest,
		    const struct record_vms *records)
{
	const struct record_template *record = golden_claimed(records, guest);

	if (!record || !guest->local || vmconf_get(guest->conf, "lock"))
		return false;
	if (is_half_destroyed(records, golden->vmid))
		return true;
	return !record->sealed &&
	       (!golden_is_ready(guest) || golden_is_of_image(golden->template, guest));
}

static void plan_leftover(const struct golden *golden, const struct leftover *leftover,
			  const struct state *state, struct plan *plan)
{
	plan->busy |= leftover->kind == LEFTOVER_BUSY;
	if (leftover->kind != LEFTOVER_OURS) {
		plan_refuse(plan, golden->template->name, golden->vmid, "%s", leftover->text);
		return;
	}
	plan_undo(leftover, state, golden->template, golden->template->name, golden->vmid, plan);
	plan_new(golden, state, plan);
}

void golden_plan(const struct golden *golden, const struct state *state,
		 const struct record_vms *records, struct plan *plan)
{
	CLEANUP(leftover_release) struct leftover leftover = { .volids = STRVEC_INIT };
	const struct state_guest *guest = state_find_guest(state, golden->vmid);
	const struct record_template *record = guest ? golden_record(records, guest) : NULL;

	plan->vm_count++;
	leftover_find(state, records, golden->vmid, &leftover);
	if (is_finished(golden, guest) && (!record || record->sealed) &&
	    !is_half_destroyed(records, golden->vmid))
		return;
	golden_refuse_config(golden, plan);
	golden_refuse_unknown(golden, state, records, plan);
	if (plan->refusal_count)
		return;
	if (leftover.kind != LEFTOVER_NONE)
		plan_leftover(golden, &leftover, state, plan);
	else if (!guest)
		plan_new(golden, state, plan);
	else if (is_left(golden, guest, records))
		plan_guest_left(golden, state, guest, records, plan);
	else
		golden_refuse_guest(golden, guest, record && record->sealed, plan);
}
