/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/status.h"

#include "decide/diff.h"
#include "base/memory.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static const char *state_name(const struct diff_vm *vm)
{
	if (vm->standing == DIFF_ABSENT)
		return "absent";
	if (vm->standing == DIFF_LEFTOVER || vm->leftover.kind != LEFTOVER_NONE)
		return "half-made";
	if (vm->guest && vm->guest->conf && vmconf_get(vm->guest->conf, "lock"))
		return "locked";
	if (vm->standing == DIFF_OBSTRUCTED)
		return "obstructed";
	return vm->running ? "running" : "stopped";
}

struct sum {
	const struct state *state;
	struct status_vm *vm;
};

static void add_volume(const char *volid, void *context)
{
	struct sum *sum = context;
	const struct thin_volume *volume = state_find_volume(sum->state, volid);

	if (!volume || volume->vmid != sum->vm->vmid)
		return;
	sum->vm->promised += volume->size;
	sum->vm->written += volume->mapped;
}

void status_node(const struct diff *diff, const struct state *state, struct status *status)
{
	status->vms = memory_new(diff->count, sizeof(*status->vms));
	status->count = diff->count;
	for (size_t i = 0; i < diff->count; i++) {
		const struct diff_vm *vm = &diff->vms[i];
		struct sum sum = { .state = state, .vm = &status->vms[i] };

		*sum.vm = (struct status_vm){
			.name = vm->vm->name, .role = vm->vm->role ? vm->vm->role->name : NULL,
			.vmid = vm->vmid, .state = state_name(vm),
			.address = spec_text(vm->vm, KEY_ADDRESS), .uptime = -1,
		};
		if (vm->standing != DIFF_PRESENT)
			continue;
		if (vm->running)
			sum.vm->uptime = vm->guest->uptime;
		vmconf_each_volume(vm->guest->conf, add_volume, &sum);
	}
}

void status_release(struct status *status)
{
	free(status->vms);
	*status = (struct status){ .vms = NULL };
}
