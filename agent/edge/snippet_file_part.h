/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snippet_file_part.h - what snippet_file.c, which looks, and snippet_file_write.c share
 */
#ifndef SNIPPET_FILE_PART_H
#define SNIPPET_FILE_PART_H

/* The folder of the file at path on the node: an fd, or -1 with errno; name is path's last part. */
int snippet_file_open_folder(const char *root, const char *path, const char **name);

#endif
