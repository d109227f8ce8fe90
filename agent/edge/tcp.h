/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp.h - a TCP connection within a bound
 */
#ifndef TCP_H
#define TCP_H

struct error;

/*
 * Connect to an IPv4 or IPv6 address given as text, fe80::1%vmbr0 too.  Returns
 * an fd, or -1: err's text is a sentence without the address.  A peer that is
 * gone without a word is noticed within a minute, and reading then fails.
 */
int tcp_connect(const char *address, unsigned port, double seconds, struct error *err);

#endif
