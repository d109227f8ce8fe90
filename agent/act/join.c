/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/join.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "act/observe.h"
#include "act/progress.h"
#include "act/recover.h"
#include "act/watch.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/plan.h"
#include "edge/child.h"
#include "edge/clock.h"
#include "edge/journal.h"
#include "edge/pvefs.h"
#include "model/record.h"
#include "model/state.h"
#include "model/timeouts.h"

char *join_output_path(const struct recover *recover, const struct record_step *step)
{
	return memory_print("%s/var/lib/vyom/output/%lld-%lld", recover->root,
			    (long long)step->run, (long long)step->number);
}

static void pause_shortly(void)
{
	const struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };

	nanosleep(&tick, NULL);
}

/* After a reboot the number of an old child may be any process's. */
static int is_of_this_boot(struct journal *journal, int64_t id, bool *same, struct error *err)
{
	CLEANUP(record_run_release) struct record_run run = { .id = 0 };
	CLEANUP(scope_free) char *now = child_boot_id();

	if (journal_read_run(journal, id, &run, err) < 0)
		return -1;
	*same = !now || !run.boot_id || strcmp(now, run.boot_id) == 0;
	return 0;
}

static void remark(const struct recover *recover, const struct record_step *step, const char *what)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *who = record_who(step->vm, step->vmid);

	strbuf_addf(&text, "%s: %s%s of run %lld %s; waiting for it", who,
		    qm_prefix(step->verb), step->verb, (long long)step->run, what);
	event_emit(&recover->sink, &(struct event){ .kind = EVENT_REMARK, .text = text.buf });
}

static int refuse_child(const struct record_step *step, struct error *err)
{
	CLEANUP(scope_free) char *who = record_who(step->vm, step->vmid);

	return error_set(err, ERROR_REFUSED,
			 "%s: process %d (%s%s of run %lld) does not end, nor did it when it "
			 "was asked to: look what it waits for, then run vyom again",
			 who, (int)step->pid, qm_prefix(step->verb), step->verb,
			 (long long)step->run);
}

static int follow_child(const struct recover *recover, const struct record_step *step,
			struct error *err)
{
	CLEANUP(scope_free) char *output = join_output_path(recover, step);
	CLEANUP(progress_release) struct progress progress = PROGRESS_INIT;
	/* as the report knows steps: by the VM and the verb */
	const struct plan_step like = {
		.vm = step->vm, .vmid = step->vmid, .verb = qm_verb_find(step->verb),
	};
	double ago = clock_wall() - step->started;
	struct watch watch;

	watch_begin(&watch, timeouts_limit(recover->node, like.verb), ago > 0 ? ago : 0,
		    recover->time_scale);
	while (child_is_alive(step->pid, step->pid_start)) {
		enum watch_advice advice;

		progress_follow(&progress, output, &recover->sink, &like, step->run);
		watch_look(&watch, recover->root, step->vmid, output);
		advice = watch_advise(&watch);
		if (advice == WATCH_GIVE_UP)
			return refuse_child(step, err);
		if (advice == WATCH_TERMINATE) {
			kill(step->pid, SIGTERM);
			watch_terminated(&watch);
		}
		pause_shortly();
	}
	return 0;
}

int join_child(const struct recover *recover, const struct record_step *step, struct error *err)
{
	CLEANUP(scope_free) char *what = NULL;
	bool same_boot;

	if (!step->pid || !child_is_alive(step->pid, step->pid_start))
		return 0;
	if (is_of_this_boot(recover->journal, step->run, &same_boot, err) < 0)
		return -1;
	if (!same_boot || qm_verb_find(step->verb) == QM_VERB_COUNT)
		return 0;
	what = memory_print("is still at work (process %d)", (int)step->pid);
	remark(recover, step, what);
	return follow_child(recover, step, err);
}

/* What of the VM is in use by others than itself; NULL: nothing.  Caller frees. */
static char *find_work(const struct recover *recover, unsigned vmid)
{
	const struct state *state = recover->state;
	const struct state_guest *guest = state_find_guest(state, vmid);

	bool runs = guest && guest->pid;

	if (!runs && pvefs_is_locked(recover->root, vmid))
		return memory_print("left the VM to a process that holds its lock");
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid == vmid && volume->open && !(runs && volume->referenced))
			return memory_print("left a process that still has %s/%s open", volume->vg,
					    volume->name);
	}
	return NULL;
}

static int refuse_work(const struct record_step *step, const char *work, struct error *err)
{
	return error_set(err, ERROR_REFUSED,
			 "%s (%u): %s%s of run %lld %s, and it makes no progress: look who it is "
			 "(fuser -v, or lsof), then run vyom again",
			 step->vm, step->vmid, qm_prefix(step->verb), step->verb,
			 (long long)step->run, work);
}

static int wait_for_work(const struct recover *recover, const struct record_step *step, char **work,
			 struct error *err)
{
	CLEANUP(scope_free) char *output = join_output_path(recover, step);
	struct watch watch;

	watch_begin(&watch, 0, 0, recover->time_scale);
	remark(recover, step, *work);
	while (*work) {
		pause_shortly();
		watch_look(&watch, recover->root, step->vmid, output);
		if (watch_advise(&watch) != WATCH_WAIT)
			return refuse_work(step, *work, err);
		if (observe_guest(recover->root, recover->state, step->vmid, err) < 0)
			return -1;
		free(*work);
		*work = find_work(recover, step->vmid);
	}
	return 0;
}

int join_quiet(const struct recover *recover, const struct record_step *step, struct error *err)
{
	enum qm_verb verb = qm_verb_find(step->verb);
	CLEANUP(scope_free) char *work = NULL;

	/* a worker outlives its qm for a moment, and may not have the lock yet */
	if (qm_verb_has(verb, QM_LEAVES))
		pause_shortly();
	if (observe_after(recover->root, recover->state, step->vmid, verb, err) < 0)
		return -1;
	if (!qm_verb_has(verb, QM_LEAVES))
		return 0;
	work = find_work(recover, step->vmid);
	return work ? wait_for_work(recover, step, &work, err) : 0;
}
