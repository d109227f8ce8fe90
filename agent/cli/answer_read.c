/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/answer_read.h"

#include <string.h>

#include "cli/field.h"

static void take_line(struct answer_read *answer)
{
	json_t *document = json_loadb(answer->line.buf, answer->line.len, JSON_REJECT_DUPLICATES,
				      NULL);
	const char *event = field_text(document, "event");

	if (event && !answer->greeted)
		answer->greeted = strcmp(event, "hello") == 0;
	if (!answer->greeted) {
		/* a .bashrc that prints */
	} else if (event) {
		answer->take(answer->context, event, document);
	} else {
		answer->broken = true;
	}
	json_decref(document);
}

void answer_read_add(struct answer_read *answer, const char *data, size_t len)
{
	while (len && !answer->broken) {
		const char *end = memchr(data, '\n', len);
		size_t piece = end ? (size_t)(end - data) : len;

		strbuf_add(&answer->line, data, piece);
		data += piece + (end ? 1 : 0);
		len -= piece + (end ? 1 : 0);
		if (end) {
			take_line(answer);
			strbuf_reset(&answer->line);
		} else if (answer->line.len > ANSWER_LINE_LARGEST) {
			answer->broken = true;
		}
	}
}

void answer_read_release(struct answer_read *answer)
{
	strbuf_release(&answer->line);
}
