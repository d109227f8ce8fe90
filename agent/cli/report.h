/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - what the user sees: text, JSON, or events for a program
 *
 * The core hands over its data as a document (document.h), which a report draws on a
 * stream.
 *
 *	text	for people: names that others chose (a VM's, a volume's) are printed with
 *		control characters made visible
 *	json	one document a verb; what happens meanwhile is not told
 *	events	one line for each document, the format that an outpost reads
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

struct report {
	const char *name;	/* as in -o NAME */
	bool live;		/* a run's plan is shown before it, and what happens as it happens */
	void (*draw)(FILE *out, const json_t *document);
};

extern const struct report report_text, report_json, report_events;

/* Draw document on stdout, and let go of it. */
void report_show(const struct report *report, json_t *document);

/* NULL if there is none of that name. */
const struct report *report_find(const char *name);

#endif
