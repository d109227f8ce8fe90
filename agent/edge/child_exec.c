/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/child_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/child.h"
#include "base/scope.h"
#include "base/strvec.h"

enum {
	FD_GATE = 3,		/* in the child, until exec */
	FD_FAILURE,
	FD_FREE,		/* the first that is none of its own */
	STATUS_LEFT = 126,	/* nobody let it go */
	STATUS_NOT_EXECUTED = 127,
};

/* What the child needs, by the numbers it has before the fork. */
struct descriptors {
	int input, output, complaint, gate, failure;
};

/*
 * A Ctrl-C that came between fork and setsid was meant for us and waits here:
 * ignoring it for a moment throws it away.
 */
static void reset_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		sigaction(number, &ignore, NULL);
		sigaction(number, &standard, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Whatever its number was, each descriptor goes first above all the places that
 * are to be filled: the caller may have started with 0 to 2 closed.
 */
static int place_descriptors(const struct descriptors *own)
{
	const struct { int from, to, flags; } moves[] = {
		{ own->input,		STDIN_FILENO,	0 },
		{ own->output,		STDOUT_FILENO,	0 },
		{ own->complaint,	STDERR_FILENO,	0 },
		{ own->gate,		FD_GATE,	O_CLOEXEC },
		{ own->failure,		FD_FAILURE,	O_CLOEXEC },
	};
	enum { COUNT = sizeof(moves) / sizeof(moves[0]) };
	int away[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		away[i] = fcntl(moves[i].from, F_DUPFD_CLOEXEC, FD_FREE);
		if (away[i] < 0)
			return -1;
	}
	for (size_t i = 0; i < COUNT; i++)
		if (dup3(away[i], moves[i].to, moves[i].flags) < 0)
			return -1;
	/*
	 * Now, and not only at exec: while this child waits it must not hold the
	 * gate of another one open, which would then never learn that we died.
	 */
	closefrom(FD_FREE);
	return 0;
}

static void wait_for_release(void)
{
	ssize_t len;
	char byte;

	do
		len = read(FD_GATE, &byte, 1);
	while (len < 0 && errno == EINTR);
	if (len != 1)
		_exit(STATUS_LEFT);
}

static void __attribute__((noreturn)) give_up(int failure)
{
	int number = errno;

	if (write(failure, &number, sizeof(number)) < 0) {
		/* then the status alone has to tell it */
	}
	_exit(STATUS_NOT_EXECUTED);
}

/* Not exit(): what our stdio holds, and what is to be done at our end, is not the child's. */
static void __attribute__((noreturn)) do_work(const struct child_work *work)
{
	int status;

	close(FD_GATE);
	close(FD_FAILURE);
	signal(SIGPIPE, SIG_IGN);
	status = work->run(work->context);
	fflush(stdout);
	_exit(status);
}

static void __attribute__((noreturn))
execute(const struct descriptors *own, const struct strvec *argv, const struct child_work *work)
{
	static const char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", NULL
	};

	if (setsid() < 0 || place_descriptors(own) < 0)
		give_up(own->failure);
	reset_signals();
	wait_for_release();
	if (!argv)
		do_work(work);
	umask(022);	/* qm makes files that others must read: its task list, the guests' */
	execve(argv->items[0], argv->items, (char *const *)environment);
	give_up(FD_FAILURE);
}

/* Our handlers must not run in the child: no signal reaches it before reset_signals(). */
static pid_t fork_quietly(const struct descriptors *own, const struct strvec *argv,
			  const struct child_work *work)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		execute(own, argv, work);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

int child_exec_fork(struct child *child, const struct strvec *argv,
		    const struct child_work *work, int input, int output, int complaint)
{
	int gate[2] = { -1, -1 }, failure[2] = { -1, -1 }, saved;
	struct descriptors own = { .input = input, .output = output, .complaint = complaint };

	*child = (struct child)CHILD_INIT;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate) == 0 &&
	    pipe2(failure, O_CLOEXEC | O_NONBLOCK) == 0) {
		own.gate = gate[1];
		own.failure = failure[1];
		child->pid = fork_quietly(&own, argv, work);
	}
	saved = errno;
	scope_close(&gate[1]);
	scope_close(&failure[1]);
	child->gate = gate[0];
	child->failure = failure[0];
	if (child->pid > 0)
		return 0;
	child_release_fds(child);
	child->pid = 0;
	errno = saved;
	return -1;
}

int child_exec_failure(const struct child *child)
{
	int number;

	return read(child->failure, &number, sizeof(number)) == sizeof(number) ? number : 0;
}
