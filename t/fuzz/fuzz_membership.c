/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text is a user.cfg, a resources.cfg or a replication.cfg: what is read of it names guests there are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "model/membership.h"
#include "model/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(char *text, struct state *state, unsigned only) = {
		membership_parse_users, membership_parse_ha, membership_parse_replication,
	};
	CLEANUP(state_release) struct state state = STATE_INIT;

	MEMORY_PUSH(state.guests, state.guest_count) = (struct state_guest){ .vmid = 101 };
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(scope_free) char *text = memory_new(size + 1, 1);

		if (size)
			memcpy(text, data, size);
		parsers[i](text, &state, i == 2 ? 101 : 0);
	}
	if (state.guests[0].replication && strncmp(state.guests[0].replication, "101-", 4) != 0)
		abort();
	if (state.guests[0].pool && !strvec_contains(&state.resource_pools, state.guests[0].pool))
		abort();
	return 0;
}
