/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_handle.h - an open journal and its statements, for journal.c and journal_read.c (SQLite)
 */
#ifndef JOURNAL_HANDLE_H
#define JOURNAL_HANDLE_H

#include "edge/journal.h"
#include "edge/journal_file.h"

/* The rows of journal_handle.c's table, which says what each ?N is and what comes back. */
enum journal_handle_query {
	RUN_BEGIN, RUN_END, STEP_BEGIN, STEP_CHILD, STEP_END, VM_REMEMBER, VM_STARTED,
	VM_SUSPECT, VM_FORGET, TEMPLATE_REMEMBER, TEMPLATE_FORGET, COPY_REMEMBER,
	READ_RUNS, READ_RUN, READ_STEPS, READ_OPEN_STEPS, READ_IN_DOUBT, READ_OPEN_RUNS, READ_VMS,
	READ_TEMPLATES, READ_COPIES, READ_SNIPPETS,
	QUERY_COUNT
};

struct journal {
	char *path;
	enum journal_access access;
	struct journal_file file;
	int version;		/* of its schema; an older one is read as it is */
	sqlite3_stmt *prepared[QUERY_COUNT];	/* on first use */
};

/* After connecting to read, journal->file.db is NULL where nothing has been recorded. */
int journal_handle_connect(struct journal *journal, struct error *err);
void journal_handle_disconnect(struct journal *journal);

/* NULL with err filled if it cannot be had; file.db must not be NULL. */
sqlite3_stmt *journal_handle_prepare(struct journal *journal, enum journal_handle_query query,
				     struct error *err);

/* Put it away after use, whether it failed or not. */
void journal_handle_reset(sqlite3_stmt *statement);

#endif
