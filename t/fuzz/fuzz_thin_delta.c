/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text may come from thin_delta: it is understood whole or refused with a reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "model/thin_delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(scope_free) char *text = memory_new(size + 1, 1);
	struct thin_delta delta = { .same = 1 };
	struct error err = { 0 };

	if (size)
		memcpy(text, data, size);
	if (thin_delta_parse(text, 1, 2, &delta, &err) < 0) {
		if (*err.text == '\0' || delta.same != 1)
			abort();
		return 0;
	}
	if (delta.same % 512 || delta.different % 512 || delta.left_only % 512 ||
	    delta.right_only % 512)
		abort();
	if (!strstr(text, "/superblock") || !strstr(text, "diff"))
		abort();
	return 0;
}
