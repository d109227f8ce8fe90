/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_sftp.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"

enum {
	FXP_OPEN = 3, FXP_CLOSE = 4, FXP_WRITE = 6, FXP_REMOVE = 13, FXP_MKDIR = 14, FXP_RMDIR = 15,
	FXP_EXTENDED = 200,

	FX_NO_SUCH_FILE = 2, FX_PERMISSION_DENIED = 3, FX_FAILURE = 4,

	ATTR_PERMISSIONS = 4,
	OPEN_NEW = 0x02 | 0x08 | 0x20,	/* to write, created, not there before */

	PIECE = 32 << 10,	/* bytes of a file in a packet */
	AHEAD = 32,		/* packets that may be unanswered */
	RANDOM_BYTES = 16,
};

/* --- what goes wrong --- */

/* The bytes that are free where path is, or UINT64_MAX. */
static uint64_t room_at(struct link_sftp *sftp, const char *path)
{
	CLEANUP(strbuf_release) struct strbuf packet = STRBUF_INIT;
	const char *slash = strrchr(path, '/');
	struct error ignored;

	sftp->failure = 0;
	link_sftp_begin(&packet, FXP_EXTENDED);
	link_sftp_text(&packet, "statvfs@openssh.com");
	if (slash && slash > path)
		link_sftp_string(&packet, path, (size_t)(slash - path));
	else
		link_sftp_text(&packet, slash ? "/" : ".");
	link_sftp_send(sftp, &packet);
	return link_sftp_wait(sftp, 0, &ignored) < 0 ? UINT64_MAX : sftp->room;
}

/* SFTP has no word for most of what can be wrong: maybe is what it mostly is. */
static int refused(struct link_sftp *sftp, const char *path, const char *what, const char *maybe,
		   struct error *err)
{
	switch (sftp->failure) {
	case FX_NO_SUCH_FILE:
		return error_set(err, ERROR_SYSTEM,
				 "%s cannot be %s there: it, or its folder, does not "
				 "exist",
				 path, what);
	case FX_PERMISSION_DENIED:
		return error_set(err, ERROR_SYSTEM,
				 "%s cannot be %s there: permission denied for user %s", path, what,
				 link_user(sftp->link));
	case FX_FAILURE:
		return error_set(err, ERROR_SYSTEM, "%s cannot be %s there: SFTP says no more than "
				 "\"%s\"; %s", path, what, sftp->message.buf, maybe);
	default:
		return error_set(err, ERROR_SYSTEM, "%s cannot be %s there: %s (%u)", path, what,
				 sftp->message.buf, sftp->failure);
	}
}

/* Send one packet and wait for its answer. */
static int request(struct link_sftp *sftp, struct strbuf *packet, const char *path,
		   const char *what, const char *maybe, struct error *err)
{
	link_sftp_send(sftp, packet);
	if (link_sftp_wait(sftp, 0, err) < 0)
		return error_prefix(err, "%s", path);
	return sftp->failure ? refused(sftp, path, what, maybe, err) : 0;
}

/* --- folders, and removing --- */

static int make_folder(struct link_sftp *sftp, const char *path, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf packet = STRBUF_INIT;

	link_sftp_begin(&packet, FXP_MKDIR);
	link_sftp_text(&packet, path);
	link_sftp_number(&packet, ATTR_PERMISSIONS);
	link_sftp_number(&packet, 0700);
	return request(sftp, &packet, path, "made", "the disk may be full", err);
}

int link_make_folder(struct link *link, const char *prefix, char **path, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf name = STRBUF_INIT;
	unsigned char bytes[RANDOM_BYTES];
	struct link_sftp *sftp;

	*path = NULL;
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_set_errno(err, "no random name for a folder");
	strbuf_adds(&name, prefix);
	for (size_t i = 0; i < sizeof(bytes); i++)
		strbuf_addf(&name, "%02x", bytes[i]);
	if (link_sftp_need(link, &sftp, err) < 0 || make_folder(sftp, name.buf, err) < 0)
		return -1;
	*path = strbuf_detach(&name);
	return 0;
}

static int remove_one(struct link *link, int type, const char *path, const char *maybe,
		      struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf packet = STRBUF_INIT;
	struct link_sftp *sftp;

	if (link_sftp_need(link, &sftp, err) < 0)
		return -1;
	link_sftp_begin(&packet, type);
	link_sftp_text(&packet, path);
	return request(sftp, &packet, path, "removed", maybe, err);
}

int link_remove_file(struct link *link, const char *path, struct error *err)
{
	return remove_one(link, FXP_REMOVE, path, "it may be a folder", err);
}

int link_remove_folder(struct link *link, const char *path, struct error *err)
{
	return remove_one(link, FXP_RMDIR, path, "it may not be empty", err);
}

/* --- files --- */

/* What is still to be written: of a file, or (fd -1) of memory. */
struct source {
	int fd;
	const char *data;
	size_t len;
};

/* How much it was, 0 at the end, -1 with errno. */
static ssize_t take_piece(struct source *source, const char **data, char room[PIECE])
{
	size_t len = source->len < PIECE ? source->len : PIECE;

	*data = room;
	if (source->fd >= 0)
		return read(source->fd, room, PIECE);
	*data = source->data;
	source->data += len;
	source->len -= len;
	return (ssize_t)len;
}

static int open_new(struct link_sftp *sftp, const char *path, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf packet = STRBUF_INIT;

	link_sftp_begin(&packet, FXP_OPEN);
	link_sftp_text(&packet, path);
	link_sftp_number(&packet, OPEN_NEW);
	link_sftp_number(&packet, ATTR_PERMISSIONS);
	link_sftp_number(&packet, 0600);
	return request(sftp, &packet, path, "made", "it may exist already, or the disk be full",
		       err);
}

static int write_all(struct link_sftp *sftp, struct source *source, const char *path,
		     struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf packet = STRBUF_INIT;
	CLEANUP(scope_free) char *room = memory_new(PIECE, 1);
	const char *data;
	uint64_t offset = 0;
	ssize_t len;

	while (!sftp->failure && (len = take_piece(source, &data, room)) > 0) {
		link_sftp_begin(&packet, FXP_WRITE);
		link_sftp_string(&packet, sftp->handle.buf, sftp->handle.len);
		link_sftp_number(&packet, (uint32_t)(offset >> 32));
		link_sftp_number(&packet, (uint32_t)offset);
		link_sftp_string(&packet, data, (size_t)len);
		link_sftp_send(sftp, &packet);
		offset += (uint64_t)len;
		if (link_sftp_wait(sftp, AHEAD, err) < 0)
			return error_prefix(err, "%s", path);
	}
	if (!sftp->failure && len < 0)
		return error_set_errno(err, "what is to become %s there cannot be read here", path);
	if (link_sftp_wait(sftp, 0, err) < 0)
		return error_prefix(err, "%s", path);
	return sftp->failure ? refused(sftp, path, "written", "", err) : 0;
}

static int close_file(struct link_sftp *sftp, const char *path, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf packet = STRBUF_INIT;

	link_sftp_begin(&packet, FXP_CLOSE);
	link_sftp_string(&packet, sftp->handle.buf, sftp->handle.len);
	return request(sftp, &packet, path, "written", "the disk may be full", err);
}

/* What was begun goes away again, and why it was no success is said as well as it can be. */
static void clear_away(struct link_sftp *sftp, const char *path, struct error *err)
{
	bool may_be_full = sftp->failure == FX_FAILURE;
	uint64_t room = may_be_full ? room_at(sftp, path) : UINT64_MAX;
	struct error ignored;
	char human[NUMBER_TEXT];

	if (may_be_full && room < MIB)
		error_set(err, ERROR_SYSTEM,
			  "%s cannot be written there: the disk is full (%s free)", path,
			  number_format_human(room, human));
	close_file(sftp, path, &ignored);
	link_remove_file(sftp->link, path, &ignored);
}

static int put(struct link *link, struct source *source, const char *path, struct error *err)
{
	struct link_sftp *sftp;

	if (link_sftp_need(link, &sftp, err) < 0 || open_new(sftp, path, err) < 0)
		return -1;
	if (write_all(sftp, source, path, err) == 0 && close_file(sftp, path, err) == 0)
		return 0;
	if (sftp->channel && !link->is_closed && link->phase != LINK_OVER)
		clear_away(sftp, path, err);
	return -1;
}

int link_put_file(struct link *link, int fd, const char *path, struct error *err)
{
	return put(link, &(struct source){ .fd = fd }, path, err);
}

int link_put_data(struct link *link, const void *data, size_t len, const char *path,
		  struct error *err)
{
	return put(link, &(struct source){ .fd = -1, .data = data, .len = len }, path, err);
}
