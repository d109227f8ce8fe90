/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seal.h - what a template's disk was when it was made, to prove later that it still is
 *
 * Its content is cut into blocks of SEAL_BLOCK.  Each that holds anything but zeros has a
 * line "INDEX SHA-256" in blocks; the digest is that of size and lines.  So a sparse file
 * and a device with the same bytes have the same digest, and two lists tell where the
 * first difference is.
 *
 *	struct seal seal = { .vg = …, .name = …, .size = … };
 *
 *	seal_add_block(&seal, 0, data, len); …		ascending
 *	seal_close(&seal);
 */
#ifndef SEAL_H
#define SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/strbuf.h"

struct record_template;

enum { SEAL_BLOCK = 4 << 20 };

struct seal {
	char *vg, *name;
	unsigned device;	/* its number in the pool; 0: not known */
	uint64_t size;		/* bytes */
	uint64_t mapped;	/* bytes it occupies; 0: not known */
	struct strbuf blocks;	/* about 70 bytes for each block that holds data */
	char digest[DIGEST_SHA256_TEXT];	/* "" until it is closed */
};

#define SEAL_INIT { .blocks = STRBUF_INIT }

/* The block that begins at index * SEAL_BLOCK; len is less only at the end. */
void seal_add_block(struct seal *seal, uint64_t index, const void *data, size_t len);

/* All blocks are in: make the digest. */
void seal_close(struct seal *seal);

/*
 * Where the lists of blocks of a and b differ first: *offset, in bytes, of that block.
 * false: they are the same.
 */
bool seal_find_difference(const char *a, const char *b, uint64_t *offset);

/*
 * The journal's form: volume is "VG/NAME", checksum is the digest in a line of its own and
 * then the blocks.  Fills what belongs to the seal, and gives up what was there.
 */
void seal_to_record(const struct seal *seal, struct record_template *record);

/* false: the record was never sealed, or is damaged; seal, which must be empty, is then too. */
bool seal_from_record(const struct record_template *record, struct seal *seal);

void seal_release(struct seal *seal);

#endif
