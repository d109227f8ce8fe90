/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - a whole file in one read(2), a large one as its digest, files that may tell us
 * what to do, and writing all of something
 *
 * pmxcfs and /proc make up their files as they are read: only what one call
 * returns belongs together (pve-facts 5.10).
 */
#ifndef FILE_H
#define FILE_H

#include <stdint.h>

#include "base/digest.h"

struct error;
struct strbuf;

/*
 * Read the file at path into text, in place of what it held.  -1 with errno if
 * that cannot be done; text is empty then.  Give the same text to each of many
 * calls: its memory is kept.
 */
int file_read(const char *path, struct strbuf *text);

/* Write all of data, however many calls that takes.  -1 with errno: some of it may be written. */
int file_write(int fd, const void *data, size_t len);

/*
 * The SHA-256 of the first size bytes of what fd reads, from its start, whatever its
 * offset is.  progress, if there is one, hears of the bytes done from time to time, and
 * when all are.  -1 if it cannot be read or is shorter; what err says goes after a name.
 */
int file_digest(int fd, uint64_t size, void (*progress)(void *context, uint64_t done),
		void *context, char text[DIGEST_SHA256_TEXT], struct error *err);

/*
 * Open the file at path to read, if nobody else can have written it: a regular one, maybe
 * behind symlinks, that belongs to root or to who runs this (also through sudo), and that
 * not everybody may write.  Never waits for a pipe, and does not open a device.  Returns
 * an fd, or -1: err's text is what one says after the path, its kind ERROR_REFUSED unless
 * the file cannot be opened at all.
 */
int file_open_trusted(const char *path, struct error *err);

#endif
