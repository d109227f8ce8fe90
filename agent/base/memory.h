/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory.h - allocation that does not return NULL
 *
 * Running out of memory prints one line and ends the program with status 2, as
 * a kill would: the journal already knows how to go on from there.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* The last words, a whole line, of a program that cannot go on; status 2. */
void memory_fail(const char *line) __attribute__((noreturn));

/* Zeroed. */
void *memory_new(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));

/* As reallocarray(3). */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((alloc_size(2, 3)));

/* As strdup(3); NULL gives NULL. */
char *memory_copy(const char *text);

/* As asprintf(3) and vasprintf(3). */
char *memory_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *memory_vprint(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/*
 * Room for one more element at the end of a growing array: doubles at powers of
 * two, so callers keep only pointer and count.
 *
 *	MEMORY_PUSH(plan->steps, plan->count) = step;
 */
#define MEMORY_PUSH(array, count)                                                                  \
	(*((((count) & ((count)-1)) == 0                                                           \
		    ? (void)((array) = memory_resize((array), (count) ? (count)*2 : 1,             \
						     sizeof(*(array))))                            \
		    : (void)0),                                                                    \
	   (array) + (count)++))

#endif
