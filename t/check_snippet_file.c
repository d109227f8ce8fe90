/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/snippet_file.h"
#include "main.h"
#include "model/state.h"

#define PLACE "/vz/snippets/a.yaml"

/* A node's root of its own for each test, with a folder of snippets. */
static char root[64];
static struct state_snippet snippet;

static void run(const char *command)
{
	CLEANUP(scope_free) char *line = memory_print("cd %s && %s", root, command);

	ck_assert_msg(system(line) == 0, "%s", line);
}

static void set_up(void)
{
	strcpy(root, "/tmp/check_snippet_file.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	run("mkdir -p vz/snippets");
	snippet = (struct state_snippet){ .volid = (char *)"local:snippets/a.yaml",
					  .path = (char *)PLACE, .text = STRBUF_INIT };
}

static void tear_down(void)
{
	free(snippet.hindrance);
	strbuf_release(&snippet.text);
	run("rm -rf $PWD");
}

static const char *digest_of(const char *text)
{
	static char digest[2][DIGEST_SHA256_TEXT];
	static int turn;

	turn = !turn;
	return digest_sha256(text, strlen(text), digest[turn]);
}

/* before: the text that it may replace; NULL: none */
static int put(const char *text, const char *before, struct error *err)
{
	const struct snippet_file_write write = {
		.root = root, .volid = snippet.volid, .path = PLACE, .text = text,
		.digest = digest_of(text), .before = before ? digest_of(before) : NULL,
		.mark = "pve-1-2",
	};

	return snippet_file_write(&write, err);
}

static void expect(const char *text)
{
	snippet_file_look(root, &snippet);
	ck_assert_pstr_eq(snippet.hindrance, NULL);
	ck_assert_int_eq(snippet.there, text != NULL);
	if (text)
		ck_assert_str_eq(snippet.text.buf, text);
	if (text)
		ck_assert_str_eq(snippet.digest, digest_of(text));
}

/* how many files there are, also those that ls does not show */
static size_t count_files(void)
{
	CLEANUP(scope_free) char *pattern = memory_print("%s/vz/snippets/{*,.[!.]*}", root);
	glob_t found;
	size_t count = 0;

	if (glob(pattern, GLOB_BRACE, NULL, &found) == 0)
		count = found.gl_pathc;
	globfree(&found);
	return count;
}

START_TEST(it_is_written_where_none_is_for_root_alone)
{
	CLEANUP(scope_free) char *path = memory_print("%s%s", root, PLACE);
	struct error err = { 0 };
	struct stat found;

	expect(NULL);
	ck_assert_msg(put("new\n", NULL, &err) == 0, "%s", err.text);
	expect("new\n");
	ck_assert_int_eq(stat(path, &found), 0);
	ck_assert_int_eq(found.st_mode & 07777, 0600);
	ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(it_replaces_what_it_may_and_nothing_else)
{
	struct error err = { 0 };

	ck_assert_int_eq(put("old\n", NULL, &err), 0);
	ck_assert_int_eq(put("new\n", NULL, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
	ck_assert_str_eq(err.text, PLACE " was changed by someone else meanwhile; it stays as it is");
	ck_assert_int_eq(put("new\n", "another\n", &err), -1);
	expect("old\n");
	ck_assert_int_eq(put("new\n", "old\n", &err), 0);
	expect("new\n");
	ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(what_is_there_already_is_not_written_again)
{
	CLEANUP(scope_free) char *path = memory_print("%s%s", root, PLACE);
	struct error err = { 0 };
	struct stat before, after;

	run("echo same >vz/snippets/a.yaml");
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_int_eq(put("same\n", NULL, &err), 0);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(one_that_went_away_meanwhile_is_made)
{
	struct error err = { 0 };

	ck_assert_int_eq(put("new\n", "old\n", &err), 0);
	expect("new\n");
}
END_TEST

/* what is in its place; what is said, of which nothing is read or written */
static const struct { const char *make, *hindrance; } places[] = {
	{ "ln -s /etc/passwd vz/snippets/a.yaml", PLACE " is a symlink" },
	{ "ln -s nowhere vz/snippets/a.yaml", PLACE " is a symlink" },
	{ "mkdir vz/snippets/a.yaml", PLACE " is no file; move it away" },
	{ "mkfifo vz/snippets/a.yaml", PLACE " is no file; move it away" },
	{ "truncate -s 1048577 vz/snippets/a.yaml", PLACE " is larger than 1 MiB, so vyom did not" },
	{ "rmdir vz/snippets", "its folder /vz/snippets is not there, and Proxmox makes it when it "
			       "looks at the storage: pvesm status --storage local;" },
	{ "mv vz/snippets vz/other && ln -s other vz/snippets", "/vz/snippets is a symlink, or no" },
	{ "rmdir vz/snippets && touch vz/snippets", "/vz/snippets is a symlink, or no folder" },
};

START_TEST(what_is_no_file_of_ours_is_said_and_left_as_it_is)
{
	struct error err = { 0 };

	run(places[_i].make);
	run("find . -printf '%P %y %i %s %T@\\n' >../$(basename $PWD).before");
	snippet_file_look(root, &snippet);
	ck_assert_msg(snippet.hindrance && strstr(snippet.hindrance, places[_i].hindrance) ==
					   snippet.hindrance, "%s", snippet.hindrance);
	ck_assert(!snippet.there);
	ck_assert_int_eq(put("new\n", NULL, &err), -1);
	/* the folder's own time is that of the file which was made beside, and taken away */
	run("find . -printf '%P %y %i %s %T@\\n' | grep -v '^vz/snippets d' >../$(basename $PWD).after;"
	    " grep -v '^vz/snippets d' ../$(basename $PWD).before |"
	    " cmp - ../$(basename $PWD).after; s=$?; rm ../$(basename $PWD).before "
	    "../$(basename $PWD).after; exit $s");
}
END_TEST

START_TEST(it_is_seen_anew_at_each_look)
{
	run("ln -s x vz/snippets/a.yaml");
	snippet_file_look(root, &snippet);
	ck_assert_ptr_nonnull(snippet.hindrance);
	run("rm vz/snippets/a.yaml && echo one >vz/snippets/a.yaml");
	expect("one\n");
	run("rm vz/snippets/a.yaml");
	expect(NULL);
}
END_TEST

START_TEST(what_a_step_left_is_swept_away_and_nothing_else)
{
	run("cd vz/snippets && touch a.yaml .vyom-pve-1-2-0123456789abcdef .vyom-pve-1-2-fedcba9876543210 "
	    ".vyom-pve-1-2-0123456789abcde .vyom-pve-1-2-0123456789abcdefa .vyom-pve-1-2-0123456789abcdef.bak "
	    ".vyom-pve-1-2-0123456789abcdeg "
	    ".vyom-pve-1-21-0123456789abcdef .vyom-pve-1-3-0123456789abcdef");
	snippet_file_sweep(root, PLACE, "pve-1-2");
	run("! ls -A vz/snippets | grep -E '^.vyom-pve-1-2-([0-9a-f]{16})$'");
	ck_assert_uint_eq(count_files(), 7);
}
END_TEST

START_TEST(sweeping_where_there_is_no_folder_does_nothing)
{
	run("rmdir vz/snippets");
	snippet_file_sweep(root, PLACE, "pve-1-2");
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, it_is_written_where_none_is_for_root_alone);
	tcase_add_test(tcase, it_replaces_what_it_may_and_nothing_else);
	tcase_add_test(tcase, what_is_there_already_is_not_written_again);
	tcase_add_test(tcase, one_that_went_away_meanwhile_is_made);
	tcase_add_loop_test(tcase, what_is_no_file_of_ours_is_said_and_left_as_it_is, 0,
			    sizeof(places) / sizeof(*places));
	tcase_add_test(tcase, it_is_seen_anew_at_each_look);
	tcase_add_test(tcase, what_a_step_left_is_swept_away_and_nothing_else);
	tcase_add_test(tcase, sweeping_where_there_is_no_folder_does_nothing);
}

TEST_MAIN("snippet_file", add_cases)
