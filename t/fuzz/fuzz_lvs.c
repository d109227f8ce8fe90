/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text may come from lvs: it is merged whole or refused, and every volume can be found. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "edge/lvs.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct thin_pools pools = { 0 };
	struct thin_volumes volumes = { 0 };
	struct error err = { 0 };
	char *text = memory_new(size + 1, 1);

	if (size)
		memcpy(text, data, size);
	if (lvs_parse(text, &pools, &volumes, &err) < 0 && (*err.text == '\0' || volumes.count))
		abort();
	for (size_t i = 0; i < volumes.count; i++)
		if (!thin_volumes_find(&volumes, volumes.items[i].vg, volumes.items[i].name))
			abort();
	for (size_t i = 0; i < pools.count; i++)
		if (!thin_pools_find(&pools, pools.items[i].vg, pools.items[i].name))
			abort();
	thin_pools_release(&pools);
	thin_volumes_release(&volumes);
	free(text);
	return 0;
}
