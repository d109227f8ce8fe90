/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/apply.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "edge/clock.h"
#include "model/record.h"
#include "base/scope.h"
#include "act/worker.h"

enum {
	LINKED_AT_ONCE =
		4, /* clones queue for the storage's lock, 10 s each at most (pve-facts 1.2.5) */
	FULL_AT_ONCE = 1,
	TICK_MS = 500, /* how often progress and time limits are looked at */
};

struct crew {
	struct apply *apply;
	struct worker *workers;
	size_t count;
	int signals;		/* signalfd: SIGCHLD, SIGINT, SIGTERM, SIGHUP */
	sigset_t before;	/* the mask to restore */
	struct apply_result *result;
	bool stopping;
	const char *why_stopping;
};

/* nohup(1) and a shell's background jobs ignore some signals: so do we, then. */
static void add_unless_ignored(sigset_t *set, int signal)
{
	struct sigaction action;

	if (sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
		sigaddset(set, signal);
}

static int open_signals(struct crew *crew, struct error *err)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	add_unless_ignored(&wanted, SIGINT);
	add_unless_ignored(&wanted, SIGTERM);
	add_unless_ignored(&wanted, SIGHUP);
	sigprocmask(SIG_BLOCK, &wanted, &crew->before);
	crew->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	return crew->signals < 0 ? error_set_errno(err, "signalfd") : 0;
}

/*
 * Where the journal was lost, runs count from 1 again, and outputs of that
 * number are those of another journal's run: they are put aside, not mixed.
 */
static int put_aside(const char *folder, int64_t run, struct error *err)
{
	CLEANUP(scope_free) char *outputs = memory_print("%s/%lld-*", folder, (long long)run);
	CLEANUP(scope_free) char *aside = memory_print("%s.%lld", folder, (long long)time(NULL));
	glob_t found;
	int none = glob(outputs, GLOB_NOSORT, NULL, &found);

	globfree(&found);
	if (none)
		return 0;
	return rename(folder, aside) < 0 ? error_set_errno(err, "%s", aside) : 0;
}

static int make_output_folder(const char *root, int64_t run, struct error *err)
{
	CLEANUP(scope_free) char *path = memory_print("%s/var/lib/vyom/output", root);

	if (put_aside(path, run, err) < 0)
		return -1;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, "%s", path);
	return 0;
}

static void gather_workers(struct crew *crew, const struct plan *plan, int64_t run)
{
	for (size_t i = 0; i < plan->count; ) {
		size_t steps = 1;

		while (i + steps < plan->count &&
		       plan->steps[i + steps].vmid == plan->steps[i].vmid)
			steps++;
		worker_init(&MEMORY_PUSH(crew->workers, crew->count), crew->apply, run,
			    &plan->steps[i], steps, crew->result);
		i += steps;
	}
}

static size_t count_running(const struct crew *crew)
{
	size_t running = 0;

	for (size_t i = 0; i < crew->count; i++)
		running += crew->workers[i].state == WORKER_RUNNING;
	return running;
}

/* Copies to one storage wait for each other: the storage's lock would make them, and time out. */
static bool storage_has_room(const struct crew *crew, const struct plan_step *step)
{
	size_t limit = step->full ? FULL_AT_ONCE : LINKED_AT_ONCE, clones = 0;

	if (!qm_verb_has(step->verb, QM_COPIES))
		return true;
	if (crew->apply->clone_jobs)
		limit = crew->apply->clone_jobs;
	for (size_t i = 0; i < crew->count; i++) {
		const struct plan_step *other = worker_step(&crew->workers[i]);

		clones += crew->workers[i].state == WORKER_RUNNING && qm_verb_has(other->verb, QM_COPIES) &&
			  strcmp(other->storage, step->storage) == 0;
	}
	return clones < limit;
}

/* VMs are restarted one at a time: no other until the last one is back. */
static bool may_restart(const struct crew *crew, const struct worker *worker)
{
	for (size_t i = 0; worker_would_restart(worker) && i < crew->count; i++) {
		const struct worker *other = &crew->workers[i];

		if (other->restarting && other->state != WORKER_DONE &&
		    other->state != WORKER_FAILED)
			return false;
	}
	return true;
}

/* Files that VMs read when they start are there before any VM is touched. */
static bool snippets_are_there(const struct crew *crew, const struct worker *worker)
{
	for (size_t i = 0; i < crew->count; i++)
		if (crew->workers[i].planned->verb == QM_SNIPPET && &crew->workers[i] != worker &&
		    crew->workers[i].state != WORKER_DONE)
			return false;
	return true;
}

static bool lacks_a_snippet(const struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++)
		if (crew->workers[i].planned->verb == QM_SNIPPET &&
		    crew->workers[i].state == WORKER_FAILED)
			return true;
	return false;
}

static bool is_not_back(const struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++)
		if (crew->workers[i].restarting && crew->workers[i].state == WORKER_FAILED)
			return true;
	return false;
}

static void stop(struct crew *crew, const char *why)
{
	if (crew->stopping)
		return;
	crew->stopping = true;
	crew->why_stopping = why;
	event_emit(&crew->apply->sink, &(struct event){ .kind = EVENT_STOPPING, .text = why });
}

static void wake_paused(struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++)
		if (crew->workers[i].state == WORKER_PAUSED &&
		    clock_monotonic() >= crew->workers[i].resume)
			crew->workers[i].state = WORKER_READY;
}

static int begin_ready(struct crew *crew, struct error *err)
{
	size_t running = count_running(crew);

	wake_paused(crew);
	for (size_t i = 0; i < crew->count && running < crew->apply->jobs; i++) {
		struct worker *worker = &crew->workers[i];

		if (worker->state != WORKER_READY || !storage_has_room(crew, worker_step(worker)) ||
		    !may_restart(crew, worker) || !snippets_are_there(crew, worker))
			continue;
		if (worker_begin(worker, err) < 0)
			return -1;
		running++;
	}
	return 0;
}

static int tend_running(struct crew *crew, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < crew->count; i++)
		if (crew->workers[i].state == WORKER_RUNNING &&
		    worker_tend(&crew->workers[i], err) < 0)
			result = -1;
	return result;
}

static bool is_pending(const struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++)
		if (crew->workers[i].state == WORKER_READY ||
		    crew->workers[i].state == WORKER_PAUSED)
			return true;
	return false;
}

/* Sleep until a child ends, a signal comes, or it is time to look at progress. */
static void wait_for_news(struct crew *crew)
{
	struct pollfd poller = { .fd = crew->signals, .events = POLLIN };
	struct signalfd_siginfo info;

	poll(&poller, 1, TICK_MS);
	while (read(crew->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		crew->result->interrupted = true;
		for (size_t i = 0; i < crew->count; i++)
			worker_stop_waiting(&crew->workers[i]);
		stop(crew, "interrupted: no new steps are begun; running ones finish");
	}
}

static int work(struct crew *crew, struct error *err)
{
	int result = 0;

	while (count_running(crew) || (!crew->stopping && is_pending(crew))) {
		if (!crew->stopping && begin_ready(crew, err) < 0) {
			result = -1;
			stop(crew, "something failed that would fail again: no new steps are begun");
		}
		wait_for_news(crew);
		if (tend_running(crew, err) < 0) {
			result = -1;
			stop(crew, "the journal cannot be written: no new steps are begun");
		}
		if (lacks_a_snippet(crew))
			stop(crew, "a snippet could not be put there: no new steps are begun");
		if (is_not_back(crew))
			stop(crew, "a VM did not come back from its restart: no new steps are begun");
	}
	return result;
}

static void close_crew(struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++) {
		struct worker *worker = &crew->workers[i];

		if (worker->state == WORKER_READY || worker->state == WORKER_PAUSED)
			worker_abandon(worker, crew->why_stopping);
		worker_release(worker);
	}
	free(crew->workers);
	if (crew->signals >= 0)
		close(crew->signals);
	sigprocmask(SIG_SETMASK, &crew->before, NULL);
}

int apply_plan(struct apply *apply, const struct plan *plan, const struct record_run *run,
	       struct apply_result *result, struct error *err)
{
	struct crew crew = { .apply = apply, .result = result, .signals = -1 };
	double began = clock_monotonic();
	int status;

	if (make_output_folder(apply->root, run->id, err) < 0 || open_signals(&crew, err) < 0)
		return -1;
	event_emit(
		&apply->sink,
		&(struct event){ .kind = EVENT_RUN_BEGIN, .run = run->id, .steps = plan->count });
	gather_workers(&crew, plan, run->id);
	status = work(&crew, err);
	close_crew(&crew);
	event_emit(&apply->sink, &(struct event){ .kind = EVENT_RUN_END,
						  .run = run->id,
						  .steps = plan->count,
						  .done = result->steps_done,
						  .failed = result->steps_failed,
						  .seconds = clock_monotonic() - began });
	return status;
}
