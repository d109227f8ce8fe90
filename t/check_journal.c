/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "edge/journal_file.h"
#include "edge/journal_handle.h"
#include "edge/journal_schema.h"
#include "main.h"
#include "base/memory.h"
#include "base/scope.h"

static char folder[] = "/tmp/check_journal.XXXXXX";
static char *path, *wal, *shm;
static struct error err;

/* --- the folder of a test --- */

static int remove_one(const char *name, const struct stat *found, int type, struct FTW *where)
{
	(void)found;
	(void)type;
	(void)where;
	return remove(name);
}

static void setup(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path = memory_print("%s/journal.db", folder);
	wal = memory_print("%s-wal", path);
	shm = memory_print("%s-shm", path);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	free(path);
	free(wal);
	free(shm);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	ck_assert_msg(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", name);
}

static bool exists(const char *name)
{
	struct stat found;

	return lstat(name, &found) == 0;
}

/* --- short forms --- */

static struct journal *open_journal(enum journal_access access)
{
	struct journal *journal = journal_open(path, access, &err);

	ck_assert_msg(journal, "%s", err.text);
	return journal;
}

#define ok(call) ck_assert_msg((call) == 0, #call ": %s", err.text)

static int64_t begin_run(struct journal *journal)
{
	struct record_run run = { .verb = (char *)"apply", .started = 1000.5, .pid = 4711 };

	ok(journal_run_begin(journal, &run, &err));
	return run.id;
}

static void begin_step(struct journal *journal, int64_t run, unsigned vmid, struct record_step *step)
{
	*step = (struct record_step){ .run = run, .vmid = vmid, .verb = (char *)"clone", .started = 1001 };
	ok(journal_step_begin(journal, step, &err));
}

static size_t count_runs(struct journal *journal)
{
	CLEANUP(record_runs_release) struct record_runs runs = { 0 };

	ok(journal_read_runs(journal, 0, &runs, &err));
	return runs.count;
}

static void sql(const char *text)
{
	sqlite3 *db;

	ck_assert(sqlite3_open(path, &db) == SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int64_t ask(sqlite3 *db, const char *text)
{
	sqlite3_stmt *statement;
	int64_t answer;

	ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK, "%s: %s", text,
		      sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return answer;
}

static void refused(enum journal_access access, enum error_kind kind, const char *words)
{
	struct journal *journal = journal_open(path, access, &err);

	ck_assert_msg(!journal, "opened, but \"%s\" was expected", words);
	ck_assert_msg(strstr(err.text, words), "\"%s\" is not in: %s", words, err.text);
	ck_assert_msg(strstr(err.text, folder), "the path is not in: %s", err.text);
	ck_assert_msg(err.kind == kind, "kind %d: %s", err.kind, err.text);
}

/* --- runs, steps, VMs --- */

START_TEST(a_run_is_read_as_it_was_written)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_run_release) struct record_run found = { 0 };
	struct record_run run = {
		.verb = (char *)"apply", .argv = (char *)"vyom apply 'a b'", .version = (char *)"1.0",
		.vmids = (char *)"101 102", .started = 1732340000.25, .pid = 4711,
		.pid_start = UINT64_MAX, .boot_id = (char *)"boot",
	};

	ok(journal_run_begin(journal, &run, &err));
	ck_assert_int_eq(run.id, 1);
	ok(journal_read_run(journal, 1, &found, &err));
	ck_assert_str_eq(found.verb, "apply");
	ck_assert_str_eq(found.argv, "vyom apply 'a b'");
	ck_assert_str_eq(found.version, "1.0");
	ck_assert_str_eq(found.vmids, "101 102");
	ck_assert_str_eq(found.boot_id, "boot");
	ck_assert(found.started == 1732340000.25 && found.ended == 0 && found.pid == 4711);
	ck_assert(found.pid_start == UINT64_MAX && found.result == RECORD_OPEN && !found.summary);

	record_run_release(&found);
	ok(journal_run_end(journal, 1, RECORD_DONE, "3 VMs", &err));
	ok(journal_read_run(journal, 0, &found, &err));
	ck_assert(found.id == 1 && found.result == RECORD_DONE && found.ended > found.started);
	ck_assert_str_eq(found.summary, "3 VMs");
}
END_TEST

START_TEST(runs_come_newest_first_and_as_many_as_asked_for)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_runs_release) struct record_runs runs = { 0 };

	for (int i = 0; i < 5; i++)
		begin_run(journal);
	ok(journal_run_end(journal, 4, RECORD_FAILED, NULL, &err));
	ok(journal_read_runs(journal, 2, &runs, &err));
	ck_assert(runs.count == 2 && runs.items[0].id == 5 && runs.items[1].id == 4);
	ok(journal_read_runs(journal, 0, &runs, &err));
	ck_assert(runs.count == 5 && runs.items[4].id == 1);
	ok(journal_read_open_runs(journal, &runs, &err));
	ck_assert(runs.count == 4 && runs.items[0].id == 5 && runs.items[1].id == 3);
}
END_TEST

START_TEST(a_run_that_is_not_there_is_a_wrong_use)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	struct record_run run = { 0 };

	ck_assert_int_eq(journal_read_run(journal, 0, &run, &err), -1);
	ck_assert(err.kind == ERROR_USAGE && strstr(err.text, "no run yet"));
	begin_run(journal);
	ck_assert_int_eq(journal_read_run(journal, 7, &run, &err), -1);
	ck_assert(err.kind == ERROR_USAGE && strstr(err.text, "no run 7"));
}
END_TEST

START_TEST(the_id_of_a_run_is_never_used_again)
{
	int64_t first;
	struct journal *journal = open_journal(JOURNAL_CHANGE);

	first = begin_run(journal);
	journal_close(journal);
	sql("DELETE FROM run");
	journal = open_journal(JOURNAL_CHANGE);
	ck_assert_int_gt(begin_run(journal), first);
	journal_close(journal);
}
END_TEST

START_TEST(steps_are_numbered_from_one_in_every_run)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	struct record_step step;
	int64_t first = begin_run(journal), second = begin_run(journal);

	for (int64_t i = 1; i <= 3; i++) {
		begin_step(journal, first, 101, &step);
		ck_assert_int_eq(step.number, i);
	}
	begin_step(journal, second, 102, &step);
	ck_assert_int_eq(step.number, 1);
	ok(journal_read_steps(journal, first, &steps, &err));
	ck_assert(steps.count == 3 && steps.items[0].number == 1 && steps.items[2].number == 3);
}
END_TEST

START_TEST(a_step_is_read_as_it_was_written)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	struct record_step step = {
		.run = begin_run(journal), .vmid = 999999999, .vm = (char *)"worker-1", .verb = (char *)"set",
		.argv = (char *)"qm set 101", .before = (char *)"{}", .started = 5.5,
	};
	const struct record_step *found;

	ok(journal_step_begin(journal, &step, &err));
	ok(journal_read_steps(journal, step.run, &steps, &err));
	found = &steps.items[0];
	ck_assert(found->pid == 0 && found->status == -1 && found->result == RECORD_OPEN && !found->output);

	step.pid = 4712;
	step.pid_start = 123456789012;
	ok(journal_step_child(journal, &step, &err));
	step.result = RECORD_FAILED;
	step.status = 256;
	step.message = (char *)"it said no";
	step.output = (char *)"über \xff broken";
	step.ended = 6.5;
	ok(journal_step_end(journal, &step, &err));
	ok(journal_read_steps(journal, step.run, &steps, &err));
	ck_assert_uint_eq(steps.count, 1);
	found = &steps.items[0];
	ck_assert(found->run == step.run && found->number == 1 && found->vmid == 999999999);
	ck_assert(found->pid == 4712 && found->pid_start == 123456789012 && found->status == 256);
	ck_assert(found->started == 5.5 && found->ended == 6.5 && found->result == RECORD_FAILED);
	ck_assert_str_eq(found->vm, "worker-1");
	ck_assert_str_eq(found->verb, "set");
	ck_assert_str_eq(found->argv, "qm set 101");
	ck_assert_str_eq(found->before, "{}");
	ck_assert_str_eq(found->message, "it said no");
	ck_assert_str_eq(found->output, "über \xff broken");
}
END_TEST

START_TEST(open_steps_of_all_runs_are_found)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	struct record_step step;

	for (int i = 0; i < 2; i++) {
		int64_t run = begin_run(journal);

		begin_step(journal, run, 101, &step);
		begin_step(journal, run, 102, &step);
		step.result = RECORD_DONE;
		ok(journal_step_end(journal, &step, &err));
	}
	ok(journal_read_open_steps(journal, &steps, &err));
	ck_assert(steps.count == 2 && steps.items[0].run == 1 && steps.items[1].run == 2);
	ck_assert(steps.items[0].number == 1 && steps.items[1].number == 1);
}
END_TEST

START_TEST(what_has_ended_does_not_end_twice)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	struct record_step step;
	int64_t run = begin_run(journal);

	begin_step(journal, run, 101, &step);
	step.result = RECORD_DONE;
	ok(journal_step_end(journal, &step, &err));
	ck_assert_int_eq(journal_step_end(journal, &step, &err), -1);
	ck_assert_msg(strstr(err.text, "no open step 1"), "%s", err.text);
	ck_assert_int_eq(journal_step_child(journal, &step, &err), -1);
	ok(journal_run_end(journal, run, RECORD_DONE, NULL, &err));
	ck_assert_int_eq(journal_run_end(journal, run, RECORD_FAILED, NULL, &err), -1);
	ck_assert_msg(strstr(err.text, "no open run 1"), "%s", err.text);
	/* and the journal goes on */
	begin_run(journal);
}
END_TEST

START_TEST(a_step_that_was_interrupted_is_settled_later)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	struct record_step step;

	begin_step(journal, begin_run(journal), 101, &step);
	step.result = RECORD_INTERRUPTED;
	ok(journal_step_end(journal, &step, &err));
	ok(journal_read_open_steps(journal, &steps, &err));
	ck_assert_uint_eq(steps.count, 0);
	step.result = _i ? RECORD_FAILED : RECORD_DONE;
	step.message = (char *)"it had ended";
	ok(journal_step_end(journal, &step, &err));
	ok(journal_read_steps(journal, step.run, &steps, &err));
	ck_assert(steps.items[0].result == step.result && steps.items[0].message);
	ck_assert_int_eq(journal_step_end(journal, &step, &err), -1);
}
END_TEST

/* Steps as words "RUN VMID VERB RESULT", and the steps in doubt then, as "RUN-NUMBER". */
static const struct {
	const char *steps[6];
	const char *in_doubt;
} doubts[] = {
	{ { NULL }, "" },
	/* which step */
	{ { "1 101 clone open" }, " 1-1" },
	{ { "1 101 clone interrupted" }, " 1-1" },
	{ { "1 9000 create open" }, " 1-1" },
	{ { "1 101 destroy open" }, " 1-1" },
	{ { "1 101 destroy interrupted" }, " 1-1" },
	{ { "1 101 efidisk open" }, " 1-1" },
	{ { "1 101 efidisk interrupted" }, " 1-1" },
	{ { "1 101 move open" }, " 1-1" },
	{ { "1 101 move interrupted" }, " 1-1" },
	{ { "1 101 set open" }, "" },
	{ { "1 101 free interrupted" }, "" },
	/* known to have ended well, or left nothing */
	{ { "1 101 clone done" }, "" },
	{ { "1 101 clone failed" }, "" },
	{ { "1 101 clone retried" }, "" },
	{ { "1 101 destroy done" }, "" },
	/* a later step that was done, in this run or in another */
	{ { "1 101 clone interrupted", "1 101 set done" }, "" },
	{ { "1 101 set done", "1 101 clone interrupted", "2 101 resize done" }, "" },
	{ { "1 101 clone interrupted", "2 101 set failed" }, " 1-1" },
	{ { "1 101 clone interrupted", "2 101 set open" }, " 1-1" },
	{ { "1 101 clone interrupted", "2 101 free done" }, " 1-1" },
	{ { "1 101 clone interrupted", "2 101 free done", "2 101 set done" }, "" },
	{ { "1 101 efidisk interrupted", "2 101 free done" }, " 1-1" },
	{ { "1 101 efidisk interrupted", "2 101 free done", "2 101 efidisk done" }, "" },
	{ { "1 101 move interrupted", "2 101 free done" }, " 1-1" },
	{ { "1 101 move interrupted", "2 101 free done", "2 101 start done" }, "" },
	/* an earlier one, or one of another VM */
	{ { "1 101 set done", "1 101 clone open" }, " 1-2" },
	{ { "1 101 set done", "2 101 clone open" }, " 2-1" },
	{ { "1 102 set done", "1 102 set done", "2 101 clone open" }, " 2-1" },
	{ { "1 101 clone open", "1 102 set done" }, " 1-1" },
	/* the newest clone or destroy counts, however it ended */
	{ { "1 101 clone interrupted", "2 101 clone open" }, " 2-1" },
	{ { "1 101 clone interrupted", "2 101 clone interrupted", "2 101 set done" }, "" },
	{ { "1 101 clone interrupted", "2 101 clone failed" }, "" },
	{ { "1 101 destroy interrupted", "1 101 clone done" }, "" },
	{ { "1 101 clone interrupted", "2 101 destroy open" }, " 2-1" },
	{ { "1 9000 create interrupted", "2 9000 destroy done" }, "" },
	/* by VMID */
	{ { "1 103 clone open", "1 102 clone done", "2 101 destroy open" }, " 2-1 1-1" },
};

static void add_step(struct journal *journal, const char *words)
{
	char verb[16], result[16];
	struct record_step step = { .verb = verb };

	ck_assert_int_eq(sscanf(words, "%ld %u %15s %15s", &step.run, &step.vmid, verb, result), 4);
	ok(journal_step_begin(journal, &step, &err));
	while (strcmp(record_result_name(step.result), result) != 0)
		step.result++;
	if (step.result)
		ok(journal_step_end(journal, &step, &err));
}

START_TEST(the_newest_clone_or_destroy_of_a_vm_may_be_in_doubt)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	char found[64] = "";

	begin_run(journal);
	begin_run(journal);
	for (int i = 0; doubts[_i].steps[i]; i++)
		add_step(journal, doubts[_i].steps[i]);
	ok(journal_read_in_doubt(journal, &steps, &err));
	for (size_t i = 0; i < steps.count; i++)
		sprintf(strchr(found, '\0'), " %ld-%ld", steps.items[i].run, steps.items[i].number);
	ck_assert_msg(strcmp(found, doubts[_i].in_doubt) == 0, "row %d: \"%s\", not \"%s\"", _i, found,
		      doubts[_i].in_doubt);
}
END_TEST

/* So that a node that has been looked after for years is not slower for it. */
START_TEST(steps_in_doubt_are_found_without_reading_all_steps)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(scope_free) char *text = NULL;
	sqlite3_stmt *statement;

	statement = journal_handle_prepare(journal, READ_IN_DOUBT, &err);
	text = memory_print("EXPLAIN QUERY PLAN %s", sqlite3_sql(statement));
	ck_assert_int_eq(sqlite3_prepare_v2(journal->file.db, text, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *row = (const char *)sqlite3_column_text(statement, 3);

		ck_assert_msg(!strncmp(row, "SCAN", 4) ? strstr(row, "step_in_doubt") != NULL :
			      !strstr(row, "TEMP"), "%s", row);
	}
	sqlite3_finalize(statement);
}
END_TEST

START_TEST(a_step_of_no_run_is_refused)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	struct record_step step = { .run = 9, .verb = (char *)"set" };

	ck_assert_int_eq(journal_step_begin(journal, &step, &err), -1);
	ck_assert_msg(strstr(err.text, "FOREIGN KEY"), "%s", err.text);
	ck_assert_int_eq(step.number, 0);
}
END_TEST

START_TEST(a_vm_is_remembered_replaced_and_forgotten)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_vms_release) struct record_vms vms = { 0 };
	struct record_vm vm = {
		.vmid = 103, .cluster = (char *)"vyom", .name = (char *)"worker-2", .uuid = (char *)"old",
		.vmgenid = (char *)"gen", .run = begin_run(journal),
	};

	ok(journal_vm_remember(journal, &vm, &err));
	vm.uuid = (char *)"new";
	vm.vmgenid = NULL;
	ok(journal_vm_remember(journal, &vm, &err));
	vm = (struct record_vm){ .vmid = 101, .name = (char *)"control-1" };
	ok(journal_vm_remember(journal, &vm, &err));
	ok(journal_read_vms(journal, &vms, &err));
	ck_assert(vms.count == 2 && vms.items[0].vmid == 101 && vms.items[1].vmid == 103);
	ck_assert(vms.items[0].run == 0 && !vms.items[0].uuid);
	ck_assert_str_eq(vms.items[1].cluster, "vyom");
	ck_assert_str_eq(vms.items[1].name, "worker-2");
	ck_assert_str_eq(vms.items[1].uuid, "new");
	ck_assert(!vms.items[1].vmgenid && vms.items[1].run == 1);
	ok(journal_vm_forget(journal, 103, &err));
	ok(journal_vm_forget(journal, 777, &err));
	ok(journal_read_vms(journal, &vms, &err));
	ck_assert(vms.count == 1 && vms.items[0].vmid == 101);
}
END_TEST

START_TEST(a_template_is_remembered_replaced_and_forgotten)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_templates_release) struct record_templates templates = { 0 };
	struct record_template template = {
		.vmid = 9000, .name = (char *)"prakriti", .generation = 2, .image = (char *)"00ff",
		.uuid = (char *)"uuid", .run = begin_run(journal), .key = (char *)"ssh-ed25519 AAAA",
	};
	const struct record_template *found;

	ok(journal_template_remember(journal, &template, &err));
	template.prepared = true;
	template.sealed = 12.5;
	template.volume = (char *)"pve/base-9000-disk-0";
	template.device = 7;
	template.size = 8192;
	template.mapped = 4096;
	template.checksum = (char *)"11ee";
	ok(journal_template_remember(journal, &template, &err));
	ok(journal_read_templates(journal, &templates, &err));
	ck_assert_uint_eq(templates.count, 1);
	found = record_templates_find(&templates, 9000);
	ck_assert(found && found->generation == 2 && found->run == 1 && found->prepared);
	ck_assert(found->sealed > 12 && found->device == 7 && found->size == 8192 &&
		  found->mapped == 4096);
	ck_assert_str_eq(found->name, "prakriti");
	ck_assert_str_eq(found->image, "00ff");
	ck_assert_str_eq(found->uuid, "uuid");
	ck_assert_str_eq(found->key, "ssh-ed25519 AAAA");
	ck_assert_str_eq(found->volume, "pve/base-9000-disk-0");
	ck_assert_str_eq(found->checksum, "11ee");
	ok(journal_template_forget(journal, 9000, &err));
	ok(journal_read_templates(journal, &templates, &err));
	ck_assert_uint_eq(templates.count, 0);
}
END_TEST

START_TEST(a_copy_is_remembered_as_long_as_its_vm)
{
	CLEANUP(journal_cleanup) struct journal *journal = open_journal(JOURNAL_CHANGE);
	CLEANUP(record_copies_release) struct record_copies copies = { 0 };
	struct record_vm vm = { .vmid = 103, .name = (char *)"worker-2", .run = begin_run(journal) };
	struct record_copy copy = {
		.vmid = 103, .slot = (char *)"scsi1", .volume = (char *)"fast:vm-103-disk-1",
		.source = (char *)"local-lvm:vm-103-vyom-scsi1", .run = vm.run, .suspect = true,
	};

	ok(journal_vm_remember(journal, &vm, &err));
	ok(journal_copy_remember(journal, &copy, &err));
	copy.volume = (char *)"fast:vm-103-disk-2";
	ok(journal_copy_remember(journal, &copy, &err));
	copy.volume = (char *)"fast:vm-103-disk-1";
	copy.suspect = false;
	ok(journal_copy_remember(journal, &copy, &err));
	ok(journal_read_copies(journal, &copies, &err));
	ck_assert_uint_eq(copies.count, 2);
	ck_assert_str_eq(copies.items[0].volume, "fast:vm-103-disk-2");
	ck_assert(copies.items[0].suspect && !copies.items[1].suspect);
	ck_assert_str_eq(copies.items[1].volume, "fast:vm-103-disk-1");
	ck_assert_str_eq(copies.items[1].slot, "scsi1");
	ck_assert_str_eq(copies.items[1].source, "local-lvm:vm-103-vyom-scsi1");
	ck_assert(copies.items[1].vmid == 103 && copies.items[1].run == vm.run);
	ok(_i ? journal_vm_forget(journal, 103, &err) : journal_vm_remember(journal, &vm, &err));
	ok(journal_read_copies(journal, &copies, &err));
	ck_assert_uint_eq(copies.count, 0);
}
END_TEST

/* --- the file --- */

START_TEST(file_and_folders_are_made_for_their_owner_alone)
{
	static const mode_t masks[] = { 0, 022, 0777 };
	CLEANUP(scope_free) char *upper = memory_print("%s/a", folder);
	CLEANUP(scope_free) char *lower = memory_print("%s/a/b", folder);
	CLEANUP(scope_free) char *deep = memory_print("%s/a/b/journal.db", folder);
	const char *const names[] = { upper, lower, deep };
	mode_t before = umask(masks[_i]);
	struct journal *journal = journal_open(deep, JOURNAL_CHANGE, &err);
	struct stat found;

	umask(before);
	ck_assert_msg(journal, "umask %03o: %s", (unsigned)masks[_i], err.text);
	begin_run(journal);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(stat(names[i], &found), 0);
		ck_assert_msg((found.st_mode & 07777) == (i < 2 ? 0700 : 0600), "umask %03o: %s: %o",
			      (unsigned)masks[_i], names[i], (unsigned)found.st_mode);
	}
	for (int i = 0; i < 2; i++) {
		CLEANUP(scope_free) char *name = memory_print("%s-%s", deep, i ? "wal" : "shm");

		ck_assert_int_eq(stat(name, &found), 0);
		ck_assert_msg((found.st_mode & 07777) == 0600, "%s: %o", name, (unsigned)found.st_mode);
	}
	journal_close(journal);
}
END_TEST

START_TEST(commits_are_durable_and_the_file_says_whose_it_is)
{
	struct journal_file file = { 0 };

	journal_close(open_journal(JOURNAL_CHANGE));
	ok(journal_file_open_change(&file, path, &err));
	ok(journal_file_make_durable(&file, path, &err));
	ck_assert_int_eq(ask(file.db, "PRAGMA application_id"), 0x76796f6d);
	ck_assert_int_eq(ask(file.db, "PRAGMA user_version"), journal_schema_current.version);
	ck_assert_int_eq(ask(file.db, "PRAGMA synchronous"), 2);
	ck_assert_int_eq(ask(file.db, "PRAGMA foreign_keys"), 1);
	ck_assert_int_eq(ask(file.db, "PRAGMA busy_timeout"), 5000);
	ck_assert_int_eq(ask(file.db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	journal_file_close(&file);
}
END_TEST

/* Odd, but legal: everything that means something in a URI. */
START_TEST(a_path_is_taken_as_it_is_written)
{
	CLEANUP(scope_free) char *odd = memory_print("%s/file:%%41 ?mode=memory#ü&x=1%%", folder);
	struct journal *journal = journal_open(odd, JOURNAL_CHANGE, &err);

	ck_assert_msg(journal, "%s", err.text);
	begin_run(journal);
	ck_assert(exists(odd));
	for (int closed = 0; closed < 2; closed++) {
		struct journal *reader;

		if (closed)
			journal_close(journal);
		reader = journal_open(odd, JOURNAL_READ, &err);
		ck_assert_msg(reader, "%s", err.text);
		ck_assert_uint_eq(count_runs(reader), 1);
		journal_close(reader);
	}
}
END_TEST

static void make_symlink(void)
{
	CLEANUP(scope_free) char *target = memory_print("%s/target", folder);

	write_file(target, "");
	ck_assert_int_eq(symlink(target, path), 0);
}

static void make_dangling(void)
{
	ck_assert_int_eq(symlink("nowhere", path), 0);
}

static void make_folder(void)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void make_fifo(void)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void make_open_to_all(void)
{
	journal_close(open_journal(JOURNAL_CHANGE));
	chmod(path, 0602);
}

static void make_strange(void)
{
	journal_close(open_journal(JOURNAL_CHANGE));
	/* only root can make a file of somebody else's: for others this is the row above */
	if (chown(path, 12345, (gid_t)-1) < 0)
		chmod(path, 0602);
}

static void make_newer(void)
{
	journal_close(open_journal(JOURNAL_CHANGE));
	sql("PRAGMA user_version = 99");
}

static void make_negative(void)
{
	journal_close(open_journal(JOURNAL_CHANGE));
	sql("PRAGMA user_version = -1");
}

static void make_foreign_id(void)
{
	sql("PRAGMA application_id = 7; PRAGMA user_version = 1");
}

static void make_foreign_table(void)
{
	sql("CREATE TABLE recipe (name TEXT)");
}

static void make_text(void)
{
	char text[4096];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	write_file(path, text);
}

static void make_damaged(void)
{
	struct journal *journal = open_journal(JOURNAL_CHANGE);
	char rubbish[100];
	int fd;

	begin_run(journal);
	journal_close(journal);
	memset(rubbish, 0x5a, sizeof(rubbish));
	fd = open(path, O_WRONLY);
	/* page 1 begins with a header of 100 bytes; its table of tables follows */
	ck_assert_int_eq(pwrite(fd, rubbish, sizeof(rubbish), 100), sizeof(rubbish));
	close(fd);
}

static const struct {
	void (*make)(void);
	enum error_kind kind;
	const char *words;
} unfit[] = {
	{ make_symlink,		ERROR_REFUSED,	"is a symlink" },
	{ make_dangling,	ERROR_REFUSED,	"is a symlink" },
	{ make_folder,		ERROR_REFUSED,	"is a folder" },
	{ make_fifo,		ERROR_REFUSED,	"a device or a pipe" },
	{ make_open_to_all,	ERROR_REFUSED,	"chmod 600" },
	{ make_strange,		ERROR_REFUSED,	"ch" },
	{ make_newer,		ERROR_REFUSED,	"newer vyom: it has schema 99" },
	{ make_negative,	ERROR_REFUSED,	"newer vyom: it has schema -1" },
	{ make_foreign_id,	ERROR_REFUSED,	"another program's database" },
	{ make_foreign_table,	ERROR_REFUSED,	"another program's database" },
	{ make_text,		ERROR_SYSTEM,	"this is no journal" },
	{ make_damaged,		ERROR_SYSTEM,	"the journal is damaged; move it away" },
};
enum { UNFIT = sizeof(unfit) / sizeof(unfit[0]) };

START_TEST(a_file_that_is_not_a_journal_to_trust_is_refused)
{
	unfit[_i].make();
	refused(JOURNAL_CHANGE, unfit[_i].kind, unfit[_i].words);
	refused(JOURNAL_READ, unfit[_i].kind, unfit[_i].words);
}
END_TEST

START_TEST(a_refused_database_stays_as_it_was)
{
	struct stat before, after;

	make_foreign_table();
	stat(path, &before);
	refused(JOURNAL_CHANGE, ERROR_REFUSED, "another program's database");
	stat(path, &after);
	ck_assert(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec && before.st_size == after.st_size);
	ck_assert(!exists(wal));
}
END_TEST

static const struct { int code; enum error_kind kind; const char *words; } failures[] = {
	{ SQLITE_FULL,			ERROR_SYSTEM,	"the disk is full; make room" },
	{ SQLITE_CORRUPT_INDEX,		ERROR_SYSTEM,	"`vyom adopt --all`" },
	{ SQLITE_NOTADB,		ERROR_SYSTEM,	"`vyom adopt --all`" },
	{ SQLITE_READONLY_DBMOVED,	ERROR_SYSTEM,	"mounted read-only" },
	{ SQLITE_BUSY_SNAPSHOT,		ERROR_BUSY,	"wait for it to end" },
	{ SQLITE_CANTOPEN,		ERROR_SYSTEM,	"permissions" },
	{ SQLITE_IOERR_FSYNC,		ERROR_SYSTEM,	"dmesg" },
	{ SQLITE_TOOBIG,		ERROR_SYSTEM,	"the journal failed: DETAIL" },
};

START_TEST(a_failure_says_what_to_do)
{
	ck_assert_int_eq(journal_file_explain(failures[_i].code, "DETAIL", "/x/journal.db", &err), -1);
	ck_assert_msg(strstr(err.text, failures[_i].words), "%d: %s", failures[_i].code, err.text);
	ck_assert_msg(strstr(err.text, "DETAIL") && strstr(err.text, "/x/journal.db: "), "%s", err.text);
	ck_assert_int_eq(err.kind, failures[_i].kind);
}
END_TEST

/* --- schema versions --- */

static sqlite3 *open_raw(void)
{
	sqlite3 *db;

	ck_assert(sqlite3_open(path, &db) == SQLITE_OK);
	return db;
}

START_TEST(an_older_schema_is_brought_up_to_date_with_what_it_holds)
{
	const char *const steps[] = {
		journal_schema_current.steps[0],
		"ALTER TABLE vm ADD COLUMN node TEXT",
		"UPDATE vm SET node = 'pve'",
	};
	const struct journal_schema first = { 1, 1, steps }, third = { 3, 1, steps };
	sqlite3 *db = open_raw();
	int version = -1;

	ok(journal_schema_check(db, &first, path, &version, &err));
	ck_assert_int_eq(version, 0);
	ok(journal_schema_upgrade(db, &first, path, &err));
	ck_assert_int_eq(ask(db, "PRAGMA user_version"), 1);
	sqlite3_exec(db, "INSERT INTO vm (vmid) VALUES (101)", NULL, NULL, NULL);
	ok(journal_schema_check(db, &third, path, &version, &err));
	ck_assert_int_eq(version, 1);
	ok(journal_schema_upgrade(db, &third, path, &err));
	ck_assert_int_eq(ask(db, "PRAGMA user_version"), 3);
	ck_assert_int_eq(ask(db, "SELECT count(*) FROM vm WHERE vmid = 101 AND node = 'pve'"), 1);
	ok(journal_schema_upgrade(db, &third, path, &err));
	ck_assert_int_eq(journal_schema_check(db, &first, path, &version, &err), -1);
	ck_assert_msg(strstr(err.text, "schema 3") && strstr(err.text, "schema 1"), "%s", err.text);
	sqlite3_close(db);
}
END_TEST

START_TEST(a_schema_step_that_fails_leaves_the_version_before)
{
	const char *const steps[] = {
		journal_schema_current.steps[0],
		"ALTER TABLE vm ADD COLUMN node TEXT; SELECT nonsense",
	};
	const struct journal_schema first = { 1, 1, steps }, second = { 2, 1, steps };
	sqlite3 *db = open_raw();

	ok(journal_schema_upgrade(db, &first, path, &err));
	ck_assert_int_eq(journal_schema_upgrade(db, &second, path, &err), -1);
	ck_assert_msg(strstr(err.text, "schema 2 could not be made"), "%s", err.text);
	ck_assert_int_eq(ask(db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(ask(db, "SELECT count(*) FROM pragma_table_info('vm') WHERE name = 'node'"), 0);
	ck_assert_int_eq(sqlite3_get_autocommit(db), 1);
	sqlite3_close(db);
}
END_TEST

START_TEST(a_journal_killed_before_its_first_table_is_empty_and_goes_on)
{
	if (_i == 2)
		sql("PRAGMA journal_mode = WAL");
	else
		write_file(path, "");
	/* of a journal that was moved away without its company */
	if (_i == 1)
		write_file(wal, "left over");
	ck_assert_int_eq(chmod(path, 0600), 0);
	for (int access = JOURNAL_READ; access <= JOURNAL_CHANGE; access++) {
		struct journal *journal = open_journal(access);

		ck_assert_uint_eq(count_runs(journal), 0);
		if (access == JOURNAL_CHANGE)
			begin_run(journal);
		journal_close(journal);
	}
}
END_TEST

/* As a vyom wrote it that knew the first schema alone. */
static void make_older(void)
{
	const struct journal_schema first = { .version = 1, .steps = journal_schema_current.steps };
	sqlite3 *db = open_raw();

	ok(journal_schema_upgrade(db, &first, path, &err));
	sqlite3_close(db);
	sql("PRAGMA journal_mode = WAL;"
	    "INSERT INTO run (verb, result, pid, pid_start) VALUES ('apply', 'open', 1, 1);"
	    "INSERT INTO step (run, number, vmid, verb, pid, pid_start, result, status)"
	    "	VALUES (1, 1, 101, 'clone', 0, 0, 'interrupted', -1)");
	chmod(path, 0600);
}

/* cron's verify looks before the first apply after an update of vyom */
START_TEST(an_older_journal_is_read_as_it_is_and_upgraded_by_the_next_change)
{
	make_older();
	for (int access = JOURNAL_READ; access <= JOURNAL_CHANGE; access++) {
		CLEANUP(journal_cleanup) struct journal *journal = open_journal(access);
		CLEANUP(record_steps_release) struct record_steps steps = { 0 };
		struct record_templates templates = { 0 };
		struct record_copies copies = { 0 };

		ck_assert_uint_eq(count_runs(journal), 1);
		ok(journal_read_in_doubt(journal, &steps, &err));
		ck_assert(steps.count == 1 && steps.items[0].vmid == 101);
		ok(journal_read_templates(journal, &templates, &err));
		ok(journal_read_copies(journal, &copies, &err));
		ck_assert(templates.count == 0 && copies.count == 0);
		ck_assert_int_eq(ask(journal->file.db, "PRAGMA user_version"),
				 access == JOURNAL_READ ? 1 : journal_schema_current.version);
	}
}
END_TEST

/* --- reading --- */

START_TEST(a_journal_that_does_not_exist_reads_as_an_empty_one)
{
	CLEANUP(scope_free) char *deep = memory_print("%s/no/such/folder/journal.db", folder);
	CLEANUP(journal_cleanup) struct journal *journal = journal_open(_i ? deep : path, JOURNAL_READ, &err);
	struct record_runs runs = { 0 };
	struct record_steps steps = { 0 };
	struct record_vms vms = { 0 };
	struct record_run run = { .verb = (char *)"apply" };

	ck_assert_msg(journal, "%s", err.text);
	ok(journal_read_runs(journal, 0, &runs, &err));
	ok(journal_read_open_runs(journal, &runs, &err));
	ok(journal_read_steps(journal, 1, &steps, &err));
	ok(journal_read_open_steps(journal, &steps, &err));
	ok(journal_read_vms(journal, &vms, &err));
	ck_assert(runs.count == 0 && steps.count == 0 && vms.count == 0);
	ck_assert_int_eq(journal_read_run(journal, 0, &run, &err), -1);
	ck_assert_int_eq(journal_run_begin(journal, &run, &err), -1);
	ck_assert_msg(strstr(err.text, "read only"), "%s", err.text);
	ck_assert(!exists(_i ? deep : path));
}
END_TEST

/* inotify tells whether a file that is closed had been open for writing. */
struct watch {
	int fd;
};

static struct watch watch_begin(void)
{
	struct watch watch = { inotify_init1(IN_NONBLOCK | IN_CLOEXEC) };

	ck_assert_int_ge(inotify_add_watch(watch.fd, folder, IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
					   IN_MODIFY | IN_MOVE), 0);
	return watch;
}

/* The name of the first file that something was done to, or NULL. */
static const char *watch_end(struct watch *watch)
{
	static union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;
	ssize_t len = read(watch->fd, &buffer, sizeof(buffer));

	close(watch->fd);
	return len > 0 ? buffer.event.name : NULL;
}

/*
 * A process that writes the journal.  fork: it waits (and shares no SQLite with
 * a reader that is opened later).  begin: it has begun a run and a step, and
 * has the journal open.  end: it closes the journal and leaves, or is killed.
 */
struct writer {
	pid_t pid;
	int ready, go;
};

static void write_journal(int ready, int go)
{
	struct record_run run = { .verb = (char *)"apply" };
	struct record_step step = { .verb = (char *)"clone", .vmid = 101 };
	struct journal *journal;
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(1);
	journal = journal_open(path, JOURNAL_CHANGE, &err);
	if (!journal || journal_run_begin(journal, &run, &err) < 0)
		_exit(1);
	step.run = run.id;
	if (journal_step_begin(journal, &step, &err) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	if (read(go, &byte, 1) != 1)
		_exit(1);
	journal_close(journal);
	_exit(0);
}

static struct writer writer_fork(void)
{
	struct writer writer;
	int ready[2], go[2];

	ck_assert(pipe(ready) == 0 && pipe(go) == 0);
	writer.pid = fork();
	ck_assert_int_ge(writer.pid, 0);
	if (writer.pid == 0) {
		/* so that it leaves when this process does */
		close(go[1]);
		write_journal(ready[1], go[0]);
	}
	close(ready[1]);
	close(go[0]);
	writer.ready = ready[0];
	writer.go = go[1];
	return writer;
}

static void writer_begin(struct writer *writer)
{
	char byte;

	ck_assert_int_eq(write(writer->go, "", 1), 1);
	ck_assert_msg(read(writer->ready, &byte, 1) == 1, "the writer failed");
}

static void writer_end(struct writer *writer, bool killed)
{
	int status;

	if (killed)
		kill(writer->pid, SIGKILL);
	else
		ck_assert_int_eq(write(writer->go, "", 1), 1);
	ck_assert_int_eq(waitpid(writer->pid, &status, 0), writer->pid);
	ck_assert(killed ? WIFSIGNALED(status) : status == 0);
	close(writer->ready);
	close(writer->go);
}

static void read_without_a_trace(const char *when, size_t expected)
{
	struct watch watch = watch_begin();
	struct journal *journal = open_journal(JOURNAL_READ);
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	size_t runs = count_runs(journal);
	const char *touched;

	ok(journal_read_open_steps(journal, &steps, &err));
	journal_close(journal);
	touched = watch_end(&watch);
	ck_assert_msg(runs == expected && steps.count == expected, "%s: %zu runs, %zu steps", when, runs,
		      steps.count);
	ck_assert_msg(!touched, "%s: %s was opened for writing, made or changed", when, touched);
}

START_TEST(a_reader_sees_all_that_is_committed_and_touches_nothing)
{
	struct writer writer = writer_fork(), next = writer_fork();

	writer_begin(&writer);
	ck_assert(exists(wal) && exists(shm));
	read_without_a_trace("as a run is at work", 1);
	writer_end(&writer, true);
	ck_assert(exists(wal) && exists(shm));
	read_without_a_trace("after it was killed", 1);
	writer_begin(&next);
	read_without_a_trace("as the next run is at work", 2);
	writer_end(&next, false);
	ck_assert(!exists(wal) && !exists(shm));
	read_without_a_trace("after it ended", 2);
}
END_TEST

START_TEST(a_writer_is_seen_by_the_watch_that_readers_pass)
{
	struct watch watch;

	journal_close(open_journal(JOURNAL_CHANGE));
	watch = watch_begin();
	journal_close(open_journal(JOURNAL_CHANGE));
	ck_assert_ptr_nonnull(watch_end(&watch));
}
END_TEST

START_TEST(a_reader_cannot_write)
{
	CLEANUP(journal_cleanup) struct journal *journal = NULL;
	struct record_run run = { .verb = (char *)"apply" };

	journal_close(open_journal(JOURNAL_CHANGE));
	journal = open_journal(JOURNAL_READ);
	ck_assert_int_eq(journal_run_begin(journal, &run, &err), -1);
	ck_assert_msg(strstr(err.text, "read only"), "%s", err.text);
}
END_TEST

START_TEST(a_reader_notices_a_run_that_began_after_it_looked)
{
	struct writer writer = writer_fork();
	struct journal *reader;

	journal_close(open_journal(JOURNAL_CHANGE));
	reader = open_journal(JOURNAL_READ);
	ck_assert_uint_eq(count_runs(reader), 0);
	writer_begin(&writer);
	if (_i)
		writer_end(&writer, false);
	ck_assert_uint_eq(count_runs(reader), 1);
	if (!_i)
		writer_end(&writer, false);
	ck_assert_uint_eq(count_runs(reader), 1);
	journal_close(reader);
}
END_TEST

START_TEST(a_reader_does_not_keep_a_writer_from_working)
{
	struct writer writer = writer_fork(), next = writer_fork();
	struct journal *reader;

	writer_begin(&writer);
	reader = open_journal(JOURNAL_READ);
	ck_assert_uint_eq(count_runs(reader), 1);
	writer_end(&writer, _i);
	writer_begin(&next);
	ck_assert_uint_eq(count_runs(reader), 2);
	writer_end(&next, false);
	ck_assert_uint_eq(count_runs(reader), 2);
	journal_close(reader);
}
END_TEST

START_TEST(entries_that_cannot_be_reached_are_not_passed_over)
{
	struct writer writer = writer_fork();
	struct journal *journal;

	writer_begin(&writer);
	writer_end(&writer, true);
	ck_assert_int_eq(unlink(shm), 0);
	refused(JOURNAL_READ, ERROR_SYSTEM, "the next run that changes something mends that");
	journal = open_journal(JOURNAL_CHANGE);
	ck_assert_uint_eq(count_runs(journal), 1);
	journal_close(journal);
	journal = open_journal(JOURNAL_READ);
	ck_assert_uint_eq(count_runs(journal), 1);
	journal_close(journal);
}
END_TEST

/* Tells each id once it is said to be on the disk, until it is killed. */
static void write_until_killed(int fd)
{
	struct journal *journal = journal_open(path, JOURNAL_CHANGE, &err);
	struct record_run run = { .verb = (char *)"apply" };

	while (journal && journal_run_begin(journal, &run, &err) == 0)
		if (write(fd, &run.id, sizeof(run.id)) != sizeof(run.id))
			break;
	_exit(1);
}

START_TEST(what_was_said_to_be_written_outlives_a_kill)
{
	int64_t id = 0, last = 0;

	for (int round = 0; round < 5; round++) {
		struct journal *journal;
		int fds[2];
		pid_t pid;

		ck_assert_int_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0)
			write_until_killed(fds[1]);
		close(fds[1]);
		for (int i = 0; i <= round * 3; i++)
			ck_assert_int_eq(read(fds[0], &id, sizeof(id)), sizeof(id));
		kill(pid, SIGKILL);
		while (read(fds[0], &id, sizeof(id)) == sizeof(id))
			;
		close(fds[0]);
		waitpid(pid, NULL, 0);
		ck_assert_int_gt(id, last);
		last = id;
		journal = open_journal(round % 2 ? JOURNAL_READ : JOURNAL_CHANGE);
		/* one more may have been committed and not told of */
		ck_assert_uint_ge(count_runs(journal), (size_t)last);
		journal_close(journal);
	}
}
END_TEST

START_TEST(nothing_to_close_is_fine)
{
	CLEANUP(journal_cleanup) struct journal *journal = NULL;

	journal_close(journal);
}
END_TEST

/* --- damage --- */

/* A journal of thirty runs, several pages of them. */
static void make_filled(void)
{
	struct journal *journal = open_journal(JOURNAL_CHANGE);

	for (unsigned i = 0; i < 30; i++) {
		CLEANUP(scope_free) char *output = memory_new(400, 1);
		struct record_vm vm = { .vmid = 101 + i, .name = (char *)"worker", .uuid = (char *)"uuid" };
		struct record_step step;

		memset(output, 'x', 399);
		begin_step(journal, begin_run(journal), vm.vmid, &step);
		step.result = i % 2 ? RECORD_DONE : RECORD_INTERRUPTED;
		step.output = output;
		ok(journal_step_end(journal, &step, &err));
		ok(journal_vm_remember(journal, &vm, &err));
	}
	journal_close(journal);
}

/* As a run would: read what is unsettled, begin and end.  false: it was refused, with a sentence. */
static bool goes_on(void)
{
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	CLEANUP(record_vms_release) struct record_vms vms = { 0 };
	struct journal *journal = journal_open(path, JOURNAL_CHANGE, &err);

	if (!journal) {
		ck_assert_msg(strstr(err.text, "nothing was done: ") == err.text, "%s", err.text);
		ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
		return false;
	}
	ok(journal_read_in_doubt(journal, &steps, &err));
	ok(journal_read_open_steps(journal, &steps, &err));
	ok(journal_read_vms(journal, &vms, &err));
	ok(journal_run_end(journal, begin_run(journal), RECORD_DONE, NULL, &err));
	journal_close(journal);
	return true;
}

struct kept {
	unsigned char *bytes;
	size_t len;
};

static struct kept keep(const char *name)
{
	struct kept kept = { .bytes = memory_new(1 << 20, 1) };
	FILE *file = fopen(name, "r");

	ck_assert_ptr_nonnull(file);
	kept.len = fread(kept.bytes, 1, 1 << 20, file);
	fclose(file);
	return kept;
}

static struct kept keep_filled(void)
{
	make_filled();
	return keep(path);
}

/* The first len bytes of it, in a file of its own. */
static void restore(const struct kept *kept, size_t len, const char *name)
{
	FILE *file;

	unlink(name);
	file = fopen(name, "w");
	ck_assert(file && fwrite(kept->bytes, 1, len, file) == len);
	fclose(file);
	chmod(name, 0600);
}

static void kept_release(struct kept *kept)
{
	free(kept->bytes);
}

static struct stat stat_of(const char *name)
{
	struct stat found = { 0 };

	lstat(name, &found);
	return found;
}

static bool is_untouched(const struct stat *before, const char *name)
{
	const struct stat now = stat_of(name);

	return now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/* Bytes that lack in its last page read as zeros, which a flipped bit may do too. */
START_TEST(a_journal_that_was_cut_is_refused)
{
	CLEANUP(kept_release) struct kept whole = keep_filled();

	for (size_t len = 2; len + 4096 <= whole.len; len += len < 600 ? 97 : 1009) {
		struct stat before;

		restore(&whole, len, path);
		before = stat_of(path);
		ck_assert_msg(!goes_on(), "cut to %zu bytes", len);
		ck_assert_msg(strstr(err.text, "move it away") != NULL, "%zu bytes: %s", len, err.text);
		ck_assert_msg(is_untouched(&before, path), "cut to %zu bytes", len);
	}
}
END_TEST

/* As one that is made and not filled yet; the marks of the VMs then say that somebody must look. */
START_TEST(a_journal_that_was_cut_to_nothing_is_as_good_as_none)
{
	CLEANUP(kept_release) struct kept whole = keep_filled();
	struct journal *journal;

	restore(&whole, (size_t)_i, path);
	journal = open_journal(JOURNAL_CHANGE);
	ck_assert_uint_eq(count_runs(journal), 0);
	begin_run(journal);
	journal_close(journal);
}
END_TEST

START_TEST(a_flipped_bit_is_refused_or_does_no_harm)
{
	CLEANUP(kept_release) struct kept whole = keep_filled();
	int refusals = 0;

	srandom(1);
	for (int i = 0; i < 200; i++) {
		const size_t at = (size_t)random() % whole.len;
		const unsigned char bit = (unsigned char)(1 << random() % 8);

		whole.bytes[at] ^= bit;
		restore(&whole, whole.len, path);
		refusals += !goes_on();
		whole.bytes[at] ^= bit;
	}
	ck_assert_msg(refusals > 10, "%d of 200 were refused", refusals);
}
END_TEST

/* What a CHECK allows would be known only once a result is to be written: too late. */
START_TEST(tables_that_are_not_as_they_were_made_are_damage)
{
	make_filled();
	sql("PRAGMA writable_schema = 1;"
	    "UPDATE sqlite_schema SET sql = replace(sql, 'retried', 'retriee') WHERE name = 'step'");
	ck_assert(!goes_on());
	ck_assert_msg(strstr(err.text, "its tables are not as they were made"), "%s", err.text);
}
END_TEST

/* By this index open steps are found: one that it lacks would never be settled. */
START_TEST(an_index_that_lacks_a_row_is_damage)
{
	make_filled();
	sql("PRAGMA writable_schema = 1;"
	    "UPDATE sqlite_schema SET sql = replace(sql, '''open''', '''neno''') WHERE name = 'step_open'");
	sql("UPDATE step SET result = 'open' WHERE run = 1");
	sql("PRAGMA writable_schema = 1;"
	    "UPDATE sqlite_schema SET sql = replace(sql, '''neno''', '''open''') WHERE name = 'step_open'");
	ck_assert(!goes_on());
	ck_assert_msg(strstr(err.text, "the journal is damaged; move it away"), "%s", err.text);
	ck_assert_msg(strstr(err.text, "step_open)"), "%s", err.text);
}
END_TEST

START_TEST(a_damaged_journal_keeps_what_its_wal_holds)
{
	struct writer writer = writer_fork();
	struct stat before[2];

	make_filled();
	writer_begin(&writer);
	writer_end(&writer, true);
	ck_assert_int_eq(truncate(path, stat_of(path).st_size / 2), 0);
	before[0] = stat_of(path);
	before[1] = stat_of(wal);
	ck_assert(before[1].st_size > 0 && !goes_on());
	ck_assert(is_untouched(&before[0], path) && is_untouched(&before[1], wal));
}
END_TEST

/* What was committed after the tear is lost, and nothing of what was before. */
START_TEST(a_torn_wal_holds_what_is_before_the_tear)
{
	CLEANUP(kept_release) struct kept main_file = { 0 }, log = { 0 };
	struct writer writer = writer_fork();
	size_t runs = 30;

	make_filled();
	writer_begin(&writer);
	writer_end(&writer, true);
	main_file = keep(path);
	log = keep(wal);
	for (size_t len = 0; len <= log.len; len += len < 40 ? 8 : 2009) {
		struct journal *journal;

		unlink(shm);
		restore(&main_file, main_file.len, path);
		restore(&log, len, wal);
		journal = open_journal(JOURNAL_CHANGE);
		ck_assert_uint_ge(count_runs(journal), runs);
		runs = count_runs(journal);
		journal_close(journal);
		ck_assert(goes_on());
	}
	ck_assert_uint_eq(runs, 31);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_run_is_read_as_it_was_written);
	tcase_add_test(tcase, runs_come_newest_first_and_as_many_as_asked_for);
	tcase_add_test(tcase, a_run_that_is_not_there_is_a_wrong_use);
	tcase_add_test(tcase, the_id_of_a_run_is_never_used_again);
	tcase_add_test(tcase, steps_are_numbered_from_one_in_every_run);
	tcase_add_test(tcase, a_step_is_read_as_it_was_written);
	tcase_add_test(tcase, open_steps_of_all_runs_are_found);
	tcase_add_test(tcase, what_has_ended_does_not_end_twice);
	tcase_add_loop_test(tcase, a_step_that_was_interrupted_is_settled_later, 0, 2);
	tcase_add_loop_test(tcase, the_newest_clone_or_destroy_of_a_vm_may_be_in_doubt, 0,
			    sizeof(doubts) / sizeof(doubts[0]));
	tcase_add_test(tcase, steps_in_doubt_are_found_without_reading_all_steps);
	tcase_add_test(tcase, a_step_of_no_run_is_refused);
	tcase_add_test(tcase, a_vm_is_remembered_replaced_and_forgotten);
	tcase_add_test(tcase, a_template_is_remembered_replaced_and_forgotten);
	tcase_add_loop_test(tcase, a_copy_is_remembered_as_long_as_its_vm, 0, 2);
	tcase_add_loop_test(tcase, file_and_folders_are_made_for_their_owner_alone, 0, 3);
	tcase_add_test(tcase, commits_are_durable_and_the_file_says_whose_it_is);
	tcase_add_test(tcase, a_path_is_taken_as_it_is_written);
	tcase_add_loop_test(tcase, a_file_that_is_not_a_journal_to_trust_is_refused, 0, UNFIT);
	tcase_add_test(tcase, a_refused_database_stays_as_it_was);
	tcase_add_loop_test(tcase, a_failure_says_what_to_do, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tcase, an_older_schema_is_brought_up_to_date_with_what_it_holds);
	tcase_add_test(tcase, a_schema_step_that_fails_leaves_the_version_before);
	tcase_add_test(tcase, an_older_journal_is_read_as_it_is_and_upgraded_by_the_next_change);
	tcase_add_loop_test(tcase, a_journal_killed_before_its_first_table_is_empty_and_goes_on, 0, 3);
	tcase_add_loop_test(tcase, a_journal_that_does_not_exist_reads_as_an_empty_one, 0, 2);
	tcase_add_test(tcase, a_reader_sees_all_that_is_committed_and_touches_nothing);
	tcase_add_test(tcase, a_writer_is_seen_by_the_watch_that_readers_pass);
	tcase_add_test(tcase, a_reader_cannot_write);
	tcase_add_loop_test(tcase, a_reader_notices_a_run_that_began_after_it_looked, 0, 2);
	tcase_add_loop_test(tcase, a_reader_does_not_keep_a_writer_from_working, 0, 2);
	tcase_add_test(tcase, entries_that_cannot_be_reached_are_not_passed_over);
	tcase_add_test(tcase, what_was_said_to_be_written_outlives_a_kill);
	tcase_add_test(tcase, nothing_to_close_is_fine);
	tcase_add_test(tcase, a_journal_that_was_cut_is_refused);
	tcase_add_loop_test(tcase, a_journal_that_was_cut_to_nothing_is_as_good_as_none, 0, 2);
	tcase_add_test(tcase, tables_that_are_not_as_they_were_made_are_damage);
	tcase_add_test(tcase, a_flipped_bit_is_refused_or_does_no_harm);
	tcase_add_test(tcase, an_index_that_lacks_a_row_is_damage);
	tcase_add_test(tcase, a_damaged_journal_keeps_what_its_wal_holds);
	tcase_add_test(tcase, a_torn_wal_holds_what_is_before_the_tear);
}

TEST_MAIN("journal", add_cases)
