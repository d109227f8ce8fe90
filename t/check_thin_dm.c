/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "main.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "sysroot.h"
#include "edge/thin_dm.h"

static void put(const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/dm/%s", name);
	sysroot_put(path, text);
}

/* transcripts/10-files and 02-clone: a used pool, an unused one, a template and one clone */
#define VG "LVM-7FZYlMVTJzEnYD9MJP6WckfirOw9Q0YW"
#define BASE "pve-base--9000--disk--0:" VG "5HE45pS33DOyLGiutZJGqL9ZLv3vnSls"

static const char info[] =
	BASE ":0:Read-only:253:9\n"
	"pve-data:" VG "gUXaVsMZtAvxNiyDeyutx29QXLjoOVKf-pool:0:Read-only:253:7\n"
	"pve-data-tpool:" VG "gUXaVsMZtAvxNiyDeyutx29QXLjoOVKf-tpool:3:Writeable:253:3\n"
	"pve-data_tdata:" VG "gc3crXKUPNIMMr4VeQSdEyJuZPESK7nT-tdata:1:Writeable:253:2\n"
	"pve-data_tmeta:" VG "cdkgMQkPob6qc6o4seGgW8rdV3Z3b76x-tmeta:1:Writeable:253:1\n"
	"pve-swap:" VG "aeWJg2zw1hyKaVfJL704XqohBLuc6rU7:0:Writeable:253:0\n"
	"pve-tiny:" VG "4ffIz3K6jaJkvMFjaXJcdPvIGCplqEUp-tpool:0:Writeable:253:6\n"
	"other-thin:CRYPT-LUKS2-abc:0:Writeable:253:30\n"
	"pve-vm--101--disk--0:" VG "v9VQ2LERt3R5XUmiXE2LLSHiI04bmEUJ:1:Writeable:253:11\n"
	"pve-vm--101--cloudinit:" VG "v9VQ2LERt3R5XUmiXE2LLSHiI04bmEUK:0:Writeable:253:10\n";

static const char table[] =
	"pve-base--9000--disk--0: 0 131072 thin 253:3 1\n"
	"pve-data: 0 67108864 linear 253:3 0\n"
	"pve-data-tpool: 0 67108864 thin-pool 253:1 253:2 128 8192 0 \n"
	"pve-data_tdata: 0 67108864 linear 254:16 2361344\n"
	"pve-data_tmeta: 0 262144 linear 254:16 69470208\n"
	"pve-swap: 0 2097152 linear 254:16 2048\n"
	"pve-tiny: 0 819200 thin-pool 253:4 253:5 128 0 0 \n"
	"other-thin: 0 8192 thin 253:3 1\n"
	"pve-vm--101--cloudinit: 0 8192 thin 253:3 3\n"
	"pve-vm--101--disk--0: 0 131072 thin 253:3 4\n";

static const char status[] =
	"pve-base--9000--disk--0: 0 131072 thin 24448 26367\n"
	"pve-data: 0 67108864 linear \n"
	"pve-data-tpool: 0 67108864 thin-pool 18 3328/32768 770/524288 - rw discard_passdown queue_if_no_space - 1024 \n"
	"pve-data_tdata: 0 67108864 linear \n"
	"pve-data_tmeta: 0 262144 linear \n"
	"pve-swap: 0 2097152 linear \n"
	"pve-tiny: 0 819200 thin-pool 0 213/2048 0/6400 - rw discard_passdown queue_if_no_space - 512 \n"
	"other-thin: 0 8192 thin 0 -\n"
	"pve-vm--101--cloudinit: 0 8192 thin 0 -\n"
	"pve-vm--101--disk--0: 0 131072 thin 24448 26367\n";

static void set_up(void)
{
	sysroot_make();
	put("info", info);
	put("table", table);
	put("status", status);
}

/* text with old replaced by fresh */
static char *edit(const char *text, const char *old, const char *fresh)
{
	const char *at = strstr(text, old);

	ck_assert_msg(at, "\"%s\" is not in the text", old);
	return memory_print("%.*s%s%s", (int)(at - text), text, fresh, at + strlen(old));
}

static void put_edited(const char *name, const char *text, const char *old, const char *fresh)
{
	CLEANUP(scope_free) char *edited = edit(text, old, fresh);

	put(name, edited);
}

struct node {
	struct thin_pools pools;
	struct thin_volumes volumes;
};

static void release(struct node *node)
{
	thin_pools_release(&node->pools);
	thin_volumes_release(&node->volumes);
}

#define NODE(name) CLEANUP(release) struct node name = { { NULL, 0 }, { NULL, 0 } }

static void read_node(struct node *node)
{
	struct error err = { 0 };

	ck_assert_msg(thin_dm_read(sysroot, &node->pools, &node->volumes, &err) == 0, "%s", err.text);
}

START_TEST(pools_are_read)
{
	const struct thin_pool *data, *tiny;
	NODE(node);

	read_node(&node);
	ck_assert_uint_eq(node.pools.count, 2);
	data = thin_pools_find(&node.pools, "pve", "data");
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(data->data_total, 32 * GIB);
	ck_assert_uint_eq(data->data_used, 770 * 64 * KIB);
	ck_assert_uint_eq(data->meta_total, 128 * MIB);
	ck_assert_uint_eq(data->meta_used, 3328 * 4 * KIB);
	ck_assert_uint_eq(data->chunk, 64 * KIB);
	ck_assert_uint_eq(data->data_low_water, 512 * MIB);
	ck_assert_uint_eq(data->extent, 0);
	ck_assert_int_eq(data->mode, THIN_MODE_RW);
	ck_assert(!data->needs_check);
	ck_assert(!data->error_if_full);
	tiny = thin_pools_find(&node.pools, "pve", "tiny");
	ck_assert_ptr_nonnull(tiny);
	ck_assert_uint_eq(tiny->data_total, 400 * MIB);
	ck_assert_uint_eq(tiny->data_used, 0);
}
END_TEST

static const struct {
	const char *name;
	uint64_t size, mapped;
	bool open, read_only, base;
	unsigned vmid;
} volumes[] = {
	{ "base-9000-disk-0",	64 * MIB, 24448 * 512, false, true,  true,  9000 },
	{ "vm-101-cloudinit",	4 * MIB,  0,	       false, false, false, 101 },
	{ "vm-101-disk-0",	64 * MIB, 24448 * 512, true,  false, false, 101 },
};

START_TEST(volumes_are_read)
{
	const struct thin_volume *volume;
	NODE(node);

	read_node(&node);
	ck_assert_uint_eq(node.volumes.count, sizeof(volumes) / sizeof(*volumes));
	volume = &node.volumes.items[_i];
	ck_assert_str_eq(volume->vg, "pve");
	ck_assert_str_eq(volume->name, volumes[_i].name);
	ck_assert_str_eq(volume->pool, "data");
	ck_assert_ptr_null(volume->origin);
	ck_assert_msg(volume->size == volumes[_i].size, "%s: size", volumes[_i].name);
	ck_assert_msg(volume->mapped == volumes[_i].mapped, "%s: mapped", volumes[_i].name);
	ck_assert_msg(volume->open == volumes[_i].open, "%s: open", volumes[_i].name);
	ck_assert_msg(volume->read_only == volumes[_i].read_only, "%s: read-only", volumes[_i].name);
	ck_assert_msg(volume->vmid == volumes[_i].vmid, "%s: %u", volumes[_i].name, volume->vmid);
	ck_assert_msg(volume->base == volumes[_i].base, "%s: base", volumes[_i].name);
	ck_assert(volume->active);
}
END_TEST

/* the status of pve/data, and what it means; out_of_data_space is transcripts/06-enospc */
static const struct { const char *status; enum thin_mode mode; bool check, error_if_full; uint64_t used; } modes[] = {
	{ "2 242/2048 6400/524288 - out_of_data_space discard_passdown error_if_no_space - 512 ",
	  THIN_MODE_OUT_OF_DATA, false, true, 6400 },
	{ "4 213/2048 5/524288 - ro discard_passdown queue_if_no_space needs_check 512 ",
	  THIN_MODE_RO, true, false, 5 },
	{ "4 213/2048 5/524288 - rw discard_passdown queue_if_no_space needs_check 512 ",
	  THIN_MODE_RW, true, false, 5 },
	{ "4 213/2048 5/524288 - rw discard_passdown queue_if_no_space ",
	  THIN_MODE_RW, false, false, 5 },
	{ "Fail", THIN_MODE_FAILED, false, false, 0 },
	{ "Error", THIN_MODE_FAILED, false, false, 0 },
};

START_TEST(a_pools_mode_is_told)
{
	const struct thin_pool *pool;
	NODE(node);

	put_edited("status", status,
		   "18 3328/32768 770/524288 - rw discard_passdown queue_if_no_space - 1024 ", modes[_i].status);
	read_node(&node);
	pool = thin_pools_find(&node.pools, "pve", "data");
	ck_assert_msg(pool->mode == modes[_i].mode, "%s: %s", modes[_i].status, thin_mode_name(pool->mode));
	ck_assert_msg(pool->needs_check == modes[_i].check, "%s: needs_check", modes[_i].status);
	ck_assert_msg(pool->error_if_full == modes[_i].error_if_full, "%s: error_if_full", modes[_i].status);
	ck_assert_msg(pool->data_used == modes[_i].used * 64 * KIB, "%s: used", modes[_i].status);
	ck_assert_uint_eq(pool->data_total, 32 * GIB);
}
END_TEST

START_TEST(a_volume_belongs_to_the_pool_in_its_table)
{
	NODE(node);

	put_edited("table", table, "pve-vm--101--disk--0: 0 131072 thin 253:3 4",
		   "pve-vm--101--disk--0: 0 131072 thin 253:6 4");
	read_node(&node);
	ck_assert_str_eq(thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0")->pool, "tiny");
	ck_assert_str_eq(thin_volumes_find(&node.volumes, "pve", "vm-101-cloudinit")->pool, "data");
}
END_TEST

START_TEST(without_devices_the_only_pool_is_taken)
{
	NODE(node);

	put("info", BASE ":0:Read-only\npve-data-tpool:" VG "x-tpool:3:Writeable\n");
	read_node(&node);
	ck_assert_uint_eq(node.volumes.count, 1);
	ck_assert_str_eq(node.volumes.items[0].pool, "data");
}
END_TEST

START_TEST(without_devices_none_of_two_pools_is_taken)
{
	NODE(node);

	put("info", BASE ":0:Read-only\npve-data-tpool:" VG "x-tpool:3:Writeable\n"
	    "pve-tiny:" VG "y-tpool:0:Writeable\n");
	read_node(&node);
	ck_assert_str_eq(node.volumes.items[0].pool, "");
}
END_TEST

START_TEST(a_pool_of_another_vg_is_not_taken)
{
	NODE(node);

	put("info", BASE ":0:Read-only\npve-data-tpool:" VG "x-tpool:3:Writeable\n"
	    "fast-tiny:" VG "y-tpool:0:Writeable\n");
	put_edited("table", table, "pve-tiny:", "fast-tiny:");
	put_edited("status", status, "pve-tiny:", "fast-tiny:");
	read_node(&node);
	ck_assert_ptr_nonnull(thin_pools_find(&node.pools, "fast", "tiny"));
	ck_assert_str_eq(node.volumes.items[0].pool, "data");
}
END_TEST

START_TEST(a_device_that_goes_away_meanwhile_is_left_out)
{
	CLEANUP(scope_free) char *less = edit(status, "pve-vm--101--cloudinit: 0 8192 thin 0 -\n", "");
	NODE(node);

	put("status", less);
	put_edited("table", table, "pve-tiny: 0 819200 thin-pool 253:4 253:5 128 0 0 \n", "");
	read_node(&node);
	ck_assert_uint_eq(node.volumes.count, 2);
	ck_assert_uint_eq(node.pools.count, 1);
}
END_TEST

START_TEST(a_node_without_thin_volumes_has_none)
{
	NODE(node);

	put("info", "No devices found\n");
	put("table", "No devices found\n");
	put("status", "No devices found\n");
	read_node(&node);
	ck_assert_uint_eq(node.volumes.count, 0);
	ck_assert_uint_eq(node.pools.count, 0);
}
END_TEST

START_TEST(reading_again_replaces_all)
{
	NODE(node);

	read_node(&node);
	read_node(&node);
	ck_assert_uint_eq(node.volumes.count, 3);
	ck_assert_uint_eq(node.pools.count, 2);
}
END_TEST

/* one word of one text, and what is said then */
static const struct { const char *name, *text, *old, *fresh, *says; } damages[] = {
	{ "status", status, "770/524288", "770",	"status of pve-data-tpool cannot be understood" },
	{ "status", status, "24448 26367", "x",		"status of pve-base--9000--disk--0 cannot be understood" },
	{ "table",  table,  "253:2 128 8192", "253:2",	"table of pve-data-tpool cannot be understood" },
};

START_TEST(damaged_text_is_an_error)
{
	struct error err = { 0 };
	NODE(node);

	put_edited(damages[_i].name, damages[_i].text, damages[_i].old, damages[_i].fresh);
	ck_assert_msg(thin_dm_read(sysroot, &node.pools, &node.volumes, &err) == -1, "%s", damages[_i].says);
	ck_assert_int_eq(err.kind, ERROR_SYSTEM);
	ck_assert_msg(strstr(err.text, damages[_i].says), "%s", err.text);
}
END_TEST

static const char *const texts[] = { "info", "table", "status" };

START_TEST(a_missing_text_is_an_error)
{
	struct error err = { 0 };
	char path[64];
	NODE(node);

	snprintf(path, sizeof(path), "/run/dm/%s", texts[_i]);
	unlink(sysroot_path(path));
	ck_assert_int_eq(thin_dm_read(sysroot, &node.pools, &node.volumes, &err), -1);
	ck_assert_msg(strstr(err.text, path), "%s", err.text);
}
END_TEST

static const char *const odd_infos[] = {
	"", ":", "::", "a", "a:LVM-x", "a:LVM-x:", "a:LVM-x:y", "a:LVM-x:1:", ":LVM-:::::::",
};

START_TEST(odd_lines_of_info_are_passed_over)
{
	CLEANUP(scope_free) char *text = memory_print("%s\n%s", odd_infos[_i], info);
	NODE(node);

	put("info", text);
	read_node(&node);
	ck_assert_uint_eq(node.volumes.count, 3);
}
END_TEST

static const char *const odd_tables[] = {
	"", ":", "pve-vm--101--disk--0", "pve-vm--101--disk--0:", "pve-vm--101--disk--0: ",
	"pve-vm--101--disk--0: 0", "pve-vm--101--disk--0: 0 1", "pve-vm--101--disk--0: 0 x thin 253:6 1",
	"pve-vm--101--disk--0: 0 131072 linear 253:6 4",
};

START_TEST(odd_lines_of_tables_are_passed_over)
{
	CLEANUP(scope_free) char *text = memory_print("%s\n%s", odd_tables[_i], table);
	NODE(node);

	put("table", text);
	read_node(&node);
	ck_assert_str_eq(node.volumes.items[2].pool, "data");
}
END_TEST

START_TEST(one_volume_is_read_again)
{
	struct error err = { 0 };
	struct thin_volume *volume;
	NODE(node);

	read_node(&node);
	volume = thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0");
	put_edited("status", status, "pve-vm--101--disk--0: 0 131072 thin 24448", "pve-vm--101--disk--0: 0 262144 thin 30000");
	ck_assert_int_eq(thin_dm_refresh_volume(sysroot, volume, &err), 0);
	ck_assert_uint_eq(volume->size, 128 * MIB);
	ck_assert_uint_eq(volume->mapped, 30000 * 512);
	ck_assert(volume->active && volume->open);
	ck_assert_str_eq(volume->pool, "data");
	put("info", "");
	ck_assert_int_eq(thin_dm_refresh_volume(sysroot, volume, &err), 0);
	ck_assert(!volume->active && !volume->open);
	ck_assert_uint_eq(volume->mapped, 0);
	put_edited("status", status, "24448 26367\npve-data:", "x\npve-data:");
	put("info", info);
	volume = thin_volumes_find(&node.volumes, "pve", "base-9000-disk-0");
	ck_assert_int_eq(thin_dm_refresh_volume(sysroot, volume, &err), -1);
}
END_TEST

START_TEST(one_pool_is_read_again)
{
	struct error err = { 0 };
	struct thin_pool *pool;
	NODE(node);

	read_node(&node);
	pool = thin_pools_find(&node.pools, "pve", "data");
	pool->extent = 4 * MIB;
	put_edited("status", status, "770/524288", "800/524288");
	ck_assert_int_eq(thin_dm_refresh_pool(sysroot, pool, &err), 0);
	ck_assert_uint_eq(pool->data_used, 800 * 64 * KIB);
	ck_assert_uint_eq(pool->extent, 4 * MIB);
	put_edited("status", status, "0/6400", "17/6400");
	pool = thin_pools_find(&node.pools, "pve", "tiny");
	ck_assert_int_eq(thin_dm_refresh_pool(sysroot, pool, &err), 0);
	ck_assert_uint_eq(pool->data_used, 17 * 64 * KIB);
	put("info", "");
	ck_assert_int_eq(thin_dm_refresh_pool(sysroot, pool, &err), 0);
	ck_assert_int_eq(pool->mode, THIN_MODE_UNKNOWN);
}
END_TEST

START_TEST(a_volumes_device_is_in_its_table)
{
	NODE(node);

	read_node(&node);
	ck_assert_uint_eq(thin_volumes_find(&node.volumes, "pve", "base-9000-disk-0")->device, 1);
	ck_assert_uint_eq(thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0")->device, 4);
}
END_TEST

START_TEST(a_snapshot_of_the_metadata_is_in_the_pools_status)
{
	struct thin_pool *pool;
	NODE(node);

	put_edited("status", status, "770/524288 -", "770/524288 164");
	read_node(&node);
	pool = thin_pools_find(&node.pools, "pve", "data");
	ck_assert_uint_eq(pool->held, 164);
	ck_assert_uint_eq(thin_pools_find(&node.pools, "pve", "tiny")->held, 0);
	put("status", status);
	ck_assert_int_eq(thin_dm_refresh_pool(sysroot, pool, &(struct error){ 0 }), 0);
	ck_assert_uint_eq(pool->held, 0);
}
END_TEST

START_TEST(names_are_device_mappers)
{
	struct thin_pool pool = { .vg = (char *)"my-vg", .name = (char *)"data-1" };
	CLEANUP(scope_free) char *name = thin_dm_pool_name(&pool);
	CLEANUP(scope_free) char *path = thin_dm_metadata_path("/root", &pool);

	ck_assert_str_eq(name, "my--vg-data--1-tpool");
	ck_assert_str_eq(path, "/root/dev/mapper/my--vg-data--1_tmeta");
}
END_TEST

START_TEST(a_text_that_is_gone_when_read_again_is_an_error)
{
	struct error err = { 0 };
	NODE(node);

	read_node(&node);
	unlink(sysroot_path("/run/dm/status"));
	ck_assert_int_eq(thin_dm_refresh_volume(sysroot, &node.volumes.items[0], &err), -1);
	ck_assert_msg(strstr(err.text, "/run/dm/status"), "%s", err.text);
	err = (struct error){ 0 };
	ck_assert_int_eq(thin_dm_refresh_pool(sysroot, &node.pools.items[0], &err), -1);
	ck_assert_msg(strstr(err.text, "/run/dm/status"), "%s", err.text);
}
END_TEST

/* Run where there is none; in the test VM and on a node there is one. */
START_TEST(a_kernel_without_device_mapper_is_said)
{
	struct error err = { 0 };
	NODE(node);

	if (thin_dm_read("", &node.pools, &node.volumes, &err) == 0)
		return;
	ck_assert_int_eq(err.kind, ERROR_SYSTEM);
	ck_assert_msg(strstr(err.text, "modprobe dm_thin_pool"), "%s", err.text);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
	tcase_add_test(tcase, pools_are_read);
	tcase_add_loop_test(tcase, volumes_are_read, 0, ROWS(volumes));
	tcase_add_loop_test(tcase, a_pools_mode_is_told, 0, ROWS(modes));
	tcase_add_test(tcase, a_volume_belongs_to_the_pool_in_its_table);
	tcase_add_test(tcase, without_devices_the_only_pool_is_taken);
	tcase_add_test(tcase, without_devices_none_of_two_pools_is_taken);
	tcase_add_test(tcase, a_pool_of_another_vg_is_not_taken);
	tcase_add_test(tcase, a_device_that_goes_away_meanwhile_is_left_out);
	tcase_add_test(tcase, a_node_without_thin_volumes_has_none);
	tcase_add_test(tcase, reading_again_replaces_all);
	tcase_add_loop_test(tcase, damaged_text_is_an_error, 0, ROWS(damages));
	tcase_add_loop_test(tcase, a_missing_text_is_an_error, 0, ROWS(texts));
	tcase_add_loop_test(tcase, odd_lines_of_info_are_passed_over, 0, ROWS(odd_infos));
	tcase_add_loop_test(tcase, odd_lines_of_tables_are_passed_over, 0, ROWS(odd_tables));
	tcase_add_test(tcase, one_volume_is_read_again);
	tcase_add_test(tcase, one_pool_is_read_again);
	tcase_add_test(tcase, a_volumes_device_is_in_its_table);
	tcase_add_test(tcase, a_snapshot_of_the_metadata_is_in_the_pools_status);
	tcase_add_test(tcase, names_are_device_mappers);
	tcase_add_test(tcase, a_text_that_is_gone_when_read_again_is_an_error);
	tcase_add_test(tcase, a_kernel_without_device_mapper_is_said);
}

TEST_MAIN("thin_dm", add_cases)
