/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "main.h"

START_TEST(an_error_is_filled_and_minus_one)
{
	struct error err = { .kind = ERROR_NONE };

	ck_assert_int_eq(error_set(&err, ERROR_REFUSED, "disk: %d GiB", 64), -1);
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
	ck_assert_str_eq(err.text, "disk: 64 GiB");
}
END_TEST

START_TEST(errno_is_said_as_it_was)
{
	struct error err = { .kind = ERROR_NONE };

	errno = ENOENT;
	ck_assert_int_eq(error_set_errno(&err, "cannot read %s", "/x"), -1);
	ck_assert_int_eq(err.kind, ERROR_SYSTEM);
	ck_assert_str_eq(err.text, "cannot read /x: No such file or directory");
}
END_TEST

START_TEST(context_is_put_in_front_and_the_kind_stays)
{
	struct error err = { .kind = ERROR_NONE };

	error_set(&err, ERROR_BUSY, "busy");
	ck_assert_int_eq(error_prefix(&err, "vm %u", 101), -1);
	ck_assert_int_eq(error_prefix(&err, "apply"), -1);
	ck_assert_int_eq(err.kind, ERROR_BUSY);
	ck_assert_str_eq(err.text, "apply: vm 101: busy");
}
END_TEST

/* Can be a parameter of its own format. */
START_TEST(an_error_may_be_made_from_another)
{
	struct error err = { .kind = ERROR_NONE }, inner = { .kind = ERROR_NONE };

	error_set(&inner, ERROR_SYSTEM, "no space");
	error_set(&err, ERROR_COMMAND, "journal: %s", inner.text);
	ck_assert_str_eq(err.text, "journal: no space");
}
END_TEST

/* "é" and "€" cut at every place: what remains ends with a whole character. */
START_TEST(a_long_text_is_cut_between_characters)
{
	static const char *const letters[] = { "é", "€", "🙂" };
	const char *letter = letters[_i % 3];
	struct error err = { .kind = ERROR_NONE };
	char text[2000] = "";
	size_t len = strlen(letter), head = (size_t)_i / 3;

	memset(text, 'a', head);
	for (size_t at = head; at + len < sizeof(text); at += len)
		memcpy(text + at, letter, len);
	error_set(&err, ERROR_SYSTEM, "%s", text);
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
	ck_assert_uint_ge(strlen(err.text), sizeof(err.text) - 1 - len);
	ck_assert_uint_eq((strlen(err.text) - head) % len, 0);
	ck_assert_int_eq(strncmp(err.text, text, strlen(err.text)), 0);
}
END_TEST

START_TEST(a_long_error_keeps_its_context)
{
	struct error err = { .kind = ERROR_NONE };
	char text[2000];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, ERROR_SYSTEM, "%s", text);
	error_prefix(&err, "vm 101");
	ck_assert_int_eq(strncmp(err.text, "vm 101: aaa", 11), 0);
}
END_TEST

START_TEST(a_text_that_just_fits_is_kept_whole)
{
	struct error err = { .kind = ERROR_NONE };
	char text[sizeof(err.text)];

	memset(text, 'a', sizeof(text) - 3);
	strcpy(text + sizeof(text) - 3, "é");
	error_set(&err, ERROR_SYSTEM, "%s", text);
	ck_assert_str_eq(err.text, text);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_test(tcase, a_text_that_just_fits_is_kept_whole);
	tcase_add_test(tcase, an_error_is_filled_and_minus_one);
	tcase_add_test(tcase, errno_is_said_as_it_was);
	tcase_add_test(tcase, context_is_put_in_front_and_the_kind_stays);
	tcase_add_test(tcase, an_error_may_be_made_from_another);
	tcase_add_loop_test(tcase, a_long_text_is_cut_between_characters, 0, 12);
	tcase_add_test(tcase, a_long_error_keeps_its_context);
}

TEST_MAIN("error", add_cases)
