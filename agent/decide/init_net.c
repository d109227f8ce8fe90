/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/init_part.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/scope.h"
#include "model/propstr.h"
#include "model/site.h"
#include "model/vmconf.h"

/* Where addresses are guessed, as the example has them: in the gateway's /24. */
enum { BLOCK = 24, BUILD_HOST = 201, FIRST_HOST = 211, SMALLEST_PREFIX = 30 };

/* The net that the VMs shall be in. */
struct net {
	const char *bridge;
	struct address gateway;		/* with the net's prefix; family 0: there is none to guess in */
	bool is_own;			/* the gateway is the node itself */
	struct address *taken;
	size_t taken_count;
};

static uint32_t number_of(const struct address *address)
{
	const unsigned char *b = address->bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static struct address address_at(uint32_t number, unsigned prefix)
{
	return (struct address){
		.family = AF_INET, .prefix = prefix,
		.bytes = { (unsigned char)(number >> 24), (unsigned char)(number >> 16),
			   (unsigned char)(number >> 8), (unsigned char)number },
	};
}

static void take(struct net *net, const struct address *address)
{
	MEMORY_PUSH(net->taken, net->taken_count) = *address;
}

static void take_own(struct net *net, const struct site *site)
{
	struct address address;

	for (size_t i = 0; i < site->addresses.count; i++)
		if (address_parse(site->addresses.items[i], &address))
			take(net, &address);
}

/* Addresses that cloud-init gives to VMs that are here. */
static void take_guests(struct net *net, const struct vmconf *conf)
{
	for (size_t i = 0; i < conf->live_count; i++) {
		CLEANUP(propstr_release) struct propstr ps = PROPSTR_INIT;
		struct address address;
		const char *ip;

		if (strncmp(conf->live[i].key, "ipconfig", 8) != 0)
			continue;
		ps = propstr_parse(conf->live[i].value, "");
		ip = propstr_get(&ps, "ip");
		if (ip && address_parse_cidr(ip, &address))
			take(net, &address);
	}
}

static bool is_taken(const struct net *net, uint32_t host)
{
	struct address address = address_at(host, 32);

	for (size_t i = 0; i < net->taken_count; i++)
		if (address_same(&net->taken[i], &address))
			return true;
	return address_same(&net->gateway, &address);
}

/* The first of count hosts in a row from first on, before end; 0: there are none. */
static uint32_t find_hosts(const struct net *net, uint32_t first, uint32_t end, unsigned count)
{
	unsigned run = 0;

	for (uint32_t host = first; host < end; host++) {
		run = is_taken(net, host) ? 0 : run + 1;
		if (run == count)
			return host - count + 1;
	}
	return 0;
}

/* In a bridge's net without a router that is known, the node is the router or nobody. */
static void use_own_address(struct net *net, const struct site *site, const struct address *of)
{
	struct address address;

	for (size_t i = 0; i < site->addresses.count && !net->gateway.family; i++) {
		if (!address_parse(site->addresses.items[i], &address) ||
		    !address_in_net(&address, of))
			continue;
		net->gateway = address;
		net->is_own = true;
	}
}

static const char *choose_bridge(const struct state *state, const struct site *site)
{
	if (site->uplink && strvec_contains(&state->bridges, site->uplink))
		return site->uplink;
	for (size_t i = 0; i < state->bridges.count; i++)
		if (site_find_net(site, state->bridges.items[i]))
			return state->bridges.items[i];
	return state->bridges.count ? state->bridges.items[0] : NULL;
}

static void choose_gateway(struct net *net, const struct site *site)
{
	const struct site_net *found = site_find_net(site, net->bridge);

	if (!found)
		return;
	if (!site->uplink || strcmp(site->uplink, net->bridge) != 0)
		use_own_address(net, site, &found->net);
	else if (address_in_net(&site->gateway, &found->net))
		net->gateway = site->gateway;
	net->gateway.prefix = found->net.prefix;
}

/* Where to look: from is the first, end beyond the last. */
static void choose_block(const struct net *net, uint32_t *build, uint32_t *first, uint32_t *end)
{
	unsigned prefix = net->gateway.prefix;
	uint32_t base, size;

	prefix = prefix < BLOCK ? BLOCK : prefix;
	size = (uint32_t)1 << (32 - prefix);
	base = number_of(&net->gateway) & ~(size - 1);
	*end = base + size - 1;
	*build = base + (prefix == BLOCK ? BUILD_HOST : size / 2);
	*first = base + (prefix == BLOCK ? FIRST_HOST : size / 2 + 1);
}

static void set_gateway(struct init *init, const struct net *net)
{
	CLEANUP(scope_free) char *note = NULL;
	struct address gateway = net->gateway;
	char text[ADDRESS_TEXT];

	if (net->is_own)
		note = memory_print("GUESSED: the node's own address on %s, for it tells of no "
				    "router there.", net->bridge);
	address_format_cidr(&gateway, text);
	text[strcspn(text, "/")] = '\0';
	init_set_text(init, SCOPE_TEMPLATE, NULL, KEY_GATEWAY, text, note);
	init_set_text(init, SCOPE_CLUSTER, NULL, KEY_GATEWAY, text, note);
}

static void set_address(struct init *init, const struct net *net, enum key_scope scope,
			const char *name, enum key_id key, uint32_t host)
{
	CLEANUP(scope_free) char *note =
		memory_print("GUESSED, in the net of %s: look whether it is free.", net->bridge);
	struct address address = address_at(host, net->gateway.prefix);
	char text[ADDRESS_TEXT];

	init_set_text(init, scope, name, key, address_format_cidr(&address, text), note);
}

static bool guess_addresses(struct init *init, const struct net *net)
{
	uint32_t from, first, end, build, vms;

	if (!net->gateway.family || net->gateway.prefix > SMALLEST_PREFIX)
		return false;
	choose_block(net, &from, &first, &end);
	build = find_hosts(net, from, end, 1);
	if (build >= first)
		first = build + 1;
	vms = build ? find_hosts(net, first, end, INIT_VMS) : 0;
	if (!vms)
		return false;
	set_gateway(init, net);
	set_address(init, net, SCOPE_TEMPLATE, NULL, KEY_BUILD_ADDRESS, build);
	for (unsigned i = 0; i < INIT_VMS; i++)
		set_address(init, net, SCOPE_VM, init_vm_name(i), KEY_ADDRESS, vms + i);
	return true;
}

static void leave_addresses_out(struct init *init)
{
	init_set(init, SCOPE_TEMPLATE, NULL, KEY_BUILD_ADDRESS, NULL,
		 "GUESSED nothing, for no net on the bridge has room for it: vyom template build "
		 "needs one that is free.");
	init_set(init, SCOPE_TEMPLATE, NULL, KEY_GATEWAY, NULL, NULL);
	init_set(init, SCOPE_CLUSTER, NULL, KEY_GATEWAY, NULL, NULL);
	init_set(init, SCOPE_VM, NULL, KEY_ADDRESS, NULL, NULL);
}

/* An outpost finds the node where the VMs' net has it. */
static void set_node_address(struct init *init, const struct site *site, const struct net *net)
{
	const char *found = NULL;
	CLEANUP(scope_free) char *text = NULL;
	struct address address;

	for (size_t i = 0; i < site->addresses.count && !found; i++)
		if (net->gateway.family && address_parse(site->addresses.items[i], &address) &&
		    address_in_net(&address, &net->gateway))
			found = site->addresses.items[i];
	if (!found && site->addresses.count)
		found = site->addresses.items[0];
	if (found)
		text = memory_print("root@%s", found);
	init_set_text(init, SCOPE_NODE, NULL, KEY_NODE_ADDRESS, text, NULL);
}

bool init_choose_net(struct init *init, const struct state *state, const struct site *site)
{
	struct net net = { .bridge = choose_bridge(state, site) };

	if (!net.bridge)
		return false;
	init_set_text(init, SCOPE_NODE, NULL, KEY_BRIDGE, net.bridge, NULL);
	choose_gateway(&net, site);
	take_own(&net, site);
	for (size_t i = 0; i < state->guest_count; i++)
		if (state->guests[i].conf)
			take_guests(&net, state->guests[i].conf);
	if (!guess_addresses(init, &net))
		leave_addresses_out(init);
	set_node_address(init, site, &net);
	init_set(init, SCOPE_CLUSTER, NULL, KEY_NAMESERVER, NULL,
		 "Without it, the guests ask whom the node asks.");
	free(net.taken);
	return true;
}
