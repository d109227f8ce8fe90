/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - a whole file in one read(2), and files that may tell us what to do
 *
 * pmxcfs and /proc make up their files as they are read: only what one call
 * returns belongs together (pve-facts 5.10).
 */
#ifndef FILE_H
#define FILE_H

struct error;
struct strbuf;

/*
 * Read the file at path into text, in place of what it held.  -1 with errno if
 * that cannot be done; text is empty then.  Give the same text to each of many
 * calls: its memory is kept.
 */
int file_read(const char *path, struct strbuf *text);

/*
 * Open the file at path to read, if nobody else can have written it: a regular one, maybe
 * behind symlinks, that belongs to root or to who runs this (also through sudo), and that
 * not everybody may write.  Never waits for a pipe, and does not open a device.  Returns
 * an fd, or -1: err's text is what one says after the path, its kind ERROR_REFUSED unless
 * the file cannot be opened at all.
 */
int file_open_trusted(const char *path, struct error *err);

#endif
