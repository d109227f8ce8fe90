/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp.h - a TCP connection within a bound
 */
#ifndef TCP_H
#define TCP_H

#include <sys/socket.h>

struct error;

/*
 * Connect to an IPv4 or IPv6 address given as text, fe80::1%vmbr0 too.  Returns
 * an fd, or -1: err's text is a sentence without the address.  A peer that is
 * gone without a word is noticed within a minute, and reading then fails.
 */
int tcp_connect(const char *address, unsigned port, double seconds, struct error *err);

/*
 * Begin to connect to address, never waiting: an fd, or -1 with errno.  Once poll(2) says
 * that it can be written to, tcp_result() is 0, or the errno of what came of it.  The loss
 * of the peer is noticed as above.
 */
int tcp_begin(const struct sockaddr *address, socklen_t len);
int tcp_result(int fd);

#endif
