/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/key.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/key_check.h"

enum key_id key_find(const char *name, enum key_scope scope)
{
	enum key_id id = 0;

	while (id < KEY_COUNT &&
	       (!(key_table[id].scopes & scope) || strcmp(key_table[id].name, name) != 0))
		id++;
	return id;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

#define LONGEST_NAME 31

/* How many characters to add, drop or change; names longer than any key count as far away. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST_NAME + 1], len = strlen(b);

	if (len > LONGEST_NAME || strlen(a) > LONGEST_NAME)
		return SIZE_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[len];
}

const char *key_suggest(const char *name, enum key_scope scope)
{
	size_t nearest = strlen(name) < 5 ? 2 : 3;	/* one short of this still counts */
	const char *found = NULL;

	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		size_t far = distance(name, key_table[id].name);

		if (!(key_table[id].scopes & scope) || far >= nearest)
			continue;
		nearest = far;
		found = key_table[id].name;
	}
	return found;
}

const char *key_scope_name(enum key_scope scope)
{
	switch (scope) {
	case SCOPE_VM:
		return "vm";
	case SCOPE_ROLE:
		return "role";
	case SCOPE_CLUSTER:
		return "cluster";
	case SCOPE_NODE:
		return "node";
	case SCOPE_TEMPLATE:
		return "template";
	case SCOPE_NIC:
		return "nic";
	case SCOPE_SNIPPET:
		return "snippet";
	}
	abort();
}

int key_check_name(enum key_scope scope, const char *name, struct error *err)
{
	switch (scope) {
	case SCOPE_VM:
	case SCOPE_TEMPLATE:
		return key_check_dns_name(name, err);
	case SCOPE_NODE:
		return key_check_host_name(name, err);
	case SCOPE_ROLE:
	case SCOPE_CLUSTER:
		return key_check_identifier(name, err);
	case SCOPE_NIC:
		return key_check_nic(name, err);
	case SCOPE_SNIPPET:
		return key_check_snippet_name(name, err);
	}
	abort();
}
