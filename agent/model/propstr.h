/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * propstr.h - property strings: "virtio=02:…,bridge=vmbr0,tag=20"
 *
 * Proxmox packs options into one value.  The first item may lack its key: it
 * then belongs to the format's default key ("local-lvm:vm-101-disk-0,size=64G"
 * is file=…).  Compared item by item, never as text (pve-facts 2.4).
 */
#ifndef PROPSTR_H
#define PROPSTR_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

struct propstr_item {
	char *key, *value;
};

struct propstr {
	struct propstr_item *items;
	size_t count;
	const char *default_key;	/* of the format; not owned */
};

/*
 * Parse text; NULL gives an empty one.  A word without "=" is the default key's
 * value (the key is "" where the format has none); a repeated key keeps its last
 * value, an empty item is passed over.  Nothing is trimmed, as Proxmox trims nothing.
 */
#define PROPSTR_INIT { .items = NULL }

struct propstr propstr_parse(const char *text, const char *default_key);
void propstr_release(struct propstr *ps);

/* The value, or NULL.  Keys and values to set hold no comma. */
const char *propstr_get(const struct propstr *ps, const char *key);
void propstr_set(struct propstr *ps, const char *key, const char *value);
void propstr_remove(struct propstr *ps, const char *key);

/* Was text, which it was parsed from, without an empty item and one said twice? */
bool propstr_says_each_once(const struct propstr *ps, const char *text);

/*
 * As Proxmox prints it: the default key first, bare; if there is none, the first
 * item stays first with its key (a NIC's "virtio=02:…"); the rest sorted by key.
 */
void propstr_format(struct propstr *ps, struct strbuf *text);

#endif
