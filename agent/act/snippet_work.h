/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snippet_work.h - the step that puts a file for cloud-init on the node
 *
 * Its file has, while it is written, a name of which node, run and step are part: so the
 * journal tells which one a step that was cut off may have left.
 */
#ifndef SNIPPET_WORK_H
#define SNIPPET_WORK_H

#include "edge/child.h"

struct plan_step;
struct record_step;
struct snippet_work;
struct state;

/* What a child does of step, which is journalled as record; freed by snippet_work_free(). */
struct snippet_work *snippet_work_new(const char *root, const struct plan_step *step,
				      const struct record_step *record, const struct state *state);
void snippet_work_free(struct snippet_work **work);
struct child_work snippet_work_run(struct snippet_work *work);

/* What there is before the step, for the journal: "sha256 …" or "no file"; caller frees. */
char *snippet_work_before(const struct state *state, const char *volid);

/* It has ended, well or not: what it left beside its file is taken away. */
void snippet_work_clear(const char *root, const struct record_step *record,
			const struct state *state);

/* The same of one that nobody saw the end of, and its result: is the file there, as it was to be? */
void snippet_work_settle(const char *root, struct record_step *record, const struct state *state);

#endif
