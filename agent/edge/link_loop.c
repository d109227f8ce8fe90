/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/clock.h"
#include "edge/link_part.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "edge/ssh_part.h"

enum { POLLS_MAX = 2 };		/* descriptors of one link */

/* --- time --- */

double links_now(const struct links *links)
{
	return clock_monotonic() - links->stolen;
}

void links_forgive(struct links *links, double began)
{
	links->stolen += clock_monotonic() - began;
}

/* --- the loop --- */

static void use(double *value, double standard)
{
	if (*value <= 0)
		*value = standard;
}

struct links *links_new(const struct links_options *options)
{
	struct links *links = memory_new(1, sizeof(*links));

	if (options)
		links->options = *options;
	use(&links->options.connect, 10);
	use(&links->options.agree, 20);
	use(&links->options.log_in, 30);
	use(&links->options.start, 30);
	use(&links->options.silence, 45);
	return links;
}

static void add_poll(struct links *links, size_t at, int fd, short events)
{
	links->polls[at] = (struct pollfd){ .fd = fd, .events = events };
}

static size_t add_session_polls(const struct link *link, size_t at)
{
	int flags = ssh_get_poll_flags(link->session);

	if (ssh_get_fd(link->session) < 0)
		return at;
	add_poll(link->links, at, ssh_get_fd(link->session),
		 (short)(POLLIN | (flags & SSH_WRITE_PENDING ? POLLOUT : 0)));
	return at + 1;
}

static size_t add_polls(struct link *link, size_t at)
{
	link->poll_first = at;
	if (link->phase == LINK_DIAL && link->resolve.fd >= 0)
		add_poll(link->links, at++, link->resolve.fd, POLLIN);
	else if (link->phase == LINK_DIAL && link->fd >= 0)
		add_poll(link->links, at++, link->fd, POLLOUT);
	if (link->session)
		at = add_session_polls(link, at);
	if (link->relay.fd >= 0)
		add_poll(link->links, at++, link->relay.fd, link_relay_events(link));
	link->poll_count = at - link->poll_first;
	return at;
}

static int time_to_wait(const struct links *links, int milliseconds)
{
	double now = links_now(links);

	for (size_t i = 0; i < links->count; i++) {
		const struct link *link = links->items[i];
		double left;

		if (link->is_due && !link->is_told)
			return 0;
		/* a link that waits for its jump host has no time of its own yet */
		if (link->phase == LINK_OVER || (link->phase == LINK_DIAL && link->deadline <= 0))
			continue;
		left = (link_next_look(link) - now) * 1000;
		left = left < 0 ? 0 : left + 1;
		if (milliseconds < 0 || left < milliseconds)
			milliseconds = (int)left;
	}
	return milliseconds;
}

static int wait_for_all(struct links *links, struct pollfd *others, size_t count, int milliseconds)
{
	size_t at = count;
	int result;

	if (links->poll_room < count + links->count * POLLS_MAX) {
		links->poll_room = count + links->count * POLLS_MAX;
		links->polls = memory_resize(links->polls, links->poll_room, sizeof(*links->polls));
	}
	if (count > 0)
		memcpy(links->polls, others, count * sizeof(*others));
	for (size_t i = 0; i < links->count; i++)
		at = add_polls(links->items[i], at);
	result = poll(links->polls, at, time_to_wait(links, milliseconds));
	for (size_t i = 0; i < count; i++)
		others[i].revents = result < 0 ? 0 : links->polls[i].revents;
	return result;
}

static bool is_alive(const struct link *link)
{
	return link->phase != LINK_OVER && !link->is_closed;
}

static bool has_news(const struct link *link)
{
	for (size_t i = 0; i < link->poll_count; i++)
		if (link->links->polls[link->poll_first + i].revents)
			return true;
	return link->is_due || links_now(link->links) >= link_next_look(link);
}

void links_reap(struct links *links)
{
	for (size_t i = 0; i < links->count; i++) {
		struct link *link = links->items[i];

		if (!link->is_closed || link->is_waited_for || link->users > 0)
			continue;
		memmove(links->items + i, links->items + i + 1,
			(--links->count - i) * sizeof(*links->items));
		link_free(link);
		i = (size_t)-1;
	}
}

int links_turn(struct links *links, struct pollfd *others, size_t count, int milliseconds)
{
	size_t known = links->count;

	if (wait_for_all(links, others, count, milliseconds) < 0 && errno == EINTR)
		return -1;
	links->is_turning = true;
	for (size_t i = 0; i < known; i++)
		if (is_alive(links->items[i]) && has_news(links->items[i]))
			link_step_on(links->items[i]);
	for (size_t i = 0; i < known; i++)
		if (!links->items[i]->is_closed)
			link_tell(links->items[i]);
	links->is_turning = false;
	links_reap(links);
	return 0;
}

void links_free(struct links **links)
{
	if (!*links)
		return;
	for (size_t i = 0; i < (*links)->count; i++)
		(*links)->items[i]->is_closed = true;
	links_reap(*links);
	link_keys_release(&(*links)->keys);
	free((*links)->items);
	free((*links)->polls);
	free(*links);
	*links = NULL;
}
