/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_sftp.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"

enum {
	FXP_INIT = 1, FXP_VERSION = 2, FXP_STATUS = 101, FXP_HANDLE = 102, FXP_EXTENDED_REPLY = 201,

	SFTP_VERSION = 3,
	PACKET_MAX = 256 << 10,
};

/* --- packets --- */

void link_sftp_number(struct strbuf *packet, uint32_t number)
{
	uint32_t wire = htobe32(number);

	strbuf_add(packet, &wire, sizeof(wire));
}

void link_sftp_string(struct strbuf *packet, const void *data, size_t len)
{
	link_sftp_number(packet, (uint32_t)len);
	strbuf_add(packet, data, len);
}

void link_sftp_text(struct strbuf *packet, const char *text)
{
	link_sftp_string(packet, text, strlen(text));
}

void link_sftp_begin(struct strbuf *packet, int type)
{
	strbuf_reset(packet);
	link_sftp_number(packet, 0);
	strbuf_addch(packet, (char)type);
	link_sftp_number(packet, 0);
}

void link_sftp_send(struct link_sftp *sftp, struct strbuf *packet)
{
	uint32_t wire = htobe32((uint32_t)(packet->len - sizeof(wire)));

	memcpy(packet->buf, &wire, sizeof(wire));
	sftp->waiting++;
	if (sftp->channel)
		link_send(sftp->channel, packet->buf, packet->len);
}

static uint32_t number_at(const char *data, size_t len, size_t at)
{
	uint32_t wire;

	if (at + sizeof(wire) > len)
		return 0;
	memcpy(&wire, data + at, sizeof(wire));
	return be32toh(wire);
}

static uint64_t long_at(const char *data, size_t len, size_t at)
{
	return (uint64_t)number_at(data, len, at) << 32 | number_at(data, len, at + 4);
}

static void take_string_at(const char *data, size_t len, size_t at, struct strbuf *text)
{
	uint32_t size = number_at(data, len, at);

	strbuf_reset(text);
	if (at + 4 <= len && size <= len - at - 4)
		strbuf_add(text, data + at + 4, size);
}

/* data is what follows the length: type, number of the request, and what it is about. */
static void take_packet(struct link_sftp *sftp, const char *data, size_t len)
{
	uint32_t status;

	switch ((unsigned char)data[0]) {
	case FXP_STATUS:
		status = number_at(data, len, 5);
		if (status && !sftp->failure) {
			sftp->failure = status;
			take_string_at(data, len, 9, &sftp->message);
		}
		break;
	case FXP_HANDLE:
		take_string_at(data, len, 5, &sftp->handle);
		break;
	case FXP_EXTENDED_REPLY:	/* block size, its fragments' size, blocks, free, for us */
		sftp->room = long_at(data, len, 13) * long_at(data, len, 37);
		break;
	}
	if (sftp->waiting > 0)
		sftp->waiting--;
}

static void take(void *context, const char *data, size_t len)
{
	struct link_sftp *sftp = context;
	struct strbuf *in = &sftp->in;
	size_t at = 0;

	strbuf_add(in, data, len);
	while (in->len - at > 4) {
		uint32_t size = number_at(in->buf, in->len, at);

		if (size == 0 || size > PACKET_MAX) {
			error_set(&sftp->err, ERROR_SYSTEM, "what answers there is no SFTP");
			link_channel_drop(sftp->channel);
			sftp->channel = NULL;
			return;
		}
		if (in->len - at - 4 < size)
			break;
		take_packet(sftp, in->buf + at + 4, size);
		at += 4 + size;
	}
	in->len -= at;
	memmove(in->buf, in->buf + at, in->len + 1);
	sftp->deadline = 0;
}

static void take_failure(void *context, const struct error *err)
{
	struct link_sftp *sftp = context;

	sftp->channel = NULL;
	error_set(&sftp->err, ERROR_SYSTEM, "there is no SFTP: %s", err->text);
}

static void take_end(void *context, int status, const char *signal)
{
	struct link_sftp *sftp = context;

	(void)status, (void)signal;
	sftp->channel = NULL;
	error_set(&sftp->err, ERROR_SYSTEM, "SFTP ended there before it was done");
}

/* --- waiting --- */

/* 1: go on waiting. */
static int wait_once(struct link_sftp *sftp, struct error *err)
{
	struct links *links = sftp->link->links;
	double start = links->options.start;
	char duration[NUMBER_TEXT];

	if (sftp->deadline <= 0)
		sftp->deadline = links_now(links) + start;
	if (sftp->link->phase == LINK_OVER || sftp->link->is_closed) {
		*err = sftp->link->err;
		return err->kind ? -1 : error_set(err, ERROR_SYSTEM, "the connection was closed");
	}
	if (!sftp->channel) {
		*err = sftp->err;
		return -1;
	}
	if (links_now(links) >= sftp->deadline)
		return error_set(err, ERROR_SYSTEM, "SFTP did not go on for %s",
				 number_format_duration(start, duration));
	if (links_turn(links, NULL, 0, (int)((sftp->deadline - links_now(links)) * 1000) + 1) < 0)
		return error_set(err, ERROR_SYSTEM, "it was interrupted");
	return 1;
}

int link_sftp_wait(struct link_sftp *sftp, unsigned waiting, struct error *err)
{
	int result = 1;

	sftp->deadline = 0;
	sftp->link->is_waited_for = true;
	while (result == 1 && sftp->waiting > waiting)
		result = wait_once(sftp, err);
	sftp->link->is_waited_for = false;
	return result < 0 ? -1 : 0;
}

/* --- a session --- */

void link_sftp_clear(struct link_sftp *sftp)
{
	sftp->failure = 0;
	sftp->room = UINT64_MAX;
	strbuf_reset(&sftp->message);
	strbuf_reset(&sftp->handle);
}

void link_sftp_release(struct link *link)
{
	struct link_sftp *sftp = link->sftp;

	if (!sftp)
		return;
	strbuf_release(&sftp->in);
	strbuf_release(&sftp->message);
	strbuf_release(&sftp->handle);
	free(sftp);
	link->sftp = NULL;
}

static void forget(struct link *link)
{
	if (link->sftp->channel)
		link_channel_drop(link->sftp->channel);
	link_sftp_release(link);
}

int link_sftp_need(struct link *link, struct link_sftp **sftp, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf packet = STRBUF_INIT;
	struct link_command_calls calls = {
		.output = take, .ended = take_end, .failed = take_failure,
	};

	if (link->sftp && !link->sftp->channel)
		link_sftp_release(link);
	if (!link->sftp) {
		link->sftp = memory_new(1, sizeof(*link->sftp));
		link->sftp->link = link;
		link->sftp->in = link->sftp->message = link->sftp->handle =
			(struct strbuf)STRBUF_INIT;
		calls.context = link->sftp;
		link->sftp->channel = link_channel_open(link, LINK_SUBSYSTEM, "sftp", 0, &calls);
		link_sftp_number(&packet, 0);
		strbuf_addch(&packet, FXP_INIT);
		link_sftp_number(&packet, SFTP_VERSION);
		link_sftp_send(link->sftp, &packet);
		if (link_sftp_wait(link->sftp, 0, err) < 0) {
			forget(link);
			return -1;
		}
	}
	*sftp = link->sftp;
	link_sftp_clear(*sftp);
	return 0;
}
