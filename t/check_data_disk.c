/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/scope.h"
#include "main.h"
#include "model/data_disk.h"

static const struct {
	const char *text, *slot;
	uint64_t size;
	const char *storage, *options;
} good[] = {
	{ "scsi1=100G", "scsi1", 100 * GIB, NULL, "discard=on,iothread=1" },
	{ "scsi30=1M,storage=fast", "scsi30", MIB, "fast", "discard=on,iothread=1" },
	{ "virtio0=1T,iothread=0,cache=none", "virtio0", TIB, NULL,
	  "discard=on,iothread=0,cache=none" },
	{ "sata5=2G,ssd=1,discard=ignore", "sata5", 2 * GIB, NULL, "ssd=1,discard=ignore" },
	{ "scsi2=10G,mbps=12.5,iops_rd=100,aio=native,backup=0", "scsi2", 10 * GIB, NULL,
	  "discard=on,iothread=1,mbps=12.5,iops_rd=100,aio=native,backup=0" },
};

START_TEST(a_disk_is_its_slot_its_size_and_what_the_drive_is_told)
{
	struct data_disk disk;
	struct error err;

	ck_assert_int_eq(data_disk_parse(good[_i].text, &disk, &err), 0);
	ck_assert_str_eq(disk.slot, good[_i].slot);
	ck_assert_uint_eq(disk.size, good[_i].size);
	ck_assert_pstr_eq(disk.storage, good[_i].storage);
	ck_assert_str_eq(disk.options, good[_i].options);
	data_disk_release(&disk);
}
END_TEST

START_TEST(a_slot_that_shall_have_none_says_so_and_nothing_else)
{
	struct data_disk disk;
	struct error err;

	ck_assert_int_eq(data_disk_parse("virtio3=detached", &disk, &err), 0);
	ck_assert_str_eq(disk.slot, "virtio3");
	ck_assert(disk.detached);
	ck_assert_uint_eq(disk.size, 0);
	ck_assert_ptr_null(disk.storage);
	ck_assert_ptr_null(disk.options);
	data_disk_release(&disk);
}
END_TEST

static const struct { const char *text, *words; } bad[] = {
	{ "", "\"\": no slot of a data disk" },
	{ "scsi0=1G", "scsi0 is the first disk's" },
	{ "scsi31=1G", "no slot" },
	{ "scsi01=1G", "no slot" },
	{ "virtio16=1G", "no slot" },
	{ "ide0=1G", "no slot" },
	{ "scsi=1G", "no slot" },
	{ "a-name-that-is-far-too-long-for-one=1G", "no slot" },
	{ "scsi1", "its size comes first" },
	{ "scsi1=detached,ssd=1", "its size" },
	{ "scsi1=1G,detached", "its size comes first" },
	{ "scsi0=detached", "scsi0 is the first disk's" },
	{ "efidisk0=detached", "no slot of a data disk" },
	{ "scsi1=ssd=1", "its size comes first" },
	{ "scsi1=big", "its size comes first" },
	{ "scsi1=1000K", "a whole number of MiB (scsi1=100G)" },
	{ "virtio1=1G,ssd=1", "a virtio drive has no ssd" },
	{ "sata1=1G,iothread=1", "a sata drive has no iothread" },
	{ "scsi1=1G,cache=fast", "cache=fast: write one of none writethrough" },
	{ "scsi1=1G,cache=", "cache=: write one of" },
	{ "scsi1=1G,ssd=yes", "ssd=yes: write one of 0 1" },
	{ "scsi1=1G,iops=many", "iops=many: write a whole number" },
	{ "scsi1=1G,iops=12.5", "iops=12.5: write a whole number" },
	{ "scsi1=1G,mbps=fast", "mbps=fast: write a number" },
	{ "sata1=1G,ro=1", "a drive is not told ro=1" },
	{ "scsi1=1G,iops=100,iops_rd=50", "iops and iops_rd: there is a limit for both" },
	{ "scsi1=1G,mbps_wr=1,mbps=2", "mbps and mbps_wr" },
	{ "scsi1=1G,cache=unsafe,aio=native", "aio=native goes past a cache" },
	{ "scsi1=1G,ssd=1,ssd=0", "something is said twice" },
	{ "scsi1=1G,size=3G", "something is said twice" },
	{ "scsi1=1G,,ssd=1", "a word is empty" },
	{ "scsi1=1G,storage=", "storage: " },
	{ "scsi1=1G,storage=a:b", "storage: " },
	{ "scsi1=1G,file=x:y", "a drive is not told file=x:y" },
	{ "scsi1=1G,media=cdrom", "a drive is not told media=cdrom" },
};

START_TEST(what_is_no_disk_is_refused_with_what_would_be)
{
	struct error err = { 0 };

	ck_assert_int_eq(key_check_data_disk(bad[_i].text, &err), -1);
	ck_assert_msg(strstr(err.text, bad[_i].words), "%s", err.text);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_disk_is_its_slot_its_size_and_what_the_drive_is_told, 0,
			    ROWS(good));
	tcase_add_test(tcase, a_slot_that_shall_have_none_says_so_and_nothing_else);
	tcase_add_loop_test(tcase, what_is_no_disk_is_refused_with_what_would_be, 0, ROWS(bad));
}

TEST_MAIN("data_disk", add_cases)
