/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/address.h"

/* Are all bits after the prefix equal to bit? */
static bool has_host_bits(const struct address *address, unsigned bit)
{
	for (unsigned i = address->prefix; i < 32; i++)
		if ((address->bytes[i / 8] >> (7 - i % 8) & 1u) != bit)
			return false;
	return true;
}

/* Routers of IPv6 are mostly told so, fe80::1: on the link of any net. */
static bool is_on_link(const struct address *gateway)
{
	static const struct address link = { .family = AF_INET6, .bytes = { 0xFE, 0x80 }, .prefix = 10 };

	return address_in_net(gateway, &link);
}

/* What is wrong with an address in its net, and with its gateway?  NULL: nothing. */
static const char *find_net_fault(const struct address *address, const struct address *gateway)
{
	if (address->family == AF_INET && address->prefix < 31 && has_host_bits(address, 0))
		return "is the name of its net itself; take one further on";
	if (address->family == AF_INET && address->prefix < 31 && has_host_bits(address, 1))
		return "is the broadcast address of its net; take one before it";
	if (!gateway)
		return NULL;
	if (address_same(address, gateway))
		return "is the gateway's own; give another";
	if (!address_in_net(gateway, address) &&
	    (address->family != AF_INET6 || !is_on_link(gateway)))
		return "has a net without its gateway; correct the one or the other";
	return NULL;
}

static void check_net(struct spec_problems *problems, const struct spec_section *section, enum key_id key,
		      enum key_id gateway_key)
{
	const struct spec_value *value = spec_said(section, key);
	const struct spec_value *gateway_value = spec_value(section, gateway_key);
	struct address address, gateway;
	const char *fault;
	bool gated;

	if (!value || !address_parse_cidr(value->text, &address))
		return;
	gated = gateway_value && address_parse(gateway_value->text, &gateway);
	fault = find_net_fault(&address, gated ? &gateway : NULL);
	if (fault)
		spec_problem_add(problems, value->line, "%s \"%s\": %s: %s %s%s%s%s",
				 key_scope_name(section->scope), section->name, key_table[key].name,
				 value->text, fault, gated ? " (gateway " : "",
				 gated ? gateway_value->text : "", gated ? ")" : "");
}

/* One way to say an IPv6 address is enough. */
static void check_families(struct spec_problems *problems, const struct spec_section *section)
{
	const struct spec_value *address = spec_said(section, KEY_ADDRESS);
	const struct spec_value *address6 = spec_said(section, KEY_ADDRESS6);

	if (address && address6 && key_address_is_v6(address->text))
		spec_problem_add(problems, address6->line, "%s \"%s\": address6: address says an "
							      "IPv6 one already; keep one",
				 key_scope_name(section->scope), section->name);
}

static void check_card(struct spec_problems *problems, const struct spec_section *section)
{
	check_families(problems, section);
	check_net(problems, section, KEY_ADDRESS, KEY_GATEWAY);
	check_net(problems, section, KEY_ADDRESS6, KEY_GATEWAY6);
}

void spec_check_net(const struct spec_section *section, struct spec_problems *problems)
{
	if (section->scope == SCOPE_TEMPLATE)
		check_net(problems, section, KEY_BUILD_ADDRESS, KEY_GATEWAY);
	/* those of a group are told by its VMs */
	if (section->scope != SCOPE_VM || section->values[KEY_GROUP_COUNT])
		return;
	check_card(problems, section);
	for (size_t i = 0; i < section->nic_count; i++)
		check_card(problems, section->nics[i]);
}
