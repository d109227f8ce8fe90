/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "base/error.h"
#include "edge/journal.h"
#include "base/memory.h"
#include "cli/report.h"
#include "cli/run.h"
#include "base/scope.h"

static bool is_called(const struct record_vm *vm, const char *name)
{
	CLEANUP(scope_free) char *full = memory_print("%s/%s", vm->cluster, vm->name);

	return strcmp(vm->name, name) == 0 || strcmp(full, name) == 0;
}

/* The journal knows what vyom made; the config need not name it any more. */
static const struct record_vm *find_record(const struct cli *cli, const char *name,
					   struct error *err)
{
	const struct record_vm *found = NULL;

	for (size_t i = 0; i < cli->records.count; i++) {
		const struct record_vm *vm = &cli->records.items[i];

		if (!is_called(vm, name))
			continue;
		if (found) {
			error_set(err, ERROR_REFUSED, "two VMs are called %s: say %s/%s or %s/%s",
				  name, found->cluster, found->name, vm->cluster, vm->name);
			return NULL;
		}
		found = vm;
	}
	if (!found)
		error_set(err, ERROR_REFUSED,
			  "vyom made no VM called \"%s\" on this node, as far as its journal "
			  "knows: nothing was destroyed",
			  name);
	return found;
}

static bool is_planned(const struct plan *plan, unsigned vmid)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].vmid == vmid)
			return true;
	return false;
}

static int make_plan(struct cli *cli, struct plan *plan, struct error *err)
{
	for (int i = 0; i < cli->arg_count; i++) {
		const struct record_vm *vm = find_record(cli, cli->args[i], err);

		if (!vm)
			return -1;
		if (!is_planned(plan, vm->vmid))
			plan_destroy(&cli->state, &cli->records, vm->name, vm->vmid, plan);
	}
	return 0;
}

/* With lvs, which also sees what is not active: a volume that stayed is said, not overlooked. */
static int prove_gone(struct cli *cli, struct plan *plan, struct error *err)
{
	CLEANUP(record_vms_release) struct record_vms before = cli->records;

	cli->records = (struct record_vms){ .items = NULL };
	state_release(&cli->state);
	if (cli_observe(cli, true, err) < 0)
		return -1;
	for (size_t i = 0; i < before.count; i++) {
		const struct record_vm *vm = &before.items[i];

		if (record_vms_find(&cli->records, vm->vmid))
			continue;
		for (size_t j = 0; j < cli->state.volumes.count; j++)
			if (cli->state.volumes.items[j].vmid == vm->vmid)
				plan_refuse(plan, NULL, 0,
					    "%s (%u) is destroyed, but its volume %s/%s is left",
					    vm->name, vm->vmid, cli->state.volumes.items[j].vg,
					    cli->state.volumes.items[j].name);
	}
	return 0;
}

/* Someone destroyed them by hand: there is nothing to do but to know it. */
static int forget_missing(struct cli *cli, struct error *err)
{
	for (int i = 0; i < cli->arg_count; i++) {
		const struct record_vm *vm = find_record(cli, cli->args[i], err);

		if (!vm)
			return -1;
		if (!state_find_guest(&cli->state, vm->vmid) &&
		    journal_vm_forget(cli->journal, vm->vmid, err) < 0)
			return -1;
	}
	return 0;
}

int cmd_destroy(struct cli *cli, struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	if (cli->given & CLI_DRY_RUN) {
		if (cli_observe(cli, false, err) < 0 || make_plan(cli, &plan, err) < 0)
			return -1;
		cli->report->plan(stdout, &plan);
		return plan.refusal_count ? CLI_REFUSED : plan.count ? CLI_DIFFERENCES : CLI_OK;
	}
	if (cli_begin_change(cli, "destroy", err) < 0 || make_plan(cli, &plan, err) < 0 ||
	    forget_missing(cli, err) < 0)
		return -1;
	return run_carry_out(cli, "destroy", &plan,
			     "Destroy these VMs and all that is on their disks?", prove_gone, err);
}
