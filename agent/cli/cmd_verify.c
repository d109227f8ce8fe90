/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/cli.h"
#include "decide/diff.h"
#include "edge/journal.h"
#include "cli/report.h"
#include "edge/runlock.h"
#include "base/scope.h"

/*
 * The VMs that a live run may be changing at this moment: its work is no drift.
 * It may have ended between our looking at the lock and at the node; its record
 * stays.
 */
static int verify_beside(struct cli *cli, bool live, const struct diff *diff, struct verify *verify,
			 struct error *err)
{
	CLEANUP(record_runs_release) struct record_runs runs = { .items = NULL };
	const char *busy = NULL;

	if (live || runlock_is_held(cli->root)) {
		if (journal_read_runs(cli->journal, 1, &runs, err) < 0)
			return -1;
		busy = runs.count ? runs.items[0].vmids : NULL;
	}
	verify_node(cli->spec, &cli->state, diff, busy, verify);
	return 0;
}

int cmd_verify(struct cli *cli, struct error *err)
{
	CLEANUP(verify_release) struct verify verify = { .items = NULL };
	CLEANUP(diff_release) struct diff diff = { .vms = NULL };
	bool live = runlock_is_held(cli->root);

	if (cli_read_spec(cli, err) < 0 || cli_observe(cli, false, err) < 0)
		return -1;
	diff_all(cli->spec, &cli->state, &cli->records, &diff);
	if (verify_beside(cli, live, &diff, &verify, err) < 0)
		return -1;
	cli->report->verify(stdout, &verify, cli->given & CLI_QUIET);
	return verify.drift_count ? CLI_DIFFERENCES : CLI_OK;
}
