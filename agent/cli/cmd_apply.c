/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/run.h"
#include "base/scope.h"

static int plan_again(struct cli *cli, struct plan *plan, struct error *err)
{
	if (cli_observe_again(cli, cli->given & CLI_MOVE, err) < 0)
		return -1;
	run_make_plan(cli, plan);
	return 0;
}

int cmd_apply(struct cli *cli, struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	if (cli->given & CLI_DRY_RUN)
		return cmd_plan(cli, err);
	if (cli_read_spec(cli, err) < 0 ||
	    cli_begin_change(cli, "apply", cli->given & CLI_MOVE, err) < 0)
		return -1;
	run_make_plan(cli, &plan);
	return run_carry_out(cli, "apply", &plan, cli->question, plan_again, err);
}
