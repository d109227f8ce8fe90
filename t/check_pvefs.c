/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "main.h"
#include "base/memory.h"
#include "edge/pvefs.h"
#include "base/scope.h"
#include "sysroot.h"
#include "model/vmconf.h"

/* transcripts/02-clone, one guest elsewhere and a container added */
static const char vmlist[] =
	"{\n\"version\": 48,\n\"ids\": {\n"
	"\"9000\": { \"node\": \"pve\", \"type\": \"qemu\", \"version\": 22 },\n"
	"\"101\": { \"node\": \"pve\", \"type\": \"qemu\", \"version\": 28 },\n"
	"\"103\": { \"node\": \"other\", \"type\": \"qemu\", \"version\": 29 },\n"
	"\"200\": { \"node\": \"pve\", \"type\": \"lxc\", \"version\": 30 },\n"
	"\"102\": { \"node\": \"pve\", \"type\": \"qemu\", \"version\": 31 }}\n\n}\n";

static const char conf_101[] = "cores: 1\nname: c1\nscsi0: local-lvm:vm-101-disk-0,size=64M\n";

static const char stat_101[] =
	"4757 (kvm (x) y) S 1 4757 4757 0 -1 138412416 1 2 3 4 5 6 7 8 20 0 6 0 123400 987654 321\n";

static void set_up(void)
{
	sysroot_make();
	sysroot_put("/etc/pve/.vmlist", vmlist);
	sysroot_put("/etc/pve/nodes/pve/qemu-server/101.conf", conf_101);
	sysroot_put("/etc/pve/nodes/pve/qemu-server/9000.conf", "name: golden\ntemplate: 1\n");
	ck_assert_int_eq(symlink("nodes/pve", sysroot_path("/etc/pve/local")), 0);
	sysroot_put("/proc/meminfo", "MemTotal:       65767468 kB\nMemFree:        53010480 kB\n");
	sysroot_put("/proc/uptime", "2000.50 3900.10\n");
}

static void put_cmdline(const char *words)
{
	char data[256];
	size_t len = strlen(words);

	memcpy(data, words, len + 1);
	for (char *c = data; *c; c++)
		if (*c == ' ')
			*c = '\0';
	sysroot_put_bytes("/proc/4757/cmdline", data, len + 1);
}

static void make_running(void)
{
	sysroot_put("/run/qemu-server/101.pid", "4757\n");
	put_cmdline("/usr/bin/kvm -id 101 -pidfile /var/run/qemu-server/101.pid -daemonize");
	sysroot_put("/proc/4757/stat", stat_101);
}

static void read_all(struct state *state)
{
	struct error err = { 0 };

	ck_assert_msg(pvefs_read_node(sysroot, state, &err) == 0, "%s", err.text);
	ck_assert_msg(pvefs_read_guests(sysroot, state, &err) == 0, "%s", err.text);
}

static const struct { unsigned vmid; const char *node; enum state_kind kind; bool local; const char *name; } guests[] = {
	{ 101,	"pve",	 STATE_QEMU, true,  "c1" },
	{ 102,	"pve",	 STATE_QEMU, true,  NULL },	/* its config vanished in between */
	{ 103,	"other", STATE_QEMU, false, NULL },
	{ 200,	"pve",	 STATE_LXC,  true,  NULL },
	{ 9000,	"pve",	 STATE_QEMU, true,  "golden" },
};

START_TEST(every_guest_of_the_cluster_is_read)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	const struct state_guest *guest;

	read_all(&state);
	ck_assert_uint_eq(state.guest_count, 5);
	guest = &state.guests[_i];
	ck_assert_uint_eq(guest->vmid, guests[_i].vmid);
	ck_assert_str_eq(guest->node, guests[_i].node);
	ck_assert_int_eq(guest->kind, guests[_i].kind);
	ck_assert_int_eq(guest->local, guests[_i].local);
	ck_assert_int_eq(guest->conf != NULL, guests[_i].name != NULL);
	if (guest->conf)
		ck_assert_str_eq(vmconf_get(guest->conf, "name"), guests[_i].name);
	ck_assert_int_eq(guest->pid, 0);
}
END_TEST

START_TEST(reading_again_replaces_all)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	read_all(&state);
	sysroot_put("/etc/pve/.vmlist", "{\n\"version\": 3}");
	unlink(sysroot_path("/etc/pve/nodes/pve/qemu-server/101.conf"));
	unlink(sysroot_path("/etc/pve/nodes/pve/qemu-server/9000.conf"));
	ck_assert_int_eq(pvefs_read_guests(sysroot, &state, &err), 0);
	ck_assert_uint_eq(state.guest_count, 0);
}
END_TEST

START_TEST(a_vm_with_a_config_is_there_though_the_list_lags)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	read_all(&state);
	sysroot_put("/etc/pve/.vmlist", "{\n\"version\": 3}");
	ck_assert_int_eq(pvefs_read_guests(sysroot, &state, &err), 0);
	ck_assert(state_find_guest(&state, 101)->local);
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 101, &err), 0);
	ck_assert_ptr_nonnull(state_find_guest(&state, 101)->conf);
}
END_TEST

static const struct { const char *text, *says; } bad_lists[] = {
	{ NULL,						".vmlist: No such file" },
	{ "",						"makes no sense" },
	{ "{ \"version\": 1, \"ids\": {",		"makes no sense" },
	{ "[]",						"no list of guests" },
	{ "{ \"ids\": [1] }",				"no list of guests" },
	{ "{ \"ids\": { \"101\": 1 } }",		"guest \"101\"" },
	{ "{ \"ids\": { \"101\": { \"node\": \"pve\" } } }",	"guest \"101\"" },
	{ "{ \"ids\": { \"101\": { \"type\": \"qemu\" } } }",	"guest \"101\"" },
	{ "{ \"ids\": { \"abc\": { \"node\": \"pve\", \"type\": \"qemu\" } } }", "guest \"abc\"" },
	{ "{ \"ids\": { \"0101\": { \"node\": \"pve\", \"type\": \"qemu\" } } }", "guest \"0101\"" },
};

START_TEST(a_list_that_makes_no_sense_is_an_error)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	unlink(sysroot_path("/etc/pve/.vmlist"));
	if (bad_lists[_i].text)
		sysroot_put("/etc/pve/.vmlist", bad_lists[_i].text);
	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), 0);
	ck_assert_msg(pvefs_read_guests(sysroot, &state, &err) == -1, "row %d passed", _i);
	ck_assert_int_eq(err.kind, ERROR_SYSTEM);
	ck_assert_msg(strstr(err.text, bad_lists[_i].says), "row %d: %s", _i, err.text);
}
END_TEST

START_TEST(an_unreadable_config_is_an_error)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), 0);
	ck_assert_int_eq(mkdir(sysroot_path("/etc/pve/nodes/pve/qemu-server/102.conf"), 0755), 0);
	ck_assert_int_eq(pvefs_read_guests(sysroot, &state, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "102.conf"));
}
END_TEST

START_TEST(a_long_config_is_read_whole)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	CLEANUP(scope_free) char *text = memory_new(1000001, 1);

	memset(text, '\n', 1000000);
	memcpy(text + 1000000 - 9, "\nname: z\n", 9);
	sysroot_put("/etc/pve/nodes/pve/qemu-server/102.conf", text);
	read_all(&state);
	ck_assert_uint_eq(state.guests[1].conf->size, 1000000);
	ck_assert_str_eq(vmconf_get(state.guests[1].conf, "name"), "z");
}
END_TEST

START_TEST(a_running_vm_has_pid_and_uptime)
{
	CLEANUP(state_release) struct state state = STATE_INIT;

	make_running();
	read_all(&state);
	ck_assert_int_eq(state.guests[0].pid, 4757);
	/* 2000.5 s since boot, started at tick 123400 of 100 a second */
	ck_assert_double_eq_tol(state.guests[0].uptime, 2000.5 - 1234.0, 0.01);
	ck_assert_int_eq(state.guests[4].pid, 0);
}
END_TEST

static const struct { const char *cmdline; bool runs; } cmdlines[] = {
	{ "/usr/bin/kvm -id 101 -pidfile /var/run/qemu-server/101.pid",			true },
	{ "kvm --pidfile /var/run/qemu-server/101.pid -daemonize",			true },
	{ "/usr/bin/qemu-system-x86_64 -pidfile /var/run/qemu-server/101.pid",		true },
	{ "/usr/bin/kvm -pidfile /var/run/qemu-server/102.pid",				false },
	{ "/usr/bin/kvm -pidfile /run/qemu-server/101.pid",				false },
	{ "/usr/bin/kvm -id 101",							false },
	{ "/usr/bin/kvm -name /var/run/qemu-server/101.pid",				false },
	{ "/usr/bin/kvm -pidfile",							false },
	{ "/usr/bin/perl -pidfile /var/run/qemu-server/101.pid",			false },
	{ "/opt/qemu-x/perl -pidfile /var/run/qemu-server/101.pid",			false },
	{ "/usr/bin/qemu- -pidfile /var/run/qemu-server/101.pid",			false },
	{ "",										false },
};

START_TEST(only_its_own_kvm_makes_a_vm_run)
{
	CLEANUP(state_release) struct state state = STATE_INIT;

	make_running();
	put_cmdline(cmdlines[_i].cmdline);
	read_all(&state);
	ck_assert_msg((state.guests[0].pid == 4757) == cmdlines[_i].runs, "%s", cmdlines[_i].cmdline);
}
END_TEST

static const struct { const char *name, *text; } stale[] = {
	{ "/run/qemu-server/101.pid",	"" },
	{ "/run/qemu-server/101.pid",	"x4757\n" },
	{ "/run/qemu-server/101.pid",	"4758\n" },
	{ "/proc/4757/stat",		"4757 (kvm) Z 1 4757 4757 0 -1 1 1 2 3 4 5 6 7 8 20 0 6 0 5 6 7\n" },
	{ "/proc/4757/stat",		"4757 (kvm" },
	{ "/proc/4757/stat",		"" },
	{ "/proc/4757/stat",		NULL },		/* it ended as we looked */
};

START_TEST(a_stale_pid_file_runs_nothing)
{
	CLEANUP(state_release) struct state state = STATE_INIT;

	make_running();
	if (stale[_i].text)
		sysroot_put(stale[_i].name, stale[_i].text);
	else
		unlink(sysroot_path(stale[_i].name));
	read_all(&state);
	ck_assert_msg(state.guests[0].pid == 0, "row %d", _i);
}
END_TEST

START_TEST(one_guest_is_added_refreshed_and_taken_out)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	read_all(&state);
	make_running();
	sysroot_put("/etc/pve/nodes/pve/qemu-server/101.conf", "name: new\n");
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 101, &err), 0);
	ck_assert_str_eq(vmconf_get(state_find_guest(&state, 101)->conf, "name"), "new");
	ck_assert_int_eq(state_find_guest(&state, 101)->pid, 4757);
	sysroot_put("/etc/pve/.vmlist", "{ \"ids\": { \"150\": { \"node\": \"pve\", \"type\": \"qemu\" } } }");
	sysroot_put("/etc/pve/nodes/pve/qemu-server/150.conf", "# qmclone temporary file\nlock: clone\n");
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 150, &err), 0);
	ck_assert_str_eq(vmconf_get(state_find_guest(&state, 150)->conf, "lock"), "clone");
	ck_assert_uint_eq(state.guest_count, 6);
	unlink(sysroot_path("/etc/pve/nodes/pve/qemu-server/101.conf"));
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 101, &err), 0);
	ck_assert_ptr_null(state_find_guest(&state, 101));
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 101, &err), 0);
	ck_assert_uint_eq(state.guest_count, 5);
	ck_assert_uint_eq(state.guests[1].vmid, 103);
}
END_TEST

START_TEST(a_guest_that_cannot_be_read_again_stays_as_it_was)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	read_all(&state);
	sysroot_put("/etc/pve/.vmlist", "{ \"ids\": { \"101\": {} } }");
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 101, &err), -1);
	ck_assert_str_eq(vmconf_get(state_find_guest(&state, 101)->conf, "name"), "c1");
	unlink(sysroot_path("/etc/pve/.vmlist"));
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 101, &err), -1);
	ck_assert_ptr_nonnull(state_find_guest(&state, 101));
}
END_TEST

START_TEST(the_digest_is_that_of_the_files_bytes)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	sysroot_put("/etc/pve/nodes/pve/qemu-server/101.conf", "abc");
	read_all(&state);
	ck_assert_str_eq(state_find_guest(&state, 101)->digest, "");
	ck_assert_int_eq(pvefs_read_guest(sysroot, &state, 101, &err), 0);
	ck_assert_str_eq(state_find_guest(&state, 101)->digest,
			 "a9993e364706816aba3e25717850c26c9cd0d89d");
}
END_TEST

static const struct { const char *conf; bool names; } containers[] = {
	{ "rootfs: local-lvm:vm-101-disk-1,size=8G\n",		true },
	{ "mp0: local-lvm:vm-101-disk-1\n",			true },
	{ "unused0: other:vm-101-disk-1",			true },
	{ "rootfs: local-lvm:vm-101-disk-10,size=8G\n",		false },
	{ "rootfs: local-lvm:vm-1101-disk-1,size=8G\n",		false },
	{ "description: vm-101-disk-1\n",			false },
	{ "rootfs: local-lvm:vm-101-disk-1-x,size=8G\n",	false },
	{ "",							false },
};

START_TEST(a_volume_that_a_container_names_is_known_by_its_whole_name)
{
	sysroot_put("/etc/pve/nodes/pve/lxc/102.conf", containers[_i].conf);
	ck_assert_msg(pvefs_container_names(sysroot, "pve", "vm-101-disk-1") ==
			      containers[_i].names, "%s", containers[_i].conf);
}
END_TEST

START_TEST(a_container_that_cannot_be_read_may_name_any_volume)
{
	sysroot_put("/etc/pve/nodes/pve/lxc/102.conf", "");
	ck_assert_int_eq(mkdir(sysroot_path("/etc/pve/nodes/pve/lxc/177.conf"), 0755), 0);
	ck_assert(pvefs_container_names(sysroot, "pve", "vm-101-disk-1"));
	ck_assert(!pvefs_container_names(sysroot, "elsewhere", "vm-101-disk-1"));
}
END_TEST

START_TEST(a_lock_is_seen_and_never_made)
{
	CLEANUP(scope_close) int fd = -1;

	ck_assert(!pvefs_is_locked(sysroot, 101));
	ck_assert_int_ne(access(sysroot_path("/var/lock/qemu-server/lock-101.conf"), F_OK), 0);
	sysroot_put("/var/lock/qemu-server/lock-101.conf", "");
	ck_assert(!pvefs_is_locked(sysroot, 101));
	fd = open(sysroot_path("/var/lock/qemu-server/lock-101.conf"), O_RDWR);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert(pvefs_is_locked(sysroot, 101));
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert(!pvefs_is_locked(sysroot, 101));
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

START_TEST(a_storages_lock_is_had_by_one_at_a_time)
{
	const char *path = "/var/lock/pve-manager/pve-storage-local-lvm";
	struct error err = { 0 };
	int fd, other;

	/* no Proxmox VE has made its folder yet */
	ck_assert_int_eq(pvefs_lock_storage(sysroot, "local-lvm", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_SYSTEM);
	ck_assert_msg(strstr(err.text, path), "%s", err.text);
	sysroot_put("/var/lock/pve-manager/another", "");
	fd = pvefs_lock_storage(sysroot, "local-lvm", &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(pvefs_lock_storage(sysroot, "local-lvm", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_BUSY);
	ck_assert_msg(strstr(err.text, "storage local-lvm is locked"), "%s", err.text);
	other = pvefs_lock_storage(sysroot, "local-zfs", &err);
	ck_assert_int_ge(other, 0);
	close(other);
	close(fd);
	fd = pvefs_lock_storage(sysroot, "local-lvm", &err);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(access(sysroot_path(path), F_OK), 0);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
	tcase_add_loop_test(tcase, every_guest_of_the_cluster_is_read, 0, ROWS(guests));
	tcase_add_test(tcase, reading_again_replaces_all);
	tcase_add_test(tcase, a_vm_with_a_config_is_there_though_the_list_lags);
	tcase_add_loop_test(tcase, a_list_that_makes_no_sense_is_an_error, 0, ROWS(bad_lists));
	tcase_add_test(tcase, an_unreadable_config_is_an_error);
	tcase_add_test(tcase, a_long_config_is_read_whole);
	tcase_add_test(tcase, a_running_vm_has_pid_and_uptime);
	tcase_add_loop_test(tcase, only_its_own_kvm_makes_a_vm_run, 0, ROWS(cmdlines));
	tcase_add_loop_test(tcase, a_stale_pid_file_runs_nothing, 0, ROWS(stale));
	tcase_add_test(tcase, one_guest_is_added_refreshed_and_taken_out);
	tcase_add_test(tcase, a_guest_that_cannot_be_read_again_stays_as_it_was);
	tcase_add_test(tcase, the_digest_is_that_of_the_files_bytes);
	tcase_add_loop_test(tcase, a_volume_that_a_container_names_is_known_by_its_whole_name, 0,
			    ROWS(containers));
	tcase_add_test(tcase, a_container_that_cannot_be_read_may_name_any_volume);
	tcase_add_test(tcase, a_lock_is_seen_and_never_made);
	tcase_add_test(tcase, a_storages_lock_is_had_by_one_at_a_time);
}

TEST_MAIN("pvefs", add_cases)
