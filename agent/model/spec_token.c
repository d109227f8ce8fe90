/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec_token.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "model/spec.h"

/* What ends a bare word; a / does too unless it goes on with a letter of the word. */
static bool ends_word(char c)
{
	return c == '\0' || strchr(" #\"'\t\n\r={}()+,*", c);
}

static char peek(const struct spec_tokens *t, size_t ahead)
{
	return t->at + ahead < t->len ? t->text[t->at + ahead] : '\0';
}

void spec_token_blank(struct spec_tokens *t, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (t->text[i] != '\n')
			t->text[i] = ' ';
}

static void blank_line_comment(struct spec_tokens *t)
{
	const char *newline = memchr(t->text + t->at, '\n', t->len - t->at);
	size_t end = newline ? (size_t)(newline - t->text) : t->len;

	spec_token_blank(t, t->at, end);
	t->at = end;
}

static void blank_block_comment(struct spec_tokens *t)
{
	size_t start = t->at;
	int line = t->line;

	for (t->at += 2; t->at < t->len; t->at++) {
		if (peek(t, 0) == '*' && peek(t, 1) == '/')
			break;
		if (peek(t, 0) == '\n')
			t->line++;
	}
	if (t->at >= t->len) {
		spec_problem_add(t->problems, line, "a comment is not closed; a */ is missing");
		t->torn = true;
		t->at = t->len;
	} else {
		t->at += 2;
	}
	spec_token_blank(t, start, t->at);
}

static void skip_blanks(struct spec_tokens *t)
{
	while (t->at < t->len) {
		char c = peek(t, 0), following = peek(t, 1);

		if (c == '\n')
			t->line++;
		if (c == '#' || (c == '/' && following == '/'))
			blank_line_comment(t);
		else if (c == '/' && following == '*')
			blank_block_comment(t);
		else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			t->at++;
		else
			return;
	}
}

/* Bytes of the UTF-8 character at text; 0 if it is none, or a control character. */
static size_t measure_character(const unsigned char *text, size_t len)
{
	static const struct { unsigned char mask, lead; unsigned min; } forms[] = {
		{ 0x80, 0x00, 0x20 }, { 0xE0, 0xC0, 0xA0 },
		{ 0xF0, 0xE0, 0x800 }, { 0xF8, 0xF0, 0x10000 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms) && i < len; i++) {
		unsigned code = text[0] & (unsigned char)~forms[i].mask;

		if ((text[0] & forms[i].mask) != forms[i].lead)
			continue;
		for (size_t j = 1; j <= i; j++) {
			if ((text[j] & 0xC0) != 0x80)
				return 0;
			code = code << 6 | (text[j] & 0x3F);
		}
		if (code < forms[i].min || code == 0x7F || code > 0x10FFFF || (code >> 11) == 0x1B)
			return 0;
		return i + 1;
	}
	return 0;
}

static void check_characters(struct spec_tokens *t)
{
	bool told = false;

	for (size_t i = t->now.start, step; i < t->now.end; i += step) {
		step = measure_character((unsigned char *)t->text + i, t->now.end - i);
		if (step)
			continue;
		if (!told)
			spec_problem_add(t->problems, t->now.line, "the byte 0x%02x is no "
								   "printable UTF-8 text; take it "
								   "out",
					 (unsigned char)t->text[i]);
		step = 1;
		told = t->now.bad = true;
	}
}

static void complain_about_environment(struct spec_tokens *t)
{
	spec_problem_add(t->problems, t->line, "${…} is not replaced; write the text itself");
	t->now.bad = true;
}

/* A bare word, which libconfuse ends at a slash that a comment could begin with. */
static void read_word(struct spec_tokens *t)
{
	while (t->at < t->len) {
		char c = peek(t, 0), following = peek(t, 1);

		if (c == '$' && following == '{') {
			size_t len = strcspn(t->text + t->at, "}\n");

			complain_about_environment(t);
			t->at += len + (peek(t, len) == '}');
			continue;
		}
		if (ends_word(c))
			break;
		if (c == '/' && (following == '/' || ends_word(following)))
			break;
		t->at++;
	}
}

/* Only a quote and a backslash may be escaped, so that text is what is seen. */
static void read_escape(struct spec_tokens *t, char quote)
{
	char escaped = peek(t, 1);

	if (escaped == quote || escaped == '\\') {
		t->at += 2;
		return;
	}
	if (quote == '"') {
		spec_problem_add(t->problems, t->line, "a \\ in \"…\" stands before \" or \\ only; "
						       "for a \\ itself write \\\\");
		t->now.bad = true;
	}
	t->at++;
}

/* "…" or '…', all on one line. */
static void read_quoted(struct spec_tokens *t)
{
	char quote = peek(t, 0);

	t->at++;
	while (t->at < t->len && peek(t, 0) != '\n') {
		char c = peek(t, 0);

		if (c == quote) {
			t->at++;
			return;
		}
		if (c == '$' && peek(t, 1) == '{' && quote == '"' && !t->now.bad)
			complain_about_environment(t);
		if (c == '\\')
			read_escape(t, quote);
		else
			t->at++;
	}
	spec_problem_add(t->problems, t->line, "a text is not closed; a %c is missing on this line",
			 quote);
	t->now.bad = t->torn = true;
}

static enum spec_token_type type_of(const struct spec_tokens *t)
{
	switch (peek(t, 0)) {
	case '{':
		return SPEC_TOKEN_OPEN;
	case '}':
		return SPEC_TOKEN_CLOSE;
	case '=':
		return SPEC_TOKEN_EQUALS;
	case ',':
		return SPEC_TOKEN_COMMA;
	case '+':
		return peek(t, 1) == '=' ? SPEC_TOKEN_APPEND : SPEC_TOKEN_STRAY;
	default:
		return SPEC_TOKEN_STRAY;
	}
}

void spec_token_next(struct spec_tokens *t)
{
	skip_blanks(t);
	t->now = (struct spec_token){ .start = t->at, .line = t->line };
	if (t->at >= t->len) {
		t->now.end = t->at;
		return;
	}
	if (peek(t, 0) == '"' || peek(t, 0) == '\'')
		read_quoted(t);
	else
		read_word(t);
	t->now.type = SPEC_TOKEN_WORD;
	if (t->at == t->now.start) {
		t->now.type = type_of(t);
		t->at += t->now.type == SPEC_TOKEN_APPEND ? 2 : 1;
	}
	t->now.end = t->at;
	check_characters(t);
}

/* An editor's byte order mark means nothing. */
void spec_tokens_init(struct spec_tokens *t, struct strbuf *source, int line,
		      struct spec_problems *problems)
{
	*t = (struct spec_tokens){
		.source = source, .text = source->buf, .len = source->len, .line = line,
		.problems = problems,
	};
	if (t->len >= 3 && memcmp(t->text, "\xEF\xBB\xBF", 3) == 0)
		spec_token_blank(t, 0, 3);
	spec_token_next(t);
}

void spec_token_insert(struct spec_tokens *t, const struct strbuf *lines, int line)
{
	size_t at = t->now.end;

	strbuf_reserve(t->source, lines->len);
	t->text = t->source->buf;
	memmove(t->text + at + lines->len, t->text + at, t->len - at + 1);
	memcpy(t->text + at, lines->buf, lines->len);
	t->len = t->source->len += lines->len;
	t->at = at + lines->len;
	t->line = line;
}

#define LONGEST_TEXT 300

char *spec_token_text(const struct spec_tokens *t)
{
	size_t start = t->now.start, end = t->now.end;
	char first = t->text[start];

	if (first == '"' || first == '\'') {
		start++;
		if (end > start && t->text[end - 1] == first)
			end--;
	}
	if (end - start > LONGEST_TEXT)
		for (end = start + LONGEST_TEXT; (t->text[end] & 0xC0) == 0x80; end--)
			;
	return memory_print("%.*s", (int)(end - start), t->text + start);
}
