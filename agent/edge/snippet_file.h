/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snippet_file.h - a file for cloud-init: as it is declared, and as it is on the node
 *
 * It may hold a token: what it holds is never in a message, and on the node only root
 * may read it, who is all that does (qm start, which puts it on the cloud-init drive).
 * Below the path of its storage no symlink is followed.
 *
 * It is written beside its name, under one that its step in the journal tells, and then
 * put in its place at once: cut off, the step left the old file or the new one, and that
 * other file at most, which snippet_file_sweep() takes away.
 */
#ifndef SNIPPET_FILE_H
#define SNIPPET_FILE_H

#include "base/number.h"

struct bundle;
struct error;
struct state_snippet;
struct strbuf;

/* What Proxmox takes of one file (Cloudinit.pm, read_cloudinit_snippets_file). */
#define SNIPPET_LARGEST MIB

/*
 * Add to text what the file at path holds, through bundle.  -1 if it cannot be read or
 * trusted (base/file.h), is empty, larger than SNIPPET_LARGEST, or no text.
 */
int snippet_file_read(struct bundle *bundle, const char *path, struct strbuf *text,
		      struct error *err);

/* Look what there is at snippet's path: fills all from hindrance on, in place of what it was. */
void snippet_file_look(const char *root, struct state_snippet *snippet);

struct snippet_file_write {
	const char *root;
	const char *volid, *path;	/* of the file, on the node */
	const char *text, *digest;
	const char *before;	/* the SHA-256 of the file that it may replace, or NULL: of none */
	const char *mark;	/* in its name meanwhile: which step of which node's journal it is */
};

/* 0 too if it is there already.  -1: whatever is there stays as it is. */
int snippet_file_write(const struct snippet_file_write *write, struct error *err);

/* Take away what a step with that mark left beside path.  It must have ended. */
void snippet_file_sweep(const char *root, const char *path, const char *mark);

#endif
