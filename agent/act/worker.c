/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/worker.h"

#include <signal.h>
#include <string.h>

#include "act/build.h"
#include "act/observe.h"
#include "act/worker_part.h"
#include "base/error.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff.h"
#include "decide/golden.h"
#include "decide/judge.h"
#include "decide/plan_restart.h"
#include "decide/plan_snippet.h"
#include "decide/replace.h"
#include "edge/clock.h"
#include "edge/running.h"
#include "edge/thin_dm.h"
#include "model/state.h"

enum { HA_PATIENCE = 300 };	/* seconds; HA looks every ten, and a guest may need its time */

/* What this run made it does not destroy: from then on it is a VM as any other. */
static bool is_to_be_replaced(const struct worker *worker)
{
	const struct apply *apply = worker->apply;
	const struct record_vm *record;

	if (!apply->replaced)
		return false;
	record = record_vms_find(apply->records, worker->planned->vmid);
	return !record || record->run != worker->run;
}

/* Once it went down: what its start does not put into force, no second restart would. */
static bool was_down(const struct worker *worker)
{
	return worker->restarting && worker_step(worker)->verb != QM_SHUTDOWN;
}

void worker_plan(const struct worker *worker, struct plan *plan)
{
	const struct apply *apply = worker->apply;
	const struct plan_step *first = worker->planned;
	const struct spec_section *vm = apply->replaced ? apply->replaced : first->section;
	struct plan_options options = apply->options;
	struct diff_vm diff;

	if (first->verb == QM_SNIPPET) {
		for (size_t i = 0; i < worker->planned_count; i++)
			plan_snippet(first[i].section, apply->state, apply->records, plan);
		return;
	}
	if (apply->build) {
		golden_plan(&apply->build->golden, apply->state, apply->records, plan);
		return;
	}
	if (apply->pruned) {
		golden_prune(apply->pruned, apply->state, apply->records, first->vmid, plan);
		return;
	}
	if (is_to_be_replaced(worker)) {
		replace_plan(NULL, vm, apply->state, apply->records, plan);
		return;
	}
	if (!vm) {
		plan_destroy(apply->state, apply->records, first->vm, first->vmid, plan);
		return;
	}
	diff_vm(vm, apply->state, apply->records, &diff);
	options.restarted = worker->restarting;
	options.restart = options.restart && !was_down(worker);
	plan_vm(&diff, apply->state, &options, plan);
	if (worker->awaits && !plan->count && !plan->refusal_count)
		plan_wait(&diff, worker->restarting, plan);
	diff_vm_release(&diff);
}

void worker_take_plan(struct worker *worker, struct plan *next)
{
	plan_release(&worker->plan);
	worker->plan = *next;
	*next = (struct plan){ .steps = NULL };
}

bool worker_is_as_shown(const struct worker *worker, const struct plan *next)
{
	const struct plan_step *tail;

	if (next->count > worker->planned_count - worker->position)
		return false;
	tail = worker->planned + worker->planned_count - next->count;
	for (size_t i = 0; i < next->count; i++)
		if (next->steps[i].verb != tail[i].verb)
			return false;
	return true;
}

void worker_init(struct worker *worker, struct apply *apply, int64_t run,
		 const struct plan_step *planned, size_t count, struct apply_result *result)
{
	*worker = (struct worker){
		.apply = apply, .run = run, .planned = planned, .planned_count = count,
		.child = CHILD_INIT, .result = result, .progress = PROGRESS_INIT,
	};
	worker_plan(worker, &worker->plan);
}

void worker_release(struct worker *worker)
{
	plan_release(&worker->plan);
	record_step_release(&worker->record);
	child_release_fds(&worker->child);
	free(worker->output);
	progress_release(&worker->progress);
}

const struct plan_step *worker_step(const struct worker *worker)
{
	return worker->plan.count ? &worker->plan.steps[0] : worker->planned;
}

bool worker_has_vm(const struct worker *worker)
{
	return worker->planned->verb != QM_SNIPPET;
}

void worker_emit(const struct worker *worker, struct event event)
{
	event.step = worker_step(worker);
	event.run = worker->run;
	event_emit(&worker->apply->sink, &event);
}

void worker_leave_open(struct worker *worker, const char *why)
{
	worker->result->steps_failed++;
	worker->result->vms_failed += worker_has_vm(worker);
	worker->result->undecided = true;
	worker->state = WORKER_FAILED;
	worker_emit(worker, (struct event){ .kind = EVENT_STEP_FAILED, .text = why,
					    .seconds = clock_monotonic() - worker->watch.began });
}

static void terminate(struct worker *worker)
{
	kill(worker->child.pid, SIGTERM);
	watch_terminated(&worker->watch);
}

bool worker_would_restart(const struct worker *worker)
{
	const struct plan_step *step = worker_step(worker);

	return step->verb == QM_SHUTDOWN && step->section && !worker->apply->build;
}

void worker_stop_waiting(struct worker *worker)
{
	if (worker->state == WORKER_RUNNING && worker_step(worker)->verb == QM_WAIT &&
	    !worker->watch.terminated)
		terminate(worker);
}

/*
 * A pool that cannot be written spoils what is copied into it at this moment, and
 * may be well again when the copy ends: qm is asked to stop, and takes it away.
 */
static void watch_pool(struct worker *worker)
{
	const struct plan_step *step = worker_step(worker);
	struct state *state = worker->apply->state;
	struct thin_pool *pool = NULL;
	struct error ignored;

	if (qm_verb_has(step->verb, QM_COPIES) && step->storage)
		pool = state_find_pool(state, step->storage);
	if (!pool || worker->spoilt ||
	    thin_dm_refresh_pool(worker->apply->root, pool, &ignored) < 0 ||
	    judge_pool_is_sound(step, state))
		return;
	worker->spoilt = true;
	if (!worker->watch.terminated)
		terminate(worker);
}

/* It neither ended nor listened: it keeps running, its step stays open, and a person must look. */
static void give_up(struct worker *worker)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT;

	strbuf_addf(&why,
		    "process %d (%s%s %u) did not end in time, nor when it was asked to; it still "
		    "runs: look what it waits for, then run vyom again",
		    worker->child.pid, qm_prefix(worker->record.verb), worker->record.verb,
		    worker->record.vmid);
	child_release_fds(&worker->child);
	worker_leave_open(worker, why.buf);
}

/*
 * Of a VM that HA starts and stops qm only asks for that, and says that it was done
 * (pve-facts 4.14): wait until it is.
 */
static bool is_asked_of_ha(struct worker *worker)
{
	CLEANUP(running_close) struct running running = { .text = STRBUF_INIT };
	const struct apply *apply = worker->apply;
	const struct state_guest *guest = state_find_guest(apply->state, worker->record.vmid);
	enum qm_verb verb = worker_step(worker)->verb;
	double uptime;
	pid_t pid;

	if (!guest || !guest->ha || worker->child.status != 0 ||
	    (verb != QM_START && verb != QM_SHUTDOWN) ||
	    clock_monotonic() >= worker->watch.began + HA_PATIENCE * apply->time_scale)
		return false;
	running_open(&running, apply->root);
	return running_read(&running, guest->vmid, &pid, &uptime) == (verb == QM_SHUTDOWN);
}

int worker_tend(struct worker *worker, struct error *err)
{
	if (child_reap(&worker->child)) {
		if (is_asked_of_ha(worker))
			return 0;
		return worker_finish(worker, err);
	}
	progress_follow(&worker->progress, worker->output, &worker->apply->sink, worker_step(worker),
			worker->run);
	watch_pool(worker);
	watch_look(&worker->watch, worker->apply->root, worker->record.vmid, worker->output);
	switch (watch_advise(&worker->watch)) {
	case WATCH_TERMINATE:
		terminate(worker);
		break;
	case WATCH_GIVE_UP:
		give_up(worker);
		break;
	case WATCH_WAIT:
	default:
		break;
	}
	return 0;
}

void worker_abandon(struct worker *worker, const char *why)
{
	worker->state = WORKER_FAILED;
	if (!worker->undoing)
		worker->result->vms_failed += worker_has_vm(worker);
	worker_emit(worker, (struct event){ .kind = EVENT_VM_STOPPED, .text = why });
}
