/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/print.h"

#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/scope.h"

void print_colour(FILE *out, const char *code)
{
	if (isatty(fileno(out)))
		fputs(code, out);
}

void print_text(FILE *out, const char *format, ...)
{
	CLEANUP(scope_free) char *text = NULL;
	va_list args;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	for (const unsigned char *c = (unsigned char *)text; *c; c++) {
		bool control = (*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7F;
		bool hidden = *c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;

		if (control)
			fprintf(out, "\\x%02X", *c);
		else if (hidden)
			fprintf(out, "\\x%02X", *++c);
		else
			fputc(*c, out);
	}
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
