/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * field.h - what a document has under a name
 *
 * It may come from another machine: what is missing, or of another type, is NULL, 0, false
 * or an empty list, never a crash.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <jansson.h>

#include "model/record.h"

/* NULL: null, or no text */
static inline const char *field_text(const json_t *document, const char *name)
{
	return json_string_value(json_object_get(document, name));
}

/* Text, or instead where there is none. */
static inline const char *field_text_or(const json_t *document, const char *name,
					const char *instead)
{
	const char *text = field_text(document, name);

	return text ? text : instead;
}

/* Is it the document of that name? */
static inline bool field_is_event(const json_t *document, const char *event)
{
	return strcmp(field_text_or(document, "event", ""), event) == 0;
}

static inline int64_t field_integer(const json_t *document, const char *name)
{
	return json_integer_value(json_object_get(document, name));
}

/* A count, an id, or bytes: never less than 0. */
static inline uint64_t field_number(const json_t *document, const char *name)
{
	int64_t number = field_integer(document, name);

	return number > 0 ? (uint64_t)number : 0;
}

static inline unsigned field_vmid(const json_t *document)
{
	uint64_t vmid = field_number(document, "vmid");

	return vmid <= UINT32_MAX ? (unsigned)vmid : 0;
}

/* Who it is about: "web (101)", or a snippet's name.  Caller frees. */
static inline char *field_who(const json_t *document)
{
	return record_who(field_text_or(document, "vm", "?"), field_vmid(document));
}

static inline double field_real(const json_t *document, const char *name)
{
	return json_number_value(json_object_get(document, name));
}

static inline bool field_flag(const json_t *document, const char *name)
{
	return json_is_true(json_object_get(document, name));
}

/* To be walked with json_array_foreach() or field_count(); NULL is an empty list. */
static inline const json_t *field_list(const json_t *document, const char *name)
{
	const json_t *list = json_object_get(document, name);

	return json_is_array(list) ? list : NULL;
}

static inline size_t field_count(const json_t *document, const char *name)
{
	return json_array_size(field_list(document, name));
}

#endif
