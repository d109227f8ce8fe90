/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/worker_part.h"

#include <string.h>
#include <sys/wait.h>

#include "act/build.h"
#include "act/observe.h"
#include "act/recover.h"
#include "act/snippet_work.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/judge.h"
#include "edge/clock.h"
#include "edge/journal.h"
#include "model/state.h"

enum {
	TRIES = 6,
	OUTPUT_KEPT = 2000, /* bytes of output that go into the journal */
};

/*
 * After a clone: who this VM is, and whether its data is whole, before anything
 * else is thought of it.  A clone into a pool that ran full exits 0 with a
 * complete config (pve-facts 12.3), and space that comes back later mends nothing.
 */
static int remember_clone(struct worker *worker, struct error *err)
{
	const struct apply *apply = worker->apply;
	struct record_vm *vm;

	if (recover_remember_clone(apply->journal, apply->state, &worker->record, apply->records,
				   err) < 0)
		return -1;
	vm = record_vms_find(apply->records, worker->record.vmid);
	if (!vm || vm->run != worker->run || !worker->spoilt)
		return 0;
	vm->suspect = true;
	return journal_vm_suspect(apply->journal, vm->vmid, err);
}

static int remember(struct worker *worker, struct error *err)
{
	const struct apply *apply = worker->apply;
	enum qm_verb verb = worker_step(worker)->verb;

	if (qm_verb_has(verb, QM_COPIES) &&
	    !judge_pool_is_sound(worker_step(worker), apply->state))
		worker->spoilt = true;
	if (verb == QM_CLONE)
		return remember_clone(worker, err);
	if (verb == QM_MOVE)
		return recover_remember_move(apply->journal, apply->state, &worker->record,
					     worker->spoilt, apply->records, err);
	if (!apply->build)
		return 0;
	return build_end_step(apply->build, &worker->record, worker->spoilt, apply->state,
			      apply->records, apply->journal, err);
}

/*
 * Of a VM that was undone, or is to be made again, nothing is to be remembered; of one that
 * was destroyed for good cmd_destroy proves it first.
 */
static int forget_undone(struct worker *worker, struct error *err)
{
	const struct apply *apply = worker->apply;
	unsigned vmid = worker->record.vmid;

	if (worker_step(worker)->verb != QM_DESTROY)
		return 0;
	if (record_templates_find(&apply->records->templates, vmid)) {
		record_templates_remove(&apply->records->templates, vmid);
		return journal_template_forget(apply->journal, vmid, err);
	}
	if ((!worker_step(worker)->section && !apply->replaced) ||
	    !record_vms_find(apply->records, vmid))
		return 0;
	record_vms_remove(apply->records, vmid);
	return journal_vm_forget(apply->journal, vmid, err);
}

static int end_record(struct worker *worker, enum record_result result, const char *message,
		      struct error *err)
{
	worker->record.result = result;
	worker->record.ended = clock_wall();
	worker->record.message = message ? memory_copy(message) : NULL;
	return journal_step_end(worker->apply->journal, &worker->record, err);
}

/* What is taken away now is what this very run made: that it failed is counted already. */
static void go_on_undoing(struct worker *worker)
{
	const struct plan *plan = &worker->plan;
	bool more = plan->count && (plan->steps[0].verb == QM_FREE ||
				    plan->steps[0].verb == QM_DESTROY);

	worker->state = more ? WORKER_READY : WORKER_FAILED;
}

static void go_on(struct worker *worker, enum qm_verb done)
{
	while (worker->position < worker->planned_count &&
	       worker->planned[worker->position++].verb != done)
		;
	if (!worker_is_as_shown(worker, &worker->plan)) {
		worker_abandon(worker, "it was changed by someone else meanwhile: run vyom again "
				       "to see the new plan");
	} else if (worker->plan.count) {
		worker->state = WORKER_READY;
	} else {
		worker->state = WORKER_DONE;
		worker->result->vms_done += worker_has_vm(worker);
	}
}

static int finish_done(struct worker *worker, struct plan *next, struct error *err)
{
	enum qm_verb verb = worker_step(worker)->verb;
	int result = end_record(worker, RECORD_DONE, NULL, err);

	if (verb != QM_FREE)
		record_vms_doubt_end(worker->apply->records, worker->record.vmid);
	if (result == 0)
		result = forget_undone(worker, err);
	worker->result->steps_done++;
	worker_emit(worker, (struct event){ .kind = EVENT_STEP_DONE,
					    .seconds = clock_monotonic() - worker->watch.began });
	worker->tries = 0;
	worker_take_plan(worker, next);
	if (worker->undoing)
		go_on_undoing(worker);
	else
		go_on(worker, verb);
	return result;
}

/*
 * Did it leave something half-way?  Then the doubt remains, for the next run to
 * undo it; also if it was killed, for then its worker lives on for a moment and
 * may leave something yet (pve-facts 7.8).
 */
static enum record_result settle_doubt(struct worker *worker)
{
	struct record_vms *records = worker->apply->records;
	unsigned vmid = worker->record.vmid;

	if (!record_vms_doubt(records, vmid))
		return RECORD_FAILED;
	if (!WIFEXITED(worker->record.status) ||
	    recover_left_something(worker->apply->state, records, &worker->record)) {
		record_vms_doubt_add(records, &worker->record);
		return RECORD_INTERRUPTED;
	}
	record_vms_doubt_end(records, vmid);
	return RECORD_FAILED;
}

static int finish_failed(struct worker *worker, struct plan *next, const char *why,
			 struct error *err)
{
	int result = end_record(worker, settle_doubt(worker), why, err);

	worker->result->steps_failed++;
	if (!worker->undoing)
		worker->result->vms_failed += worker_has_vm(worker);
	worker->result->undecided |= next->refusal_count > 0 && !next->busy;
	worker_emit(worker, (struct event){ .kind = EVENT_STEP_FAILED, .text = why,
					    .seconds = clock_monotonic() - worker->watch.began });
	worker->state = WORKER_FAILED;
	if (!worker->spoilt || worker->undoing)
		return result;
	worker->result->undecided = true;
	worker->undoing = true;
	worker_take_plan(worker, next);
	go_on_undoing(worker);
	return result;
}

/* Pauses 1, 2, 4, … seconds, give or take a half, so that two who collided do not do so again. */
static int finish_retry(struct worker *worker, struct plan *next, const char *why,
			struct error *err)
{
	double pause = (double)(1u << (worker->tries - 1)) *
		       (0.75 + (double)(worker->record.pid % 8) / 16);
	bool clean = settle_doubt(worker) == RECORD_FAILED;
	int result = end_record(worker, clean ? RECORD_RETRIED : RECORD_INTERRUPTED, why, err);

	worker_emit(worker,
		    (struct event){ .kind = EVENT_STEP_RETRY, .seconds = pause, .text = why });
	worker->resume = clock_monotonic() + pause;
	worker->state = WORKER_PAUSED;
	worker_take_plan(worker, next);
	return result;
}

static void take_result(struct worker *worker)
{
	CLEANUP(strbuf_release) struct strbuf output = STRBUF_INIT;

	child_release_fds(&worker->child);
	child_tail(worker->output, OUTPUT_KEPT, &output);
	worker->record.output = strbuf_detach(&output);
	worker->record.status = worker->child.status;
	worker->record.exec_errno = worker->child.exec_errno;
	worker->tries++;
}

/* Its own words tell of the signal at most. */
static void add_limit(const struct worker *worker, struct strbuf *why)
{
	if (!worker->watch.terminated || worker->spoilt)
		return;
	if (worker->watch.limit)
		strbuf_addf(why, "; it was told to end, having taken %u seconds (timeouts in "
				 "vyom.conf(5))", worker->watch.limit);
	else
		strbuf_addf(why, "; it was told to end, having made no progress for %d seconds",
			    QM_STALL_LIMIT);
}

static bool is_moved(const struct worker *worker, const struct plan *next)
{
	return worker_step(worker)->verb == QM_MOVE && next->refusal_count;
}

static int settle(struct worker *worker, struct plan *next, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT;
	const struct plan_step *step = worker_step(worker);

	if (judge_is_done(step, &worker->record, next, worker->apply->state, &why))
		return finish_done(worker, next, err);
	add_limit(worker, &why);
	/* a copy that the config came to name stays, and the refusal tells of it */
	if (worker->spoilt && !worker->undoing && !is_moved(worker, next))
		strbuf_adds(&why, "; its pool could not be written while it was copied, so what "
				  "was made is taken away again: free space, then run vyom again");
	else if (worker->tries < TRIES && judge_may_retry(step, &worker->record, next))
		return finish_retry(worker, next, why.buf, err);
	return finish_failed(worker, next, why.buf, err);
}

/*
 * No look at the node tells how it went.  A VM that was made is there, whatever its
 * guest does; one that was restarted is not back, and no other shall follow it.
 */
static int finish_wait(struct worker *worker, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT;
	struct plan none = { .steps = NULL };

	worker->awaits = false;
	if (worker->watch.terminated)
		strbuf_adds(&why, "its guest is not waited for any more");
	else
		qm_output_complaint(worker->record.output, &why);
	if (worker->record.status != 0 && worker->restarting)
		return finish_failed(worker, &none, why.buf, err);
	worker_emit(worker, (struct event){ .kind = EVENT_REMARK, .text = why.buf });
	return finish_done(worker, &none, err);
}

static bool is_planned(const struct worker *worker, enum qm_verb verb)
{
	for (size_t i = 0; i < worker->planned_count; i++)
		if (worker->planned[i].verb == verb)
			return true;
	return false;
}

int worker_finish(struct worker *worker, struct error *err)
{
	CLEANUP(plan_release) struct plan next = { .steps = NULL };
	const struct plan_step *step = worker_step(worker);

	take_result(worker);
	if (step->verb == QM_WAIT)
		return finish_wait(worker, err);
	if (step->verb == QM_SNIPPET)
		snippet_work_clear(worker->apply->root, &worker->record, worker->apply->state);
	worker->awaits = step->verb == QM_START && is_planned(worker, QM_WAIT);
	if (observe_after(worker->apply->root, worker->apply->state, step->vmid, step->verb, err) <
	    0) {
		worker_leave_open(worker, err->text);
		return 0;
	}
	if (remember(worker, err) < 0) {
		worker_leave_open(worker, err->text);
		return -1;
	}
	worker_plan(worker, &next);
	return settle(worker, &next, err);
}
