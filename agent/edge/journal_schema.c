/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/journal_schema.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "edge/journal_file.h"

enum {
	APPLICATION_ID = 0x76796f6d,	/* "vyom", as in step_1 */
};

/*
 * Results are words and not numbers: people look in here with sqlite3(1).  A
 * run's id is never used twice (AUTOINCREMENT), because output files have it in
 * their names.
 */
static const char step_1[] =
	"PRAGMA application_id = 0x76796f6d;"
	"CREATE TABLE run ("
	"	id		INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	verb		TEXT NOT NULL,"
	"	argv		TEXT,"
	"	version		TEXT,"
	"	vmids		TEXT,"
	"	started		REAL,"
	"	ended		REAL,"
	"	result		TEXT NOT NULL"
	"		CHECK (result IN ('open', 'done', 'failed', 'interrupted', 'retried')),"
	"	summary		TEXT,"
	"	pid		INTEGER NOT NULL,"
	"	pid_start	INTEGER NOT NULL,"
	"	boot_id		TEXT"
	") STRICT;"
	"CREATE INDEX run_open ON run (id) WHERE result = 'open';"
	"CREATE TABLE step ("
	"	run		INTEGER NOT NULL REFERENCES run (id),"
	"	number		INTEGER NOT NULL,"
	"	vmid		INTEGER NOT NULL,"
	"	vm		TEXT,"
	"	verb		TEXT NOT NULL,"
	"	argv		TEXT,"
	"	before		TEXT,"
	"	pid		INTEGER NOT NULL,"
	"	pid_start	INTEGER NOT NULL,"
	"	started		REAL,"
	"	ended		REAL,"
	"	result		TEXT NOT NULL"
	"		CHECK (result IN ('open', 'done', 'failed', 'interrupted', 'retried')),"
	"	status		INTEGER NOT NULL,"
	"	message		TEXT,"
	"	output		TEXT,"
	"	PRIMARY KEY (run, number)"
	") STRICT;"
	"CREATE INDEX step_open ON step (run, number) WHERE result = 'open';"
	"CREATE TABLE vm ("
	"	vmid		INTEGER PRIMARY KEY,"
	"	cluster		TEXT,"
	"	name		TEXT,"
	"	uuid		TEXT,"
	"	vmgenid		TEXT,"
	"	run		INTEGER REFERENCES run (id),"
	"	started		INTEGER NOT NULL DEFAULT 0,"
	"	suspect		INTEGER NOT NULL DEFAULT 0"
	") STRICT;";

/* What was done to a VM, newest last, and the few steps that may have left something. */
static const char step_2[] =
	"CREATE INDEX step_vmid ON step (vmid, run, number);"
	"CREATE INDEX step_in_doubt ON step (vmid) WHERE result IN ('open', 'interrupted');";

/* The golden images. */
static const char step_3[] =
	"CREATE TABLE template ("
	"	vmid		INTEGER PRIMARY KEY,"
	"	name		TEXT NOT NULL,"
	"	generation	INTEGER NOT NULL,"
	"	image		TEXT NOT NULL,"
	"	uuid		TEXT NOT NULL,"
	"	run		INTEGER REFERENCES run (id),"
	"	key		TEXT,"
	"	prepared	INTEGER NOT NULL,"
	"	sealed		REAL,"
	"	volume		TEXT,"
	"	device		INTEGER NOT NULL,"
	"	size		INTEGER NOT NULL,"
	"	mapped		INTEGER NOT NULL,"
	"	checksum	TEXT"
	") STRICT;";

/* What moves made, oldest first by rowid. */
static const char step_4[] =
	"CREATE TABLE copy ("
	"	volume		TEXT PRIMARY KEY,"
	"	vmid		INTEGER NOT NULL REFERENCES vm (vmid) ON DELETE CASCADE,"
	"	slot		TEXT NOT NULL,"
	"	source		TEXT NOT NULL,"
	"	run		INTEGER REFERENCES run (id),"
	"	suspect		INTEGER NOT NULL"
	") STRICT;";

static const char *const steps[] = { step_1, step_2, step_3, step_4 };

const struct journal_schema journal_schema_current = {
	.version = sizeof(steps) / sizeof(steps[0]),
	.readable = 1,
	.steps = steps,
};

static int ask(sqlite3 *db, const char *sql, const char *path, int *answer, struct error *err)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		*answer = sqlite3_column_int(statement, 0);
	return sqlite3_finalize(statement) == SQLITE_OK && sqlite3_errcode(db) == SQLITE_OK ?
		0 : journal_file_fail(db, path, err);
}

int journal_schema_check(sqlite3 *db, const struct journal_schema *schema, const char *path,
			 int *version, struct error *err)
{
	int application, tables;

	if (ask(db, "PRAGMA application_id", path, &application, err) < 0 ||
	    ask(db, "PRAGMA user_version", path, version, err) < 0 ||
	    ask(db, "SELECT count(*) FROM sqlite_schema", path, &tables, err) < 0)
		return -1;
	if (application != APPLICATION_ID && (application || *version || tables))
		return error_set(err, ERROR_REFUSED,
				 "%s is another program's database; move it away, "
				 "or give vyom another state folder",
				 path);
	if (*version < 0 || *version > schema->version)
		return error_set(err, ERROR_REFUSED,
				 "%s was written by a newer vyom: it has schema %d, "
				 "and this vyom knows schema %d; install the newer vyom again",
				 path, *version, schema->version);
	return 0;
}

/* Is each table and index of made also in db, to the letter? */
static bool has_tables_of(sqlite3 *db, sqlite3 *made)
{
	sqlite3_stmt *wanted = NULL, *found = NULL;
	bool same;

	sqlite3_prepare_v2(made, "SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL", -1,
			   &wanted, NULL);
	sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE name = ?1 AND sql = ?2", -1,
			   &found, NULL);
	same = wanted && found;
	while (same && sqlite3_step(wanted) == SQLITE_ROW) {
		sqlite3_bind_value(found, 1, sqlite3_column_value(wanted, 0));
		sqlite3_bind_value(found, 2, sqlite3_column_value(wanted, 1));
		same = sqlite3_step(found) == SQLITE_ROW;
		sqlite3_reset(found);
	}
	sqlite3_finalize(found);
	sqlite3_finalize(wanted);
	return same;
}

int journal_schema_compare(sqlite3 *db, const struct journal_schema *schema, int version,
			   const char *path, struct error *err)
{
	const struct journal_schema then = { .version = version, .steps = schema->steps };
	bool same = false;
	sqlite3 *made;

	if (sqlite3_open(":memory:", &made) == SQLITE_OK &&
	    journal_schema_upgrade(made, &then, ":memory:", err) == 0)
		same = has_tables_of(db, made);
	sqlite3_close(made);
	return same ? 0 : journal_file_explain(SQLITE_CORRUPT, "its tables are not as they were made",
					       path, err);
}

/*
 * Another vyom may have made the step since we looked: the version counts inside the
 * transaction.
 */
static int apply_step(sqlite3 *db, int wanted, const char *sql, const char *path, struct error *err)
{
	char set_version[48];
	int version;

	if (ask(db, "PRAGMA user_version", path, &version, err) < 0)
		return -1;
	if (version >= wanted)
		return 0;
	snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", wanted);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, set_version, NULL, NULL, NULL) != SQLITE_OK)
		return journal_file_fail(db, path, err);
	return 0;
}

static int upgrade_step(sqlite3 *db, int wanted, const char *sql, const char *path,
			struct error *err)
{
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return journal_file_fail(db, path, err);
	if (apply_step(db, wanted, sql, path, err) == 0) {
		if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
			return 0;
		journal_file_fail(db, path, err);
	}
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return error_prefix(err, "schema %d could not be made", wanted);
}

int journal_schema_upgrade(sqlite3 *db, const struct journal_schema *schema, const char *path,
			   struct error *err)
{
	int version;

	if (ask(db, "PRAGMA user_version", path, &version, err) < 0)
		return -1;
	while (version < schema->version) {
		if (upgrade_step(db, version + 1, schema->steps[version], path, err) < 0)
			return -1;
		version++;
	}
	return 0;
}
