/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A journal with any bytes of its file changed: "PLACE VALUE" a line, in hex, a
 * place alone cuts the file off there.  Opened to read and for change, it is
 * refused or gives rows, and takes new ones or says why not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/journal.h"
#include "fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct strbuf whole_journal = STRBUF_INIT;

static const char *path_of_journal(void)
{
	return folder_path("/journal.db");
}

static void clean_up(void)
{
	strbuf_release(&whole_journal);
}

/* What must either succeed, or fail and say why. */
static bool works(int result, struct error *err)
{
	bool told = *err->text != '\0';

	if ((result < 0) != told)
		abort();
	*err = (struct error){ 0 };
	return result == 0;
}

static void add_step(struct journal *journal, int64_t run, unsigned vmid)
{
	struct record_step step = {
		.run = run, .vmid = vmid, .vm = (char *)"web", .verb = (char *)"clone",
		.argv = (char *)"qm clone 9000 101", .before = (char *)"{}", .started = 1001,
		.pid = 7,
	};
	struct error err = { 0 };

	if (!works(journal_step_begin(journal, &step, &err), &err))
		return;
	works(journal_step_child(journal, &step, &err), &err);
	step.result = RECORD_DONE;
	step.output = (char *)"one line\nand another\n";
	step.ended = 1002;
	works(journal_step_end(journal, &step, &err), &err);
}

static void add_run(struct journal *journal, unsigned vmid)
{
	struct record_run run = {
		.verb = (char *)"apply", .vmids = (char *)"101 102", .started = 1000,
	};
	struct record_vm vm = {
		.vmid = vmid, .cluster = (char *)"c", .name = (char *)"web",
		.uuid = (char *)"be8c63cf-bfd6-47a4-8a8f-4436ed99fc28",
	};
	struct error err = { 0 };

	if (!works(journal_run_begin(journal, &run, &err), &err))
		return;
	vm.run = run.id;
	add_step(journal, run.id, vmid);
	works(journal_vm_remember(journal, &vm, &err), &err);
	works(journal_vm_started(journal, vmid, &err), &err);
	works(journal_run_end(journal, run.id, RECORD_DONE, "1 VM", &err), &err);
}

/* Twenty runs, so that tables have more than one page; the last one and its step are open. */
static void set_up(void)
{
	CLEANUP(journal_cleanup) struct journal *journal = NULL;
	struct record_run run = { .verb = (char *)"apply", .started = 2000 };
	struct record_step step = { .vmid = 101, .verb = (char *)"start" };
	struct error err = { 0 };

	folder_make();
	atexit(clean_up);
	journal = journal_open(path_of_journal(), JOURNAL_CHANGE, &err);
	if (!journal)
		abort();
	for (unsigned i = 0; i < 20; i++)
		add_run(journal, 101 + i);
	works(journal_run_begin(journal, &run, &err), &err);
	step.run = run.id;
	works(journal_step_begin(journal, &step, &err), &err);
	journal_close(journal);
	journal = NULL;
	if (file_read(path_of_journal(), &whole_journal) < 0)
		abort();
}

static size_t damage(char *file, size_t len, char *text)
{
	char *line;

	while (len && (line = strsep(&text, "\n"))) {
		char *rest, *end;
		size_t place = strtoul(line, &rest, 16) % len;
		unsigned long value = strtoul(rest, &end, 16);

		if (rest == line)
			continue;
		if (end == rest)
			len = place;
		else
			file[place] = (char)value;
	}
	return len;
}

static void read_all(struct journal *journal)
{
	CLEANUP(record_runs_release) struct record_runs runs = { 0 };
	CLEANUP(record_steps_release) struct record_steps steps = { 0 };
	CLEANUP(record_vms_release) struct record_vms vms = { 0 };
	struct error err = { 0 };

	if (!works(journal_read_open_runs(journal, &runs, &err), &err) && runs.count)
		abort();
	if (!works(journal_read_open_steps(journal, &steps, &err), &err) && steps.count)
		abort();
	if (!works(journal_read_vms(journal, &vms, &err), &err) && vms.count)
		abort();
	if (!works(journal_read_runs(journal, 0, &runs, &err), &err) && runs.count)
		abort();
	for (size_t i = 0; i < runs.count; i++)
		if (!works(journal_read_steps(journal, runs.items[i].id, &steps, &err), &err) &&
		    steps.count)
			abort();
}

static void use(enum journal_access access)
{
	CLEANUP(journal_cleanup) struct journal *journal = NULL;
	struct error err = { 0 };

	journal = journal_open(path_of_journal(), access, &err);
	if (!works(journal ? 0 : -1, &err))
		return;
	read_all(journal);
	if (access == JOURNAL_CHANGE)
		add_run(journal, 300);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(scope_free) char *text = memory_new(size + 1, 1), *file = NULL;
	size_t len;

	if (!*folder)
		set_up();
	if (size)
		memcpy(text, data, size);
	file = memory_new(whole_journal.len, 1);
	memcpy(file, whole_journal.buf, whole_journal.len);
	len = damage(file, whole_journal.len, text);
	folder_put("/journal.db", file, len);
	unlink(folder_path("/journal.db-wal"));
	unlink(folder_path("/journal.db-shm"));
	use(JOURNAL_READ);
	use(JOURNAL_CHANGE);
	return 0;
}
