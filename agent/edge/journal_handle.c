/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/journal_handle.h"

#include "base/error.h"
#include "edge/journal_schema.h"

#define RUN_COLUMNS \
	"id, verb, argv, version, vmids, started, ended, result, summary, pid, pid_start, boot_id"
#define STEP_COLUMNS \
	"run, number, vmid, vm, verb, argv, before, pid, pid_start, started, ended, result, " \
	"status, message, output"
#define VM_COLUMNS "vmid, cluster, name, uuid, vmgenid, run, started, suspect"
#define TEMPLATE_COLUMNS \
	"vmid, name, generation, image, uuid, run, key, prepared, sealed, volume, device, size, " \
	"mapped, checksum"

#define COPY_COLUMNS "volume, vmid, slot, source, run, suspect"

enum {
	SETTLE_TRIES = 5,	/* readings of a file that changes meanwhile */
};

static const char *const queries[] = {
	[RUN_BEGIN] = "INSERT INTO run (verb, argv, version, vmids, started, result, pid, "
		      "pid_start, boot_id) "
		      "VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?7, ?8) RETURNING id",
	[RUN_END] = "UPDATE run SET result = ?2, summary = ?3, ended = ?4 "
		    "WHERE id = ?1 AND result = 'open' RETURNING id",
	[STEP_BEGIN] = "INSERT INTO step (run, number, vmid, vm, verb, argv, before, started, "
		       "result, pid, "
		       "pid_start, status) "
		       "SELECT ?1, 1 + coalesce(max(number), 0), ?2, ?3, ?4, ?5, ?6, ?7, 'open', "
		       "0, 0, -1 "
		       "FROM step WHERE run = ?1 RETURNING number",
	[STEP_CHILD] = "UPDATE step SET pid = ?3, pid_start = ?4 "
		       "WHERE run = ?1 AND number = ?2 AND result = 'open' RETURNING number",
	[STEP_END] = "UPDATE step SET result = ?3, status = ?4, message = ?5, output = ?6, "
		     "ended = ?7 WHERE run = ?1 AND number = ?2 "
		     "AND result IN ('open', 'interrupted') RETURNING number",
	[VM_REMEMBER] = "INSERT OR REPLACE INTO vm (" VM_COLUMNS ") "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING vmid",
	[VM_STARTED] = "UPDATE vm SET started = 1 WHERE vmid = ?1",
	[VM_SUSPECT] = "UPDATE vm SET suspect = 1 WHERE vmid = ?1",
	[VM_FORGET] = "DELETE FROM vm WHERE vmid = ?1",
	[TEMPLATE_REMEMBER] = "INSERT OR REPLACE INTO template (" TEMPLATE_COLUMNS ") VALUES "
			      "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	[TEMPLATE_FORGET] = "DELETE FROM template WHERE vmid = ?1",
	[COPY_REMEMBER] = "INSERT OR REPLACE INTO copy (" COPY_COLUMNS ") "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",

	[READ_RUNS] = "SELECT " RUN_COLUMNS " FROM run ORDER BY id DESC LIMIT ?1",
	[READ_RUN] = "SELECT " RUN_COLUMNS " FROM run WHERE ?1 IN (0, id) ORDER BY id DESC LIMIT 1",
	[READ_STEPS] = "SELECT " STEP_COLUMNS " FROM step WHERE run = ?1 ORDER BY number",
	[READ_OPEN_STEPS] = "SELECT " STEP_COLUMNS " FROM step WHERE result = 'open' ORDER BY run, "
						   "number",
	[READ_IN_DOUBT] = "SELECT " STEP_COLUMNS " FROM step AS s "
			  "WHERE verb IN ('clone', 'create', 'destroy', 'efidisk', 'move') "
			  "AND result IN ('open', 'interrupted') "
			  "AND NOT EXISTS (SELECT 1 FROM step AS t WHERE t.vmid = s.vmid "
			  "AND (t.run, t.number) > (s.run, s.number) "
			  "AND (t.verb IN ('clone', 'create', 'destroy', 'efidisk', 'move') "
			  "OR (t.result = 'done' AND t.verb <> 'free'))) "
			  "ORDER BY vmid",
	[READ_SNIPPETS] = "SELECT " STEP_COLUMNS " FROM step WHERE vmid = 0 AND verb = 'snippet' "
			  "ORDER BY run, number",
	[READ_OPEN_RUNS] = "SELECT " RUN_COLUMNS " FROM run WHERE result = 'open' ORDER BY id DESC",
	[READ_VMS] = "SELECT " VM_COLUMNS " FROM vm ORDER BY vmid",
	[READ_TEMPLATES] = "SELECT " TEMPLATE_COLUMNS " FROM template ORDER BY vmid",
	[READ_COPIES] = "SELECT " COPY_COLUMNS " FROM copy ORDER BY rowid",
};

void journal_handle_disconnect(struct journal *journal)
{
	for (int i = 0; i < QUERY_COUNT; i++) {
		sqlite3_finalize(journal->prepared[i]);
		journal->prepared[i] = NULL;
	}
	journal_file_close(&journal->file);
}

static int connect_to_change(struct journal *journal, struct error *err)
{
	if (journal_file_open_change(&journal->file, journal->path, err) < 0 ||
	    journal_schema_check(journal->file.db, &journal_schema_current, journal->path,
				 &journal->version, err) < 0 ||
	    journal_schema_compare(journal->file.db, &journal_schema_current, journal->version,
				   journal->path, err) < 0 ||
	    journal_file_check(&journal->file, journal->path, err) < 0 ||
	    journal_file_make_durable(&journal->file, journal->path, err) < 0)
		return -1;
	if (journal_schema_upgrade(journal->file.db, &journal_schema_current, journal->path,
				   err) < 0)
		return -1;
	journal->version = journal_schema_current.version;
	return 0;
}

static int connect_to_read(struct journal *journal, struct error *err)
{
	if (journal_file_open_read(&journal->file, journal->path, err) < 0)
		return -1;
	if (!journal->file.db)
		return 0;
	if (journal_schema_check(journal->file.db, &journal_schema_current, journal->path,
				 &journal->version, err) < 0)
		return -1;
	if (journal->version == 0 && !journal_file_was_changed(&journal->file, journal->path)) {
		/* made, and killed before the first table: as good as none */
		journal_file_close(&journal->file);
		return 0;
	}
	if (journal->version < journal_schema_current.readable)
		return error_set(err, ERROR_REFUSED,
				 "%s was written by an older vyom (schema %d, this one reads %d); "
				 "the next run that changes something brings it up to date",
				 journal->path, journal->version, journal_schema_current.version);
	return 0;
}

int journal_handle_connect(struct journal *journal, struct error *err)
{
	if (journal->access == JOURNAL_CHANGE)
		return connect_to_change(journal, err);
	for (int tries = 1;; tries++) {
		int result = connect_to_read(journal, err);

		if (!journal_file_was_changed(&journal->file, journal->path) ||
		    tries == SETTLE_TRIES)
			return result;
		journal_handle_disconnect(journal);
	}
}

sqlite3_stmt *journal_handle_prepare(struct journal *journal, enum journal_handle_query query,
				     struct error *err)
{
	sqlite3_stmt **statement = &journal->prepared[query];

	if (!*statement &&
	    sqlite3_prepare_v3(journal->file.db, queries[query], -1, SQLITE_PREPARE_PERSISTENT,
			       statement, NULL) != SQLITE_OK)
		journal_file_fail(journal->file.db, journal->path, err);
	return *statement;
}

void journal_handle_reset(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}
