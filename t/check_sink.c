/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/sink.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/secret.h"
#include "edge/ssh.h"
#include "main.h"
#include "sysroot.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static struct secret key;
static struct error err;
static struct strbuf printed;

static void set_up(void)
{
	struct ssh_pair *pair;

	memset(&err, 0, sizeof(err));
	key = (struct secret)SECRET_INIT;
	printed = (struct strbuf)STRBUF_INIT;
	sysroot_make();
	ck_assert(ssh_pair_generate("", &pair, &err) == 0);
	ck_assert(ssh_pair_private(pair, &key, &err) == 0);
	ssh_pair_free(&pair);
}

static void tear_down(void)
{
	secret_release(&key);
	strbuf_release(&printed);
	sysroot_remove();
}

/* Is any line of the key's body in text? */
static bool leaks(const char *text)
{
	for (const char *line = key.text; *line; line += strcspn(line, "\n") + 1) {
		char part[21] = "";

		strncpy(part, line, sizeof(part) - 1);
		if (*line != '-' && strcspn(line, "\n") > 20 && strstr(text, part))
			return true;
	}
	return false;
}

static int run(const struct strvec *argv, double seconds)
{
	CLEANUP(scope_close) int output = open(sysroot_path("/output"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	int result = sink_run(argv, &key, output, seconds, &err);

	ck_assert(file_read(sysroot_path("/output"), &printed) == 0);
	ck_assert_msg(!leaks(printed.buf), "%s", printed.buf);
	ck_assert_msg(!leaks(err.text), "%s", err.text);
	return result;
}

static int run_script(const char *script, double seconds)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	strvec_pushl(&argv, "sh", "-c", script, "sh", sysroot, NULL);
	return run(&argv, seconds);
}

START_TEST(a_program_that_takes_the_key_and_ends_well_has_it)
{
	CLEANUP(strbuf_release) struct strbuf kept = STRBUF_INIT;

	ck_assert_msg(run_script("cat >$1/kept; echo thanks; echo indeed >&2", 20) == 0, "%s", err.text);
	ck_assert(file_read(sysroot_path("/kept"), &kept) == 0);
	ck_assert_str_eq(kept.buf, key.text);
	ck_assert_str_eq(printed.buf, "thanks\nindeed\n");
}
END_TEST

static const struct { const char *script, *complaint; } refusals[] = {
	{ "cat >/dev/null; exit 1", "sh: exit status 1" },
	{ "cat >/dev/null; echo not signed in >&2; echo more; exit 6", "sh: exit status 6: not signed in" },
	{ "echo; echo late >&2; exit 6", "sh: exit status 6: late" },
	{ "kill -KILL $$", "sh: killed by SIGKILL" },
	{ "exit 3", "sh: exit status 3" },
	{ "true", "sh: exit status 0, but it did not read the key from its stdin" },
	{ "exec <&-; true", "sh: exit status 0, but it did not read the key from its stdin" },
	{ "head -c 10 >/dev/null", "sh: exit status 0, but it did not read" },
	{ "sleep 60", "sh: did not end within 1 s and was stopped" },
	{ "trap '' TERM; sleep 60 & wait; sleep 60", "sh: did not end within 1 s and was stopped" },
	{ "while :; do echo on and on; done", "sh: did not end within 1 s and was stopped" },
};

START_TEST(everything_else_is_a_refusal_with_its_first_complaint)
{
	ck_assert_msg(run_script(refusals[_i].script, 1) == -1, "%s", refusals[_i].script);
	ck_assert_msg(strncmp(err.text, refusals[_i].complaint, strlen(refusals[_i].complaint)) == 0,
		      "%s: %s", refusals[_i].script, err.text);
}
END_TEST

static const char *const tellers[] = {
	"tee /dev/stderr; exit 1",
	"cat; exit 1",
	"tr -d '\\n'; exit 1",
	"printf '{\"key\": \"'; tr '\\n' '_'; echo '\"}'; exit 1",
	"x=$(cat); echo \"cannot store $x\" >&2; exit 1",
};

START_TEST(a_program_that_repeats_the_key_is_not_listened_to)
{
	ck_assert(run_script(tellers[_i], 20) == -1);
	ck_assert_msg(strstr(printed.buf, "(a line with a part of the key is not shown)"), "%s",
		      printed.buf);
}
END_TEST

START_TEST(a_daemon_that_holds_its_output_is_not_waited_for)
{
	time_t began = time(NULL);

	ck_assert_msg(run_script("cat >/dev/null; sleep 20 & echo kept", 20) == 0, "%s", err.text);
	ck_assert(time(NULL) < began + 10);
	ck_assert_str_eq(printed.buf, "kept\n");
}
END_TEST

START_TEST(a_program_that_ends_at_once_is_no_sigpipe)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };

	sigaction(SIGPIPE, &standard, NULL);
	for (int i = 0; i < 20; i++)
		ck_assert(run_script("exec <&-; exit 1", 20) == -1);
}
END_TEST

START_TEST(words_reach_the_program_as_they_are_and_so_does_the_environment)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	sysroot_put("/bin/keep it", "#!/bin/sh\ncat >/dev/null\nprintf '%s|' \"$@\" \"$VYOM_TEST_TOKEN\"\n");
	chmod(sysroot_path("/bin/keep it"), 0700);
	sysroot_put("/other/keep it", "no program");
	setenv("VYOM_TEST_TOKEN", "a token", 1);
	strvec_push(&argv, sysroot_path("/bin/keep it"));
	strvec_pushl(&argv, "--title", "Prakriti Master Key", "$(id)", "", NULL);
	ck_assert_msg(run(&argv, 20) == 0, "%s", err.text);
	ck_assert_str_eq(printed.buf, "--title|Prakriti Master Key|$(id)||a token|");
}
END_TEST

START_TEST(a_program_is_looked_for_on_path)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(scope_free) char *before = memory_copy(getenv("PATH"));
	CLEANUP(scope_free) char *path = memory_print("%s/other:.::%s/bin:%s", sysroot, sysroot, before);

	sysroot_put("/other/keep", "not executable");
	sysroot_put("/bin/keep", "#!/bin/sh\ncat >/dev/null\necho kept\n");
	chmod(sysroot_path("/bin/keep"), 0700);
	setenv("PATH", path, 1);
	strvec_push(&argv, "keep");
	ck_assert_msg(run(&argv, 20) == 0, "%s", err.text);
	ck_assert_str_eq(printed.buf, "kept\n");
	setenv("PATH", before, 1);
}
END_TEST

static const struct { const char *name, *complaint; } absent[] = {
	{ "no-such-program-here", "no-such-program-here: is not found on PATH; give its whole path" },
	{ "bin/keep", "bin/keep: is not found on PATH" },
	{ "/no/such/program", "/no/such/program: exit status 127: cannot be run: No such file" },
};

START_TEST(a_program_that_is_not_there_is_named)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	strvec_push(&argv, absent[_i].name);
	ck_assert(run(&argv, 20) == -1);
	ck_assert_msg(strncmp(err.text, absent[_i].complaint, strlen(absent[_i].complaint)) == 0, "%s",
		      err.text);
}
END_TEST

/* --- a file --- */

START_TEST(a_file_is_made_for_its_owner_only)
{
	CLEANUP(strbuf_release) struct strbuf kept = STRBUF_INIT;
	struct stat found;

	umask(0);
	ck_assert_msg(sink_write(sysroot_path("/key"), &key, &err) == 0, "%s", err.text);
	umask(022);
	ck_assert(file_read(sysroot_path("/key"), &kept) == 0);
	ck_assert_str_eq(kept.buf, key.text);
	ck_assert(stat(sysroot_path("/key"), &found) == 0);
	ck_assert_int_eq(found.st_mode & 07777, 0600);
}
END_TEST

START_TEST(what_is_there_is_not_replaced)
{
	CLEANUP(strbuf_release) struct strbuf kept = STRBUF_INIT;

	sysroot_put("/key", "another");
	ck_assert(sink_write(sysroot_path("/key"), &key, &err) == -1);
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
	ck_assert_msg(strstr(err.text, "/key: is there already"), "%s", err.text);
	ck_assert(file_read(sysroot_path("/key"), &kept) == 0);
	ck_assert_str_eq(kept.buf, "another");
}
END_TEST

START_TEST(a_symlink_is_not_followed)
{
	CLEANUP(scope_free) char *target = memory_copy(sysroot_path("/elsewhere"));

	ck_assert(symlink(target, sysroot_path("/key")) == 0);
	ck_assert(sink_write(sysroot_path("/key"), &key, &err) == -1);
	ck_assert_int_eq(access(target, F_OK), -1);
}
END_TEST

static const struct { mode_t mode; bool is_good; } folders[] = {
	{ 0700, true }, { 0755, true }, { 0775, false }, { 0757, false }, { 01777, false },
};

START_TEST(others_may_not_write_the_folder)
{
	int result;

	sysroot_make_parents("/folder/key");
	chmod(sysroot_path("/folder"), folders[_i].mode);
	result = sink_write(sysroot_path("/folder/key"), &key, &err);
	ck_assert_int_eq(result, folders[_i].is_good ? 0 : -1);
	if (!folders[_i].is_good)
		ck_assert_msg(err.kind == ERROR_REFUSED && strstr(err.text, "others can put files"),
			      "%s", err.text);
}
END_TEST

START_TEST(the_folder_belongs_to_nobody_else)
{
	sysroot_make_parents("/folder/key");
	if (geteuid() != 0 || chown(sysroot_path("/folder"), 12345, 0) < 0)
		return;
	ck_assert(sink_write(sysroot_path("/folder/key"), &key, &err) == -1);
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
}
END_TEST

START_TEST(a_place_that_is_none_is_named)
{
	ck_assert(sink_write(sysroot_path("/none/key"), &key, &err) == -1);
	ck_assert_msg(strstr(err.text, "/none/: No such file"), "%s", err.text);
	ck_assert(sink_write("key", &key, &err) == -1);
	ck_assert_str_eq(err.text, "key: is no absolute path");
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_not_left)
{
	struct rlimit before, limit;
	int result;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 10;
	setrlimit(RLIMIT_FSIZE, &limit);
	result = sink_write(sysroot_path("/key"), &key, &err);
	setrlimit(RLIMIT_FSIZE, &before);
	ck_assert_int_eq(result, -1);
	ck_assert_msg(strstr(err.text, "/key: cannot be written: File too large"), "%s", err.text);
	ck_assert_int_eq(access(sysroot_path("/key"), F_OK), -1);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_program_that_takes_the_key_and_ends_well_has_it);
	tcase_add_loop_test(tcase, everything_else_is_a_refusal_with_its_first_complaint, 0,
			    ROWS(refusals));
	tcase_add_loop_test(tcase, a_program_that_repeats_the_key_is_not_listened_to, 0, ROWS(tellers));
	tcase_add_test(tcase, a_daemon_that_holds_its_output_is_not_waited_for);
	tcase_add_test(tcase, a_program_that_ends_at_once_is_no_sigpipe);
	tcase_add_test(tcase, words_reach_the_program_as_they_are_and_so_does_the_environment);
	tcase_add_test(tcase, a_program_is_looked_for_on_path);
	tcase_add_loop_test(tcase, a_program_that_is_not_there_is_named, 0, ROWS(absent));
	tcase_add_test(tcase, a_file_is_made_for_its_owner_only);
	tcase_add_test(tcase, what_is_there_is_not_replaced);
	tcase_add_test(tcase, a_symlink_is_not_followed);
	tcase_add_loop_test(tcase, others_may_not_write_the_folder, 0, ROWS(folders));
	tcase_add_test(tcase, the_folder_belongs_to_nobody_else);
	tcase_add_test(tcase, a_place_that_is_none_is_named);
	tcase_add_test(tcase, a_file_that_cannot_be_written_is_not_left);
}

TEST_MAIN("sink", add_cases)
