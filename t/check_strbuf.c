/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_strbuf.c - what grows: strings, lists of them, arrays
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "main.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

START_TEST(an_empty_string_is_terminated_and_shared)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

	strbuf_reset(&a);
	ck_assert_str_eq(a.buf, "");
	strbuf_adds(&a, "a");
	ck_assert_str_eq(b.buf, "");
	strbuf_release(&a);
	strbuf_release(&a);
	ck_assert_str_eq(a.buf, "");
}
END_TEST

START_TEST(a_string_grows_byte_by_byte)
{
	CLEANUP(strbuf_release) struct strbuf sb = STRBUF_INIT;

	for (unsigned i = 0; i < 10000; i++) {
		strbuf_addch(&sb, (char)('a' + i % 26));
		ck_assert_uint_eq(sb.len, i + 1);
		ck_assert_uint_eq(strlen(sb.buf), i + 1);
		ck_assert_uint_gt(sb.room, sb.len);
	}
	for (unsigned i = 0; i < 10000; i++)
		ck_assert_int_eq(sb.buf[i], 'a' + i % 26);
}
END_TEST

START_TEST(a_string_takes_any_bytes)
{
	CLEANUP(strbuf_release) struct strbuf sb = STRBUF_INIT;

	strbuf_add(&sb, "a\0b", 3);
	strbuf_addf(&sb, "%d%s", 7, "c");
	ck_assert_uint_eq(sb.len, 5);
	ck_assert_mem_eq(sb.buf, "a\0b7c", 6);
}
END_TEST

START_TEST(separators_stand_between_not_in_front)
{
	CLEANUP(strbuf_release) struct strbuf sb = STRBUF_INIT;

	strbuf_join(&sb, ", ", "a");
	strbuf_join(&sb, ", ", "b");
	strbuf_join(&sb, ", ", "");
	ck_assert_str_eq(sb.buf, "a, b, ");
}
END_TEST

START_TEST(reserved_room_can_be_written_to)
{
	CLEANUP(strbuf_release) struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, "abc");
	strbuf_reserve(&sb, 5000);
	ck_assert_uint_ge(sb.room, 5004);
	memset(sb.buf + sb.len, 'x', 5000);
	ck_assert_mem_eq(sb.buf, "abcx", 4);
}
END_TEST

START_TEST(a_reset_string_keeps_its_memory)
{
	CLEANUP(strbuf_release) struct strbuf sb = STRBUF_INIT;
	const char *memory;

	strbuf_adds(&sb, "abc");
	memory = sb.buf;
	strbuf_reset(&sb);
	ck_assert_str_eq(sb.buf, "");
	strbuf_adds(&sb, "d");
	ck_assert_ptr_eq(sb.buf, memory);
	ck_assert_str_eq(sb.buf, "d");
}
END_TEST

START_TEST(a_detached_string_is_the_callers)
{
	struct strbuf sb = STRBUF_INIT;
	char *text = strbuf_detach(&sb);

	ck_assert_str_eq(text, "");
	free(text);
	strbuf_adds(&sb, "abc");
	text = strbuf_detach(&sb);
	ck_assert_str_eq(text, "abc");
	ck_assert_str_eq(sb.buf, "");
	ck_assert_uint_eq(sb.len, 0);
	free(text);
}
END_TEST

START_TEST(a_list_is_an_argv_at_any_length)
{
	CLEANUP(strvec_release) struct strvec sv = STRVEC_INIT;

	ck_assert_ptr_null(sv.items[0]);
	for (unsigned i = 0; i < 300; i++) {
		strvec_pushf(&sv, "%u", i);
		ck_assert_uint_eq(sv.count, i + 1);
		ck_assert_ptr_null(sv.items[i + 1]);
	}
	ck_assert_str_eq(sv.items[0], "0");
	ck_assert_str_eq(sv.items[299], "299");
}
END_TEST

START_TEST(a_list_owns_copies)
{
	struct strvec sv = STRVEC_INIT;
	char text[] = "abc";

	strvec_push(&sv, text);
	text[0] = 'x';
	ck_assert_str_eq(sv.items[0], "abc");
	strvec_release(&sv);
	strvec_release(&sv);
	ck_assert_uint_eq(sv.count, 0);
	ck_assert_ptr_null(sv.items[0]);
}
END_TEST

START_TEST(lists_are_extended_compared_searched_and_sorted)
{
	CLEANUP(strvec_release) struct strvec a = STRVEC_INIT, b = STRVEC_INIT;

	ck_assert(strvec_equal(&a, &b));
	strvec_sort(&a);
	strvec_pushl(&a, "c", "a", "b", NULL);
	ck_assert(!strvec_equal(&a, &b) && !strvec_equal(&b, &a));
	strvec_extend(&b, &a);
	ck_assert(strvec_equal(&a, &b));
	strvec_sort(&a);
	ck_assert_str_eq(a.items[0], "a");
	ck_assert_str_eq(a.items[1], "b");
	ck_assert_str_eq(a.items[2], "c");
	ck_assert(!strvec_equal(&a, &b));
	ck_assert(strvec_contains(&a, "b") && !strvec_contains(&a, "B") && !strvec_contains(&a, ""));
}
END_TEST

static const char *const words[] = {
	"qm", "", "a b", "it's", "'", "''", "a\nb", "$HOME", "`id`", "a;b", "*", "~", "#x", "\\",
	"\"", "virtio=02:00:00:00:00:01,bridge=vmbr0", "é", "!", "a\tb", "-", "--", "{a,b}", "(x)",
	"it's\n\\n", "a\033b\1771",
};

static const char *run_shell(const char *command, char found[512])
{
	FILE *shell = popen(command, "r");
	size_t len = fread(found, 1, 511, shell);

	ck_assert_int_eq(pclose(shell), 0);
	found[len] = '\0';
	return found;
}

/* Typed into a shell, a quoted list is the same list. */
START_TEST(a_quoted_list_is_read_back_by_a_shell)
{
	CLEANUP(strvec_release) struct strvec sv = STRVEC_INIT, bash = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf command = STRBUF_INIT, wanted = STRBUF_INIT,
		line = STRBUF_INIT, in_bash = STRBUF_INIT;
	char found[512];

	strvec_pushl(&sv, "printf", "<%s>", NULL);
	for (int i = 0; i < ROWS(words); i++) {
		strvec_push(&sv, words[i]);
		strbuf_addf(&wanted, "<%s>", words[i]);
	}
	strvec_quote(&sv, &command);
	ck_assert_str_eq(run_shell(command.buf, found), wanted.buf);
	strvec_quote_line(&sv, &line);
	ck_assert_ptr_null(strchr(line.buf, '\n'));
	strvec_pushl(&bash, "bash", "-c", line.buf, NULL);
	strvec_quote(&bash, &in_bash);
	ck_assert_str_eq(run_shell(in_bash.buf, found), wanted.buf);
}
END_TEST

START_TEST(only_what_needs_it_is_quoted)
{
	CLEANUP(strvec_release) struct strvec sv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strvec_pushl(&sv, "qm", "set", "101", "--scsi0", "local-lvm:vm-101-disk-0,discard=on", "",
		     "a b", "it's", NULL);
	strvec_quote(&sv, &text);
	ck_assert_str_eq(text.buf, "qm set 101 --scsi0 local-lvm:vm-101-disk-0,discard=on '' 'a b' "
				   "'it'\\''s'");
	strvec_release(&sv);
	strbuf_release(&text);
	strvec_pushl(&sv, "a b", "made: it's\nby vyom", NULL);
	strvec_quote_line(&sv, &text);
	ck_assert_str_eq(text.buf, "'a b' $'made: it\\'s\\nby vyom'");
}
END_TEST

START_TEST(a_quoted_list_is_split_again)
{
	CLEANUP(strvec_release) struct strvec sv = STRVEC_INIT, again = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct error err = { .kind = ERROR_NONE };

	for (int i = 0; i < ROWS(words); i++)
		strvec_push(&sv, words[i]);
	strvec_quote(&sv, &text);
	ck_assert_msg(strvec_unquote(&again, text.buf, &err) == 0, "%s", err.text);
	ck_assert(strvec_equal(&sv, &again));
}
END_TEST

/* Typed by people: what is taken, a shell takes for the same. */
static const char *const typed[] = {
	"", " \t ", "a", "  a\tb  ", "''", "a '' b", "a'b'c", "'a b'\\''c'", "a\\ b", "\\'", "\\\\",
	"\\$HOME", "'$HOME' '`id`' '*' '\"' '\\'", "--a=b", "'a\nb'", "x\\;y", "'\xc3\xa4'",
};

START_TEST(what_is_split_is_what_a_shell_splits)
{
	CLEANUP(strvec_release) struct strvec sv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf command = STRBUF_INIT, wanted = STRBUF_INIT;
	struct error err = { .kind = ERROR_NONE };
	char found[512];

	ck_assert_msg(strvec_unquote(&sv, typed[_i], &err) == 0, "%s: %s", typed[_i], err.text);
	for (size_t i = 0; i < sv.count; i++)
		strbuf_addf(&wanted, "<%s>", sv.items[i]);
	strbuf_addf(&command, "for w in %s; do printf '<%%s>' \"$w\"; done", typed[_i]);
	ck_assert_str_eq(run_shell(command.buf, found), wanted.buf);
}
END_TEST

static const char *const unsplit[] = {
	"'", "a'b", "'a'\\''b", "\\", "a\\", "\\\n", "a\nb", "\"a\"", "a;b", "a|b", "a&b", "a>b", "a<b",
	"$a", "`a`", "(a)", "{a,b}", "*", "a?", "[a]", "#a", "~", "a!", "^", "\xc3\xa4", "a\rb", "\x7f",
	"a\\\t",
};

START_TEST(what_a_shell_would_make_more_of_is_refused)
{
	CLEANUP(strvec_release) struct strvec sv = STRVEC_INIT;
	struct error err = { .kind = ERROR_NONE };

	ck_assert_msg(strvec_unquote(&sv, unsplit[_i], &err) < 0, "%s", unsplit[_i]);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_uint_eq(sv.count, 0);
	ck_assert(*err.text);
}
END_TEST

START_TEST(an_array_grows_and_keeps_what_it_holds)
{
	size_t *array = NULL, count = 0;

	for (size_t i = 0; i < 1000; i++)
		MEMORY_PUSH(array, count) = i * i;
	ck_assert_uint_eq(count, 1000);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(array[i], i * i);
	free(array);
}
END_TEST

START_TEST(new_memory_is_zeroed_and_never_null)
{
	volatile size_t none = 0;	/* which the compiler need not see */
	unsigned char *memory = memory_new(100, 10);
	char *text = memory_print("%s-%d", "a", 1);

	for (size_t i = 0; i < 1000; i++)
		ck_assert_int_eq(memory[i], 0);
	free(memory);
	memory = memory_new(none, 8);
	ck_assert_ptr_nonnull(memory);
	free(memory);
	ck_assert_str_eq(text, "a-1");
	free(text);
	ck_assert_ptr_null(memory_copy(NULL));
}
END_TEST

/* Sizes that overflow count as memory that is not to be had. */
START_TEST(running_out_of_memory_ends_with_status_2)
{
	volatile size_t huge = SIZE_MAX / 2;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		fclose(stderr);
		free(memory_resize(NULL, huge, 8));
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_test(tcase, an_empty_string_is_terminated_and_shared);
	tcase_add_test(tcase, a_string_grows_byte_by_byte);
	tcase_add_test(tcase, a_string_takes_any_bytes);
	tcase_add_test(tcase, separators_stand_between_not_in_front);
	tcase_add_test(tcase, reserved_room_can_be_written_to);
	tcase_add_test(tcase, a_reset_string_keeps_its_memory);
	tcase_add_test(tcase, a_detached_string_is_the_callers);
	tcase_add_test(tcase, a_list_is_an_argv_at_any_length);
	tcase_add_test(tcase, a_list_owns_copies);
	tcase_add_test(tcase, lists_are_extended_compared_searched_and_sorted);
	tcase_add_test(tcase, a_quoted_list_is_read_back_by_a_shell);
	tcase_add_test(tcase, only_what_needs_it_is_quoted);
	tcase_add_test(tcase, a_quoted_list_is_split_again);
	tcase_add_loop_test(tcase, what_is_split_is_what_a_shell_splits, 0, ROWS(typed));
	tcase_add_loop_test(tcase, what_a_shell_would_make_more_of_is_refused, 0, ROWS(unsplit));
	tcase_add_test(tcase, an_array_grows_and_keeps_what_it_holds);
	tcase_add_test(tcase, new_memory_is_zeroed_and_never_null);
	tcase_add_test(tcase, running_out_of_memory_ends_with_status_2);
}

TEST_MAIN("strbuf", add_cases)
