/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/clock.h"
#include "edge/secret.h"
#include "model/record.h"

enum {
	TICK = 20,		/* ms between two looks at whether it has ended */
	PATIENCE = 2,		/* s between TERM and KILL */
	LINE_MAX_LEN = 1024,	/* bytes of a line that are looked at together */
	COMPLAINT_MAX = 300,	/* bytes quoted of its first complaint */
	AT_ONCE = 64 << 10,	/* bytes of output between two looks at the clock */
	PART = 16,		/* so many bytes of the key in a row are a part of it */
};

struct sinking {
	const struct secret *key;
	char *program;
	pid_t pid;
	int key_end[2];		/* we keep the end to read from too: see what is left, no SIGPIPE */
	int output_end[2], output;
	size_t given;		/* bytes of the key */
	char line[LINE_MAX_LEN];
	size_t line_len;
	char complaint[COMPLAINT_MAX];
	double deadline;
	int signals;		/* sent so far */
	int status;
};

/* --- what it prints --- */

/* The first and the last line of a key, which say that it is one, are no secret. */
static bool holds_key(const struct secret *key, const char *line, size_t len)
{
	const char *body = strchr(key->text, '\n');

	for (body = body ? body + 1 : key->text; *body && *body != '-'; body++) {
		if (strcspn(body, "\n") < PART)
			continue;
		if (memmem(line, len, body, PART))
			return true;
	}
	return false;
}

static void end_line(struct sinking *sinking)
{
	static const char hidden[] = "(a line with a part of the key is not shown)\n";
	size_t len = sinking->line_len, shown = len;

	shown -= len && sinking->line[len - 1] == '\n';
	if (holds_key(sinking->key, sinking->line, len)) {
		file_write(sinking->output, hidden, sizeof(hidden) - 1);
	} else {
		file_write(sinking->output, sinking->line, len);
		if (!sinking->complaint[0] && shown)
			memcpy(sinking->complaint, sinking->line,
			       shown < COMPLAINT_MAX ? shown : COMPLAINT_MAX - 1);
	}
	sinking->line_len = 0;
}

/* false once there is nothing more for now. */
static bool take_output(struct sinking *sinking)
{
	char byte;
	ssize_t got = read(sinking->output_end[0], &byte, 1);

	if (got != 1)
		return got < 0 && errno == EINTR;
	sinking->line[sinking->line_len++] = byte;
	if (byte == '\n' || sinking->line_len == LINE_MAX_LEN)
		end_line(sinking);
	return true;
}

/* --- the program --- */

/* The first that is there and may be executed; NULL: none.  Caller frees. */
static char *find_program(const char *name)
{
	const char *place = getenv("PATH");
	size_t len;

	if (*name == '/')
		return memory_copy(name);
	if (strchr(name, '/') || !place)
		return NULL;
	for (;; place += len + 1) {
		CLEANUP(scope_free) char *path = NULL;
		struct stat found;

		len = strcspn(place, ":");
		path = memory_print("%.*s/%s", (int)len, place, name);
		if (*path == '/' && stat(path, &found) == 0 && S_ISREG(found.st_mode) &&
		    access(path, X_OK) == 0)
			return memory_copy(path);
		if (!place[len])
			return NULL;
	}
}

static void __attribute__((noreturn))
execute(const struct sinking *sinking, const struct strvec *argv)
{
	static const char complaint[] = "cannot be run: ";
	sigset_t none;

	dup2(sinking->key_end[0], STDIN_FILENO);
	dup2(sinking->output_end[1], STDOUT_FILENO);
	dup2(sinking->output_end[1], STDERR_FILENO);
	closefrom(STDERR_FILENO + 1);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(sinking->program, argv->items);
	file_write(STDERR_FILENO, complaint, sizeof(complaint) - 1);
	file_write(STDERR_FILENO, strerror(errno), strlen(strerror(errno)));
	_exit(127);
}

/* Not at the places that are to be filled, should 0 to 2 be closed. */
static int make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		int away = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		close(ends[i]);
		ends[i] = away;
	}
	return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static int start(struct sinking *sinking, const struct strvec *argv, struct error *err)
{
	sinking->program = find_program(argv->items[0]);
	if (!sinking->program)
		return error_set(err, ERROR_COMMAND, "%s: is not found on PATH; give its whole path",
				 argv->items[0]);
	if (make_pipe(sinking->key_end) < 0 || make_pipe(sinking->output_end) < 0)
		return error_set_errno(err, "%s: no pipe", argv->items[0]);
	fcntl(sinking->key_end[1], F_SETFL, O_NONBLOCK);
	fcntl(sinking->output_end[0], F_SETFL, O_NONBLOCK);
	sinking->pid = fork();
	if (sinking->pid == 0)
		execute(sinking, argv);
	scope_close(&sinking->output_end[1]);
	sinking->output_end[1] = -1;
	return sinking->pid < 0 ? error_set_errno(err, "%s: no process", argv->items[0]) : 0;
}

static void give_key(struct sinking *sinking)
{
	ssize_t done;

	if (sinking->key_end[1] < 0)
		return;
	done = write(sinking->key_end[1], sinking->key->text + sinking->given,
		     sinking->key->len - sinking->given);
	sinking->given += done > 0 ? (size_t)done : 0;
	if (sinking->given < sinking->key->len)
		return;
	close(sinking->key_end[1]);
	sinking->key_end[1] = -1;
}

/* TERM at the deadline, then KILL. */
static void press(struct sinking *sinking)
{
	if (clock_monotonic() < sinking->deadline)
		return;
	kill(sinking->pid, sinking->signals++ ? SIGKILL : SIGTERM);
	sinking->deadline = clock_monotonic() + PATIENCE;
}

/* Until the program ends; not until its output does, which a daemon may hold. */
static void follow(struct sinking *sinking)
{
	bool ended;

	do {
		struct pollfd poller = { .fd = sinking->output_end[0], .events = POLLIN };

		give_key(sinking);
		if (poll(&poller, 1, TICK) > 0 && !(poller.revents & POLLIN))
			nanosleep(&(struct timespec){ .tv_nsec = TICK * 1000000 }, NULL);
		ended = waitpid(sinking->pid, &sinking->status, WNOHANG) == sinking->pid;
		for (int i = 0; i < AT_ONCE && take_output(sinking); i++)
			;
		if (!ended)
			press(sinking);
	} while (!ended);
	if (sinking->line_len)
		end_line(sinking);
}

static int judge(const struct sinking *sinking, const char *name, double seconds, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf how = STRBUF_INIT;
	int unread = 0;

	if (sinking->signals)
		return error_set(err, ERROR_COMMAND, "%s: did not end within %.0f s and was stopped",
				 name, seconds);
	if (sinking->status != 0) {
		record_describe_status(sinking->status, &how);
		return error_set(err, ERROR_COMMAND, "%s: %s%s%s", name, how.buf,
				 sinking->complaint[0] ? ": " : "", sinking->complaint);
	}
	ioctl(sinking->key_end[0], FIONREAD, &unread);
	if (unread > 0 || sinking->given < sinking->key->len)
		return error_set(err, ERROR_COMMAND, "%s: exit status 0, but it did not read the key "
						     "from its stdin", name);
	return 0;
}

int sink_run(const struct strvec *argv, const struct secret *key, int output, double seconds,
	     struct error *err)
{
	struct sinking sinking = {
		.key = key, .key_end = { -1, -1 }, .output_end = { -1, -1 }, .output = output,
		.deadline = clock_monotonic() + seconds,
	};
	int result = start(&sinking, argv, err);

	if (result == 0) {
		follow(&sinking);
		result = judge(&sinking, argv->items[0], seconds, err);
	}
	for (int i = 0; i < 2; i++) {
		scope_close(&sinking.key_end[i]);
		scope_close(&sinking.output_end[i]);
	}
	free(sinking.program);
	explicit_bzero(sinking.line, sizeof(sinking.line));
	return result;
}

/* --- a file --- */

/* The folder of path, if nobody else can put files there; -1 if not. */
static int open_folder(const char *path, struct error *err)
{
	CLEANUP(scope_free) char *folder = memory_copy(path);
	CLEANUP(scope_close) int fd = -1;
	struct stat status;
	int result;

	strrchr(folder, '/')[1] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, "%s", folder);
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) ||
	    (status.st_uid != 0 && status.st_uid != geteuid()))
		return error_set(err, ERROR_REFUSED, "%s: others can put files there; a private key "
						     "wants a folder of root's own (chmod go-w)",
						     folder);
	result = fd;
	fd = -1;
	return result;
}

static int write_key(int fd, const struct secret *key)
{
	return file_write(fd, key->text, key->len) < 0 || fchmod(fd, 0600) < 0 || fsync(fd) < 0 ?
		       -1 : 0;
}

int sink_write(const char *path, const struct secret *key, struct error *err)
{
	CLEANUP(scope_close) int folder = -1, fd = -1;
	const char *name;

	if (*path != '/')
		return error_set(err, ERROR_SPEC, "%s: is no absolute path", path);
	name = strrchr(path, '/') + 1;
	folder = open_folder(path, err);
	if (folder < 0)
		return -1;
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_REFUSED, "%s: is there already, and is never replaced; "
						     "move it away, or give another place", path);
	if (fd < 0)
		return error_set_errno(err, "%s: cannot be made", path);
	if (write_key(fd, key) == 0 && fsync(folder) == 0)
		return 0;
	error_set_errno(err, "%s: cannot be written", path);
	unlinkat(folder, name, 0);
	return -1;
}
