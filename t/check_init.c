/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/init.h"
#include "decide/init_part.h"
#include "main.h"
#include "model/site.h"
#include "model/vmconf.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_pool(struct state *state, const char *id, const char *pool, uint64_t size,
		     uint64_t used)
{
	MEMORY_PUSH(state->storages, state->storage_count) = (struct state_storage){
		.id = memory_copy(id), .type = memory_copy("lvmthin"), .vg = memory_copy("pve"),
		.pool = memory_copy(pool), .images = true,
	};
	MEMORY_PUSH(state->pools.items, state->pools.count) = (struct thin_pool){
		.vg = memory_copy("pve"), .name = memory_copy(pool), .data_total = size,
		.data_used = used,
	};
}

static void add_volume(struct state *state, unsigned vmid, uint64_t size)
{
	MEMORY_PUSH(state->volumes.items, state->volumes.count) = (struct thin_volume){
		.vg = memory_copy("pve"), .pool = memory_copy("data"),
		.name = memory_print("vm-%u-disk-0", vmid), .vmid = vmid, .size = size,
	};
}

static void add_guest(struct state *state, unsigned vmid, const char *conf)
{
	MEMORY_PUSH(state->guests, state->guest_count) = (struct state_guest){
		.vmid = vmid, .node = memory_copy("pve"), .local = true,
		.conf = vmconf_parse(conf, strlen(conf)),
	};
}

/* 48G, 400G of pool, vmbr0: the owner's node. */
static void make_node(struct state *state)
{
	*state = (struct state)STATE_INIT;
	state->node = memory_copy("pve");
	state->memory = 48 * GIB;
	state->cpus = 8;
	strvec_push(&state->bridges, "vmbr0");
	add_pool(state, "local-lvm", "data", 400 * GIB, 0);
}

static void make_site(struct site *site, const char *net, const char *gateway, const char *own)
{
	struct address address;

	site_init(site);
	site->uplink = memory_copy("vmbr0");
	ck_assert(address_parse_cidr(net, &address));
	MEMORY_PUSH(site->nets, site->net_count) = (struct site_net){
		.interface = memory_copy("vmbr0"), .net = address,
	};
	ck_assert(address_parse(gateway, &site->gateway));
	strvec_push(&site->addresses, own);
}

/* How often does that line, whatever stands in front and behind, stand in text? */
static unsigned count_lines(const char *text, const char *line)
{
	unsigned count = 0;

	for (const char *at = text; (at = strstr(at, line)); at++)
		count += at > text && strchr("\t\n", at[-1]) != NULL;
	return count;
}

/* The node and the site that a test finds, and what it writes of them. */
static struct state state;
static struct site site;
static struct strbuf text;
static struct error err;

static void set_up(void)
{
	make_node(&state);
	make_site(&site, "10.0.0.0/24", "10.0.0.1", "10.0.0.2");
	text = (struct strbuf)STRBUF_INIT;
}

static void tear_down(void)
{
	strbuf_release(&text);
	site_release(&site);
	state_release(&state);
}

static const struct { const char *net, *gateway, *own, *build, *first, *last; } nets[] = {
	{ "192.168.64.0/20",	"192.168.68.1",	"192.168.68.10",
	  "192.168.68.201/20",	"192.168.68.211/20", "192.168.68.213/20" },
	{ "10.0.0.0/24",	"10.0.0.254",	"10.0.0.5",
	  "10.0.0.201/24",	"10.0.0.211/24", "10.0.0.213/24" },
	{ "10.0.0.0/24",	"10.0.0.201",	"10.0.0.212",
	  "10.0.0.202/24",	"10.0.0.213/24", "10.0.0.215/24" },
	{ "10.0.0.128/25",	"10.0.0.129",	"10.0.0.193",
	  "10.0.0.192/25",	"10.0.0.194/25", "10.0.0.196/25" },
	{ "10.0.0.16/28",	"10.0.0.17",	"10.0.0.24",
	  "10.0.0.25/28",	"10.0.0.26/28", "10.0.0.28/28" },
	{ "10.0.0.0/29",	"10.0.0.1",	"10.0.0.2",	NULL, NULL, NULL },
	{ "10.0.0.0/31",	"10.0.0.1",	"10.0.0.0",	NULL, NULL, NULL },
	{ "10.0.0.0/24",	"172.16.0.1",	"10.0.0.2",	NULL, NULL, NULL },
};

START_TEST(addresses_are_guessed_where_the_net_has_room)
{
	const char *const wanted[] = { nets[_i].build, nets[_i].first, nets[_i].last };

	site_release(&site);
	make_site(&site, nets[_i].net, nets[_i].gateway, nets[_i].own);
	ck_assert_msg(init_write(&state, &site, NULL, &text, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(scope_free) char *line = memory_print("%s = \"%s\"", i ? "address" :
							      "build-address", wanted[i]);

		ck_assert_msg(!wanted[i] || count_lines(text.buf, line) == 1, "%s: no %s",
			      nets[_i].net, line);
	}
	ck_assert_uint_eq(count_lines(text.buf, "#address = \"192.168.68.211/20\""), !wanted[0]);
	ck_assert_uint_eq(count_lines(text.buf, "#build-address = "), !wanted[0]);
}
END_TEST

static const struct { uint64_t memory, used; const char *control, *worker, *reserve; } memories[] = {
	{ 64,	0,	"8G",	"16G",	"4G" },
	{ 44,	0,	"8G",	"16G",	"4G" },
	{ 43,	0,	"4G",	"8G",	"4G" },
	{ 64,	24,	"4G",	"8G",	"4G" },
	{ 14,	0,	"2G",	"4G",	"3584M" },
	{ 8,	0,	"1G",	"2G",	"2G" },
	{ 2,	8,	"1G",	"2G",	"512M" },
};

START_TEST(memory_is_what_is_free_of_the_nodes)
{
	CLEANUP(scope_free) char *guest =
		memory_print("memory: %u\n", (unsigned)memories[_i].used * 1024);
	CLEANUP(scope_free) char *control = memory_print("memory = \"%s\"", memories[_i].control);
	CLEANUP(scope_free) char *worker = memory_print("memory = \"%s\"", memories[_i].worker);
	CLEANUP(scope_free) char *reserve =
		memory_print("memory-reserve = \"%s\"", memories[_i].reserve);

	state.memory = memories[_i].memory * GIB;
	if (memories[_i].used)
		add_guest(&state, 300, guest);
	ck_assert_int_eq(init_write(&state, &site, NULL, &text, &err), 0);
	ck_assert_msg(count_lines(text.buf, control) == 1, "row %d: no %s", _i, control);
	ck_assert_msg(count_lines(text.buf, worker) == 1, "row %d: no %s", _i, worker);
	ck_assert_msg(count_lines(text.buf, reserve) == 1, "row %d: no %s", _i, reserve);
}
END_TEST

START_TEST(disks_are_what_the_pool_can_promise)
{
	add_guest(&state, 300, "scsi0: local-lvm:vm-300-disk-0,size=300G\n");
	add_volume(&state, 300, 300 * GIB);
	ck_assert_int_eq(init_write(&state, &site, NULL, &text, &err), 0);
	ck_assert_uint_eq(count_lines(text.buf, "disk = \"16G\""), 1);
	ck_assert_uint_eq(count_lines(text.buf, "disk = \"32G\""), 1);
}
END_TEST

START_TEST(the_pool_with_most_room_is_taken)
{
	add_pool(&state, "full", "full", 900 * GIB, 800 * GIB);
	add_pool(&state, "off", "off", 900 * GIB, 0);
	state.storages[2].disabled = true;
	add_pool(&state, "iso", "iso", 900 * GIB, 0);
	state.storages[3].images = false;
	add_pool(&state, "fast", "fast", 500 * GIB, 10 * GIB);
	ck_assert_int_eq(init_write(&state, &site, NULL, &text, &err), 0);
	ck_assert_uint_eq(count_lines(text.buf, "storage = \"fast\""), 1);
}
END_TEST

START_TEST(ids_have_neither_a_guest_nor_what_is_left_of_one)
{
	add_guest(&state, 103, "memory: 512\n");
	add_volume(&state, 105, GIB);
	add_volume(&state, 9000, GIB);
	ck_assert_int_eq(init_write(&state, &site, NULL, &text, &err), 0);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 106\n"), 1);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 108\n"), 1);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 9001\n"), 1);
}
END_TEST

START_TEST(ids_of_a_range_from_9000_do_not_meet)
{
	site.first_id = 8999;
	site.end_id = 9003;
	ck_assert_int_eq(init_write(&state, &site, NULL, &text, &err), 0);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 8999\n"), 1);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 9001\n"), 1);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 9002\n"), 1);
}
END_TEST

static const char template_conf[] =
	"#vyom-image%%3A sha256%%3A0000000000000000000000000000000000000000000000000000000000000000\n"
	"boot: order=scsi0\nide2: local-lvm:vm-9005-cloudinit,media=cdrom\n"
	"scsi0: %s:base-9005-disk-0,size=3584M\nserial0: socket\ntemplate: 1\n";

static const struct { const char *storage; uint64_t size; bool taken; } templates[] = {
	{ "local-lvm",	4 * GIB,	true },
	{ "local-lvm",	64 * GIB,	true },
	{ "local-lvm",	65 * GIB,	false },
	{ "local",	4 * GIB,	false },
	{ "elsewhere",	4 * GIB,	false },
};

START_TEST(a_template_is_used_if_a_linked_clone_of_it_will_do)
{
	CLEANUP(scope_free) char *conf = memory_print(template_conf, templates[_i].storage);

	add_pool(&state, "elsewhere", "slow", 10 * GIB, 0);
	add_guest(&state, 9005, conf);
	add_volume(&state, 9005, templates[_i].size);
	free(state.volumes.items[0].name);
	state.volumes.items[0].name = memory_copy("base-9005-disk-0");
	state.volumes.items[0].base = true;
	ck_assert_int_eq(init_write(&state, &site, NULL, &text, &err), 0);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 9005\n"), templates[_i].taken);
	ck_assert_uint_eq(count_lines(text.buf, "vmid = 9000\n"), !templates[_i].taken);
}
END_TEST

START_TEST(the_example_is_gone_through_line_by_line)
{
	static const char *const example[] = {
		"# node \"pve\" {", "node \"pve\" {", "\tbridge = \"vmbr0\"\t\t# why", "\t#bridge = \"x\"",
		"}", "cluster \"lab\" {", "\tbridge = \"vmbr0\"", "\tvm \"a\" {", "\t\tvmid = 1",
		"\t\tbridge = \"kept\"", "\t}", "\tvm \"b\" {", "\t\tvmid = 2", "\t\tmac = \"away\"",
		"\t}", "}", "bridge = \"beyond\"", NULL,
	};
	CLEANUP(init_release) struct init init = INIT_INIT;

	init.node = "mine";
	init_set_text(&init, SCOPE_NODE, NULL, KEY_BRIDGE, "vmbr1", NULL);
	init_set_text(&init, SCOPE_CLUSTER, NULL, KEY_BRIDGE, "vmbr2", "Why so.");
	init_set(&init, SCOPE_VM, "b", KEY_VMID, "7", NULL);
	init_set(&init, SCOPE_VM, NULL, KEY_MAC, NULL, "A sentence that is so long that it does "
		 "not stand in one line, but in two.");
	init_rewrite(&init, example, &text);
	ck_assert_str_eq(text.buf,
		"# node \"pve\" {\nnode \"mine\" {\n\tbridge = \"vmbr1\"\t\t# why\n\t#bridge = \"x\"\n"
		"}\ncluster \"lab\" {\n\t# Why so.\n\tbridge = \"vmbr2\"\n\tvm \"a\" {\n\t\tvmid = 1\n"
		"\t\tbridge = \"kept\"\n\t}\n\tvm \"b\" {\n\t\tvmid = 7\n"
		"\t\t# A sentence that is so long that it does not stand in one line, but\n"
		"\t\t# in two.\n\t\t#mac = \"away\"\n\t}\n}\nbridge = \"beyond\"\n");
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, addresses_are_guessed_where_the_net_has_room, 0, ROWS(nets));
	tcase_add_loop_test(tcase, memory_is_what_is_free_of_the_nodes, 0, ROWS(memories));
	tcase_add_test(tcase, disks_are_what_the_pool_can_promise);
	tcase_add_test(tcase, the_pool_with_most_room_is_taken);
	tcase_add_test(tcase, ids_have_neither_a_guest_nor_what_is_left_of_one);
	tcase_add_test(tcase, ids_of_a_range_from_9000_do_not_meet);
	tcase_add_loop_test(tcase, a_template_is_used_if_a_linked_clone_of_it_will_do, 0,
			    ROWS(templates));
	tcase_add_test(tcase, the_example_is_gone_through_line_by_line);
}

TEST_MAIN("init", add_cases)
