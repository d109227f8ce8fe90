/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/outputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"

struct removal {
	bool (*is_old)(const void *context, const struct outputs_file *file);
	const void *context;
	struct outputs_removed *removed;
};

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* No symlink; NULL with errno. */
static DIR *open_folder(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !folder)
		close(fd);
	return folder;
}

/* "RUN-STEP" as vyom writes it, and nothing else. */
static bool parse_file(const char *name, struct outputs_file *file)
{
	long long run, step;
	char again[48];

	if (sscanf(name, "%lld-%lld", &run, &step) != 2 || run < 1 || step < 1)
		return false;
	snprintf(again, sizeof(again), "%lld-%lld", run, step);
	file->run = run;
	file->step = step;
	return strcmp(name, again) == 0;
}

/* "output", or "output.TIME": then aside is not 0. */
static bool parse_folder(const char *name, double *aside)
{
	long long when = 0;
	char again[48] = "output";

	if (sscanf(name, "output.%lld", &when) == 1)
		snprintf(again, sizeof(again), "output.%lld", when);
	*aside = (double)when;
	return when >= 0 && strcmp(name, again) == 0;
}

static int remove_file(int folder, const char *name, double aside, const struct removal *removal)
{
	struct outputs_file file = { .aside = aside };
	struct stat found;

	if (!parse_file(name, &file) || fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(found.st_mode))
		return 0;
	file.written = (double)found.st_mtim.tv_sec;
	if (!removal->is_old(removal->context, &file))
		return 0;
	if (unlinkat(folder, name, 0) < 0)
		return -1;
	removal->removed->files++;
	removal->removed->bytes += (uint64_t)found.st_size;
	return 0;
}

static int remove_in_folder(int state, const char *path, const char *name, double aside,
			    const struct removal *removal, struct error *err)
{
	CLEANUP(close_folder) DIR *folder = open_folder(state, name);
	const struct dirent *entry;

	if (!folder)
		return error_set_errno(err, "%s/%s", path, name);
	while ((entry = readdir(folder)))
		if (remove_file(dirfd(folder), entry->d_name, aside, removal) < 0)
			return error_set_errno(err, "%s/%s/%s cannot be removed", path, name,
					       entry->d_name);
	if (aside > 0 && unlinkat(state, name, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY &&
	    errno != EEXIST)
		return error_set_errno(err, "%s/%s cannot be removed", path, name);
	return 0;
}

int outputs_remove(const char *root,
		   bool (*is_old)(const void *context, const struct outputs_file *file),
		   const void *context, struct outputs_removed *removed, struct error *err)
{
	const struct removal removal = { is_old, context, removed };
	CLEANUP(scope_free) char *path = memory_print("%s/var/lib/vyom", root);
	CLEANUP(close_folder) DIR *state = opendir(path);
	const struct dirent *entry;
	double aside;

	*removed = (struct outputs_removed){ 0 };
	if (!state)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", path);
	while ((entry = readdir(state)))
		if (parse_folder(entry->d_name, &aside) &&
		    remove_in_folder(dirfd(state), path, entry->d_name, aside, &removal, err) < 0)
			return -1;
	return 0;
}
