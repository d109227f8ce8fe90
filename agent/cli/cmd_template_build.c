/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "act/build.h"
#include "base/error.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/template.h"
#include "decide/admit.h"
#include "decide/golden.h"
#include "model/spec.h"

static int plan_again(struct cli *cli, struct plan *plan, struct error *err)
{
	if (cli_observe_again(cli, true, err) < 0)
		return -1;
	golden_plan(&cli->build->golden, &cli->state, &cli->records, plan);
	return 0;
}

static int plan_build(struct cli *cli, struct build *build, struct spec_section *template,
		      struct plan *plan, struct error *err)
{
	bool dry = cli->given & CLI_DRY_RUN;

	template->node = (struct spec_section *)spec_find_node(cli->spec, cli->state.node);
	if (build_open(build, cli->root, template, &cli->state, &cli->records, !dry, err) < 0)
		return -1;
	build->time_scale = cli_time_scale(cli);
	golden_plan(&build->golden, &cli->state, &cli->records, plan);
	admit_build(template, build->golden.vmid, &cli->state, plan);
	return 0;
}

int template_build(struct cli *cli, struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };
	CLEANUP(build_close) struct build build = { .root = NULL, .lock = -1 };
	struct spec_section *template;

	if (cli_read_spec(cli, err) < 0)
		return -1;
	template = template_find_built(cli, err);
	if (!template)
		return -1;
	if (cli->given & CLI_DRY_RUN ? cli_observe(cli, true, err) < 0
				     : cli_begin_change(cli, "template build", true, err) < 0)
		return -1;
	if (plan_build(cli, &build, template, &plan, err) < 0)
		return -1;
	cli->build = &build;
	if (!(cli->given & CLI_DRY_RUN))
		return run_carry_out(cli, "template build", &plan, "Build it?", plan_again, err);
	report_show(cli->report, document_plan(&plan));
	return plan.refusal_count ? CLI_REFUSED : plan.count ? CLI_DIFFERENCES : CLI_OK;
}
