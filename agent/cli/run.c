/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/run.h"

#include <stdio.h>
#include <string.h>

#include "decide/admit.h"
#include "act/apply.h"
#include "edge/child.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "decide/diff.h"
#include "decide/plan_snippet.h"
#include "base/error.h"
#include "edge/clock.h"
#include "edge/journal.h"
#include "base/memory.h"
#include "cli/document.h"
#include "cli/report.h"
#include "base/scope.h"
#include "model/spec.h"
#include "base/strbuf.h"

/* How long others' locks on a VM are waited for, unless --wait says so: seconds. */
enum { OTHERS_PATIENCE = 300 };

static struct plan_options options_of(const struct cli *cli)
{
	return (struct plan_options){
		.reinit = cli->given & CLI_REINIT,
		.restart = cli->given & CLI_RESTART,
		.move = cli->given & CLI_MOVE,
	};
}

void run_make_plan(const struct cli *cli, struct plan *plan)
{
	CLEANUP(diff_release) struct diff diff = { .vms = NULL };
	const struct plan_options options = options_of(cli);

	diff_all(cli->spec, &cli->state, &cli->records, &diff);
	plan_snippets(cli->spec, &cli->state, &cli->records, &options, plan);
	plan_all(&diff, &cli->state, &options, plan);
	admit(cli->spec, &cli->state, plan);
}

/* "101 102 103": the VMs that the plan may change. */
static char *vmids_of(const struct plan *plan)
{
	struct strbuf ids = STRBUF_INIT;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].vmid &&
		    (i == 0 || plan->steps[i - 1].vmid != plan->steps[i].vmid))
			strbuf_addf(&ids, "%s%u", ids.len ? " " : "", plan->steps[i].vmid);
	return strbuf_detach(&ids);
}

int run_begin(struct cli *cli, const char *verb, const char *vmids, struct record_run *run,
	      struct error *err)
{
	*run = (struct record_run){
		.verb = memory_copy(verb),
		.argv = memory_copy(cli->command_line),
		.version = memory_copy(PACKAGE_VERSION),
		.vmids = memory_copy(vmids),
		.started = clock_wall(),
		.pid = getpid(),
		.pid_start = child_start_time(getpid()),
		.boot_id = child_boot_id(),
	};
	return journal_run_begin(cli->journal, run, err);
}

static struct apply apply_of(struct cli *cli)
{
	const struct spec_section *node =
		cli->spec ? spec_find_node(cli->spec, cli->state.node) : NULL;

	return (struct apply){
		.root = cli->root,
		.state = &cli->state,
		.records = &cli->records,
		.journal = cli->journal,
		.options = options_of(cli),
		.node = node,
		.build = cli->build,
		.pruned = cli->pruned,
		.replaced = cli->replaced,
		.sink = cli_sink(cli),
		.jobs = node ? spec_number(node, KEY_JOBS) : 1,
		.clone_jobs = node ? spec_number(node, KEY_CLONE_JOBS) : 0,
		.wait = cli->given & CLI_WAIT ? cli->wait :
						OTHERS_PATIENCE * cli_time_scale(cli),
		.time_scale = cli_time_scale(cli),
	};
}

static char *summarise(const struct apply_result *result)
{
	size_t vms = result->vms_done + result->vms_failed;

	return memory_print(
		"%zu of %zu VM%s finished, %zu step%s done, %zu failed%s%s", result->vms_done, vms,
		print_plural(vms), result->steps_done, print_plural(result->steps_done),
		result->steps_failed,
		result->interrupted && !result->proven ? ", interrupted" : "",
		result->proven || result->vms_failed ? "" : ", but the node is not as planned");
}

static enum cli_status status_of(const struct apply_result *result)
{
	if (result->interrupted && !result->proven)
		return CLI_FAILED;
	if (result->undecided)
		return CLI_REFUSED;
	return result->vms_failed || !result->proven ? CLI_FAILED : CLI_OK;
}

static void tell_what_is_left(struct cli *cli, const struct plan *plan)
{
	struct event_sink sink = cli_sink(cli);

	for (size_t i = 0; i < plan->refusal_count; i++)
		event_emit(&sink, &(struct event){ .kind = EVENT_REMARK,
						   .text = plan->refusals[i].text });
	for (size_t i = 0; i < plan->count; i++)
		event_emit(&sink, &(struct event){ .kind = EVENT_VM_STOPPED,
						   .step = &plan->steps[i],
						   .text = "it is needed once more: run vyom "
							   "again" });
}

/* What remains to be done, or stands in the way, after everything said that it went well. */
static int prove(struct cli *cli, struct apply_result *result,
		 int (*again)(struct cli *cli, struct plan *plan, struct error *err),
		 struct error *err)
{
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	if (result->vms_failed)
		return 0;
	if (again(cli, &plan, err) < 0)
		return -1;
	result->proven = plan.count == 0 && plan.refusal_count == 0;
	tell_what_is_left(cli, &plan);
	return 0;
}

static int carry_out(struct cli *cli, struct record_run *run, const struct plan *plan,
		     int (*again)(struct cli *cli, struct plan *plan, struct error *err),
		     struct error *err)
{
	CLEANUP(scope_free) char *summary = NULL;
	struct apply_result result = { .steps_done = 0 };
	struct apply apply = apply_of(cli);
	json_t *shown = document_plan(plan);
	int status = apply_plan(&apply, plan, run, &result, err);
	enum record_result how;

	if (status == 0)
		status = prove(cli, &result, again, err);
	how = result.proven ? RECORD_DONE : result.interrupted ? RECORD_INTERRUPTED : RECORD_FAILED;
	summary = summarise(&result);
	report_show(cli->report, document_outcome(shown, run->id, &result));
	if (status < 0) {
		struct error ignored;

		journal_run_end(cli->journal, run->id, how, summary, &ignored);
		return -1;
	}
	if (journal_run_end(cli->journal, run->id, how, summary, err) < 0)
		return -1;
	return (int)status_of(&result);
}

int run_ask(struct cli *cli, const char *question, struct error *err)
{
	int answer;

	if (cli->given & CLI_YES)
		return 0;
	if (!cli->report->live)
		return error_set(err, ERROR_REFUSED, "with -o %s nothing can be asked: say --yes",
				 cli->report->name);
	answer = cli_confirm(question, err);
	if (answer < 0)
		return -1;
	return answer ? 0 : error_set(err, ERROR_REFUSED, "nothing was done");
}

int run_check_hash(const struct cli *cli, const char *hash, struct error *err)
{
	if (!cli->plan || strcmp(cli->plan, hash) == 0)
		return 0;
	return error_set(err, ERROR_REFUSED, "what is due now is not what --plan allows: the node "
			 "or the config has changed since; nothing was done, look at the plan "
			 "again");
}

int run_carry_out(struct cli *cli, const char *verb, const struct plan *plan, const char *question,
		  int (*again)(struct cli *cli, struct plan *plan, struct error *err),
		  struct error *err)
{
	CLEANUP(record_run_release) struct record_run run = { .id = 0 };
	CLEANUP(scope_free) char *vmids = vmids_of(plan);
	char hash[DIGEST_SHA256_TEXT];

	if (cli->report->live || plan->refusal_count)
		report_show(cli->report, document_plan(plan));
	if (plan->refusal_count)
		return CLI_REFUSED;
	if (!plan->count) {
		report_show(cli->report, document_outcome(document_plan(plan), 0, NULL));
		return CLI_OK;
	}
	if (run_check_hash(cli, plan_hash(plan, hash), err) < 0 ||
	    run_ask(cli, question, err) < 0 || run_begin(cli, verb, vmids, &run, err) < 0)
		return -1;
	return carry_out(cli, &run, plan, again, err);
}
