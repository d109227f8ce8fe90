/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * print.h - text for people, on a terminal or not
 */
#ifndef PRINT_H
#define PRINT_H

#include <stdio.h>

#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define YELLOW	"\033[33m"
#define BOLD	"\033[1m"
#define PLAIN	"\033[0m"

/* Colour is for terminals: never in a file, a pipe or cron's mail. */
void print_colour(FILE *out, const char *code);

/*
 * printf(3), but what others chose cannot steer the terminal: control characters
 * but newline and tab are shown as \xNN, also those that UTF-8 hides in C2 80-9F.
 */
void print_text(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many bytes of text make at most width characters and end with one, for "%.*s". */
int print_fit(const char *text, size_t width);

void print_coloured(FILE *out, const char *code, const char *text);

/* "" for one, "s" else. */
const char *print_plural(size_t count);

#endif
