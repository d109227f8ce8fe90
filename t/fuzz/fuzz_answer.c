/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever another machine answers is drawn without a fault, and nothing in it steers the terminal;
 * what is sent to it on stdin is a bundle or refused.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/answer_read.h"
#include "cli/report.h"
#include "edge/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* DEL is a character as others in JSON, which is for programs. */
static void draw(const struct report *report, const json_t *document, unsigned char harmful)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	report->draw(out, document);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || (unsigned char)text[i] == harmful)
			abort();
	free(text);
}

static void take(void *context, const char *event, json_t *document)
{
	(void)context, (void)event;
	draw(&report_text, document, 0x7F);
	draw(&report_json, document, 0);
}

static void receive(const uint8_t *data, size_t size)
{
	struct bundle bundle = { .files = NULL };
	struct error err = { .kind = ERROR_NONE };
	FILE *file = tmpfile();

	if (!file || fwrite(data, 1, size, file) != size || fflush(file) != 0)
		abort();
	rewind(file);
	if (bundle_receive(&bundle, "/nowhere", fileno(file), &err) < 0 && !*err.text)
		abort();
	fclose(file);
	bundle_release(&bundle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer_read answer = ANSWER_READ_INIT;

	answer.take = take;
	answer.greeted = true;
	answer_read_add(&answer, (const char *)data, size);
	answer_read_release(&answer);
	receive(data, size);
	return 0;
}
