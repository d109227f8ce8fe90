/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/vmconf.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/strbuf.h"

enum section { SECTION_LIVE, SECTION_PENDING, SECTION_CLOUDINIT, SECTION_SNAPSHOT, SECTION_OTHER };

/* Where the parser stands. */
struct parser {
	struct vmconf *conf;
	enum section section;
	bool described;			/* a # line was seen in this section */
	struct strbuf description;	/* of this section */
};

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

void vmconf_percent_decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		char c = *from;

		if (c == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2]) && !(from[1] == '0' && from[2] == '0')) {
			c = (char)(hex_value(from[1]) << 4 | hex_value(from[2]));
			from += 2;
		}
		*to++ = c;
	}
	*to = '\0';
}

static char *trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

/* Where the key of "key: value" ends: [a-z][a-z_-]*[0-9]*, or NULL. */
static char *key_end(char *line)
{
	char *end = line + strspn(line, "abcdefghijklmnopqrstuvwxyz_-");

	if (end == line || *line == '_' || *line == '-')
		return NULL;
	end += strspn(end, "0123456789");
	return *end == ':' ? end : NULL;
}

static void add_entry(struct parser *parser, const char *key, const char *value)
{
	struct vmconf *conf = parser->conf;
	struct vmconf_entry entry = { key, value };

	switch (parser->section) {
	case SECTION_LIVE:
		MEMORY_PUSH(conf->live, conf->live_count) = entry;
		break;
	case SECTION_PENDING:
		MEMORY_PUSH(conf->pending, conf->pending_count) = entry;
		break;
	case SECTION_CLOUDINIT:
		conf->cloudinit_stale = true;
		break;
	case SECTION_SNAPSHOT:
	case SECTION_OTHER:
		MEMORY_PUSH(conf->elsewhere, conf->elsewhere_count) = entry;
		break;
	}
}

/* A description ends with its section, and belongs to it. */
static void finish_description(struct parser *parser)
{
	struct vmconf *conf = parser->conf;
	char **kept = parser->section == SECTION_LIVE ? &conf->description :
		      parser->section == SECTION_PENDING ? &conf->pending_description : NULL;

	trim_end(parser->description.buf);
	if (parser->described && kept && !*kept &&
	    (*parser->description.buf || parser->section == SECTION_PENDING)) {
		*kept = memory_copy(parser->description.buf);
		add_entry(parser, "description", *kept);
	}
	strbuf_reset(&parser->description);
	parser->described = false;
}

static void add_description(struct parser *parser, char *text)
{
	parser->described = true;
	vmconf_percent_decode(text);
	strbuf_adds(&parser->description, text);
	strbuf_addch(&parser->description, '\n');
}

static bool is_snapshot_name(const char *name, size_t len)
{
	if (len < 2 || !isalpha((unsigned char)*name))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return false;
	return true;
}

/* "[name]" and nothing else starts a section. */
static bool parse_section(struct parser *parser, char *line)
{
	struct vmconf *conf = parser->conf;
	size_t len = strlen(line);

	if (len < 2 || *line != '[' || line[len - 1] != ']')
		return false;
	finish_description(parser);
	if (strcasecmp(line, "[PENDING]") == 0) {
		parser->section = SECTION_PENDING;
	} else if (strcasecmp(line, "[special:cloudinit]") == 0) {
		parser->section = SECTION_CLOUDINIT;
	} else if (is_snapshot_name(line + 1, len - 2)) {
		parser->section = SECTION_SNAPSHOT;
		line[len - 1] = '\0';
		MEMORY_PUSH(conf->snapshots, conf->snapshot_count) = line + 1;
	} else {
		parser->section = SECTION_OTHER;
	}
	return true;
}

static void parse_entry(struct parser *parser, char *line)
{
	char *colon = key_end(line), *value;

	if (!colon)
		return;
	*colon = '\0';
	value = colon + 1;
	while (isspace((unsigned char)*value))
		value++;
	if (*value == '\0')
		return;
	if (strcmp(line, "description") == 0)
		add_description(parser, value);
	else if (strcmp(line, "delete") != 0)
		add_entry(parser, strcmp(line, "cdrom") == 0 ? "ide2" : line, value);
	else if (parser->section == SECTION_PENDING)
		parser->conf->pending_delete = value;
}

static void parse_line(struct parser *parser, char *line)
{
	if (*line == '#') {
		add_description(parser, line + 1);
		return;
	}
	trim_end(line);
	if (*line && !parse_section(parser, line))
		parse_entry(parser, line);
}

/* Of two entries with one key the later in the file is the greater: values point into its text. */
static int compare_entries(const void *left, const void *right)
{
	const struct vmconf_entry *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	if (order)
		return order;
	return ((uintptr_t)a->value > (uintptr_t)b->value) -
	       ((uintptr_t)a->value < (uintptr_t)b->value);
}

/* Sort by key and keep the last of each. */
static void sort_entries(struct vmconf_entry *entries, size_t *count)
{
	size_t kept = 0;

	if (*count == 0)
		return;
	qsort(entries, *count, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < *count; i++) {
		if (kept && strcmp(entries[kept - 1].key, entries[i].key) == 0)
			kept--;
		entries[kept++] = entries[i];
	}
	*count = kept;
}

struct vmconf *vmconf_parse(const char *text, size_t len)
{
	struct vmconf *conf = memory_new(1, sizeof(*conf));
	struct parser parser = { .conf = conf, .description = STRBUF_INIT };
	char *line, *end;

	conf->size = len;
	conf->text = memory_new(len + 1, 1);
	memcpy(conf->text, text, len);
	for (line = conf->text; line < conf->text + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(conf->text + len - line));
		if (!end)
			end = conf->text + len;
		*end = '\0';
		parse_line(&parser, line);
	}
	finish_description(&parser);
	strbuf_release(&parser.description);
	sort_entries(conf->live, &conf->live_count);
	sort_entries(conf->pending, &conf->pending_count);
	return conf;
}

void vmconf_free(struct vmconf *conf)
{
	if (!conf)
		return;
	free(conf->text);
	free(conf->live);
	free(conf->pending);
	free(conf->elsewhere);
	free(conf->snapshots);
	free(conf->description);
	free(conf->pending_description);
	free(conf);
}

static int compare_key(const void *key, const void *element)
{
	return strcmp(key, ((const struct vmconf_entry *)element)->key);
}

static const struct vmconf_entry *find(const struct vmconf_entry *entries, size_t count,
				       const char *key)
{
	return count ? bsearch(key, entries, count, sizeof(*entries), compare_key) : NULL;
}

const char *vmconf_get(const struct vmconf *conf, const char *key)
{
	const struct vmconf_entry *entry = find(conf->live, conf->live_count, key);

	return entry ? entry->value : NULL;
}

/* Is key one of the words of "a,!b"?  The ! asks for force and is no part of the key. */
static bool deletes(const char *list, const char *key)
{
	static const char separators[] = ",; \t";
	size_t len;

	for (; *list; list += len) {
		list += strspn(list, separators);
		list += *list == '!';
		len = strcspn(list, separators);
		if (len && strncmp(list, key, len) == 0 && key[len] == '\0')
			return true;
	}
	return false;
}

/* qm deletes first and sets then. */
bool vmconf_get_pending(const struct vmconf *conf, const char *key, const char **value)
{
	const struct vmconf_entry *entry = find(conf->pending, conf->pending_count, key);

	if (!entry && !(conf->pending_delete && deletes(conf->pending_delete, key)))
		return false;
	*value = entry ? entry->value : NULL;
	return true;
}

bool vmconf_has_pending(const struct vmconf *conf)
{
	return conf->pending_count || conf->pending_delete;
}

bool vmconf_note_has_line(const char *note, const char *line)
{
	size_t len = strlen(line), rest;

	for (const char *at = note; at; at = at[rest] ? at + rest + 1 : NULL) {
		rest = strcspn(at, "\n");
		if (rest == len && strncmp(at, line, len) == 0)
			return true;
	}
	return false;
}

bool vmconf_description_has_line(const struct vmconf *conf, const char *line)
{
	return vmconf_note_has_line(conf->description, line);
}

void vmconf_cleanup(struct vmconf **conf)
{
	vmconf_free(*conf);
}
