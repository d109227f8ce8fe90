/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sysroot.h - a folder that stands in front of every path of a node, for one test
 *
 *	static void set_up(void)
 *	{
 *		sysroot_make();
 *		sysroot_put("/proc/uptime", "2000.50 3900.10\n");
 *	}
 *
 *	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
 *
 * and then pvefs_read_node(sysroot, …).
 */
#ifndef TEST_SYSROOT_H
#define TEST_SYSROOT_H

#include <check.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char sysroot[64];

static inline void sysroot_make(void)
{
	snprintf(sysroot, sizeof(sysroot), "/tmp/sysroot.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(sysroot));
}

static inline int sysroot_remove_one(const char *path, const struct stat *status, int flag,
				     struct FTW *ftw)
{
	(void)status, (void)flag, (void)ftw;
	return remove(path);
}

static inline void sysroot_remove(void)
{
	nftw(sysroot, sysroot_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* name with the folder in front; until the next call. */
static inline const char *sysroot_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", sysroot, name);
	return path;
}

/* All folders above name. */
static inline void sysroot_make_parents(const char *name)
{
	char path[PATH_MAX], *slash = path + strlen(sysroot);

	snprintf(path, sizeof(path), "%s%s", sysroot, name);
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static inline void sysroot_put_bytes(const char *name, const char *data, size_t len)
{
	FILE *file;

	sysroot_make_parents(name);
	file = fopen(sysroot_path(name), "w");
	ck_assert_msg(file, "%s", sysroot_path(name));
	fwrite(data, 1, len, file);
	fclose(file);
}

static inline void sysroot_put(const char *name, const char *text)
{
	sysroot_put_bytes(name, text, strlen(text));
}

#endif
