/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "act/observe.h"
#include "cli/cli.h"
#include "cli/report.h"

int cmd_pool(struct cli *cli, struct error *err)
{
	if (observe_node(cli->root, NULL, cli->given & CLI_ALL, &cli->state, err) < 0)
		return -1;
	cli->report->pool(stdout, &cli->state);
	return CLI_OK;
}
