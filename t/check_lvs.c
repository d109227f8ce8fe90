/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/error.h"
#include "edge/lvs.h"
#include "main.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "sysroot.h"

#define LINE(vg, name, attr, size, pool, origin, data)							\
	"{\"vg_name\":\"" vg "\", \"lv_name\":\"" name "\", \"lv_size\":\"" size "\", \"lv_attr\":\"" attr	\
	"\", \"pool_lv\":\"" pool "\", \"origin\":\"" origin "\", \"vg_extent_size\":\"4194304\", "	\
	"\"data_percent\":\"" data "\", \"metadata_percent\":\"\"}"

/* transcripts/10-files in bytes, with a clone and what is not active */
static const char report[] =
	"  {\n      \"report\": [\n          {\n              \"lv\": [\n"
	LINE("pve", "base-9000-disk-0", "Vri---tz-k", "67108864", "data", "", "") ",\n"
	LINE("pve", "data", "twi-aotz--", "34359738368", "", "", "0.04") ",\n"
	LINE("pve", "swap", "-wi-a-----", "1073741824", "", "", "") ",\n"
	LINE("pve", "slow", "twi---tz--", "419430400", "", "", "") ",\n"
	LINE("pve", "vm-101-disk-0", "Vwi-aotz--", "67108864", "data", "base-9000-disk-0", "18.65") ",\n"
	LINE("pve", "vm-102-disk-0", "Vwi-aotz--", "67108864", "data", "", "25.00") "\n"
	"              ]\n          }\n      ]\n  }\n";

/* What thin_dm read before: pool data and VM 101's volume. */
struct node {
	struct thin_pools pools;
	struct thin_volumes volumes;
};

static struct node sample(void)
{
	struct node node = { { NULL, 0 }, { NULL, 0 } };

	MEMORY_PUSH(node.pools.items, node.pools.count) = (struct thin_pool){
		.vg = memory_copy("pve"), .name = memory_copy("data"), .data_total = 32 * GIB,
		.data_used = 770 * 64 * KIB, .mode = THIN_MODE_RW };
	MEMORY_PUSH(node.volumes.items, node.volumes.count) = (struct thin_volume){
		.vg = memory_copy("pve"), .name = memory_copy("vm-101-disk-0"), .pool = memory_copy(""),
		.size = 128 * MIB, .mapped = 24448 * 512, .active = true, .vmid = 101 };
	return node;
}

static void release(struct node *node)
{
	thin_pools_release(&node->pools);
	thin_volumes_release(&node->volumes);
}

#define NODE(name) CLEANUP(release) struct node name = sample()

static void parse(struct node *node, const char *text)
{
	struct error err = { 0 };

	ck_assert_msg(lvs_parse(text, &node->pools, &node->volumes, &err) == 0, "%s", err.text);
}

START_TEST(what_device_mapper_said_stays)
{
	const struct thin_volume *volume;
	const struct thin_pool *pool;
	NODE(node);

	parse(&node, report);
	volume = thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0");
	ck_assert_uint_eq(volume->size, 128 * MIB);
	ck_assert_uint_eq(volume->mapped, 24448 * 512);
	ck_assert(volume->active && !volume->open);
	pool = thin_pools_find(&node.pools, "pve", "data");
	ck_assert_uint_eq(pool->data_used, 770 * 64 * KIB);
	ck_assert_int_eq(pool->mode, THIN_MODE_RW);
}
END_TEST

START_TEST(origin_pool_and_extent_are_filled_in)
{
	const struct thin_volume *volume;
	NODE(node);

	parse(&node, report);
	parse(&node, report);	/* a second time changes nothing */
	volume = thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0");
	ck_assert_str_eq(volume->origin, "base-9000-disk-0");
	ck_assert_str_eq(volume->pool, "data");
	ck_assert_uint_eq(thin_pools_find(&node.pools, "pve", "data")->extent, 4 * MIB);
	ck_assert_uint_eq(node.volumes.count, 3);
	ck_assert_uint_eq(node.pools.count, 2);
}
END_TEST

/* "thin_id" is the last column that is asked for. */
START_TEST(a_volumes_device_is_told)
{
	CLEANUP(scope_free) char *text = NULL;
	const char *at = strstr(report, "\"vm-101-disk-0\"");
	NODE(node);

	node.volumes.items[0].device = 9;
	parse(&node, report);
	ck_assert_uint_eq(thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0")->device, 9);
	text = memory_print("%.*s\"thin_id\":\"7\", \"lv_name\":%s", (int)(at - report -
			    strlen("\"lv_name\":")), report, at);
	parse(&node, text);
	ck_assert_uint_eq(thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0")->device, 7);
	ck_assert_uint_eq(thin_volumes_find(&node.volumes, "pve", "vm-102-disk-0")->device, 0);
}
END_TEST

START_TEST(what_is_skipped_at_activation_is_told)
{
	NODE(node);

	parse(&node, report);
	ck_assert(thin_volumes_find(&node.volumes, "pve", "base-9000-disk-0")->skip);
	ck_assert(!thin_volumes_find(&node.volumes, "pve", "vm-101-disk-0")->skip);
	ck_assert(!thin_volumes_find(&node.volumes, "pve", "vm-102-disk-0")->skip);
}
END_TEST

START_TEST(inactive_volumes_are_added)
{
	const struct thin_volume *volume;
	NODE(node);

	parse(&node, report);
	volume = &node.volumes.items[0];
	ck_assert_str_eq(volume->name, "base-9000-disk-0");
	ck_assert_str_eq(volume->pool, "data");
	ck_assert_uint_eq(volume->size, 64 * MIB);
	ck_assert_uint_eq(volume->mapped, 0);
	ck_assert_uint_eq(volume->vmid, 9000);
	ck_assert(volume->base && volume->read_only && !volume->active && !volume->open);
	ck_assert_ptr_null(volume->origin);
}
END_TEST

START_TEST(a_volume_that_became_active_meanwhile_is_added_as_such)
{
	const struct thin_volume *volume;
	NODE(node);

	parse(&node, report);
	volume = thin_volumes_find(&node.volumes, "pve", "vm-102-disk-0");
	ck_assert(volume->active && volume->open && !volume->read_only && !volume->base);
	ck_assert_uint_eq(volume->mapped, 16 * MIB);
}
END_TEST

START_TEST(inactive_pools_are_added)
{
	const struct thin_pool *pool;
	NODE(node);

	parse(&node, report);
	pool = thin_pools_find(&node.pools, "pve", "slow");
	ck_assert_ptr_nonnull(pool);
	ck_assert_int_eq(pool->mode, THIN_MODE_UNKNOWN);
	ck_assert_uint_eq(pool->data_total, 400 * MIB);
	ck_assert_uint_eq(pool->data_used, 0);
	ck_assert_uint_eq(pool->extent, 4 * MIB);
}
END_TEST

/* Shapes that are fine, all with VM 7's volume of 4 MiB. */
static const char *const shapes[] = {
	"{\"report\":[{\"lv\":[" LINE("a", "vm-7-disk-0", "Vwi-a-tz--", "4194304", "p", "", "") "]}]}",
	"{\"report\":[{\"vg\":[]},{\"lv\":[" LINE("a", "vm-7-disk-0", "Vwi-a-tz--", "4194304", "p", "", "")
	"]}],\"log\":[{\"log_seq_num\":\"1\"}]}",
	"{\"report\":[{\"lv\":[{\"vg_name\":\"a\",\"lv_name\":\"vm-7-disk-0\",\"lv_attr\":\"Vwi-a-tz--\","
	"\"lv_size\":4194304,\"vg_extent_size\":4194304,\"data_percent\":null,\"pool_lv\":\"p\"}]}]}",
	"{\"report\":[{\"lv\":[{\"vg_name\":\"a\",\"lv_name\":\"vm-7-disk-0\",\"lv_attr\":\"Vwi-a-tz--\","
	"\"lv_size\":4194304,\"vg_extent_size\":4194304,\"data_percent\":101.5}]}]}",
};

START_TEST(every_shape_of_report_is_read)
{
	const struct thin_volume *volume;
	NODE(node);

	parse(&node, shapes[_i]);
	volume = thin_volumes_find(&node.volumes, "a", "vm-7-disk-0");
	ck_assert_msg(volume, "row %d: no volume", _i);
	ck_assert_uint_eq(volume->size, 4 * MIB);
	ck_assert_uint_le(volume->mapped, 4 * MIB);
	ck_assert_ptr_nonnull(volume->pool);
}
END_TEST

static const struct { const char *text, *says; } damages[] = {
	{ "",						"no JSON: line 1" },
	{ "  WARNING: x\n{\"report\":[]}",		"no JSON: line 1" },
	{ "{\"report\":[{\"lv\":[{}]}]",		"no JSON" },
	{ "[]",						"no report" },
	{ "{}",						"no report" },
	{ "{\"report\":{}}",				"no report" },
	{ "{\"report\":[{\"lv\":[1]}]}",		"\"/\" cannot be understood" },
	{ "{\"report\":[{\"lv\":[{}]}]}",		"\"/\" cannot be understood" },
	{ "{\"report\":[{\"lv\":[" LINE("a", "b", "Vwi-a-tz--", "4.00m", "p", "", "") "]}]}",	"\"a/b\"" },
	{ "{\"report\":[{\"lv\":[" LINE("a", "b", "Vwi-a-tz--", "-1", "p", "", "") "]}]}",	"\"a/b\"" },
	{ "{\"report\":[{\"lv\":[" LINE("a", "b", "Vwi", "1", "p", "", "") "]}]}",		"\"a/b\"" },
	{ "{\"report\":[{\"lv\":[" LINE("", "b", "Vwi-a-tz--", "1", "p", "", "") "]}]}",	"\"/b\"" },
};

START_TEST(a_damaged_report_is_an_error)
{
	struct error err = { 0 };
	NODE(node);

	ck_assert_msg(lvs_parse(damages[_i].text, &node.pools, &node.volumes, &err) == -1, "row %d passed", _i);
	ck_assert_int_eq(err.kind, ERROR_COMMAND);
	ck_assert_msg(strstr(err.text, damages[_i].says), "row %d: %s", _i, err.text);
	ck_assert_uint_eq(node.volumes.count, 1);
}
END_TEST

static void put_lvs(const char *script)
{
	CLEANUP(scope_free) char *text = memory_print("#!/bin/sh\n%s\n", script);

	sysroot_put("/usr/sbin/lvs", text);
	chmod(sysroot_path("/usr/sbin/lvs"), 0755);
}

/* lvs that answers only when asked as a node's lvs wants to be asked */
static const char asked_well[] =
	"[ \"$*\" = \"--reportformat json --units b --nosuffix -o vg_name,lv_name,lv_size,lv_attr,pool_lv,origin,"
	"vg_extent_size,data_percent,metadata_percent,thin_id\" ] || { echo \"asked: $*\" >&2; exit 5; }\n"
	"echo '{\"report\":[{\"lv\":["
	LINE("a", "vm-7-disk-0", "Vwi-a-tz--", "4194304", "p", "", "") "]}]}'";

START_TEST(lvs_is_run_once_and_read)
{
	struct error err = { 0 };
	NODE(node);

	put_lvs(asked_well);
	ck_assert_msg(lvs_merge(sysroot, &node.pools, &node.volumes, &err) == 0, "%s", err.text);
	ck_assert_ptr_nonnull(thin_volumes_find(&node.volumes, "a", "vm-7-disk-0"));
}
END_TEST

START_TEST(an_lvs_that_fails_is_an_error)
{
	struct error err = { 0 };
	NODE(node);

	put_lvs("echo '  Volume group \"x\" not found' >&2; exit 5");
	ck_assert_int_eq(lvs_merge(sysroot, &node.pools, &node.volumes, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_COMMAND);
	ck_assert_msg(strstr(err.text, "Volume group \"x\" not found"), "%s", err.text);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, sysroot_make, sysroot_remove);
	tcase_add_test(tcase, what_device_mapper_said_stays);
	tcase_add_test(tcase, origin_pool_and_extent_are_filled_in);
	tcase_add_test(tcase, a_volumes_device_is_told);
	tcase_add_test(tcase, what_is_skipped_at_activation_is_told);
	tcase_add_test(tcase, inactive_volumes_are_added);
	tcase_add_test(tcase, a_volume_that_became_active_meanwhile_is_added_as_such);
	tcase_add_test(tcase, inactive_pools_are_added);
	tcase_add_loop_test(tcase, every_shape_of_report_is_read, 0, ROWS(shapes));
	tcase_add_loop_test(tcase, a_damaged_report_is_an_error, 0, ROWS(damages));
	tcase_add_test(tcase, lvs_is_run_once_and_read);
	tcase_add_test(tcase, an_lvs_that_fails_is_an_error);
}

TEST_MAIN("lvs", add_cases)
