/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/data_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/firmware_disk.h"
#include "model/key_check.h"
#include "model/propstr.h"
#include "model/spec.h"

/* The buses, with the numbers that Proxmox has for each; scsi0 is the first disk's. */
static const struct bus {
	const char *name;
	unsigned first, last;
	bool iothread, ssd;
} buses[] = {
	{ "scsi", 1, 30, true, true },
	{ "virtio", 0, 15, true, false },
	{ "sata", 0, 5, false, true },
};

/* In place of a size: no data disk shall be there. */
#define DETACHED "detached"

/* What a drive may be told: one of these words; "" a whole number; NULL any number. */
static const struct { const char *name, *words; } options[] = {
	{ "discard", "on ignore" },
	{ "iothread", "0 1" },
	{ "ssd", "0 1" },
	{ "backup", "0 1" },
	{ "cache", "none writethrough writeback unsafe directsync" },
	{ "aio", "native threads io_uring" },
	{ "iops", "" }, { "iops_rd", "" }, { "iops_wr", "" },
	{ "mbps", NULL }, { "mbps_rd", NULL }, { "mbps_wr", NULL },
};

static const struct bus *find_bus(const char *slot)
{
	for (size_t i = 0; i < sizeof(buses) / sizeof(*buses); i++) {
		size_t len = strlen(buses[i].name);
		uint64_t number;

		if (strncmp(slot, buses[i].name, len) == 0 && strspn(slot + len, "0123456789") &&
		    (slot[len] != '0' || !slot[len + 1]) &&
		    number_parse_unsigned(slot + len, buses[i].first, buses[i].last, &number))
			return &buses[i];
	}
	return NULL;
}

static bool is_good(const char *words, const char *value)
{
	uint64_t whole;
	double number;

	if (!words)
		return number_parse_ratio(value, &number) && number >= 0;
	return *words ? strvec_words_have(words, value, strlen(value)) :
			number_parse_unsigned(value, 0, 1000000000, &whole);
}

static int check_option(const struct bus *bus, const struct propstr_item *item, struct error *err)
{
	if ((strcmp(item->key, "iothread") == 0 && !bus->iothread) ||
	    (strcmp(item->key, "ssd") == 0 && !bus->ssd))
		return error_set(err, ERROR_SPEC, "a %s drive has no %s", bus->name, item->key);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (strcmp(options[i].name, item->key) != 0)
			continue;
		if (is_good(options[i].words, item->value))
			return 0;
		return error_set(err, ERROR_SPEC, "%s=%s: write %s%s", item->key, item->value,
				 !options[i].words ? "a number" :
				 *options[i].words ? "one of " : "a whole number",
				 options[i].words ? options[i].words : "");
	}
	return error_set(err, ERROR_SPEC, "a drive is not told %s=%s", item->key, item->value);
}

static int take_size(const char *text, struct data_disk *disk, struct error *err)
{
	if (!text || !number_parse_size(text, &disk->size) || disk->size < MIB ||
	    disk->size % MIB)
		return error_set(err, ERROR_SPEC, "its size comes first, a whole number of MiB "
						  "(%s=100G), or detached", disk->slot);
	return 0;
}

/* QEMU would not start with a limit for both and one for a part. */
static int check_limits(const struct propstr *items, struct error *err)
{
	static const char *const pairs[][2] = {
		{ "iops", "iops_rd" }, { "iops", "iops_wr" },
		{ "mbps", "mbps_rd" }, { "mbps", "mbps_wr" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (propstr_get(items, pairs[i][0]) && propstr_get(items, pairs[i][1]))
			return error_set(err, ERROR_SPEC, "%s and %s: there is a limit for both "
							  "together already; take one of them out",
					 pairs[i][0], pairs[i][1]);
	return 0;
}

bool data_disk_takes(const char *aio, const char *cache)
{
	return !aio || !cache || strcmp(aio, "native") != 0 || strcmp(cache, "none") == 0 ||
	       strcmp(cache, "directsync") == 0;
}

static int check_aio(const struct propstr *items, struct error *err)
{
	if (data_disk_takes(propstr_get(items, "aio"), propstr_get(items, "cache")))
		return 0;
	return error_set(err, ERROR_SPEC, "aio=native goes past a cache, and QEMU would not start "
					  "it; write cache=none or directsync, or another aio");
}

/* A property string keeps the last of two; here each is said once. */
static int check_once(const char *text, const struct propstr *items, struct error *err)
{
	return propstr_says_each_once(items, text) ? 0 :
		error_set(err, ERROR_SPEC, "something is said twice, or a word is empty");
}

static int take_options(const struct bus *bus, const struct propstr *items, struct data_disk *disk,
			struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (!propstr_get(items, "discard"))
		strbuf_adds(&text, "discard=on");
	if (bus->iothread && !propstr_get(items, "iothread"))
		strbuf_join(&text, ",", "iothread=1");
	for (size_t i = 0; i < items->count; i++) {
		const struct propstr_item *item = &items->items[i];

		if (strcmp(item->key, "size") == 0)
			continue;
		if (strcmp(item->key, "storage") == 0) {
			if (key_check_storage(item->value, err) < 0)
				return error_prefix(err, "storage");
			disk->storage = memory_copy(item->value);
			continue;
		}
		if (check_option(bus, item, err) < 0)
			return -1;
		strbuf_join(&text, ",", item->key);
		strbuf_addf(&text, "=%s", item->value);
	}
	disk->options = strbuf_detach(&text);
	return 0;
}

int data_disk_parse(const char *text, struct data_disk *disk, struct error *err)
{
	CLEANUP(propstr_release) struct propstr items = PROPSTR_INIT;
	const struct bus *bus;

	*disk = (struct data_disk){ .size = 0 };
	snprintf(disk->slot, sizeof(disk->slot), "%.*s", (int)strcspn(text, "="), text);
	bus = find_bus(disk->slot);
	if (!bus)
		return error_set(err, ERROR_SPEC, "\"%s\": no slot of a data disk: scsi1 to scsi30, "
						  "virtio0 to virtio15, sata0 to sata5 (scsi0 is "
						  "the first disk's)", disk->slot);
	text += strcspn(text, "=");
	disk->detached = strcmp(text, "=" DETACHED) == 0;
	if (disk->detached)
		return 0;
	items = propstr_parse(*text ? text + 1 : text, "size");
	if (take_size(propstr_get(&items, "size"), disk, err) == 0 &&
	    check_once(*text ? text + 1 : text, &items, err) == 0 &&
	    check_limits(&items, err) == 0 && check_aio(&items, err) == 0 &&
	    take_options(bus, &items, disk, err) == 0)
		return 0;
	data_disk_release(disk);
	return -1;
}

void data_disk_release(struct data_disk *disk)
{
	free(disk->storage);
	free(disk->options);
	disk->storage = NULL;
	disk->options = NULL;
}

int key_check_data_disk(const char *text, struct error *err)
{
	struct data_disk disk;
	int result = data_disk_parse(text, &disk, err);

	if (result == 0)
		data_disk_release(&disk);
	return result;
}

/* The file's check saw to it that each is one. */
bool data_disk_at(const struct spec_section *vm, size_t n, struct data_disk *disk)
{
	const struct spec_value *disks = spec_value(vm, KEY_DATA_DISKS);
	size_t count = disks ? disks->list.count : 0;
	struct error ignored;

	if (n >= count)
		return firmware_disk_at(vm, n - count, disk);
	return data_disk_parse(disks->list.items[n], disk, &ignored) == 0;
}

bool data_disk_is_declared(const struct spec_section *vm, const char *slot)
{
	struct data_disk disk;
	bool is = false;

	for (size_t i = 0; !is && data_disk_at(vm, i, &disk); i++) {
		is = strcmp(disk.slot, slot) == 0;
		data_disk_release(&disk);
	}
	return is;
}

char *data_disk_volume(unsigned vmid, const char *slot)
{
	return memory_print("vm-%u-vyom-%s", vmid, slot);
}

bool data_disk_is_volume(unsigned vmid, const char *name)
{
	CLEANUP(scope_free) char *prefix = data_disk_volume(vmid, "");

	return strncmp(name, prefix, strlen(prefix)) == 0;
}
