/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/worker_part.h"

#include <string.h>

#include "act/build.h"
#include "act/observe.h"
#include "act/recover.h"
#include "act/snippet_work.h"
#include "act/wait.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/budget.h"
#include "decide/snippet.h"
#include "edge/clock.h"
#include "edge/journal.h"
#include "model/state.h"
#include "model/timeouts.h"
#include "model/vmconf.h"

/* Seconds between two looks whether somebody else's lock has gone. */
enum { LOCK_TICK = 2 };

/* What there is: which version of the config, which volumes; see record.h. */
static char *describe_before(const struct state *state, const struct plan_step *step)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	unsigned vmid = step->vmid;
	const struct state_guest *guest = state_find_guest(state, vmid);

	if (step->verb == QM_SNIPPET)
		return snippet_work_before(state, step->vm);
	if (guest && *guest->digest)
		strbuf_addf(&text, "config %s", guest->digest);
	else
		strbuf_adds(&text, guest ? "config" : RECORD_NO_CONFIG);
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid == vmid)
			strbuf_addf(&text, ", %s%s/%s", volume->referenced ? "" : RECORD_ORPHAN,
				    volume->vg, volume->name);
	}
	return strbuf_detach(&text);
}

/* Of a move also what it copies: the config will not tell any more. */
static char *describe_source(const struct state *state, const struct plan_step *step, char *before)
{
	const struct state_guest *guest = state_find_guest(state, step->vmid);
	const char *drive = guest && guest->conf && step->verb == QM_MOVE ?
				    vmconf_get(guest->conf, step->argv.items[4]) : NULL;
	char *text;

	if (!drive)
		return before;
	text = memory_print("%s, " RECORD_SOURCE "%.*s", before, (int)strcspn(drive, ","), drive);
	free(before);
	return text;
}

/* The step's command; what can be told so meets the very config that we planned for. */
static void fill_argv(const struct worker *worker, struct strvec *argv)
{
	const struct plan_step *step = worker_step(worker);
	const struct state_guest *guest = state_find_guest(worker->apply->state, step->vmid);

	strvec_extend(argv, &step->argv);
	if (qm_verb_has(step->verb, QM_GUARDED) && guest && *guest->digest)
		qm_guard(argv, guest->digest);
}

static void fill_record(struct worker *worker, const struct strvec *argv)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct plan_step *step = worker_step(worker);
	const struct state *state = worker->apply->state;

	strvec_quote_line(argv, &text);
	record_step_release(&worker->record);
	worker->record = (struct record_step){
		.run = worker->run,
		.vmid = step->vmid,
		.vm = memory_copy(step->vm),
		.verb = memory_copy(qm_verb_name(step->verb)),
		.argv = strbuf_detach(&text),
		.before = describe_source(state, step, describe_before(state, step)),
		.started = clock_wall(),
		.status = -1,
	};
}

static int make_snippet_child(struct worker *worker, struct error *err)
{
	CLEANUP(snippet_work_free) struct snippet_work *work =
		snippet_work_new(worker->apply->root, worker_step(worker), &worker->record,
				 worker->apply->state);
	const struct child_work run = snippet_work_run(work);

	snippet_note_change(worker_step(worker)->section, worker->apply->state,
			    worker->apply->records);
	return child_prepare_work(&worker->child, &run, worker->output, err);
}

static int make_child(struct worker *worker, const struct strvec *words, struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(scope_free) char *program = qm_program(worker->apply->root, words->items[0]);
	enum qm_verb verb = worker_step(worker)->verb;
	struct wait wait = {
		.root = worker->apply->root, .vmid = worker->record.vmid,
		.time_scale = worker->apply->time_scale,
	};
	struct child_work work;

	free(worker->output);
	worker->output = memory_print("%s/var/lib/vyom/output/%lld-%lld", worker->apply->root,
				      (long long)worker->run, (long long)worker->record.number);
	worker->child = (struct child)CHILD_INIT;
	if (worker->apply->build && build_begin_step(worker->apply->build, verb, err) < 0)
		return -1;
	if (verb == QM_SNIPPET)
		return make_snippet_child(worker, err);
	if (verb == QM_WAIT) {
		wait.what = words->items[words->count - 1];
		work = wait_work(&wait);
		return child_prepare_work(&worker->child, &work, worker->output, err);
	}
	if (qm_verb_has(verb, QM_OWN)) {
		work = build_work(worker->apply->build, verb, worker->apply->state);
		return child_prepare_work(&worker->child, &work, worker->output, err);
	}
	strvec_push(&argv, program);
	for (size_t i = 1; i < words->count; i++)
		strvec_push(&argv, words->items[i]);
	return child_prepare(&worker->child, &argv, worker_step(worker)->input, worker->output,
			     err);
}

/* What an earlier step left is there still, and ours by this one now, which was to take it away. */
static enum record_result settle_unbegun(struct worker *worker)
{
	const struct apply *apply = worker->apply;

	if (qm_verb_has(worker_step(worker)->verb, QM_LEAVES) &&
	    recover_left_something(apply->state, apply->records, &worker->record))
		return RECORD_INTERRUPTED;
	record_vms_doubt_end(apply->records, worker->record.vmid);
	return RECORD_FAILED;
}

/* The intent stands, but nothing came of it: say so, or the next run would wonder. */
static int cancel(struct worker *worker, struct error *err)
{
	CLEANUP(scope_free) char *who = record_who(worker->record.vm, worker->record.vmid);
	struct error ignored;

	child_release_fds(&worker->child);
	worker->state = WORKER_FAILED;
	worker->result->vms_failed += worker_has_vm(worker);
	worker->record.result = settle_unbegun(worker);
	worker->record.ended = clock_wall();
	worker->record.message = memory_copy(err->text);
	journal_step_end(worker->apply->journal, &worker->record, &ignored);
	return error_prefix(err, "%s", who);
}

static int begin_child(struct worker *worker, const struct strvec *argv, struct error *err)
{
	struct journal *journal = worker->apply->journal;
	const struct plan_step *step = worker_step(worker);

	if (make_child(worker, argv, err) < 0)
		return cancel(worker, err);
	worker->record.pid = worker->child.pid;
	worker->record.pid_start = worker->child.start;
	if (step->verb == QM_START && !worker->apply->build &&
	    journal_vm_started(journal, step->vmid, err) < 0)
		return cancel(worker, err);
	if (journal_step_child(journal, &worker->record, err) < 0 ||
	    child_release(&worker->child, err) < 0)
		return cancel(worker, err);
	return 0;
}

/* Until it is known how it ended, what it leaves is ours to undo. */
static void raise_doubt(struct worker *worker, enum qm_verb verb)
{
	if (qm_verb_has(verb, QM_LEAVES))
		record_vms_doubt_add(worker->apply->records, &worker->record);
}

static int begin_step(struct worker *worker, struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	const struct plan_step *step = worker_step(worker);
	CLEANUP(scope_free) char *who = record_who(step->vm, step->vmid);

	fill_argv(worker, &argv);
	fill_record(worker, &argv);
	if (journal_step_begin(worker->apply->journal, &worker->record, err) < 0)
		return error_prefix(err, "%s: %s was not begun", who,
				    qm_verb_name(step->verb));
	raise_doubt(worker, step->verb);
	if (begin_child(worker, &argv, err) < 0)
		return -1;
	worker->restarting |= worker_would_restart(worker);
	worker->state = WORKER_RUNNING;
	progress_release(&worker->progress);
	worker->spoilt = false;
	watch_begin(&worker->watch, timeouts_limit(worker->apply->node, step->verb), 0,
		    worker->apply->time_scale);
	worker_emit(worker, (struct event){ .kind = EVENT_STEP_BEGIN });
	return 0;
}

/* --- is it still the right step? --- */

static void stop_for_others(struct worker *worker, const char *why)
{
	worker->result->undecided = true;
	worker_abandon(worker, why);
}

/* A backup, say, which gives its lock back by itself: wait, but not for ever. */
static void wait_for_others(struct worker *worker, const char *why)
{
	const struct apply *apply = worker->apply;
	CLEANUP(scope_free) char *text = NULL;
	double now = clock_monotonic();

	if (!worker->waiting) {
		worker->waiting = now;
		worker_emit(worker, (struct event){ .kind = EVENT_STEP_RETRY,
						    .seconds = apply->wait, .text = why });
	}
	worker->state = WORKER_PAUSED;
	worker->resume = now + LOCK_TICK * apply->time_scale;
	if (now < worker->waiting + apply->wait)
		return;
	text = memory_print("%s: that did not end in time; if nobody is at work on it any more, "
			    "qm unlock %u, then run vyom again", why, worker_step(worker)->vmid);
	stop_for_others(worker, text);
}

static char *passing_lock(const struct worker *worker)
{
	const struct state_guest *guest =
		state_find_guest(worker->apply->state, worker->planned->vmid);
	const char *lock = guest && guest->conf ? vmconf_get(guest->conf, "lock") : NULL;

	return qm_lock_passes(lock) ? memory_print("it is locked (%s)", lock) : NULL;
}

/* Was there no refusal since, and is there room still in the pool?  Else the VM stops here. */
static bool is_possible(struct worker *worker, const struct plan *next)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT;

	if (next->refusal_count) {
		worker->result->undecided |= !next->busy;
		worker_abandon(worker, next->refusals[0].text);
	} else if (!worker->undoing && !worker_is_as_shown(worker, next)) {
		worker_abandon(worker, "it was changed by someone else meanwhile: run vyom again "
				       "to see the new plan");
	} else if (next->count &&
		   !budget_admits_step(&next->steps[0], worker->apply->state, &why)) {
		stop_for_others(worker, why.buf);
	} else {
		return true;
	}
	return false;
}

/* 1: begin the step; 0: not now, or not any more. */
static int look_before(struct worker *worker, struct error *err)
{
	CLEANUP(plan_release) struct plan next = { .steps = NULL };
	CLEANUP(scope_free) char *lock = NULL;
	unsigned vmid = worker->planned->vmid;

	if (worker->planned->verb == QM_SNIPPET)
		observe_snippets(worker->apply->root, worker->apply->state);
	else if (observe_guest(worker->apply->root, worker->apply->state, vmid, err) < 0)
		return error_prefix(err, "%s (%u)", worker->planned->vm, vmid);
	worker_plan(worker, &next);
	lock = passing_lock(worker);
	if (lock && next.count) {
		wait_for_others(worker, lock);
		return 0;
	}
	worker->waiting = 0;
	if (!is_possible(worker, &next))
		return 0;
	worker_take_plan(worker, &next);
	if (worker->plan.count)
		return 1;
	worker->state = WORKER_DONE;
	worker->result->vms_done += worker_has_vm(worker);
	return 0;
}

int worker_begin(struct worker *worker, struct error *err)
{
	int ready = look_before(worker, err);

	return ready > 0 ? begin_step(worker, err) : ready;
}
