/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "decide/seal_check.h"
#include "main.h"
#include "model/record.h"
#include "model/seal.h"
#include "model/state.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))
#define VOLUME "pve/base-9000-disk-0 "

static void start(struct seal *seal, uint64_t size)
{
	*seal = (struct seal)SEAL_INIT;
	seal->vg = memory_copy("pve");
	seal->name = memory_copy("base-9000-disk-0");
	seal->device = 2;
	seal->size = size;
	seal->mapped = 8 * MIB;
}

#define SEAL(name, bytes) CLEANUP(seal_release) struct seal name; start(&name, bytes)

START_TEST(the_form_of_a_seal_never_changes)
{
	SEAL(seal, 3 * SEAL_BLOCK);

	seal_add_block(&seal, 0, "abc", 3);
	seal_add_block(&seal, 1, "\0\0\0\0", 4);
	seal_add_block(&seal, 2, "", 1);
	seal_close(&seal);
	ck_assert_str_eq(seal.blocks.buf,
			 "0 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
	/* printf 'vyom-seal 1 4194304 12582912\n0 ba78…\n' | sha256sum */
	ck_assert_str_eq(seal.digest,
			 "d45936be200ffeb8bc458f804a49137faf753ac47eda8bb80c3abccee3a8b4c7");
}
END_TEST

START_TEST(a_volume_of_zeros_has_no_blocks)
{
	char zeros[4096] = { 0 };
	SEAL(seal, sizeof(zeros));
	SEAL(larger, sizeof(zeros) * 2);

	seal_add_block(&seal, 0, zeros, sizeof(zeros));
	seal_close(&seal);
	seal_close(&larger);
	ck_assert_uint_eq(seal.blocks.len, 0);
	ck_assert_str_ne(seal.digest, larger.digest);
}
END_TEST

START_TEST(one_byte_anywhere_is_no_zero)
{
	char data[4096] = { 0 };
	SEAL(seal, sizeof(data));

	data[_i] = 1;
	seal_add_block(&seal, 0, data, sizeof(data));
	ck_assert_uint_gt(seal.blocks.len, 0);
}
END_TEST

static const struct { const char *a, *b; bool differ; uint64_t block; } lists[] = {
	{ "",			"",			false,	0 },
	{ "0 aa\n7 bb\n",	"0 aa\n7 bb\n",		false,	0 },
	{ "0 aa\n7 bb\n",	"0 aa\n7 bc\n",		true,	7 },
	{ "0 aa\n7 bb\n",	"0 aa\n",		true,	7 },
	{ "0 aa\n",		"0 aa\n7 bb\n",		true,	7 },
	{ "0 aa\n7 bb\n",	"0 aa\n3 cc\n7 bb\n",	true,	3 },
	{ "3 aa\n",		"12 aa\n",		true,	3 },
	{ "",			"5 aa\n",		true,	5 },
};

START_TEST(the_first_difference_of_two_lists_is_found)
{
	uint64_t offset = 0;

	ck_assert_msg(seal_find_difference(lists[_i].a, lists[_i].b, &offset) == lists[_i].differ,
		      "row %d", _i);
	ck_assert_msg(offset == lists[_i].block * SEAL_BLOCK, "row %d: %llu", _i,
		      (unsigned long long)offset);
}
END_TEST

static void release(struct seal_findings *findings)
{
	seal_findings_release(findings);
}

#define FINDINGS(name) CLEANUP(release) struct seal_findings name = { .items = NULL }

/* The volume of a seal, as it was when it was made. */
static struct thin_volume sealed(void)
{
	return (struct thin_volume){ .vg = (char *)"pve", .name = (char *)"base-9000-disk-0",
				     .device = 2, .size = 64 * MIB, .mapped = 8 * MIB,
				     .active = true, .read_only = true, .skip = true };
}

static void look(struct thin_volume volume, bool lvs_asked, struct seal_findings *findings)
{
	struct state state = STATE_INIT;
	SEAL(made, 64 * MIB);

	state.volumes = (struct thin_volumes){ &volume, 1 };
	state.lvs_asked = lvs_asked;
	seal_check_quick(&made, &state, findings);
}

START_TEST(nothing_is_found_where_nothing_changed)
{
	struct thin_volume unknown = sealed();
	FINDINGS(findings);

	unknown.device = 0;
	unknown.skip = false;
	look(sealed(), true, &findings);
	look(unknown, false, &findings);
	ck_assert_uint_eq(findings.count, 0);
}
END_TEST

static void writable(struct thin_volume *volume) { volume->read_only = false; }
static void not_skipped(struct thin_volume *volume) { volume->skip = false; }
static void another(struct thin_volume *volume) { volume->device = 7; }
static void grown(struct thin_volume *volume) { volume->size = 80 * MIB; }
static void written(struct thin_volume *volume) { volume->mapped = 9 * MIB; }
static void inactive(struct thin_volume *volume) { volume->active = false; volume->mapped = 0; }
static void renamed(struct thin_volume *volume) { volume->name = (char *)"vm-9000-disk-0"; }

static const struct {
	void (*change)(struct thin_volume *volume);
	enum seal_finding_kind kind;
	const char *text;
} changes[] = {
	{ writable, SEAL_CHANGED, VOLUME "can be written: lvchange -pr pve/base-9000-disk-0" },
	{ not_skipped, SEAL_CHANGED, VOLUME "is active from boot on: lvchange -ky pve/base-9000-disk-0" },
	{ another, SEAL_CHANGED, VOLUME "is another volume of the same name: thin device 7, and was 2" },
	{ grown, SEAL_CHANGED, VOLUME "is 80M large, and was 64M" },
	{ written, SEAL_CHANGED, VOLUME "occupies 9M, and occupied 8M: it was written to" },
	{ inactive, SEAL_NOT_SEEN, VOLUME "is not active, so that how much it occupies is not known: "
				   "--full activates it" },
	{ renamed, SEAL_CHANGED, VOLUME "is gone" },
};

START_TEST(each_change_is_one_finding)
{
	struct thin_volume volume = sealed();
	FINDINGS(findings);

	changes[_i].change(&volume);
	look(volume, true, &findings);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_int_eq(findings.items[0].kind, changes[_i].kind);
	ck_assert_str_eq(findings.items[0].text, changes[_i].text);
	ck_assert_uint_eq(findings.changed, changes[_i].kind == SEAL_CHANGED);
}
END_TEST

START_TEST(a_volume_that_is_not_active_is_not_gone_before_lvm_says_so)
{
	struct thin_volume volume = sealed();
	FINDINGS(findings);

	renamed(&volume);
	look(volume, false, &findings);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_uint_eq(findings.changed, 0);
	ck_assert_str_eq(findings.items[0].text, VOLUME "is not active, and LVM was not asked");
}
END_TEST

static void fill(struct seal *seal, const char *second)
{
	seal_add_block(seal, 0, "abc", 3);
	if (second)
		seal_add_block(seal, 3, second, strlen(second));
	seal_close(seal);
}

START_TEST(the_same_content_is_no_finding)
{
	FINDINGS(findings);
	SEAL(made, 64 * MIB);
	SEAL(now, 64 * MIB);

	fill(&made, "def");
	fill(&now, "def");
	seal_check_content(&made, &now, &findings);
	ck_assert_uint_eq(findings.count, 0);
}
END_TEST

START_TEST(other_content_is_told_with_its_place)
{
	FINDINGS(findings);
	SEAL(made, 64 * MIB);
	SEAL(now, 64 * MIB);

	fill(&made, "def");
	fill(&now, "dEf");
	seal_check_content(&made, &now, &findings);
	ck_assert_uint_eq(findings.changed, 1);
	ck_assert_str_eq(findings.items[0].text,
			 VOLUME "holds other data than it did: first in the 4 MiB from byte 12582912 on");
}
END_TEST

START_TEST(a_volume_that_grew_by_zeros_is_told)
{
	FINDINGS(findings);
	SEAL(made, 64 * MIB);
	SEAL(now, 68 * MIB);

	fill(&made, NULL);
	fill(&now, NULL);
	seal_check_content(&made, &now, &findings);
	ck_assert_uint_eq(findings.changed, 1);
	ck_assert_str_eq(findings.items[0].text, VOLUME "is 68M large, and was 64M");
}
END_TEST

/* Where the list was not kept, the digest alone tells. */
START_TEST(another_digest_is_told_without_a_place)
{
	FINDINGS(findings);
	SEAL(made, 64 * MIB);
	SEAL(now, 64 * MIB);

	fill(&now, "def");
	strcpy(made.digest, "0");
	seal_check_content(&made, &now, &findings);
	ck_assert_uint_eq(findings.changed, 1);
	ck_assert_str_eq(findings.items[0].text, VOLUME "holds other data than it did");
}
END_TEST

START_TEST(a_seal_comes_back_from_its_record)
{
	CLEANUP(record_template_release) struct record_template record = { .vmid = 9000 };
	CLEANUP(seal_release) struct seal back = SEAL_INIT;
	SEAL(made, 64 * MIB);

	fill(&made, "def");
	seal_to_record(&made, &record);
	seal_to_record(&made, &record);
	ck_assert_str_eq(record.volume, "pve/base-9000-disk-0");
	ck_assert(seal_from_record(&record, &back));
	ck_assert_str_eq(back.vg, "pve");
	ck_assert_str_eq(back.name, "base-9000-disk-0");
	ck_assert_uint_eq(back.device, 2);
	ck_assert_uint_eq(back.size, 64 * MIB);
	ck_assert_uint_eq(back.mapped, 8 * MIB);
	ck_assert_str_eq(back.digest, made.digest);
	ck_assert_str_eq(back.blocks.buf, made.blocks.buf);
}
END_TEST

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct { const char *volume, *checksum; bool good; } records[] = {
	{ "pve/base-9000-disk-0",	DIGEST,			true },
	{ "pve/base-9000-disk-0",	DIGEST "\n0 aa\n",	true },
	{ NULL,				DIGEST,			false },
	{ "pve/base-9000-disk-0",	NULL,			false },
	{ "base-9000-disk-0",		DIGEST,			false },
	{ "pve/base-9000-disk-0",	"",			false },
	{ "pve/base-9000-disk-0",	"11ee",			false },
	{ "pve/base-9000-disk-0",	DIGEST "0",		false },
};

START_TEST(a_record_without_a_seal_gives_none)
{
	CLEANUP(seal_release) struct seal seal = SEAL_INIT;
	const struct record_template record = { .volume = (char *)records[_i].volume,
						.checksum = (char *)records[_i].checksum };

	ck_assert_msg(seal_from_record(&record, &seal) == records[_i].good, "row %d", _i);
	if (!records[_i].good)
		ck_assert_ptr_null(seal.vg);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_test(tcase, the_form_of_a_seal_never_changes);
	tcase_add_test(tcase, a_volume_of_zeros_has_no_blocks);
	tcase_add_loop_test(tcase, one_byte_anywhere_is_no_zero, 0, 2);
	tcase_add_loop_test(tcase, one_byte_anywhere_is_no_zero, 4095, 4096);
	tcase_add_loop_test(tcase, the_first_difference_of_two_lists_is_found, 0, ROWS(lists));
	tcase_add_test(tcase, nothing_is_found_where_nothing_changed);
	tcase_add_loop_test(tcase, each_change_is_one_finding, 0, ROWS(changes));
	tcase_add_test(tcase, a_volume_that_is_not_active_is_not_gone_before_lvm_says_so);
	tcase_add_test(tcase, the_same_content_is_no_finding);
	tcase_add_test(tcase, other_content_is_told_with_its_place);
	tcase_add_test(tcase, a_volume_that_grew_by_zeros_is_told);
	tcase_add_test(tcase, another_digest_is_told_without_a_place);
	tcase_add_test(tcase, a_seal_comes_back_from_its_record);
	tcase_add_loop_test(tcase, a_record_without_a_seal_gives_none, 0, ROWS(records));
}

TEST_MAIN("seal", add_cases)
