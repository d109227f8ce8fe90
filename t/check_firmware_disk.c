/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "main.h"
#include "model/firmware_disk.h"

static const struct { const char *text; bool efi; } good[] = {
	{ "4m", true }, { "2m", true }, { "efitype=4m", true }, { "4m,pre-enrolled-keys=1", true },
	{ "pre-enrolled-keys=0", true }, { "storage=fast", true }, { "2m,pre-enrolled-keys=0", true },
	{ "v2.0", false }, { "v1.2,storage=fast", false }, { "version=v2.0", false },
};

START_TEST(a_firmware_disk_is_its_kind_and_where_it_lies)
{
	struct error err = { 0 };
	int result = good[_i].efi ? key_check_efidisk(good[_i].text, &err) :
				    key_check_tpm(good[_i].text, &err);

	ck_assert_msg(result == 0, "%s", err.text);
}
END_TEST

static const struct { const char *text; bool efi; const char *words; } bad[] = {
	{ "", true, "a word is empty" },
	{ "8m", true, "efitype=8m: write one of 2m 4m" },
	{ "4m,2m", true, "said twice" },
	{ "4m,pre-enrolled-keys=yes", true, "pre-enrolled-keys=yes: write one of 0 1" },
	{ "2m,pre-enrolled-keys=1", true, "2m holds no pre-enrolled keys; write 4m" },
	{ "4m,size=4M", true, "it is not told size=4M" },
	{ "4m,version=v2.0", true, "it is not told version=v2.0" },
	{ "4m,storage=", true, "it is not told storage=" },
	{ "2.0", false, "version=2.0: write one of v1.2 v2.0" },
	{ "v2.0,efitype=4m", false, "it is not told efitype=4m" },
	{ "v2.0,", false, "a word is empty" },
};

START_TEST(what_is_no_firmware_disk_is_refused_with_what_would_be)
{
	struct error err = { 0 };
	int result = bad[_i].efi ? key_check_efidisk(bad[_i].text, &err) :
				   key_check_tpm(bad[_i].text, &err);

	ck_assert_int_eq(result, -1);
	ck_assert_msg(strstr(err.text, bad[_i].words), "%s", err.text);
}
END_TEST

static const struct { const char *slot, *options, *drive, *unlike; } kinds[] = {
	{ "efidisk0", "efitype=4m", "a:b,efitype=4m,size=4M", NULL },
	{ "efidisk0", "efitype=4m", "a:b,efitype=4m,pre-enrolled-keys=0", NULL },
	{ "efidisk0", "efitype=4m", "a:b,efitype=4m,pre-enrolled-keys=1", "pre-enrolled-keys 1, not 0" },
	{ "efidisk0", "efitype=4m", "a:b", "efitype 2m, not 4m" },
	{ "efidisk0", "", "a:b,size=128K", NULL },
	{ "tpmstate0", "version=v2.0", "a:b,version=v2.0", NULL },
	{ "tpmstate0", "version=v2.0", "a:b", "version v1.2, not v2.0" },
	{ "tpmstate0", "", "a:b,version=v2.0", "version v2.0, not v1.2" },
	{ "scsi1", "ssd=1", "a:b,ssd=0", NULL },
};

START_TEST(what_proxmox_leaves_unsaid_is_its_default)
{
	struct data_disk disk = { .options = memory_copy(kinds[_i].options) };
	CLEANUP(scope_free) char *unlike = NULL;

	strcpy(disk.slot, kinds[_i].slot);
	unlike = firmware_disk_unlike(&disk, kinds[_i].drive);
	ck_assert_pstr_eq(unlike, kinds[_i].unlike);
	data_disk_release(&disk);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_firmware_disk_is_its_kind_and_where_it_lies, 0, ROWS(good));
	tcase_add_loop_test(tcase, what_is_no_firmware_disk_is_refused_with_what_would_be, 0,
			    ROWS(bad));
	tcase_add_loop_test(tcase, what_proxmox_leaves_unsaid_is_its_default, 0, ROWS(kinds));
}

TEST_MAIN("firmware_disk", add_cases)
