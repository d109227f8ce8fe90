/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/print.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/scope.h"

void print_colour(FILE *out, const char *code)
{
	if (isatty(fileno(out)))
		fputs(code, out);
}

/* How many bytes the character at text has; 0: it is not UTF-8, or one that steers a terminal. */
static size_t harmless_length(const unsigned char *text)
{
	size_t len = *text < 0x80 ? 1 : *text < 0xC2 ? 0 : *text < 0xE0 ? 2 : *text < 0xF0 ? 3 :
		     *text < 0xF5			 ? 4 : 0;

	if ((*text < ' ' && *text != '\n' && *text != '\t') || *text == 0x7F)
		return 0;
	if (*text == 0xC2 && text[1] < 0xA0)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

void print_text(FILE *out, const char *format, ...)
{
	CLEANUP(scope_free) char *text = NULL;
	va_list args;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	for (const char *c = text; *c; ) {
		size_t len = harmless_length((const unsigned char *)c);

		if (len)
			fwrite(c, 1, len, out);
		else
			fprintf(out, "\\x%02X", (unsigned char)*c);
		c += len ? len : 1;
	}
}

int print_fit(const char *text, size_t width)
{
	size_t len = 0;

	while (text[len] && ((text[len] & 0xC0) == 0x80 || width-- > 0))
		len++;
	return (int)len;
}

void print_coloured(FILE *out, const char *code, const char *text)
{
	print_colour(out, code);
	print_text(out, "%s", text);
	print_colour(out, PLAIN);
}

const char *print_plural(size_t count)
{
	return count == 1 ? "" : "s";
}
