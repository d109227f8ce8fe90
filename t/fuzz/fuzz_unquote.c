/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command line from afar: what is split is quoted and split into the same words again; and
 * so are any words at all, here the input's lines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/strvec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const struct strvec *words)
{
	struct strbuf text = STRBUF_INIT;
	struct strvec again = STRVEC_INIT;
	struct error err;

	strvec_quote(words, &text);
	if (strvec_unquote(&again, text.buf, &err) < 0 || !strvec_equal(words, &again))
		abort();
	strvec_release(&again);
	strbuf_release(&text);
}

static void check_lines(char *text)
{
	struct strvec lines = STRVEC_INIT;

	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		strvec_push(&lines, line);
	}
	check_words(&lines);
	strvec_release(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = memory_new(size + 1, 1);
	struct strvec words = STRVEC_INIT;
	struct error err;

	if (size)
		memcpy(text, data, size);
	if (strvec_unquote(&words, text, &err) == 0)
		check_words(&words);
	else if (err.kind != ERROR_USAGE || words.count || !*err.text)
		abort();
	strvec_release(&words);
	check_lines(text);
	free(text);
	return 0;
}
