/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * event.h - what happens while a plan is carried out
 *
 * The core never prints: it emits these, and a report draws them.  Pointers are
 * good for the call only.
 */
#ifndef EVENT_H
#define EVENT_H

#include <stddef.h>
#include <stdint.h>

struct plan_step;

enum event_kind {
	EVENT_RUN_BEGIN,	/* run, steps */
	EVENT_STEP_BEGIN,	/* step */
	EVENT_STEP_PROGRESS,	/* step; percent, or -1 and text: what it says */
	EVENT_STEP_RETRY,	/* step, seconds: how long the pause is; text: why */
	EVENT_STEP_DONE,	/* step, seconds it took */
	EVENT_STEP_FAILED,	/* step, seconds, text: why, and what would do */
	EVENT_VM_STOPPED,	/* step: the VM's next one, not begun; text: why */
	EVENT_STOPPING,		/* a signal came: running steps finish, no new ones; text */
	EVENT_REMARK, /* something worth knowing that is no step; text */
	EVENT_RUN_END,		/* run, steps done, failed; seconds */
};

struct event {
	enum event_kind kind;
	const struct plan_step *step;
	int64_t run;
	size_t steps, done, failed;
	double seconds;
	int percent;
	const char *text;
};

struct event_sink {
	void (*emit)(void *context, const struct event *event);
	void *context;
};

static inline void event_emit(const struct event_sink *sink, const struct event *event)
{
	sink->emit(sink->context, event);
}

#endif
