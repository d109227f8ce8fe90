/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command_line.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "cli/cli.h"
#include "cli/report.h"

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

void command_line_print_options(FILE *out, unsigned bits)
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

/* The letters and long names of the options in bits, for getopt_long(3). */
static void fill_getopt(unsigned bits, struct strbuf *letters, struct option *longs)
{
	size_t count = 0;

	strbuf_adds(letters, ":");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!(options[i].bit & bits))
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

/* One that getopt_long() found, which knows no others. */
static const struct option_row *find_option(int value)
{
	size_t i = 0;

	if (value >= 256)
		return &options[value - 256];
	while (i < OPTION_COUNT - 1 && options[i].letter != value)
		i++;
	return &options[i];
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

int command_line_parse(struct cli *cli, const char *verb, unsigned bits, int argc, char **argv,
		       struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf letters = STRBUF_INIT;
	struct option longs[OPTION_COUNT + 1];
	int value;

	fill_getopt(bits, &letters, longs);
	optind = 0;	/* serve-ssh has had its own */
	while ((value = getopt_long(argc, argv, letters.buf, longs, NULL)) != -1) {
		if (value == ':')
			return error_set(err, ERROR_USAGE, "%s needs an argument; see vyom help %s",
					 argv[optind - 1], verb);
		if (value == '?')
			return error_set(err, ERROR_USAGE,
					 "vyom %s has no option %s; see vyom help %s", verb,
					 argv[optind - 1], verb);
		if (take_option(cli, find_option(value), optarg, err) < 0)
			return -1;
	}
	cli->args = argv + optind;
	cli->arg_count = argc - optind;
	return 0;
}

char *command_line_quote(int argc, char **argv)
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

static bool takes_argument(const char *word)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].arg && (word[1] == '-' ? strcmp(word + 2, options[i].name) == 0 :
				       word[1] == options[i].letter && !word[2]))
			return true;
	return false;
}

void command_line_lift_verb(int argc, char **argv)
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
