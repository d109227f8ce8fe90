/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * strbuf.h - a string that grows
 *
 * buf is always NUL-terminated, also when empty.  Running out of memory ends
 * the program: nothing sensible can be done about it half-way through a plan.
 */
#ifndef STRBUF_H
#define STRBUF_H

#include <stddef.h>

struct strbuf {
	char *buf;
	size_t len;	/* without the NUL */
	size_t room;
};

extern char strbuf_empty[1];
#define STRBUF_INIT { .buf = strbuf_empty }

/* Make room for extra bytes beyond len (and the NUL), for read(2) to fill. */
void strbuf_reserve(struct strbuf *sb, size_t extra);

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_adds(struct strbuf *sb, const char *text);
void strbuf_addch(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add text, with separator before it unless sb is empty. */
void strbuf_join(struct strbuf *sb, const char *separator, const char *text);

/* Empty sb, keeping its memory. */
void strbuf_reset(struct strbuf *sb);

/* Free what sb holds and leave it empty. */
void strbuf_release(struct strbuf *sb);

/* Hand the string over to the caller, who frees it; sb is empty afterwards. */
char *strbuf_detach(struct strbuf *sb);

#endif
