/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec_scan.h - what libconfuse would not say about a text, said before it reads it
 *
 * libconfuse stops at the first error, passes over stray characters, puts the
 * environment's text in place of ${NAME}, and counts a commented line three
 * times.  So the text is gone through once before: every problem of form and
 * of names is reported with its line, and what was reported, and every comment,
 * is overwritten with blanks.  What is left libconfuse reads without complaint,
 * and the order of what it will find is kept here, with the lines.
 *
 * An include "FILE" is replaced by that file's text, gone through the same way,
 * before libconfuse sees it: its own include would trust any file, and not know
 * whose line is wrong.  It may stand wherever a value or a section may.
 */
#ifndef SPEC_SCAN_H
#define SPEC_SCAN_H

#include "model/key.h"

struct error;
struct spec_problems;
struct strbuf;

/* How the text of an included file is come by. */
struct spec_includer {
	/*
	 * The file that name means in the file from (NULL: the config): its path, as
	 * said in messages, what is the same for the same file however it is called,
	 * and what it holds.  The caller frees both, also after -1 with an error.
	 */
	int (*read)(void *context, const char *from, const char *name, char **path,
		    char **identity, struct strbuf *text, struct error *err);
	void *context;
	const char *identity;	/* the config's own; NULL: it has none */
};

/* A file that is included from one that is included … so many times. */
#define SPEC_INCLUDE_DEPTH 8

struct spec_scan_value {
	enum key_id key;
	int line;
};

struct spec_scan_section {
	enum key_scope scope;
	int line;			/* of its title */
	struct spec_scan_value *values;	/* in the order of the text, repeats too */
	size_t count;
	size_t nics;			/* of the sections before it, the last so many stand in it */
};

struct spec_scan {
	struct spec_scan_section *sections;	/* in the order of their closing braces */
	size_t count;
};

/*
 * Scan and blank text, and put in what it includes (includer NULL: nothing can be).
 * The end of the text closes what is open, as in libconfuse.
 */
void spec_scan_text(struct spec_scan *scan, struct strbuf *text,
		    const struct spec_includer *includer, struct spec_problems *problems);
void spec_scan_release(struct spec_scan *scan);

#endif
