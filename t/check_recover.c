/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/recover.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/journal.h"
#include "edge/pvefs.h"
#include "main.h"
#include "model/record.h"
#include "model/state.h"
#include "sysroot.h"

static struct error err;

/* A node without guests. */
static void set_up(void)
{
	sysroot_make();
	sysroot_put("/etc/pve/.vmlist", "{ \"version\": 1, \"ids\": {} }\n");
	sysroot_put("/run/dm/info", "");
	sysroot_put("/run/dm/table", "");
	sysroot_put("/run/dm/status", "");
}

static void ignore(void *context, const struct event *event)
{
	(void)context, (void)event;
}

/* A full copy whose VM is known already, and whose end vyom did not come to write down. */
static void make_journal(struct journal *journal)
{
	struct record_run run = { .verb = (char *)"apply", .pid = 1, .pid_start = 1 };
	struct record_step step = {
		.vmid = 101, .vm = (char *)"web", .verb = (char *)"clone",
		.argv = (char *)"qm clone 9000 101 --name web --full 1",
		.before = (char *)RECORD_NO_CONFIG, .status = -1,
	};
	struct record_vm vm = {
		.vmid = 101, .cluster = (char *)"lab", .name = (char *)"web",
		.uuid = (char *)"1111abcd-1111-4111-8111-111111111111",
	};

	ck_assert_int_eq(journal_run_begin(journal, &run, &err), 0);
	step.run = vm.run = run.id;
	ck_assert_int_eq(journal_step_begin(journal, &step, &err), 0);
	ck_assert_int_eq(journal_vm_remember(journal, &vm, &err), 0);
}

/* Where the template is, whose disk the copy's would be compared with. */
static void settle(const char *vmlist)
{
	CLEANUP(state_release) struct state state = { .node = memory_copy("pve"), .mounted = true };
	CLEANUP(record_vms_release) struct record_vms records = { .items = NULL };
	CLEANUP(scope_free) char *path = memory_copy(sysroot_path("/var/lib/vyom/journal.db"));
	CLEANUP(journal_cleanup) struct journal *journal =
		journal_open(path, JOURNAL_CHANGE, &err);
	struct recover recover = {
		.root = sysroot, .journal = journal, .state = &state, .records = &records,
		.sink = { .emit = ignore }, .time_scale = 0.01,
	};
	CLEANUP(record_steps_release) struct record_steps open = { .items = NULL };

	ck_assert_msg(journal, "%s", err.text);
	make_journal(journal);
	ck_assert_int_eq(journal_read_vms(journal, &records, &err), 0);
	sysroot_put("/etc/pve/nodes/pve/qemu-server/9000.conf",
		    "scsi0: local-lvm:base-9000-disk-0,size=4G\ntemplate: 1\n");
	sysroot_put("/etc/pve/.vmlist", vmlist);
	ck_assert_msg(pvefs_read_guests(sysroot, &state, &err) == 0, "%s", err.text);
	ck_assert_msg(recover_settle(&recover, &err) == 1, "%s", err.text);
	ck_assert_int_eq(journal_read_open_steps(journal, &open, &err), 0);
	ck_assert_uint_eq(open.count, 0);
}

START_TEST(a_copy_that_others_destroyed_before_it_was_settled_is_settled)
{
	settle("{ \"version\": 1, \"ids\": {"
	       " \"9000\": { \"node\": \"pve\", \"type\": \"qemu\", \"version\": 1 } } }\n");
}
END_TEST

START_TEST(a_copy_that_others_migrated_before_it_was_settled_is_settled)
{
	settle("{ \"version\": 1, \"ids\": {"
	       " \"9000\": { \"node\": \"pve\", \"type\": \"qemu\", \"version\": 1 },"
	       " \"101\": { \"node\": \"other\", \"type\": \"qemu\", \"version\": 1 } } }\n");
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
	tcase_add_test(tcase, a_copy_that_others_destroyed_before_it_was_settled_is_settled);
	tcase_add_test(tcase, a_copy_that_others_migrated_before_it_was_settled_is_settled);
}

TEST_MAIN("recover", add_cases)
