/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text is a storage.cfg: what is read of it, written down again, must read back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/state.h"
#include "model/storage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_text(struct state *state, const char *data, size_t size)
{
	CLEANUP(scope_free) char *text = memory_new(size + 1, 1);

	if (size)
		memcpy(text, data, size);
	state->node = memory_copy("pve");
	storage_parse(text, state);
}

static void write_text(const struct state *state, struct strbuf *text)
{
	for (size_t i = 0; i < state->storage_count; i++) {
		const struct state_storage *storage = &state->storages[i];

		strbuf_addf(text, "%s: %s\n\tcontent %s\n", storage->type, storage->id,
			    storage->images ? "images" : "iso");
		if (storage->disabled)
			strbuf_adds(text, "\tdisable\n");
		if (storage->vg)
			strbuf_addf(text, "\tvgname %s\n", storage->vg);
		if (storage->pool)
			strbuf_addf(text, "\tthinpool %s\n", storage->pool);
	}
}

static void check_storage(const struct state *state, const struct state_storage *storage)
{
	const struct state_storage *found = state_find_storage(state, storage->id);

	if (*storage->id == '\0' || *storage->type == '\0')
		abort();
	if (strcmp(storage->type, "lvmthin") != 0 && (storage->vg || storage->pool))
		abort();
	if (!found || strcmp(found->id, storage->id) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(state_release) struct state first = STATE_INIT, second = STATE_INIT;
	CLEANUP(strbuf_release) struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;

	read_text(&first, (const char *)data, size);
	for (size_t i = 0; i < first.storage_count; i++)
		check_storage(&first, &first.storages[i]);
	write_text(&first, &once);
	read_text(&second, once.buf, once.len);
	write_text(&second, &twice);
	if (strcmp(once.buf, twice.buf) != 0)
		abort();
	return 0;
}
