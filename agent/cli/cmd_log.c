/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/cli.h"
#include "model/record.h"
#include "cli/follow.h"
#include "act/prune.h"
#include "base/error.h"
#include "edge/journal.h"
#include "edge/outputs.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/document.h"
#include "cli/report.h"
#include "base/scope.h"

enum { KEPT_DAYS = 90 };	/* vyom(8) says so too */

static int open_journal(struct cli *cli, struct error *err)
{
	CLEANUP(scope_free) char *path = cli_journal_path(cli);

	cli->journal = journal_open(path, JOURNAL_READ, err);
	return cli->journal ? 0 : -1;
}

static int log_runs(struct cli *cli, struct error *err)
{
	CLEANUP(record_runs_release) struct record_runs runs = { .items = NULL };

	if (journal_read_runs(cli->journal, 0, &runs, err) < 0)
		return -1;
	report_show(cli->report, document_runs(&runs));
	return CLI_OK;
}

static int log_steps(struct cli *cli, int64_t id, struct error *err)
{
	CLEANUP(record_run_release) struct record_run run = { .id = 0 };
	CLEANUP(record_steps_release) struct record_steps steps = { .items = NULL };

	if (journal_read_run(cli->journal, id, &run, err) < 0 ||
	    journal_read_steps(cli->journal, run.id, &steps, err) < 0)
		return -1;
	report_show(cli->report, document_steps(&run, &steps));
	return CLI_OK;
}

/* The journal is only read, but no run may begin meanwhile. */
static int log_prune(struct cli *cli, struct error *err)
{
	struct outputs_removed removed;
	uint64_t days = KEPT_DAYS;

	if (cli->arg_count && !number_parse_unsigned(cli->args[0], 0, 36500, &days))
		return error_set(err, ERROR_USAGE, "\"%s\" is no number of days; see vyom help log",
				 cli->args[0]);
	if (cli_take_node(cli, "log --prune", err) < 0 || open_journal(cli, err) < 0 ||
	    prune_outputs(cli->root, cli->journal, (unsigned)days, &removed, err) < 0)
		return -1;
	report_show(cli->report, document_pruned((unsigned)days, &removed));
	return CLI_OK;
}

int cmd_log(struct cli *cli, struct error *err)
{
	uint64_t id;

	if (cli->given & CLI_PRUNE)
		return log_prune(cli, err);
	if (open_journal(cli, err) < 0)
		return -1;
	if (!cli->arg_count)
		return cli->given & CLI_FOLLOW ? follow_run(cli, 0, err) : log_runs(cli, err);
	if (!number_parse_unsigned(cli->args[0], 1, INT64_MAX, &id))
		return error_set(err, ERROR_USAGE, "\"%s\" is no run: vyom log lists them",
				 cli->args[0]);
	return cli->given & CLI_FOLLOW ? follow_run(cli, (int64_t)id, err)
				       : log_steps(cli, (int64_t)id, err);
}
