/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/thin_snap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/thin_dm.h"
#include "model/thin.h"

static const int signals[] = { SIGHUP, SIGINT, SIGTERM };

enum { SIGNAL_COUNT = sizeof(signals) / sizeof(*signals) };

static void block_signals(struct thin_snap *snap)
{
	sigset_t waiting;

	sigemptyset(&waiting);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&waiting, signals[i]);
	sigprocmask(SIG_BLOCK, &waiting, &snap->before);
}

bool thin_snap_is_interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		if (sigismember(&pending, signals[i]))
			return true;
	return false;
}

static void sync_folder(const char *root)
{
	CLEANUP(scope_free) char *folder = memory_print("%s/var/lib/vyom", root);
	CLEANUP(scope_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		fsync(fd);
}

static int make_folder(const char *root, struct error *err)
{
	CLEANUP(scope_free) char *folder = memory_print("%s/var/lib/vyom", root);

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, "%s", folder);
	return 0;
}

/*
 * held: the block that the snapshot is at, or 0 before there is one.  A kill between
 * the two leaves 0, and then any that is held counts as ours.
 */
static int write_note(const struct thin_snap *snap, uint64_t held, struct error *err)
{
	CLEANUP(scope_close) int fd = open(snap->note, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
					   0600);
	CLEANUP(scope_free) char *text = memory_print("%" PRIu64 "\n", held);
	ssize_t len = (ssize_t)strlen(text);

	if (fd < 0 || pwrite(fd, text, (size_t)len, 0) != len || ftruncate(fd, len) < 0 ||
	    fsync(fd) < 0)
		return error_set_errno(err, "%s", snap->note);
	sync_folder(snap->root);
	return 0;
}

static void remove_note(const struct thin_snap *snap)
{
	unlink(snap->note);
	sync_folder(snap->root);
}

/* 1: there is a note, *held is what it says; 0: there is none.  One that is empty: see above. */
static int read_note(const struct thin_snap *snap, uint64_t *held, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	*held = 0;
	if (file_read(snap->note, &text) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", snap->note);
	text.buf[strcspn(text.buf, "\n")] = '\0';
	if (*text.buf && !number_parse_unsigned(text.buf, 0, UINT64_MAX, held))
		return error_set(err, ERROR_REFUSED, "%s is no note of vyom's; look at it, and "
						     "remove it", snap->note);
	return 1;
}

/* What a vyom that was killed has left is released. */
static int settle_note(const struct thin_snap *snap, struct error *err)
{
	uint64_t held;
	int found = read_note(snap, &held, err);

	if (found <= 0)
		return found;
	if (snap->pool->held && (held == 0 || held == snap->pool->held) &&
	    thin_dm_release_metadata(snap->root, snap->pool, err) < 0)
		return -1;
	remove_note(snap);
	return thin_dm_refresh_pool(snap->root, snap->pool, err);
}

static int refuse_others(const struct thin_pool *pool, struct error *err)
{
	CLEANUP(scope_free) char *name = thin_dm_pool_name(pool);

	return error_set(err, ERROR_REFUSED,
			 "somebody else holds a snapshot of its metadata: wait for them; if nobody "
			 "is at work on it: dmsetup message %s 0 release_metadata_snap",
			 name);
}

static int reserve(struct thin_snap *snap, struct error *err)
{
	if (make_folder(snap->root, err) < 0 || write_note(snap, 0, err) < 0)
		return -1;
	snap->noted = true;
	if (thin_dm_reserve_metadata(snap->root, snap->pool, err) < 0)
		return -1;
	snap->reserved = true;
	if (thin_dm_refresh_pool(snap->root, snap->pool, err) < 0)
		return -1;
	return write_note(snap, snap->pool->held, err);
}

int thin_snap_take(struct thin_snap *snap, const char *root, struct thin_pool *pool,
		   struct error *err)
{
	CLEANUP(scope_free) char *name = thin_dm_pool_name(pool);

	*snap = (struct thin_snap){ .root = root, .pool = pool };
	snap->note = memory_print("%s/var/lib/vyom/metadata-snapshot.%s", root, name);
	block_signals(snap);
	if (thin_dm_refresh_pool(root, pool, err) == 0 && settle_note(snap, err) == 0 &&
	    (!pool->held || refuse_others(pool, err) == 0) && reserve(snap, err) == 0)
		return 0;
	thin_snap_cleanup(snap);
	return -1;
}

int thin_snap_release(struct thin_snap *snap, struct error *err)
{
	int result = 0;

	if (!snap->note)
		return 0;
	if (snap->reserved)
		result = thin_dm_release_metadata(snap->root, snap->pool, err);
	if (snap->noted && result == 0)
		remove_note(snap);
	free(snap->note);
	snap->note = NULL;
	sigprocmask(SIG_SETMASK, &snap->before, NULL);
	return result;
}

void thin_snap_cleanup(struct thin_snap *snap)
{
	struct error ignored;

	thin_snap_release(snap, &ignored);
}
