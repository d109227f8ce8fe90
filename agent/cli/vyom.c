/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: one table of verbs, one of options; help and dispatch read both. */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/cli.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/outpost.h"
#include "cli/print.h"
#include "cli/report.h"
#include "cli/template.h"
#include "base/scope.h"
#include "cli/serve.h"
#include "base/strbuf.h"
#include "base/strvec.h"

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

static const struct option_row {
	enum cli_option bit;
	char letter;		/* 0: none */
	const char *name, *arg, *help;
} options[] = {
	{ CLI_HOST, 'H', "host", "[USER@]HOST[:PORT]", "do it on that node, over SSH" },
	{ CLI_AT_ONCE, 0, "hosts-at-once", "COUNT", "of many nodes, work on so many side by side: 16" },
	{ CLI_CONFIG, 'c', "config", "FILE",
	  "read FILE, not " SYSCONFDIR "/vyom/vyom.conf (-: standard input)" },
	{ CLI_FORMAT, 'o', "output", "FORMAT",
	  "text, json, or events: a line for each thing, as it happens" },
	{ CLI_YES, 'y', "yes", NULL, "do not ask" },
	{ CLI_DRY_RUN, 'n', "dry-run", NULL, "show the plan and stop" },
	{ CLI_WAIT, 'w', "wait", "SECONDS", "wait so long for another run to end" },
	{ CLI_REINIT, 0, "reinit", NULL,
	  "allow changes that make cloud-init treat a guest as new" },
	{ CLI_RESTART, 0, "restart", NULL,
	  "stop and start VMs whose changes wait for that, one at a time" },
	{ CLI_MOVE, 0, "move", NULL,
	  "copy disks of VMs that are down to the storage where they shall lie" },
	{ CLI_QUIET, 'q', "quiet", NULL, "print nothing but drift" },
	{ CLI_ALL, 'a', "all", NULL, "ask LVM too: inactive volumes and origins" },
	{ CLI_PRUNE, 0, "prune", NULL,
	  "remove outputs of runs that ended over 90 days ago (--prune DAYS: over DAYS)" },
	{ CLI_PLAN, 0, "plan", "HASH",
	  "carry out that plan only, as its JSON calls it; refuse if another is due" },
	{ CLI_FOLLOW, 'f', "follow", NULL, "show a run that is on, until it ends" },
	{ CLI_SHARED, 0, "shared", NULL,
	  "what clones share with their templates, to the byte" },
	{ CLI_MARKED, 0, "all", NULL, "instead of names: every VM that carries vyom's mark" },
	{ CLI_FULL, 0, "full", NULL, "verify: read the whole disk and compare its checksum" },
	{ CLI_READ_ONLY, 0, "read-only", NULL, "refuse what would change the node" },
	{ CLI_SYSROOT, 0, "sysroot", "DIR",
	  "put DIR in front of every path of the node (for tests)" },
	{ CLI_HELP, 'h', "help", NULL, "show this" },
	{ CLI_VERSION, 'V', "version", NULL, "show the version" },
};

#define OPTION_COUNT (sizeof(options) / sizeof(*options))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void print_options(FILE *out, unsigned bits)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		char letter[8] = "    ", name[40];

		if (!(options[i].bit & bits))
			continue;
		if (options[i].letter)
			snprintf(letter, sizeof(letter), "-%c, ", options[i].letter);
		snprintf(name, sizeof(name), "--%s%s%s", options[i].name, options[i].arg ? " " : "",
			 options[i].arg ? options[i].arg : "");
		fprintf(out, "  %s%-18s %s\n", letter, name, options[i].help);
	}
}

static unsigned all_options(const struct verb *verb)
{
	return verb->options | CLI_COMMON | (verb->options & CLI_AFAR ? CLI_HOST | CLI_AT_ONCE : 0);
}

static int print_verb_help(FILE *out, const struct verb *verb)
{
	fprintf(out, "usage: vyom %s [OPTION...]%s%s\n\n%s\n\n", verb->name, *verb->args ? " " : "",
		verb->args, verb->help);
	print_options(out, all_options(verb));
	return CLI_OK;
}

static int print_help(FILE *out)
{
	fprintf(out, "usage: vyom VERB [OPTION...] [ARG...]\n\n"
		"Turns one config file into running virtual machines on this Proxmox VE node.\n\n");
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %-8s %-8s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
	fprintf(out, "  %-8s %-8s %s\n\n", "help", "[VERB]", "what a verb does, and its options");
	print_options(out, CLI_HELP | CLI_VERSION);
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

/* The letters and long names that verb takes, for getopt_long(3). */
static void fill_getopt(const struct verb *verb, struct strbuf *letters, struct option *longs)
{
	size_t count = 0;

	strbuf_adds(letters, ":");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!(options[i].bit & all_options(verb)))
			continue;
		if (options[i].letter)
			strbuf_addf(letters, "%c%s", options[i].letter, options[i].arg ? ":" : "");
		longs[count++] = (struct option){
			.name = options[i].name,
			.has_arg = options[i].arg ? required_argument : no_argument,
			.val = 256 + (int)i,
		};
	}
	longs[count] = (struct option){ .name = NULL };
}

static const struct option_row *find_option(int value)
{
	if (value >= 256)
		return &options[value - 256];
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].letter == value)
			return &options[i];
	return NULL;
}

/* What says how this vyom is to be run, and not what is to be done. */
#define CLI_HERE (CLI_CONFIG | CLI_FORMAT | CLI_HOST | CLI_AT_ONCE | CLI_SYSROOT | CLI_YES | \
		  CLI_DRY_RUN | CLI_PLAN)

static void keep_for_others(struct cli *cli, const struct option_row *option, const char *arg)
{
	if (option->bit & CLI_HERE)
		return;
	strvec_pushf(&cli->forward, "--%s", option->name);
	if (option->arg)
		strvec_push(&cli->forward, arg);
}

static int take_option(struct cli *cli, const struct option_row *option, const char *arg,
		       struct error *err)
{
	uint64_t number;

	cli->given |= option->bit;
	keep_for_others(cli, option, arg);
	switch (option->bit) {
	case CLI_CONFIG:
		free(cli->config);
		cli->config = memory_copy(arg);
		break;
	case CLI_SYSROOT:
		cli->root = arg;
		break;
	case CLI_FORMAT:
		cli->report = report_find(arg);
		if (!cli->report)
			return error_set(err, ERROR_USAGE, "-o %s: formats are text, json and events", arg);
		break;
	case CLI_PLAN:
		cli->plan = arg;
		break;
	case CLI_HOST:
		cli->host = arg;
		break;
	case CLI_AT_ONCE:
		if (!number_parse_unsigned(arg, 1, 1000, &number))
			return error_set(err, ERROR_USAGE,
					 "--hosts-at-once %s: give a number from 1 to 1000", arg);
		cli->hosts_at_once = (unsigned)number;
		break;
	case CLI_WAIT:
		if (!number_parse_unsigned(arg, 0, 86400, &number))
			return error_set(err, ERROR_USAGE,
					 "--wait %s: give seconds, at most a day's", arg);
		cli->wait = (unsigned)number;
		break;
	default:
		break;
	}
	return 0;
}

static int parse_options(struct cli *cli, const struct verb *verb, int argc, char **argv,
			 struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf letters = STRBUF_INIT;
	struct option longs[OPTION_COUNT + 1];
	int value;

	fill_getopt(verb, &letters, longs);
	optind = 0;	/* serve-ssh has had its own */
	while ((value = getopt_long(argc, argv, letters.buf, longs, NULL)) != -1) {
		if (value == ':')
			return error_set(err, ERROR_USAGE, "%s needs an argument; see vyom help %s",
					 argv[optind - 1], verb->name);
		if (value == '?')
			return error_set(err, ERROR_USAGE,
					 "vyom %s has no option %s; see vyom help %s", verb->name,
					 argv[optind - 1], verb->name);
		if (take_option(cli, find_option(value), optarg, err) < 0)
			return -1;
	}
	cli->args = argv + optind;
	cli->arg_count = argc - optind;
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

static char *quote_command_line(int argc, char **argv)
{
	struct strvec words = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;

	strvec_push(&words, "vyom");
	for (int i = 1; i < argc; i++)
		strvec_push(&words, argv[i]);
	strvec_quote_line(&words, &text);
	strvec_release(&words);
	return strbuf_detach(&text);
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

	cli.command_line = quote_command_line(argc, argv);
	status = parse_options(&cli, verb, argc - 1, argv + 1, &err);
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

static bool takes_argument(const char *word)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].arg && (word[1] == '-' ? strcmp(word + 2, options[i].name) == 0 :
				       word[1] == options[i].letter && !word[2]))
			return true;
	return false;
}

/* Options may stand before the verb too: it is moved to where it is looked for. */
static void lift_verb(int argc, char **argv)
{
	char *verb;
	int at = 1;

	while (at < argc && argv[at][0] == '-' && argv[at][1])
		at += takes_argument(argv[at]) ? 2 : 1;
	if (at <= 1 || at >= argc)
		return;
	verb = argv[at];
	memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof(*argv));
	argv[1] = verb;
}

int cli_dispatch(int argc, char **argv, const struct cli *server)
{
	const char *word;
	const struct verb *verb;

	lift_verb(argc, argv);
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
