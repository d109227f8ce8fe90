/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/vmconf.h"

#include <string.h>

#include "base/scope.h"
#include "base/strbuf.h"

typedef void found_fn(const char *volid, void *context);

/* A disk's key, of any kind, past, future or unused: a word of these and digits. */
bool vmconf_is_drive(const char *key)
{
	static const char *const words[] = {
		"scsi", "virtio", "sata", "ide", "unused", "efidisk", "tpmstate", "vmstate",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t len = strlen(words[i]);

		if (strncmp(key, words[i], len) == 0)
			return key[len + strspn(key + len, "0123456789")] == '\0';
	}
	return false;
}

/* STORE:NAME, which "none", "cdrom" and "/dev/sdb" are not. */
static bool is_volid(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && colon != text && colon[1] && *text != '/';
}

/* One of the items is bare or file=…; qm writes it first and bare, a person may not. */
static void find_in_drive(const char *value, struct strbuf *volid, found_fn *found, void *context)
{
	for (size_t len; *value; value += len + (value[len] == ',')) {
		len = strcspn(value, ",");
		strbuf_reset(volid);
		strbuf_add(volid, value, len);
		if (strncmp(volid->buf, "file=", 5) == 0) {
			if (is_volid(volid->buf + 5))
				found(volid->buf + 5, context);
			return;
		}
		if (!strchr(volid->buf, '=')) {
			if (is_volid(volid->buf))
				found(volid->buf, context);
			return;
		}
	}
}

/* [special:fleecing] lists what a backup left behind. */
static void find_in_list(const char *value, struct strbuf *volid, found_fn *found, void *context)
{
	static const char separators[] = ",; \t";

	for (size_t len; *value; value += len) {
		value += strspn(value, separators);
		len = strcspn(value, separators);
		strbuf_reset(volid);
		strbuf_add(volid, value, len);
		if (is_volid(volid->buf))
			found(volid->buf, context);
	}
}

static void each_volume(const struct vmconf_entry *entries, size_t count, struct strbuf *volid,
			found_fn *found, void *context)
{
	for (size_t i = 0; i < count; i++) {
		if (vmconf_is_drive(entries[i].key))
			find_in_drive(entries[i].value, volid, found, context);
		else if (strcmp(entries[i].key, "fleecing-images") == 0)
			find_in_list(entries[i].value, volid, found, context);
	}
}

void vmconf_each_volume(const struct vmconf *conf, void (*found)(const char *volid, void *context),
			void *context)
{
	CLEANUP(strbuf_release) struct strbuf volid = STRBUF_INIT;

	each_volume(conf->live, conf->live_count, &volid, found, context);
	each_volume(conf->pending, conf->pending_count, &volid, found, context);
	each_volume(conf->elsewhere, conf->elsewhere_count, &volid, found, context);
}

bool vmconf_is_unused(const char *key)
{
	return strncmp(key, "unused", 6) == 0;
}

bool vmconf_is_drive_of(const struct vmconf_entry *entry, const char *volid)
{
	size_t len = strlen(volid);

	return vmconf_is_drive(entry->key) && strncmp(entry->value, volid, len) == 0 &&
	       (!entry->value[len] || entry->value[len] == ',');
}

const char *vmconf_drive_of(const struct vmconf *conf, const char *volid)
{
	for (size_t i = 0; i < conf->live_count; i++)
		if (vmconf_is_drive_of(&conf->live[i], volid))
			return conf->live[i].key;
	return NULL;
}
