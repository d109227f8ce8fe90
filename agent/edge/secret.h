/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * secret.h - memory for what must not be seen by anybody else
 *
 * It is wiped when released, is never written to swap where the system allows
 * that (mlock), and is in no core dump.  A child made by fork(2) has it too,
 * until it executes something: the guest step needs the key.
 *
 *	CLEANUP(secret_release) struct secret key = SECRET_INIT;
 *
 *	if (secret_forbid_dump(err) < 0 || secret_set(&key, text, len, err) < 0)
 *		return -1;
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

struct error;

struct secret {
	char *text;	/* ends in a NUL that len does not count; NULL: empty */
	size_t len;
	size_t room;	/* bytes mapped */
};

#define SECRET_INIT { .text = NULL }

/* Make secret, which must be empty, a copy of len bytes of data; the original is the caller's. */
int secret_set(struct secret *secret, const void *data, size_t len, struct error *err);

void secret_release(struct secret *secret);

/*
 * From now on this process leaves no core and no other user can trace it.  To be
 * called before there is a secret: libraries keep parts of a key in memory of
 * their own.  Programs that it executes can be dumped by their own rules again,
 * but for the limit on a core's size, which they inherit.
 */
int secret_forbid_dump(struct error *err);

#endif
