/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec_token.h - the words of a config text, cut where libconfuse 3.3 cuts them
 *
 *	spec_tokens_init(&tokens, &text, 1, problems);
 *	while (tokens.now.type != SPEC_TOKEN_END)
 *		... tokens.now ..., spec_token_next(&tokens);
 *
 * On the way comments become blanks, and what no text of ours may hold is
 * reported: an open quote, an escape, ${NAME}, a byte that is no UTF-8 or a
 * control character.
 */
#ifndef SPEC_TOKEN_H
#define SPEC_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

struct spec_problems;
struct strbuf;

enum spec_token_type {
	SPEC_TOKEN_END,
	SPEC_TOKEN_WORD,	/* bare or in quotes */
	SPEC_TOKEN_OPEN,	/* { */
	SPEC_TOKEN_CLOSE,	/* } */
	SPEC_TOKEN_EQUALS,
	SPEC_TOKEN_APPEND,	/* += */
	SPEC_TOKEN_COMMA,
	SPEC_TOKEN_STRAY,	/* a character that means nothing */
};

struct spec_token {
	enum spec_token_type type;
	size_t start, end;	/* in the text, quotes included */
	int line;
	bool bad;		/* reported: its statement must be blanked */
};

struct spec_tokens {
	struct strbuf *source;	/* not owned; text and len are its own */
	char *text;
	size_t len, at;
	int line;
	bool torn;		/* a quote or comment was left open: braces may not match */
	struct spec_token now;
	struct spec_problems *problems;
};

/* now is the first token then; line is that of its first line. */
void spec_tokens_init(struct spec_tokens *tokens, struct strbuf *source, int line,
		      struct spec_problems *problems);
void spec_token_next(struct spec_tokens *tokens);

/*
 * Put lines of a text that was gone through already behind the present token,
 * which must stand on one line; the next token comes after them, on that line.
 */
void spec_token_insert(struct spec_tokens *tokens, const struct strbuf *lines, int line);

/* Write blanks over text from start to end, keeping its lines. */
void spec_token_blank(struct spec_tokens *tokens, size_t start, size_t end);

/* A copy of the present token's text without its quotes, cut where no name is that long. */
char *spec_token_text(const struct spec_tokens *tokens);

#endif
