/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/prune.h"

#include <stdlib.h>

#include "base/scope.h"
#include "edge/clock.h"
#include "edge/journal.h"
#include "edge/outputs.h"

enum { DAY = 24 * 60 * 60 };

struct known {
	struct record_runs runs;		/* newest first */
	struct record_steps open, in_doubt;
	double limit;				/* what ended before is old */
};

static void release(struct known *known)
{
	record_runs_release(&known->runs);
	record_steps_release(&known->open);
	record_steps_release(&known->in_doubt);
}

static int compare_id(const void *id, const void *run)
{
	int64_t a = *(const int64_t *)id;
	int64_t b = ((const struct record_run *)run)->id;

	return (a < b) - (a > b);
}

static const struct record_run *find_run(const struct record_runs *runs, int64_t id)
{
	if (runs->count == 0)
		return NULL;
	return bsearch(&id, runs->items, runs->count, sizeof(*runs->items), compare_id);
}

static bool has_step(const struct record_steps *steps, const struct outputs_file *file)
{
	for (size_t i = 0; i < steps->count; i++)
		if (steps->items[i].run == file->run && steps->items[i].number == file->step)
			return true;
	return false;
}

static bool is_old(const void *context, const struct outputs_file *file)
{
	const struct known *known = context;
	const struct record_run *run;

	if (file->aside > 0)
		return file->aside < known->limit;
	run = find_run(&known->runs, file->run);
	if (!run)
		return file->written < known->limit;
	return run->ended > 0 && run->ended < known->limit && !has_step(&known->open, file) &&
	       !has_step(&known->in_doubt, file);
}

int prune_outputs(const char *root, struct journal *journal, unsigned days,
		  struct outputs_removed *removed, struct error *err)
{
	CLEANUP(release) struct known known = { .limit = clock_wall() - (double)days * DAY };

	if (journal_read_runs(journal, 0, &known.runs, err) < 0 ||
	    journal_read_open_steps(journal, &known.open, err) < 0 ||
	    journal_read_in_doubt(journal, &known.in_doubt, err) < 0)
		return -1;
	return outputs_remove(root, is_old, &known, removed, err);
}
