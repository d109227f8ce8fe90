/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * -o events: a line for each document, as soon as there is one.  Its reader is at the other
 * end of a connection, and must not be able to hold up a run: one that is gone, or takes
 * nothing for so long, is no longer written to.
 */
#include "cli/report.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"

enum { PATIENCE = 30 * 1000 };	/* ms that a reader may take nothing */

/* poll(2) and at most PIPE_BUF (POSIX: 512) at once: so write(2) does not wait on a pipe. */
static bool write_some(int fd, const char **text, size_t *len)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };
	ssize_t written;

	if (poll(&poller, 1, PATIENCE) <= 0)
		return errno == EINTR;
	written = write(fd, *text, *len < 512 ? *len : 512);
	if (written < 0)
		return errno == EINTR || errno == EAGAIN;
	*text += written;
	*len -= (size_t)written;
	return true;
}

static void draw(FILE *out, const json_t *document)
{
	static bool gone;
	CLEANUP(scope_free) char *line = json_dumps(document, JSON_COMPACT | JSON_ENSURE_ASCII);
	const char *text = line;
	size_t len = line ? strlen(line) : 0;

	if (!line || gone)
		return;
	line[len++] = '\n';	/* in place of its NUL */
	fflush(out);
	errno = 0;
	while (len && !gone)
		gone = !write_some(fileno(out), &text, &len);
}

const struct report report_events = { .name = "events", .live = true, .draw = draw };
