/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/seal_check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "model/seal.h"
#include "model/state.h"

static void add(struct seal_findings *findings, enum seal_finding_kind kind,
		const struct seal *made, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct seal_findings *findings, enum seal_finding_kind kind,
		const struct seal *made, const char *format, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list args;
	char *rest;

	va_start(args, format);
	rest = memory_vprint(format, args);
	va_end(args);
	strbuf_addf(&text, "%s/%s %s", made->vg, made->name, rest);
	free(rest);
	MEMORY_PUSH(findings->items, findings->count) =
		(struct seal_finding){ .kind = kind, .text = strbuf_detach(&text) };
	findings->changed += kind == SEAL_CHANGED;
}

static void check_size(const struct seal *made, uint64_t size, struct seal_findings *findings)
{
	char now[NUMBER_TEXT], then[NUMBER_TEXT];

	if (size != made->size)
		add(findings, SEAL_CHANGED, made, "is %s large, and was %s",
		    number_format_size(size, now), number_format_size(made->size, then));
}

static void check_flags(const struct seal *made, const struct thin_volume *volume, bool lvs_asked,
			struct seal_findings *findings)
{
	if (!volume->read_only)
		add(findings, SEAL_CHANGED, made, "can be written: lvchange -pr %s/%s", made->vg,
		    made->name);
	if (lvs_asked && !volume->skip)
		add(findings, SEAL_CHANGED, made, "is active from boot on: lvchange -ky %s/%s",
		    made->vg, made->name);
}

/* A write to a hole maps a block, a discard unmaps one. */
static void check_mapped(const struct seal *made, const struct thin_volume *volume,
			 struct seal_findings *findings)
{
	char now[NUMBER_TEXT], then[NUMBER_TEXT];

	if (!volume->active)
		add(findings, SEAL_NOT_SEEN, made, "is not active, so that how much it occupies is "
						   "not known: --full activates it");
	else if (made->mapped && volume->mapped != made->mapped)
		add(findings, SEAL_CHANGED, made, "occupies %s, and occupied %s: it was written to",
		    number_format_size(volume->mapped, now),
		    number_format_size(made->mapped, then));
}

void seal_check_quick(const struct seal *made, const struct state *state,
		      struct seal_findings *findings)
{
	const struct thin_volume *volume =
		thin_volumes_find(&state->volumes, made->vg, made->name);

	if (!volume && !state->lvs_asked) {
		add(findings, SEAL_NOT_SEEN, made, "is not active, and LVM was not asked");
		return;
	}
	if (!volume) {
		add(findings, SEAL_CHANGED, made, "is gone");
		return;
	}
	if (made->device && volume->device && volume->device != made->device)
		add(findings, SEAL_CHANGED, made,
		    "is another volume of the same name: thin device %u, and was %u",
		    volume->device, made->device);
	check_size(made, volume->size, findings);
	check_flags(made, volume, state->lvs_asked, findings);
	check_mapped(made, volume, findings);
}

void seal_check_content(const struct seal *made, const struct seal *now,
			struct seal_findings *findings)
{
	uint64_t offset;

	if (strcmp(made->digest, now->digest) == 0)
		return;
	check_size(made, now->size, findings);
	if (made->blocks.len && seal_find_difference(made->blocks.buf, now->blocks.buf, &offset))
		add(findings, SEAL_CHANGED, made,
		    "holds other data than it did: first in the %d MiB from byte %llu on",
		    (int)(SEAL_BLOCK / MIB), (unsigned long long)offset);
	else if (made->size == now->size)
		add(findings, SEAL_CHANGED, made, "holds other data than it did");
}

void seal_findings_release(struct seal_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->items[i].text);
	free(findings->items);
	*findings = (struct seal_findings){ .items = NULL };
}
