/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report.h"

#include <string.h>

/* All ASCII: no control character of C1 either, which UTF-8 could carry to a terminal. */
static void draw_json(FILE *out, const json_t *document)
{
	json_dumpf(document, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', out);
}

const struct report report_json = { .name = "json", .draw = draw_json };

static const struct report *const reports[] = { &report_text, &report_json, &report_events };

const struct report *report_find(const char *name)
{
	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++)
		if (strcmp(reports[i]->name, name) == 0)
			return reports[i];
	return NULL;
}

void report_show(const struct report *report, json_t *document)
{
	report->draw(stdout, document);
	json_decref(document);
}
