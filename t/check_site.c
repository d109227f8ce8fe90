/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/pvefs.h"
#include "main.h"
#include "model/site.h"
#include "sysroot.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static const struct { const char *text; unsigned first, end; bool case_sensitive; } datacenters[] = {
	{ "",								100,	1000000, false },
	{ "keyboard: en-us\n",						100,	1000000, false },
	{ "next-id: lower=200,upper=300\n",				200,	300,	false },
	{ "next-id:upper=5000\t\r\n",					100,	5000,	false },
	{ "next-id: lower=5,upper=x\nnext-id\n: 3\n",			100,	1000000, false },
	{ "# next-id: lower=200\ntag-style: case-sensitive=1\n",	100,	1000000, true },
	{ "tag-style: shape=full,case-sensitive=yes,ordering=config",	100,	1000000, true },
	{ "tag-style: case-sensitive=0\n",				100,	1000000, false },
	{ "tag-style: ordering=config\n",				100,	1000000, false },
};

START_TEST(rules_of_the_datacenter_are_read)
{
	CLEANUP(scope_free) char *text = memory_copy(datacenters[_i].text);
	CLEANUP(site_release) struct site site;

	site_init(&site);
	site_parse_datacenter(text, &site);
	ck_assert_msg(site.first_id == datacenters[_i].first && site.end_id == datacenters[_i].end,
		      "%s: %u to %u", datacenters[_i].text, site.first_id, site.end_id);
	ck_assert_msg(site.case_sensitive == datacenters[_i].case_sensitive, "%s: case",
		      datacenters[_i].text);
}
END_TEST

static const struct { const char *text; bool before, after; } firewalls[] = {
	{ "",						false,	false },
	{ "",						true,	true },
	{ "[OPTIONS]\n\nenable: 1\n\n[RULES]\n",	false,	true },
	{ "[options]\nENABLE:1\n",			false,	true },
	{ "[OPTIONS]\nenable: 0\n",			true,	false },
	{ "[RULES]\nenable: 1\n",			false,	false },
	{ "[OPTIONS]\n# enable: 1\nenable\n",		false,	false },
	{ "[OPTIONS]\n[RULES]\nenable: 1\n",		false,	false },
};

START_TEST(a_firewall_is_what_its_options_say)
{
	CLEANUP(scope_free) char *text = memory_copy(firewalls[_i].text);
	bool enabled = firewalls[_i].before;

	site_parse_firewall(text, &enabled);
	ck_assert_msg(enabled == firewalls[_i].after, "%s", firewalls[_i].text);
}
END_TEST

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define TAIL "\t0\t0\t0\n"

static const struct { const char *text, *uplink, *gateway, *net; } routes[] = {
	{ HEAD "vmbr0\t00000000\t0144A8C0\t0003\t0\t0\t0\t00000000" TAIL
	  "vmbr0\t0040A8C0\t00000000\t0001\t0\t0\t0\t00F0FFFF" TAIL,
	  "vmbr0", "192.168.68.1/32", "192.168.64.0/20" },
	{ HEAD "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000" TAIL
	  "vmbr0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000" TAIL
	  "vmbr0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF" TAIL,
	  "vmbr0", "10.0.0.1/32", "10.0.0.0/24" },
	{ HEAD "vmbr0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF" TAIL,
	  NULL, NULL, "10.0.0.0/24" },
	{ HEAD "vmbr0\t00000000\t0100000A\t0002\t0\t0\t0\t00000000" TAIL
	  "vmbr0\t0000000A\t00000000\t0201\t0\t0\t0\t00FFFFFF" TAIL
	  "vmbr0\t0500000A\t00000000\t0005\t0\t0\t0\tFFFFFFFF" TAIL,
	  NULL, NULL, NULL },
	{ HEAD "vmbr0\tnonsense\n\nvmbr0\n", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
};

START_TEST(routes_tell_the_uplink_and_the_nets)
{
	CLEANUP(scope_free) char *text = memory_copy(routes[_i].text);
	CLEANUP(site_release) struct site site;
	char address[ADDRESS_TEXT];
	const struct site_net *net;

	site_init(&site);
	site_parse_routes(text, &site);
	net = site_find_net(&site, "vmbr0");
	ck_assert_pstr_eq(site.uplink, routes[_i].uplink);
	if (site.uplink)
		ck_assert_str_eq(address_format_cidr(&site.gateway, address), routes[_i].gateway);
	ck_assert_pstr_eq(net ? address_format_cidr(&net->net, address) : NULL, routes[_i].net);
	ck_assert_ptr_null(site_find_net(&site, "vmbr9"));
}
END_TEST

START_TEST(addresses_are_the_nodes_own)
{
	CLEANUP(scope_free) char *text = memory_copy(
		"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
		"     |-- 127.0.0.1\n        /32 host LOCAL\n"
		"     |-- 192.168.64.0\n        /20 link UNICAST\n"
		"     |-- 192.168.68.10\n        /32 host LOCAL\n"
		"     |-- 192.168.79.255\n        /32 link BROADCAST\n"
		"Local:\n     |-- 192.168.68.10\n        /32 host LOCAL\n"
		"     |-- nonsense\n        /32 host LOCAL\n");
	CLEANUP(site_release) struct site site;

	site_init(&site);
	site_parse_addresses(text, &site);
	ck_assert_uint_eq(site.addresses.count, 1);
	ck_assert_str_eq(site.addresses.items[0], "192.168.68.10");
}
END_TEST

static void set_up(void)
{
	sysroot_make();
	sysroot_put("/etc/pve/datacenter.cfg", "next-id: lower=200\n");
	sysroot_put("/etc/pve/firewall/cluster.fw", "[OPTIONS]\nenable: 1\n");
	sysroot_put("/etc/pve/local/host.fw", "[OPTIONS]\nenable: 0\n");
}

START_TEST(a_site_is_read)
{
	CLEANUP(site_release) struct site site;
	struct error err = { 0 };

	site_init(&site);
	ck_assert_int_eq(pvefs_read_site(sysroot, &site, &err), 0);
	ck_assert_uint_eq(site.first_id, 200);
	ck_assert(site.firewall);
	ck_assert(!site.host_firewall);
	ck_assert(site.clock_is_set);
}
END_TEST

START_TEST(a_site_without_files_is_as_Proxmox_has_it)
{
	CLEANUP(site_release) struct site site;
	struct error err = { 0 };

	sysroot_remove();
	sysroot_make();
	sysroot_put("/run/clock-not-set", "");
	site_init(&site);
	ck_assert_int_eq(pvefs_read_site(sysroot, &site, &err), 0);
	ck_assert_uint_eq(site.first_id, 100);
	ck_assert_uint_eq(site.end_id, 1000000);
	ck_assert(!site.firewall);
	ck_assert(site.host_firewall);
	ck_assert(!site.clock_is_set);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
	CLEANUP(site_release) struct site site;
	struct error err = { 0 };

	unlink(sysroot_path("/etc/pve/datacenter.cfg"));
	sysroot_make_parents("/etc/pve/datacenter.cfg/x");
	site_init(&site);
	ck_assert_int_eq(pvefs_read_site(sysroot, &site, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "datacenter.cfg"));
}
END_TEST

START_TEST(this_machines_kernel_is_understood)
{
	CLEANUP(site_release) struct site site;
	struct error err = { 0 };

	site_init(&site);
	ck_assert_int_eq(pvefs_read_site("", &site, &err), 0);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
	tcase_add_loop_test(tcase, rules_of_the_datacenter_are_read, 0, ROWS(datacenters));
	tcase_add_loop_test(tcase, a_firewall_is_what_its_options_say, 0, ROWS(firewalls));
	tcase_add_loop_test(tcase, routes_tell_the_uplink_and_the_nets, 0, ROWS(routes));
	tcase_add_test(tcase, addresses_are_the_nodes_own);
	tcase_add_test(tcase, a_site_is_read);
	tcase_add_test(tcase, a_site_without_files_is_as_Proxmox_has_it);
	tcase_add_test(tcase, a_file_that_cannot_be_read_is_an_error);
	tcase_add_test(tcase, this_machines_kernel_is_understood);
}

TEST_MAIN("site", add_cases)
