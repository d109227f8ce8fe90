/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base64.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "main.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

/* RFC 4648, 10, and what is not ASCII */
static const struct { const char *text, *encoded; } examples[] = {
	{ "",		"" },
	{ "f",		"Zg==" },
	{ "fo",		"Zm8=" },
	{ "foo",	"Zm9v" },
	{ "foob",	"Zm9vYg==" },
	{ "fooba",	"Zm9vYmE=" },
	{ "foobar",	"Zm9vYmFy" },
	{ "\xc3\xa4\xff\xfe>?", "w6T//j4/" },
};

START_TEST(text_is_encoded_as_the_standard_says_and_comes_back)
{
	CLEANUP(strbuf_release) struct strbuf encoded = STRBUF_INIT, text = STRBUF_INIT;

	base64_encode(examples[_i].text, &encoded);
	ck_assert_str_eq(encoded.buf, examples[_i].encoded);
	ck_assert(base64_decode(encoded.buf, &text));
	ck_assert_str_eq(text.buf, examples[_i].text);
}
END_TEST

/* As Perl's decode_base64 takes it, by which Proxmox goes; NULL: none */
static const struct { const char *encoded, *text; } forms[] = {
	{ "Zm8",	"fo" },
	{ "Zg",		"f" },
	{ "Zg=",	"f" },
	{ "Zm9vY",	"foo" },
	{ "Z",		"" },
	{ "AAAA",	"" },
	{ "ZgBm",	"f" },
	{ "Zm9vAGZv",	"foo" },
	{ "Zm9v===",	NULL },
	{ "Zm=v",	NULL },
	{ "Zm9v\n",	NULL },
	{ "Zm 9v",	NULL },
	{ "web-1",	NULL },
};

START_TEST(padding_may_be_left_out_and_nothing_else)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	ck_assert_int_eq(base64_decode(forms[_i].encoded, &text), forms[_i].text != NULL);
	ck_assert_str_eq(text.buf, forms[_i].text ? forms[_i].text : "");
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, text_is_encoded_as_the_standard_says_and_comes_back, 0,
			    ROWS(examples));
	tcase_add_loop_test(tcase, padding_may_be_left_out_and_nothing_else, 0, ROWS(forms));
}

TEST_MAIN("base64", add_cases)
