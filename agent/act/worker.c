/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/worker.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "decide/diff.h"
#include "decide/judge.h"
#include "base/error.h"
#include "edge/journal.h"
#include "base/memory.h"
#include "act/observe.h"
#include "edge/pvefs.h"
#include "act/recover.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/state.h"
#include "base/strbuf.h"
#include "model/vmconf.h"

enum {
	TRIES = 6,
	PATIENCE = 60, /* seconds that a step may take to end after TERM (pve-facts 7.10) */
	OUTPUT_KEPT = 2000, /* bytes of output that go into the journal */
};

double worker_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void plan_again(const struct worker *worker, struct plan *plan)
{
	const struct apply *apply = worker->apply;
	const struct plan_step *first = worker->planned;
	struct diff_vm diff;

	if (!first->section) {
		plan_destroy(apply->state, apply->records, first->vm, first->vmid, plan);
		return;
	}
	diff_vm(first->section, apply->state, apply->records, &diff);
	plan_vm(&diff, apply->state, &apply->options, plan);
	diff_vm_release(&diff);
}

void worker_init(struct worker *worker, struct apply *apply, int64_t run,
		 const struct plan_step *planned, size_t count, struct apply_result *result)
{
	*worker = (struct worker){
		.apply = apply, .run = run, .planned = planned, .planned_count = count,
		.child = CHILD_INIT, .result = result, .percent = -1,
	};
	plan_again(worker, &worker->plan);
}

void worker_release(struct worker *worker)
{
	plan_release(&worker->plan);
	record_step_release(&worker->record);
	child_release_fds(&worker->child);
	free(worker->output);
}

const struct plan_step *worker_step(const struct worker *worker)
{
	return worker->plan.count ? &worker->plan.steps[0] : worker->planned;
}

static void emit(const struct worker *worker, struct event event)
{
	event.step = worker_step(worker);
	event.run = worker->run;
	event_emit(&worker->apply->sink, &event);
}

/* What the node looked like: which version of the config, which volumes. */
static char *describe_before(const struct worker *worker, unsigned vmid)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct thin_volumes *volumes = &worker->apply->state->volumes;
	struct error ignored;
	char digest[41];

	if (pvefs_read_digest(worker->apply->root, vmid, digest, &ignored) < 0 || !*digest)
		strbuf_adds(&text, "no config");
	else
		strbuf_addf(&text, "config %s", digest);
	for (size_t i = 0; i < volumes->count; i++)
		if (volumes->items[i].vmid == vmid)
			strbuf_addf(&text, ", %s/%s", volumes->items[i].vg, volumes->items[i].name);
	return strbuf_detach(&text);
}

static void fill_record(struct worker *worker, const struct plan_step *step)
{
	CLEANUP(strbuf_release) struct strbuf argv = STRBUF_INIT;

	strvec_quote(&step->argv, &argv);
	record_step_release(&worker->record);
	worker->record = (struct record_step){
		.run = worker->run,
		.vmid = step->vmid,
		.vm = memory_copy(step->vm),
		.verb = memory_copy(qm_verb_name(step->verb)),
		.argv = strbuf_detach(&argv),
		.before = describe_before(worker, step->vmid),
		.started = wall_clock(),
		.status = -1,
	};
}

static int make_child(struct worker *worker, const struct plan_step *step, struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(scope_free) char *program = qm_program(worker->apply->root);

	strvec_push(&argv, program);
	for (size_t i = 1; i < step->argv.count; i++)
		strvec_push(&argv, step->argv.items[i]);
	free(worker->output);
	worker->output = memory_print("%s/var/lib/vyom/output/%lld-%lld", worker->apply->root,
				      (long long)worker->run, (long long)worker->record.number);
	worker->child = (struct child)CHILD_INIT;
	return child_prepare(&worker->child, &argv, worker->output, err);
}

/* The intent stands, but nothing came of it: say so, or the next run would wonder. */
static int cancel(struct worker *worker, struct error *err)
{
	struct error ignored;

	child_release_fds(&worker->child);
	worker->state = WORKER_FAILED;
	worker->result->vms_failed++;
	worker->record.result = RECORD_FAILED;
	worker->record.ended = wall_clock();
	worker->record.message = memory_copy(err->text);
	journal_step_end(worker->apply->journal, &worker->record, &ignored);
	return error_prefix(err, "%s (%u)", worker->record.vm, worker->record.vmid);
}

int worker_begin(struct worker *worker, struct error *err)
{
	const struct plan_step *step = worker_step(worker);
	struct journal *journal = worker->apply->journal;

	fill_record(worker, step);
	if (journal_step_begin(journal, &worker->record, err) < 0)
		return error_prefix(err, "%s (%u): %s was not begun", step->vm, step->vmid,
				    qm_verb_name(step->verb));
	if (make_child(worker, step, err) < 0)
		return cancel(worker, err);
	worker->record.pid = worker->child.pid;
	worker->record.pid_start = worker->child.start;
	if (step->verb == QM_START && journal_vm_started(journal, step->vmid, err) < 0)
		return cancel(worker, err);
	if (journal_step_child(journal, &worker->record, err) < 0 ||
	    child_release(&worker->child, err) < 0)
		return cancel(worker, err);
	worker->state = WORKER_RUNNING;
	worker->began = worker_clock();
	worker->terminated = 0;
	worker->percent = -1;
	emit(worker, (struct event){ .kind = EVENT_STEP_BEGIN });
	return 0;
}

/*
 * After a clone: who this VM is, and whether its data is whole, before anything
 * else is thought of it.  A clone into a pool that ran full exits 0 with a
 * complete config (pve-facts 12.3), and space that comes back later mends nothing.
 */
static int remember_clone(struct worker *worker, struct error *err)
{
	struct record_vms *records = worker->apply->records;
	struct record_vm *vm;

	if (worker_step(worker)->verb != QM_CLONE)
		return 0;
	if (recover_remember_clone(worker->apply->journal, worker->apply->state, &worker->record,
				   records, err) < 0)
		return -1;
	vm = record_vms_find(records, worker->record.vmid);
	if (!vm || judge_pool_is_sound(worker_step(worker), worker->apply->state))
		return 0;
	vm->suspect = true;
	return journal_vm_suspect(worker->apply->journal, vm->vmid, err);
}

static int end_record(struct worker *worker, enum record_result result, const char *message,
		      struct error *err)
{
	worker->record.result = result;
	worker->record.ended = wall_clock();
	worker->record.message = message ? memory_copy(message) : NULL;
	return journal_step_end(worker->apply->journal, &worker->record, err);
}

/*
 * What is left must be what is left of the plan that was shown: a verb that
 * nobody saw is not carried out, whoever made it necessary meanwhile.
 */
static bool is_as_shown(struct worker *worker, enum qm_verb done, const struct plan *next)
{
	size_t left;

	while (worker->position < worker->planned_count &&
	       worker->planned[worker->position++].verb != done)
		;
	left = worker->planned_count - worker->position;
	if (next->count > left)
		return false;
	for (size_t i = 0; i < next->count; i++)
		if (next->steps[i].verb !=
		    worker->planned[worker->planned_count - next->count + i].verb)
			return false;
	return true;
}

static void take_plan(struct worker *worker, struct plan *next)
{
	plan_release(&worker->plan);
	worker->plan = *next;
}

static int finish_done(struct worker *worker, struct plan *next, struct error *err)
{
	enum qm_verb verb = worker_step(worker)->verb;
	int result = end_record(worker, RECORD_DONE, NULL, err);

	worker->result->steps_done++;
	emit(worker, (struct event){ .kind = EVENT_STEP_DONE,
				     .seconds = worker_clock() - worker->began });
	worker->tries = 0;
	take_plan(worker, next);
	if (!is_as_shown(worker, verb, &worker->plan)) {
		worker_abandon(worker, "it was changed by someone else meanwhile: run vyom again "
				       "to see the new plan");
	} else if (worker->plan.count) {
		worker->state = WORKER_READY;
	} else {
		worker->state = WORKER_DONE;
		worker->result->vms_done++;
	}
	return result;
}

static int finish_failed(struct worker *worker, struct plan *next, const char *why,
			 struct error *err)
{
	int result = end_record(worker, RECORD_FAILED, why, err);

	worker->result->steps_failed++;
	worker->result->vms_failed++;
	worker->result->undecided |= next->refusal_count > 0;
	emit(worker, (struct event){ .kind = EVENT_STEP_FAILED, .text = why,
				     .seconds = worker_clock() - worker->began });
	worker->state = WORKER_FAILED;
	plan_release(next);
	return result;
}

/* Pauses 1, 2, 4, … seconds, give or take a half, so that two who collided do not do so again. */
static int finish_retry(struct worker *worker, struct plan *next, const char *why,
			struct error *err)
{
	double pause = (double)(1u << (worker->tries - 1)) *
		       (0.75 + (double)(worker->record.pid % 8) / 16);
	int result = end_record(worker, RECORD_RETRIED, why, err);

	emit(worker, (struct event){ .kind = EVENT_STEP_RETRY, .seconds = pause, .text = why });
	worker->resume = worker_clock() + pause;
	worker->state = WORKER_PAUSED;
	take_plan(worker, next);
	return result;
}

/* Nobody knows yet what came of it: the step stays open, and the next run settles it. */
static void leave_open(struct worker *worker, const char *why)
{
	worker->result->steps_failed++;
	worker->result->vms_failed++;
	worker->result->undecided = true;
	worker->state = WORKER_FAILED;
	emit(worker, (struct event){ .kind = EVENT_STEP_FAILED, .text = why,
				     .seconds = worker_clock() - worker->began });
}

static int finish(struct worker *worker, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT, output = STRBUF_INIT;
	const struct plan_step *step = worker_step(worker);
	struct plan next = { .steps = NULL };

	child_release_fds(&worker->child);
	child_tail(worker->output, OUTPUT_KEPT, &output);
	worker->record.output = strbuf_detach(&output);
	worker->record.status = worker->child.status;
	worker->record.exec_errno = worker->child.exec_errno;
	worker->tries++;
	if (observe_guest(worker->apply->root, worker->apply->state, step->vmid, err) < 0) {
		leave_open(worker, err->text);
		return 0;
	}
	if (remember_clone(worker, err) < 0) {
		leave_open(worker, err->text);
		return -1;
	}
	plan_again(worker, &next);
	if (judge_is_done(step, &worker->record, &next, worker->apply->state, &why))
		return finish_done(worker, &next, err);
	if (worker->tries < TRIES && judge_may_retry(step, &worker->record, &next))
		return finish_retry(worker, &next, why.buf, err);
	return finish_failed(worker, &next, why.buf, err);
}

static void follow_progress(struct worker *worker)
{
	CLEANUP(strbuf_release) struct strbuf tail = STRBUF_INIT;
	int percent;

	child_tail(worker->output, 200, &tail);
	percent = qm_output_percent(tail.buf);
	if (percent < 0 || percent == worker->percent)
		return;
	worker->percent = percent;
	emit(worker, (struct event){ .kind = EVENT_STEP_PROGRESS, .percent = percent });
}

/* It neither ended nor listened: it keeps running, its step stays open, and a person must look. */
static void give_up(struct worker *worker)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT;

	strbuf_addf(&why,
		    "process %d (qm %s %u) did not end in time, nor when it was asked to; it still "
		    "runs: look what it waits for, then run vyom again",
		    worker->child.pid, worker->record.verb, worker->record.vmid);
	child_release_fds(&worker->child);
	leave_open(worker, why.buf);
}

static void enforce_limit(struct worker *worker)
{
	unsigned limit = qm_verb_limit(worker_step(worker)->verb);

	if (worker->terminated) {
		if (worker_clock() > worker->terminated + PATIENCE)
			give_up(worker);
	} else if (limit && worker_clock() > worker->began + limit) {
		kill(worker->child.pid, SIGTERM);
		worker->terminated = worker_clock();
	}
}

int worker_tend(struct worker *worker, struct error *err)
{
	if (child_reap(&worker->child))
		return finish(worker, err);
	follow_progress(worker);
	enforce_limit(worker);
	return 0;
}

void worker_abandon(struct worker *worker, const char *why)
{
	worker->state = WORKER_FAILED;
	worker->result->vms_failed++;
	emit(worker, (struct event){ .kind = EVENT_VM_STOPPED, .text = why });
}
