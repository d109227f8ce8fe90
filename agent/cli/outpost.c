/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/outpost.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "cli/outpost_part.h"
#include "cli/report.h"
#include "cli/run.h"
#include "edge/link.h"
#include "edge/link_ask.h"
#include "edge/secret.h"
#include "model/spec.h"

enum { AT_ONCE = 16, REDRAW_MS = 1000 };

bool outpost_is_meant(const struct cli *cli)
{
	CLEANUP(scope_free) char *pve = memory_print("%s/etc/pve", cli->root);

	return cli->host || access(pve, F_OK) < 0;
}

/* --- which nodes --- */

/* [user@]host[:port], or what ssh_config calls a host */
static int split_address(const char *text, struct outpost_node *node, struct error *err)
{
	const char *at = strrchr(text, '@'), *host = at ? at + 1 : text;
	bool bracketed = *host == '[';
	size_t len = bracketed ? strcspn(host, "]") : strcspn(host, ":");
	const char *rest = host + len + (bracketed && host[len] ? 1 : 0);
	uint64_t port = 0;

	node->user = at ? memory_print("%.*s", (int)(at - text), text) : NULL;
	node->host = memory_print("%.*s", (int)len - bracketed, host + bracketed);
	if (!*node->host || at == text || (bracketed && host[len] != ']') || host[0] == '-' ||
	    (*rest && (*rest != ':' || !number_parse_unsigned(rest + 1, 1, 65535, &port))))
		return error_set(err, ERROR_USAGE, "\"%s\" is no [user@]host[:port]; write an IPv6 "
				 "address as [fd00::5]", text);
	node->port = (unsigned)port;
	return 0;
}

static struct outpost_node *add_node(struct outpost *outpost, const char *name)
{
	struct outpost_node *node = &MEMORY_PUSH(outpost->nodes, outpost->count);

	*node = (struct outpost_node){
		.name = memory_copy(name), .args = STRVEC_INIT, .answer = ANSWER_READ_INIT,
		.complaint = STRBUF_INIT, .status = CLI_FAILED,
	};
	return node;
}

static void take_args(const struct cli *cli, struct strvec *args)
{
	for (int i = 0; i < cli->arg_count; i++)
		strvec_push(args, cli->args[i]);
}

static int choose_host(struct outpost *outpost, struct error *err)
{
	struct outpost_node *node = add_node(outpost, outpost->cli->host);

	take_args(outpost->cli, &node->args);
	return split_address(outpost->cli->host, node, err);
}

/* Of VMs that are named, those that the config has on node; of the rest all it was given. */
static void choose_args(const struct cli *cli, const char *node, struct strvec *args)
{
	for (int i = 0; i < cli->arg_count; i++)
		for (size_t j = 0; j < cli->spec->vm_count; j++) {
			const struct spec_section *vm = cli->spec->vms[j];

			if (strcmp(vm->node->name, node) == 0 &&
			    spec_vm_is_meant(vm->cluster->name, vm->name, cli->args[i]))
				strvec_push(args, cli->args[i]);
		}
}

static int check_names(const struct outpost *outpost, struct error *err)
{
	const struct cli *cli = outpost->cli;

	for (int i = 0; i < cli->arg_count; i++) {
		bool found = false;

		for (size_t j = 0; j < outpost->count; j++)
			found |= strvec_contains(&outpost->nodes[j].args, cli->args[i]);
		if (!found)
			return error_set(err, ERROR_REFUSED, "%s declares no VM \"%s\": name the "
					 "node that has it, vyom -H NODE %s %s", cli->config,
					 cli->args[i], cli->verb, cli->args[i]);
	}
	return 0;
}

static int choose_declared(struct outpost *outpost, struct error *err)
{
	const struct cli *cli = outpost->cli;

	for (size_t i = 0; i < cli->spec->node_count; i++) {
		const struct spec_section *section = cli->spec->nodes[i];
		const char *address = spec_text(section, KEY_NODE_ADDRESS);
		struct outpost_node *node;

		if (!address)
			return error_set(err, ERROR_REFUSED, "there is no node here, and %s does not "
					 "say where \"%s\" is: give it an address, or name one, "
					 "vyom -H root@NODE %s", cli->config, section->name,
					 cli->verb);
		node = add_node(outpost, section->name);
		if (split_address(address, node, err) < 0)
			return -1;
		if (cli->names_vms)
			choose_args(cli, section->name, &node->args);
		else
			take_args(cli, &node->args);
	}
	return cli->names_vms ? check_names(outpost, err) : 0;
}

/* Nodes that have none of the VMs named are not asked. */
static void drop_idle(struct outpost *outpost)
{
	size_t kept = 0;

	for (size_t i = 0; i < outpost->count; i++)
		if (outpost->nodes[i].args.count)
			outpost->nodes[kept++] = outpost->nodes[i];
		else
			outpost_node_release(&outpost->nodes[i]);
	outpost->count = kept;
}

int outpost_choose(struct outpost *outpost, struct error *err)
{
	struct cli *cli = outpost->cli;

	if (cli->has_config) {
		CLEANUP(scope_free) char *line = cli_make_bundle(cli, err);

		if (!line)
			return -1;
		outpost->bundle = memory_print("%s\n", line);
	} else if (!cli->host && cli_read_spec(cli, err) < 0) {
		return error_prefix(err, "there is no node here, and no config that names one; say "
				    "vyom -H root@NODE %s", cli->verb);
	}
	if ((cli->host ? choose_host(outpost, err) : choose_declared(outpost, err)) < 0)
		return -1;
	if (cli->names_vms && cli->arg_count)
		drop_idle(outpost);
	if (cli->plan && outpost->count > 1)
		return error_set(err, ERROR_USAGE, "--plan is one node's: say which, -H NODE");
	for (size_t i = 0; i < outpost->count; i++)
		outpost->nodes[i].outpost = outpost;
	return 0;
}

/* --- side by side --- */

static size_t count_stage(const struct outpost *outpost, enum outpost_stage stage)
{
	size_t count = 0;

	for (size_t i = 0; i < outpost->count; i++)
		count += outpost->nodes[i].stage == stage;
	return count;
}

static size_t count_at_work(const struct outpost *outpost)
{
	size_t count = 0;

	for (size_t i = 0; i < outpost->count; i++)
		count += outpost_node_is_at_work(&outpost->nodes[i]);
	return count;
}

static void leave(struct outpost_node *node)
{
	if (node->stage == OUTPOST_OVER)
		return;
	outpost_node_end(node, CLI_FAILED, node->stage == OUTPOST_DOING ?
			 "left: what was begun there goes on to its end" :
			 "left: nothing was begun there");
}

/* Ctrl-C asks those that change something to stop, and leaves the others; once more leaves all. */
static void heed_signal(struct outpost *outpost)
{
	bool again = outpost->stopping;

	outpost->stopping = true;
	for (size_t i = 0; i < outpost->count; i++) {
		struct outpost_node *node = &outpost->nodes[i];

		if (again || node->stage != OUTPOST_DOING) {
			leave(node);
		} else {
			outpost_node_stop(node);
			outpost_tell(node, "asked to stop after the steps that run; Ctrl-C again "
					   "leaves it");
		}
	}
}

static void turn(struct outpost *outpost, int signals)
{
	struct pollfd poller = { .fd = signals, .events = POLLIN };
	struct signalfd_siginfo signal;

	links_turn(outpost->links, &poller, 1, REDRAW_MS);
	if (poller.revents & POLLIN && read(signals, &signal, sizeof(signal)) > 0)
		heed_signal(outpost);
	outpost_show_board(outpost);
}

/* Let nodes of that stage begin, at most so many at once, until none is at work. */
static void work(struct outpost *outpost, enum outpost_stage stage, int signals,
		 void (*begin)(struct outpost_node *node))
{
	size_t limit = outpost->cli->hosts_at_once ? outpost->cli->hosts_at_once : AT_ONCE;

	for (;;) {
		for (size_t i = 0; i < outpost->count; i++)
			if (outpost->nodes[i].stage == stage && !outpost->stopping &&
			    count_at_work(outpost) < limit)
				begin(&outpost->nodes[i]);
		if (!count_at_work(outpost))
			break;
		turn(outpost, signals);
	}
	outpost_hide_board(outpost);
}

/* --- what is asked here --- */

/* Ctrl-C there is the end: nothing is begun yet. */
static int ask(struct cli *cli, struct error *err)
{
	sigset_t before, open;
	int result;

	sigprocmask(SIG_BLOCK, NULL, &before);
	open = before;
	sigdelset(&open, SIGINT);
	sigdelset(&open, SIGTERM);
	sigprocmask(SIG_SETMASK, &open, NULL);
	result = run_ask(cli, cli->question, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

static int agree(struct outpost *outpost, struct error *err)
{
	bool work = false;

	for (size_t i = 0; i < outpost->count; i++)
		work |= outpost->nodes[i].stage == OUTPOST_PLANNED &&
			outpost_node_has_work(&outpost->nodes[i]);
	return work ? ask(outpost->cli, err) : 0;
}

static int open_signals(struct error *err)
{
	sigset_t wanted;
	int fd;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? error_set_errno(err, "signalfd") : fd;
}

/* The worse comes later. */
static int worse(int one, int other)
{
	static const int order[] = { CLI_OK, CLI_DIFFERENCES, CLI_BUSY, CLI_REFUSED };
	int rank[2] = { 4, 4 };

	for (int i = 0; i < 4; i++) {
		rank[0] = one == order[i] ? i : rank[0];
		rank[1] = other == order[i] ? i : rank[1];
	}
	return rank[0] >= rank[1] ? one : other;
}

static int ask_all(struct outpost *outpost, struct error *err)
{
	CLEANUP(scope_close) int signals = open_signals(err);
	int status = CLI_OK;

	if (signals < 0)
		return -1;
	work(outpost, OUTPOST_WAITING, signals, outpost_node_connect);
	if (count_stage(outpost, OUTPOST_PLANNED) && !outpost->stopping) {
		if (agree(outpost, err) < 0)
			return -1;
		work(outpost, OUTPOST_PLANNED, signals, outpost_node_do);
	}
	for (size_t i = 0; i < outpost->count; i++) {
		leave(&outpost->nodes[i]);
		status = worse(status, outpost->nodes[i].status);
	}
	outpost_show_end(outpost);
	return status;
}

void outpost_release(struct outpost *outpost)
{
	for (size_t i = 0; i < outpost->count; i++)
		outpost_node_release(&outpost->nodes[i]);
	links_free(&outpost->links);
	free(outpost->nodes);
	free(outpost->bundle);
}

int outpost_run(struct cli *cli, struct error *err)
{
	CLEANUP(outpost_release) struct outpost outpost = { .cli = cli };

	if (outpost_choose(&outpost, err) < 0 || secret_forbid_dump(err) < 0)
		return -1;
	outpost.links = links_new(&(struct links_options){ .ask = link_ask_terminal });
	return ask_all(&outpost, err);
}
