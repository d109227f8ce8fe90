/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "edge/journal_handle.h"
#include "base/memory.h"
#include "model/qm.h"
#include "base/scope.h"

enum {
	SETTLE_TRIES = 5,	/* readings of a file that changes meanwhile */
	TEMPLATES_SINCE = 3,	/* the schema that has them */
	COPIES_SINCE = 4,
};

/* Where rows go, and how to forget them when they have to be read again. */
struct sink {
	void *into;
	void (*add)(void *into, sqlite3_stmt *row);
	void (*release)(void *into);
};

static char *column_text(sqlite3_stmt *row, int column)
{
	return memory_copy((const char *)sqlite3_column_text(row, column));
}

/* An unknown word is a result we do not have: open. */
static enum record_result column_result(sqlite3_stmt *row, int column)
{
	const char *name = (const char *)sqlite3_column_text(row, column);

	for (int result = RECORD_DONE; name && result <= RECORD_RETRIED; result++)
		if (strcmp(name, record_result_name(result)) == 0)
			return result;
	return RECORD_OPEN;
}

/* A number that is no VMID must not become one by being cut to size: 0. */
static unsigned column_vmid(sqlite3_stmt *row, int column)
{
	int64_t vmid = sqlite3_column_int64(row, column);

	return vmid >= 1 && vmid <= QM_VMID_MAX ? (unsigned)vmid : 0;
}

/* A time that no calendar has, before 1970 or after the year 9999, is none: 0. */
static double column_time(sqlite3_stmt *row, int column)
{
	const double year_10000 = 253402300800;
	double time = sqlite3_column_double(row, column);

	return time > 0 && time < year_10000 ? time : 0;
}

/* In the order of RUN_COLUMNS. */
static void add_run(void *into, sqlite3_stmt *row)
{
	struct record_runs *runs = into;

	MEMORY_PUSH(runs->items, runs->count) = (struct record_run){
		.id = sqlite3_column_int64(row, 0),
		.verb = column_text(row, 1),
		.argv = column_text(row, 2),
		.version = column_text(row, 3),
		.vmids = column_text(row, 4),
		.started = column_time(row, 5),
		.ended = column_time(row, 6),
		.result = column_result(row, 7),
		.summary = column_text(row, 8),
		.pid = (pid_t)sqlite3_column_int64(row, 9),
		.pid_start = (uint64_t)sqlite3_column_int64(row, 10),
		.boot_id = column_text(row, 11),
	};
}

/* In the order of STEP_COLUMNS. */
static void add_step(void *into, sqlite3_stmt *row)
{
	struct record_steps *steps = into;

	MEMORY_PUSH(steps->items, steps->count) = (struct record_step){
		.run = sqlite3_column_int64(row, 0),
		.number = sqlite3_column_int64(row, 1),
		.vmid = column_vmid(row, 2),
		.vm = column_text(row, 3),
		.verb = column_text(row, 4),
		.argv = column_text(row, 5),
		.before = column_text(row, 6),
		.pid = (pid_t)sqlite3_column_int64(row, 7),
		.pid_start = (uint64_t)sqlite3_column_int64(row, 8),
		.started = column_time(row, 9),
		.ended = column_time(row, 10),
		.result = column_result(row, 11),
		.status = sqlite3_column_int(row, 12),
		.message = column_text(row, 13),
		.output = column_text(row, 14),
	};
}

/* In the order of VM_COLUMNS. */
static void add_vm(void *into, sqlite3_stmt *row)
{
	struct record_vms *vms = into;

	if (!column_vmid(row, 0))
		return;
	MEMORY_PUSH(vms->items, vms->count) = (struct record_vm){
		.vmid = column_vmid(row, 0),
		.cluster = column_text(row, 1),
		.name = column_text(row, 2),
		.uuid = column_text(row, 3),
		.vmgenid = column_text(row, 4),
		.run = sqlite3_column_int64(row, 5),
		.started = sqlite3_column_int(row, 6) != 0,
		.suspect = sqlite3_column_int(row, 7) != 0,
	};
}

/* In the order of TEMPLATE_COLUMNS. */
static void add_template(void *into, sqlite3_stmt *row)
{
	struct record_templates *templates = into;

	/* name, image, uuid: without these it is nobody's */
	if (!column_vmid(row, 0) || sqlite3_column_type(row, 1) == SQLITE_NULL ||
	    sqlite3_column_type(row, 3) == SQLITE_NULL || sqlite3_column_type(row, 4) == SQLITE_NULL)
		return;
	MEMORY_PUSH(templates->items, templates->count) = (struct record_template){
		.vmid = column_vmid(row, 0),
		.name = column_text(row, 1),
		.generation = (unsigned)sqlite3_column_int64(row, 2),
		.image = column_text(row, 3),
		.uuid = column_text(row, 4),
		.run = sqlite3_column_int64(row, 5),
		.key = column_text(row, 6),
		.prepared = sqlite3_column_int(row, 7) != 0,
		.sealed = column_time(row, 8),
		.volume = column_text(row, 9),
		.device = (uint64_t)sqlite3_column_int64(row, 10),
		.size = (uint64_t)sqlite3_column_int64(row, 11),
		.mapped = (uint64_t)sqlite3_column_int64(row, 12),
		.checksum = column_text(row, 13),
	};
}

/* In the order of COPY_COLUMNS. */
static void add_copy(void *into, sqlite3_stmt *row)
{
	struct record_copies *copies = into;

	if (!column_vmid(row, 1) || sqlite3_column_type(row, 0) == SQLITE_NULL ||
	    sqlite3_column_type(row, 2) == SQLITE_NULL || sqlite3_column_type(row, 3) == SQLITE_NULL)
		return;
	MEMORY_PUSH(copies->items, copies->count) = (struct record_copy){
		.volume = column_text(row, 0),
		.vmid = column_vmid(row, 1),
		.slot = column_text(row, 2),
		.source = column_text(row, 3),
		.run = sqlite3_column_int64(row, 4),
		.suspect = sqlite3_column_int(row, 5) != 0,
	};
}

static void release_runs(void *into)
{
	record_runs_release(into);
}

static void release_steps(void *into)
{
	record_steps_release(into);
}

static void release_vms(void *into)
{
	record_vms_release(into);
}

static void release_templates(void *into)
{
	record_templates_release(into);
}

static void release_copies(void *into)
{
	record_copies_release(into);
}

/* All these queries take one number, or none and pass it over. */
static int collect_once(struct journal *journal, enum journal_handle_query query, int64_t number,
			const struct sink *sink, struct error *err)
{
	sqlite3_stmt *statement;
	int code, result = 0;

	if (!journal->file.db)
		return 0;
	statement = journal_handle_prepare(journal, query, err);
	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, number);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		sink->add(sink->into, statement);
	if (code != SQLITE_DONE)
		result = journal_file_fail(journal->file.db, journal->path, err);
	journal_handle_reset(statement);
	return result;
}

/* What was read while a writer came, good or bad, does not count. */
static int collect(struct journal *journal, enum journal_handle_query query, int64_t number,
		   const struct sink *sink, struct error *err)
{
	for (int tries = 1;; tries++) {
		int result;

		sink->release(sink->into);
		result = collect_once(journal, query, number, sink, err);
		if (tries < SETTLE_TRIES &&
		    journal_file_was_changed(&journal->file, journal->path)) {
			journal_handle_disconnect(journal);
			if (journal_handle_connect(journal, err) < 0)
				return -1;
			continue;
		}
		if (result < 0)
			sink->release(sink->into);
		return result;
	}
}

static int collect_runs(struct journal *journal, enum journal_handle_query query, int64_t number,
			struct record_runs *runs, struct error *err)
{
	const struct sink sink = { runs, add_run, release_runs };

	return collect(journal, query, number, &sink, err);
}

static int collect_steps(struct journal *journal, enum journal_handle_query query, int64_t number,
			 struct record_steps *steps, struct error *err)
{
	const struct sink sink = { steps, add_step, release_steps };

	return collect(journal, query, number, &sink, err);
}

int journal_read_runs(struct journal *journal, size_t limit, struct record_runs *runs,
		      struct error *err)
{
	return collect_runs(journal, READ_RUNS, limit ? (int64_t)limit : -1, runs, err);
}

int journal_read_run(struct journal *journal, int64_t id, struct record_run *run, struct error *err)
{
	CLEANUP(record_runs_release) struct record_runs runs = { .items = NULL };

	if (collect_runs(journal, READ_RUN, id, &runs, err) < 0)
		return -1;
	if (runs.count == 0 && id == 0)
		return error_set(err, ERROR_USAGE, "the journal has no run yet");
	if (runs.count == 0)
		return error_set(err, ERROR_USAGE,
				 "the journal has no run %lld; `vyom log` lists those it has",
				 (long long)id);
	*run = runs.items[0];
	runs.items[0] = (struct record_run){ 0 };
	return 0;
}

int journal_read_steps(struct journal *journal, int64_t run, struct record_steps *steps,
		       struct error *err)
{
	return collect_steps(journal, READ_STEPS, run, steps, err);
}

int journal_read_open_steps(struct journal *journal, struct record_steps *steps, struct error *err)
{
	return collect_steps(journal, READ_OPEN_STEPS, 0, steps, err);
}

int journal_read_in_doubt(struct journal *journal, struct record_steps *steps, struct error *err)
{
	return collect_steps(journal, READ_IN_DOUBT, 0, steps, err);
}

int journal_read_snippets(struct journal *journal, struct record_steps *steps, struct error *err)
{
	return collect_steps(journal, READ_SNIPPETS, 0, steps, err);
}

int journal_read_open_runs(struct journal *journal, struct record_runs *runs, struct error *err)
{
	return collect_runs(journal, READ_OPEN_RUNS, 0, runs, err);
}

int journal_read_vms(struct journal *journal, struct record_vms *vms, struct error *err)
{
	const struct sink sink = { vms, add_vm, release_vms };

	return collect(journal, READ_VMS, 0, &sink, err);
}

int journal_read_templates(struct journal *journal, struct record_templates *templates,
			   struct error *err)
{
	const struct sink sink = { templates, add_template, release_templates };

	if (journal->version < TEMPLATES_SINCE)
		return 0;
	return collect(journal, READ_TEMPLATES, 0, &sink, err);
}

int journal_read_copies(struct journal *journal, struct record_copies *copies, struct error *err)
{
	const struct sink sink = { copies, add_copy, release_copies };

	if (journal->version < COPIES_SINCE)
		return 0;
	return collect(journal, READ_COPIES, 0, &sink, err);
}
