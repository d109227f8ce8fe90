/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "main.h"
#include "model/thin_delta.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))
#define HEAD "<superblock uuid=\"\" time=\"1\" transaction=\"2\" data_block_size=\"128\" nr_data_blocks=\"1000\">\n"
#define DIFF HEAD "  <diff left=\"1\" right=\"2\">\n"
#define END "  </diff>\n</superblock>\n"

/* As 0.9.0 printed it of a clone that wrote over two blocks, freed two and has four more. */
static const char printed[] =
	DIFF
	"    <same begin=\"0\" length=\"5\"/>\n"
	"    <different begin=\"5\" length=\"2\"/>\n"
	"    <same begin=\"7\" length=\"11\"/>\n"
	"    <left_only begin=\"18\" length=\"2\"/>\n"
	"    <right_only begin=\"40\" length=\"4\"/>\n"
	END;

START_TEST(ranges_of_each_kind_are_summed_in_bytes)
{
	struct thin_delta delta = { 0 };
	struct error err = { 0 };

	ck_assert_msg(thin_delta_parse(printed, 1, 2, &delta, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(delta.same, 16 * 64 * KIB);
	ck_assert_uint_eq(delta.different, 2 * 64 * KIB);
	ck_assert_uint_eq(delta.left_only, 2 * 64 * KIB);
	ck_assert_uint_eq(delta.right_only, 4 * 64 * KIB);
}
END_TEST

START_TEST(two_volumes_without_a_block_have_nothing_in_common)
{
	struct thin_delta delta = { .same = 7 };
	struct error err = { 0 };

	ck_assert_msg(thin_delta_parse(DIFF END, 1, 2, &delta, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(delta.same, 0);
}
END_TEST

static const struct { const char *what, *text; } damages[] = {
	{ "nothing",			"" },
	{ "no markup",			"no current metadata snap\n" },
	{ "no diff",			HEAD "</superblock>\n" },
	{ "no superblock",		"<diff left=\"1\" right=\"2\"></diff></superblock>" },
	{ "the end missing",		DIFF "<same begin=\"0\" length=\"5\"/>\n" },
	{ "a tag cut off",		DIFF "<same begin=\"0\" length=\"5" },
	{ "other volumes",		HEAD "<diff left=\"1\" right=\"3\">" END },
	{ "two superblocks",		HEAD DIFF END },
	{ "two diffs",			DIFF "<diff left=\"1\" right=\"2\">" END },
	{ "a range before the diff",	HEAD "<same begin=\"0\" length=\"5\"/>" END },
	{ "a range after the end",	DIFF END "<same begin=\"0\" length=\"5\"/>" },
	{ "no length",			DIFF "<same begin=\"0\"/>" END },
	{ "a length without digits",	DIFF "<same begin=\"0\" length=\"\"/>" END },
	{ "a length below zero",	DIFF "<same begin=\"0\" length=\"-5\"/>" END },
	{ "a length without an end",	DIFF "<same begin=\"0\" length=\"5/>" END },
	{ "a name that only ends so",	DIFF "<same xlength=\"5\"/>" END },
	{ "more bytes than there can be", DIFF "<same begin=\"0\" length=\"17592186044417\"/>" END },
	{ "so many in sum",		DIFF "<same begin=\"0\" length=\"17592186044416\"/>"
					"<same begin=\"0\" length=\"1\"/>" END },
	{ "chunks of nothing",		"<superblock data_block_size=\"0\"><diff left=\"1\" right=\"2\">" END },
};

START_TEST(a_damaged_text_is_an_error_and_changes_nothing)
{
	struct thin_delta delta = { .same = 7 };
	struct error err = { 0 };

	ck_assert_msg(thin_delta_parse(damages[_i].text, 1, 2, &delta, &err) < 0, "%s",
		      damages[_i].what);
	ck_assert_int_eq(err.kind, ERROR_COMMAND);
	ck_assert_msg(strncmp(err.text, "thin_delta: ", 12) == 0, "%s", err.text);
	ck_assert_uint_eq(delta.same, 7);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_test(tcase, ranges_of_each_kind_are_summed_in_bytes);
	tcase_add_test(tcase, two_volumes_without_a_block_have_nothing_in_common);
	tcase_add_loop_test(tcase, a_damaged_text_is_an_error_and_changes_nothing, 0, ROWS(damages));
}

TEST_MAIN("thin_delta", add_cases)
