/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer_read.h - what a node's vyom answers, piece by piece: lines that are documents
 *
 *	struct answer_read answer = { .take = take, .context = node };
 *	answer_read_add(&answer, data, len)	as it comes
 *	answer_read_release(&answer)
 *
 * What comes before the first document ("hello") may be a login shell's own, and is left
 * out.  After it every line is a document that has a text "event", or the answer is broken.
 */
#ifndef ANSWER_READ_H
#define ANSWER_READ_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/strbuf.h"

/* A longer line is none of ours. */
#define ANSWER_LINE_LARGEST (64 << 20)

struct answer_read {
	/* event is document's; the document is let go of afterwards */
	void (*take)(void *context, const char *event, json_t *document);
	void *context;
	struct strbuf line;	/* STRBUF_INIT */
	bool greeted;		/* hello was seen */
	bool broken;		/* what came is no answer; nothing more is taken */
};

#define ANSWER_READ_INIT { .line = STRBUF_INIT }

void answer_read_add(struct answer_read *answer, const char *data, size_t len);
void answer_read_release(struct answer_read *answer);

#endif
