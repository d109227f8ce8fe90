/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/record.h"

#include <string.h>

#include "main.h"
#include "base/memory.h"
#include "base/scope.h"
#include "model/vmconf.h"

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

/* what a config says of who its VM is; NULL: nothing */
static const struct { const char *conf, *uuid, *vmgenid; } identities[] = {
	{ "smbios1: uuid=1111ABCD-x\nvmgenid: 2222ABCD-y\n",	"1111abcd-x",	"2222abcd-y" },
	{ "smbios1: base64=1,uuid=1111abcd\n",			"1111abcd",	NULL },
	{ "smbios1: serial=7\nvmgenid: 0\n",			NULL,		"0" },
	{ "smbios1: uuid=\n",					NULL,		NULL },
	{ "name: web\n",					NULL,		NULL },
};

START_TEST(who_a_vm_is_stands_in_its_config)
{
	CLEANUP(vmconf_cleanup) struct vmconf *conf =
		vmconf_parse(identities[_i].conf, strlen(identities[_i].conf));
	CLEANUP(record_vm_release) struct record_vm vm = { .vmid = 101 };

	ck_assert(record_vm_identify(&vm, conf) == (identities[_i].uuid != NULL));
	ck_assert_pstr_eq(vm.uuid, identities[_i].uuid);
	ck_assert_pstr_eq(vm.vmgenid, identities[_i].vmgenid);
}
END_TEST

static struct record_vm lab(unsigned vmid, const char *name)
{
	return (struct record_vm){
		.vmid = vmid, .cluster = memory_copy("lab"), .name = memory_copy(name),
	};
}

START_TEST(a_record_takes_the_place_of_that_id_or_one_in_order)
{
	CLEANUP(record_vms_release) struct record_vms vms = { 0 };
	static const unsigned ids[] = { 102, 110, 101, 105, 102 };
	static const unsigned order[] = { 101, 102, 105, 110 };

	for (size_t i = 0; i < 5; i++)
		record_vms_put(&vms, lab(ids[i], i == 4 ? "new" : "old"));
	ck_assert_uint_eq(vms.count, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(vms.items[i].vmid, order[i]);
		ck_assert_str_eq(vms.items[i].name, order[i] == 102 ? "new" : "old");
	}
}
END_TEST

START_TEST(a_copy_is_all_of_a_record_and_its_own)
{
	struct record_vm vm = { .vmid = 101, .run = 7, .started = true, .uuid = memory_copy("u") };
	CLEANUP(record_vm_release) struct record_vm copy = record_vm_copy(&vm);

	ck_assert(copy.vmid == 101 && copy.run == 7 && copy.started && !copy.suspect);
	ck_assert_ptr_ne(copy.uuid, vm.uuid);
	record_vm_release(&vm);
	ck_assert_str_eq(copy.uuid, "u");
	ck_assert_ptr_null(copy.name);
}
END_TEST

START_TEST(a_vm_is_called_by_cluster_and_name)
{
	CLEANUP(record_vm_release) struct record_vm vm = lab(101, "web");

	ck_assert(record_vm_is_called(&vm, "lab", "web"));
	ck_assert(!record_vm_is_called(&vm, "lab", "www"));
	ck_assert(!record_vm_is_called(&vm, "prod", "web"));
}
END_TEST

/* a second after the one before */
static void wrote(struct record_vms *vms, const char *digest, enum record_result result)
{
	double ended = (double)vms->snippets.count + 1;

	MEMORY_PUSH(vms->snippets.items, vms->snippets.count) = (struct record_step){
		.vm = memory_copy("s:snippets/a"), .result = result, .ended = ended,
		.argv = memory_print("snippet s:snippets/a sha256 %s", digest),
	};
}

START_TEST(a_snippet_is_ours_that_was_written_or_was_to_be)
{
	CLEANUP(record_vms_release) struct record_vms vms = { 0 };

	ck_assert_ptr_null(record_snippet_last(&vms, "s:snippets/a", RECORD_EVER));
	wrote(&vms, "01", RECORD_DONE);
	wrote(&vms, "02", RECORD_DONE);
	wrote(&vms, "03", RECORD_OPEN);
	wrote(&vms, "04", RECORD_FAILED);
	for (int i = 1; i <= 4; i++) {
		CLEANUP(scope_free) char *digest = memory_print("0%d", i);

		ck_assert(record_snippet_is_ours(&vms, "s:snippets/a", digest));
		ck_assert(!record_snippet_is_ours(&vms, "s:snippets/b", digest));
	}
	ck_assert(!record_snippet_is_ours(&vms, "s:snippets/a", "05"));
	ck_assert_str_eq(record_snippet_last(&vms, "s:snippets/a", RECORD_EVER), "02");
	ck_assert_str_eq(record_snippet_last(&vms, "s:snippets/a", 1.5), "01");
	ck_assert_ptr_null(record_snippet_last(&vms, "s:snippets/a", 0.5));
	ck_assert_ptr_null(record_snippet_last(&vms, "s:snippets/b", RECORD_EVER));
}
END_TEST

START_TEST(who_it_is_about_is_a_vm_with_its_id_or_a_snippet)
{
	CLEANUP(scope_free) char *vm = record_who("web", 101), *other = record_who("s:snippets/a", 0);

	ck_assert_str_eq(vm, "web (101)");
	ck_assert_str_eq(other, "s:snippets/a");
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, every_result_has_its_word, 0, 5);
	tcase_add_test(tcase, a_vm_is_found_by_its_id_and_by_no_other);
	tcase_add_test(tcase, released_records_are_empty_and_may_be_released_again);
	tcase_add_loop_test(tcase, who_a_vm_is_stands_in_its_config, 0, 5);
	tcase_add_test(tcase, a_record_takes_the_place_of_that_id_or_one_in_order);
	tcase_add_test(tcase, a_copy_is_all_of_a_record_and_its_own);
	tcase_add_test(tcase, a_vm_is_called_by_cluster_and_name);
	tcase_add_test(tcase, a_snippet_is_ours_that_was_written_or_was_to_be);
	tcase_add_test(tcase, who_it_is_about_is_a_vm_with_its_id_or_a_snippet);
}

TEST_MAIN("record", add_cases)
