/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/progress.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/child.h"
#include "model/event.h"
#include "model/qm.h"

enum { LOOKED_AT = 1000 };	/* bytes */

/* Of steps that tell no per cent, what they say is their progress: is it new? */
static bool take_words(struct progress *progress, const char *output)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;

	qm_output_complaint(output, &line);
	if (!line.len || (progress->told && strcmp(progress->told, line.buf) == 0))
		return false;
	free(progress->told);
	progress->told = strbuf_detach(&line);
	return true;
}

void progress_follow(struct progress *progress, const char *output, const struct event_sink *sink,
		     const struct plan_step *step, int64_t run)
{
	CLEANUP(strbuf_release) struct strbuf tail = STRBUF_INIT;
	struct event event = { .kind = EVENT_STEP_PROGRESS, .step = step, .run = run };
	bool news;

	child_tail(output, LOOKED_AT, &tail);
	event.percent = qm_output_percent(tail.buf);
	news = event.percent < 0 ? take_words(progress, tail.buf) :
				   event.percent != progress->percent;
	if (event.percent < 0)
		event.text = progress->told;
	else
		progress->percent = event.percent;
	if (news)
		event_emit(sink, &event);
}

void progress_release(struct progress *progress)
{
	free(progress->told);
	*progress = (struct progress)PROGRESS_INIT;
}
