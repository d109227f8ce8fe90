/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * strvec.h - a growing list of strings, always NULL-terminated, that owns copies
 *
 * items is an argv: it can go straight to execve(2).
 */
#ifndef STRVEC_H
#define STRVEC_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct strbuf;

struct strvec {
	char **items;
	size_t count;	/* without the NULL */
};

extern char *strvec_empty[1];
#define STRVEC_INIT { .items = strvec_empty }

void strvec_push(struct strvec *sv, const char *text);
void strvec_pushf(struct strvec *sv, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Push each argument up to a closing NULL. */
void strvec_pushl(struct strvec *sv, ...) __attribute__((sentinel));

void strvec_extend(struct strvec *sv, const struct strvec *other);
bool strvec_contains(const struct strvec *sv, const char *text);

/* Add text, unless it is there. */
void strvec_push_once(struct strvec *sv, const char *text);
bool strvec_equal(const struct strvec *a, const struct strvec *b);
void strvec_sort(struct strvec *sv);

/* Add the items to sb as one shell would want them typed: quoted where needed. */
void strvec_quote(const struct strvec *sv, struct strbuf *sb);

/*
 * Split text into words, by the quoting of strvec_quote(): blanks between words, '…' and
 * \ before one character.  It reads what a shell would read, or nothing: whatever else
 * means something to one is an error outside of quotes.  -1 (USAGE) leaves sv empty.
 */
int strvec_unquote(struct strvec *sv, const char *text, struct error *err);

/* The same for people to read, on one line: line breaks and the like stand as in bash's $'a\nb'. */
void strvec_quote_line(const struct strvec *sv, struct strbuf *sb);

/* Add the items to sb as they are, with separator between them. */
void strvec_join(const struct strvec *sv, const char *separator, struct strbuf *sb);

void strvec_release(struct strvec *sv);

/* Are the len bytes at word one of words, which has blanks between them? */
bool strvec_words_have(const char *words, const char *word, size_t len);

#endif
