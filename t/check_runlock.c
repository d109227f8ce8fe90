/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/runlock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/scope.h"
#include "main.h"
#include "sysroot.h"

#define LOCK "/run/lock/vyom.lock"

static void set_up(void)
{
	sysroot_make();
	sysroot_make_parents(LOCK);
}

START_TEST(a_node_is_one_runs_at_a_time)
{
	CLEANUP(scope_close) int first = -1;
	struct error err = { 0 };

	ck_assert(!runlock_is_held(sysroot));
	ck_assert_int_lt(access(sysroot_path(LOCK), F_OK), 0);
	first = runlock_take(sysroot, "apply", 0, &err);
	ck_assert_msg(first >= 0, "%s", err.text);
	ck_assert(runlock_is_held(sysroot));
	ck_assert_int_eq(runlock_take(sysroot, "destroy", 0, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_BUSY);
	ck_assert_msg(strstr(err.text, "vyom apply, pid "), "%s", err.text);
	close(first);
	ck_assert(!runlock_is_held(sysroot));
	first = runlock_take(sysroot, "destroy", 0, &err);
	ck_assert_int_ge(first, 0);
}
END_TEST

/* what the file says of its holder, and what a person gets to see */
static const struct { const char *text, *says; } holders[] = {
	{ "vyom apply, pid 7\nmore",	"this node: vyom apply, pid 7; wait" },
	{ "a\033[2Jb\303\244",		"this node: a?[2Jb??; wait" },
	{ "",				"this node: (it did not say who); wait" },
	{ "\n",				"this node: (it did not say who); wait" },
};

START_TEST(the_holders_name_cannot_steer_the_terminal)
{
	CLEANUP(scope_close) int fd = -1;
	struct error err = { 0 };

	sysroot_put(LOCK, holders[_i].text);
	fd = open(sysroot_path(LOCK), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(runlock_take(sysroot, "apply", 0, &err), -1);
	ck_assert_msg(strstr(err.text, holders[_i].says), "%s", err.text);
}
END_TEST

START_TEST(a_lock_that_cannot_be_made_is_an_error)
{
	struct error err = { 0 };

	ck_assert_int_eq(symlink("elsewhere", sysroot_path(LOCK)), 0);
	ck_assert_int_eq(runlock_take(sysroot, "apply", 0, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_SYSTEM);
	ck_assert_msg(strstr(err.text, sysroot_path(LOCK)), "%s", err.text);
	ck_assert_int_lt(access(sysroot_path("/run/lock/elsewhere"), F_OK), 0);
	ck_assert(!runlock_is_held(sysroot));
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

START_TEST(a_lock_that_somebody_else_made_is_refused)
{
	struct error err = { 0 };

	if (geteuid() != 0)
		return;
	sysroot_put("/run/lock/vyom.lock", "");
	ck_assert_int_eq(chown(sysroot_path("/run/lock/vyom.lock"), 65534, 65534), 0);
	ck_assert_int_eq(runlock_take(sysroot, "apply", 0, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "belongs to user 65534"));
}
END_TEST

START_TEST(a_pipe_in_place_of_the_lock_holds_up_nobody)
{
	struct error err = { 0 };

	ck_assert_int_eq(mkfifo(sysroot_path(LOCK), 0666), 0);
	alarm(10);
	ck_assert(!runlock_is_held(sysroot));
	ck_assert_int_eq(runlock_take(sysroot, "apply", 0, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
	ck_assert_msg(strstr(err.text, "is no file: remove it"), "%s", err.text);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
	tcase_add_test(tcase, a_node_is_one_runs_at_a_time);
	tcase_add_loop_test(tcase, the_holders_name_cannot_steer_the_terminal, 0, ROWS(holders));
	tcase_add_test(tcase, a_lock_that_cannot_be_made_is_an_error);
	tcase_add_test(tcase, a_lock_that_somebody_else_made_is_refused);
	tcase_add_test(tcase, a_pipe_in_place_of_the_lock_holds_up_nobody);
}

TEST_MAIN("runlock", add_cases)
