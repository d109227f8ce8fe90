/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/journal.h"

#include <stdlib.h>

#include "base/error.h"
#include "edge/clock.h"
#include "edge/journal_handle.h"
#include "base/memory.h"

struct journal *journal_open(const char *path, enum journal_access access, struct error *err)
{
	struct journal *journal = memory_new(1, sizeof(*journal));

	journal->path = memory_copy(path);
	journal->access = access;
	if (journal_handle_connect(journal, err) == 0)
		return journal;
	journal_close(journal);
	if (access == JOURNAL_CHANGE)
		error_prefix(err, "nothing was done");
	return NULL;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	journal_handle_disconnect(journal);
	free(journal->path);
	free(journal);
}

void journal_cleanup(struct journal **journal)
{
	journal_close(*journal);
}

static sqlite3_stmt *prepare(struct journal *journal, enum journal_handle_query query,
			     struct error *err)
{
	if (journal->access == JOURNAL_CHANGE)
		return journal_handle_prepare(journal, query, err);
	error_set(err, ERROR_SYSTEM, "%s: the journal is open to read only", journal->path);
	return NULL;
}

/* What is bound must live until the statement was stepped; all of it is the caller's. */
static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
	sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

/* Absent is NULL in the tables, and 0 in a record. */
static void bind_time(sqlite3_stmt *statement, int place, double time)
{
	if (time > 0)
		sqlite3_bind_double(statement, place, time);
}

/*
 * Step a statement that changes something to its end, so that it is committed,
 * and put it away.  Counts its rows, and keeps the first number of the last one.
 */
static int change(struct journal *journal, sqlite3_stmt *statement, int *rows, int64_t *number,
		  struct error *err)
{
	int64_t found = 0;
	int code, result = 0;

	*rows = 0;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		found = sqlite3_column_int64(statement, 0);
		(*rows)++;
	}
	if (code != SQLITE_DONE)
		result = journal_file_fail(journal->file.db, journal->path, err);
	else if (number)
		*number = found;
	journal_handle_reset(statement);
	return result;
}

/*
 * Of changes that are to meet an open run or step, and of which a second one would be a
 * falsehood.
 */
static int change_open(struct journal *journal, sqlite3_stmt *statement, int64_t run, int64_t step,
		       struct error *err)
{
	int rows;

	if (change(journal, statement, &rows, NULL, err) < 0)
		return -1;
	if (rows)
		return 0;
	if (step)
		return error_set(err, ERROR_SYSTEM,
				 "%s: run %lld has no open step %lld; another vyom may have closed "
				 "it",
				 journal->path, (long long)run, (long long)step);
	return error_set(err, ERROR_SYSTEM,
			 "%s: there is no open run %lld; another vyom may have closed it",
			 journal->path, (long long)run);
}

/* --- writing --- */

int journal_run_begin(struct journal *journal, struct record_run *run, struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, RUN_BEGIN, err);
	int rows;

	if (!statement)
		return -1;
	bind_text(statement, 1, run->verb);
	bind_text(statement, 2, run->argv);
	bind_text(statement, 3, run->version);
	bind_text(statement, 4, run->vmids);
	bind_time(statement, 5, run->started);
	sqlite3_bind_int64(statement, 6, run->pid);
	sqlite3_bind_int64(statement, 7, (int64_t)run->pid_start);
	bind_text(statement, 8, run->boot_id);
	return change(journal, statement, &rows, &run->id, err);
}

int journal_run_end(struct journal *journal, int64_t run, enum record_result result,
		    const char *summary, struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, RUN_END, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, run);
	bind_text(statement, 2, record_result_name(result));
	bind_text(statement, 3, summary);
	bind_time(statement, 4, clock_wall());
	return change_open(journal, statement, run, 0, err);
}

int journal_step_begin(struct journal *journal, struct record_step *step, struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, STEP_BEGIN, err);
	int rows;

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, step->run);
	sqlite3_bind_int64(statement, 2, step->vmid);
	bind_text(statement, 3, step->vm);
	bind_text(statement, 4, step->verb);
	bind_text(statement, 5, step->argv);
	bind_text(statement, 6, step->before);
	bind_time(statement, 7, step->started);
	return change(journal, statement, &rows, &step->number, err);
}

int journal_step_child(struct journal *journal, const struct record_step *step, struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, STEP_CHILD, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, step->run);
	sqlite3_bind_int64(statement, 2, step->number);
	sqlite3_bind_int64(statement, 3, step->pid);
	sqlite3_bind_int64(statement, 4, (int64_t)step->pid_start);
	return change_open(journal, statement, step->run, step->number, err);
}

int journal_step_end(struct journal *journal, const struct record_step *step, struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, STEP_END, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, step->run);
	sqlite3_bind_int64(statement, 2, step->number);
	bind_text(statement, 3, record_result_name(step->result));
	sqlite3_bind_int(statement, 4, step->status);
	bind_text(statement, 5, step->message);
	bind_text(statement, 6, step->output);
	bind_time(statement, 7, step->ended);
	return change_open(journal, statement, step->run, step->number, err);
}

int journal_vm_remember(struct journal *journal, const struct record_vm *vm, struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, VM_REMEMBER, err);
	int rows;

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, vm->vmid);
	bind_text(statement, 2, vm->cluster);
	bind_text(statement, 3, vm->name);
	bind_text(statement, 4, vm->uuid);
	bind_text(statement, 5, vm->vmgenid);
	if (vm->run)
		sqlite3_bind_int64(statement, 6, vm->run);
	sqlite3_bind_int(statement, 7, vm->started);
	sqlite3_bind_int(statement, 8, vm->suspect);
	return change(journal, statement, &rows, NULL, err);
}

static int change_vm(struct journal *journal, enum journal_handle_query query, unsigned vmid,
		     struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, query, err);
	int rows;

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, vmid);
	return change(journal, statement, &rows, NULL, err);
}

int journal_vm_started(struct journal *journal, unsigned vmid, struct error *err)
{
	return change_vm(journal, VM_STARTED, vmid, err);
}

int journal_vm_suspect(struct journal *journal, unsigned vmid, struct error *err)
{
	return change_vm(journal, VM_SUSPECT, vmid, err);
}

int journal_vm_forget(struct journal *journal, unsigned vmid, struct error *err)
{
	return change_vm(journal, VM_FORGET, vmid, err);
}

int journal_vms_forget(struct journal *journal, const struct record_vms *vms, struct error *err)
{
	sqlite3 *db = journal->file.db;

	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return journal_file_fail(db, journal->path, err);
	for (size_t i = 0; i < vms->count; i++) {
		if (journal_vm_forget(journal, vms->items[i].vmid, err) == 0)
			continue;
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	journal_file_fail(db, journal->path, err);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int journal_template_remember(struct journal *journal, const struct record_template *template,
			      struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, TEMPLATE_REMEMBER, err);
	int rows;

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, template->vmid);
	bind_text(statement, 2, template->name);
	sqlite3_bind_int64(statement, 3, template->generation);
	bind_text(statement, 4, template->image);
	bind_text(statement, 5, template->uuid);
	if (template->run)
		sqlite3_bind_int64(statement, 6, template->run);
	bind_text(statement, 7, template->key);
	sqlite3_bind_int(statement, 8, template->prepared);
	bind_time(statement, 9, template->sealed);
	bind_text(statement, 10, template->volume);
	sqlite3_bind_int64(statement, 11, (int64_t)template->device);
	sqlite3_bind_int64(statement, 12, (int64_t)template->size);
	sqlite3_bind_int64(statement, 13, (int64_t)template->mapped);
	bind_text(statement, 14, template->checksum);
	return change(journal, statement, &rows, NULL, err);
}

int journal_template_forget(struct journal *journal, unsigned vmid, struct error *err)
{
	return change_vm(journal, TEMPLATE_FORGET, vmid, err);
}

int journal_copy_remember(struct journal *journal, const struct record_copy *copy,
			  struct error *err)
{
	sqlite3_stmt *statement = prepare(journal, COPY_REMEMBER, err);
	int rows;

	if (!statement)
		return -1;
	bind_text(statement, 1, copy->volume);
	sqlite3_bind_int64(statement, 2, copy->vmid);
	bind_text(statement, 3, copy->slot);
	bind_text(statement, 4, copy->source);
	if (copy->run)
		sqlite3_bind_int64(statement, 5, copy->run);
	sqlite3_bind_int(statement, 6, copy->suspect);
	return change(journal, statement, &rows, NULL, err);
}
