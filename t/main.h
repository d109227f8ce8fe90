/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.h - what every check program shares: one suite, TAP on stdout
 *
 *	START_TEST(a_sentence_about_behaviour) { … } END_TEST
 *
 *	static void add_cases(TCase *tcase)
 *	{
 *		tcase_add_test(tcase, a_sentence_about_behaviour);
 *	}
 *
 *	TEST_MAIN("strbuf", add_cases)
 */
#ifndef TEST_MAIN_H
#define TEST_MAIN_H

#include <check.h>
#include <stdlib.h>

#define TEST_MAIN(name, add)							\
	int main(void)								\
	{									\
		Suite *suite = suite_create(name);				\
		TCase *tcase = tcase_create(name);				\
		SRunner *runner = srunner_create(suite);			\
		int failed;							\
										\
		tcase_set_timeout(tcase, 60);					\
		add(tcase);							\
		suite_add_tcase(suite, tcase);					\
		srunner_set_tap(runner, "-");					\
		srunner_run_all(runner, CK_SILENT);				\
		failed = srunner_ntests_failed(runner);				\
		srunner_free(runner);						\
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;			\
	}

#endif
