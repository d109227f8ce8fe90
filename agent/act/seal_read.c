/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/seal_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/child.h"
#include "edge/thin_dm.h"
#include "model/thin.h"

enum { LVCHANGE_SECONDS = 60 };

struct reading {
	const char *path;	/* as errors name it */
	int fd;
	bool sparse;		/* a file: it can tell where its holes are */
	char *block;		/* SEAL_BLOCK bytes */
	uint64_t size;
	const struct seal_progress *progress;
};

static void reading_close(struct reading *reading)
{
	scope_close(&reading->fd);
	free(reading->block);
}

/* flag -ay -K: as qm activates it for a clone; -K because a base is skipped else (pve-facts 8.3) */
static int set_active(const char *root, const struct thin_volume *volume, bool active,
		      struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf said = STRBUF_INIT;

	strvec_pushf(&argv, "%s/usr/sbin/lvchange", root);
	strvec_push(&argv, active ? "-ay" : "-an");
	if (active)
		strvec_push(&argv, "-K");
	strvec_pushf(&argv, "%s/%s", volume->vg, volume->name);
	return child_read(&argv, LVCHANGE_SECONDS, &said, err);
}

/*
 * On a node the path is LVM's symlink to the device; in a test's folder it is a file,
 * and no way out of there.
 */
static int open_volume(const char *root, struct reading *reading, struct error *err)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (*root ? O_NOFOLLOW : 0);
	struct stat found;
	off_t size;

	reading->fd = open(reading->path, flags);
	if (reading->fd < 0 || fstat(reading->fd, &found) < 0)
		return error_set_errno(err, "%s", reading->path);
	reading->sparse = *root && S_ISREG(found.st_mode);
	if (!S_ISBLK(found.st_mode) && !reading->sparse)
		return error_set(err, ERROR_REFUSED, "%s is no block device", reading->path);
	size = lseek(reading->fd, 0, SEEK_END);
	if (size < 0)
		return error_set_errno(err, "%s", reading->path);
	reading->size = (uint64_t)size;
	reading->block = memory_new(SEAL_BLOCK, 1);
	posix_fadvise(reading->fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(reading->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

/* A hole from offset to the end of its block at least? */
static bool is_hole(const struct reading *reading, uint64_t offset, size_t len)
{
	off_t data;

	if (!reading->sparse)
		return false;
	data = lseek(reading->fd, (off_t)offset, SEEK_DATA);
	return data < 0 ? errno == ENXIO : (uint64_t)data >= offset + len;
}

static int read_block(struct reading *reading, uint64_t offset, size_t len, struct error *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = pread(reading->fd, reading->block + done, len - done,
				    (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "%s: at byte %" PRIu64, reading->path,
					       offset + done);
		if (got == 0)
			return error_set(err, ERROR_SYSTEM, "%s: ends at byte %" PRIu64
					 " of %" PRIu64, reading->path, offset + done,
					 reading->size);
		done += (size_t)got;
	}
	posix_fadvise(reading->fd, (off_t)offset, (off_t)len, POSIX_FADV_DONTNEED);
	return 0;
}

static int read_blocks(struct reading *reading, struct seal *seal, struct error *err)
{
	for (uint64_t offset = 0; offset < reading->size; offset += SEAL_BLOCK) {
		uint64_t left = reading->size - offset;
		size_t len = left < SEAL_BLOCK ? (size_t)left : SEAL_BLOCK;

		if (!is_hole(reading, offset, len)) {
			if (read_block(reading, offset, len, err) < 0)
				return -1;
			seal_add_block(seal, offset / SEAL_BLOCK, reading->block, len);
		}
		if (reading->progress &&
		    !reading->progress->tell(reading->progress->context, offset + len,
					     reading->size))
			return error_set(err, ERROR_SYSTEM, "%s: reading it was stopped",
					 reading->path);
	}
	return 0;
}

static int read_content(const char *root, const struct thin_volume *volume,
			const struct seal_progress *progress, struct seal *seal, struct error *err)
{
	CLEANUP(scope_free) char *path = memory_print("%s/dev/%s/%s", root, volume->vg,
						      volume->name);
	CLEANUP(reading_close) struct reading reading = { .path = path, .fd = -1,
							  .progress = progress };

	if (open_volume(root, &reading, err) < 0)
		return -1;
	seal->size = reading.size;
	if (read_blocks(&reading, seal, err) < 0)
		return -1;
	seal_close(seal);
	return 0;
}

/* What device-mapper tells of it while it is active; released by the caller. */
static int look_at(const char *root, const struct thin_volume *volume, struct thin_volume *now,
		   struct error *err)
{
	*now = (struct thin_volume){ .vg = memory_copy(volume->vg),
				     .name = memory_copy(volume->name) };
	return thin_dm_refresh_volume(root, now, err);
}

static int seal_active(const char *root, const struct thin_volume *volume,
		       const struct seal_progress *progress, struct seal *seal, struct error *err)
{
	CLEANUP(thin_volume_release) struct thin_volume now = { .vg = NULL };

	if (look_at(root, volume, &now, err) < 0)
		return -1;
	seal->vg = memory_copy(volume->vg);
	seal->name = memory_copy(volume->name);
	seal->device = now.device;
	seal->mapped = now.mapped;
	return read_content(root, volume, progress, seal, err);
}

int seal_read(const char *root, const struct thin_volume *volume,
	      const struct seal_progress *progress, struct seal *seal, struct error *err)
{
	CLEANUP(thin_volume_release) struct thin_volume before = { .vg = NULL };
	struct error ignored;
	int result;

	*seal = (struct seal)SEAL_INIT;
	if (look_at(root, volume, &before, err) < 0 ||
	    (!before.active && set_active(root, volume, true, err) < 0))
		return -1;
	result = seal_active(root, volume, progress, seal, err);
	/* who opened it meanwhile, a full clone say, needs it longer: then it stays */
	if (!before.active)
		set_active(root, volume, false, &ignored);
	return result;
}
