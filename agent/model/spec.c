/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"

struct spec *spec_new(void)
{
	return memory_new(1, sizeof(struct spec));
}

static void release_value(struct spec_value *value)
{
	free(value->text);
	strvec_release(&value->list);
}

static void free_sections(struct spec_section **sections, size_t count)
{
	for (size_t i = 0; i < count; i++)
		spec_free_section(sections[i]);
	free(sections);
}

void spec_free_section(struct spec_section *section)
{
	for (size_t key = 0; key < KEY_COUNT; key++) {
		if (section->values[key])
			release_value(section->values[key]);
		free(section->values[key]);
	}
	free_sections(section->said, section->said_count);
	free_sections(section->nics, section->nic_count);
	free(section->name);
	free(section->ssh_keys);
	free(section->ssh_keys_path);
	free(section->text);
	free(section->snippets);
	free(section);
}

void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	free_sections(spec->nodes, spec->node_count);
	free_sections(spec->templates, spec->template_count);
	free_sections(spec->roles, spec->role_count);
	free_sections(spec->clusters, spec->cluster_count);
	free_sections(spec->vms, spec->vm_count);
	free_sections(spec->groups, spec->group_count);
	free_sections(spec->snippets, spec->snippet_count);
	free(spec->path);
	free(spec);
}

void spec_cleanup(struct spec **spec)
{
	spec_free(*spec);
}

static struct spec_section *new_section(enum key_scope scope, const char *name, int line)
{
	struct spec_section *section = memory_new(1, sizeof(*section));

	section->scope = scope;
	section->name = memory_copy(name);
	section->line = line;
	return section;
}

struct spec_section *spec_new_nic(const char *name, int line)
{
	return new_section(SCOPE_NIC, name, line);
}

struct spec_section *spec_add_section(struct spec *spec, enum key_scope scope, const char *name,
				      int line)
{
	struct spec_section *section = new_section(scope, name, line);

	switch (scope) {
	case SCOPE_NODE:
		return MEMORY_PUSH(spec->nodes, spec->node_count) = section;
	case SCOPE_TEMPLATE:
		return MEMORY_PUSH(spec->templates, spec->template_count) = section;
	case SCOPE_ROLE:
		return MEMORY_PUSH(spec->roles, spec->role_count) = section;
	case SCOPE_CLUSTER:
		return MEMORY_PUSH(spec->clusters, spec->cluster_count) = section;
	case SCOPE_VM:
		return MEMORY_PUSH(spec->vms, spec->vm_count) = section;
	case SCOPE_SNIPPET:
		return MEMORY_PUSH(spec->snippets, spec->snippet_count) = section;
	case SCOPE_NIC:
		break;	/* it is part of another section */
	}
	abort();
}

static int parse_number(const struct key *key, struct spec_value *value, struct error *err)
{
	if (number_parse_unsigned(value->text, (uint64_t)key->min, (uint64_t)key->max,
				  &value->number))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no whole number from %.0f to %.0f",
			 value->text, key->min, key->max);
}

static int parse_size(const struct key *key, struct spec_value *value, struct error *err)
{
	char min[NUMBER_TEXT], max[NUMBER_TEXT];

	if (!number_parse_size(value->text, &value->number))
		return error_set(err, ERROR_SPEC, "\"%s\" is no size; write it like 512M or 16G",
				 value->text);
	if ((double)value->number >= key->min && (double)value->number <= key->max)
		return 0;
	return error_set(err, ERROR_SPEC, "%s is too %s%s; give from %s to %s", value->text,
			 (double)value->number < key->min ? "small" : "large",
			 value->text[strspn(value->text, "0123456789.")] ?
				 "" : " (without a letter it is bytes)",
			 number_format_size((uint64_t)key->min, min),
			 number_format_size((uint64_t)key->max, max));
}

static int parse_flag(struct spec_value *value, struct error *err)
{
	static const struct { const char *word; uint64_t number; } words[] = {
		{ "true", 1 }, { "yes", 1 }, { "on", 1 }, { "1", 1 },
		{ "false", 0 }, { "no", 0 }, { "off", 0 }, { "0", 0 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(value->text, words[i].word) != 0)
			continue;
		value->number = words[i].number;
		return 0;
	}
	return error_set(err, ERROR_SPEC, "\"%s\" is neither true nor false", value->text);
}

static int parse_ratio(const struct key *key, struct spec_value *value, struct error *err)
{
	if (number_parse_ratio(value->text, &value->ratio) && value->ratio >= key->min &&
	    value->ratio <= key->max)
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no ratio from %.10g to %.10g; write it like 1.5",
			 value->text, key->min, key->max);
}

static int parse_by_type(const struct key *key, struct spec_value *value, struct error *err)
{
	switch (key->type) {
	case KEY_TYPE_TEXT:
	case KEY_TYPE_LIST:
		return 0;
	case KEY_TYPE_NUMBER:
		return parse_number(key, value, err);
	case KEY_TYPE_SIZE:
		return parse_size(key, value, err);
	case KEY_TYPE_FLAG:
		return parse_flag(value, err);
	case KEY_TYPE_RATIO:
		return parse_ratio(key, value, err);
	}
	abort();
}

/* Fill value from items by the key's row. */
static int parse_items(const struct key *key, struct spec_value *value, const struct strvec *items,
		       struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < items->count; i++)
		strbuf_join(&text, " ", items->items[i]);
	value->text = strbuf_detach(&text);
	if (key->type == KEY_TYPE_LIST)
		strvec_extend(&value->list, items);
	else if (items->count != 1)
		return error_set(err, ERROR_SPEC, "takes one value, not %zu", items->count);
	for (size_t i = 0; i < items->count; i++)
		if (*items->items[i] == '\0')
			return error_set(err, ERROR_SPEC, "is empty; fill it or leave it out");
	if (parse_by_type(key, value, err) < 0)
		return -1;
	for (size_t i = 0; key->check && i < items->count; i++)
		if (key->check(items->items[i], err) < 0)
			return -1;
	return 0;
}

static struct spec_value *new_value(int line)
{
	struct spec_value *value = memory_new(1, sizeof(*value));

	*value = (struct spec_value){ .line = line, .list = STRVEC_INIT };
	return value;
}

void spec_set(struct spec_section *section, enum key_id key, const struct strvec *items, int line,
	      struct spec_problems *problems)
{
	const struct key *row = &key_table[key];
	const char *kind = key_scope_name(section->scope);
	struct spec_value *value = section->values[key];
	struct error err = { 0 };

	if (value) {
		CLEANUP(scope_free) char *where =
			spec_problems_name_line(problems, value->line, line);

		spec_problem_add(problems, line, "%s \"%s\": %s: said twice, %s has it too; "
						 "keep one", kind, section->name, row->name, where);
		return;
	}
	section->values[key] = value = new_value(line);
	if (parse_items(row, value, items, &err) < 0) {
		value->refused = true;
		spec_problem_add(problems, line, "%s \"%s\": %s: %s", kind, section->name,
				 row->name, err.text);
	}
}

/* What holds where the file says nothing: made from the table on first use, kept to the end. */
static const struct spec_value *fallback_of(enum key_id key)
{
	static struct spec_value *fallbacks[KEY_COUNT];
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	struct error err = { 0 };

	if (!key_table[key].fallback || fallbacks[key])
		return fallbacks[key];
	strvec_push(&items, key_table[key].fallback);
	fallbacks[key] = new_value(0);
	if (parse_items(&key_table[key], fallbacks[key], &items, &err) < 0)
		abort();	/* the table is wrong, and a test says so */
	return fallbacks[key];
}

const struct spec_value *spec_value(const struct spec_section *section, enum key_id key)
{
	const struct spec_section *places[] = {
		section, section->group, section->role, section->cluster, section->node,
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (places[i] && places[i]->values[key])
			return places[i]->values[key];
	return fallback_of(key);
}

const struct spec_value *spec_said(const struct spec_section *section, enum key_id key)
{
	const struct spec_value *value = spec_value(section, key);

	return value && value->line && !value->refused ? value : NULL;
}

const char *spec_text(const struct spec_section *section, enum key_id key)
{
	const struct spec_value *value = spec_value(section, key);

	return value ? value->text : NULL;
}

uint64_t spec_number(const struct spec_section *section, enum key_id key)
{
	const struct spec_value *value = spec_value(section, key);

	return value ? value->number : 0;
}

double spec_ratio(const struct spec_section *section, enum key_id key)
{
	const struct spec_value *value = spec_value(section, key);

	return value ? value->ratio : 0;
}

bool spec_flag(const struct spec_section *section, enum key_id key)
{
	return spec_number(section, key) != 0;
}

const char *spec_option(const struct spec_section *section, const char *name)
{
	const struct spec_value *options = spec_value(section, KEY_OPTIONS);
	size_t len = strlen(name);

	for (size_t i = 0; options && i < options->list.count; i++)
		if (strncmp(options->list.items[i], name, len) == 0 &&
		    options->list.items[i][len] == '=')
			return options->list.items[i] + len + 1;
	return NULL;
}

bool spec_vm_is_meant(const char *cluster, const char *name, const char *text)
{
	size_t len = strlen(cluster);

	return strcmp(name, text) == 0 || (strncmp(text, cluster, len) == 0 && text[len] == '/' &&
					   strcmp(text + len + 1, name) == 0);
}

const struct spec_section *spec_find_vm(const struct spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->vm_count; i++)
		if (strcmp(spec->vms[i]->name, name) == 0)
			return spec->vms[i];
	return NULL;
}

const struct spec_section *spec_find_node(const struct spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->node_count; i++)
		if (strcmp(spec->nodes[i]->name, name) == 0)
			return spec->nodes[i];
	return NULL;
}

void spec_set_snippet(struct spec_section *snippet, const char *text)
{
	free(snippet->text);
	snippet->text = memory_copy(text);
	digest_sha256(text, strlen(text), snippet->digest);
}

bool spec_names_snippet(const struct spec_section *vm, const struct spec_section *snippet)
{
	for (size_t i = 0; i < vm->snippet_count; i++)
		if (vm->snippets[i] == snippet)
			return true;
	return false;
}

const char *spec_snippet_volid(const char *item)
{
	return strchr(item, '=') + 1;
}

const struct spec_section *spec_find_snippet(const struct spec *spec, const char *volid)
{
	for (size_t i = 0; i < spec->snippet_count; i++)
		if (strcmp(spec->snippets[i]->name, volid) == 0)
			return spec->snippets[i];
	return NULL;
}

bool spec_uses_snippet(const struct spec *spec, const struct spec_section *node,
		       const struct spec_section *snippet)
{
	for (size_t i = 0; i < spec->vm_count; i++)
		if ((!node || spec->vms[i]->node == node) &&
		    spec_names_snippet(spec->vms[i], snippet))
			return true;
	return false;
}

bool spec_uses_template(const struct spec *spec, const struct spec_section *node,
			const struct spec_section *template)
{
	for (size_t i = 0; i < spec->vm_count; i++)
		if (spec->vms[i]->node == node && spec->vms[i]->template == template)
			return true;
	return false;
}

/* 02 is locally administered and unicast; the other five octets are the digest's first. */
void spec_derive_mac(const char *cluster, const char *vm, unsigned slot, char mac[18])
{
	CLEANUP(strbuf_release) struct strbuf source = STRBUF_INIT;
	char digest[DIGEST_SHA256_TEXT];
	size_t len = 2;

	strbuf_addf(&source, "%s/%s/net%u", cluster, vm, slot);
	digest_sha256(source.buf, source.len, digest);
	memcpy(mac, "02", 2);
	for (size_t i = 0; i < 10; i++) {
		if (i % 2 == 0)
			mac[len++] = ':';
		mac[len++] = (char)toupper((unsigned char)digest[i]);
	}
	mac[len] = '\0';
}

void spec_template_range(const struct spec_section *template, unsigned *first, unsigned *last)
{
	const char *range = spec_text(template, KEY_VMIDS);
	uint64_t from, to;

	if (!range || !key_parse_vmid_range(range, &from, &to))
		from = to = spec_number(template, KEY_VMID);
	*first = (unsigned)from;
	*last = (unsigned)to;
}

bool spec_template_is_found(const struct spec_section *template)
{
	return !template->values[KEY_VMID] && !template->values[KEY_VMIDS];
}
