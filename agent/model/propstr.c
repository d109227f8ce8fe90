/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/propstr.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

/* Where there is no default key, a word without one has the key "". */
static const char *bare_key(const struct propstr *ps)
{
	return ps->default_key ? ps->default_key : "";
}

static void parse_part(struct propstr *ps, char *part)
{
	char *equals = strchr(part, '=');

	if (is_blank(part))
		return;
	if (!equals) {
		propstr_set(ps, bare_key(ps), part);
		return;
	}
	*equals = '\0';
	propstr_set(ps, part, equals + 1);
}

struct propstr propstr_parse(const char *text, const char *default_key)
{
	struct propstr ps = { .default_key = default_key };
	char *copy = memory_copy(text), *rest = copy, *part;

	while ((part = strsep(&rest, ",")))
		parse_part(&ps, part);
	free(copy);
	return ps;
}

void propstr_release(struct propstr *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		free(ps->items[i].key);
		free(ps->items[i].value);
	}
	free(ps->items);
	*ps = (struct propstr){ .default_key = ps->default_key };
}

static struct propstr_item *find(const struct propstr *ps, const char *key)
{
	for (size_t i = 0; i < ps->count; i++)
		if (strcmp(ps->items[i].key, key) == 0)
			return &ps->items[i];
	return NULL;
}

const char *propstr_get(const struct propstr *ps, const char *key)
{
	const struct propstr_item *item = find(ps, key);

	return item ? item->value : NULL;
}

void propstr_set(struct propstr *ps, const char *key, const char *value)
{
	struct propstr_item *item = find(ps, key);
	char *copy = memory_copy(value);

	if (item) {
		free(item->value);
		item->value = copy;
		return;
	}
	MEMORY_PUSH(ps->items, ps->count) = (struct propstr_item){ memory_copy(key), copy };
}

void propstr_remove(struct propstr *ps, const char *key)
{
	struct propstr_item *item = find(ps, key);

	if (!item)
		return;
	free(item->key);
	free(item->value);
	ps->count--;
	memmove(item, item + 1, (size_t)(ps->items + ps->count - item) * sizeof(*item));
}

bool propstr_says_each_once(const struct propstr *ps, const char *text)
{
	size_t words = 1;

	for (; *text; text++)
		words += *text == ',';
	return words == ps->count;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct propstr_item *)a)->key, ((const struct propstr_item *)b)->key);
}

static void sort_items(struct propstr *ps)
{
	struct propstr_item *first = find(ps, bare_key(ps));

	if (first && first != ps->items) {
		struct propstr_item moved = *first;

		memmove(ps->items + 1, ps->items, (size_t)(first - ps->items) * sizeof(moved));
		ps->items[0] = moved;
	}
	if (ps->count > 2)
		qsort(ps->items + 1, ps->count - 1, sizeof(*ps->items), compare_keys);
}

void propstr_format(struct propstr *ps, struct strbuf *text)
{
	sort_items(ps);
	for (size_t i = 0; i < ps->count; i++) {
		const struct propstr_item *item = &ps->items[i];

		if (i)
			strbuf_addch(text, ',');
		/* bare only where it would be read back as the same item */
		if (strcmp(item->key, bare_key(ps)) == 0 && !is_blank(item->value) &&
		    !strchr(item->value, '=')) {
			strbuf_adds(text, item->value);
			continue;
		}
		strbuf_addf(text, "%s=%s", item->key, item->value);
	}
}
