/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/strvec.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"

char *strvec_empty[1];

static void push_owned(struct strvec *sv, char *text)
{
	char **items = sv->items == strvec_empty ? NULL : sv->items;

	/* one slot more than the powers of two that hold the items, for the NULL */
	if ((sv->count & (sv->count - 1)) == 0)
		items = memory_resize(items, sv->count ? sv->count * 2 + 1 : 2, sizeof(*items));
	items[sv->count++] = text;
	items[sv->count] = NULL;
	sv->items = items;
}

void strvec_push(struct strvec *sv, const char *text)
{
	push_owned(sv, memory_copy(text));
}

void strvec_pushf(struct strvec *sv, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	push_owned(sv, memory_vprint(format, args));
	va_end(args);
}

void strvec_pushl(struct strvec *sv, ...)
{
	const char *text;
	va_list args;

	va_start(args, sv);
	while ((text = va_arg(args, const char *)))
		strvec_push(sv, text);
	va_end(args);
}

void strvec_extend(struct strvec *sv, const struct strvec *other)
{
	for (size_t i = 0; i < other->count; i++)
		strvec_push(sv, other->items[i]);
}

bool strvec_contains(const struct strvec *sv, const char *text)
{
	for (size_t i = 0; i < sv->count; i++)
		if (strcmp(sv->items[i], text) == 0)
			return true;
	return false;
}

void strvec_push_once(struct strvec *sv, const char *text)
{
	if (!strvec_contains(sv, text))
		strvec_push(sv, text);
}

bool strvec_equal(const struct strvec *a, const struct strvec *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *sv)
{
	if (sv->count)
		qsort(sv->items, sv->count, sizeof(*sv->items), compare_items);
}

/* What means itself to every shell, wherever it stands. */
static const char plain[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

static bool is_plain(const char *word)
{
	return *word && word[strspn(word, plain)] == '\0';
}

static bool is_control(char c)
{
	return (c > 0 && c < ' ') || c == 0x7f;
}

static bool has_control(const char *word)
{
	while (*word && !is_control(*word))
		word++;
	return *word;
}

static void quote(const char *word, struct strbuf *sb)
{
	strbuf_addch(sb, '\'');
	for (const char *c = word; *c; c++) {
		if (*c == '\'')
			strbuf_adds(sb, "'\\''");
		else
			strbuf_addch(sb, *c);
	}
	strbuf_addch(sb, '\'');
}

static void escape(const char *word, struct strbuf *sb)
{
	strbuf_adds(sb, "$'");
	for (const char *c = word; *c; c++) {
		if (*c == '\n')
			strbuf_adds(sb, "\\n");
		else if (is_control(*c))
			strbuf_addf(sb, "\\%03o", (unsigned)*c);
		else if (*c == '\'' || *c == '\\')
			strbuf_addf(sb, "\\%c", *c);
		else
			strbuf_addch(sb, *c);
	}
	strbuf_addch(sb, '\'');
}

static void quote_all(const struct strvec *sv, bool one_line, struct strbuf *sb)
{
	for (size_t i = 0; i < sv->count; i++) {
		const char *word = sv->items[i];

		if (i)
			strbuf_addch(sb, ' ');
		if (is_plain(word))
			strbuf_adds(sb, word);
		else if (one_line && has_control(word))
			escape(word, sb);
		else
			quote(word, sb);
	}
}

void strvec_quote(const struct strvec *sv, struct strbuf *sb)
{
	quote_all(sv, false, sb);
}

void strvec_quote_line(const struct strvec *sv, struct strbuf *sb)
{
	quote_all(sv, true, sb);
}

/* --- and back --- */

static int refuse_unquoted(char c, struct error *err)
{
	if (c == '\\' || c < ' ' || c == 0x7f)	/* char is signed */
		return error_set(err, ERROR_USAGE, "what is no plain ASCII must stand in quotes, "
						   "like 'this', and so must a \\ at the end");
	return error_set(err, ERROR_USAGE, "%c means something to a shell, and there is none: "
					   "to say just that, write '%c'", c, c);
}

/* Add to word what stands at *text, up to the next blank outside of quotes. */
static int unquote_word(const char **text, struct strbuf *word, struct error *err)
{
	const char *c = *text, *end;

	while (*c && *c != ' ' && *c != '\t') {
		if (*c == '\'') {
			end = strchr(++c, '\'');
			if (!end)
				return error_set(err, ERROR_USAGE, "a ' has no other behind it");
			strbuf_add(word, c, (size_t)(end - c));
			c = end + 1;
		} else if (*c == '\\' && c[1] && !is_control(c[1])) {
			strbuf_addch(word, c[1]);
			c += 2;
		} else if (strchr(plain, *c)) {
			strbuf_addch(word, *c++);
		} else {
			return refuse_unquoted(*c, err);
		}
	}
	*text = c;
	return 0;
}

int strvec_unquote(struct strvec *sv, const char *text, struct error *err)
{
	for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
		CLEANUP(strbuf_release) struct strbuf word = STRBUF_INIT;

		if (unquote_word(&text, &word, err) < 0) {
			strvec_release(sv);
			return -1;
		}
		strvec_push(sv, word.buf);
	}
	return 0;
}

void strvec_join(const struct strvec *sv, const char *separator, struct strbuf *sb)
{
	for (size_t i = 0; i < sv->count; i++)
		strbuf_join(sb, separator, sv->items[i]);
}

void strvec_release(struct strvec *sv)
{
	for (size_t i = 0; i < sv->count; i++)
		free(sv->items[i]);
	if (sv->items != strvec_empty)
		free(sv->items);
	*sv = (struct strvec)STRVEC_INIT;
}

bool strvec_words_have(const char *words, const char *word, size_t len)
{
	for (size_t each; *words; words += each + (words[each] == ' ')) {
		each = strcspn(words, " ");
		if (each == len && strncmp(words, word, len) == 0)
			return true;
	}
	return false;
}
