/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/strbuf.h"

#include <stdarg.h>
#include <string.h>

#include "base/memory.h"

char strbuf_empty[1];

void strbuf_reserve(struct strbuf *sb, size_t extra)
{
	size_t room = sb->room ? sb->room : 64;

	while (room < sb->len + extra + 1)
		room *= 2;
	if (room == sb->room)
		return;
	sb->buf = memory_resize(sb->room ? sb->buf : NULL, room, 1);
	sb->room = room;
	sb->buf[sb->len] = '\0';
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	strbuf_reserve(sb, len);
	memcpy(sb->buf + sb->len, data, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_addch(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_addf(struct strbuf *sb, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	strbuf_adds(sb, text);
	free(text);
}

void strbuf_join(struct strbuf *sb, const char *separator, const char *text)
{
	if (sb->len)
		strbuf_adds(sb, separator);
	strbuf_adds(sb, text);
}

void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	sb->buf[0] = '\0';
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->room)
		free(sb->buf);
	*sb = (struct strbuf)STRBUF_INIT;
}

char *strbuf_detach(struct strbuf *sb)
{
	char *text = sb->room ? sb->buf : memory_copy("");

	*sb = (struct strbuf)STRBUF_INIT;
	return text;
}
