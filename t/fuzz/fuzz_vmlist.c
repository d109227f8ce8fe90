/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any text is .vmlist: it is an error that can be told, or guests each of which
 * is there once and stays the same when it alone is read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/pvefs.h"
#include "model/qm.h"
#include "fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_up(void)
{
	folder_make();
	folder_put("/etc/pve/nodes/pve/qemu-server/101.conf", "name: a\n", 8);
}

static void check_guest(const struct state *state, const struct state_guest *guest)
{
	if (guest->vmid < 1 || guest->vmid > QM_VMID_MAX || !guest->node)
		abort();
	if (state_find_guest(state, guest->vmid) != guest)
		abort();
	if (guest->local != (strcmp(guest->node, "pve") == 0) || guest->pid)
		abort();
	if (guest->conf && (!guest->local || guest->kind != STATE_QEMU || guest->vmid != 101))
		abort();
}

static void check_again(struct state *state, size_t place)
{
	const struct state_guest before = state->guests[place], *after;
	CLEANUP(scope_free) char *node = memory_copy(before.node);
	size_t count = state->guest_count;
	struct error err = { 0 };

	if (pvefs_read_guest(folder, state, before.vmid, &err) < 0 || state->guest_count != count)
		abort();
	after = &state->guests[place];
	if (after->vmid != before.vmid || after->kind != before.kind)
		abort();
	if (strcmp(after->node, node) != 0)
		abort();
	check_guest(state, after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	if (!*folder)
		set_up();
	folder_put("/etc/pve/.vmlist", data, size);
	state.node = memory_copy("pve");
	state.mounted = true;
	if (pvefs_read_guests(folder, &state, &err) < 0) {
		if (*err.text == '\0')
			abort();
		return 0;
	}
	for (size_t i = 0; i < state.guest_count; i++)
		check_guest(&state, &state.guests[i]);
	for (size_t i = 0; i < state.guest_count && i < 4; i++)
		check_again(&state, i);
	if (!state_find_guest(&state, 101))
		abort();
	return 0;
}
