/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "decide/option.h"
#include "decide/option_part.h"
#include "model/foreign.h"
#include "model/propstr.h"
#include "model/smbios.h"
#include "model/vmconf.h"

bool option_is_card(const struct option *option)
{
	return strncmp(option->name, "net", 3) == 0;
}

/* The limit's kind, without which its name goes on at *rest; 0: it is none. */
static char kind_of_limit(const char *key, const char **rest)
{
	if (strncmp(key, "iops", 4) == 0)
		*rest = key + 4;
	else if (strncmp(key, "mbps", 4) == 0 || strncmp(key, "bps", 3) == 0)
		*rest = strchr(key, 's') + 1;
	else
		return 0;
	return *key == 'i' ? 'i' : 'b';
}

static bool is_of_a_part(const char *rest)
{
	return strncmp(rest, "_rd", 3) == 0 || strncmp(rest, "_wr", 3) == 0;
}

bool option_excludes_limit(const char *key, const char *other)
{
	const char *rest, *other_rest;
	char kind = kind_of_limit(key, &rest);

	return kind && kind == kind_of_limit(other, &other_rest) &&
	       is_of_a_part(rest) != is_of_a_part(other_rest);
}

bool option_is_limited(const char *value)
{
	double limit;

	return number_parse_ratio(value, &limit) && limit > 0;
}

void option_split_words(const char *text, struct strvec *words)
{
	CLEANUP(scope_free) char *copy = memory_copy(text ? text : "");
	char *rest = copy, *word;

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	while ((word = strsep(&rest, ";, ")))
		if (*word)
			strvec_push_once(words, word);
}

static bool contains_all(const struct strvec *have, const struct strvec *want)
{
	for (size_t i = 0; i < want->count; i++)
		if (!strvec_contains(have, want->items[i]))
			return false;
	return true;
}

static bool words_agree(const char *wanted, const char *found)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	option_split_words(wanted, &want);
	option_split_words(found, &have);
	return want.count == have.count && contains_all(&have, &want);
}

/* What Proxmox takes for item (NULL: the whole value) where the config has none; NULL: not known. */
static const char *unsaid(const struct option *option, const char *item)
{
	const struct option_part *part = option->parts;

	for (; part && part->key < KEY_COUNT; part++)
		if (item ? part->item && strcmp(part->item, item) == 0 : !part->item)
			return part->unsaid;
	return NULL;
}

static bool numbers_agree(const char *wanted, const char *found)
{
	double want, have;

	return number_parse_ratio(wanted, &want) && number_parse_ratio(found, &have) && want == have;
}

/*
 * Of qm's own spellings one is as good as another (2.4): MACs keep the case they were
 * given in, flags and numbers the way, and words of a CPU the order.
 */
static bool items_agree(const char *key, const char *wanted, const char *found)
{
	if (strcmp(key, "flags") == 0)
		return words_agree(wanted, found);
	return strcasecmp(wanted, found) == 0 || numbers_agree(wanted, found) ||
	       (foreign_flag(wanted) >= 0 && foreign_flag(wanted) == foreign_flag(found));
}

/* Of a limit that is wanted, has found one that it excludes? */
static bool is_excluded(const struct propstr_item *wanted, const struct propstr *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (option_excludes_limit(wanted->key, found->items[i].key) &&
		    option_is_limited(wanted->value) && option_is_limited(found->items[i].value))
			return true;
	return false;
}

static bool propstr_agrees(const struct option *option, const char *wanted, const char *found)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, option->default_key);
	CLEANUP(propstr_release) struct propstr have = propstr_parse(found, option->default_key);

	if (option->form == OPTION_PROPSTR_WHOLE && want.count != have.count)
		return false;
	for (size_t i = 0; i < want.count; i++) {
		const char *key = want.items[i].key, *value = propstr_get(&have, key);

		if (!value)
			value = unsaid(option, key);
		if (!value || !items_agree(key, want.items[i].value, value))
			return false;
		if (vmconf_is_drive(option->name) && is_excluded(&want.items[i], &have))
			return false;
	}
	return true;
}

static bool tags_agree(const char *wanted, const char *found)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	option_split_words(wanted, &want);
	option_split_words(found, &have);
	return contains_all(&have, &want);
}

void option_split_keys(const char *text, bool encoded, struct strvec *keys)
{
	CLEANUP(scope_free) char *copy = memory_copy(text ? text : "");
	char *rest = copy, *line;

	if (encoded)
		vmconf_percent_decode(copy);
	while ((line = strsep(&rest, "\r\n"))) {
		size_t len;

		line += strspn(line, " \t");
		for (len = strlen(line); len && isspace((unsigned char)line[len - 1]); len--)
			line[len - 1] = '\0';
		if (*line && *line != '#')
			strvec_push(keys, line);
	}
}

static bool keys_agree(const char *wanted, const char *found)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	option_split_keys(wanted, false, &want);
	option_split_keys(found, true, &have);
	return strvec_equal(&want, &have);
}

void option_split_features(const char *text, struct strvec *features)
{
	if (strcmp(text, "1") == 0)
		text = "network,disk,usb";
	if (strcmp(text, "0") != 0)
		option_split_words(text, features);
}

static bool features_agree(const char *wanted, const char *found)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	option_split_features(wanted, &want);
	option_split_features(found, &have);
	return want.count == have.count && contains_all(&have, &want);
}

/* A declared note is a whole one; the mark alone stands among what others wrote. */
static bool note_agrees(const char *wanted, const char *found)
{
	return strchr(wanted, '\n') ? strcmp(wanted, found) == 0
				    : vmconf_note_has_line(found, wanted);
}

/* A drive or a card that is not there is not like any. */
static bool absence_agrees(const struct option *option, const char *wanted)
{
	const char *value = unsaid(option, NULL);

	switch (option->form) {
	case OPTION_FEATURES:
		return features_agree(wanted, "1");
	case OPTION_PROPSTR:
		return !option_is_card(option) && !vmconf_is_drive(option->name) &&
		       propstr_agrees(option, wanted, "");
	case OPTION_NUMBER:
		return value && numbers_agree(wanted, value);
	case OPTION_TEXT:
		return value && strcmp(wanted, value) == 0;
	default:
		return false;
	}
}

bool option_keeps(const struct option *option, const char *found, const char *other)
{
	return option->form != OPTION_SMBIOS || smbios_keeps_uuid(found, other);
}

bool option_agrees(const struct option *option, const char *wanted, const char *found)
{
	if (!wanted)
		return !found;
	if (!found)
		return absence_agrees(option, wanted);
	switch (option->form) {
	case OPTION_PROPSTR:
	case OPTION_PROPSTR_WHOLE:
		return propstr_agrees(option, wanted, found);
	case OPTION_SMBIOS:
		return smbios_agrees(wanted, found);
	case OPTION_TAGS:
		return tags_agree(wanted, found);
	case OPTION_SSH_KEYS:
		return keys_agree(wanted, found);
	case OPTION_NOTE:
		return note_agrees(wanted, found);
	case OPTION_NUMBER:
		return numbers_agree(wanted, found);
	case OPTION_FEATURES:
		return features_agree(wanted, found);
	case OPTION_SECRET:
	case OPTION_TEXT:
	default:
		return strcmp(wanted, found) == 0;
	}
}
