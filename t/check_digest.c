/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/digest.h"
#include "main.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

/* FIPS 180's own examples, and nothing at all. */
static const struct { const char *text, *sha1, *sha256; } examples[] = {
	{ "",
	  "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc",
	  "a9993e364706816aba3e25717850c26c9cd0d89d",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

START_TEST(digests_are_those_of_the_standard_in_lower_case)
{
	char sha1[DIGEST_SHA1_TEXT], sha256[DIGEST_SHA256_TEXT];
	const char *text = examples[_i].text;

	ck_assert_str_eq(digest_sha1(text, strlen(text), sha1), examples[_i].sha1);
	ck_assert_str_eq(digest_sha256(text, strlen(text), sha256), examples[_i].sha256);
	ck_assert_str_eq(sha1, examples[_i].sha1);
	ck_assert_str_eq(sha256, examples[_i].sha256);
}
END_TEST

START_TEST(a_nul_is_a_byte_like_others)
{
	char with[DIGEST_SHA256_TEXT], without[DIGEST_SHA256_TEXT];

	digest_sha256("a\0b", 3, with);
	digest_sha256("a", 1, without);
	ck_assert_str_ne(with, without);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, digests_are_those_of_the_standard_in_lower_case, 0,
			    ROWS(examples));
	tcase_add_test(tcase, a_nul_is_a_byte_like_others);
}

TEST_MAIN("digest", add_cases)
