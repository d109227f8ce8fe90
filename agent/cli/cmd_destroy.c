/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "base/error.h"
#include "edge/journal.h"
#include "base/memory.h"
#include "cli/document.h"
#include "cli/report.h"
#include "cli/run.h"
#include "base/scope.h"
#include "decide/loss.h"
#include "model/spec.h"

/* A clone or destroy of that name that was cut off may have left something: its VMID, or 0. */
static unsigned find_doubt(const struct cli *cli, const char *name)
{
	const struct record_steps *steps = &cli->records.in_doubt;

	for (size_t i = 0; i < steps->count; i++)
		if (strcmp(steps->items[i].vm, name) == 0)
			return steps->items[i].vmid;
	return 0;
}

/* The journal knows what vyom made; the config need not name it any more. */
static const struct record_vm *find_record(const struct cli *cli, const char *name,
					   struct error *err)
{
	const struct record_vm *found = NULL;

	for (size_t i = 0; i < cli->records.count; i++) {
		const struct record_vm *vm = &cli->records.items[i];

		if (!spec_vm_is_meant(vm->cluster, vm->name, name))
			continue;
		/* one that is gone stands back behind one that is there */
		if (found && !state_find_guest(&cli->state, vm->vmid))
			continue;
		if (found && state_find_guest(&cli->state, found->vmid)) {
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
		unsigned vmid = vm ? vm->vmid : find_doubt(cli, cli->args[i]);
		const char *name = vm ? vm->name : cli->args[i];

		if (!vmid)
			return -1;
		if (is_planned(plan, vmid))
			continue;
		plan_destroy(&cli->state, &cli->records, name, vmid, plan);
		if (is_planned(plan, vmid))
			loss_note(&cli->state, name, vmid, plan);
	}
	return 0;
}

static bool is_named(const struct cli *cli, const struct record_vm *vm)
{
	for (int i = 0; i < cli->arg_count; i++)
		if (spec_vm_is_meant(vm->cluster, vm->name, cli->args[i]))
			return true;
	return false;
}

/*
 * Looked at with lvs, which also sees what is not active: a VM is forgotten only
 * once nothing of it is left; all at once, so that a kill leaves the same command
 * something to finish.
 */
static int forget_gone(struct cli *cli, const struct record_vms *before, struct plan *plan,
		       struct error *err)
{
	CLEANUP(record_vms_release) struct record_vms gone = { .items = NULL };

	for (size_t i = 0; i < before->count; i++) {
		const struct record_vm *vm = &before->items[i];
		size_t refusals = plan->refusal_count;

		if (!is_named(cli, vm) || state_find_guest(&cli->state, vm->vmid))
			continue;
		plan_destroy(&cli->state, before, vm->name, vm->vmid, plan);
		if (plan->refusal_count == refusals)
			record_vms_put(&gone, (struct record_vm){ .vmid = vm->vmid });
	}
	return gone.count ? journal_vms_forget(cli->journal, &gone, err) : 0;
}

static int prove_gone(struct cli *cli, struct plan *plan, struct error *err)
{
	CLEANUP(record_vms_release) struct record_vms before = cli->records;

	cli->records = (struct record_vms){ .items = NULL };
	if (cli_observe_again(cli, true, err) < 0)
		return -1;
	return forget_gone(cli, &before, plan, err);
}

int cmd_destroy(struct cli *cli, struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL }, rest = { .steps = NULL };
	int status;

	if (cli->given & CLI_DRY_RUN) {
		if (cli_observe(cli, true, err) < 0 || make_plan(cli, &plan, err) < 0)
			return -1;
		report_show(cli->report, document_plan(&plan));
		return plan.refusal_count ? CLI_REFUSED : plan.count ? CLI_DIFFERENCES : CLI_OK;
	}
	if (cli_begin_change(cli, "destroy", true, err) < 0 || make_plan(cli, &plan, err) < 0)
		return -1;
	status = run_carry_out(cli, "destroy", &plan, cli->question, prove_gone, err);
	if (status == CLI_OK && !plan.count && forget_gone(cli, &cli->records, &rest, err) < 0)
		return -1;
	return status;
}
