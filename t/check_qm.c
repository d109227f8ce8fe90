/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "main.h"
#include "model/qm.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void clone_linked(struct strvec *argv)
{
	qm_clone(argv, 9000, 101, "web", "managed by vyom: lab/web", false, "fast");
}

static void clone_full(struct strvec *argv)
{
	qm_clone(argv, 9000, 101, "web", "managed by vyom: lab/web", true, NULL);
}

static void clone_full_elsewhere(struct strvec *argv)
{
	qm_clone(argv, 9000, 101, "web", "managed by vyom: lab/web", true, "fast");
}

static void clone_slowly(struct strvec *argv)
{
	clone_full(argv);
	qm_clone_slowly(argv, 102400);
}

static void pool(struct strvec *argv)
{
	qm_pool(argv, "prod/web", 101);
}

static void alloc(struct strvec *argv)
{
	qm_alloc(argv, "fast", 101, "vm-101-vyom-scsi1", 100 * GIB);
}

static void ping(struct strvec *argv)
{
	qm_agent_ping(argv, 101);
}

static void addresses(struct strvec *argv)
{
	qm_agent_addresses(argv, 101);
}

static void cloudinit(struct strvec *argv)
{
	qm_agent_cloudinit(argv, 101);
}

static void snippet(struct strvec *argv)
{
	qm_snippet(argv, "local:snippets/a.yaml", "0123456789abcdef");
}

static void set(struct strvec *argv)
{
	qm_set(argv, 101);
	qm_set_option(argv, "cores", "4");
	qm_set_option(argv, "description", "it's\nmine");
	qm_set_option(argv, "tags", "");
}

static void resize(struct strvec *argv)
{
	qm_resize(argv, 101, "scsi0", 20484 * MIB);
}

static void resize_to_bytes(struct strvec *argv)
{
	qm_resize(argv, 101, "scsi0", 64 * GIB + 1);
}

static void detach(struct strvec *argv)
{
	qm_set(argv, 101);
	qm_set_delete(argv, "scsi1,virtio0");
}

static void move(struct strvec *argv)
{
	qm_move(argv, 101, "scsi1", "fast");
}

static void rescan(struct strvec *argv)
{
	qm_rescan(argv, 101);
}

static void start(struct strvec *argv)
{
	qm_start(argv, QM_VMID_MAX);
}

static void shutdown(struct strvec *argv)
{
	qm_shutdown(argv, 101, 90);
}

static void destroy(struct strvec *argv)
{
	qm_destroy(argv, 101);
}

static void destroy_locked(struct strvec *argv)
{
	qm_destroy_locked(argv, 101);
}

static void free_volume(struct strvec *argv)
{
	qm_free(argv, "local-lvm:vm-101-disk-0");
}

static void set_guarded(struct strvec *argv)
{
	qm_set(argv, 101);
	qm_set_option(argv, "cores", "4");
	qm_guard(argv, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* Every spelling: a linked clone has no storage (pve-facts 1.3.1), a resize no plus (3.2). */
static const struct { void (*build)(struct strvec *argv); const char *command; } commands[] = {
	{ clone_linked,		"qm clone 9000 101 --name web --description "
				"'managed by vyom: lab/web' --full 0" },
	{ clone_full,		"qm clone 9000 101 --name web --description "
				"'managed by vyom: lab/web' --full 1" },
	{ clone_full_elsewhere,	"qm clone 9000 101 --name web --description "
				"'managed by vyom: lab/web' --full 1 --storage fast" },
	{ clone_slowly,		"qm clone 9000 101 --name web --description "
				"'managed by vyom: lab/web' --full 1 --bwlimit 102400" },
	{ pool,			"pvesh set /pools --poolid prod/web --vms 101 --allow-move 1" },
	{ alloc,		"pvesm alloc fast 101 vm-101-vyom-scsi1 102400M" },
	{ ping,			"qm guest cmd 101 ping" },
	{ addresses,		"qm guest cmd 101 network-get-interfaces" },
	{ cloudinit,		"qm guest exec 101 -- cloud-init status --long" },
	{ snippet,		"snippet local:snippets/a.yaml sha256 0123456789abcdef" },
	{ set,			"qm set 101 --cores 4 --description 'it'\\''s\nmine' --tags ''" },
	{ resize,		"qm resize 101 scsi0 20484M" },
	{ resize_to_bytes,	"qm resize 101 scsi0 68719476737" },
	{ detach,		"qm set 101 --delete scsi1,virtio0" },
	{ move,			"qm disk move 101 scsi1 fast" },
	{ rescan,		"qm disk rescan --vmid 101" },
	{ start,		"qm start 999999999" },
	{ shutdown,		"qm shutdown 101 --timeout 90 --forceStop 1" },
	{ destroy,		"qm destroy 101 --purge 1" },
	{ destroy_locked,	"qm destroy 101 --purge 1 --skiplock 1" },
	{ free_volume,		"pvesm free local-lvm:vm-101-disk-0" },
	{ set_guarded,		"qm set 101 --cores 4 --digest "
				"a9993e364706816aba3e25717850c26c9cd0d89d" },
};

START_TEST(each_command_is_spelled_as_qm_takes_it)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf command = STRBUF_INIT;

	commands[_i].build(&argv);
	strvec_quote(&argv, &command);
	ck_assert_str_eq(command.buf, commands[_i].command);
}
END_TEST

START_TEST(qm_is_the_nodes_own)
{
	CLEANUP(scope_free) char *real = qm_program("", "qm");
	CLEANUP(scope_free) char *other = qm_program("/tmp/node", "pvesm");

	ck_assert_str_eq(real, "/usr/sbin/qm");
	ck_assert_str_eq(other, "/tmp/node/usr/sbin/pvesm");
}
END_TEST

START_TEST(a_move_is_known_again_by_what_it_was_called_with)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	char slot[16], storage[101];

	ck_assert(!qm_move_is_of(&argv, "scsi1"));
	move(&argv);
	ck_assert(qm_move_is_of(&argv, "scsi1") && !qm_move_is_of(&argv, "scsi0"));
	strvec_release(&argv);
	argv = (struct strvec)STRVEC_INIT;
	resize(&argv);
	ck_assert(!qm_move_is_of(&argv, "scsi0"));
	ck_assert(qm_move_read("qm disk move 101 scsi1 fast --digest a9993e36", slot, storage));
	ck_assert_str_eq(slot, "scsi1");
	ck_assert_str_eq(storage, "fast");
	ck_assert(!qm_move_read("qm resize 101 scsi1 20G", slot, storage));
}
END_TEST

/* line and volume → digest, or NULL */
static const struct { const char *line, *volid, *digest; } written[] = {
	{ "snippet local:snippets/a sha256 01ab", "local:snippets/a", "01ab" },
	{ "snippet local:snippets/a sha256 01ab", "local:snippets/b", NULL },
	{ "snippet local:snippets/a.yaml sha256 01ab", "local:snippets/a", NULL },
	{ "snippet local:snippets/a", "local:snippets/a", NULL },
	{ "check local:snippets/a sha256 01ab", "local:snippets/a", NULL },
	{ "", "local:snippets/a", NULL },
	{ NULL, "local:snippets/a", NULL },
};

START_TEST(what_a_snippet_was_written_with_is_read_back)
{
	ck_assert_pstr_eq(qm_snippet_read(written[_i].line, written[_i].volid), written[_i].digest);
}
END_TEST

START_TEST(every_verb_has_a_name_and_what_copies_has_no_limit)
{
	for (enum qm_verb verb = 0; verb < QM_VERB_COUNT; verb++) {
		const char *name = qm_verb_name(verb);

		ck_assert_int_eq(qm_verb_find(name), verb);
		ck_assert_msg(!qm_verb_has(verb, QM_COPIES) ||
			      (qm_verb_limit(verb) == 0 && qm_verb_has(verb, QM_ALLOCATES)), "%s", name);
		ck_assert_msg(!qm_verb_has(verb, QM_MAKES | QM_NAMES) || qm_verb_has(verb, QM_LEAVES),
			      "%s", name);
		ck_assert_msg(qm_verb_has(verb, QM_OWN) == (verb >= QM_SNIPPET), "%s", name);
	}
	ck_assert_int_eq(qm_verb_find("sing"), QM_VERB_COUNT);
	ck_assert_uint_gt(qm_verb_limit(QM_SHUTDOWN), 90);
}
END_TEST

START_TEST(what_takes_a_digest_is_guarded)
{
	const enum qm_verb guarded[] = { QM_SET, QM_EFIDISK, QM_RESIZE, QM_MOVE };
	size_t count = 0;

	for (enum qm_verb verb = 0; verb < QM_VERB_COUNT; verb++)
		count += qm_verb_has(verb, QM_GUARDED);
	ck_assert_uint_eq(count, sizeof(guarded) / sizeof(*guarded));
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(qm_verb_has(guarded[i], QM_GUARDED), "%s", qm_verb_name(guarded[i]));
}
END_TEST

/* Texts of a real node (transcripts), and what looks like them. */
static const struct { const char *output; bool busy; } busy[] = {
	{ "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout\n",	true },
	{ "trying to acquire lock...\n"
	  "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout\n",	true },
	{ "clone failed: can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' - got timeout\n",
	  true },
	{ "cfs-lock 'file-user_cfg' error: got lock request timeout\n",			true },
	{ "VM quit/powerdown failed - got timeout\n",					false },
	{ "wait failed - got timeout\n",						false },
	{ "start failed: command '/usr/bin/kvm -id 101' failed: got timeout\n",		false },
	{ "VM 101 qmp command 'query-status' failed - got timeout\n",			false },
	{ "got timeout\n",								false },
	{ "VM is locked (backup)\n",							true },
	{ "clone failed: VM is locked (snapshot-delete)\n",				true },
	{ "VM is locked (clone)\n",							false },
	{ "VM is locked (suspended)\n",							false },
	{ "can't lock file '/var/lock/qemu-server/lock-101.conf' - can't open - Permission denied\n",
	  false },
	{ "unable to create VM 101: config file already exists\n",			false },
	{ "trying to acquire lock...\n OK\n",						false },
	{ "",										false },
};

START_TEST(only_a_lock_that_its_holder_gives_back_is_worth_another_try)
{
	ck_assert_msg(qm_output_is_busy(busy[_i].output) == busy[_i].busy, "%s", busy[_i].output);
}
END_TEST

/* As a real node said it (transcripts 02 and 03), and pmxcfs would. */
START_TEST(a_changed_config_and_a_taken_id_are_told_apart)
{
	const char *mismatch = "checksum mismatch (file change by other user?)\n";
	const char *taken = "unable to create VM 101: config file already exists\n";
	const char *elsewhere = "close (rename) atomic file '/etc/pve/nodes/pve/qemu-server/101.conf' "
				"failed: File exists\n";

	const char *digest = "checksum mismatch: got '75cb' != expect '0000'\n";

	ck_assert(qm_output_is_mismatch(mismatch) && !qm_output_is_mismatch(taken));
	ck_assert(!qm_output_is_mismatch(digest));
	ck_assert(qm_output_is_clash(taken) && qm_output_is_clash(elsewhere));
	ck_assert(!qm_output_is_clash(mismatch) && !qm_output_is_clash(""));
}
END_TEST

/* As a real node said it (transcript 03), streams mixed as in a file. */
static const struct { const char *output, *complaint; } complaints[] = {
	{ "400 Parameter verification failed.\ncores: value must have a minimum value of 1\n"
	  "qm set <vmid> [OPTIONS]\n",
	  "cores: value must have a minimum value of 1" },
	{ "400 Parameter verification failed.\nipconfig0: invalid format - format error\n"
	  "ipconfig0.ip: invalid format - value does not look like a valid ipv4 network configuration\n"
	  "\n\nqm set <vmid> [OPTIONS]\n",
	  "ipconfig0.ip: invalid format - value does not look like a valid ipv4 network configuration" },
	{ "checksum mismatch (file change by other user?)\nupdate VM 101: -cores 4\n",
	  "checksum mismatch (file change by other user?)" },
	{ "update VM 101: -cores 4\n", "" },
	{ "", "" },
};

START_TEST(why_it_did_not_go_is_said_and_not_how_it_is_called)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "");
	qm_output_complaint(complaints[_i].output, &text);
	ck_assert_str_eq(text.buf, complaints[_i].complaint);
}
END_TEST

static const struct { const char *output; int percent; } progress[] = {
	{ "transferred 0.0 B of 64.0 MiB (0.00%)\n",				0 },
	{ "transferred 3.1 GiB of 3.5 GiB (89.22%)\n",				89 },
	{ "transferred 64.0 MiB of 64.0 MiB (100.00%)\n",			100 },
	{ "create full clone of drive scsi0 (local-lvm:base-9000-disk-0)\n"
	  "transferred 2.0 MiB of 64.0 MiB (3.12%)\n"
	  "transferred 40.0 MiB of 64.0 MiB (62.50%)\n",			62 },
	{ "drive-scsi0: transferred 1.2 GiB of 2.2 GiB (54.01%) in 5s\n",	54 },
	{ "create linked clone of drive scsi0 (local-lvm:base-9000-disk-0)\n",	-1 },
	{ "  Logical volume \"vm-101-disk-0\" created.\n",			-1 },
	{ "",									-1 },
};

START_TEST(progress_is_that_of_the_last_line_of_a_copy)
{
	ck_assert_int_eq(qm_output_percent(progress[_i].output), progress[_i].percent);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, each_command_is_spelled_as_qm_takes_it, 0, ROWS(commands));
	tcase_add_test(tcase, qm_is_the_nodes_own);
	tcase_add_test(tcase, a_move_is_known_again_by_what_it_was_called_with);
	tcase_add_loop_test(tcase, what_a_snippet_was_written_with_is_read_back, 0, ROWS(written));
	tcase_add_test(tcase, every_verb_has_a_name_and_what_copies_has_no_limit);
	tcase_add_test(tcase, what_takes_a_digest_is_guarded);
	tcase_add_loop_test(tcase, only_a_lock_that_its_holder_gives_back_is_worth_another_try, 0,
			    ROWS(busy));
	tcase_add_test(tcase, a_changed_config_and_a_taken_id_are_told_apart);
	tcase_add_loop_test(tcase, why_it_did_not_go_is_said_and_not_how_it_is_called, 0,
			    ROWS(complaints));
	tcase_add_loop_test(tcase, progress_is_that_of_the_last_line_of_a_copy, 0, ROWS(progress));
}

TEST_MAIN("qm", add_cases)
