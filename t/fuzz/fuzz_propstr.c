/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written must read back as the same items, and be written the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/propstr.h"
#include "base/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, const char *default_key)
{
	struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;
	struct propstr first = propstr_parse(text, default_key), second;

	propstr_format(&first, &once);
	second = propstr_parse(once.buf, default_key);
	if (first.count != second.count)
		abort();
	for (size_t i = 0; i < first.count; i++)
		if (strcmp(propstr_get(&second, first.items[i].key), first.items[i].value) != 0)
			abort();
	propstr_format(&second, &twice);
	if (strcmp(once.buf, twice.buf) != 0)
		abort();
	propstr_release(&first);
	propstr_release(&second);
	strbuf_release(&once);
	strbuf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = memory_new(size + 1, 1);

	if (size)
		memcpy(text, data, size);
	check(text, "file");
	check(text, NULL);
	free(text);
	return 0;
}
