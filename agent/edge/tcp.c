/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/number.h"
#include "base/scope.h"

/* Asked after 15 s of silence, every 5 s, six times; what was sent is acknowledged in as long. */
static void notice_loss(int fd)
{
	static const struct { int level, name, value; } options[] = {
		{ SOL_SOCKET,	SO_KEEPALIVE,		1 },
		{ IPPROTO_TCP,	TCP_KEEPIDLE,		15 },
		{ IPPROTO_TCP,	TCP_KEEPINTVL,		5 },
		{ IPPROTO_TCP,	TCP_KEEPCNT,		6 },
		{ IPPROTO_TCP,	TCP_USER_TIMEOUT,	45 * 1000 },
		{ IPPROTO_TCP,	TCP_NODELAY,		1 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

int tcp_begin(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), failed;

	if (fd < 0)
		return -1;
	notice_loss(fd);
	if (connect(fd, address, len) == 0 || errno == EINPROGRESS)
		return fd;
	failed = errno;
	close(fd);
	errno = failed;
	return -1;
}

int tcp_result(int fd)
{
	socklen_t len = sizeof(int);
	int failed = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len);
	return failed;
}

/* 0, or the errno of a connection that was begun and did not come about. */
static int wait_for_answer(int fd, double seconds)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };
	int ready;

	do
		ready = poll(&poller, 1, (int)(seconds * 1000));
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return ready < 0 ? errno : ETIMEDOUT;
	return tcp_result(fd);
}

int tcp_connect(const char *address, unsigned port, double seconds, struct error *err)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char service[NUMBER_TEXT];
	CLEANUP(scope_close) int fd = -1;
	int result;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &found) != 0)
		return error_set(err, ERROR_SYSTEM, "is no address");
	fd = tcp_begin(found->ai_addr, found->ai_addrlen);
	result = fd < 0 ? errno : 0;
	freeaddrinfo(found);
	if (fd >= 0)
		result = wait_for_answer(fd, seconds);
	errno = result;
	if (result)
		return error_set_errno(err, "port %u", port);
	result = fd;
	fd = -1;
	return result;
}
