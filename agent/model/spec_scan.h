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
 */
#ifndef SPEC_SCAN_H
#define SPEC_SCAN_H

#include "model/key.h"

struct spec_problems;
struct strbuf;

struct spec_scan_value {
	enum key_id key;
	int line;
};

struct spec_scan_section {
	enum key_scope scope;
	int line;			/* of its title */
	struct spec_scan_value *values;	/* in the order of the text, repeats too */
	size_t count;
};

struct spec_scan {
	struct spec_scan_section *sections;	/* in the order of their closing braces */
	size_t count;
};

/* Scan and blank text.  The end of the text closes what is open, as in libconfuse. */
void spec_scan_text(struct spec_scan *scan, struct strbuf *text, struct spec_problems *problems);
void spec_scan_release(struct spec_scan *scan);

#endif
