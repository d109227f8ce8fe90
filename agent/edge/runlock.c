/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/runlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"

static char *lock_path(const char *root)
{
	return memory_print("%s/run/lock/vyom.lock", root);
}

/* "vyom apply, pid 4711, by root since 2026-01-18 12:03:11" */
static void write_holder(int fd, const char *verb)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const char *user = getenv("SUDO_USER");
	time_t now = time(NULL);
	struct tm local;
	char when[32];

	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
	strbuf_addf(&text, "vyom %s, pid %d, by %s since %s\n", verb, getpid(),
		    user ? user : "root", when);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text.buf, text.len, 0) < 0) {
		/* the lock holds all the same; only its label is missing */
	}
}

static int set_busy(int fd, struct error *err)
{
	char holder[160];
	ssize_t len = pread(fd, holder, sizeof(holder) - 1, 0);

	if (len < 0)
		len = 0;
	holder[len] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	for (char *c = holder; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return error_set(err, ERROR_BUSY,
			 "another run holds this node: %s; wait for it, or say --wait SECONDS",
			 *holder ? holder : "(it did not say who)");
}

static bool lock_within(int fd, unsigned seconds)
{
	const struct timespec tick = { .tv_nsec = 100 * 1000 * 1000 };

	for (unsigned ticks = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ticks++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		/* a verify holds it for an instant to look: two ticks outlast that */
		if (ticks >= seconds * 10 + 2)
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}

/* The folder is everybody's: a lock that somebody else made could be held against us for good. */
static int judge_owner(int fd, const char *path, struct error *err)
{
	struct stat file;

	if (fstat(fd, &file) < 0)
		return error_set_errno(err, "%s", path);
	if (!S_ISREG(file.st_mode))
		return error_set(err, ERROR_REFUSED, "%s is no file: remove it, then run vyom again",
				 path);
	if (file.st_uid == geteuid() || file.st_uid == 0)
		return 0;
	return error_set(err, ERROR_REFUSED,
			 "%s belongs to user %u, who may hold it as long as they like: remove it, "
			 "then run vyom again",
			 path, (unsigned)file.st_uid);
}

int runlock_take(const char *root, const char *verb, unsigned seconds, struct error *err)
{
	CLEANUP(scope_free) char *path = lock_path(root);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return error_set_errno(err, "%s", path);
	if (judge_owner(fd, path, err) < 0) {
		close(fd);
		return -1;
	}
	if (!lock_within(fd, seconds)) {
		set_busy(fd, err);
		close(fd);
		return -1;
	}
	write_holder(fd, verb);
	return fd;
}

bool runlock_is_held(const char *root)
{
	CLEANUP(scope_free) char *path = lock_path(root);
	CLEANUP(scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
