/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolve.h - the addresses of a host, without waiting for them
 *
 *	resolve_begin(&resolve, "pve", 22)
 *	... poll(2) says that resolve.fd can be read ...
 *	count = resolve_finish(&resolve, addresses, err)
 *
 * A name is looked up by a short-lived process, because no call of the C library can be told not
 * to wait for a name server that is gone; an address needs none.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <sys/socket.h>
#include <sys/types.h>

struct error;

enum { RESOLVE_MAX = 16 };

struct resolve {
	int fd;
	pid_t pid;	/* 0: there is none */
};

#define RESOLVE_INIT { .fd = -1 }

/* -1 with errno if no process can be made. */
int resolve_begin(struct resolve *resolve, const char *host, unsigned port);

/*
 * How many addresses there are, at most RESOLVE_MAX, in the order in which they are to be tried;
 * -1: none, and err is a sentence without the name.
 */
int resolve_finish(struct resolve *resolve, struct sockaddr_storage addresses[RESOLVE_MAX],
		   struct error *err);

/* Gives up what is under way. */
void resolve_release(struct resolve *resolve);

#endif
