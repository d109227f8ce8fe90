/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
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

START_TEST(what_comes_in_pieces_has_the_digest_of_the_whole)
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	char text[DIGEST_SHA256_TEXT];

	digest_add(digest, "a", 1);
	digest_add(digest, "", 0);
	digest_add(digest, "bc", 2);
	ck_assert_str_eq(digest_finish(digest, text), examples[1].sha256);
}
END_TEST

/* --- files --- */

struct heard {
	uint64_t last;
	int calls;
};

static void hear(void *context, uint64_t done)
{
	struct heard *heard = context;

	ck_assert_uint_gt(done, heard->last);
	heard->last = done;
	heard->calls++;
}

/* An unnamed file of so many bytes. */
static FILE *file_of(size_t size)
{
	CLEANUP(scope_free) char *bytes = memory_new(size, 1);
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 13 + (i >> 11));
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fflush(file);
	return file;
}

static const size_t sizes[] = { 0, 1, 128 << 10, (128 << 10) + 1, (40 << 20) + 7 };

START_TEST(a_file_is_digested_from_its_start_and_progress_is_told_up_to_the_end)
{
	CLEANUP(scope_fclose) FILE *file = file_of(sizes[_i]);
	CLEANUP(scope_free) char *bytes = memory_new(sizes[_i], 1);
	char text[DIGEST_SHA256_TEXT], whole[DIGEST_SHA256_TEXT];
	struct heard heard = { 0 };
	struct error err = { 0 };

	ck_assert_msg(file_digest(fileno(file), sizes[_i], hear, &heard, text, &err) == 0, "%s",
		      err.text);
	rewind(file);
	ck_assert_uint_eq(fread(bytes, 1, sizes[_i], file), sizes[_i]);
	ck_assert_str_eq(text, digest_sha256(bytes, sizes[_i], whole));
	ck_assert_uint_eq(heard.last, sizes[_i]);
	ck_assert_int_eq(heard.calls, sizes[_i] ? 1 + (int)(sizes[_i] / (16 * MIB)) : 0);
}
END_TEST

START_TEST(only_so_many_bytes_are_digested)
{
	CLEANUP(scope_fclose) FILE *file = tmpfile();
	char text[DIGEST_SHA256_TEXT];
	struct error err = { 0 };

	fputs("abcdef", file);
	fflush(file);
	ck_assert(file_digest(fileno(file), 3, NULL, NULL, text, &err) == 0);
	ck_assert_str_eq(text, examples[1].sha256);
}
END_TEST

START_TEST(a_file_that_was_cut_short_is_an_error)
{
	CLEANUP(scope_fclose) FILE *file = file_of(1000);
	char text[DIGEST_SHA256_TEXT];
	struct error err = { 0 };

	ck_assert(file_digest(fileno(file), 1001, NULL, NULL, text, &err) == -1);
	ck_assert_str_eq(err.text, "ends after 1000 of 1001 bytes; it was cut short");
	ck_assert(file_digest(-1, 1, NULL, NULL, text, &err) == -1);
	ck_assert_str_eq(err.text, "cannot be read at byte 0: Bad file descriptor");
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, digests_are_those_of_the_standard_in_lower_case, 0,
			    ROWS(examples));
	tcase_add_test(tcase, a_nul_is_a_byte_like_others);
	tcase_add_test(tcase, what_comes_in_pieces_has_the_digest_of_the_whole);
	tcase_add_loop_test(tcase,
			    a_file_is_digested_from_its_start_and_progress_is_told_up_to_the_end,
			    0, ROWS(sizes));
	tcase_add_test(tcase, only_so_many_bytes_are_digested);
	tcase_add_test(tcase, a_file_that_was_cut_short_is_an_error);
}

TEST_MAIN("digest", add_cases)
