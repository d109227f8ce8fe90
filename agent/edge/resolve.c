/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/number.h"
#include "base/scope.h"

/* Goes through the pipe in one piece. */
struct answer {
	int failed, number;	/* as getaddrinfo(3) returns it, and errno */
	int count;
	struct sockaddr_storage addresses[RESOLVE_MAX];
};

_Static_assert(sizeof(struct answer) <= PIPE_BUF, "an answer is written at once");

static void look_up(const char *host, unsigned port, int flags, struct answer *answer)
{
	struct addrinfo hints = { .ai_flags = flags, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char service[NUMBER_TEXT];

	memset(answer, 0, sizeof(*answer));
	snprintf(service, sizeof(service), "%u", port);
	answer->failed = getaddrinfo(host, service, &hints, &found);
	answer->number = errno;
	if (answer->failed)
		return;
	for (struct addrinfo *one = found; one && answer->count < RESOLVE_MAX; one = one->ai_next)
		memcpy(&answer->addresses[answer->count++], one->ai_addr, one->ai_addrlen);
	freeaddrinfo(found);
}

static bool hand_on(int fd, const struct answer *answer)
{
	return write(fd, answer, sizeof(*answer)) == sizeof(*answer);
}

/* In the process that looks up: a Ctrl-C is for its parent. */
static void __attribute__((noreturn)) work(const char *host, unsigned port, int fd)
{
	struct answer answer;

	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	look_up(host, port, 0, &answer);
	_exit(!hand_on(fd, &answer));
}

int resolve_begin(struct resolve *resolve, const char *host, unsigned port)
{
	CLEANUP(scope_close) int end = -1;
	struct answer answer;
	int ends[2];

	*resolve = (struct resolve)RESOLVE_INIT;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	resolve->fd = ends[0];
	end = ends[1];
	look_up(host, port, AI_NUMERICHOST, &answer);
	if (!answer.failed && hand_on(end, &answer))
		return 0;
	resolve->pid = fork();
	if (resolve->pid == 0)
		work(host, port, end);
	if (resolve->pid > 0)
		return 0;
	resolve->pid = 0;
	resolve_release(resolve);
	return -1;
}

int resolve_finish(struct resolve *resolve, struct sockaddr_storage addresses[RESOLVE_MAX],
		   struct error *err)
{
	struct answer answer;
	ssize_t len = read(resolve->fd, &answer, sizeof(answer));

	resolve_release(resolve);
	if (len != sizeof(answer))
		return error_set(err, ERROR_SYSTEM, "the look-up of its address was broken off");
	errno = answer.number;
	if (answer.failed == EAI_SYSTEM)
		return error_set_errno(err, "its address cannot be looked up");
	if (answer.failed)
		return error_set(err, ERROR_SYSTEM, "its address cannot be looked up: %s",
				 gai_strerror(answer.failed));
	memcpy(addresses, answer.addresses, sizeof(answer.addresses));
	return answer.count;
}

void resolve_release(struct resolve *resolve)
{
	scope_close(&resolve->fd);
	if (resolve->pid > 0) {
		kill(resolve->pid, SIGKILL);
		waitpid(resolve->pid, NULL, 0);
	}
	*resolve = (struct resolve)RESOLVE_INIT;
}
