/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyfile.h - a file of SSH public keys, in the form of authorized_keys
 */
#ifndef KEYFILE_H
#define KEYFILE_H

struct bundle;
struct error;
struct strbuf;

/*
 * Read the file at path, through bundle, into keys, as it is: qm is given the file
 * itself and keeps all of it.  -1 if it cannot be read or trusted (base/file.h), is larger than
 * 64 KiB, holds no key, or a line that is none.  A comment is none: qm hands
 * each line to ssh-keygen, which refuses it.
 */
int keyfile_read(struct bundle *bundle, const char *path, struct strbuf *keys, struct error *err);

/* Is text what such a file may hold? */
int keyfile_check(const char *text, struct error *err);

#endif
