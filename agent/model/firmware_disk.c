/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/firmware_disk.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/propstr.h"
#include "model/spec.h"

/*
 * What each is told besides its storage: the words that do, what vyom takes where nothing
 * is said, and what Proxmox does.  The first may stand without its name.
 */
struct item {
	const char *name, *words, *ours, *theirs;
};

static const struct kind {
	const char *slot;
	enum key_id key;
	struct item items[2];
} kinds[] = {
	{ FIRMWARE_EFI, KEY_EFIDISK,
	  { { "efitype", "2m 4m", "4m", "2m" }, { "pre-enrolled-keys", "0 1", "0", "0" } } },
	{ FIRMWARE_TPM, KEY_TPM,
	  { { "version", "v1.2 v2.0", "v2.0", "v1.2" } } },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))
#define ITEMS (sizeof(kinds->items) / sizeof(*kinds->items))

static const struct kind *find_kind(const char *slot)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].slot, slot) == 0)
			return &kinds[i];
	return NULL;
}

bool firmware_disk_is(const char *slot)
{
	return find_kind(slot) != NULL;
}

static const struct item *find_item(const struct kind *kind, const char *name)
{
	for (size_t i = 0; i < ITEMS; i++)
		if (kind->items[i].name && strcmp(kind->items[i].name, name) == 0)
			return &kind->items[i];
	return NULL;
}

static int check_item(const struct kind *kind, const struct propstr_item *said, struct error *err)
{
	const struct item *item = find_item(kind, said->key);

	if (strcmp(said->key, "storage") == 0 && *said->value)
		return 0;
	if (!item)
		return error_set(err, ERROR_SPEC, "it is not told %s=%s", said->key, said->value);
	if (!strvec_words_have(item->words, said->value, strlen(said->value)))
		return error_set(err, ERROR_SPEC, "%s=%s: write one of %s", said->key, said->value,
				 item->words);
	return 0;
}

/* Microsoft's keys, and Secure Boot at all, are in the larger image only. */
static int check_keys(const struct propstr *said, struct error *err)
{
	const char *type = propstr_get(said, "efitype"), *keys = propstr_get(said, "pre-enrolled-keys");

	if (type && keys && strcmp(type, "2m") == 0 && strcmp(keys, "1") == 0)
		return error_set(err, ERROR_SPEC, "a disk of efitype 2m holds no pre-enrolled "
						  "keys; write 4m");
	return 0;
}

static int check(const struct kind *kind, const char *text, struct error *err)
{
	CLEANUP(propstr_release) struct propstr said = propstr_parse(text, kind->items[0].name);

	if (!propstr_says_each_once(&said, text))
		return error_set(err, ERROR_SPEC, "something is said twice, or a word is empty");
	for (size_t i = 0; i < said.count; i++)
		if (check_item(kind, &said.items[i], err) < 0)
			return -1;
	return check_keys(&said, err);
}

int key_check_efidisk(const char *text, struct error *err)
{
	return check(&kinds[0], text, err);
}

int key_check_tpm(const char *text, struct error *err)
{
	return check(&kinds[1], text, err);
}

/* What Proxmox takes anyway is not said: it does not say it either. */
static void fill(const struct kind *kind, const char *text, struct data_disk *disk)
{
	CLEANUP(propstr_release) struct propstr said = propstr_parse(text, kind->items[0].name);
	struct strbuf options = STRBUF_INIT;

	*disk = (struct data_disk){ .size = FIRMWARE_SIZE };
	snprintf(disk->slot, sizeof(disk->slot), "%s", kind->slot);
	disk->storage = memory_copy(propstr_get(&said, "storage"));
	for (size_t i = 0; i < ITEMS && kind->items[i].name; i++) {
		const struct item *item = &kind->items[i];
		const char *value = propstr_get(&said, item->name);

		value = value ? value : item->ours;
		if (strcmp(value, item->theirs) != 0)
			strbuf_join(&options, ",", item->name);
		if (strcmp(value, item->theirs) != 0)
			strbuf_addf(&options, "=%s", value);
	}
	disk->options = strbuf_detach(&options);
}

bool firmware_disk_at(const struct spec_section *vm, size_t n, struct data_disk *disk)
{
	for (size_t i = 0; i < KINDS; i++) {
		const struct spec_value *said = spec_value(vm, kinds[i].key);

		if (!said || n--)
			continue;
		fill(&kinds[i], said->text, disk);
		return true;
	}
	return false;
}

char *firmware_disk_unlike(const struct data_disk *disk, const char *drive)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(disk->options, "file");
	CLEANUP(propstr_release) struct propstr have = propstr_parse(drive, "file");
	const struct kind *kind = find_kind(disk->slot);

	for (size_t i = 0; kind && i < ITEMS && kind->items[i].name; i++) {
		const struct item *item = &kind->items[i];
		const char *wanted = propstr_get(&want, item->name);
		const char *found = propstr_get(&have, item->name);

		wanted = wanted ? wanted : item->theirs;
		found = found ? found : item->theirs;
		if (strcmp(wanted, found) != 0)
			return memory_print("%s %s, not %s", item->name, found, wanted);
	}
	return NULL;
}
