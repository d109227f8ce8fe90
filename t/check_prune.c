/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/prune.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/journal.h"
#include "edge/journal_file.h"
#include "edge/outputs.h"
#include "main.h"

enum { DAY = 24 * 60 * 60 };

static char root[64];
static struct error err;

static void enter_root(void)
{
	CLEANUP(scope_free) char *command = NULL;

	strcpy(root, "/tmp/check_prune.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	command = memory_print("mkdir -p %s/var/lib/vyom/output", root);
	ck_assert_int_eq(system(command), 0);
}

static void leave_root(void)
{
	CLEANUP(scope_free) char *command = memory_print("rm -rf %s", root);

	ck_assert_int_eq(system(command), 0);
}

static char *path_to(const char *name)
{
	return memory_print("%s/var/lib/vyom/%s", root, name);
}

static bool is_there(const char *name)
{
	CLEANUP(scope_free) char *path = path_to(name);
	struct stat found;

	return lstat(path, &found) == 0;
}

/* Three bytes, written so many days ago. */
static void write_output(const char *name, int days)
{
	CLEANUP(scope_free) char *path = path_to(name);
	const time_t when = time(NULL) - (time_t)days * DAY;
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	FILE *file = fopen(path, "w");

	ck_assert_msg(file && fputs("abc", file) >= 0 && fclose(file) == 0, "%s", path);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct journal *open_journal(enum journal_access access)
{
	CLEANUP(scope_free) char *path = path_to("journal.db");
	struct journal *journal = journal_open(path, access, &err);

	ck_assert_msg(journal, "%s", err.text);
	return journal;
}

/* Runs 1 to 5: what each of the files below says of them. */
static void make_journal(void)
{
	static const char text[] =
		"INSERT INTO run (verb, result, ended, pid, pid_start) VALUES"
		"	('apply', 'done', unixepoch() - 91 * 86400, 0, 0),"
		"	('apply', 'done', unixepoch() - 89 * 86400, 0, 0),"
		"	('apply', 'open', NULL, 0, 0),"
		"	('apply', 'failed', unixepoch() - 91 * 86400, 0, 0),"
		"	('apply', 'interrupted', unixepoch() - 91 * 86400, 0, 0);"
		"INSERT INTO step (run, number, vmid, verb, pid, pid_start, result, status) VALUES"
		"	(4, 1, 101, 'set', 0, 0, 'open', -1),"
		"	(4, 2, 101, 'set', 0, 0, 'failed', 1),"
		"	(5, 1, 102, 'clone', 0, 0, 'interrupted', -1);";
	CLEANUP(scope_free) char *path = path_to("journal.db");
	sqlite3 *db;

	journal_close(open_journal(JOURNAL_CHANGE));
	ck_assert(sqlite3_open(path, &db) == SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static struct outputs_removed prune(unsigned days)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_READ);
	struct outputs_removed removed;

	ck_assert_msg(prune_outputs(root, journal, days, &removed, &err) == 0, "%s", err.text);
	return removed;
}

static const struct { const char *name; int written; bool stays; const char *why; } files[] = {
	{ "1-1",	0,	false,	"its run ended long ago" },
	{ "1-23",	91,	false,	"its run ended long ago" },
	{ "2-1",	91,	true,	"its run did not" },
	{ "3-1",	91,	true,	"its run did not end" },
	{ "4-1",	91,	true,	"its step did not end" },
	{ "4-2",	91,	false,	"its step did" },
	{ "5-1",	91,	true,	"its clone is in doubt" },
	{ "99-1",	89,	true,	"unknown, but not old" },
	{ "99-2",	91,	false,	"unknown, and old" },
	{ "1",		91,	true,	"not RUN-STEP" },
	{ "1-",		91,	true,	"not RUN-STEP" },
	{ "1-0",	91,	true,	"not RUN-STEP" },
	{ "0-1",	91,	true,	"not RUN-STEP" },
	{ "01-1",	91,	true,	"not RUN-STEP" },
	{ "+1-1",	91,	true,	"not RUN-STEP" },
	{ " 1-1",	91,	true,	"not RUN-STEP" },
	{ "-1-1",	91,	true,	"not RUN-STEP" },
	{ "1-1x",	91,	true,	"not RUN-STEP" },
	{ "1-1-1",	91,	true,	"not RUN-STEP" },
	{ "1-99999999999999999999", 91, true, "not RUN-STEP" },
	{ "notes",	91,	true,	"not RUN-STEP" },
};
enum { FILES = sizeof(files) / sizeof(files[0]) };

START_TEST(only_outputs_of_runs_that_ended_long_ago_go)
{
	struct outputs_removed removed;
	size_t gone = 0;

	make_journal();
	for (int i = 0; i < FILES; i++) {
		CLEANUP(scope_free) char *name = memory_print("output/%s", files[i].name);

		write_output(name, files[i].written);
		gone += !files[i].stays;
	}
	removed = prune(90);
	for (int i = 0; i < FILES; i++) {
		CLEANUP(scope_free) char *name = memory_print("output/%s", files[i].name);

		ck_assert_msg(is_there(name) == files[i].stays, "%s: %s", name, files[i].why);
	}
	ck_assert(removed.files == gone && removed.bytes == 3 * gone);
	removed = prune(90);
	ck_assert(removed.files == 0 && removed.bytes == 0);
}
END_TEST

START_TEST(no_days_mean_all_that_ended)
{
	make_journal();
	write_output("output/2-1", 0);
	write_output("output/3-1", 0);
	ck_assert_uint_eq(prune(0).files, 1);
	ck_assert(!is_there("output/2-1") && is_there("output/3-1"));
}
END_TEST

static char *make_aside(int days)
{
	char *name = memory_print("output.%lld", (long long)time(NULL) - (long long)days * DAY);
	CLEANUP(scope_free) char *path = path_to(name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	return name;
}

/* Its numbers are those of another journal's runs. */
START_TEST(a_folder_that_was_put_aside_is_as_old_as_that_is)
{
	CLEANUP(scope_free) char *old = make_aside(91), *new = make_aside(89), *mixed = make_aside(92);
	CLEANUP(scope_free) char *in_old = memory_print("%s/3-1", old);
	CLEANUP(scope_free) char *in_new = memory_print("%s/1-1", new);
	CLEANUP(scope_free) char *in_mixed = memory_print("%s/1-1", mixed);
	CLEANUP(scope_free) char *notes = memory_print("%s/notes", mixed);

	make_journal();
	write_output(in_old, 0);
	write_output(in_new, 200);
	write_output(in_mixed, 200);
	write_output(notes, 200);
	ck_assert_uint_eq(prune(90).files, 2);
	ck_assert_msg(!is_there(old), "an empty folder goes");
	ck_assert_msg(is_there(in_new), "a younger one stays");
	ck_assert_msg(!is_there(in_mixed) && is_there(notes), "what is no output stays, with its folder");
	ck_assert_msg(is_there("output"), "the folder of today stays");
}
END_TEST

START_TEST(other_files_and_folders_stay)
{
	static const char *const names[] = { "output.old/1-1", "output.-5/1-1", "outputs/1-1", "output.07/1-1" };
	CLEANUP(scope_free) char *command = memory_print(
		"cd %s/var/lib/vyom && mkdir output.old output.-5 outputs output.07 output/1-4", root);

	make_journal();
	ck_assert_int_eq(system(command), 0);
	for (int i = 0; i < 4; i++)
		write_output(names[i], 200);
	ck_assert_uint_eq(prune(90).files, 0);
	for (int i = 0; i < 4; i++)
		ck_assert_msg(is_there(names[i]), "%s", names[i]);
	ck_assert(is_there("output/1-4"));
}
END_TEST

START_TEST(symlinks_are_not_followed)
{
	CLEANUP(scope_free) char *command = memory_print(
		"cd %s/var/lib/vyom && mkdir other && ln -s ../other/1-1 output/1-1 && "
		"ln -s other output.1", root);
	CLEANUP(journal_cleanup) struct journal *journal = NULL;
	struct outputs_removed removed;

	make_journal();
	ck_assert_int_eq(system(command), 0);
	write_output("other/1-1", 200);
	journal = open_journal(JOURNAL_READ);
	ck_assert_int_eq(prune_outputs(root, journal, 90, &removed, &err), -1);
	ck_assert_msg(strstr(err.text, "output.1: Not a directory"), "%s", err.text);
	ck_assert(is_there("other/1-1") && is_there("output/1-1") && removed.files == 0);
}
END_TEST

START_TEST(where_nothing_ran_there_is_nothing_to_remove)
{
	CLEANUP(scope_free) char *command = memory_print("rm -r %s/var", root);

	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(prune(0).files, 0);
	ck_assert(!is_there(""));
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, enter_root, leave_root);
	tcase_add_test(tcase, only_outputs_of_runs_that_ended_long_ago_go);
	tcase_add_test(tcase, no_days_mean_all_that_ended);
	tcase_add_test(tcase, a_folder_that_was_put_aside_is_as_old_as_that_is);
	tcase_add_test(tcase, other_files_and_folders_stay);
	tcase_add_test(tcase, symlinks_are_not_followed);
	tcase_add_test(tcase, where_nothing_ran_there_is_nothing_to_remove);
}

TEST_MAIN("prune", add_cases)
