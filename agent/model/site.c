/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/site.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/propstr.h"
#include "model/qm.h"

enum { FIRST_ID = 100, END_ID = 1000000 };	/* Proxmox's own (pve-facts 6.6) */

/* <linux/route.h> */
enum { ROUTE_UP = 0x1, ROUTE_GATEWAY = 0x2, ROUTE_REJECT = 0x200 };

void site_init(struct site *site)
{
	*site = (struct site){
		.first_id = FIRST_ID, .end_id = END_ID, .host_firewall = true,
		.clock_is_set = true, .addresses = STRVEC_INIT,
	};
}

void site_release(struct site *site)
{
	for (size_t i = 0; i < site->net_count; i++)
		free(site->nets[i].interface);
	free(site->nets);
	free(site->uplink);
	strvec_release(&site->addresses);
	site_init(site);
}

/* "key: value" with blanks around: cuts line behind the key; NULL: it is nothing like that. */
static char *cut_value(char *line)
{
	char *colon = strchr(line, ':'), *value;
	size_t len;

	if (*line == '#' || !colon)
		return NULL;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	for (len = strlen(value); len && strchr(" \t\r", value[len - 1]); len--)
		value[len - 1] = '\0';
	return value;
}

static bool is_true(const char *text)
{
	return text && (strcmp(text, "1") == 0 || strcasecmp(text, "yes") == 0 ||
			strcasecmp(text, "on") == 0 || strcasecmp(text, "true") == 0);
}

static void take_id(const struct propstr *range, const char *key, unsigned *id)
{
	const char *text = propstr_get(range, key);
	uint64_t number;

	if (text && number_parse_unsigned(text, FIRST_ID, QM_VMID_MAX + 1ull, &number))
		*id = (unsigned)number;
}

/* The next of the words with blanks between, or NULL. */
static char *next_word(char **line)
{
	char *word;

	while ((word = strsep(line, " \t\r")) && !*word)
		;
	return word;
}

void site_parse_switches(char *text, struct strvec *bridges)
{
	const char *name = NULL;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *key = next_word(&line), *value = next_word(&line);

		if (!key || !value)
			continue;
		if (strcmp(key, "iface") == 0)
			name = value;
		else if (name && strcmp(key, "ovs_type") == 0 && strcmp(value, "OVSBridge") == 0)
			strvec_push_once(bridges, name);
	}
}

void site_parse_cpu_models(char *text, struct strvec *models)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *key = next_word(&line), *name = next_word(&line);

		if (key && name && strcmp(key, "cpu-model:") == 0)
			strvec_push(models, name);
	}
}

void site_parse_datacenter(char *text, struct site *site)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		CLEANUP(propstr_release) struct propstr ps = PROPSTR_INIT;
		const char *value = cut_value(line);

		if (!value)
			continue;
		ps = propstr_parse(value, "");
		if (strcmp(line, "next-id") == 0) {
			take_id(&ps, "lower", &site->first_id);
			take_id(&ps, "upper", &site->end_id);
		} else if (strcmp(line, "tag-style") == 0) {
			site->case_sensitive = is_true(propstr_get(&ps, "case-sensitive"));
		}
	}
}

void site_parse_firewall(char *text, bool *enabled)
{
	bool inside = false;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *begin = line + strspn(line, " \t");
		const char *value;

		if (*begin == '[')
			inside = strncasecmp(begin, "[OPTIONS]", 9) == 0;
		value = inside ? cut_value(begin) : NULL;
		if (value && strcasecmp(begin, "enable") == 0)
			*enabled = is_true(value);
	}
}

/* The kernel prints 32 bits in network order as a number of its own order. */
static struct address address_of(unsigned word, unsigned mask)
{
	struct address address = { .family = AF_INET };
	uint32_t bits = (uint32_t)word;

	memcpy(address.bytes, &bits, sizeof(bits));
	address.prefix = (unsigned)__builtin_popcount(mask);
	return address;
}

static void take_uplink(struct site *site, const char *interface, unsigned gateway,
			unsigned long metric)
{
	if (site->uplink && site->uplink_metric <= metric)
		return;
	free(site->uplink);
	site->uplink = memory_copy(interface);
	site->gateway = address_of(gateway, UINT32_MAX);
	site->uplink_metric = metric;
}

void site_parse_routes(char *text, struct site *site)
{
	unsigned to, gateway, flags, mask;
	unsigned long metric;
	char interface[16];
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "%15s %8x %8x %4x %*s %*s %9lu %8x", interface, &to, &gateway,
			   &flags, &metric, &mask) != 6 ||
		    !(flags & ROUTE_UP) || flags & ROUTE_REJECT)
			continue;
		if (!to && !mask && flags & ROUTE_GATEWAY)
			take_uplink(site, interface, gateway, metric);
		else if (mask && mask != UINT32_MAX && !(flags & ROUTE_GATEWAY))
			MEMORY_PUSH(site->nets, site->net_count) = (struct site_net){
				.interface = memory_copy(interface), .net = address_of(to, mask),
			};
	}
}

/* An address "|-- 10.0.0.5", and below it what it is: "/32 host LOCAL". */
void site_parse_addresses(char *text, struct site *site)
{
	const char *last = NULL;
	struct address address;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *leaf = strstr(line, "|-- ");

		if (leaf)
			last = leaf + strlen("|-- ");
		else if (last && strstr(line, "/32 host LOCAL") && address_parse(last, &address) &&
			 address.family == AF_INET && address.bytes[0] != 127)
			strvec_push_once(&site->addresses, last);
	}
}

const struct site_net *site_find_net(const struct site *site, const char *interface)
{
	for (size_t i = 0; i < site->net_count; i++)
		if (strcmp(site->nets[i].interface, interface) == 0)
			return &site->nets[i];
	return NULL;
}
