/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "main.h"
#include "base/memory.h"
#include "base/scope.h"
#include "model/state.h"
#include "model/thin.h"

static const struct { const char *name; unsigned vmid; bool base; } names[] = {
	{ "vm-101-disk-0",		101,	false },
	{ "vm-1010-disk-0",		1010,	false },
	{ "base-9000-disk-0",		9000,	true },
	{ "vm-101-cloudinit",		101,	false },
	{ "vm-101-state-snap",		101,	false },
	{ "vm-999999999-disk-0",	999999999, false },
	{ "vm-9999999999-disk-0",	0,	false },
	{ "vm-0101-disk-0",		0,	false },
	{ "vm-0-disk-0",		0,	false },
	{ "vm-101",			0,	false },
	{ "vm-101-",			0,	false },
	{ "vm--disk-0",			0,	false },
	{ "vm-101x-disk-0",		0,	false },
	{ "base-",			0,	false },
	{ "xvm-101-disk-0",		0,	false },
	{ "snap_vm-101-disk-0_before",	0,	false },
	{ "data",			0,	false },
	{ "",				0,	false },
};

START_TEST(a_volumes_owner_is_in_its_name)
{
	struct thin_volume volume = { .name = (char *)names[_i].name, .vmid = 7, .base = true };

	thin_volume_parse_name(&volume);
	ck_assert_msg(volume.vmid == names[_i].vmid, "%s: %u", names[_i].name, volume.vmid);
	ck_assert_msg(volume.base == names[_i].base, "%s: base", names[_i].name);
}
END_TEST

static void add_volume(struct thin_volumes *volumes, const char *vg, const char *name)
{
	MEMORY_PUSH(volumes->items, volumes->count) =
		(struct thin_volume){ .vg = memory_copy(vg), .name = memory_copy(name) };
}

START_TEST(a_sorted_volume_is_found_by_vg_and_name)
{
	CLEANUP(thin_volumes_release) struct thin_volumes volumes = { 0 };
	char name[32];

	ck_assert_ptr_null(thin_volumes_find(&volumes, "pve", "vm-1-disk-0"));
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "vm-%u-disk-0", i * 37 % 100);
		add_volume(&volumes, i % 2 ? "pve" : "fast", name);
	}
	thin_volumes_sort(&volumes);
	for (size_t i = 0; i < volumes.count; i++)
		ck_assert_ptr_eq(thin_volumes_find(&volumes, volumes.items[i].vg, volumes.items[i].name),
				 &volumes.items[i]);
	ck_assert_str_eq(volumes.items[0].vg, "fast");
	ck_assert_ptr_null(thin_volumes_find(&volumes, "pve", "vm-100-disk-0"));
	ck_assert_ptr_null(thin_volumes_find(&volumes, "slow", volumes.items[0].name));
}
END_TEST

static const struct { enum thin_mode mode; const char *name; } modes[] = {
	{ THIN_MODE_UNKNOWN,		"not active" },
	{ THIN_MODE_RW,			"rw" },
	{ THIN_MODE_RO,			"read-only" },
	{ THIN_MODE_OUT_OF_DATA,	"out of data space" },
	{ THIN_MODE_FAILED,		"failed" },
};

START_TEST(every_mode_has_a_name)
{
	ck_assert_str_eq(thin_mode_name(modes[_i].mode), modes[_i].name);
}
END_TEST

static struct state sample_state(void)
{
	struct state state = STATE_INIT;

	MEMORY_PUSH(state.storages, state.storage_count) = (struct state_storage){
		.id = memory_copy("local"), .type = memory_copy("dir") };
	MEMORY_PUSH(state.storages, state.storage_count) = (struct state_storage){
		.id = memory_copy("local-lvm"), .type = memory_copy("lvmthin"),
		.vg = memory_copy("pve"), .pool = memory_copy("data") };
	MEMORY_PUSH(state.pools.items, state.pools.count) = (struct thin_pool){
		.vg = memory_copy("pve"), .name = memory_copy("data") };
	add_volume(&state.volumes, "pve", "vm-101-disk-0");
	MEMORY_PUSH(state.guests, state.guest_count) = (struct state_guest){ .vmid = 101 };
	MEMORY_PUSH(state.guests, state.guest_count) = (struct state_guest){ .vmid = 9000 };
	return state;
}

START_TEST(state_finds_what_it_holds)
{
	CLEANUP(state_release) struct state state = sample_state();

	ck_assert_ptr_eq(state_find_guest(&state, 101), &state.guests[0]);
	ck_assert_ptr_eq(state_find_guest(&state, 9000), &state.guests[1]);
	ck_assert_ptr_eq(state_find_storage(&state, "local"), &state.storages[0]);
	ck_assert_ptr_eq(state_find_pool(&state, "local-lvm"), &state.pools.items[0]);
	ck_assert_ptr_eq(state_find_volume(&state, "local-lvm:vm-101-disk-0"), &state.volumes.items[0]);
}
END_TEST

START_TEST(state_finds_nothing_else)
{
	CLEANUP(state_release) struct state state = sample_state();
	CLEANUP(state_release) struct state empty = STATE_INIT;

	ck_assert_ptr_null(state_find_guest(&state, 102));
	ck_assert_ptr_null(state_find_guest(&empty, 101));
	ck_assert_ptr_null(state_find_storage(&state, "local-"));
	ck_assert_ptr_null(state_find_pool(&state, "local"));
	ck_assert_ptr_null(state_find_pool(&state, "nope"));
	ck_assert_ptr_null(state_find_volume(&state, "local-lvm"));
	ck_assert_ptr_null(state_find_volume(&state, "local-lvm:vm-102-disk-0"));
	ck_assert_ptr_null(state_find_volume(&state, "local:vm-101-disk-0"));
	ck_assert_ptr_null(state_find_volume(&state, "local-lv:vm-101-disk-0"));
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_volumes_owner_is_in_its_name, 0, ROWS(names));
	tcase_add_test(tcase, a_sorted_volume_is_found_by_vg_and_name);
	tcase_add_loop_test(tcase, every_mode_has_a_name, 0, ROWS(modes));
	tcase_add_test(tcase, state_finds_what_it_holds);
	tcase_add_test(tcase, state_finds_nothing_else);
}

TEST_MAIN("thin", add_cases)
