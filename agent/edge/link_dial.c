/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_part.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "edge/tcp.h"

enum {
	PATIENCE = 20,		/* looks at a ProxyCommand that was told to end */
	COMPLAINT_MAX = 300,	/* bytes of what it says that are shown */
};

/* --- a ProxyCommand --- */

/* What goes into the command was written by us, but for names: none may be more than a word. */
static bool is_word(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
				   ".:%@+-";

	return *text != '-' && text[strspn(text, good)] == '\0';
}

/* A session of its own: neither a Ctrl-C nor a question at the terminal is for it. */
static void __attribute__((noreturn)) run_proxy(const char *command, int fd, int complaint)
{
	const char *shell = getenv("SHELL");
	CLEANUP(scope_free) char *line =
		memory_print("%s%s", strncmp(command, "exec ", 5) == 0 ? "" : "exec ", command);
	sigset_t none;

	sigemptyset(&none);
	setsid();
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!shell || *shell != '/')
		shell = "/bin/sh";
	if (dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
	    dup2(complaint, STDERR_FILENO) >= 0)
		execl(shell, shell, "-c", line, NULL);
	_exit(127);
}

static enum link_step start_proxy(struct link *link)
{
	const char *host = link->conf.values[SSHCONF_HOST_NAME];
	const char *user = link->conf.values[SSHCONF_USER];
	int ends[2];

	if (!is_word(host) || !is_word(user) || !is_word(link->conf.alias))
		return link_fail(link, "its name or user has characters that are not given to a "
				       "ProxyCommand: %s@%s", user, host);
	link->proxy_complaint = memfd_create("proxy", MFD_CLOEXEC);
	if (link->proxy_complaint < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return link_fail(link, "no ProxyCommand can be started: %m");
	link->proxy = fork();
	if (link->proxy == 0)
		run_proxy(link->conf.values[SSHCONF_PROXY_COMMAND], ends[1], link->proxy_complaint);
	close(ends[1]);
	link->fd = ends[0];
	if (link->proxy > 0)
		return LINK_DONE;
	link->proxy = 0;
	return link_fail(link, "no ProxyCommand can be started: %m");
}

/* Asked to end, and made to if it does not. */
static void stop_proxy(pid_t pid)
{
	kill(-pid, SIGTERM);
	for (int i = 0; i < PATIENCE; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

const char *link_dial_complaint(struct link *link)
{
	char text[COMPLAINT_MAX + 1];
	ssize_t len = link->proxy_complaint < 0 ? 0 :
		      pread(link->proxy_complaint, text, COMPLAINT_MAX, 0);

	strbuf_reset(&link->tried);
	if (len <= 0)
		return link->tried.buf;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (ssize_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	strbuf_addf(&link->tried, "%.*s", (int)len, text);
	return link->tried.buf;
}

/* --- addresses --- */

static void note(struct link *link, const char *why)
{
	const struct sockaddr_storage *address = &link->addresses[link->address];
	char name[64];

	if (getnameinfo((const struct sockaddr *)address, sizeof(*address), name, sizeof(name),
			NULL, 0, NI_NUMERICHOST) != 0 ||
	    strcmp(name, link->conf.alias) == 0)
		strbuf_join(&link->tried, "; ", why);
	else
		strbuf_addf(&link->tried, "%s%s: %s", link->tried.len ? "; " : "", name, why);
}

/* Begin with the next address that lets us. */
static enum link_step dial_next(struct link *link)
{
	for (; link->address < link->address_count; link->address++) {
		const struct sockaddr_storage *address = &link->addresses[link->address];
		socklen_t len = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
				sizeof(struct sockaddr_in);

		link->fd = tcp_begin((const struct sockaddr *)address, len);
		link_allow(link, link->links->options.connect);
		if (link->fd >= 0)
			return LINK_WAIT;
		note(link, strerror(errno));
	}
	return link_fail(link, "it cannot be reached at port %u: %s", link->conf.port,
			 link->tried.buf);
}

static bool is_ready(int fd, short events)
{
	struct pollfd poller = { .fd = fd, .events = events };

	return poll(&poller, 1, 0) > 0;
}

static enum link_step look_up(struct link *link)
{
	const char *name = link->conf.values[SSHCONF_HOST_NAME];
	char duration[NUMBER_TEXT];

	if (!is_ready(link->resolve.fd, POLLIN))
		return !link_is_late(link) ? LINK_WAIT :
		       link_fail(link, "its address was not found within %s",
				 number_format_duration(link->links->options.connect, duration));
	link->address_count = resolve_finish(&link->resolve, link->addresses, &link->err);
	if (link->address_count < 0) {
		if (strcmp(name, link->conf.alias) != 0)
			error_prefix(&link->err, "%s", name);
		return LINK_FAILED;
	}
	link->dial = DIAL_CONNECT;
	return dial_next(link);
}

static enum link_step go_on(struct link *link)
{
	char duration[NUMBER_TEXT];
	int failed;

	if (is_ready(link->fd, POLLOUT)) {
		failed = tcp_result(link->fd);
		if (failed == 0)
			return LINK_DONE;
		note(link, strerror(failed));
	} else if (link_is_late(link)) {
		CLEANUP(scope_free)
		char *text = memory_print(
			"no answer within %s",
			number_format_duration(link->links->options.connect, duration));

		note(link, text);
	} else {
		return LINK_WAIT;
	}
	close(link->fd);
	link->fd = -1;
	link->address++;
	return dial_next(link);
}

enum link_step link_dial_step(struct link *link)
{
	if (link->jump)
		return link_relay_step(link);
	if (sshconf_is_set(&link->conf, SSHCONF_PROXY_COMMAND))
		return start_proxy(link);
	if (link->dial == DIAL_CONNECT)
		return go_on(link);
	if (link->dial == DIAL_BEGIN) {
		if (resolve_begin(&link->resolve, link->conf.values[SSHCONF_HOST_NAME],
				  link->conf.port) < 0)
			return link_fail(link, "its address cannot be looked up: %m");
		link_allow(link, link->links->options.connect);
		link->dial = DIAL_LOOK_UP;
	}
	return look_up(link);
}

void link_dial_release(struct link *link)
{
	resolve_release(&link->resolve);
	scope_close(&link->fd);
	scope_close(&link->proxy_complaint);
	link->fd = link->proxy_complaint = -1;
	if (link->proxy > 0)
		stop_proxy(link->proxy);
	link->proxy = 0;
}
