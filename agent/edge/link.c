/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libssh/server.h>

#include "base/memory.h"
#include "base/number.h"
#include "edge/link_part.h"
#include "edge/ssh_part.h"

enum { PROBES = 3 };		/* times a silent host is asked whether it is there */

void link_allow(struct link *link, double seconds)
{
	link->deadline = links_now(link->links) + seconds;
}

bool link_is_late(const struct link *link)
{
	return links_now(link->links) >= link->deadline;
}

/* --- phases --- */

enum link_step link_fail(struct link *link, const char *format, ...)
{
	char text[sizeof(link->err.text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error_set(&link->err, ERROR_SYSTEM, "%s", text);
	return LINK_FAILED;
}

/* Those that go through this one have something to look at. */
static void wake_users(const struct link *link)
{
	for (size_t i = 0; link->users > 0 && i < link->links->count; i++)
		if (link->links->items[i]->jump == link)
			link->links->items[i]->is_due = true;
}

/* Leaves only what is still to be told. */
static void end(struct link *link)
{
	link->phase = LINK_OVER;
	link->is_due = true;
	link_channels_cut(link);
	link_relay_release(link);
	if (link->event) {
		ssh_event_remove_session(link->event, link->session);
		ssh_event_free(link->event);
	}
	/* no ssh_disconnect(): after it, a descriptor that it was given is left open */
	ssh_free(link->session);
	link->event = NULL;
	link->session = NULL;
	link_dial_release(link);
	link_login_release(&link->login);
	wake_users(link);
	if (link->jump && --link->jump->users == 0)
		link->jump->is_closed = true;
	link->jump = NULL;
}

static int enter(struct link *link, enum link_phase phase)
{
	const struct links_options *options = &link->links->options;

	link->phase = phase;
	if (phase == LINK_AGREE) {
		link_allow(link, options->agree);
		return link_agree_begin(link);
	}
	if (phase == LINK_LOG_IN)
		link_allow(link, options->log_in);
	if (phase != LINK_READY)
		return 0;
	link->event = ssh_event_new();
	ssh_event_add_session(link->event, link->session);
	link->heard = link->probed = links_now(link->links);
	link->was_ready = true;
	link_login_release(&link->login);
	return 0;
}

/* TCP notices a dead peer too, but not one behind a jump host. */
static bool is_silent(struct link *link)
{
	double now = links_now(link->links), silence = link->links->options.silence;

	if (link->counter.in_bytes != link->heard_bytes) {
		link->heard_bytes = link->counter.in_bytes;
		link->heard = link->probed = now;
	}
	if (now >= link->heard + silence)
		return true;
	if (now >= link->probed + silence / PROBES) {
		/* the first takes the answer to the one before, if there was one */
		ssh_send_keepalive(link->session);
		ssh_send_keepalive(link->session);
		link->probed = now;
		/* libssh reads while it writes, and what came then is to be looked at */
		link->is_due = true;
	}
	return false;
}

static enum link_step ready_step(struct link *link)
{
	char duration[NUMBER_TEXT];

	if (!link_channels_step(link))
		return link_fail(link, "the connection was lost%s%s",
				 *link_reason(link) ? ": " : "", link_reason(link));
	if (is_silent(link))
		return link_fail(link, "the connection was lost: nothing was heard from it for %s",
				 number_format_duration(link->links->options.silence, duration));
	return LINK_WAIT;
}

void link_step_on(struct link *link)
{
	enum link_step (*const steps[])(struct link *) = {
		[LINK_DIAL] = link_dial_step, [LINK_AGREE] = link_agree_step,
		[LINK_LOG_IN] = link_login_step, [LINK_READY] = ready_step,
	};
	enum link_step result;

	link->is_due = false;
	do {
		link_relay_move(link);
		result = steps[link->phase](link);
		if (result == LINK_DONE && enter(link, link->phase + 1) < 0)
			result = LINK_FAILED;
	} while (result == LINK_DONE);
	link_relay_move(link);
	if (result == LINK_FAILED)
		end(link);
	else
		wake_users(link);
}

/* --- what the loop asks of it --- */

double link_next_look(const struct link *link)
{
	double next = link->deadline, channels;

	if (link->phase != LINK_READY)
		return next;
	next = link->probed + link->links->options.silence / PROBES;
	channels = link_channels_deadline(link);
	return channels > 0 && channels < next ? channels : next;
}

void link_tell(struct link *link)
{
	if (link->was_ready && !link->is_ready_told && link->calls.ready) {
		link->is_ready_told = true;
		link->calls.ready(link->calls.context);
	}
	if (!link->is_closed)
		link_channels_tell(link);
	if (link->is_closed || link->is_told || link->phase != LINK_OVER)
		return;
	link->is_told = true;
	link->is_due = false;
	if (link->was_ready && link->calls.lost)
		link->calls.lost(link->calls.context, &link->err);
	else if (!link->was_ready && link->calls.failed)
		link->calls.failed(link->calls.context, &link->err);
}

void link_free(struct link *link)
{
	if (link->phase != LINK_OVER)
		end(link);
	link_channels_release(link);
	link_sftp_release(link);
	sshconf_release(&link->conf);
	strbuf_release(&link->tried);
	free(link->jump_name);
	free(link->host_key);
	free(link);
}

/* --- a link --- */

struct link *links_add(struct links *links, const struct link_calls *calls)
{
	struct link *link = memory_new(1, sizeof(*link));

	link->links = links;
	if (calls)
		link->calls = *calls;
	link->conf = (struct sshconf){ .key_files = STRVEC_INIT };
	link->resolve = (struct resolve)RESOLVE_INIT;
	link->fd = link->proxy_complaint = link->relay.fd = -1;
	link->relay.back = link->tried = (struct strbuf)STRBUF_INIT;
	link->login.offered = link->login.notes = (struct strbuf)STRBUF_INIT;
	MEMORY_PUSH(links->items, links->count) = link;
	return link;
}

void link_begin(struct link *link)
{
	link->is_due = true;
	if (sshconf_read(&link->conf, &link->err) < 0 || link_relay_begin(link) < 0)
		end(link);
}

struct link *link_open(struct links *links, const struct link_target *target,
		       const struct link_calls *calls)
{
	struct link *link = links_add(links, calls);

	sshconf_init(&link->conf, target->host, target->user, target->port);
	link_begin(link);
	return link;
}

const char *link_host_key(const struct link *link)
{
	return link->host_key;
}

const char *link_user(const struct link *link)
{
	const char *user = link->conf.values[SSHCONF_USER];

	return user ? user : link->conf.login;
}

const char *link_host(const struct link *link)
{
	const char *name = link->conf.values[SSHCONF_HOST_NAME];

	return name ? name : link->conf.alias;
}

void link_close(struct link **link)
{
	struct links *links;

	if (!*link)
		return;
	links = (*link)->links;
	(*link)->is_closed = true;
	*link = NULL;
	if (!links->is_turning)
		links_reap(links);
}
