/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * document.h - what the core found or did, as JSON documents (jansson)
 *
 * There is one for each thing that is told.  -o json prints it, -o events sends it as a
 * line, text is drawn of it: here, or on an outpost that got the line.  So the three
 * cannot differ.  Its field "event" says what it is.  vyom(8), DOCUMENTS, has them all.
 *
 * Each returns a new reference, which report_show() takes.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct adopt;
struct apply_result;
struct event;
struct fitness;
struct golden_list;
struct outputs_removed;
struct plan;
struct record_run;
struct record_runs;
struct record_steps;
struct share;
struct state;
struct status;
struct strvec;
struct verify;

/* Text that others wrote may be no UTF-8; it is then given byte by byte as Latin-1, never lost. */
json_t *document_text(const char *text);
/* null: it is not about a VM */
json_t *document_vmid(unsigned vmid);
json_t *document_strings(const struct strvec *items);

json_t *document_plan(const struct plan *plan);
/* What happens now. */
json_t *document_event(const struct event *event);
/*
 * After an apply or destroy; result NULL: there was nothing to do.  Takes over plan, its
 * document: what a plan points to may be gone once it is carried out.
 */
json_t *document_outcome(json_t *plan, int64_t run, const struct apply_result *result);
/* quiet: only drift */
json_t *document_verify(const struct verify *verify, bool quiet);
/* A config that was made, and its path; NULL: it is not written anywhere. */
json_t *document_config(const char *path, const char *text);
json_t *document_check(const struct fitness *fitness);

/* What adopt found: all: by their marks, so that those known already are only counted. */
json_t *document_adopt(const struct adopt *adopt, const struct state *state, bool all);
/* After it: run 0 if there was nothing to take over. */
json_t *document_adopted(const struct adopt *adopt, const struct state *state, int64_t run);

json_t *document_status(const struct status *status);
json_t *document_pool(const struct state *state);
json_t *document_shared(const struct share *share);
json_t *document_templates(const struct golden_list *list);
json_t *document_run(const struct record_run *run);
json_t *document_runs(const struct record_runs *runs);
json_t *document_steps(const struct record_run *run, const struct record_steps *steps);
json_t *document_pruned(unsigned days, const struct outputs_removed *removed);

#endif
