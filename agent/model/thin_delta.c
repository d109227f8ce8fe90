/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/thin_delta.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

enum { SECTOR = 512, DIGITS = 20 };

/* No pool is larger, by far: sums of so many bytes do not overflow. */
#define LARGEST ((uint64_t)1 << 60)

/* <name attributes> or </name>; the texts end at their lengths. */
struct tag {
	const char *name, *attributes;
	size_t name_len, attributes_len;
};

struct parse {
	uint64_t chunk;		/* bytes; 0: no superblock yet */
	bool diff, ended;
	unsigned left, right;
	struct thin_delta delta;
};

/* The next tag at or after *text, which it is moved behind; false: there is none. */
static bool next_tag(const char **text, struct tag *tag)
{
	const char *begin = strchr(*text, '<'), *end = begin ? strchr(begin, '>') : NULL;

	if (!end)
		return false;
	*text = end + 1;
	tag->name = begin + 1;
	tag->name_len = strcspn(tag->name, " \t\n>");
	tag->attributes = tag->name + tag->name_len;
	tag->attributes_len = (size_t)(end - tag->attributes);
	return true;
}

static bool is_tag(const struct tag *tag, const char *name)
{
	return tag->name_len == strlen(name) && strncmp(tag->name, name, tag->name_len) == 0;
}

/* The number in name="…". */
static bool read_number(const struct tag *tag, const char *name, uint64_t max, uint64_t *number)
{
	const char *at = tag->attributes, *end = at + tag->attributes_len;
	size_t len = strlen(name), digits;
	char text[DIGITS + 1];

	while (at && (size_t)(end - at) > len + 3 &&
	       (strncmp(at + 1, name, len) != 0 || strncmp(at + 1 + len, "=\"", 2) != 0))
		at = memchr(at + 1, ' ', (size_t)(end - at - 1));
	if (!at || (size_t)(end - at) <= len + 3)
		return false;
	at += len + 3;
	digits = strcspn(at, "\"");
	if (at + digits >= end || digits > DIGITS)
		return false;
	memcpy(text, at, digits);
	text[digits] = '\0';
	return number_parse_unsigned(text, 0, max, number);
}

static bool begin_superblock(struct parse *parse, const struct tag *tag)
{
	uint64_t sectors;

	if (parse->chunk || !read_number(tag, "data_block_size", LARGEST / SECTOR, &sectors))
		return false;
	parse->chunk = sectors * SECTOR;
	return parse->chunk > 0;
}

static bool begin_diff(struct parse *parse, const struct tag *tag)
{
	uint64_t left, right;

	if (!parse->chunk || parse->diff || !read_number(tag, "left", UINT_MAX, &left) ||
	    !read_number(tag, "right", UINT_MAX, &right))
		return false;
	parse->diff = true;
	return left == parse->left && right == parse->right;
}

static uint64_t *sum_of(struct parse *parse, const struct tag *tag)
{
	if (is_tag(tag, "same"))
		return &parse->delta.same;
	if (is_tag(tag, "different"))
		return &parse->delta.different;
	if (is_tag(tag, "left_only"))
		return &parse->delta.left_only;
	return is_tag(tag, "right_only") ? &parse->delta.right_only : NULL;
}

static bool add_range(struct parse *parse, const struct tag *tag, uint64_t *sum)
{
	uint64_t chunks;

	if (!parse->diff || parse->ended ||
	    !read_number(tag, "length", LARGEST / parse->chunk, &chunks))
		return false;
	*sum += chunks * parse->chunk;
	return *sum <= LARGEST;
}

static bool take_tag(struct parse *parse, const struct tag *tag)
{
	uint64_t *sum = sum_of(parse, tag);

	if (sum)
		return add_range(parse, tag, sum);
	if (is_tag(tag, "superblock"))
		return begin_superblock(parse, tag);
	if (is_tag(tag, "diff"))
		return begin_diff(parse, tag);
	if (is_tag(tag, "/superblock"))
		parse->ended = true;
	return true;
}

int thin_delta_parse(const char *text, unsigned left, unsigned right, struct thin_delta *delta,
		     struct error *err)
{
	struct parse parse = { .left = left, .right = right };
	struct tag tag;

	while (next_tag(&text, &tag))
		if (!take_tag(&parse, &tag))
			return error_set(err, ERROR_COMMAND,
					 "thin_delta: \"<%.*s>\" cannot be understood",
					 (int)(tag.attributes_len + tag.name_len < 80 ?
					       tag.attributes_len + tag.name_len : 80), tag.name);
	if (!parse.diff || !parse.ended)
		return error_set(err, ERROR_COMMAND, "thin_delta: what it printed is not complete");
	*delta = parse.delta;
	return 0;
}
