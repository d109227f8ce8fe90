/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act/seal_read.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "main.h"
#include "model/thin.h"
#include "sysroot.h"

#define DEVICE "/dev/pve/base-9000-disk-0"
#define UUID "LVM-7FZYlMVTJzEnYD9MJP6WckfirOw9Q0YW5HE45pS33DOyLGiutZJGqL9ZLv3vnSls"

/* Five blocks and a part: data in the first, the fourth, and the last. */
enum { SIZE = 5 * SEAL_BLOCK + 1000 };

static void put_active(bool active)
{
	sysroot_put("/run/dm/info", active ? "pve-base--9000--disk--0:" UUID ":0:Read-only:253:9\n" : "");
	sysroot_put("/run/dm/table", "pve-base--9000--disk--0: 0 40962 thin 253:3 5\n");
	sysroot_put("/run/dm/status", "pve-base--9000--disk--0: 0 40962 thin 24448 26367\n");
}

static void put_bytes(int fd, off_t offset, const char *text)
{
	ck_assert_int_eq(pwrite(fd, text, strlen(text), offset), (ssize_t)strlen(text));
}

/* Sparse, or with its zeros written out. */
static void put_volume(bool sparse)
{
	static const char zeros[65536];
	int fd;

	sysroot_make_parents(DEVICE);
	fd = open(sysroot_path(DEVICE), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	for (off_t at = 0; !sparse && at < SIZE; at += (off_t)sizeof(zeros))
		ck_assert_int_gt(pwrite(fd, zeros, sizeof(zeros), at), 0);
	ck_assert_int_eq(ftruncate(fd, SIZE), 0);
	put_bytes(fd, 0, "boot");
	put_bytes(fd, 3 * SEAL_BLOCK + 77777, "root");
	put_bytes(fd, SIZE - 3, "end");
	close(fd);
}

static void write_over(off_t offset, const char *text)
{
	CLEANUP(scope_close) int fd = open(sysroot_path(DEVICE), O_WRONLY | O_CLOEXEC);

	put_bytes(fd, offset, text);
}

static void set_up(void)
{
	sysroot_make();
	put_active(true);
	put_volume(true);
}

static struct thin_volume volume = { .vg = (char *)"pve", .name = (char *)"base-9000-disk-0" };

static void take(struct seal *seal)
{
	struct error err = { 0 };

	ck_assert_msg(seal_read(sysroot, &volume, NULL, seal, &err) == 0, "%s", err.text);
}

#define SEAL(name) CLEANUP(seal_release) struct seal name = SEAL_INIT

START_TEST(a_seal_says_what_the_volume_was)
{
	SEAL(seal);

	take(&seal);
	ck_assert_str_eq(seal.vg, "pve");
	ck_assert_str_eq(seal.name, "base-9000-disk-0");
	ck_assert_uint_eq(seal.device, 5);
	ck_assert_uint_eq(seal.mapped, 24448 * 512);
	ck_assert_uint_eq(seal.size, SIZE);
	ck_assert_uint_eq(strlen(seal.digest), 64);
	ck_assert_msg(strncmp(seal.blocks.buf, "0 ", 2) == 0 && strstr(seal.blocks.buf, "\n3 ") &&
		      strstr(seal.blocks.buf, "\n5 "), "%s", seal.blocks.buf);
	ck_assert_uint_eq(seal.blocks.len, 3 * strlen("0 \n") + 3 * 64);
}
END_TEST

START_TEST(holes_and_zeros_are_the_same)
{
	SEAL(sparse);
	SEAL(full);

	take(&sparse);
	put_volume(false);
	take(&full);
	ck_assert_str_eq(sparse.digest, full.digest);
	ck_assert_str_eq(sparse.blocks.buf, full.blocks.buf);
}
END_TEST

static const struct { off_t offset; const char *text; uint64_t block; } flips[] = {
	{ 0,				"c",	0 },
	{ SEAL_BLOCK,			"x",	1 },
	{ 3 * SEAL_BLOCK - 1,		"x",	2 },
	{ 3 * SEAL_BLOCK + 77777,	"s",	3 },
	{ SIZE - 1,			"t",	5 },
};

START_TEST(one_byte_that_changed_is_found)
{
	uint64_t offset;
	SEAL(made);
	SEAL(now);

	take(&made);
	write_over(flips[_i].offset, flips[_i].text);
	take(&now);
	ck_assert_str_ne(made.digest, now.digest);
	ck_assert(seal_find_difference(made.blocks.buf, now.blocks.buf, &offset));
	ck_assert_uint_eq(offset, flips[_i].block * SEAL_BLOCK);
}
END_TEST

static const off_t sizes[] = { 0, SEAL_BLOCK, SIZE - 1, SIZE + 1, 6 * SEAL_BLOCK };

START_TEST(another_size_is_another_digest)
{
	SEAL(made);
	SEAL(now);

	take(&made);
	ck_assert_int_eq(truncate(sysroot_path(DEVICE), sizes[_i]), 0);
	take(&now);
	ck_assert_uint_eq(now.size, (uint64_t)sizes[_i]);
	ck_assert_str_ne(made.digest, now.digest);
}
END_TEST

struct count { unsigned calls, stop_after; uint64_t last, total; };

static bool tell(void *context, uint64_t done, uint64_t total)
{
	struct count *count = context;

	ck_assert_uint_gt(done, count->last);
	count->last = done;
	count->total = total;
	return ++count->calls != count->stop_after;
}

START_TEST(progress_reaches_the_end)
{
	struct count count = { 0 };
	const struct seal_progress progress = { tell, &count };
	struct error err = { 0 };
	SEAL(seal);

	ck_assert_int_eq(seal_read(sysroot, &volume, &progress, &seal, &err), 0);
	ck_assert_uint_eq(count.calls, 6);
	ck_assert_uint_eq(count.last, SIZE);
	ck_assert_uint_eq(count.total, SIZE);
}
END_TEST

START_TEST(it_stops_when_it_is_told_to)
{
	struct count count = { .stop_after = 2 };
	const struct seal_progress progress = { tell, &count };
	struct error err = { 0 };
	SEAL(seal);

	ck_assert_int_eq(seal_read(sysroot, &volume, &progress, &seal, &err), -1);
	ck_assert_uint_eq(count.calls, 2);
	ck_assert_msg(strstr(err.text, "was stopped"), "%s", err.text);
	ck_assert_str_eq(seal.digest, "");
}
END_TEST

/* Somebody cuts it while it is read: the first look at its size holds. */
static bool cut(void *context, uint64_t done, uint64_t total)
{
	(void)context, (void)total;
	return done > SEAL_BLOCK || truncate(sysroot_path(DEVICE), 2 * SEAL_BLOCK - 1) == 0;
}

START_TEST(what_ends_too_early_is_an_error)
{
	const struct seal_progress progress = { cut, NULL };
	struct error err = { 0 };
	SEAL(seal);

	put_volume(false);
	ck_assert_int_eq(seal_read(sysroot, &volume, &progress, &seal, &err), -1);
	ck_assert_msg(strstr(err.text, "ends at byte 8388607 of 20972520"), "%s", err.text);
}
END_TEST

static void remove_it(void) { unlink(sysroot_path(DEVICE)); }
static void make_folder(void) { remove_it(); mkdir(sysroot_path(DEVICE), 0700); }
static void make_pipe(void) { remove_it(); mkfifo(sysroot_path(DEVICE), 0600); }

static void make_link(void)
{
	remove_it();
	ck_assert_int_eq(symlink("/etc/passwd", sysroot_path(DEVICE)), 0);
}

static const struct { void (*make)(void); const char *text; } unreadable[] = {
	{ remove_it,	"No such file or directory" },
	{ make_folder,	"is no block device" },
	{ make_pipe,	"is no block device" },
	{ make_link,	"Too many levels of symbolic links" },
};

START_TEST(what_cannot_be_read_is_an_error)
{
	struct error err = { 0 };
	SEAL(seal);

	unreadable[_i].make();
	ck_assert_int_eq(seal_read(sysroot, &volume, NULL, &seal, &err), -1);
	ck_assert_msg(strstr(err.text, unreadable[_i].text), "%s", err.text);
	ck_assert_msg(strstr(err.text, DEVICE), "%s", err.text);
}
END_TEST

/* An lvchange that notes how it was called. */
static void put_lvchange(const char *more)
{
	CLEANUP(scope_free) char *script = memory_print(
		"#!/bin/sh\necho \"$*\" >>%s/calls\n%s\n", sysroot, more);

	sysroot_put("/usr/sbin/lvchange", script);
	chmod(sysroot_path("/usr/sbin/lvchange"), 0755);
}

static void expect_calls(const char *wanted)
{
	CLEANUP(strbuf_release) struct strbuf calls = STRBUF_INIT;

	if (file_read(sysroot_path("/calls"), &calls) < 0)
		strbuf_reset(&calls);
	ck_assert_str_eq(calls.buf, wanted);
}

START_TEST(an_active_volume_is_left_active)
{
	SEAL(seal);

	put_lvchange("");
	take(&seal);
	expect_calls("");
}
END_TEST

#define UP "-ay -K pve/base-9000-disk-0\n"
#define DOWN "-an pve/base-9000-disk-0\n"

START_TEST(an_inactive_volume_is_activated_and_put_to_rest)
{
	SEAL(seal);

	put_active(false);
	put_lvchange("");
	take(&seal);
	expect_calls(UP DOWN);
}
END_TEST

START_TEST(it_is_put_to_rest_after_an_error_too)
{
	struct error err = { 0 };
	SEAL(seal);

	put_active(false);
	put_lvchange("");
	remove_it();
	ck_assert_int_eq(seal_read(sysroot, &volume, NULL, &seal, &err), -1);
	ck_assert_msg(strstr(err.text, "No such file"), "%s", err.text);
	expect_calls(UP DOWN);
}
END_TEST

START_TEST(one_that_cannot_be_activated_is_an_error)
{
	struct error err = { 0 };
	SEAL(seal);

	put_active(false);
	put_lvchange("echo '  Failed to find logical volume' >&2; exit 5");
	ck_assert_int_eq(seal_read(sysroot, &volume, NULL, &seal, &err), -1);
	ck_assert_msg(strstr(err.text, "Failed to find logical volume"), "%s", err.text);
	expect_calls(UP);
}
END_TEST

START_TEST(one_that_others_opened_meanwhile_stays_active)
{
	SEAL(seal);

	put_active(false);
	put_lvchange("[ \"$1\" = -ay ] || exit 5");
	take(&seal);
	expect_calls(UP DOWN);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
	tcase_add_test(tcase, a_seal_says_what_the_volume_was);
	tcase_add_test(tcase, holes_and_zeros_are_the_same);
	tcase_add_loop_test(tcase, one_byte_that_changed_is_found, 0, ROWS(flips));
	tcase_add_loop_test(tcase, another_size_is_another_digest, 0, ROWS(sizes));
	tcase_add_test(tcase, progress_reaches_the_end);
	tcase_add_test(tcase, it_stops_when_it_is_told_to);
	tcase_add_test(tcase, what_ends_too_early_is_an_error);
	tcase_add_loop_test(tcase, what_cannot_be_read_is_an_error, 0, ROWS(unreadable));
	tcase_add_test(tcase, an_active_volume_is_left_active);
	tcase_add_test(tcase, an_inactive_volume_is_activated_and_put_to_rest);
	tcase_add_test(tcase, it_is_put_to_rest_after_an_error_too);
	tcase_add_test(tcase, one_that_cannot_be_activated_is_an_error);
	tcase_add_test(tcase, one_that_others_opened_meanwhile_stays_active);
}

TEST_MAIN("seal_read", add_cases)
