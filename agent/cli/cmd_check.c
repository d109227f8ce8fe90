/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "decide/fitness.h"
#include "base/error.h"
#include "base/memory.h"
#include "edge/pvefs.h"
#include "cli/document.h"
#include "cli/report.h"
#include "base/scope.h"
#include "model/site.h"

static void check_root(const struct cli *cli, struct fitness *fitness)
{
	bool root = *cli->root || geteuid() == 0;

	fitness_add(fitness, root, "root", root ? "may change the node" : "run vyom as root");
}

static void check_tool(const struct cli *cli, const char *path, struct fitness *fitness)
{
	CLEANUP(scope_free) char *full = memory_print("%s%s", cli->root, path);
	bool there = access(full, X_OK) == 0;

	fitness_add(fitness, there, path,
		    there ? "is there" : "is missing: is this a Proxmox VE node?");
}

static int check_site(struct cli *cli, struct fitness *fitness, struct error *err)
{
	CLEANUP(site_release) struct site site;

	site_init(&site);
	if (pvefs_read_site(cli->root, &site, err) < 0)
		return -1;
	fitness_site(cli->spec, &cli->state, &site, fitness);
	return 0;
}

static int check_all(struct cli *cli, struct fitness *fitness, struct error *err)
{
	fitness_add(fitness, true, "config", "%s is valid", cli->config);
	check_root(cli, fitness);
	check_tool(cli, "/usr/sbin/qm", fitness);
	check_tool(cli, "/usr/sbin/lvs", fitness);
	if (cli_observe(cli, false, err) < 0) {
		fitness_add(fitness, false, "node", "%s", err->text);
		return 0;
	}
	if (pvefs_read_version(cli->root, &cli->state.version, err) < 0)
		return -1;
	fitness_node(cli->spec, &cli->state, fitness);
	fitness_snippets(cli->spec, &cli->state, &cli->records, fitness);
	return check_site(cli, fitness, err);
}

int cmd_check(struct cli *cli, struct error *err)
{
	CLEANUP(fitness_release) struct fitness fitness = { .items = NULL };

	if (cli_read_spec(cli, err) < 0 || check_all(cli, &fitness, err) < 0)
		return -1;
	report_show(cli->report, document_check(&fitness));
	return fitness.failed ? CLI_FAILED : CLI_OK;
}
