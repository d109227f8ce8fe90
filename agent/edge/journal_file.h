/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_file.h - the journal as a file: make it, trust it, open it, explain it (SQLite)
 *
 * A reader takes one of two ways.  Where a -wal file holds something, a run is
 * at work or was killed: the file is opened read-only together with what the
 * -wal holds.  Else the file is "frozen": read as if nobody could change it,
 * because SQLite would have to make files to share it.  Should somebody change
 * it after all, journal_file_was_changed() tells, and the reader begins again.
 */
#ifndef JOURNAL_FILE_H
#define JOURNAL_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/stat.h>

struct error;

struct journal_file {
	sqlite3 *db;		/* NULL: not open, or there is no such file */
	bool frozen;
	struct stat seen[2];	/* the file and its -wal as they were when frozen; st_ino 0: none */
};

/*
 * Open for change; the file (0600) and its folders (0700) are made if missing.  Closed
 * without a check that went well, the file is left as it was, with its -wal.
 */
int journal_file_open_change(struct journal_file *file, const char *path, struct error *err);

/* Read all of it and refuse a damaged one: about 4 ms for each thousand steps. */
int journal_file_check(struct journal_file *file, const char *path, struct error *err);

/* Every commit on the disk when it returns: WAL, synchronous=FULL.  Foreign keys on. */
int journal_file_make_durable(struct journal_file *file, const char *path, struct error *err);

/* Open without creating or writing anything; no such file is no error. */
int journal_file_open_read(struct journal_file *file, const char *path, struct error *err);
bool journal_file_was_changed(const struct journal_file *file, const char *path);

void journal_file_close(struct journal_file *file);

/* What db's last failure means to a person, and what would help.  Always -1. */
int journal_file_fail(sqlite3 *db, const char *path, struct error *err);

/* The same from a result code, with SQLite's own words as the detail. */
int journal_file_explain(int code, const char *detail, const char *path, struct error *err);

#endif
