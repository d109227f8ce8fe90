/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/scope.h"
#include "main.h"

static struct error err;

START_TEST(a_secret_is_a_copy_that_ends_in_a_nul)
{
	CLEANUP(secret_release) struct secret secret = SECRET_INIT;
	char original[] = "hidden\0too";

	ck_assert_msg(secret_set(&secret, original, 10, &err) == 0, "%s", err.text);
	memset(original, 'x', sizeof(original));
	ck_assert_uint_eq(secret.len, 10);
	ck_assert(memcmp(secret.text, "hidden\0too\0", 11) == 0);
}
END_TEST

START_TEST(a_secret_that_fills_its_pages_has_room_for_the_nul)
{
	CLEANUP(secret_release) struct secret secret = SECRET_INIT;
	static char original[4096];

	memset(original, 'x', sizeof(original));
	ck_assert(secret_set(&secret, original, sizeof(original), &err) == 0);
	ck_assert_int_eq(secret.text[4095], 'x');
	ck_assert_int_eq(secret.text[4096], '\0');
}
END_TEST

START_TEST(release_leaves_nothing_and_may_be_repeated)
{
	struct secret secret = SECRET_INIT;

	secret_release(&secret);
	ck_assert(secret_set(&secret, "hidden", 6, &err) == 0);
	secret_release(&secret);
	ck_assert_ptr_null(secret.text);
	ck_assert_uint_eq(secret.len, 0);
	secret_release(&secret);
}
END_TEST

/* Does the kernel keep the memory at place out of a core (dd in smaps)? */
static bool is_undumped(const void *place)
{
	CLEANUP(scope_fclose) FILE *file = fopen("/proc/self/smaps", "r");
	char line[1024];
	bool inside = false;

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)place >= from && (uintptr_t)place < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			return strstr(line, " dd") != NULL;
	}
	return false;
}

START_TEST(a_secret_is_in_no_core)
{
	CLEANUP(secret_release) struct secret secret = SECRET_INIT;

	ck_assert(!is_undumped(&err));
	ck_assert(secret_set(&secret, "hidden", 6, &err) == 0);
	ck_assert(is_undumped(secret.text));
}
END_TEST

START_TEST(a_process_can_be_made_one_that_leaves_no_core)
{
	struct rlimit before, limit;

	getrlimit(RLIMIT_CORE, &before);
	ck_assert_msg(secret_forbid_dump(&err) == 0, "%s", err.text);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
	getrlimit(RLIMIT_CORE, &limit);
	ck_assert_uint_eq(limit.rlim_cur, 0);
	ck_assert_uint_eq(limit.rlim_max, before.rlim_max);
	/* with CK_FORK=no this process goes on */
	prctl(PR_SET_DUMPABLE, 1);
	setrlimit(RLIMIT_CORE, &before);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_test(tcase, a_secret_is_a_copy_that_ends_in_a_nul);
	tcase_add_test(tcase, a_secret_that_fills_its_pages_has_room_for_the_nul);
	tcase_add_test(tcase, release_leaves_nothing_and_may_be_repeated);
	tcase_add_test(tcase, a_secret_is_in_no_core);
	tcase_add_test(tcase, a_process_can_be_made_one_that_leaves_no_core);
}

TEST_MAIN("secret", add_cases)
