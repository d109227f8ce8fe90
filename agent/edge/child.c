/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edge/child_exec.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"

static int open_output(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_SYSTEM,
				 "%s is there already, and may be the record of an earlier step; "
				 "move it away, then run the same command again",
				 path);
	if (fd < 0)
		return error_set_errno(err, "%s: cannot be made for the output of a step", path);
	/* whatever the umask took away */
	fchmod(fd, 0600);
	return fd;
}

static int check_start(struct child *child, struct error *err)
{
	child->start = child_start_time(child->pid);
	if (child->start)
		return 0;
	/* without its start time nobody could tell it from a later process */
	child_release_fds(child);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return error_set(err, ERROR_SYSTEM, "/proc/%d/stat cannot be read; is /proc mounted?",
			 (int)child->pid);
}

/* A file in memory alone, at its start; or /dev/null. */
static int open_input(const char *text, struct error *err)
{
	CLEANUP(scope_close) int fd = text ? memfd_create("input", MFD_CLOEXEC) :
					     open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t len = text ? strlen(text) : 0;
	int result;

	if (fd < 0 || (text && (write(fd, text, len) != (ssize_t)len ||
				lseek(fd, 0, SEEK_SET) != 0)))
		return error_set_errno(err, "no input could be made for a step");
	result = fd;
	fd = -1;
	return result;
}

/* A program, or work of ours. */
static int prepare(struct child *child, const struct strvec *argv, const struct child_work *work,
		   const char *input, const char *output, struct error *err)
{
	CLEANUP(scope_close) int in = open_input(input, err);
	CLEANUP(scope_close) int fd = in < 0 ? -1 : open_output(output, err);
	int result;

	*child = (struct child)CHILD_INIT;
	if (fd < 0)
		return -1;
	if (child_exec_fork(child, argv, work, in, fd, fd) < 0)
		result = error_set_errno(err, "%s: no process could be made for it",
					 argv ? argv->items[0] : "a step");
	else
		result = check_start(child, err);
	if (result == 0)
		return 0;
	unlink(output);
	*child = (struct child)CHILD_INIT;
	return -1;
}

int child_prepare(struct child *child, const struct strvec *argv, const char *input,
		  const char *output, struct error *err)
{
	return prepare(child, argv, NULL, input, output, err);
}

int child_prepare_work(struct child *child, const struct child_work *work, const char *output,
		       struct error *err)
{
	/* what we have printed and not yet written would be written twice */
	fflush(NULL);
	return prepare(child, NULL, work, NULL, output, err);
}

int child_release(struct child *child, struct error *err)
{
	ssize_t sent;

	/* a socket, so that a child that was killed as it waited is no SIGPIPE for us */
	do
		sent = send(child->gate, "", 1, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		error_set_errno(err, "process %d cannot be let go", (int)child->pid);
	close(child->gate);
	child->gate = -1;
	return sent < 0 ? -1 : 0;
}

bool child_reap(struct child *child)
{
	int status;
	pid_t pid;

	if (child->ended)
		return true;
	pid = waitpid(child->pid, &status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	/* no such child: it ended, and how has been told to somebody else */
	child->status = pid < 0 ? -1 : status;
	child->exec_errno = child_exec_failure(child);
	child->ended = true;
	child_release_fds(child);
	return true;
}

void child_release_fds(struct child *child)
{
	scope_close(&child->gate);
	scope_close(&child->failure);
	child->gate = child->failure = -1;
}

/*
 * The state letter and the start time of a process.  The second field is its
 * name in parentheses, and a name may hold blanks and parentheses itself.
 */
static bool read_stat(pid_t pid, char *state, uint64_t *start_time)
{
	char path[NUMBER_TEXT + sizeof("/proc//stat")];
	char text[1024];
	CLEANUP(scope_close) int fd = -1;
	unsigned long long ticks;
	const char *after;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
					"%*s %*s %*s %*s %*s %llu", state, &ticks) != 2)
		return false;
	*start_time = ticks;
	return true;
}

bool child_is_alive(pid_t pid, uint64_t start_time)
{
	uint64_t found;
	char state;

	if (pid <= 0 || start_time == 0 || !read_stat(pid, &state, &found))
		return false;
	return found == start_time && state != 'Z' && state != 'X';
}

uint64_t child_start_time(pid_t pid)
{
	uint64_t found;
	char state;

	return pid > 0 && read_stat(pid, &state, &found) ? found : 0;
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/*
 * Where to begin in a window cut out of a file, whose first byte only tells what
 * stands before: after the first line's end.  Of one endless line, at its first
 * whole character.
 */
static size_t skip_torn_line(const char *window, size_t len)
{
	size_t i = 0;

	while (i < len && !is_line_end(window[i]))
		i++;
	if (i + 1 < len && window[i] == '\r' && window[i + 1] == '\n')
		i++;
	if (i + 1 < len)
		return i + 1;
	for (i = 1; i < len && ((unsigned char)window[i] & 0xC0) == 0x80; i++)
		;
	return i;
}

/* A progress bar's carriage returns end lines; a NUL would end the text. */
static void add_lines(const char *from, size_t len, struct strbuf *text)
{
	for (size_t i = 0; i < len; i++) {
		if (from[i] == '\r' && i + 1 < len && from[i + 1] == '\n')
			continue;
		if (from[i])
			strbuf_addch(text, from[i] == '\r' ? '\n' : from[i]);
	}
}

void child_tail(const char *path, size_t max, struct strbuf *text)
{
	CLEANUP(scope_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP(scope_free) char *window = NULL;
	size_t begin = 0, size;
	struct stat file;
	ssize_t len;

	if (fd < 0 || fstat(fd, &file) < 0 || !S_ISREG(file.st_mode) || file.st_size == 0)
		return;
	/* one byte more than asked for, see skip_torn_line */
	size = (uint64_t)file.st_size > max ? max + 1 : (size_t)file.st_size;
	window = memory_new(size, 1);
	len = pread(fd, window, size, file.st_size - (off_t)size);
	if (len <= 0)
		return;
	if (size > max)
		begin = skip_torn_line(window, (size_t)len);
	add_lines(window + begin, (size_t)len - begin, text);
}

char *child_boot_id(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (file_read("/proc/sys/kernel/random/boot_id", &text) < 0)
		return NULL;
	text.buf[strcspn(text.buf, "\n")] = '\0';
	return strbuf_detach(&text);
}
