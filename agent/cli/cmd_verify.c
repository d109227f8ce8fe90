/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/cli.h"
#include "edge/clock.h"
#include "model/record.h"
#include "decide/verify.h"
#include "decide/diff.h"
#include "edge/journal.h"
#include "cli/document.h"
#include "cli/report.h"
#include "edge/runlock.h"
#include "base/scope.h"

/*
 * The VMs that a live run may be changing at this moment: its work is no drift.
 * A run that ended while we looked counts; one that ended before does not.
 */
static int verify_beside(struct cli *cli, double began, const struct diff *diff,
			 struct verify *verify, struct error *err)
{
	CLEANUP(record_runs_release) struct record_runs runs = { .items = NULL };
	const struct record_run *newest;
	const char *busy = NULL;

	if (journal_read_runs(cli->journal, 1, &runs, err) < 0)
		return -1;
	newest = runs.count ? &runs.items[0] : NULL;
	if (newest && newest->ended >= began)
		busy = newest->vmids;
	else if (newest && newest->result == RECORD_OPEN && runlock_is_held(cli->root))
		busy = newest->vmids;
	verify_node(cli->spec, &cli->state, diff, busy, verify);
	return 0;
}

int cmd_verify(struct cli *cli, struct error *err)
{
	CLEANUP(verify_release) struct verify verify = { .items = NULL };
	CLEANUP(diff_release) struct diff diff = { .vms = NULL };
	double began = clock_wall();

	if (cli_read_spec(cli, err) < 0 || cli_observe(cli, false, err) < 0)
		return -1;
	diff_all(cli->spec, &cli->state, &cli->records, &diff);
	if (verify_beside(cli, began, &diff, &verify, err) < 0)
		return -1;
	report_show(cli->report, document_verify(&verify, cli->given & CLI_QUIET));
	if (verify.drift_count)
		return CLI_DIFFERENCES;
	return verify.busy_count ? CLI_BUSY : CLI_OK;
}
