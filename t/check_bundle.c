/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/bundle.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "main.h"
#include "sysroot.h"

static struct error err;

static char *path_to(const char *name)
{
	return memory_print("%s/%s", sysroot, name);
}

static void put(const char *name, const char *text)
{
	CLEANUP(scope_free) char *path = memory_print("/%s", name);

	sysroot_put(path, text);
}

/* A bundle of the config "vyom.conf" and of each name up to NULL, as it is sent. */
static char *sent(const char *const *names)
{
	CLEANUP(scope_free) char *config = path_to("vyom.conf");
	CLEANUP(bundle_release) struct bundle bundle = { .config = memory_copy(config) };
	const char *unsendable;
	char *line;

	for (; *names; names++) {
		CLEANUP(scope_free) char *path = path_to(*names);
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

		ck_assert_msg(bundle_read(&bundle, path, 1 << 20, &text, &err) == 0, "%s", err.text);
	}
	line = bundle_print(&bundle, &unsendable);
	ck_assert((line == NULL) == (unsendable != NULL));
	return line;
}

/* What another vyom makes of text on its stdin. */
static int receive(const char *text, struct bundle *bundle)
{
	CLEANUP(scope_free) char *path = path_to("line"), *folder = path_to("files");
	CLEANUP(scope_fclose) FILE *file = NULL;

	put("line", text);
	file = fopen(path, "r");
	err = (struct error){ .kind = ERROR_NONE };
	return bundle_receive(bundle, folder, fileno(file), &err);
}

static void expect(struct bundle *bundle, const char *name, const char *wanted)
{
	CLEANUP(scope_free) char *path = path_to(name);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	ck_assert_msg(bundle_read(bundle, path, 1 << 20, &text, &err) == 0, "%s", err.text);
	ck_assert_str_eq(text.buf, wanted);
}

START_TEST(what_was_read_here_is_read_there_by_the_same_path)
{
	CLEANUP(bundle_release) struct bundle bundle = { .files = NULL };
	CLEANUP(scope_free) char *config = path_to("vyom.conf"), *line = NULL;

	put("vyom.conf", "cluster \"ü\" {\n\t}\n");
	put("keys", "ssh-ed25519 AAAA me\n");
	line = sent((const char *const[]){ "vyom.conf", "keys", NULL });
	ck_assert_ptr_null(strchr(line, '\n'));
	put("vyom.conf", "changed since");
	ck_assert_msg(receive(line, &bundle) == 0, "%s", err.text);
	ck_assert_str_eq(bundle.config, config);
	expect(&bundle, "vyom.conf", "cluster \"ü\" {\n\t}\n");
	expect(&bundle, "keys", "ssh-ed25519 AAAA me\n");
}
END_TEST

START_TEST(what_was_not_sent_along_is_not_read_there)
{
	CLEANUP(bundle_release) struct bundle bundle = { .files = NULL };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *line = NULL;

	put("vyom.conf", "");
	line = sent((const char *const[]){ "vyom.conf", NULL });
	ck_assert_int_eq(receive(line, &bundle), 0);
	ck_assert_int_eq(bundle_read(&bundle, "/etc/passwd", 1 << 20, &text, &err), -1);
	ck_assert_str_eq(err.text, "was not sent along");
}
END_TEST

START_TEST(what_is_no_text_cannot_be_sent)
{
	CLEANUP(scope_free) char *line = NULL;

	put("vyom.conf", "");
	put("image", "\xFF\xFE");
	line = sent((const char *const[]){ "vyom.conf", "image", NULL });
	ck_assert_ptr_null(line);
}
END_TEST

/* Of what a program is told by name, and of nothing else. */
START_TEST(files_for_programs_are_kept_for_root_alone)
{
	CLEANUP(bundle_release) struct bundle bundle = { .files = NULL };
	CLEANUP(scope_free) char *keys = path_to("keys"), *config = path_to("vyom.conf");
	CLEANUP(scope_free) char *place = NULL, *again = NULL, *line = NULL;
	CLEANUP(scope_free) char *folder = path_to("files");
	struct stat status;

	put("vyom.conf", "");
	put("keys", "ssh-ed25519 AAAA me\n");
	line = sent((const char *const[]){ "vyom.conf", "keys", NULL });
	ck_assert_int_eq(receive(line, &bundle), 0);
	place = bundle_place(&bundle, keys);
	again = bundle_place(&bundle, keys);
	ck_assert_str_eq(place, again);
	ck_assert_msg(strncmp(place, folder, strlen(folder)) == 0, "%s", place);
	ck_assert_int_eq(access(place, F_OK), -1);
	ck_assert_msg(bundle_keep(&bundle, &err) == 0, "%s", err.text);
	ck_assert_msg(bundle_keep(&bundle, &err) == 0, "%s", err.text);
	ck_assert_int_eq(stat(place, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_uint_eq(status.st_size, strlen("ssh-ed25519 AAAA me\n"));
	ck_assert_int_eq(stat(folder, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	ck_assert_uint_eq(status.st_nlink, 2);
	ck_assert_int_eq(unlink(place), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(access(config, F_OK), 0);
}
END_TEST

START_TEST(a_config_on_stdin_is_one_with_files_beside_it)
{
	CLEANUP(bundle_release) struct bundle bundle = { .files = NULL };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *keys = path_to("keys"), *place = NULL;

	put("keys", "ssh-ed25519 AAAA me\n");
	ck_assert_int_eq(receive("cluster \"a\" {\n}\n", &bundle), 0);
	ck_assert_str_eq(bundle.config, BUNDLE_STDIN);
	ck_assert_int_eq(bundle_read(&bundle, BUNDLE_STDIN, 1 << 20, &text, &err), 0);
	ck_assert_str_eq(text.buf, "cluster \"a\" {\n}\n");
	expect(&bundle, "keys", "ssh-ed25519 AAAA me\n");
	place = bundle_place(&bundle, keys);
	ck_assert_str_eq(place, keys);
}
END_TEST

START_TEST(what_follows_the_line_asks_to_stop)
{
	CLEANUP(bundle_release) struct bundle one = { .files = NULL }, other = { .files = NULL };
	CLEANUP(scope_free) char *line = NULL, *longer = NULL;

	put("vyom.conf", "");
	line = sent((const char *const[]){ "vyom.conf", NULL });
	longer = memory_print("%s\nstop\n", line);
	ck_assert_int_eq(receive(line, &one), 0);
	ck_assert(!one.stop);
	ck_assert_int_eq(receive(longer, &other), 0);
	ck_assert(other.stop);
}
END_TEST

static const struct { const char *line, *complaint; enum error_kind kind; } damaged[] = {
	{ "{", "standard input is no config, and the bundle that it seems to be is damaged", ERROR_SPEC },
	{ "{}\n", "standard input is no config", ERROR_SPEC },
	{ "{\"bundle\":1,\"version\":\"1\"}\n", "standard input is no config", ERROR_SPEC },
	{ "{\"bundle\":1,\"version\":\"1\",\"config\":\"/a\",\"files\":{\"/a\":1}}\n", "the bundle is damaged",
	  ERROR_SPEC },
	{ "{\"bundle\":1,\"bundle\":1,\"version\":\"1\",\"config\":\"/a\",\"files\":{}}\n",
	  "standard input is no config", ERROR_SPEC },
	{ "{\"bundle\":2,\"version\":\"9.9\",\"config\":\"/a\",\"files\":{}}\n",
	  "the bundle is vyom 9.9's, which this vyom " PACKAGE_VERSION " does not understand", ERROR_REFUSED },
};

START_TEST(a_bundle_that_cannot_be_understood_is_refused)
{
	CLEANUP(bundle_release) struct bundle bundle = { .files = NULL };

	ck_assert_int_eq(receive(damaged[_i].line, &bundle), -1);
	ck_assert_msg(strstr(err.text, damaged[_i].complaint) == err.text, "%s", err.text);
	ck_assert_int_eq(err.kind, damaged[_i].kind);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, sysroot_make, sysroot_remove);
	tcase_add_test(tcase, what_was_read_here_is_read_there_by_the_same_path);
	tcase_add_test(tcase, what_was_not_sent_along_is_not_read_there);
	tcase_add_test(tcase, what_is_no_text_cannot_be_sent);
	tcase_add_test(tcase, files_for_programs_are_kept_for_root_alone);
	tcase_add_test(tcase, a_config_on_stdin_is_one_with_files_beside_it);
	tcase_add_test(tcase, what_follows_the_line_asks_to_stop);
	tcase_add_loop_test(tcase, a_bundle_that_cannot_be_understood_is_refused, 0,
			    (int)(sizeof(damaged) / sizeof(*damaged)));
}

TEST_MAIN("bundle", add_cases)
