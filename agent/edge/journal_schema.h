/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_schema.h - the tables of the journal, and how older ones become them (SQLite)
 *
 * The schema is a list of numbered steps that is only ever added to.  A file's
 * PRAGMA user_version says how many of them it has had.
 */
#ifndef JOURNAL_SCHEMA_H
#define JOURNAL_SCHEMA_H

#include <sqlite3.h>

struct error;

struct journal_schema {
	int version;			/* how many steps there are */
	int readable;			/* the oldest version whose tables are read as they are */
	const char *const *steps;	/* SQL; steps[0] makes version 1 out of nothing */
};

extern const struct journal_schema journal_schema_current;

/*
 * Which version has the file?  0: nothing has been made in it yet.  Refuses
 * another program's database, and one that is newer than schema.
 */
int journal_schema_check(sqlite3 *db, const struct journal_schema *schema, const char *path,
			 int *version, struct error *err);

/* Has a file of that version the tables and indices that the version has?  Else it is damaged. */
int journal_schema_compare(sqlite3 *db, const struct journal_schema *schema, int version,
			   const char *path, struct error *err);

/*
 * Bring a checked file up to schema: each missing step, with its user_version,
 * in a transaction of its own, so that a kill leaves a whole version.
 */
int journal_schema_upgrade(sqlite3 *db, const struct journal_schema *schema, const char *path,
			   struct error *err);

#endif
