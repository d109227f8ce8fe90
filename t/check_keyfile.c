/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "edge/bundle.h"
#include "edge/keyfile.h"
#include "main.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb"

/* A file of keys, and what is said of it; NULL: it is good. */
static const struct { const char *keys, *complaint; } key_files[] = {
	{ KEY "\n", NULL },
	{ KEY, NULL },
	{ KEY " me@here\n\n" KEY "\n", NULL },
	{ "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7bq1cm8xTeq0pX1s2T9a8sC1u me\n", NULL },
	{ "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY= x\n", NULL },
	{ "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAA\n", NULL },
	{ "", "holds no key; put a line like ssh-ed25519 AAAA… into it" },
	{ "\n \n\t\n", "holds no key" },
	{ "# mine\n" KEY "\n", "line 1: is a comment, which qm does not take; remove it" },
	{ KEY "\nrubbish\n", "line 2: is no public key" },
	{ "ssh-dss AAAAB3NzaC1kc3MAAACBAPb2dDMYQMFpVJx2wp6d0vYnV0w0vYnV0w0v\n",
	  "line 1: is no public key" },
	{ "from=\"10.0.0.0/8\" " KEY "\n", "line 1: is no public key; it should look like "
	  "ssh-ed25519 AAAA… and have no options in front" },
	{ "ssh-ed25519\n", "line 1: is no public key" },
	{ "ssh-ed25519 AAAA\n", "line 1: is no public key" },
	{ KEY "!\n", "line 1: is no public key" },
	{ KEY "A\n", "line 1: is no public key" },
	{ "ssh-ed25519 BBBBC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb\n",
	  "line 1: is no public key" },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9a!AYTdsMtZflZ4fB4HwHzmXhuTVoNzb\n",
	  "line 1: is no public key" },
	{ KEY "\r\n",
	  "line 1: holds a control character; save it as plain text with Unix line ends" },
	{ KEY " a\033[2Jb\n", "line 1: holds a control character" },
	{ "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n",
	  "is a private key; give the .pub file beside it" },
};

START_TEST(each_line_is_a_key_or_refused)
{
	const char *complaint = key_files[_i].complaint;
	struct error err = { 0 };
	int result = keyfile_check(key_files[_i].keys, &err);

	ck_assert_msg(result == (complaint ? -1 : 0), "%s: %s", key_files[_i].keys, err.text);
	ck_assert_msg(!complaint || strstr(err.text, complaint) == err.text, "%s: %s",
		      key_files[_i].keys, err.text);
}
END_TEST

/* A folder for each test, in which path names nothing yet; it is left when the test ends. */
static char folder[64];
static char path[80];

static void enter_folder(void)
{
	strcpy(folder, "/tmp/check_keyfile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	sprintf(path, "%s/keys.pub", folder);
}

static void leave_folder(void)
{
	remove(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void write_keys(const void *bytes, size_t len)
{
	CLEANUP(scope_fclose) FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
}

static int read_path(const char *name, struct strbuf *keys, struct error *err)
{
	CLEANUP(bundle_release) struct bundle bundle = { .files = NULL };

	return keyfile_read(&bundle, name, keys, err);
}

static void expect_refusal(const char *complaint)
{
	CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
	struct error err = { 0 };

	ck_assert_int_eq(read_path(path, &keys, &err), -1);
	ck_assert_msg(strstr(err.text, complaint) == err.text, "%s", err.text);
}

START_TEST(it_is_read_as_it_is)
{
	CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
	static const char text[] = "\n" KEY " me\n\n" KEY;
	struct error err = { 0 };

	write_keys(text, strlen(text));
	ck_assert_msg(read_path(path, &keys, &err) == 0, "%s", err.text);
	ck_assert_str_eq(keys.buf, text);
}
END_TEST

START_TEST(it_is_a_regular_file)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_refusal("is no file but a pipe or device; give a file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	expect_refusal("is no file but a folder; give a file");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink("/dev/zero", path), 0);
	expect_refusal("is no file but a pipe or device; give a file");
}
END_TEST

START_TEST(it_cannot_be_written_by_everybody)
{
	CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
	struct error err = { 0 };

	write_keys(KEY, strlen(KEY));
	ck_assert_int_eq(chmod(path, 0602), 0);
	expect_refusal("can be written by everybody; if you trust what is in it: chmod o-w");
	ck_assert_int_eq(chmod(path, 0664), 0);
	ck_assert_msg(read_path(path, &keys, &err) == 0, "%s", err.text);
}
END_TEST

/* Only root can give a file away, and become somebody else. */
START_TEST(it_belongs_to_root_or_to_who_runs_this)
{
	static const struct { uid_t owner, user; const char *sudo; bool good; } rows[] = {
		{ 0,	0,	NULL,	true },
		{ 1234,	0,	NULL,	false },
		{ 1234,	0,	"1234",	true },
		{ 1234,	0,	"1235",	false },
		{ 1234,	0,	"x",	false },
		{ 1234,	1234,	NULL,	true },
		{ 0,	1234,	NULL,	true },
		{ 1235,	1234,	NULL,	false },
		{ 1235,	1234,	"1235",	false },
	};

	for (size_t i = 0; geteuid() == 0 && i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
		struct error err = { 0 };
		int result;

		write_keys(KEY, strlen(KEY));
		ck_assert_int_eq(chmod(folder, 0755), 0);
		ck_assert(chmod(path, 0644) == 0 && chown(path, rows[i].owner, (gid_t)-1) == 0);
		if (rows[i].sudo)
			setenv("SUDO_UID", rows[i].sudo, 1);
		else
			unsetenv("SUDO_UID");
		ck_assert_int_eq(seteuid(rows[i].user), 0);
		result = read_path(path, &keys, &err);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_msg(result == (rows[i].good ? 0 : -1), "row %zu: %s", i, err.text);
		ck_assert_msg(rows[i].good || strstr(err.text, "belongs to user 123"), "%s", err.text);
	}
}
END_TEST

START_TEST(it_is_there_and_can_be_read)
{
	expect_refusal("is not there; put the public keys into it, one a line");
	ck_assert_int_eq(symlink(path, path), 0);
	expect_refusal("cannot be read: ");
}
END_TEST

START_TEST(it_is_small_and_text)
{
	CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
	static const char with_nul[] = KEY "\n\0\n";

	while (keys.len <= 64 * KIB)
		strbuf_adds(&keys, KEY "\n");
	write_keys(keys.buf, keys.len);
	expect_refusal("is larger than 64 KiB; give a file of public keys only");
	write_keys(with_nul, sizeof(with_nul) - 1);
	expect_refusal("is no text; give a file of public keys");
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, enter_folder, leave_folder);
	tcase_add_loop_test(tcase, each_line_is_a_key_or_refused, 0, COUNT(key_files));
	tcase_add_test(tcase, it_is_read_as_it_is);
	tcase_add_test(tcase, it_is_a_regular_file);
	tcase_add_test(tcase, it_cannot_be_written_by_everybody);
	tcase_add_test(tcase, it_belongs_to_root_or_to_who_runs_this);
	tcase_add_test(tcase, it_is_there_and_can_be_read);
	tcase_add_test(tcase, it_is_small_and_text);
}

TEST_MAIN("keyfile", add_cases)
