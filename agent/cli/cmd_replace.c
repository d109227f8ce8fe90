/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include "base/error.h"
#include "base/scope.h"
#include "cli/document.h"
#include "cli/report.h"
#include "cli/run.h"
#include "decide/diff.h"
#include "decide/loss.h"
#include "decide/replace.h"
#include "edge/journal.h"
#include "model/spec.h"

int replace_allow_one(const struct cli *cli, struct error *err)
{
	if (cli->arg_count == 1)
		return 0;
	return error_set(err, ERROR_REFUSED,
			 "vyom replace destroys one VM at a time, so that all others serve "
			 "meanwhile and the new one can be looked at first: name %s alone, then "
			 "%s", cli->args[0], cli->args[1]);
}

static int find_declared(struct cli *cli, struct error *err)
{
	for (size_t i = 0; i < cli->spec->vm_count; i++) {
		const struct spec_section *vm = cli->spec->vms[i];

		if (!spec_vm_is_meant(vm->cluster->name, vm->name, cli->args[0]))
			continue;
		cli->replaced = vm;
		return 0;
	}
	return error_set(err, ERROR_REFUSED,
			 "%s declares no VM \"%s\", so it could not be made again; vyom destroy "
			 "takes away what the file does not name any more",
			 cli->config, cli->args[0]);
}

/* The run that made or adopted it, if the journal has it still. */
static struct loss *find_loss(const struct cli *cli)
{
	unsigned vmid = (unsigned)spec_number(cli->replaced, KEY_VMID);
	const struct record_vm *record = record_vms_find(&cli->records, vmid);
	CLEANUP(record_run_release) struct record_run run = { .id = 0 };
	CLEANUP(record_steps_release) struct record_steps steps = { .items = NULL };
	struct error ignored;

	if (!record || journal_read_run(cli->journal, record->run, &run, &ignored) < 0 ||
	    journal_read_steps(cli->journal, record->run, &steps, &ignored) < 0)
		return loss_find(cli->replaced, &cli->state, NULL, NULL);
	return loss_find(cli->replaced, &cli->state, &run, &steps);
}

static void make_plan(const struct cli *cli, struct plan *plan)
{
	replace_plan(cli->spec, cli->replaced, &cli->state, &cli->records, plan);
	if (!plan->refusal_count)
		plan->loss = find_loss(cli);
}

/* Is it as declared?  How it came to be does not matter any more. */
static int plan_again(struct cli *cli, struct plan *plan, struct error *err)
{
	CLEANUP(diff_vm_release) struct diff_vm diff = { .vm = NULL };

	if (cli_observe_again(cli, true, err) < 0)
		return -1;
	diff_vm(cli->replaced, &cli->state, &cli->records, &diff);
	plan_vm(&diff, &cli->state, &(struct plan_options){ .reinit = false }, plan);
	return 0;
}

int cmd_replace(struct cli *cli, struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	if (cli_read_spec(cli, err) < 0 || find_declared(cli, err) < 0)
		return -1;
	if (cli->given & CLI_DRY_RUN) {
		if (cli_observe(cli, true, err) < 0)
			return -1;
		make_plan(cli, &plan);
		report_show(cli->report, document_plan(&plan));
		return plan.refusal_count ? CLI_REFUSED : plan.count ? CLI_DIFFERENCES : CLI_OK;
	}
	if (cli_begin_change(cli, "replace", true, err) < 0)
		return -1;
	make_plan(cli, &plan);
	return run_carry_out(cli, "replace", &plan, cli->question, plan_again, err);
}
