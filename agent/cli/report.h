/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - what the user sees, in text or JSON
 *
 * The core hands over its data; a report draws it on a stream.  Each verb calls
 * one of these once, but for event(), which is called as things happen.
 *
 * Text is for people: names that others chose (a VM's name, a volume's) are
 * printed with control characters made visible.  JSON is one document a verb.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "decide/fitness.h"
#include "model/record.h"
#include "decide/status.h"
#include "decide/verify.h"

struct adopt;
struct apply_result;
struct event;
struct golden_list;
struct outputs_removed;
struct plan;
struct share;
struct state;

struct report {
	const char *name;	/* as in -o NAME */
	void (*plan)(FILE *out, const struct plan *plan);
	void (*event)(FILE *out,
		      const struct event *event); /* NULL: things are not told as they happen */
	/* after an apply or destroy; result NULL: there was nothing to do */
	void (*outcome)(FILE *out, const struct plan *plan, int64_t run,
			const struct apply_result *result);
	/* what adopt found: all: by their marks, so that those known already are only counted */
	void (*adopt)(FILE *out, const struct adopt *adopt, const struct state *state, bool all);
	/* after it: run 0 if there was nothing to take over */
	void (*adopted)(FILE *out, const struct adopt *adopt, const struct state *state,
			int64_t run);
	void (*verify)(FILE *out, const struct verify *verify, bool quiet);
	void (*check)(FILE *out, const struct fitness *fitness);
	void (*status)(FILE *out, const struct status *status);
	void (*pool)(FILE *out, const struct state *state);
	void (*shared)(FILE *out, const struct share *share);
	void (*templates)(FILE *out, const struct golden_list *list);
	void (*runs)(FILE *out, const struct record_runs *runs);
	void (*steps)(FILE *out, const struct record_run *run, const struct record_steps *steps);
	void (*pruned)(FILE *out, unsigned days, const struct outputs_removed *removed);
};

extern const struct report report_text, report_json;

/* NULL if there is none of that name. */
const struct report *report_find(const char *name);

#endif
