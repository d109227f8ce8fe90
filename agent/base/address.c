/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

static unsigned bits_of(const struct address *address)
{
	return address->family == AF_INET ? 32 : 128;
}

bool address_parse(const char *text, struct address *address)
{
	struct address parsed = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(parsed.family, text, parsed.bytes) != 1)
		return false;
	parsed.prefix = bits_of(&parsed);
	*address = parsed;
	return true;
}

bool address_parse_cidr(const char *text, struct address *address)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN];
	uint64_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	if (!address_parse(host, address) ||
	    !number_parse_unsigned(slash + 1, 1, bits_of(address), &prefix))
		return false;
	address->prefix = (unsigned)prefix;
	return true;
}

bool address_same(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, bits_of(a) / 8) == 0;
}

bool address_in_net(const struct address *a, const struct address *net)
{
	unsigned whole = net->prefix / 8, rest = net->prefix % 8;
	unsigned char mask = (unsigned char)(0xFF00 >> rest);

	if (a->family != net->family || memcmp(a->bytes, net->bytes, whole) != 0)
		return false;
	return rest == 0 || ((a->bytes[whole] ^ net->bytes[whole]) & mask) == 0;
}

bool address_step(struct address *address, unsigned n)
{
	struct address next = *address;

	for (unsigned i = bits_of(address) / 8; i-- && n; n >>= 8) {
		n += next.bytes[i];
		next.bytes[i] = (unsigned char)n;
	}
	if (n || !address_in_net(&next, address))
		return false;
	*address = next;
	return true;
}

char *address_format_cidr(const struct address *address, char *text)
{
	inet_ntop(address->family, address->bytes, text, ADDRESS_TEXT);
	snprintf(text + strlen(text), 5, "/%u", address->prefix);
	return text;
}

bool address_parse_mac(const char *text)
{
	for (size_t i = 0; i < 17; i++) {
		bool colon = i % 3 == 2;

		if (colon ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return text[17] == '\0' && !strchr("13579BDFbdf", text[1]);
}
