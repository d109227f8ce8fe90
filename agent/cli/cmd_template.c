/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "act/seal_read.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "cli/document.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/template.h"
#include "decide/fitness.h"
#include "decide/golden.h"
#include "decide/golden_list.h"
#include "decide/lint.h"
#include "decide/seal_check.h"
#include "model/seal.h"
#include "model/spec.h"

/* A name that the file has not is an error, and not a list of none. */
static int read_spec(struct cli *cli, struct error *err)
{
	if (cli_read_spec(cli, err) < 0)
		return -1;
	return cli->arg_count > 1 && !template_find(cli, err) ? -1 : 0;
}

static int list(struct cli *cli, struct error *err)
{
	CLEANUP(golden_list_release) struct golden_list rows = { .rows = NULL };

	if (read_spec(cli, err) < 0 || cli_observe(cli, true, err) < 0)
		return -1;
	golden_list_all(cli->spec, &cli->state, &cli->records, &rows);
	report_show(cli->report, document_templates(&rows));
	return CLI_OK;
}

static void lint_one(const struct cli *cli, const struct spec_section *template,
		     struct fitness *fitness)
{
	unsigned vmid = golden_newest(template, &cli->state);
	CLEANUP(scope_free) char *what = golden_label(template, vmid);
	CLEANUP(lint_release) struct lints lints = { .items = NULL };

	lint_template(template, &cli->state, &lints);
	for (size_t i = 0; i < lints.count; i++)
		fitness_add(fitness, lints.items[i].severity == LINT_ADVICE, what, "%s%s: %s; %s",
			    lints.items[i].severity == LINT_ADVICE ? "advice: " : "",
			    lints.items[i].what, lints.items[i].why, lints.items[i].mend);
	if (!lints.unfit)
		fitness_add(fitness, true, what, "fit to be cloned");
}

static int lint(struct cli *cli, struct error *err)
{
	CLEANUP(fitness_release) struct fitness fitness = { .items = NULL };

	if (read_spec(cli, err) < 0 || cli_observe(cli, true, err) < 0)
		return -1;
	for (size_t i = 0; i < cli->spec->template_count; i++)
		if (template_is_meant(cli, cli->spec->templates[i]))
			lint_one(cli, cli->spec->templates[i], &fitness);
	report_show(cli->report, document_check(&fitness));
	return fitness.failed ? CLI_DIFFERENCES : CLI_OK;
}

/* --- verify --- */

struct telling {
	struct event_sink sink;
	struct plan_step step;	/* as the report knows what is at work: by the VM and the verb */
	int percent;
};

static bool tell_progress(void *context, uint64_t done, uint64_t all)
{
	struct telling *telling = context;
	int percent = all ? (int)(done * 100 / all) : 100;

	if (percent != telling->percent)
		event_emit(&telling->sink, &(struct event){ .kind = EVENT_STEP_PROGRESS,
							    .step = &telling->step,
							    .percent = percent });
	telling->percent = percent;
	return true;
}

static int check_content(struct cli *cli, const struct record_template *record,
			 const struct seal *made, struct seal_findings *findings,
			 struct error *err)
{
	CLEANUP(seal_release) struct seal now = SEAL_INIT;
	const struct thin_volume *volume =
		thin_volumes_find(&cli->state.volumes, made->vg, made->name);
	struct telling telling = {
		.sink = cli_sink(cli), .percent = -1,
		.step = { .vm = record->name, .vmid = record->vmid, .verb = QM_SEAL },
	};
	const struct seal_progress progress = { .tell = tell_progress, .context = &telling };

	if (!volume)
		return 0;
	if (seal_read(cli->root, volume, &progress, &now, err) < 0)
		return -1;
	seal_check_content(made, &now, findings);
	return 0;
}

static int verify_one(struct cli *cli, const struct spec_section *template,
		      struct fitness *fitness, struct error *err)
{
	unsigned vmid = golden_newest(template, &cli->state);
	CLEANUP(scope_free) char *what = golden_label(template, vmid);
	CLEANUP(seal_findings_release) struct seal_findings findings = { .items = NULL };
	CLEANUP(seal_release) struct seal made = SEAL_INIT;
	const struct state_guest *guest = state_find_guest(&cli->state, vmid);
	const struct record_template *record = guest ? golden_record(&cli->records, guest) : NULL;

	if (!record && spec_template_is_found(template)) {
		fitness_remark(fitness, what, "vyom did not build it here, so there is no checksum "
			       "of its disk to compare with");
		return 0;
	}
	if (!record || !record->sealed || !seal_from_record(record, &made)) {
		fitness_add(fitness, false, what, "the journal has no checksum of its disk: it was "
			    "not built by vyom here, or is not finished (vyom template build)");
		return 0;
	}
	seal_check_quick(&made, &cli->state, &findings);
	if (cli->given & CLI_FULL && check_content(cli, record, &made, &findings, err) < 0)
		return error_prefix(err, "%s", what);
	/* reading all of it has seen what the quick look could not */
	for (size_t i = 0; i < findings.count; i++)
		if (findings.items[i].kind == SEAL_CHANGED || !(cli->given & CLI_FULL))
			fitness_add(fitness, findings.items[i].kind != SEAL_CHANGED, what,
				    "%s", findings.items[i].text);
	if (!findings.changed)
		fitness_add(fitness, true, what, cli->given & CLI_FULL ?
			    "its disk is, to the byte, what it was when it was made" :
			    "nothing shows that its disk was changed (--full reads it)");
	return 0;
}

/* Is there a sealed disk that device-mapper does not know, since it is not active? */
static bool is_unseen(const struct cli *cli)
{
	const struct record_templates *templates = &cli->records.templates;

	for (size_t i = 0; i < templates->count; i++) {
		CLEANUP(seal_release) struct seal made = SEAL_INIT;

		if (templates->items[i].sealed && seal_from_record(&templates->items[i], &made) &&
		    !thin_volumes_find(&cli->state.volumes, made.vg, made.name))
			return true;
	}
	return false;
}

/* Milliseconds, unless only LVM can tell. */
static int observe_disks(struct cli *cli, struct error *err)
{
	if (cli_observe(cli, cli->given & CLI_FULL, err) < 0)
		return -1;
	return !cli->state.lvs_asked && is_unseen(cli) ? cli_observe_again(cli, true, err) : 0;
}

/* Reading all of it is what a build does too: one at a time, and no clone meanwhile. */
static int verify(struct cli *cli, struct error *err)
{
	CLEANUP(fitness_release) struct fitness fitness = { .items = NULL };

	if (read_spec(cli, err) < 0 ||
	    (cli->given & CLI_FULL && cli_take_node(cli, "template verify", err) < 0) ||
	    observe_disks(cli, err) < 0)
		return -1;
	for (size_t i = 0; i < cli->spec->template_count; i++)
		if (template_is_meant(cli, cli->spec->templates[i]) &&
		    verify_one(cli, cli->spec->templates[i], &fitness, err) < 0)
			return -1;
	report_show(cli->report, document_check(&fitness));
	return fitness.failed ? CLI_DIFFERENCES : CLI_OK;
}

/* --- prune --- */

static int plan_again(struct cli *cli, struct plan *plan, struct error *err)
{
	if (cli_observe_again(cli, true, err) < 0)
		return -1;
	golden_prune_unused(cli->pruned, &cli->state, &cli->records, plan);
	return 0;
}

static int prune(struct cli *cli, struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	if (cli_read_spec(cli, err) < 0)
		return -1;
	cli->pruned = template_find_built(cli, err);
	if (!cli->pruned)
		return -1;
	if (cli->given & CLI_DRY_RUN ? cli_observe(cli, true, err) < 0
				     : cli_begin_change(cli, "template prune", true, err) < 0)
		return -1;
	golden_prune_unused(cli->pruned, &cli->state, &cli->records, &plan);
	if (!(cli->given & CLI_DRY_RUN))
		return run_carry_out(cli, "template prune", &plan,
				     "Destroy these generations, which no VM uses?", plan_again,
				     err);
	report_show(cli->report, document_plan(&plan));
	return plan.refusal_count ? CLI_REFUSED : plan.count ? CLI_DIFFERENCES : CLI_OK;
}

/* --- which --- */

bool template_is_meant(const struct cli *cli, const struct spec_section *template)
{
	return cli->arg_count < 2 || strcmp(cli->args[1], template->name) == 0;
}

struct spec_section *template_find(const struct cli *cli, struct error *err)
{
	const struct spec *spec = cli->spec;

	for (size_t i = 0; i < spec->template_count; i++)
		if (cli->arg_count > 1 ? template_is_meant(cli, spec->templates[i])
				       : spec->template_count == 1)
			return spec->templates[i];
	if (cli->arg_count > 1)
		error_set(err, ERROR_USAGE, "%s has no template \"%s\"", cli->config, cli->args[1]);
	else
		error_set(err, ERROR_USAGE, "%s has more than one template: say which, vyom "
					    "template %s NAME", cli->config, cli->args[0]);
	return NULL;
}

struct spec_section *template_find_built(const struct cli *cli, struct error *err)
{
	struct spec_section *template = template_find(cli, err);

	if (!template || !spec_template_is_found(template))
		return template;
	error_set(err, ERROR_REFUSED, "template %s: it is found by its %s, so it may be another "
				      "tool's, and vyom neither builds nor removes it; say vmid or "
				      "vmids in its section to have vyom build it", template->name,
		  spec_text(template, KEY_TEMPLATE_TAG) ? "tag" : "name");
	return NULL;
}

/* What the whole verb takes, and what of it each of its words. */
#define CHANGE_OPTIONS (CLI_YES | CLI_DRY_RUN | CLI_WAIT | CLI_PLAN)
#define ALL_OPTIONS (CHANGE_OPTIONS | CLI_FULL)

static const struct {
	const char *name, *run_verb;
	int (*run)(struct cli *cli, struct error *err);
	unsigned options;
} subs[] = {
	{ "build", "template build", template_build, CHANGE_OPTIONS },
	{ "list", NULL, list, 0 },
	{ "lint", NULL, lint, 0 },
	{ "verify", NULL, verify, CLI_FULL | CLI_WAIT },
	{ "prune", "template prune", prune, CHANGE_OPTIONS },
};

#define SUB_COUNT (sizeof(subs) / sizeof(*subs))

void template_describe(struct cli *cli)
{
	cli->changes = false;
	for (size_t i = 0; i < SUB_COUNT; i++) {
		if (strcmp(cli->args[0], subs[i].name) != 0 || !subs[i].run_verb)
			continue;
		cli->changes = true;
		cli->run_verb = subs[i].run_verb;
	}
}

int cmd_template(struct cli *cli, struct error *err)
{
	for (size_t i = 0; i < SUB_COUNT; i++) {
		if (strcmp(cli->args[0], subs[i].name) != 0)
			continue;
		if (cli->given & ALL_OPTIONS & ~subs[i].options)
			return error_set(err, ERROR_USAGE,
					 "vyom template %s has not all of these options; see "
					 "vyom(8)", subs[i].name);
		return subs[i].run(cli, err);
	}
	return error_set(err, ERROR_USAGE, "vyom template: build, list, lint, verify or prune, not "
					   "\"%s\"; see vyom help template", cli->args[0]);
}
