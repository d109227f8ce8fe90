/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The text was cut.  A cut in the middle of a UTF-8 character would print as rubbish: cut before
 * it. */
static void trim_torn_character(struct error *err)
{
	size_t end = sizeof(err->text) - 1;

	while (end > 0 && ((unsigned char)err->text[end - 1] & 0xC0) == 0x80)
		end--;
	if (end > 0 && (unsigned char)err->text[end - 1] >= 0xC0)
		end--;
	err->text[end] = '\0';
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	err->kind = kind;
	va_start(args, format);
	if ((size_t)vsnprintf(err->text, sizeof(err->text), format, args) >= sizeof(err->text))
		trim_torn_character(err);
	va_end(args);
	return -1;
}

int error_set_errno(struct error *err, const char *format, ...)
{
	int saved = errno;
	char text[sizeof(err->text) / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(err, ERROR_SYSTEM, "%s: %s", text, strerror(saved));
}

int error_prefix(struct error *err, const char *format, ...)
{
	struct error inner = *err;
	char text[sizeof(err->text) / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(err, inner.kind, "%s: %s", text, inner.text);
}
