/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * folder.h - a folder in TMPDIR for the files that a fuzz target's input becomes
 *
 *	if (!*folder)
 *		folder_make();
 *	folder_put("/etc/pve/.vmlist", data, size);
 *
 * It goes away with the process.  A fuzzer that runs for long wants TMPDIR=/dev/shm.
 */
#ifndef FUZZ_FOLDER_H
#define FUZZ_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];

static inline int folder_remove_one(const char *path, const struct stat *status, int flag,
				    struct FTW *ftw)
{
	(void)status, (void)flag, (void)ftw;
	return remove(path);
}

static inline void folder_remove(void)
{
	nftw(folder, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void folder_make(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/fuzz.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		abort();
	atexit(folder_remove);
}

/* name, "/run/dm/info", with the folder in front; until the next call. */
static inline const char *folder_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", folder, name);
	return path;
}

static inline int folder_create(const char *name)
{
	return open(folder_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static inline void folder_make_parents(const char *name)
{
	char path[PATH_MAX], *slash = path + strlen(folder);

	snprintf(path, sizeof(path), "%s%s", folder, name);
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static inline void folder_put(const char *name, const void *data, size_t size)
{
	int fd = folder_create(name);

	if (fd < 0) {
		folder_make_parents(name);
		fd = folder_create(name);
	}
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

#endif
