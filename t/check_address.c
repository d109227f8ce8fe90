/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "main.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static const struct { const char *text; int family; } hosts[] = {
	{ "192.168.68.211",	AF_INET },
	{ "0.0.0.0",		AF_INET },
	{ "fd00::5",		AF_INET6 },
	{ "::",			AF_INET6 },
	{ "::ffff:10.0.0.1",	AF_INET6 },
	{ "",			0 },
	{ "192.168.68",		0 },
	{ "192.168.68.256",	0 },
	{ "192.168.68.211 ",	0 },
	{ " 192.168.68.211",	0 },
	{ "192.168.68.211/20",	0 },
	{ "192.168.068.211",	0 },
	{ "fd00::5%eth0",	0 },
	{ "fd00:::5",		0 },
	{ "host",		0 },
};

START_TEST(an_address_is_ipv4_or_ipv6_and_nothing_else)
{
	struct address address = { .family = 0 };
	bool good = address_parse(hosts[_i].text, &address);

	ck_assert_msg(good == (hosts[_i].family != 0), "\"%s\"", hosts[_i].text);
	ck_assert_msg(address.family == hosts[_i].family, "\"%s\"", hosts[_i].text);
	ck_assert_msg(!good || address.prefix == (address.family == AF_INET ? 32 : 128), "\"%s\"",
		      hosts[_i].text);
}
END_TEST

static const struct { const char *text; unsigned prefix; } nets[] = {
	{ "192.168.68.211/20",	20 },
	{ "10.0.0.1/32",	32 },
	{ "10.0.0.1/1",		1 },
	{ "fd00::5/64",		64 },
	{ "fd00::5/128",	128 },
	{ "192.168.68.211",	0 },
	{ "192.168.68.211/",	0 },
	{ "192.168.68.211/0",	0 },
	{ "192.168.68.211/33",	0 },
	{ "192.168.68.211/20/3", 0 },
	{ "192.168.68.211/ 20",	0 },
	{ "192.168.68.211/-1",	0 },
	{ "fd00::5/129",	0 },
	{ "/24",		0 },
	{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64", 0 },
};

START_TEST(an_address_with_a_net_has_a_prefix_in_range)
{
	struct address address = { .prefix = 0 };
	bool good = address_parse_cidr(nets[_i].text, &address);

	ck_assert_msg(good == (nets[_i].prefix != 0), "\"%s\"", nets[_i].text);
	ck_assert_msg(!good || address.prefix == nets[_i].prefix, "\"%s\": %u", nets[_i].text,
		      address.prefix);
}
END_TEST

static const struct { const char *address, *net; bool inside; } members[] = {
	{ "192.168.64.1",	"192.168.68.211/20",	true },
	{ "192.168.79.255",	"192.168.68.211/20",	true },
	{ "192.168.63.255",	"192.168.68.211/20",	false },
	{ "192.168.80.0",	"192.168.68.211/20",	false },
	{ "10.0.0.1",		"10.0.0.1/32",		true },
	{ "10.0.0.2",		"10.0.0.1/32",		false },
	{ "127.255.255.255",	"1.2.3.4/1",		true },
	{ "128.0.0.0",		"1.2.3.4/1",		false },
	{ "10.0.1.9",		"10.0.1.1/24",		true },
	{ "10.0.2.9",		"10.0.1.1/24",		false },
	{ "fd00::1:0:0:1",	"fd00::5/63",		true },
	{ "fd00:0:0:1::1",	"fd00::5/63",		true },
	{ "fd00:0:0:2::1",	"fd00::5/63",		false },
	{ "fd00::6",		"fd00::5/128",		false },
	{ "a00::",		"10.0.0.0/8",		false },
};

START_TEST(a_net_holds_what_shares_its_first_bits)
{
	struct address address, net;

	ck_assert(address_parse(members[_i].address, &address));
	ck_assert(address_parse_cidr(members[_i].net, &net));
	ck_assert_msg(address_in_net(&address, &net) == members[_i].inside, "%s in %s",
		      members[_i].address, members[_i].net);
}
END_TEST

static const struct { const char *a, *b; bool same; } pairs[] = {
	{ "fd00::5",	"FD00:0:0::0005",	true },
	{ "fd00::5",	"fd00::6",		false },
	{ "10.0.0.1",	"10.0.0.1",		true },
	{ "10.0.0.1",	"10.0.0.2",		false },
	{ "10.0.0.1",	"a00:1::",		false },
};

START_TEST(addresses_are_the_same_in_any_spelling)
{
	struct address a, b;

	ck_assert(address_parse(pairs[_i].a, &a) && address_parse(pairs[_i].b, &b));
	ck_assert_msg(address_same(&a, &b) == pairs[_i].same, "%s and %s", pairs[_i].a, pairs[_i].b);
}
END_TEST

START_TEST(the_net_is_no_part_of_an_address)
{
	struct address a, b;

	ck_assert(address_parse_cidr("10.0.0.1/8", &a) && address_parse_cidr("10.0.0.1/24", &b));
	ck_assert(address_same(&a, &b));
}
END_TEST

static const struct { const char *text; bool good; } macs[] = {
	{ "02:1F:00:aB:cd:EF",	true },
	{ "BC:24:11:2C:60:19",	true },
	{ "00:00:00:00:00:00",	true },
	{ "01:00:5E:00:00:01",	false },
	{ "FF:FF:FF:FF:FF:FF",	false },
	{ "0b:24:11:2C:60:19",	false },
	{ "02:1F:00:AB:CD",	false },
	{ "02:1F:00:AB:CD:",	false },
	{ "02:1F:00:AB:CD:E",	false },
	{ "02:1F:00:AB:CD:EF:",	false },
	{ "02:1F:00:AB:CD:EF0", false },
	{ "02-1F-00-AB-CD-EF",	false },
	{ "021F:00:AB:CD:EF:00", false },
	{ "02:1G:00:AB:CD:EF",	false },
	{ "2:1F:00:AB:CD:EF:0",	false },
	{ "",			false },
};

START_TEST(a_mac_is_six_octets_and_unicast)
{
	ck_assert_msg(address_parse_mac(macs[_i].text) == macs[_i].good, "\"%s\"", macs[_i].text);
}
END_TEST

static const struct { const char *first; unsigned n; const char *then; } steps[] = {
	{ "10.0.0.20/24",	0,	"10.0.0.20/24" },
	{ "10.0.0.20/24",	3,	"10.0.0.23/24" },
	{ "10.0.0.255/16",	1,	"10.0.1.0/16" },
	{ "10.0.0.254/24",	1,	"10.0.0.255/24" },
	{ "10.0.0.254/24",	2,	NULL },
	{ "10.0.0.1/8",		70000,	"10.1.17.113/8" },
	{ "255.255.255.255/1",	1,	NULL },
	{ "fd00::ffff/64",	1,	"fd00::1:0/64" },
	{ "fd00::ffff/112",	1,	NULL },
	{ "fd00::5/128",	0,	"fd00::5/128" },
};

START_TEST(addresses_follow_each_other_within_their_net)
{
	struct address address;
	char text[ADDRESS_TEXT];
	bool good;

	ck_assert(address_parse_cidr(steps[_i].first, &address));
	good = address_step(&address, steps[_i].n);
	address_format_cidr(&address, text);
	ck_assert_msg(good == (steps[_i].then != NULL), "%s + %u", steps[_i].first, steps[_i].n);
	ck_assert_msg(strcmp(text, good ? steps[_i].then : steps[_i].first) == 0, "%s + %u: %s",
		      steps[_i].first, steps[_i].n, text);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, addresses_follow_each_other_within_their_net, 0, ROWS(steps));
	tcase_add_loop_test(tcase, an_address_is_ipv4_or_ipv6_and_nothing_else, 0, ROWS(hosts));
	tcase_add_loop_test(tcase, an_address_with_a_net_has_a_prefix_in_range, 0, ROWS(nets));
	tcase_add_loop_test(tcase, a_net_holds_what_shares_its_first_bits, 0, ROWS(members));
	tcase_add_loop_test(tcase, addresses_are_the_same_in_any_spelling, 0, ROWS(pairs));
	tcase_add_test(tcase, the_net_is_no_part_of_an_address);
	tcase_add_loop_test(tcase, a_mac_is_six_octets_and_unicast, 0, ROWS(macs));
}

TEST_MAIN("address", add_cases)
