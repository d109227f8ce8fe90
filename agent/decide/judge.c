/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/judge.h"

#include <string.h>
#include <sys/wait.h>

#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/plan.h"
#include "model/record.h"
#include "model/state.h"

/*
 * A clone into a pool that ran full exits 0 with a complete config and lost data (pve-
 * facts 12.3).
 */
bool judge_pool_is_sound(const struct plan_step *step, const struct state *state)
{
	const struct thin_pool *pool = NULL;

	if (qm_verb_has(step->verb, QM_ALLOCATES) && step->storage)
		pool = state_find_pool(state, step->storage);
	return !pool || pool->mode == THIN_MODE_RW || pool->mode == THIN_MODE_UNKNOWN;
}

/* A volume that could not be removed is only a warning to qm, if that (4.9). */
static bool volumes_are_gone(const struct plan_step *step, const struct state *state,
			     struct strbuf *why)
{
	size_t left = 0;

	for (size_t i = 0; step->verb == QM_DESTROY && i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid != step->vmid || !volume->active)
			continue;
		strbuf_addf(why, "%s%s/%s",
			    left++ ? ", " : "the VM is gone, but volumes of it are left: ",
			    volume->vg, volume->name);
	}
	return left == 0;
}

/* A step of our own says last why it failed; no status of its means more. */
static bool explain_own(const struct record_step *record, struct strbuf *why)
{
	if (!qm_verb_has(qm_verb_find(record->verb), QM_OWN) || !record->output || !WIFEXITED(record->status))
		return false;
	qm_output_complaint(record->output, why);
	return why->len > 0;
}

/* pvesh waits for its task, and exits 0 whatever came of it. */
static bool explain_fetch(const struct record_step *record, struct strbuf *why)
{
	if (qm_verb_find(record->verb) != QM_FETCH || record->status != 0 || !record->output)
		return false;
	strbuf_adds(why, "the image did not come: ");
	qm_output_complaint(record->output, why);
	return true;
}

static void explain(const struct record_step *record, const struct plan *next, struct strbuf *why)
{
	CLEANUP(strbuf_release) struct strbuf complaint = STRBUF_INIT;

	if (explain_own(record, why) || explain_fetch(record, why))
		return;
	if (record->status == 0 && next->refusal_count) {
		strbuf_adds(why, next->refusals[0].text);
		return;
	}
	if (record->status == 0)
		strbuf_addf(why,
			    "qm said it was done, but the VM is not as it should be (%s): ",
			    next->count && next->steps[0].why ? next->steps[0].why
							      : "nothing changed");
	if (record->exec_errno)
		strbuf_addf(why, "qm could not be executed: %s", strerror(record->exec_errno));
	else
		record_describe_status(record->status, why);
	if (record->output)
		qm_output_complaint(record->output, &complaint);
	if (complaint.len)
		strbuf_addf(why, ": %s", complaint.buf);
	for (size_t i = 0; i < next->refusal_count; i++)
		strbuf_addf(why, "; %s", next->refusals[i].text);
}

/* A resize that only a rescan is missing to is half done: volume and config do not agree (3.5). */
static bool is_needed_still(const struct plan_step *step, const struct plan *next)
{
	for (size_t i = 0; i < next->count; i++) {
		const struct plan_step *other = &next->steps[i];

		/* one of several is no sign that this one failed */
		if (qm_verb_has(other->verb, QM_REPEATS) &&
		    !strvec_equal(&other->argv, &step->argv))
			continue;
		if (other->verb == step->verb ||
		    (step->verb == QM_RESIZE && other->verb == QM_RESCAN))
			return true;
	}
	return false;
}

bool judge_is_done(const struct plan_step *step, const struct record_step *record,
		   const struct plan *next, const struct state *state, struct strbuf *why)
{
	if (next->refusal_count || is_needed_still(step, next)) {
		explain(record, next, why);
		return false;
	}
	if (!judge_pool_is_sound(step, state)) {
		strbuf_addf(why, "the pool behind %s cannot be written any more: free space first",
			    step->storage);
		return false;
	}
	return volumes_are_gone(step, state, why);
}

bool judge_may_retry(const struct plan_step *step, const struct record_step *record,
		     const struct plan *next)
{
	if (!record->output || next->refusal_count || !next->count)
		return false;
	if (qm_output_is_mismatch(record->output))
		return next->steps[0].verb == step->verb;
	return qm_output_is_busy(record->output) &&
	       strvec_equal(&next->steps[0].argv, &step->argv);
}
