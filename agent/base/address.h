/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address.h - IPv4 and IPv6 addresses, their nets, and MAC addresses
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct address {
	int family;		/* AF_INET or AF_INET6 */
	unsigned char bytes[16];	/* network order, 4 or 16 of them */
	unsigned prefix;	/* bits of the net; 32 or 128 where none was given */
};

/* "192.168.68.211" or "fd00::5", nothing else. */
bool address_parse(const char *text, struct address *address);

/* "192.168.68.211/20": the prefix is required. */
bool address_parse_cidr(const char *text, struct address *address);

bool address_same(const struct address *a, const struct address *b);

/* Is a inside net's network? */
bool address_in_net(const struct address *a, const struct address *net);

/* The one n further on; false if that is not in its net any more. */
bool address_step(struct address *address, unsigned n);

/* "192.168.68.211/20", the prefix always; for address_parse_cidr.  Room: ADDRESS_TEXT. */
char *address_format_cidr(const struct address *address, char *text);
#define ADDRESS_TEXT 52

/* "02:1F:…": six octets in hex; unicast only, as a NIC's must be. */
bool address_parse_mac(const char *text);

#endif
