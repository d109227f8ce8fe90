/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.h - the record of runs and steps (SQLite)
 *
 * Every write is one transaction, on the disk when the call returns: WAL with
 * synchronous=FULL.  Opened for change, the file and its folder are made if
 * missing (0700, 0600), and an older schema is brought up to date, each numbered
 * step with its PRAGMA user_version in one transaction.  A newer one is refused
 * (ERROR_REFUSED), a damaged one too (ERROR_SYSTEM), and left as it is.
 *
 * Opened to read, nothing is created or opened for writing: cron's verify may
 * look while a run writes.  A journal that does not exist reads as an empty one.
 * One process does not have the same journal open in both ways at once.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "model/record.h"

struct error;
struct journal;

enum journal_access { JOURNAL_READ, JOURNAL_CHANGE };

struct journal *journal_open(const char *path, enum journal_access access, struct error *err);
void journal_close(struct journal *journal);
void journal_cleanup(struct journal **journal);	/* for CLEANUP() */

/* Begin a run: fills run->id.  verb, argv, version, vmids, pid …: from run. */
int journal_run_begin(struct journal *journal, struct record_run *run, struct error *err);
int journal_run_end(struct journal *journal, int64_t run, enum record_result result,
		    const char *summary, struct error *err);

/* The intent of a step: fills step->number.  Committed before the child is made. */
int journal_step_begin(struct journal *journal, struct record_step *step, struct error *err);
/* The child exists and waits to be released. */
int journal_step_child(struct journal *journal, const struct record_step *step, struct error *err);
/*
 * The result: step's result, status, message, output, ended.  One that was interrupted may
 * be settled later.
 */
int journal_step_end(struct journal *journal, const struct record_step *step, struct error *err);

/* A VM is ours and this is who it is; replaces an older record of that VMID. */
int journal_vm_remember(struct journal *journal, const struct record_vm *vm, struct error *err);
int journal_vm_started(struct journal *journal, unsigned vmid, struct error *err);
int journal_vm_suspect(struct journal *journal, unsigned vmid, struct error *err);
int journal_vm_forget(struct journal *journal, unsigned vmid, struct error *err);
/* All of them, or after a kill none. */
int journal_vms_forget(struct journal *journal, const struct record_vms *vms, struct error *err);

/* A template is ours: replaces an older record of that VMID; and forgets it. */
int journal_template_remember(struct journal *journal, const struct record_template *template,
			      struct error *err);
int journal_template_forget(struct journal *journal, unsigned vmid, struct error *err);

/* A disk of a VM that is ours was moved; forgotten along with the VM's record. */
int journal_copy_remember(struct journal *journal, const struct record_copy *copy,
			  struct error *err);

/* Reading.  Newest first for runs, in order for steps; limit 0: all. */
int journal_read_runs(struct journal *journal, size_t limit, struct record_runs *runs,
		      struct error *err);
/* One run by id (0: the newest); -1 with ERROR_USAGE if there is none. */
int journal_read_run(struct journal *journal, int64_t id, struct record_run *run,
		     struct error *err);
int journal_read_steps(struct journal *journal, int64_t run, struct record_steps *steps,
		       struct error *err);
/* All steps, of whatever run, that have an intent and no result. */
int journal_read_open_steps(struct journal *journal, struct record_steps *steps, struct error *err);
/*
 * By VMID: its newest clone, create or destroy, where that was begun and is not known to have ended
 * well or left nothing.  A later step of that VM that was done says that it had ended well,
 * unless it only freed what was left of it.
 */
int journal_read_in_doubt(struct journal *journal, struct record_steps *steps, struct error *err);
/* All steps that put a snippet on the node, or were to, in order. */
int journal_read_snippets(struct journal *journal, struct record_steps *steps, struct error *err);
/* All runs without an end. */
int journal_read_open_runs(struct journal *journal, struct record_runs *runs, struct error *err);
int journal_read_vms(struct journal *journal, struct record_vms *vms, struct error *err);
int journal_read_templates(struct journal *journal, struct record_templates *templates,
			   struct error *err);
int journal_read_copies(struct journal *journal, struct record_copies *copies, struct error *err);

#endif
