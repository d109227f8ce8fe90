/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/child.h"
#include "model/record.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge/child_exec.h"
#include "base/error.h"
#include "edge/clock.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	TICK = 10,		/* ms between two looks at whether it has ended */
	PATIENCE = 2000,	/* ms between TERM and KILL: it only reads */
	COMPLAINT_MAX = 300,	/* bytes quoted of its stderr */
};

#define OUTPUT_MAX (64 * MIB)

struct reading {
	struct child child;
	int fd[2];		/* our ends of its stdout and stderr; -1 once at their end */
	struct strbuf *text[2];
	size_t total;
	int64_t deadline;	/* ms of the monotonic clock */
	int signals;		/* sent so far */
	bool late, endless;
};

static int64_t now(void)
{
	return (int64_t)(clock_monotonic() * 1000);
}

/* Take what is there; false once there is nothing for now. */
static bool take(struct reading *reading, int which)
{
	char chunk[65536];
	ssize_t len = read(reading->fd[which], chunk, sizeof(chunk));

	if (len < 0)
		return errno == EINTR;
	if (len == 0) {
		close(reading->fd[which]);
		reading->fd[which] = -1;
		return false;
	}
	reading->total += (size_t)len;
	if (reading->total > OUTPUT_MAX)
		reading->endless = true;
	else
		strbuf_add(reading->text[which], chunk, (size_t)len);
	return !reading->endless;
}

static void take_all(struct reading *reading)
{
	for (int i = 0; i < 2; i++)
		while (reading->fd[i] >= 0 && take(reading, i))
			;
}

/*
 * TERM at the deadline, then KILL.  false when even that had no effect: a read
 * from a dead disk cannot be killed, and we do not wait for it.
 */
static bool press(struct reading *reading)
{
	static const int signals[] = { SIGTERM, SIGKILL };

	if (reading->endless && reading->signals == 0)
		reading->deadline = now();
	if (now() < reading->deadline)
		return true;
	if (!reading->endless)
		reading->late = true;
	if (reading->signals == 2)
		return false;
	kill(reading->child.pid, signals[reading->signals++]);
	reading->deadline = now() + PATIENCE;
	return true;
}

/*
 * It is over when the program ends, not at the end of its output: a daemon that
 * it started may hold the pipe open for good.
 */
static void follow(struct reading *reading)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = reading->fd[0], .events = POLLIN },
			{ .fd = reading->fd[1], .events = POLLIN },
		};
		bool ended;

		poll(fds, 2, TICK);
		ended = child_reap(&reading->child);
		take_all(reading);
		if (ended || !press(reading))
			return;
	}
}

static int judge(const struct reading *reading, const char *program, unsigned seconds,
		 const struct strbuf *complaint, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf how = STRBUF_INIT;
	int len = (int)strcspn(complaint->buf, "\r\n");

	if (reading->child.exec_errno)
		return error_set(err, ERROR_COMMAND, "%s: cannot be run: %s", program,
				 strerror(reading->child.exec_errno));
	if (reading->endless)
		return error_set(err, ERROR_COMMAND, "%s: printed more than 64 MiB and was stopped",
				 program);
	if (reading->late)
		return error_set(err, ERROR_COMMAND, "%s: did not end within %u s and was stopped",
				 program, seconds);
	if (reading->child.status == 0)
		return 0;
	record_describe_status(reading->child.status, &how);
	return error_set(err, ERROR_COMMAND, "%s: %s%s%.*s", program, how.buf, len ? ": " : "",
			 len > COMPLAINT_MAX ? COMPLAINT_MAX : len, complaint->buf);
}

/* Two pipes: ours do not block, the program's must. */
static int begin(struct reading *reading, const struct strvec *argv, struct error *err)
{
	CLEANUP(scope_close) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int theirs[2] = { -1, -1 }, result = null < 0 ? -1 : 0;

	for (int i = 0; i < 2; i++) {
		int pair[2];

		if (pipe2(pair, O_CLOEXEC) < 0)
			result = -1;
		else
			fcntl(pair[0], F_SETFL, O_NONBLOCK);
		if (result < 0)
			break;
		reading->fd[i] = pair[0];
		theirs[i] = pair[1];
	}
	if (result == 0)
		result = child_exec_fork(&reading->child, argv, NULL, null, theirs[0],
					 theirs[1]);
	if (result < 0)
		error_set_errno(err, "%s: no process could be made for it", argv->items[0]);
	scope_close(&theirs[0]);
	scope_close(&theirs[1]);
	return result;
}

int child_read(const struct strvec *argv, unsigned seconds, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf complaint = STRBUF_INIT;
	struct reading reading = {
		.child = CHILD_INIT, .fd = { -1, -1 }, .text = { out, &complaint },
	};
	int result = begin(&reading, argv, err);

	if (result == 0) {
		reading.deadline = now() + (int64_t)seconds * 1000;
		child_release(&reading.child, &(struct error){ 0 });
		follow(&reading);
		result = judge(&reading, argv->items[0], seconds, &complaint, err);
	}
	child_release_fds(&reading.child);
	scope_close(&reading.fd[0]);
	scope_close(&reading.fd[1]);
	return result;
}
