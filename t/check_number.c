/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/number.h"
#include "main.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))
#define UNTOUCHED 77

static const struct { const char *text; uint64_t min, max; bool good; uint64_t value; } numbers[] = {
	{ "0",				0, UINT64_MAX,	true,	0 },
	{ "007",			0, 100,		true,	7 },
	{ "100",			100, 100,	true,	100 },
	{ "99",				100, 200,	false,	0 },
	{ "201",			100, 200,	false,	0 },
	{ "18446744073709551615",	0, UINT64_MAX,	true,	UINT64_MAX },
	{ "18446744073709551616",	0, UINT64_MAX,	false,	0 },
	{ "",				0, UINT64_MAX,	false,	0 },
	{ "-1",				0, UINT64_MAX,	false,	0 },
	{ "+1",				0, UINT64_MAX,	false,	0 },
	{ " 1",				0, UINT64_MAX,	false,	0 },
	{ "1 ",				0, UINT64_MAX,	false,	0 },
	{ "0x10",			0, UINT64_MAX,	false,	0 },
	{ "1e3",			0, UINT64_MAX,	false,	0 },
};

START_TEST(a_number_is_digits_within_its_range)
{
	uint64_t value = UNTOUCHED;
	bool good = number_parse_unsigned(numbers[_i].text, numbers[_i].min, numbers[_i].max, &value);

	ck_assert_msg(good == numbers[_i].good, "\"%s\"", numbers[_i].text);
	ck_assert_msg(value == (good ? numbers[_i].value : UNTOUCHED), "\"%s\": %llu",
		      numbers[_i].text, (unsigned long long)value);
}
END_TEST

static const struct { const char *text; bool good; uint64_t bytes; } sizes[] = {
	{ "0",			true,	0 },
	{ "4096",		true,	4096 },
	{ "4K",			true,	4 * KIB },
	{ "512M",		true,	512 * MIB },
	{ "64G",		true,	64 * GIB },
	{ "1.5T",		true,	1536 * GIB },
	{ "0.5G",		true,	512 * MIB },
	{ "1.000001M",		true,	MIB + 1 },
	{ "0.1T",		true,	109951162777 },
	{ "8388607T",		true,	8388607 * TIB },
	{ "9223372036854775807", true,	INT64_MAX },
	{ "8388608T",		false,	0 },
	{ "9223372036854775808", false,	0 },
	{ "99999999999999999999", false, 0 },
	{ "1.0000001G",		false,	0 },
	{ "",			false,	0 },
	{ "G",			false,	0 },
	{ ".5G",		false,	0 },
	{ "1.G",		false,	0 },
	{ "1.5.5G",		false,	0 },
	{ "1GB",		false,	0 },
	{ "1GiB",		false,	0 },
	{ "1g",			false,	0 },
	{ "1 G",		false,	0 },
	{ "-1G",		false,	0 },
	{ "+1G",		false,	0 },
	{ "1P",			false,	0 },
};

START_TEST(a_size_is_a_number_and_one_of_four_letters)
{
	uint64_t bytes = UNTOUCHED;
	bool good = number_parse_size(sizes[_i].text, &bytes);

	ck_assert_msg(good == sizes[_i].good, "\"%s\"", sizes[_i].text);
	ck_assert_msg(!good || bytes == sizes[_i].bytes, "\"%s\": %llu", sizes[_i].text,
		      (unsigned long long)bytes);
}
END_TEST

static const struct { const char *text; bool good; double value; } ratios[] = {
	{ "1.0",	true,	1 },
	{ "0.85",	true,	0.85 },
	{ "3",		true,	3 },
	{ "",		false,	0 },
	{ ".5",		false,	0 },
	{ "-1",		false,	0 },
	{ "1.2.3",	false,	0 },
	{ "1e3",	false,	0 },
	{ "nan",	false,	0 },
	{ "0x1",	false,	0 },
	{ "1,5",	false,	0 },
};

START_TEST(a_ratio_is_a_plain_decimal_fraction)
{
	double value = 0;

	ck_assert_msg(number_parse_ratio(ratios[_i].text, &value) == ratios[_i].good, "\"%s\"",
		      ratios[_i].text);
	if (ratios[_i].good)
		ck_assert_double_eq(value, ratios[_i].value);
}
END_TEST

static const struct { uint64_t bytes; const char *qm, *human; } amounts[] = {
	{ 0,			"0",		"0 B" },
	{ 1,			"1",		"1 B" },
	{ 1023,			"1023",		"1023 B" },
	{ KIB,			"1K",		"1 KiB" },
	{ 384 * KIB,		"384K",		"384 KiB" },
	{ 1536,			"1536",		"1.5 KiB" },
	{ 4 * MIB,		"4M",		"4 MiB" },
	{ 1536 * MIB,		"1536M",	"1.5 GiB" },
	{ 64 * GIB,		"64G",		"64 GiB" },
	{ 100 * GIB + MIB,	"102401M",	"100 GiB" },
	{ 320 * GIB,		"320G",		"320 GiB" },
	{ TIB,			"1T",		"1024 GiB" },
	{ 2 * TIB,		"2T",		"2048 GiB" },
	{ 10 * TIB,		"10T",		"10 TiB" },
	{ 15 * TIB + 512 * GIB,	"15872G",	"15.5 TiB" },
	{ INT64_MAX,		"9223372036854775807", "8388608 TiB" },
};

START_TEST(a_size_is_written_exactly_for_qm)
{
	char text[NUMBER_TEXT];
	uint64_t back;

	ck_assert_str_eq(number_format_size(amounts[_i].bytes, text), amounts[_i].qm);
	ck_assert(number_parse_size(text, &back) && back == amounts[_i].bytes);
}
END_TEST

START_TEST(a_size_is_written_shortly_for_people)
{
	char text[NUMBER_TEXT];

	ck_assert_str_eq(number_format_human(amounts[_i].bytes, text), amounts[_i].human);
}
END_TEST

static const struct { double seconds; const char *text; } durations[] = {
	{ 0,		"0.0s" },
	{ 0.42,		"0.4s" },
	{ 9.94,		"9.9s" },
	{ 12.9,		"12s" },
	{ 59.9,		"59s" },
	{ 60,		"1m00s" },
	{ 184,		"3m04s" },
	{ 3599,		"59m59s" },
	{ 3600,		"1h00m" },
	{ 19200,	"5h20m" },
	{ 172799,	"47h59m" },
	{ 172800,	"2d0h" },
	{ 1047600,	"12d3h" },
};

START_TEST(a_duration_has_two_units_at_most)
{
	char text[NUMBER_TEXT];

	ck_assert_str_eq(number_format_duration(durations[_i].seconds, text), durations[_i].text);
}
END_TEST

START_TEST(rounding_goes_up_to_the_next_multiple_and_no_further)
{
	ck_assert_uint_eq(number_round_up(0, 4), 0);
	ck_assert_uint_eq(number_round_up(1, 4), 4);
	ck_assert_uint_eq(number_round_up(4, 4), 4);
	ck_assert_uint_eq(number_round_up(5, 4), 8);
	ck_assert_uint_eq(number_round_up(20481 * MIB, 32 * MIB), 20512 * MIB);
	ck_assert_uint_eq(number_round_up(5, 0), 5);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_number_is_digits_within_its_range, 0, ROWS(numbers));
	tcase_add_loop_test(tcase, a_size_is_a_number_and_one_of_four_letters, 0, ROWS(sizes));
	tcase_add_loop_test(tcase, a_ratio_is_a_plain_decimal_fraction, 0, ROWS(ratios));
	tcase_add_loop_test(tcase, a_size_is_written_exactly_for_qm, 0, ROWS(amounts));
	tcase_add_loop_test(tcase, a_size_is_written_shortly_for_people, 0, ROWS(amounts));
	tcase_add_loop_test(tcase, a_duration_has_two_units_at_most, 0, ROWS(durations));
	tcase_add_test(tcase, rounding_goes_up_to_the_next_multiple_and_no_further);
}

TEST_MAIN("number", add_cases)
