/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/follow.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/report.h"
#include "edge/journal.h"
#include "edge/runlock.h"

/* What was told of a run already: by step, in order, whether its end was. */
struct follow {
	struct cli *cli;
	bool *ended;
	size_t count;
};

static void tell_step(const struct follow *follow, const struct record_step *step,
		      const char *event)
{
	bool over = step->result != RECORD_OPEN;

	report_show(follow->cli->report, json_pack("{s:s, s:o, s:o, s:o, s:f, s:f, s:o}",
		"event", event, "vm", document_text(step->vm), "vmid", document_vmid(step->vmid),
		"verb", document_text(step->verb), "time", over ? step->ended : step->started,
		"seconds", over ? step->ended - step->started : 0,
		"text", document_text(step->message)));
}

static const char *end_of(const struct record_step *step)
{
	if (step->result == RECORD_RETRIED)
		return "step-retry";
	return step->result == RECORD_DONE ? "step-done" : "step-failed";
}

static void tell_steps(struct follow *follow, const struct record_steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct record_step *step = &steps->items[i];

		if (i >= follow->count) {
			MEMORY_PUSH(follow->ended, follow->count) = false;
			if (step->result == RECORD_OPEN)
				tell_step(follow, step, "step-begin");
		}
		if (follow->ended[i] || step->result == RECORD_OPEN)
			continue;
		follow->ended[i] = true;
		tell_step(follow, step, end_of(step));
	}
}

static void tell_run(const struct follow *follow, const struct record_run *run)
{
	json_t *document = document_run(run);

	json_object_set_new(document, "event", json_string("run"));
	report_show(follow->cli->report, document);
}

/* Its steps as they are now.  The run is read first: what it has ended with is then all told. */
static int look(struct follow *follow, int64_t id, struct record_run *run, struct error *err)
{
	CLEANUP(record_steps_release) struct record_steps steps = { .items = NULL };

	record_run_release(run);
	if (journal_read_run(follow->cli->journal, id, run, err) < 0 ||
	    journal_read_steps(follow->cli->journal, run->id, &steps, err) < 0)
		return -1;
	if (follow->cli->report->live)
		tell_steps(follow, &steps);
	else if (run->ended > 0)
		report_show(follow->cli->report, document_steps(run, &steps));
	return 0;
}

static int follow_to_end(struct follow *follow, struct record_run *run, struct error *err)
{
	const struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };
	const int64_t id = run->id;

	while (run->ended <= 0) {
		bool alive = runlock_is_held(follow->cli->root);

		if (look(follow, id, run, err) < 0)
			return -1;
		if (run->ended <= 0 && !alive)
			return error_set(err, ERROR_SYSTEM, "run %lld was cut off: what carried it "
					 "out is no more; run the same again, it goes on from there",
					 (long long)id);
		if (run->ended <= 0)
			nanosleep(&tick, NULL);
	}
	return 0;
}

int follow_run(struct cli *cli, int64_t id, struct error *err)
{
	CLEANUP(record_run_release) struct record_run run = { .id = 0 };
	struct follow follow = { .cli = cli };
	int result;

	if (journal_read_run(cli->journal, id, &run, err) < 0)
		return -1;
	if (cli->report->live && run.ended <= 0)
		tell_run(&follow, &run);
	/* one that has ended is looked at once */
	result = run.ended > 0 ? look(&follow, run.id, &run, err)
			       : follow_to_end(&follow, &run, err);
	free(follow.ended);
	if (result < 0)
		return -1;
	if (cli->report->live)
		tell_run(&follow, &run);
	return run.result == RECORD_DONE ? CLI_OK : CLI_FAILED;
}
