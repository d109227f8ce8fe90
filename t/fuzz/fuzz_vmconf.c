/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text is a guest's config: reading it must end, and what is read must hold together. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/vmconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void measure(const char *volid, void *context)
{
	*(size_t *)context += strlen(volid);
	if (!strchr(volid, ':'))
		abort();
}

static void check_entries(const struct vmconf_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (*entries[i].key == '\0' ||
		    (i && strcmp(entries[i - 1].key, entries[i].key) >= 0))
			abort();
}

static void check_description(const struct vmconf *conf)
{
	char *line;

	if (!conf->description)
		return;
	line = memory_copy(conf->description);
	line[strcspn(line, "\n")] = '\0';
	if (!vmconf_description_has_line(conf, line))
		abort();
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmconf *conf = vmconf_parse((const char *)data, size);
	size_t total = 0;

	check_entries(conf->live, conf->live_count);
	check_entries(conf->pending, conf->pending_count);
	check_description(conf);
	for (size_t i = 0; i < conf->live_count; i++)
		if (vmconf_get(conf, conf->live[i].key) != conf->live[i].value)
			abort();
	for (size_t i = 0; i < conf->pending_count; i++) {
		const char *value = NULL;

		if (!vmconf_get_pending(conf, conf->pending[i].key, &value) ||
		    value != conf->pending[i].value)
			abort();
	}
	vmconf_each_volume(conf, measure, &total);
	if (total > size)
		abort();
	vmconf_free(conf);
	return 0;
}
