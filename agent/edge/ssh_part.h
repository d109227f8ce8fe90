/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ssh_part.h - what the files that know libssh share (ssh_*.c, link_*.c)
 */
#ifndef SSH_PART_H
#define SSH_PART_H

#include <libssh/libssh.h>

struct ssh_pair {
	ssh_key key;
	char *public, *fingerprint;
};

/* "SHA256:…" of a key, as ssh-keygen -l prints it; NULL if there is none.  Caller frees. */
char *ssh_part_fingerprint(ssh_key key);

#endif
