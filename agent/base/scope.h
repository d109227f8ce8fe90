/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scope.h - owned things clean up when their scope ends
 *
 *	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
 *	CLEANUP(scope_free) char *path = NULL;
 *
 * The function gets a pointer to the variable and must accept its empty value,
 * so every early return is already right.
 */
#ifndef SCOPE_H
#define SCOPE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(release) __attribute__((cleanup(release)))

static inline void scope_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void scope_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* An fd is empty at -1. */
static inline void scope_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
