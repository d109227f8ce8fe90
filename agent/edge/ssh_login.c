/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/clock.h"
#include "edge/ssh.h"

#include <poll.h>
#include <string.h>

#include <libssh/libssh.h>
#include <libssh/callbacks.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "edge/ssh_part.h"
#include "edge/tcp.h"

enum {
	TICK = 100,		/* ms between two looks where nothing came */
	PIECE = 32 << 10,	/* bytes of stdin handed on at once */
	QUIET = 1,		/* s without output after the end: a daemon holds it */
};

struct ssh_login {
	ssh_session session;
	char *host_key;
	double deadline;	/* of what is being done; monotonic seconds */
};

/*
 * libssh never waits here, because its own limits are per call: it says that it
 * would have to, and then we do.  false once the time is over.
 */
static bool wait_for_peer(const struct ssh_login *login)
{
	struct pollfd poller = { .fd = ssh_get_fd(login->session), .events = POLLIN };
	double left = (login->deadline - clock_monotonic()) * 1000;

	if (left <= 0)
		return false;
	if (ssh_get_poll_flags(login->session) & SSH_WRITE_PENDING)
		poller.events |= POLLOUT;
	poll(&poller, 1, left < TICK ? (int)left + 1 : TICK);
	return true;
}

static int fail(enum ssh_failure *failure, enum ssh_failure what)
{
	*failure = what;
	return -1;
}

static bool set_options(const struct ssh_target *target, ssh_session session, int fd)
{
	bool config = false;

	ssh_set_blocking(session, 0);
	return ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &config) == 0 &&
	       ssh_options_set(session, SSH_OPTIONS_USER, target->user) == 0 &&
	       ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") == 0 &&
	       ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == 0 &&
	       ssh_options_set(session, SSH_OPTIONS_FD, &fd) == 0;
}

/* Before ssh_connect() the fd is ours, from then on the session's. */
static int begin(const struct ssh_target *target, struct ssh_login *login,
		 enum ssh_failure *failure, struct error *err)
{
	CLEANUP(scope_close) int fd = -1;

	fd = tcp_connect(target->address, target->port, target->seconds, err);
	if (fd < 0)
		return fail(failure, SSH_FAILURE_UNREACHABLE);
	login->session = ssh_new();
	if (!login->session || !set_options(target, login->session, fd)) {
		error_set(err, ERROR_SYSTEM, "libssh makes no session");
		return fail(failure, SSH_FAILURE_BROKEN);
	}
	fd = -1;
	return 0;
}

/* The banner, and keys for the connection. */
static int agree(struct ssh_login *login, enum ssh_failure *failure, struct error *err)
{
	bool late = false;
	int result;

	while ((result = ssh_connect(login->session)) == SSH_AGAIN && !late)
		late = !wait_for_peer(login);
	if (result == SSH_OK)
		return 0;
	if (!ssh_get_serverbanner(login->session)) {
		error_set(err, ERROR_SYSTEM, late ? "no word of SSH came in time" :
			  "the connection was closed before a word of SSH came");
		return fail(failure, SSH_FAILURE_SILENT);
	}
	error_set(err, ERROR_SYSTEM, "no agreement on an SSH connection: %s",
		  late ? "no answer in time" : ssh_get_error(login->session));
	return fail(failure, SSH_FAILURE_BROKEN);
}

static int check_host(const struct ssh_target *target, struct ssh_login *login,
		      enum ssh_failure *failure, struct error *err)
{
	ssh_key key;

	if (ssh_get_server_publickey(login->session, &key) == SSH_OK) {
		login->host_key = ssh_part_fingerprint(key);
		ssh_key_free(key);
	}
	if (!login->host_key) {
		error_set(err, ERROR_SYSTEM, "it shows no host key");
		return fail(failure, SSH_FAILURE_BROKEN);
	}
	if (!target->host_key || strcmp(target->host_key, login->host_key) == 0)
		return 0;
	error_set(err, ERROR_REFUSED, "its host key is now %s and was %s: another machine answers "
				      "at this address, or its keys were made anew",
				      login->host_key, target->host_key);
	return fail(failure, SSH_FAILURE_OTHER_HOST);
}

static int show_key(const struct ssh_target *target, struct ssh_login *login,
		    enum ssh_failure *failure, struct error *err)
{
	bool late = false;
	int result;

	do
		result = ssh_userauth_publickey(login->session, NULL, target->pair->key);
	while (result == SSH_AUTH_AGAIN && !(late = !wait_for_peer(login)));
	if (result == SSH_AUTH_SUCCESS)
		return 0;
	if (result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL) {
		error_set(err, ERROR_SYSTEM, "it does not accept the key for user %s",
			  target->user);
		return fail(failure, SSH_FAILURE_KEY_REFUSED);
	}
	error_set(err, ERROR_SYSTEM, "no login: %s",
		  late ? "no answer in time" : ssh_get_error(login->session));
	return fail(failure, SSH_FAILURE_BROKEN);
}

int ssh_login_open(const struct ssh_target *target, struct ssh_login **login,
		   enum ssh_failure *failure, struct error *err)
{
	*failure = SSH_FAILURE_NONE;
	*login = memory_new(1, sizeof(**login));
	(*login)->deadline = clock_monotonic() + target->seconds;
	if (begin(target, *login, failure, err) == 0 && agree(*login, failure, err) == 0 &&
	    check_host(target, *login, failure, err) == 0 &&
	    show_key(target, *login, failure, err) == 0)
		return 0;
	ssh_login_close(login);
	return -1;
}

const char *ssh_login_host_key(const struct ssh_login *login)
{
	return login->host_key;
}

void ssh_login_close(struct ssh_login **login)
{
	if (!*login)
		return;
	/* no ssh_disconnect(): after it, a descriptor that it was given is left open */
	ssh_free((*login)->session);
	free((*login)->host_key);
	free(*login);
	*login = NULL;
}

/* --- a command --- */

struct running {
	struct ssh_login *login;
	struct ssh_command *command;
	ssh_channel channel;
	ssh_event event;
	size_t sent;		/* bytes of the input */
	bool input_ended, ended;
	double heard;		/* when output last came */
};

static int take_output(ssh_session session, ssh_channel channel, void *data, uint32_t len,
		       int is_stderr, void *context)
{
	struct running *running = context;

	(void)session, (void)channel, (void)is_stderr;
	running->heard = clock_monotonic();
	if (running->command->output)
		running->command->output(running->command->context, data, len);
	return (int)len;
}

static void take_status(ssh_session session, ssh_channel channel, int status, void *context)
{
	struct running *running = context;

	(void)session, (void)channel;
	running->command->status = status;
	running->ended = true;
	running->heard = clock_monotonic();
}

static void take_signal(ssh_session session, ssh_channel channel, const char *name, int core,
			const char *message, const char *language, void *context)
{
	struct running *running = context;

	(void)session, (void)channel, (void)core, (void)message, (void)language;
	strncpy(running->command->signal, name, sizeof(running->command->signal) - 1);
	running->ended = true;
	running->heard = clock_monotonic();
}

static bool is_over(const struct running *running)
{
	if (!running->ended)
		return false;
	return ssh_channel_is_eof(running->channel) || ssh_channel_is_closed(running->channel) ||
	       clock_monotonic() > running->heard + QUIET;
}

/* As much of the input as the other side has room for now. */
static bool give_input(struct running *running)
{
	size_t left = running->command->input_len - running->sent;
	size_t room = ssh_channel_window_size(running->channel);
	int sent;

	if (running->input_ended)
		return true;
	if (left == 0) {
		running->input_ended = true;
		return ssh_channel_send_eof(running->channel) == SSH_OK;
	}
	if (room == 0)
		return true;
	left = left < room ? left : room;
	sent = ssh_channel_write(running->channel, running->command->input + running->sent,
				 left < PIECE ? (uint32_t)left : PIECE);
	running->sent += sent > 0 ? (size_t)sent : 0;
	return sent >= 0;
}

static bool is_waiting_to_write(const struct running *running)
{
	return !running->input_ended && ssh_channel_window_size(running->channel) > 0;
}

/* Until it is over; -1: lost, or late. */
static int follow(struct running *running, enum ssh_failure *failure)
{
	while (!is_over(running)) {
		if (clock_monotonic() > running->login->deadline)
			return fail(failure, SSH_FAILURE_LATE);
		/* one that ended without reading all its input is no failure of ours */
		if (!running->ended && !ssh_channel_is_closed(running->channel) &&
		    !give_input(running))
			running->input_ended = true;
		if (ssh_event_dopoll(running->event, is_waiting_to_write(running) ? 0 : TICK) ==
		    SSH_ERROR || !ssh_is_connected(running->login->session))
			return running->ended ? 0 : fail(failure, SSH_FAILURE_LOST);
		/* closed without a word of how: there is nobody left to say it */
		if (ssh_channel_is_closed(running->channel) && !running->ended)
			return fail(failure, SSH_FAILURE_LOST);
	}
	return 0;
}

static int start(struct running *running, enum ssh_failure *failure)
{
	struct ssh_login *login = running->login;
	bool late = false;
	int result;

	while ((result = ssh_channel_open_session(running->channel)) == SSH_AGAIN && !late)
		late = !wait_for_peer(login);
	if (result == SSH_OK)
		while ((result = ssh_channel_request_exec(running->channel,
							  running->command->line)) == SSH_AGAIN &&
		       !late)
			late = !wait_for_peer(login);
	if (result == SSH_OK)
		return 0;
	return fail(failure, late ? SSH_FAILURE_LATE : SSH_FAILURE_LOST);
}

static int start_and_follow(struct running *running, enum ssh_failure *failure)
{
	struct ssh_channel_callbacks_struct callbacks = {
		.userdata = running, .channel_data_function = take_output,
		.channel_exit_status_function = take_status,
		.channel_exit_signal_function = take_signal,
	};
	int result;

	ssh_callbacks_init(&callbacks);
	if (!running->channel || !running->event ||
	    ssh_set_channel_callbacks(running->channel, &callbacks) != SSH_OK)
		return fail(failure, SSH_FAILURE_LOST);
	if (start(running, failure) < 0)
		return -1;
	ssh_event_add_session(running->event, running->login->session);
	result = follow(running, failure);
	ssh_event_remove_session(running->event, running->login->session);
	ssh_remove_channel_callbacks(running->channel, &callbacks);
	return result;
}

int ssh_login_run(struct ssh_login *login, struct ssh_command *command, enum ssh_failure *failure,
		  struct error *err)
{
	struct running running = {
		.login = login, .command = command, .heard = clock_monotonic(),
		.channel = ssh_channel_new(login->session), .event = ssh_event_new(),
	};
	char duration[NUMBER_TEXT];
	int result;

	*failure = SSH_FAILURE_NONE;
	command->status = -1;
	memset(command->signal, 0, sizeof(command->signal));
	login->deadline = clock_monotonic() + command->seconds;
	result = start_and_follow(&running, failure);
	ssh_event_free(running.event);
	ssh_channel_free(running.channel);
	if (*failure == SSH_FAILURE_LATE)
		error_set(err, ERROR_COMMAND, "did not end within %s",
			  number_format_duration(command->seconds, duration));
	else if (result < 0)
		error_set(err, ERROR_COMMAND, "the connection was lost while it ran");
	return result;
}
