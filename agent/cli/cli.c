/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/event.h"
#include "edge/journal.h"
#include "base/memory.h"
#include "base/number.h"
#include "act/observe.h"
#include "edge/pvefs.h"
#include "act/recover.h"
#include "cli/print.h"
#include "cli/document.h"
#include "cli/report.h"
#include "cli/serve.h"
#include "edge/runlock.h"
#include "base/scope.h"
#include "model/spec.h"
#include "edge/spec_conf.h"

enum cli_status cli_status_of(const struct error *err)
{
	switch (err->kind) {
	case ERROR_USAGE:
		return CLI_USAGE;
	case ERROR_REFUSED:
		return CLI_REFUSED;
	case ERROR_BUSY:
		return CLI_BUSY;
	case ERROR_NONE:
	case ERROR_SPEC:
	case ERROR_SYSTEM:
	case ERROR_COMMAND:
	default:
		return CLI_FAILED;
	}
}

static void print_problem(const struct cli *cli, const char *file, int line, const char *text)
{
	if (cli->report == &report_events)
		answer_problem(file, line, text);
	else if (line)
		print_text(stderr, "%s:%d: %s\n", file, line, text);
	else
		print_text(stderr, "%s: %s\n", file, text);
}

static void print_problems(const struct cli *cli, const struct spec_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct spec_problem *problem = &problems->items[i];
		const char *file;
		int line = spec_problems_locate(problems, problem->line, &file);

		print_problem(cli, file ? file : cli->bundle.config, problem->line ? line : 0,
			      problem->text);
	}
}

static int receive(struct cli *cli, struct error *err)
{
	CLEANUP(scope_free) char *folder = memory_print("%s/var/lib/vyom/files", cli->root);

	if (bundle_receive(&cli->bundle, folder, STDIN_FILENO, err) < 0 ||
	    serve_bundle(cli, err) < 0)
		return -1;
	if (cli->report == &report_events)
		answer_heed_stop(cli->bundle.stop);
	free(cli->config);
	cli->config = memory_copy(cli->bundle.config);
	return 0;
}

int cli_read_spec(struct cli *cli, struct error *err)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { .items = NULL };

	if (strcmp(cli->config, "-") != 0)
		cli->bundle.config = memory_copy(cli->config);
	else if (receive(cli, err) < 0)
		return -1;
	cli->spec = spec_new();
	if (spec_conf_read(cli->spec, &cli->bundle, &problems, err) < 0 ||
	    serve_config(cli, err) < 0)
		return -1;
	if (!problems.count)
		return 0;
	print_problems(cli, &problems);
	return error_set(err, ERROR_SPEC, "%zu problem%s in %s: nothing was done", problems.count,
			 problems.count == 1 ? "" : "s", cli->config);
}

char *cli_journal_path(const struct cli *cli)
{
	return memory_print("%s/var/lib/vyom/journal.db", cli->root);
}

/* What a killed run's clone made is ours already to those who only look; apply will settle it. */
static int add_unsettled(struct cli *cli, struct error *err)
{
	CLEANUP(record_steps_release) struct record_steps steps = { .items = NULL };

	if (journal_read_open_steps(cli->journal, &steps, err) < 0)
		return -1;
	for (size_t i = 0; i < steps.count; i++)
		if (strcmp(steps.items[i].verb, "clone") == 0)
			recover_identify_clone(&cli->state, &steps.items[i], &cli->records);
	return 0;
}

int cli_observe(struct cli *cli, bool with_lvs, struct error *err)
{
	CLEANUP(scope_free) char *path = cli_journal_path(cli);

	if (observe_node(cli->root, cli->spec, with_lvs, &cli->state, err) < 0)
		return -1;
	if (cli->spec && !spec_find_node(cli->spec, cli->state.node))
		return error_set(err, ERROR_REFUSED,
				 "this node is \"%s\", and %s declares nothing for it; correct the "
				 "node's "
				 "name there, or run vyom on the node it names",
				 cli->state.node, cli->config);
	if (!cli->journal)
		cli->journal = journal_open(path, JOURNAL_READ, err);
	if (!cli->journal)
		return -1;
	if (journal_read_vms(cli->journal, &cli->records, err) < 0 ||
	    journal_read_templates(cli->journal, &cli->records.templates, err) < 0 ||
	    journal_read_copies(cli->journal, &cli->records.copies, err) < 0 ||
	    journal_read_in_doubt(cli->journal, &cli->records.in_doubt, err) < 0 ||
	    journal_read_snippets(cli->journal, &cli->records.snippets, err) < 0)
		return -1;
	return add_unsettled(cli, err);
}

/* A test's node belongs to whoever made it; the real one to root (pve-facts 0.2). */
static int demand_root(const struct cli *cli, struct error *err)
{
	if (*cli->root || geteuid() == 0)
		return 0;
	return error_set(err, ERROR_REFUSED,
			 "only root can change the node: run it with sudo, or as root");
}

/* A test's node has no patience: there, and only there, all limits can be made shorter. */
double cli_time_scale(const struct cli *cli)
{
	const char *text = getenv("VYOM_TIME_SCALE");
	double scale;

	return *cli->root && text && number_parse_ratio(text, &scale) && scale > 0 ? scale : 1;
}

static void tell(void *context, const struct event *event)
{
	const struct cli *cli = context;

	if (cli->report->live)
		report_show(cli->report, document_event(event));
}

struct event_sink cli_sink(struct cli *cli)
{
	return (struct event_sink){ .emit = tell, .context = cli };
}

int cli_observe_again(struct cli *cli, bool with_lvs, struct error *err)
{
	state_release(&cli->state);
	record_vms_release(&cli->records);
	return cli_observe(cli, with_lvs, err);
}

/* A VM that runs has been started, by whomever: what is in it matters from now on. */
static int note_running(struct cli *cli, struct error *err)
{
	for (size_t i = 0; i < cli->records.count; i++) {
		struct record_vm *vm = &cli->records.items[i];
		const struct state_guest *guest = state_find_guest(&cli->state, vm->vmid);

		if (vm->started || !guest || !guest->pid)
			continue;
		vm->started = true;
		if (journal_vm_started(cli->journal, vm->vmid, err) < 0)
			return -1;
	}
	return 0;
}

static int settle(struct cli *cli, struct error *err)
{
	struct recover recover = {
		.node = cli->spec ? spec_find_node(cli->spec, cli->state.node) : NULL,
		.root = cli->root, .journal = cli->journal, .state = &cli->state,
		.records = &cli->records, .sink = cli_sink(cli), .time_scale = cli_time_scale(cli),
	};

	return recover_settle(&recover, err);
}

int cli_take_node(struct cli *cli, const char *verb, struct error *err)
{
	if (demand_root(cli, err) < 0)
		return -1;
	if (cli->read_only)
		return error_set(err, ERROR_REFUSED, "this key may only look, and vyom %s needs the "
						     "node to itself", verb);
	cli->lock = runlock_take(cli->root, verb, cli->wait, err);
	return cli->lock < 0 ? -1 : 0;
}

int cli_begin_change(struct cli *cli, const char *verb, bool with_lvs, struct error *err)
{
	CLEANUP(scope_free) char *path = cli_journal_path(cli);
	int settled;

	if (cli_take_node(cli, verb, err) < 0)
		return -1;
	cli->journal = journal_open(path, JOURNAL_CHANGE, err);
	if (!cli->journal || bundle_keep(&cli->bundle, err) < 0 ||
	    cli_observe(cli, with_lvs, err) < 0)
		return -1;
	settled = settle(cli, err);
	if (settled < 0 || (settled && cli_observe_again(cli, with_lvs, err) < 0))
		return -1;
	return note_running(cli, err);
}

int cli_confirm(const char *question, struct error *err)
{
	char answer[16];

	if (!isatty(STDIN_FILENO))
		return error_set(err, ERROR_REFUSED,
				 "there is no terminal to ask on: say --yes to go on without being "
				 "asked");
	printf("%s [y/N] ", question);
	fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin))
		return 0;
	return strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0;
}

void cli_release(struct cli *cli)
{
	journal_close(cli->journal);
	state_release(&cli->state);
	record_vms_release(&cli->records);
	spec_free(cli->spec);
	if (cli->lock >= 0)
		close(cli->lock);
	bundle_release(&cli->bundle);
	strvec_release(&cli->forward);
	free(cli->config);
	free(cli->command_line);
}
