/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "act/observe.h"
#include "act/share.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/report.h"

/* It changes nothing, but the one snapshot of a pool's metadata is for one at a time. */
static int show_shared(struct cli *cli, struct error *err)
{
	CLEANUP(share_release) struct share share = { .items = NULL };

	if (cli_take_node(cli, "pool --shared", err) < 0 ||
	    observe_node(cli->root, NULL, true, &cli->state, err) < 0 ||
	    share_measure(cli->root, &cli->state, &share, err) < 0)
		return -1;
	report_show(cli->report, document_shared(&share));
	return CLI_OK;
}

int cmd_pool(struct cli *cli, struct error *err)
{
	if (cli->given & CLI_SHARED)
		return show_shared(cli, err);
	if (observe_node(cli->root, NULL, cli->given & CLI_ALL, &cli->state, err) < 0)
		return -1;
	report_show(cli->report, document_pool(&cli->state));
	return CLI_OK;
}
