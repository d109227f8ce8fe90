/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/smbios.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/foreign.h"
#include "model/key_check.h"
#include "model/propstr.h"

#define ITEMS "manufacturer product version serial sku family"

/* A uuid's text is as long as any other's, and the longest value is qm's limit. */
#define ANY_UUID "uuid=00000000-0000-4000-8000-000000000000"
#define LONGEST 512

static bool is_text(const char *key)
{
	return strvec_words_have(ITEMS, key, strlen(key));
}

static bool is_encoded(const struct propstr *items)
{
	const char *flag = propstr_get(items, "base64");

	return flag && foreign_flag(flag) == 1;
}

/* Turn each text into what it is encoded, or decoded; what is no base64 stays as it is. */
static void recode(struct propstr *items, bool encode)
{
	for (size_t i = 0; i < items->count; i++) {
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		struct propstr_item *item = &items->items[i];

		if (!is_text(item->key))
			continue;
		if (encode)
			base64_encode(item->value, &text);
		else if (!base64_decode(item->value, &text))
			continue;
		free(item->value);
		item->value = strbuf_detach(&text);
	}
}

/* What a config says, decoded. */
static struct propstr parse(const char *text)
{
	struct propstr items = propstr_parse(text, NULL);

	if (is_encoded(&items))
		recode(&items, false);
	propstr_remove(&items, "base64");
	return items;
}

/* Perl, which Proxmox is written in, takes a "0" for nothing. */
static int check_item(const struct propstr_item *item, struct error *err)
{
	if (strcmp(item->key, "uuid") == 0)
		return error_set(err, ERROR_SPEC, "its uuid is what tells the VM from another, made with "
						  "it and always kept; leave it out");
	if (strcmp(item->key, "base64") == 0)
		return error_set(err, ERROR_SPEC, "values are written plainly here, and vyom encodes "
						  "them; leave base64 out");
	if (!is_text(item->key))
		return error_set(err, ERROR_SPEC, "\"%s\" is not one of its items; qm knows %s",
				 *item->key ? item->key : item->value, ITEMS);
	if (!*item->value)
		return error_set(err, ERROR_SPEC, "%s: the value is missing", item->key);
	if (strcmp(item->value, "0") == 0)
		return error_set(err, ERROR_SPEC, "%s: Proxmox does not tell the guest a 0; write it "
						  "otherwise, 00 say", item->key);
	return 0;
}

static int check_length(const char *text, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;

	smbios_merge(text, ANY_UUID, &value);
	if (value.len > LONGEST)
		return error_set(err, ERROR_SPEC, "encoded, with the uuid, it is %zu characters, and qm "
						  "keeps %d; make it shorter", value.len, LONGEST);
	return 0;
}

int key_check_smbios(const char *text, struct error *err)
{
	CLEANUP(propstr_release) struct propstr said = propstr_parse(text, NULL);

	if (!propstr_says_each_once(&said, text))
		return error_set(err, ERROR_SPEC, "something is said twice, or a word is empty; write it "
						  "like manufacturer=ACME,serial=7");
	for (size_t i = 0; i < said.count; i++)
		if (check_item(&said.items[i], err) < 0)
			return -1;
	return check_length(text, err);
}

bool smbios_agrees(const char *wanted, const char *found)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, NULL);
	CLEANUP(propstr_release) struct propstr have = parse(found);

	for (size_t i = 0; i < want.count; i++) {
		const char *value = propstr_get(&have, want.items[i].key);

		if (!value || strcmp(value, want.items[i].value) != 0)
			return false;
	}
	return true;
}

void smbios_merge(const char *wanted, const char *found, struct strbuf *value)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, NULL);
	CLEANUP(propstr_release) struct propstr merged = propstr_parse(found, NULL);

	if (!is_encoded(&merged))
		recode(&merged, true);
	recode(&want, true);
	for (size_t i = 0; i < want.count; i++)
		propstr_set(&merged, want.items[i].key, want.items[i].value);
	propstr_set(&merged, "base64", "1");
	propstr_format(&merged, value);
}

bool smbios_keeps_uuid(const char *found, const char *other)
{
	CLEANUP(propstr_release) struct propstr have = propstr_parse(found, NULL);
	CLEANUP(propstr_release) struct propstr then = propstr_parse(other, NULL);
	const char *uuid = propstr_get(&have, "uuid"), *next = propstr_get(&then, "uuid");

	return !uuid || (next && strcasecmp(uuid, next) == 0);
}

void smbios_describe(const char *value, struct strbuf *text)
{
	CLEANUP(propstr_release) struct propstr items = parse(value);

	propstr_format(&items, text);
}
