/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli.h - one invocation of vyom, as the verbs see it
 *
 * vyom.c finds the verb in its table and has its options read (command_line.h), prepares
 * what the verb's row says it needs, and calls it.  A verb returns its exit status, or -1 with
 * err filled, whose kind then decides (error.h).
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>

#include "edge/bundle.h"
#include "model/event.h"
#include "model/record.h"
#include "model/state.h"
#include "base/strvec.h"

struct build;
struct error;
struct journal;
struct report;
struct spec;
struct spec_section;

/* vyom(8), EXIT STATUS */
enum cli_status {
	CLI_OK = 0,
	CLI_DIFFERENCES = 1,
	CLI_FAILED = 2,
	CLI_REFUSED = 3,
	CLI_BUSY = 4,
	CLI_USAGE = 64,
};

enum cli_option {
	CLI_CONFIG	= 1 << 0,
	CLI_FORMAT	= 1 << 1,
	CLI_YES		= 1 << 2,
	CLI_DRY_RUN	= 1 << 3,
	CLI_WAIT	= 1 << 4,
	CLI_REINIT	= 1 << 5,
	CLI_QUIET	= 1 << 6,
	CLI_ALL		= 1 << 7,
	CLI_SYSROOT	= 1 << 8,
	CLI_HELP	= 1 << 9,
	CLI_VERSION	= 1 << 10,
	CLI_PRUNE	= 1 << 11,
	CLI_MARKED	= 1 << 12,
	CLI_SHARED	= 1 << 13,
	CLI_FULL	= 1 << 14,
	CLI_PLAN	= 1 << 15,
	CLI_FOLLOW	= 1 << 16,
	CLI_HOST	= 1 << 17,
	CLI_AT_ONCE	= 1 << 18,
	CLI_AFAR	= 1 << 19,	/* no option: the verb may be done on another machine */
	CLI_READ_ONLY	= 1 << 20,
	CLI_RESTART	= 1 << 21,
	CLI_MOVE	= 1 << 23,
	CLI_ONCE	= 1 << 22,	/* no option: asked for again, it is done again */
};

struct cli {
	unsigned given;			/* cli_option bits that were on the command line */
	const char *root;		/* in front of every path; "" on a node */
	char *config;			/* path of vyom.conf */
	unsigned wait;			/* seconds to wait for the run lock */
	const char *plan;		/* the hash of the one plan to carry out, or NULL */
	const struct report *report;
	const char *host;		/* of -H, or NULL */
	unsigned hosts_at_once;		/* 0: not said */
	struct strvec forward;		/* options that mean the same on another node */
	const char *verb;		/* "template" */
	const char *run_verb;		/* as the journal has it: "template build" */
	const char *question;		/* what is asked before it changes anything */
	bool changes, has_config, names_vms, once;	/* the verb does; see CLI_ONCE */
	char **args;			/* what stands after the verb */
	int arg_count;
	char *command_line;		/* as typed, quoted: for the journal */
	bool served, read_only;		/* asked for through serve-ssh (serve.h); only to look */

	/* filled as the verb needs */
	struct bundle bundle;		/* what the config was read of */
	struct spec *spec;
	struct state state;
	struct record_vms records;
	struct journal *journal;
	struct build *build;		/* of template build, else NULL */
	const struct spec_section *pruned;	/* of template prune, else NULL */
	const struct spec_section *replaced;	/* of replace, else NULL */
	int lock;			/* -1: not taken */
};

/* Read and check the config; what is wrong with it goes to stderr, and err says how much. */
int cli_read_spec(struct cli *cli, struct error *err);

/*
 * Read and check the config as above, and all files that it names; one line that another
 * vyom takes with -c -, without its end, or NULL.  Caller frees.
 */
char *cli_make_bundle(struct cli *cli, struct error *err);

/*
 * Look at the node (with the spec's needs, if it is read), and at the journal for who
 * our VMs are.
 */
int cli_observe(struct cli *cli, bool with_lvs, struct error *err);

/* Where its journal is; caller frees. */
char *cli_journal_path(const struct cli *cli);

/* Become the one that may change this node: root, and the lock. */
int cli_take_node(struct cli *cli, const char *verb, struct error *err);

/*
 * Become the one run that changes this node: root, the lock, the journal open
 * for change, what earlier runs left settled, the node observed.
 */
int cli_begin_change(struct cli *cli, const char *verb, bool with_lvs, struct error *err);

/* Forget what was seen, and look at node and journal again. */
int cli_observe_again(struct cli *cli, bool with_lvs, struct error *err);

/* Of all time limits: 1, but for a test's node what VYOM_TIME_SCALE says. */
double cli_time_scale(const struct cli *cli);

/* Where what happens goes: to the report, on stdout. */
struct event_sink cli_sink(struct cli *cli);

/* "[y/N]" on the terminal, or -1 where there is none to ask.  0: no, 1: yes. */
int cli_confirm(const char *question, struct error *err);

/*
 * Do what a command line says, and return the exit status; messages go to stderr.  server:
 * the serve-ssh that was asked for it, or NULL.
 */
int cli_dispatch(int argc, char **argv, const struct cli *server);

/* Is one VM named?  Before any node is asked: on two nodes each would have one. */
int replace_allow_one(const struct cli *cli, struct error *err);

/* The exit status that an error's kind stands for. */
enum cli_status cli_status_of(const struct error *err);

void cli_release(struct cli *cli);

int cmd_init(struct cli *cli, struct error *err);
int cmd_check(struct cli *cli, struct error *err);
int cmd_plan(struct cli *cli, struct error *err);
int cmd_apply(struct cli *cli, struct error *err);
int cmd_verify(struct cli *cli, struct error *err);
int cmd_status(struct cli *cli, struct error *err);
int cmd_pool(struct cli *cli, struct error *err);
int cmd_log(struct cli *cli, struct error *err);
int cmd_template(struct cli *cli, struct error *err);
int cmd_replace(struct cli *cli, struct error *err);
int cmd_destroy(struct cli *cli, struct error *err);
int cmd_adopt(struct cli *cli, struct error *err);
int cmd_bundle(struct cli *cli, struct error *err);
int cmd_deploy(struct cli *cli, struct error *err);
int cmd_serve_ssh(struct cli *cli, struct error *err);

#endif
