/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/seal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "model/record.h"

/* The first is, and each is as the one before it. */
static bool is_zero(const char *data, size_t len)
{
	return len == 0 || (*data == 0 && memcmp(data, data + 1, len - 1) == 0);
}

void seal_add_block(struct seal *seal, uint64_t index, const void *data, size_t len)
{
	char digest[DIGEST_SHA256_TEXT];

	if (!is_zero(data, len))
		strbuf_addf(&seal->blocks, "%" PRIu64 " %s\n", index,
			    digest_sha256(data, len, digest));
}

/* The form and the block's size are in it: a digest of another kind is never taken for one. */
void seal_close(struct seal *seal)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "vyom-seal 1 %d %" PRIu64 "\n", SEAL_BLOCK, seal->size);
	strbuf_add(&text, seal->blocks.buf, seal->blocks.len);
	digest_sha256(text.buf, text.len, seal->digest);
}

/* The index that a line begins with; past any where there is no line. */
static uint64_t index_of(const char *line)
{
	return *line ? strtoull(line, NULL, 10) : UINT64_MAX;
}

bool seal_find_difference(const char *a, const char *b, uint64_t *offset)
{
	uint64_t left, right;

	while (*a && *b) {
		size_t len = strcspn(a, "\n");

		if (len != strcspn(b, "\n") || strncmp(a, b, len) != 0)
			break;
		a += len + (a[len] == '\n');
		b += len + (b[len] == '\n');
	}
	if (!*a && !*b)
		return false;
	left = index_of(a);
	right = index_of(b);
	*offset = (left < right ? left : right) * SEAL_BLOCK;
	return true;
}

void seal_to_record(const struct seal *seal, struct record_template *record)
{
	free(record->volume);
	free(record->checksum);
	record->volume = memory_print("%s/%s", seal->vg, seal->name);
	record->device = seal->device;
	record->size = seal->size;
	record->mapped = seal->mapped;
	record->checksum = memory_print("%s\n%s", seal->digest, seal->blocks.buf);
}

bool seal_from_record(const struct record_template *record, struct seal *seal)
{
	enum { DIGITS = DIGEST_SHA256_TEXT - 1 };
	const char *slash = record->volume ? strchr(record->volume, '/') : NULL;
	const char *checksum = record->checksum;

	if (!slash || !checksum || strspn(checksum, "0123456789abcdef") != DIGITS)
		return false;
	seal->vg = memory_print("%.*s", (int)(slash - record->volume), record->volume);
	seal->name = memory_copy(slash + 1);
	seal->device = (unsigned)record->device;
	seal->size = record->size;
	seal->mapped = record->mapped;
	memcpy(seal->digest, checksum, DIGITS);
	seal->digest[DIGITS] = '\0';
	checksum += DIGITS;
	strbuf_adds(&seal->blocks, *checksum == '\n' ? checksum + 1 : checksum);
	return true;
}

void seal_release(struct seal *seal)
{
	free(seal->vg);
	free(seal->name);
	strbuf_release(&seal->blocks);
	*seal = (struct seal)SEAL_INIT;
}
