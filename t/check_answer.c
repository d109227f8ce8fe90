/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/answer_read.h"

#include <string.h>

#include "base/strbuf.h"
#include "main.h"

static struct strbuf taken = STRBUF_INIT;

static void take(void *context, const char *event, json_t *document)
{
	(void)context;
	ck_assert(json_is_object(document));
	strbuf_addf(&taken, "%s ", event);
}

static void set_up(void)
{
	strbuf_reset(&taken);
}

#define HELLO "{\"event\":\"hello\"}\n"

static const struct { const char *text, *events; bool broken; } answers[] = {
	{ HELLO "{\"event\":\"plan\"}\n{\"event\":\"end\"}\n",	"hello plan end ",	false },
	{ "Welcome to pve\n{\n" HELLO "{\"event\":\"end\"}\n",	"hello end ",		false },
	{ "{\"event\":\"end\"}\n" HELLO,			"hello ",		false },
	{ HELLO "{\"event\":\"pl",				"hello ",		false },
	{ HELLO "what?\n{\"event\":\"end\"}\n",			"hello ",		true },
	{ HELLO "{\"event\":1}\n",				"hello ",		true },
	{ HELLO "[]\n",						"hello ",		true },
	{ HELLO "\n",						"hello ",		true },
	{ HELLO "{\"event\":\"a\",\"event\":\"b\"}\n",		"hello ",		true },
};

static void check(int row, size_t piece)
{
	struct answer_read answer = ANSWER_READ_INIT;
	const char *text = answers[row].text;

	answer.take = take;
	strbuf_reset(&taken);
	for (size_t done = 0, all = strlen(text); done < all; done += piece)
		answer_read_add(&answer, text + done, all - done < piece ? all - done : piece);
	ck_assert_msg(strcmp(taken.buf, answers[row].events) == 0, "%s%s", text, taken.buf);
	ck_assert_msg(answer.broken == answers[row].broken, "%s", text);
	answer_read_release(&answer);
}

START_TEST(lines_after_hello_are_documents_in_whatever_pieces_they_come)
{
	check(_i, 1);
	check(_i, 7);
	check(_i, 1000);
}
END_TEST

START_TEST(a_line_without_an_end_is_not_kept_for_ever)
{
	struct answer_read answer = ANSWER_READ_INIT;
	static char chunk[1 << 20];

	memset(chunk, 'x', sizeof(chunk));
	answer.take = take;
	for (int i = 0; i < 65; i++)
		answer_read_add(&answer, chunk, sizeof(chunk));
	ck_assert(answer.broken);
	answer_read_release(&answer);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_loop_test(tcase, lines_after_hello_are_documents_in_whatever_pieces_they_come, 0,
			    (int)(sizeof(answers) / sizeof(*answers)));
	tcase_add_test(tcase, a_line_without_an_end_is_not_kept_for_ever);
}

TEST_MAIN("answer", add_cases)
