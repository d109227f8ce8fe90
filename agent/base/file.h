/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - a whole file in one read(2)
 *
 * pmxcfs and /proc make up their files as they are read: only what one call
 * returns belongs together (pve-facts 5.10).
 */
#ifndef FILE_H
#define FILE_H

struct strbuf;

/*
 * Read the file at path into text, in place of what it held.  -1 with errno if
 * that cannot be done; text is empty then.  Give the same text to each of many
 * calls: its memory is kept.
 */
int file_read(const char *path, struct strbuf *text);

#endif
