/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/storage.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "model/state.h"

/* Is word in a list such as "images,rootdir"? */
static bool lists(const char *list, const char *word)
{
	static const char separators[] = ",; \t";
	size_t len;

	for (; *list; list += len) {
		list += strspn(list, separators);
		len = strcspn(list, separators);
		if (len == strlen(word) && strncmp(list, word, len) == 0)
			return true;
	}
	return false;
}

/* A bare key means yes. */
static bool is_true(const char *value)
{
	return *value == '\0' || strcmp(value, "1") == 0 || strcasecmp(value, "yes") == 0 ||
	       strcasecmp(value, "on") == 0 || strcasecmp(value, "true") == 0;
}

static void replace(char **text, const char *value)
{
	free(*text);
	*text = memory_copy(value);
}

static void parse_thin(struct state_storage *storage, const char *key, const char *value)
{
	if (strcmp(key, "vgname") == 0)
		replace(&storage->vg, value);
	else if (strcmp(key, "thinpool") == 0)
		replace(&storage->pool, value);
}

static void parse_property(const struct state *state, struct state_storage *storage,
			   const char *key, const char *value)
{
	if (strcmp(key, "content") == 0) {
		storage->images = lists(value, "images");
		storage->snippets = lists(value, "snippets");
	} else if (strcmp(key, "path") == 0) {
		replace(&storage->path, value);
	} else if (strcmp(key, "content-dirs") == 0) {
		storage->own_folders = true;
	} else if (strcmp(key, "disable") == 0) {
		storage->disabled |= is_true(value);
	} else if (strcmp(key, "nodes") == 0) {
		storage->disabled |= state->node && !lists(value, state->node);
	} else if (strcmp(storage->type, "lvmthin") == 0) {
		parse_thin(storage, key, value);
	}
}

/* Without a content line most kinds take images (Proxmox's default). */
static void add_storage(struct state *state, const char *type, const char *id)
{
	MEMORY_PUSH(state->storages, state->storage_count) = (struct state_storage){
		.id = memory_copy(id), .type = memory_copy(type), .images = true,
	};
}

/* Cut the first word off line; what follows it, or "". */
static char *cut_word(char *line)
{
	char *end = line + strcspn(line, " \t");

	if (*end)
		*end++ = '\0';
	return end + strspn(end, " \t");
}

static void trim_end(char *line)
{
	size_t len = strlen(line);

	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
}

/* "type: id" begins a storage; "\tkey value" belongs to the last one, until an empty line. */
static void parse_line(struct state *state, char *line, bool *inside)
{
	char *word = line + strspn(line, " \t"), *rest;
	size_t len;

	trim_end(line);
	if (*line == '\0')
		*inside = false;
	if (*word == '\0' || *word == '#')
		return;
	rest = cut_word(word);
	if (word > line) {
		if (*inside)
			parse_property(state, &state->storages[state->storage_count - 1], word,
				       rest);
		return;
	}
	len = strlen(word);
	*inside = len > 1 && word[len - 1] == ':' && *rest;
	if (!*inside)
		return;
	word[len - 1] = '\0';
	add_storage(state, word, rest);
}

void storage_parse(char *text, struct state *state)
{
	bool inside = false;
	char *line;

	while ((line = strsep(&text, "\n")))
		parse_line(state, line, &inside);
}
