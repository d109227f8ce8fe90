/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text is a datacenter.cfg, a firewall's, a list of interfaces, or one of the kernel's: what is read of it holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "model/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_firewall(char *text, struct site *site)
{
	site_parse_firewall(text, &site->firewall);
}

static void read_names(char *text, void (*parse)(char *text, struct strvec *names))
{
	CLEANUP(strvec_release) struct strvec names = STRVEC_INIT;

	parse(text, &names);
	for (size_t i = 0; i < names.count; i++)
		if (!*names.items[i] || strpbrk(names.items[i], " \t\r\n"))
			abort();
}

static void read_switches(char *text, struct site *site)
{
	(void)site;
	read_names(text, site_parse_switches);
}

static void read_cpu_models(char *text, struct site *site)
{
	(void)site;
	read_names(text, site_parse_cpu_models);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(char *text, struct site *site) = {
		site_parse_datacenter, site_parse_routes, site_parse_addresses, read_firewall,
		read_switches, read_cpu_models,
	};
	CLEANUP(site_release) struct site site;

	site_init(&site);
	for (size_t i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		CLEANUP(scope_free) char *text = memory_new(size + 1, 1);

		if (size)
			memcpy(text, data, size);
		parsers[i](text, &site);
	}
	for (size_t i = 0; i < site.net_count; i++)
		if (!*site.nets[i].interface || !site.nets[i].net.prefix ||
		    site.nets[i].net.prefix > 31 || !site_find_net(&site, site.nets[i].interface))
			abort();
	for (size_t i = 0; i < site.addresses.count; i++)
		if (!address_parse(site.addresses.items[i], &(struct address){ .family = 0 }))
			abort();
	if (site.first_id < 100 || site.end_id < 100)
		abort();
	return 0;
}
