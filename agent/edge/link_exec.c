/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_part.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum {
	PUMPS = 256,		/* reads in a row, before others have their turn */
	PIECE = 32 << 10,	/* bytes handed to libssh at once */
	QUIET = 1,		/* s without output after the end: a daemon holds it */
};

struct link_command {
	struct link *link;
	enum link_kind kind;
	char *line;
	unsigned port;
	struct link_command_calls calls;
	ssh_channel channel;	/* NULL: the session is no more */
	struct ssh_channel_callbacks_struct hooks;
	enum { COMMAND_OPEN, COMMAND_ASK, COMMAND_RUN, COMMAND_OVER } state;
	double deadline;	/* until it runs */
	struct strbuf input, output, complaint;
	size_t sent;		/* bytes of the input */
	bool eof_wanted, eof_sent;
	bool has_status, has_failed;
	int status;
	char signal[16];
	double heard;		/* when output last came */
	struct error err;
};

/* --- what libssh tells; it is kept, because whoever is told may do anything --- */

static int take_output(ssh_session session, ssh_channel channel, void *data, uint32_t len,
		       int is_stderr, void *context)
{
	struct link_command *command = context;

	(void)session, (void)channel;
	command->heard = links_now(command->link->links);
	strbuf_add(is_stderr ? &command->complaint : &command->output, data, len);
	return (int)len;
}

static void take_status(ssh_session session, ssh_channel channel, int status, void *context)
{
	struct link_command *command = context;

	(void)session, (void)channel;
	command->status = status;
	command->has_status = true;
	command->heard = links_now(command->link->links);
}

static void take_signal(ssh_session session, ssh_channel channel, const char *name, int core,
			const char *message, const char *language, void *context)
{
	struct link_command *command = context;

	(void)core, (void)message, (void)language;
	take_status(session, channel, -1, context);
	strncpy(command->signal, name, sizeof(command->signal) - 1);
}

/* --- a channel --- */

struct link_command *link_channel_open(struct link *link, enum link_kind kind, const char *line,
				       unsigned port, const struct link_command_calls *calls)
{
	struct link_command *command = memory_new(1, sizeof(*command));

	command->link = link;
	command->kind = kind;
	command->line = memory_copy(line);
	command->port = port;
	if (calls)
		command->calls = *calls;
	command->input = command->output = command->complaint = (struct strbuf)STRBUF_INIT;
	command->status = -1;
	command->deadline = links_now(link->links) + link->links->options.start;
	if (link->session)
		command->channel = ssh_channel_new(link->session);
	command->hooks = (struct ssh_channel_callbacks_struct){
		.userdata = command, .channel_data_function = take_output,
		.channel_exit_status_function = take_status,
		.channel_exit_signal_function = take_signal,
	};
	ssh_callbacks_init(&command->hooks);
	if (command->channel)
		ssh_set_channel_callbacks(command->channel, &command->hooks);
	MEMORY_PUSH(link->commands, link->command_count) = command;
	link->is_due = true;
	return command;
}

static void free_channel(struct link_command *command)
{
	if (!command->channel)
		return;
	ssh_remove_channel_callbacks(command->channel, &command->hooks);
	ssh_channel_free(command->channel);
	command->channel = NULL;
}

static void free_command(struct link_command *command)
{
	free_channel(command);
	strbuf_release(&command->input);
	strbuf_release(&command->output);
	strbuf_release(&command->complaint);
	free(command->line);
	free(command);
}

bool link_channel_is_running(const struct link_command *command)
{
	return command->state == COMMAND_RUN;
}

size_t link_channel_queued(const struct link_command *command)
{
	return command->input.len - command->sent;
}

void link_channel_drop(struct link_command *command)
{
	command->calls = (struct link_command_calls){ .output = NULL };
	command->state = COMMAND_OVER;
	command->link->is_due = true;
}

static void __attribute__((format(printf, 2, 3)))
fail(struct link_command *command, const char *format, ...)
{
	char text[sizeof(command->err.text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	command->state = COMMAND_OVER;
	command->has_failed = true;
	error_set(&command->err, ERROR_SYSTEM, "%s", text);
}

/* --- its way --- */

static int open_channel(struct link_command *command)
{
	if (command->kind == LINK_FORWARD)
		return ssh_channel_open_forward(command->channel, command->line, (int)command->port,
						"127.0.0.1", 0);
	return ssh_channel_open_session(command->channel);
}

static int ask_for(struct link_command *command)
{
	switch (command->kind) {
	case LINK_EXEC: return ssh_channel_request_exec(command->channel, command->line);
	case LINK_SUBSYSTEM: return ssh_channel_request_subsystem(command->channel, command->line);
	default: return SSH_OK;
	}
}

static void begin(struct link_command *command)
{
	bool is_open = command->state == COMMAND_ASK;
	const char *what = is_open ? "the command is not run" : "no channel is opened";
	int result = is_open ? ask_for(command) : open_channel(command);
	char duration[NUMBER_TEXT];

	if (result == SSH_OK) {
		command->state++;
	} else if (!ssh_is_connected(command->link->session)) {
		/* which is the link's to tell */
		return;
	} else if (result != SSH_AGAIN) {
		fail(command, "%s: %s", what, ssh_get_error(command->link->session));
	} else if (links_now(command->link->links) >= command->deadline) {
		number_format_duration(command->link->links->options.start, duration);
		fail(command, "%s: no answer within %s", what, duration);
	}
}

static void drop_sent(struct link_command *command)
{
	struct strbuf *input = &command->input;

	if (command->sent < input->len && command->sent < 4 * PIECE)
		return;
	input->len -= command->sent;
	memmove(input->buf, input->buf + command->sent, input->len + 1);
	command->sent = 0;
	if (input->len == 0)
		strbuf_release(input);
}

/* As much as there is room for over there, and as libssh has sent of what it was given before. */
static void give_input(struct link_command *command)
{
	ssh_session session = command->link->session;

	while (link_channel_queued(command) > 0 && !(ssh_get_status(session) & SSH_WRITE_PENDING)) {
		size_t len = link_channel_queued(command),
		       room = ssh_channel_window_size(command->channel);
		int sent;

		len = len < room ? len : room;
		if (len == 0)
			return;
		sent = ssh_channel_write(command->channel, command->input.buf + command->sent,
					 len < PIECE ? (uint32_t)len : PIECE);
		if (sent <= 0)
			break;
		command->sent += (size_t)sent;
	}
	/* one that closed its stdin, or ended, without reading all of it is no failure of ours */
	if (link_channel_queued(command) > 0 && ssh_channel_is_closed(command->channel))
		command->sent = command->input.len;
	drop_sent(command);
	if (link_channel_queued(command) == 0 && command->eof_wanted && !command->eof_sent) {
		command->eof_sent = true;
		ssh_channel_send_eof(command->channel);
	}
}

static void look_for_end(struct link_command *command)
{
	bool is_closed = ssh_channel_is_closed(command->channel);

	if (!ssh_is_connected(command->link->session))
		return;
	if (command->has_status) {
		if (is_closed || ssh_channel_is_eof(command->channel) ||
		    links_now(command->link->links) >= command->heard + QUIET)
			command->state = COMMAND_OVER;
	} else if (is_closed && command->kind == LINK_EXEC) {
		fail(command, "nobody knows how the command ended: its channel was closed");
	} else if (is_closed) {
		command->state = COMMAND_OVER;
	}
}

static void step(struct link_command *command)
{
	while (command->state < COMMAND_RUN) {
		unsigned before = command->state;

		begin(command);
		if (command->state == before)
			return;
	}
	if (command->state != COMMAND_RUN)
		return;
	if (!ssh_channel_is_closed(command->channel))
		give_input(command);
	look_for_end(command);
}

/* false: the session is no more. */
static bool pump(struct link *link)
{
	int result = SSH_OK;

	for (int i = 0; i < PUMPS && result == SSH_OK; i++)
		result = ssh_event_dopoll(link->event, 0);
	link->is_due = link->is_due || result == SSH_OK;
	return result != SSH_ERROR && ssh_is_connected(link->session);
}

bool link_channels_step(struct link *link)
{
	bool is_alive = pump(link);
	uint64_t before = link->counter.in_bytes;

	for (size_t i = 0; i < link->command_count; i++) {
		struct link_command *command = link->commands[i];

		if (command->state == COMMAND_OVER)
			continue;
		if (is_alive)
			step(command);
		else if (command->has_status)
			command->state = COMMAND_OVER;
		is_alive = is_alive && ssh_is_connected(link->session);
	}
	/* libssh reads while it writes: what came then may be for one that was already looked at */
	link->is_due = link->is_due || link->counter.in_bytes != before;
	return is_alive;
}

void link_channels_cut(struct link *link)
{
	for (size_t i = 0; i < link->command_count; i++)
		free_channel(link->commands[i]);
}

double link_channels_deadline(const struct link *link)
{
	double next = 0;

	for (size_t i = 0; i < link->command_count; i++) {
		const struct link_command *command = link->commands[i];
		double one = command->state < COMMAND_RUN ? command->deadline :
			     command->has_status	  ? command->heard + QUIET :
							    0;

		if (one > 0 && (next <= 0 || one < next))
			next = one;
	}
	return next;
}

/* --- telling it --- */

/* What was there before the call, and no more: it may be about to be freed. */
static bool hand_out(struct link_command *command, struct strbuf *text,
		     void (*call)(void *context, const char *data, size_t len))
{
	struct strbuf taken = *text;

	if (taken.len == 0)
		return false;
	*text = (struct strbuf)STRBUF_INIT;
	if (call)
		call(command->calls.context, taken.buf, taken.len);
	strbuf_release(&taken);
	return true;
}

static void tell_end(struct link_command *command)
{
	const struct link_command_calls *calls = &command->calls;

	if (command->has_failed && calls->failed)
		calls->failed(calls->context, &command->err);
	else if (!command->has_failed && calls->ended)
		calls->ended(calls->context, command->status, command->signal);
}

/* false: the link was closed by a call. */
static bool tell(struct link *link, size_t i)
{
	struct link_command *command = link->commands[i];

	if (hand_out(command, &command->output, command->calls.output) && link->is_closed)
		return false;
	if (hand_out(command, &command->complaint, command->calls.error_output) && link->is_closed)
		return false;
	return true;
}

void link_channels_tell(struct link *link)
{
	for (size_t i = 0; i < link->command_count; i++) {
		struct link_command *command = link->commands[i];

		if (!tell(link, i))
			return;
		if (command->state != COMMAND_OVER)
			continue;
		link->command_count--;
		memmove(link->commands + i, link->commands + i + 1,
			(link->command_count - i) * sizeof(*link->commands));
		i--;
		tell_end(command);
		free_command(command);
		/* as that writes, and libssh reads meanwhile */
		link->is_due = true;
		if (link->is_closed)
			return;
	}
}

void link_channels_release(struct link *link)
{
	for (size_t i = 0; i < link->command_count; i++)
		free_command(link->commands[i]);
	free(link->commands);
	link->commands = NULL;
	link->command_count = 0;
}

/* --- commands --- */

struct link_command *link_exec(struct link *link, const char *line,
			       const struct link_command_calls *calls)
{
	return link_channel_open(link, LINK_EXEC, line, 0, calls);
}

void link_send(struct link_command *command, const void *data, size_t len)
{
	strbuf_add(&command->input, data, len);
	command->link->is_due = true;
}

void link_send_eof(struct link_command *command)
{
	command->eof_wanted = true;
	command->link->is_due = true;
}
