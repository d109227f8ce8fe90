/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/wait.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "act/watch.h"
#include "base/error.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/agent.h"
#include "edge/clock.h"

enum {
	AGENT_SECONDS = 300,	/* to boot, and to get an address */
	CLOUDINIT_SECONDS = 900, /* it may upgrade packages */
	PAUSE = 2,
};

static void say(const char *line)
{
	printf("%s\n", line);
	fflush(stdout);
}

static void pause_between(const struct wait *wait)
{
	double seconds = PAUSE * wait->time_scale;
	struct timespec pause = { .tv_sec = (time_t)seconds };

	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	nanosleep(&pause, NULL);
}

static int ask_agent(const struct wait *wait, struct strbuf *text, struct error *err)
{
	(void)text;
	return agent_answers(wait->root, wait->vmid, err);
}

static int ask_addresses(const struct wait *wait, struct strbuf *text, struct error *err)
{
	return agent_find_addresses(wait->root, wait->vmid, text, err);
}

static int ask_cloudinit(const struct wait *wait, struct strbuf *text, struct error *err)
{
	return agent_cloudinit_is_done(wait->root, wait->vmid, text, err);
}

struct awaited {
	const char *what;
	unsigned seconds;
	int (*ask)(const struct wait *wait, struct strbuf *text, struct error *err);
};

/* Until it is there; -1 past its time, or where it never will be. */
static int wait_for(const struct wait *wait, const struct awaited *awaited, struct strbuf *text,
		    struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	double deadline = clock_monotonic() + awaited->seconds * wait->time_scale;
	int there;

	strbuf_addf(&line, "waiting for %s", awaited->what);
	say(line.buf);
	while ((there = awaited->ask(wait, text, err)) == 0) {
		if (clock_monotonic() >= deadline)
			return error_set(err, ERROR_COMMAND,
					 "it was started, but %s was not there after %u s; see "
					 "qm terminal %u", awaited->what, awaited->seconds,
					 wait->vmid);
		pause_between(wait);
	}
	return there < 0 ? -1 : 0;
}

static int wait_for_all(const struct wait *wait, struct error *err)
{
	static const struct awaited agent = { "the guest agent", AGENT_SECONDS, ask_agent };
	static const struct awaited address = { "an address", AGENT_SECONDS, ask_addresses };
	static const struct awaited cloudinit = { "cloud-init", CLOUDINIT_SECONDS, ask_cloudinit };
	CLEANUP(strbuf_release) struct strbuf addresses = STRBUF_INIT, remark = STRBUF_INIT;

	if (wait_for(wait, &agent, NULL, err) < 0 || wait_for(wait, &address, &addresses, err) < 0)
		return -1;
	if (strcmp(wait->what, "cloud-init") == 0 && wait_for(wait, &cloudinit, &remark, err) < 0)
		return -1;
	printf("the guest is there, at %s%s%s\n", addresses.buf, remark.len ? "; " : "", remark.buf);
	return 0;
}

static int run(void *context)
{
	const struct wait *wait = context;
	struct error err = { .kind = ERROR_NONE };

	if (wait_for_all(wait, &err) == 0)
		return 0;
	say(err.text);
	return 1;
}

struct child_work wait_work(struct wait *wait)
{
	return (struct child_work){ .run = run, .context = wait };
}
