/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/run.h"
#include "cli/document.h"
#include "cli/report.h"
#include "base/scope.h"

int cmd_plan(struct cli *cli, struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	if (cli_read_spec(cli, err) < 0 || cli_observe(cli, cli->given & CLI_MOVE, err) < 0)
		return -1;
	run_make_plan(cli, &plan);
	report_show(cli->report, document_plan(&plan));
	if (plan.refusal_count)
		return CLI_REFUSED;
	return plan.count ? CLI_DIFFERENCES : CLI_OK;
}
