/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/record.h"

#include "main.h"
#include "base/memory.h"

static const struct { enum record_result result; const char *name; } results[] = {
	{ RECORD_OPEN,		"open" },
	{ RECORD_DONE,		"done" },
	{ RECORD_FAILED,	"failed" },
	{ RECORD_INTERRUPTED,	"interrupted" },
	{ RECORD_RETRIED,	"retried" },
};

START_TEST(every_result_has_its_word)
{
	ck_assert_str_eq(record_result_name(results[_i].result), results[_i].name);
}
END_TEST

START_TEST(a_vm_is_found_by_its_id_and_by_no_other)
{
	static const unsigned ids[] = { 101, 102, 110, 999999999 };
	struct record_vms vms = { 0 };

	ck_assert_ptr_null(record_vms_find(&vms, 101));
	for (size_t i = 0; i < 4; i++)
		MEMORY_PUSH(vms.items, vms.count) = (struct record_vm){
			.vmid = ids[i], .name = memory_print("vm-%u", ids[i])
		};
	for (size_t i = 0; i < 4; i++)
		ck_assert_ptr_eq(record_vms_find(&vms, ids[i]), &vms.items[i]);
	ck_assert_ptr_null(record_vms_find(&vms, 100));
	ck_assert_ptr_null(record_vms_find(&vms, 105));
	ck_assert_ptr_null(record_vms_find(&vms, 4294967295));
	record_vms_release(&vms);
	ck_assert_uint_eq(vms.count, 0);
}
END_TEST

START_TEST(released_records_are_empty_and_may_be_released_again)
{
	struct record_run run = { .id = 7, .verb = memory_copy("apply"), .boot_id = memory_copy("b") };
	struct record_step step = { .number = 1, .output = memory_copy("text") };
	struct record_vm vm = { .vmid = 101, .uuid = memory_copy("u") };

	for (int i = 0; i < 2; i++) {
		record_run_release(&run);
		record_step_release(&step);
		record_vm_release(&vm);
	}
	ck_assert(run.id == 0 && !run.verb && step.number == 0 && !step.output && !vm.uuid);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, every_result_has_its_word, 0, 5);
	tcase_add_test(tcase, a_vm_is_found_by_its_id_and_by_no_other);
	tcase_add_test(tcase, released_records_are_empty_and_may_be_released_again);
}

TEST_MAIN("record", add_cases)
