/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec_problem.h - what is wrong in a config, and in which line of which file
 *
 * Lines count on through all that is included: one number says where something
 * stands, orders problems as a reader meets them, and is turned into a file and
 * its own line only to be shown.
 */
#ifndef SPEC_PROBLEM_H
#define SPEC_PROBLEM_H

#include <stddef.h>

/* One thing wrong in the file. */
struct spec_problem {
	int line;		/* 0: not at one line */
	char *text;		/* "vm \"a\": memory: \"1X\" is no size; write it like 16G" */
};

/* From this line on it is another file's, or the rest of the one that included that. */
struct spec_place {
	int line;
	char *file;		/* NULL: the config itself */
	int own;		/* the line in that file */
};

/* All that is wrong, in the order of lines once spec_check is done. */
struct spec_problems {
	struct spec_problem *items;
	size_t count;
	struct spec_place *places;	/* by line, ascending; none: there is one file */
	size_t place_count;
};

void spec_problem_add(struct spec_problems *problems, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void spec_problems_release(struct spec_problems *problems);

/* line is the own'th of file, the next one the one after it, and so on. */
void spec_problems_enter(struct spec_problems *problems, int line, const char *file, int own);

/* The line in its own file; *file is that, NULL for the config itself. */
int spec_problems_locate(const struct spec_problems *problems, int line, const char **file);

/*
 * "line 14", for a text about what stands in line from; "line 14 of workers.conf"
 * where that is another file.  Caller frees.
 */
char *spec_problems_name_line(const struct spec_problems *problems, int line, int from);

#endif
