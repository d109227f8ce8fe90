/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
