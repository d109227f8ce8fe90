/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void memory_fail(const char *line)
{
	if (write(STDERR_FILENO, line, strlen(line)) < 0) {
		/* nowhere left to say it */
	}
	_exit(2);
}

static void *check(void *pointer)
{
	if (!pointer)
		memory_fail("vyom: out of memory\n");
	return pointer;
}

void *memory_new(size_t count, size_t size)
{
	return check(calloc(count ? count : 1, size));
}

void *memory_resize(void *old, size_t count, size_t size)
{
	return check(reallocarray(old, count, size));
}

char *memory_copy(const char *text)
{
	return text ? check(strdup(text)) : NULL;
}

char *memory_vprint(const char *format, va_list args)
{
	char *text;

	return check(vasprintf(&text, format, args) < 0 ? NULL : text);
}

char *memory_print(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	return text;
}
