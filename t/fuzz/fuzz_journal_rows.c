/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any rows are in the journal, one a line: the table's name, then its columns,
 * each behind a tab: "i" a whole number, "r" a real one, "t" text, "b" bytes,
 * else NULL.  Once the tables are the real ones, which refuse some rows, and once
 * they have lost STRICT, NOT NULL and CHECK, as a hand with sqlite3(1) can make
 * them; such a journal may be refused.  Every read gives records that hold
 * together and can be printed, and every open run can be ended.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "cli/document.h"
#include "cli/report.h"
#include "edge/journal.h"
#include "model/qm.h"
#include "fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char loosen[] =
	"PRAGMA writable_schema = ON;"
	"UPDATE sqlite_schema SET sql = replace(replace(replace(replace(sql, ' STRICT', ''),"
	"	'NOT NULL', ''), 'CHECK (result IN', '/*'), 'retried''))', '*/');";

static struct strbuf real_journal = STRBUF_INIT, loose_journal = STRBUF_INIT;

static const char *path_of_journal(void)
{
	return folder_path("/journal.db");
}

static sqlite3 *open_database(const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(path_of_journal(), &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		abort();
	return db;
}

static void clean_up(void)
{
	strbuf_release(&real_journal);
	strbuf_release(&loose_journal);
}

static void keep_journal(const char *sql, struct strbuf *journal)
{
	sqlite3_close(open_database(sql));
	if (file_read(path_of_journal(), journal) < 0)
		abort();
}

static void set_up(void)
{
	struct error err = { 0 };

	folder_make();
	atexit(clean_up);
	journal_close(journal_open(path_of_journal(), JOURNAL_CHANGE, &err));
	keep_journal("PRAGMA journal_mode = DELETE", &real_journal);
	keep_journal(loosen, &loose_journal);
}

/* --- rows --- */

static void bind_value(sqlite3_stmt *statement, int place, char *value, size_t len)
{
	if (*value == 'i')
		sqlite3_bind_int64(statement, place, strtoll(value + 1, NULL, 10));
	else if (*value == 'r')
		sqlite3_bind_double(statement, place, strtod(value + 1, NULL));
	else if (*value == 't')
		sqlite3_bind_text(statement, place, value + 1, (int)len - 1, SQLITE_STATIC);
	else if (*value == 'b')
		sqlite3_bind_blob(statement, place, value + 1, (int)len - 1, SQLITE_STATIC);
}

/* line ends in a NUL, and may hold others. */
static void put_row(sqlite3_stmt *statement, char *line, const char *end)
{
	for (int place = 0; line < end; place++) {
		char *tab = memchr(line, '\t', (size_t)(end - line));
		size_t len = (size_t)((tab ? tab : end) - line);

		line[len] = '\0';
		if (place && len)
			bind_value(statement, place, line, len);
		line += len + 1;
	}
	sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

static void put_rows(char *text, const char *end)
{
	static const struct { const char *table, *sql; } kinds[] = {
		{ "run",  "INSERT INTO run VALUES (?,?,?,?,?,?,?,?,?,?,?,?)" },
		{ "step", "INSERT INTO step VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)" },
		{ "vm",	  "INSERT INTO vm VALUES (?,?,?,?,?,?,?,?)" },
		{ "template", "INSERT INTO template VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)" },
		{ "copy", "INSERT INTO copy VALUES (?,?,?,?,?,?)" },
	};
	enum { KINDS = sizeof(kinds) / sizeof(*kinds) };
	sqlite3 *db = open_database("PRAGMA journal_mode = MEMORY;"
				    "PRAGMA synchronous = OFF; BEGIN");
	sqlite3_stmt *statements[KINDS];

	for (size_t i = 0; i < KINDS; i++)
		if (sqlite3_prepare_v2(db, kinds[i].sql, -1, &statements[i], NULL) != SQLITE_OK)
			abort();
	while (text < end) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		char *stop = newline ? newline : text + (end - text);

		*stop = '\0';
		for (size_t i = 0; i < KINDS; i++)
			if (strncmp(text, kinds[i].table, strlen(kinds[i].table)) == 0)
				put_row(statements[i], text, stop);
		text = stop + 1;
	}
	for (size_t i = 0; i < KINDS; i++)
		sqlite3_finalize(statements[i]);
	/* out of ids is "full", which ends the transaction by itself */
	if (!sqlite3_get_autocommit(db) &&
	    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		abort();
	sqlite3_close(db);
}

/* --- what is read --- */

struct records {
	struct record_runs runs, open_runs;
	struct record_steps open_steps;
	struct record_vms vms;
};

static void release(struct records *records)
{
	record_runs_release(&records->runs);
	record_runs_release(&records->open_runs);
	record_steps_release(&records->open_steps);
	record_vms_release(&records->vms);
}

static void read_all(struct journal *journal, struct records *records)
{
	struct error err = { 0 };

	if (journal_read_runs(journal, 0, &records->runs, &err) < 0 ||
	    journal_read_open_runs(journal, &records->open_runs, &err) < 0 ||
	    journal_read_open_steps(journal, &records->open_steps, &err) < 0 ||
	    journal_read_vms(journal, &records->vms, &err) < 0 ||
	    journal_read_templates(journal, &records->vms.templates, &err) < 0 ||
	    journal_read_copies(journal, &records->vms.copies, &err) < 0)
		abort();
}

static void check_json(const char *text)
{
	json_t *document = json_loads(text, 0, NULL);

	if (!document)
		abort();
	json_decref(document);
}

static void draw(const struct report *report, const struct record_runs *runs,
		 const struct record_run *run, const struct record_steps *steps)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *document = run ? document_steps(run, steps) : document_runs(runs);

	report->draw(out, document);
	json_decref(document);
	fclose(out);
	if (report == &report_json)
		check_json(text);
	free(text);
}

static void check_run(struct journal *journal, const struct record_run *run)
{
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	CLEANUP(record_run_release) struct record_run again = { 0 };
	struct error err = { 0 };

	if (journal_read_steps(journal, run->id, &steps, &err) < 0)
		abort();
	for (size_t i = 0; i < steps.count; i++)
		if (steps.items[i].run != run->id || steps.items[i].vmid > QM_VMID_MAX)
			abort();
	if (run->id && journal_read_run(journal, run->id, &again, &err) < 0)
		abort();
	if (run->id && again.id != run->id)
		abort();
	draw(&report_text, NULL, run, &steps);
	draw(&report_json, NULL, run, &steps);
}

static void check_records(struct journal *journal, const struct records *records)
{
	for (size_t i = 0; i < records->runs.count; i++)
		check_run(journal, &records->runs.items[i]);
	for (size_t i = 1; i < records->runs.count; i++)
		if (records->runs.items[i - 1].id <= records->runs.items[i].id)
			abort();
	for (size_t i = 0; i < records->open_runs.count; i++)
		if (records->open_runs.items[i].result != RECORD_OPEN)
			abort();
	for (size_t i = 0; i < records->vms.count; i++) {
		const struct record_vm *vm = &records->vms.items[i];

		if (vm->vmid > QM_VMID_MAX || record_vms_find(&records->vms, vm->vmid) != vm)
			abort();
	}
	for (size_t i = 0; i < records->vms.templates.count; i++) {
		const struct record_template *template = &records->vms.templates.items[i];

		if (template->vmid > QM_VMID_MAX || !template->name || !template->image ||
		    !template->uuid)
			abort();
	}
	draw(&report_text, &records->runs, NULL, NULL);
	draw(&report_json, &records->runs, NULL, NULL);
}

/* As the run does that finds them. */
static void end_all(struct journal *journal, const struct records *records)
{
	struct error err = { 0 };

	for (size_t i = 0; i < records->open_steps.count; i++)
		if (journal_step_end(journal, &records->open_steps.items[i], &err) < 0 &&
		    *err.text == '\0')
			abort();
	for (size_t i = 0; i < records->open_runs.count; i++)
		if (journal_run_end(journal, records->open_runs.items[i].id, RECORD_INTERRUPTED,
				    NULL, &err) < 0)
			abort();
}

static void check_journal(const struct strbuf *empty, const uint8_t *data, size_t size,
			  enum journal_access access)
{
	CLEANUP(scope_free) char *text = memory_new(size + 1, 1);
	CLEANUP(release) struct records records = { 0 };
	CLEANUP(journal_cleanup) struct journal *journal = NULL;
	struct error err = { 0 };

	if (size)
		memcpy(text, data, size);
	folder_put("/journal.db", empty->buf, empty->len);
	put_rows(text, text + size);
	journal = journal_open(path_of_journal(), access, &err);
	if (!journal && (empty == &real_journal || *err.text == '\0'))
		abort();
	if (!journal)
		return;
	read_all(journal, &records);
	check_records(journal, &records);
	if (access == JOURNAL_READ)
		return;
	end_all(journal, &records);
	read_all(journal, &records);
	if (records.open_runs.count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!*folder)
		set_up();
	check_journal(&loose_journal, data, size, JOURNAL_READ);
	check_journal(&real_journal, data, size, JOURNAL_CHANGE);
	return 0;
}
