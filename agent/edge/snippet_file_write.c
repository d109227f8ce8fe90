/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/snippet_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/snippet_file_part.h"
#include "model/state.h"

enum { RANDOM_DIGITS = 16 };

/* Proxmox lists no file whose name begins with a dot. */
static char *beginning(const char *mark)
{
	return memory_print(".vyom-%s-", mark);
}

/* Nobody can have made it before us. */
static int make_beside(int folder, const char *mark, char **name, struct error *err)
{
	CLEANUP(scope_free) char *begin = beginning(mark);
	uint64_t number;
	int fd;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
		error_set_errno(err, "getrandom");
		return -1;
	}
	*name = memory_print("%s%0*" PRIx64, begin, RANDOM_DIGITS, number);
	fd = openat(folder, *name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	error_set_errno(err, "%s", *name);
	free(*name);
	*name = NULL;
	return -1;
}

static int fill(int folder, const struct snippet_file_write *write, char **name, struct error *err)
{
	CLEANUP(scope_close) int fd = make_beside(folder, write->mark, name, err);

	if (fd < 0)
		return -1;
	if (file_write(fd, write->text, strlen(write->text)) < 0 || fsync(fd) < 0)
		return error_set_errno(err, "%s", write->path);
	return 0;
}

/* Not every network file system has the first. */
static int put_where_none_is(int folder, const char *from, const char *to)
{
	if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(folder, from, folder, to, 0) < 0)
		return -1;
	return unlinkat(folder, from, 0);
}

static int put(int folder, const char *from, const char *to, const struct snippet_file_write *write,
	       bool there, struct error *err)
{
	int result = there ? renameat(folder, from, folder, to) :
			     put_where_none_is(folder, from, to);

	if (result == 0 && fsync(folder) == 0)
		return 0;
	if (errno == EEXIST)
		return error_set(err, ERROR_REFUSED, "%s was made by someone else meanwhile; it "
						     "stays as it is", write->path);
	return error_set_errno(err, "%s", write->path);
}

/* Once more what was planned with, as late as can be.  1: it is there already. */
static int look_again(const struct snippet_file_write *write, bool *there, struct error *err)
{
	struct state_snippet now = {
		.volid = (char *)write->volid, .path = (char *)write->path, .text = STRBUF_INIT,
	};
	CLEANUP(scope_free) char *hindrance = NULL;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	snippet_file_look(write->root, &now);
	hindrance = now.hindrance;
	text = now.text;
	*there = now.there;
	if (hindrance)
		return error_set(err, ERROR_REFUSED, "%s", hindrance);
	if (now.there && strcmp(now.digest, write->digest) == 0)
		return 1;
	if (now.there && (!write->before || strcmp(now.digest, write->before) != 0))
		return error_set(err, ERROR_REFUSED, "%s was changed by someone else meanwhile; it "
						     "stays as it is", write->path);
	return 0;
}

static int write_beside(int folder, const char *name, const struct snippet_file_write *write,
			char **beside, struct error *err)
{
	bool there;
	int done;

	if (fill(folder, write, beside, err) < 0)
		return -1;
	done = look_again(write, &there, err);
	if (done)
		return done;
	return put(folder, *beside, name, write, there, err) < 0 ? -1 : 0;
}

int snippet_file_write(const struct snippet_file_write *write, struct error *err)
{
	const char *name;
	CLEANUP(scope_close) int folder = snippet_file_open_folder(write->root, write->path, &name);
	CLEANUP(scope_free) char *beside = NULL;
	int result;

	if (folder < 0)
		return error_set_errno(err, "%s", write->path);
	result = write_beside(folder, name, write, &beside, err);
	if (result && beside)
		unlinkat(folder, beside, 0);
	return result < 0 ? -1 : 0;
}

static bool is_left_by(const char *name, const char *begin)
{
	size_t len = strlen(begin);

	return strncmp(name, begin, len) == 0 &&
	       strspn(name + len, "0123456789abcdef") == RANDOM_DIGITS &&
	       name[len + RANDOM_DIGITS] == '\0';
}

void snippet_file_sweep(const char *root, const char *path, const char *mark)
{
	CLEANUP(scope_free) char *begin = beginning(mark);
	const char *name;
	int folder = snippet_file_open_folder(root, path, &name);
	DIR *dir = folder < 0 ? NULL : fdopendir(folder);
	struct dirent *entry;

	if (!dir && folder >= 0)
		close(folder);
	while (dir && (entry = readdir(dir)))
		if (is_left_by(entry->d_name, begin))
			unlinkat(folder, entry->d_name, 0);
	if (dir)
		closedir(dir);
}
