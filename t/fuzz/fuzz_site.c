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

static void read_switches(char *text, struct site *site)
{
	CLEANUP(strvec_release) struct strvec bridges = STRVEC_INIT;

	(void)site;
	site_parse_switches(text, &bridges);
	for (size_t i = 0; i < bridges.count; i++)
		if (!*bridges.items[i] || strpbrk(bridges.items[i], " \t\r\n"))
			abort();
}

static void read_cpu_models(char *text, struct site *site)
{
	CLEANUP(strvec_release) struct strvec models = STRVEC_INIT;

	(void)site;
	site_parse_cpu_models(text, &models);
	for (size_t i = 0; i < models.count; i++)
		if (!*models.items[i] || strpbrk(models.items[i], " \t\r\n"))
			abort();
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
