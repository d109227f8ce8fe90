/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_part.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/scope.h"

/*
 * A link through a jump host: the session's descriptor is one end of a pair of sockets, and
 * what comes out of the other goes over a channel of the jump host's link.  That one is a link
 * as any other, with the same checks, and many may go through it.
 */
enum {
	PIECE = 32 << 10,
	QUEUE_MAX = 128 << 10,	/* bytes on their way to the jump host */
};

/* --- which jump host --- */

static struct link *find_jump(const struct links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++) {
		struct link *link = links->items[i];

		if (link->jump_name && !link->is_closed && link->phase != LINK_OVER &&
		    strcmp(link->jump_name, name) == 0)
			return link;
	}
	return NULL;
}

/* name is "FIRST,…,LAST", and LAST the one that we go through, by way of those before it. */
static struct link *make_jump(struct links *links, const char *name)
{
	const char *comma = strrchr(name, ','), *last = comma ? comma + 1 : name;
	CLEANUP(scope_free) char *user = NULL, *host = NULL;
	struct link *jump;
	unsigned port;

	if (!sshconf_split(last, &user, &host, &port))
		return NULL;
	jump = links_add(links, NULL);
	jump->jump_name = memory_copy(name);
	sshconf_init(&jump->conf, host, user, port);
	if (comma) {
		jump->conf.values[SSHCONF_PROXY_JUMP] =
			memory_print("%.*s", (int)(comma - name), name);
		jump->conf.values[SSHCONF_PROXY_COMMAND] = memory_copy("none");
	}
	return jump;
}

/* A ProxyJump under `Host *` is for the jump host as well, and means nothing there. */
static bool is_itself(const struct link *link, const char *name)
{
	CLEANUP(scope_free) char *user = NULL, *host = NULL;
	unsigned port;

	return sshconf_split(name, &user, &host, &port) &&
	       (strcasecmp(host, link->conf.alias) == 0 ||
		strcasecmp(host, link->conf.values[SSHCONF_HOST_NAME]) == 0) &&
	       (port == 0 || port == link->conf.port);
}

/* Does jump go through link? */
static bool leads_to(const struct link *jump, const struct link *link)
{
	for (; jump; jump = jump->jump)
		if (jump == link)
			return true;
	return false;
}

int link_relay_begin(struct link *link)
{
	const char *name = link->conf.values[SSHCONF_PROXY_JUMP];
	struct link *jump;

	if (!sshconf_is_set(&link->conf, SSHCONF_PROXY_JUMP) || is_itself(link, name))
		return 0;
	jump = find_jump(link->links, name);
	if (leads_to(jump, link)) {
		link_fail(link, "ssh_config's ProxyJump %s leads back to where it comes from",
			  name);
		return -1;
	}
	link->jump = jump ? jump : make_jump(link->links, name);
	if (!link->jump) {
		link_fail(link, "ssh_config's ProxyJump %s names no host", name);
		return -1;
	}
	link->jump->users++;
	if (!jump)
		link_begin(link->jump);
	return 0;
}

/* --- the channel --- */

static enum link_step fail_there(struct link *link, const char *what, const char *why)
{
	CLEANUP(scope_free)
	char *text = memory_print("jump host %s%s: %s", link->jump->conf.alias, what, why);

	/* what the jump host needs a person for, this link does too */
	error_set(&link->err, link->jump->err.kind ? link->jump->err.kind : ERROR_SYSTEM, "%s",
		  text);
	return LINK_FAILED;
}

static void take_back(void *context, const char *data, size_t len)
{
	struct link *link = context;

	strbuf_add(&link->relay.back, data, len);
	link->is_due = true;
}

static void take_end(void *context, int status, const char *signal)
{
	struct link *link = context;

	(void)status, (void)signal;
	link->relay.channel = NULL;
	link->relay.is_over = link->is_due = true;
}

static void take_failure(void *context, const struct error *err)
{
	struct link *link = context;

	fail_there(link, " cannot go on to it", err->text);
	take_end(link, -1, "");
}

static const struct link_command_calls relay_calls = {
	.output = take_back, .ended = take_end, .failed = take_failure,
};

enum link_step link_relay_step(struct link *link)
{
	struct link_command_calls calls = relay_calls;
	int ends[2];

	if (link->jump->phase == LINK_OVER)
		return fail_there(link, "", link->jump->err.text);
	if (link->relay.is_over)
		return LINK_FAILED;
	if (link->jump->phase != LINK_READY)
		return LINK_WAIT;
	calls.context = link;
	if (!link->relay.channel)
		link->relay.channel = link_channel_open(link->jump, LINK_FORWARD,
							link->conf.values[SSHCONF_HOST_NAME],
							link->conf.port, &calls);
	if (!link_channel_is_running(link->relay.channel))
		return LINK_WAIT;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return link_fail(link, "no sockets for the way through a jump host: %m");
	link->fd = ends[0];
	link->relay.fd = ends[1];
	return LINK_DONE;
}

/* --- what goes over it --- */

/* The session sees that the connection is closed. */
static void close_relay(struct link *link)
{
	scope_close(&link->relay.fd);
	link->relay.fd = -1;
}

static void move_back(struct link *link)
{
	struct strbuf *back = &link->relay.back;
	ssize_t done;

	while (back->len > 0) {
		done = send(link->relay.fd, back->buf, back->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done <= 0)
			return;
		back->len -= (size_t)done;
		memmove(back->buf, back->buf + done, back->len + 1);
	}
}

static void move_there(struct link *link)
{
	char piece[PIECE];
	ssize_t len;

	while (link_channel_queued(link->relay.channel) < QUEUE_MAX) {
		len = recv(link->relay.fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (len <= 0)
			return;
		link_send(link->relay.channel, piece, (size_t)len);
	}
}

void link_relay_move(struct link *link)
{
	if (link->relay.fd < 0)
		return;
	if (link->jump->phase == LINK_OVER && !link->relay.is_over) {
		fail_there(link, "", link->jump->err.text);
		link->relay.channel = NULL;
		link->relay.is_over = true;
	}
	move_back(link);
	if (link->relay.channel)
		move_there(link);
	else if (link->relay.back.len == 0)
		close_relay(link);
}

short link_relay_events(const struct link *link)
{
	bool has_room = link->relay.channel && link_channel_queued(link->relay.channel) < QUEUE_MAX;

	return (short)((has_room ? POLLIN : 0) | (link->relay.back.len > 0 ? POLLOUT : 0));
}

void link_relay_release(struct link *link)
{
	close_relay(link);
	strbuf_release(&link->relay.back);
	if (link->relay.channel)
		link_channel_drop(link->relay.channel);
	link->relay.channel = NULL;
}
