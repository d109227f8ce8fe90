/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/guest_part.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "edge/clock.h"
#include "edge/ssh.h"

enum {
	ONE_LOGIN = 10,		/* s for a single attempt */
	LAST_LOGIN = 3,		/* s for it at least, so that it says more than that time is over */
	PAUSE = 1,		/* s between two */
	PAUSE_REFUSED = 5,	/* s after a refused key: sshd locks out who tries more often */
	OUTPUT_KEPT = 64 << 10,	/* bytes */
	LONGEST_LINE = 4096,
};

void guest_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void guest_pause(double seconds)
{
	time_t whole = (time_t)seconds;

	nanosleep(&(struct timespec){ .tv_sec = whole,
				      .tv_nsec = (long)((seconds - (double)whole) * 1e9) }, NULL);
}

/* --- the login --- */

static int try_login(struct guest *guest, double left, enum ssh_failure *failure, struct error *err)
{
	struct ssh_target target = {
		.address = guest->job->address, .port = guest->job->port, .user = guest->job->user,
		.pair = guest->job->key, .host_key = guest->host_key,
		.seconds = left > ONE_LOGIN ? ONE_LOGIN : left < LAST_LOGIN ? LAST_LOGIN : left,
	};

	if (ssh_login_open(&target, &guest->login, failure, err) < 0)
		return -1;
	if (!guest->host_key)
		guest->host_key = memory_copy(ssh_login_host_key(guest->login));
	guest_say("logged in at %s as %s; host key %s", target.address, target.user,
		  guest->host_key);
	return 0;
}

int guest_connect(struct guest *guest, struct error *err)
{
	const struct guest_job *job = guest->job;
	double limit = job->ssh_seconds * job->time_scale, deadline = clock_monotonic() + limit;
	char duration[NUMBER_TEXT];
	struct error why = { 0 }, told = { 0 };
	enum ssh_failure failure;

	while (try_login(guest, deadline - clock_monotonic(), &failure, &why) < 0) {
		double pause = failure == SSH_FAILURE_KEY_REFUSED ? PAUSE_REFUSED : PAUSE;

		if (failure == SSH_FAILURE_OTHER_HOST)
			return error_set(err, why.kind, "%s: %s", job->address, why.text);
		if (clock_monotonic() + pause * job->time_scale >= deadline)
			return error_set(err, ERROR_COMMAND, "no login at %s within %s: %s",
					 job->address, number_format_duration(limit, duration),
					 why.text);
		if (strcmp(why.text, told.text) != 0)
			guest_say("waiting for SSH at %s: %s", job->address, why.text);
		told = why;
		guest_pause(pause * job->time_scale);
	}
	return 0;
}

void guest_disconnect(struct guest *guest)
{
	ssh_login_close(&guest->login);
}

/* --- commands --- */

/* Lines as they are completed; the end of an endless one counts as its end. */
struct follower {
	struct guest_command *command;
	struct strbuf line;
	char before;		/* the last byte: CR and LF together end one line */
};

static void tell_line(struct follower *follower)
{
	if (!follower->command->quiet)
		guest_say("%s", follower->line.buf);
	strbuf_reset(&follower->line);
}

static void take_output(void *context, const char *data, size_t len)
{
	struct follower *follower = context;
	struct strbuf *output = &follower->command->output;

	for (size_t i = 0; i < len; i++) {
		if ((data[i] == '\n' && follower->before != '\r') || data[i] == '\r' ||
		    follower->line.len > LONGEST_LINE)
			tell_line(follower);
		if (data[i] && data[i] != '\n' && data[i] != '\r')
			strbuf_addch(&follower->line, data[i]);
		if (data[i])
			strbuf_addch(output, data[i]);
		follower->before = data[i];
	}
	if (output->len > 2 * OUTPUT_KEPT) {
		size_t away = output->len - OUTPUT_KEPT;

		memmove(output->buf, output->buf + away, OUTPUT_KEPT + 1);
		output->len = OUTPUT_KEPT;
	}
}

int guest_run(struct guest *guest, struct guest_command *command, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	struct follower follower = { .command = command, .line = STRBUF_INIT };
	enum ssh_failure failure;
	int result;
	struct ssh_command there = {
		.input = command->input, .input_len = command->input_len,
		.seconds = command->seconds, .output = take_output, .context = &follower,
	};

	strvec_quote(command->argv, &line);
	/* one stream, so that what it prints has the order in which it was printed */
	strbuf_adds(&line, " 2>&1");
	there.line = line.buf;
	strbuf_reset(&command->output);
	result = ssh_login_run(guest->login, &there, &failure, err);
	if (follower.line.len)
		tell_line(&follower);
	strbuf_release(&follower.line);
	command->status = there.status;
	if (result < 0) {
		guest->lost = failure == SSH_FAILURE_LOST;
		guest_disconnect(guest);
	}
	return result;
}

int guest_run_script(struct guest *guest, struct guest_command *command, bool root,
		     const char *script, const char *const *arguments, struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	if (root)
		strvec_push(&argv, "sudo");
	strvec_pushl(&argv, "sh", "-c", script, NULL);
	if (arguments)
		strvec_push(&argv, "sh");
	for (; arguments && *arguments; arguments++)
		strvec_push(&argv, *arguments);
	command->argv = &argv;
	return guest_run(guest, command, err);
}

/* The last line with something in it, "" if there is none. */
static const char *last_line(const struct strbuf *output, int *len)
{
	size_t end = output->len, begin;

	while (end > 0 && strchr("\r\n ", output->buf[end - 1]))
		end--;
	for (begin = end; begin > 0 && !strchr("\r\n", output->buf[begin - 1]); begin--)
		;
	*len = (int)(end - begin);
	return output->buf + begin;
}

int guest_judge(const struct guest_command *command, const char *what, struct error *err)
{
	int len;
	const char *line = last_line(&command->output, &len);

	if (command->status == 0)
		return 0;
	if (command->status < 0)
		return error_set(err, ERROR_COMMAND, "%s: ended by a signal%s%.*s", what,
				 len ? ": " : "", len, line);
	return error_set(err, ERROR_COMMAND, "%s: exit status %d%s%.*s", what, command->status,
			 len ? ": " : "", len, line);
}

void guest_command_release(struct guest_command *command)
{
	strbuf_release(&command->output);
}
