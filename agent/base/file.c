/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"

/* Most of what is read fits, and a config of pmxcfs must (pve-facts 5.10). */
enum { FILE_ROOM = 128 << 10 };

/* A buffer filled to its end may be too small: begin again with a larger one. */
static int read_from(int fd, struct strbuf *text)
{
	ssize_t len;

	strbuf_reserve(text, FILE_ROOM);
	while ((len = pread(fd, text->buf, text->room - 1, 0)) == (ssize_t)text->room - 1)
		strbuf_reserve(text, text->room);
	if (len < 0)
		return -1;
	text->len = (size_t)len;
	text->buf[len] = '\0';
	return 0;
}

int file_read(const char *path, struct strbuf *text)
{
	CLEANUP(scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int failed;

	strbuf_reset(text);
	if (fd < 0)
		return -1;
	if (read_from(fd, text) == 0)
		return 0;
	failed = errno;
	strbuf_reset(text);
	errno = failed;
	return -1;
}

/* Small enough to be hashed out of the cache of the core that read it. */
enum { DIGEST_CHUNK = 128 << 10 };

int file_digest(int fd, uint64_t size, void (*progress)(void *context, uint64_t done),
		void *context, char text[DIGEST_SHA256_TEXT], struct error *err)
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	CLEANUP(scope_free) void *chunk = memory_new(DIGEST_CHUNK, 1);
	uint64_t done = 0;

	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (done < size) {
		size_t want = size - done < DIGEST_CHUNK ? (size_t)(size - done) : DIGEST_CHUNK;
		ssize_t got = pread(fd, chunk, want, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "cannot be read at byte %" PRIu64, done);
		if (got == 0)
			return error_set(err, ERROR_SYSTEM,
					 "ends after %" PRIu64 " of %" PRIu64 " bytes; it was cut "
					 "short", done, size);
		digest_add(digest, chunk, (size_t)got);
		done += (uint64_t)got;
		if (progress && (done % (16 * MIB) < (uint64_t)got || done == size))
			progress(context, done);
	}
	digest_finish(digest, text);
	return 0;
}

int file_write(int fd, const void *data, size_t len)
{
	const char *rest = data;

	while (len) {
		ssize_t done = write(fd, rest, len);

		if (done < 0 && errno != EINTR)
			return -1;
		rest += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

/* Root could change anything anyway; who has become root by sudo means their own files too. */
static bool is_trusted(uid_t owner)
{
	const char *user = getenv("SUDO_UID");
	uint64_t uid;

	if (owner == 0 || owner == geteuid())
		return true;
	return geteuid() == 0 && user && number_parse_unsigned(user, 0, UINT32_MAX, &uid) &&
	       owner == (uid_t)uid;
}

static int judge(const struct stat *found, struct error *err)
{
	if (!S_ISREG(found->st_mode))
		return error_set(err, ERROR_REFUSED, "is no file but a %s; give a file",
				 S_ISDIR(found->st_mode) ? "folder" : "pipe or device");
	if (!is_trusted(found->st_uid))
		return error_set(err, ERROR_REFUSED,
				 "belongs to user %u, neither to root nor to who runs this; if you "
				 "trust what is in it: chown root",
				 (unsigned)found->st_uid);
	if (found->st_mode & S_IWOTH)
		return error_set(err, ERROR_REFUSED, "can be written by everybody; if you trust "
						     "what is in it: chmod o-w");
	return 0;
}

int file_open_trusted(const char *path, struct error *err)
{
	/* judged before it is opened, since opening a device may do something */
	CLEANUP(scope_close) int found = open(path, O_PATH | O_CLOEXEC);
	char name[40];
	struct stat status;
	int fd;

	if (found < 0 || fstat(found, &status) < 0)
		return error_set_errno(err, "cannot be read");
	if (judge(&status, err) < 0)
		return -1;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? error_set_errno(err, "cannot be read") : fd;
}
