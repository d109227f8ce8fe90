/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs: one table, which help and dispatch read; their options are command_line.c's. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/command_line.h"
#include "base/error.h"
#include "base/memory.h"
#include "cli/outpost.h"
#include "cli/print.h"
#include "cli/report.h"
#include "cli/template.h"
#include "cli/serve.h"

/* What each verb takes that changes the node. */
#define CLI_CHANGE (CLI_YES | CLI_DRY_RUN | CLI_WAIT | CLI_PLAN)

static const struct verb {
	const char *name, *args, *help;
	int (*run)(struct cli *cli, struct error *err);
	unsigned options;	/* besides CLI_COMMON */
	int min_args, max_args;	/* max -1: any number of names of VMs */
	const char *question;	/* what is asked before it changes anything */
} verbs[] = {
	{ "init", "[FILE]", "print a config for this node to begin with, or write it to a new FILE",
	  cmd_init, CLI_AFAR, 0, 1, NULL },
	{ "check", "", "is the config valid, and the node fit for it?", cmd_check,
	  CLI_AFAR | CLI_CONFIG, 0, 0, NULL },
	{ "plan", "", "show what apply would do", cmd_plan,
	  CLI_AFAR | CLI_CONFIG | CLI_REINIT | CLI_RESTART | CLI_MOVE, 0, 0, NULL },
	{ "apply", "", "make the node what the config says", cmd_apply,
	  CLI_AFAR | CLI_CONFIG | CLI_CHANGE | CLI_REINIT | CLI_RESTART | CLI_MOVE, 0, 0,
	  "Carry this out?" },
	{ "verify", "", "report drift; changes nothing; for cron", cmd_verify,
	  CLI_AFAR | CLI_CONFIG | CLI_QUIET, 0, 0, NULL },
	{ "status", "", "the VMs: state, address, disk, uptime", cmd_status, CLI_AFAR | CLI_CONFIG,
	  0, 0, NULL },
	{ "pool", "", "the thin pools and their volumes", cmd_pool,
	  CLI_AFAR | CLI_ALL | CLI_SHARED | CLI_WAIT, 0, 0, NULL },
	{ "log", "[RUN]", "the runs, or the steps of one", cmd_log,
	  CLI_AFAR | CLI_PRUNE | CLI_WAIT | CLI_FOLLOW, 0, 1, NULL },
	{ "destroy", "NAME...", "remove VMs that vyom made, named one by one", cmd_destroy,
	  CLI_AFAR | CLI_CHANGE, 1, -1, "Destroy these VMs and all that is on their disks?" },
	{ "replace", "NAME", "destroy one VM and make it again from the newest template",
	  cmd_replace, CLI_AFAR | CLI_CONFIG | CLI_CHANGE | CLI_ONCE, 1, -1,
	  "Destroy this VM and all that is on its disks, and make it again?" },
	{ "template", "build|list|lint|verify|prune [NAME]", "the golden image that VMs are cloned from",
	  cmd_template, CLI_AFAR | CLI_CONFIG | CLI_CHANGE | CLI_FULL, 1, 2, "Carry this out?" },
	{ "adopt", "NAME...", "take over VMs that exist, as after the journal was lost", cmd_adopt,
	  CLI_AFAR | CLI_CONFIG | CLI_CHANGE | CLI_MARKED, 0, -1, "Take them over?" },
	{ "bundle", "", "print the config and the files it names as one line, for another machine",
	  cmd_bundle, CLI_CONFIG, 0, 0, NULL },
	{ "deploy", "[FILE]", "install vyom's Debian package on nodes, over SSH", cmd_deploy,
	  CLI_HOST, 0, 1, NULL },
	{ "serve-ssh", "", "what one key may do: do the vyom command that its owner asks for",
	  cmd_serve_ssh, CLI_READ_ONLY, 0, 0, NULL },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(*verbs))
#define CLI_COMMON (CLI_FORMAT | CLI_SYSROOT | CLI_HELP)

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static unsigned all_options(const struct verb *verb)
{
	return verb->options | CLI_COMMON | (verb->options & CLI_AFAR ? CLI_HOST | CLI_AT_ONCE : 0);
}

static int print_verb_help(FILE *out, const struct verb *verb)
{
	fprintf(out, "usage: vyom %s [OPTION...]%s%s\n\n%s\n\n", verb->name, *verb->args ? " " : "",
		verb->args, verb->help);
	command_line_print_options(out, all_options(verb));
	return CLI_OK;
}

static int print_help(FILE *out)
{
	fprintf(out, "usage: vyom VERB [OPTION...] [ARG...]\n\n"
		"Turns one config file into running virtual machines on this Proxmox VE node.\n\n");
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %-8s %-8s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
	fprintf(out, "  %-8s %-8s %s\n\n", "help", "[VERB]", "what a verb does, and its options");
	command_line_print_options(out, CLI_HELP | CLI_VERSION);
	fprintf(out, "\nSee vyom(8) and vyom.conf(5).\n");
	return CLI_OK;
}

static int print_named_help(int argc, char **argv)
{
	const struct verb *verb = argc > 2 ? find_verb(argv[2]) : NULL;

	if (argc <= 2)
		return print_help(stdout);
	if (verb)
		return print_verb_help(stdout, verb);
	print_text(stderr, "vyom: there is no verb \"%s\"; see vyom help\n", argv[2]);
	return CLI_USAGE;
}

/* As many arguments as it takes, where it is not its help that is asked for. */
static int check_args(const struct cli *cli, const struct verb *verb, struct error *err)
{
	if (cli->given & CLI_HELP)
		return 0;
	if (cli->arg_count < verb->min_args)
		return error_set(err, ERROR_USAGE, "vyom %s needs %s; see vyom help %s", verb->name,
				 verb->args, verb->name);
	if (verb->max_args >= 0 && cli->arg_count > verb->max_args)
		return error_set(err, ERROR_USAGE, "vyom %s: \"%s\" is too much; see vyom help %s",
				 verb->name, cli->args[verb->max_args], verb->name);
	return 0;
}

static int run(struct cli *cli, const struct verb *verb, struct error *err)
{
	if (verb->run == cmd_replace && replace_allow_one(cli, err) < 0)
		return -1;
	if (!(verb->options & CLI_AFAR) || cli->served || !outpost_is_meant(cli))
		return verb->run(cli, err);
	if (verb->run == cmd_template)
		template_describe(cli);
	return outpost_run(cli, err);
}

/* To whom asked for events, an error is one too. */
static int answer(struct cli *cli, const struct verb *verb, struct error *err)
{
	int status;

	answer_hello(cli, verb->name);
	if (!(verb->options & CLI_CONFIG) || strcmp(cli->config, "-") != 0)
		answer_heed_stop(false);
	status = run(cli, verb, err);
	if (status < 0)
		status = (int)cli_status_of(err);
	answer_end(status, err);
	return status;
}

static int perform(struct cli *cli, const struct verb *verb, struct error *err)
{
	if (!cli->config)
		cli->config = *cli->root ? memory_print("%s/etc/vyom/vyom.conf", cli->root) :
					   memory_copy(SYSCONFDIR "/vyom/vyom.conf");
	cli->verb = cli->run_verb = verb->name;
	cli->question = verb->question;
	cli->has_config = verb->options & CLI_CONFIG;
	cli->names_vms = verb->max_args < 0;
	cli->changes = verb->options & CLI_PLAN;
	cli->once = verb->options & CLI_ONCE;
	return cli->report == &report_events ? answer(cli, verb, err) : run(cli, verb, err);
}

static int run_verb(const struct verb *verb, int argc, char **argv, const struct cli *server)
{
	struct cli cli = { .root = "", .report = &report_text, .lock = -1, .forward = STRVEC_INIT };
	struct error err = { .kind = ERROR_NONE };
	int status;

	cli.command_line = command_line_quote(argc, argv);
	status = command_line_parse(&cli, verb->name, all_options(verb), argc - 1, argv + 1, &err);
	if (status == 0)
		status = check_args(&cli, verb, &err);
	if (status == 0 && server)
		status = serve_options(&cli, server, &err);
	if (status == 0 && cli.given & CLI_HELP)
		status = print_verb_help(stdout, verb);
	else if (status == 0)
		status = perform(&cli, verb, &err);
	cli_release(&cli);
	if (status >= 0)
		return status;
	print_text(stderr, "vyom: %s\n", err.text);
	return (int)cli_status_of(&err);
}

int cli_dispatch(int argc, char **argv, const struct cli *server)
{
	const char *word;
	const struct verb *verb;

	command_line_lift_verb(argc, argv);
	word = argc > 1 ? argv[1] : "";
	verb = find_verb(word);
	if (verb && server && !(verb->options & CLI_AFAR)) {
		print_text(stderr, "vyom: this key may not ask for vyom %s\n", verb->name);
		return CLI_REFUSED;
	}
	if (verb)
		return run_verb(verb, argc, argv, server);
	if (strcmp(word, "help") == 0)
		return print_named_help(argc, argv);
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return print_help(stdout);
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		return printf("vyom %s\n", PACKAGE_VERSION) < 0;
	if (*word)
		print_text(stderr, "vyom: there is no verb \"%s\"; see vyom help\n", word);
	else
		print_help(stderr);
	return CLI_USAGE;
}

/* Without this, the first file we open would become somebody's stdout. */
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * A reader of our output that goes away must not end us in the middle of a run:
 * SIGPIPE is ignored, and the loss is told by the exit status.  SIGCHLD may come
 * ignored from our parent, and then no child's status could be had.
 */
int main(int argc, char **argv)
{
	int status;

	fill_standard_descriptors();
	umask(077);	/* what we make is ours; children have their own (child_exec.c) */
	setlocale(LC_ALL, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	status = cli_dispatch(argc, argv, NULL);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "vyom: standard output: what was printed is not complete\n");
	return status == CLI_OK ? CLI_FAILED : status;
}
