/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A data disk that is accepted reads back the same from what it was made of, and tells a drive nothing else. */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/data_disk.h"
#include "model/propstr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool good)
{
	if (!good)
		abort();
}

static bool is_same(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

/* qm makes a volume where a drive names one, and takes a CD-ROM's or a size from the rest. */
static void check_options(const struct data_disk *disk)
{
	static const char *const others[] = { "file", "size", "media", "storage", "import-from" };
	CLEANUP(propstr_release) struct propstr items = propstr_parse(disk->options, "file");

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		expect(!propstr_get(&items, others[i]));
	expect(propstr_get(&items, "discard") != NULL);
}

static void check_again(const struct data_disk *disk)
{
	CLEANUP(scope_free) char *text = memory_print(
		"%s=%" PRIu64 "M%s%s,%s", disk->slot, disk->size / MIB,
		disk->storage ? ",storage=" : "", disk->storage ? disk->storage : "",
		disk->options);
	struct data_disk again;
	struct error err = { 0 };

	expect(data_disk_parse(text, &again, &err) == 0);
	expect(is_same(again.slot, disk->slot) && again.size == disk->size);
	expect(is_same(again.storage, disk->storage));
	check_options(&again);
	data_disk_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(scope_free) char *text = memory_new(size + 1, 1);
	struct data_disk disk;
	struct error err = { 0 };

	if (size)
		memcpy(text, data, size);
	if (data_disk_parse(text, &disk, &err) < 0) {
		expect(*err.text && !disk.storage && !disk.options);
		return 0;
	}
	if (disk.detached) {
		expect(!disk.size && !disk.storage && !disk.options);
		return 0;
	}
	expect(disk.size >= MIB && disk.size % MIB == 0);
	check_options(&disk);
	check_again(&disk);
	data_disk_release(&disk);
	return 0;
}
