/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/cli.h"
#include "decide/status.h"
#include "decide/diff.h"
#include "cli/document.h"
#include "cli/report.h"
#include "base/scope.h"

int cmd_status(struct cli *cli, struct error *err)
{
	CLEANUP(status_release) struct status status = { .vms = NULL };
	CLEANUP(diff_release) struct diff diff = { .vms = NULL };

	if (cli_read_spec(cli, err) < 0 || cli_observe(cli, false, err) < 0)
		return -1;
	diff_all(cli->spec, &cli->state, &cli->records, &diff);
	status_node(&diff, &cli->state, &status);
	report_show(cli->report, document_status(&status));
	return CLI_OK;
}
