/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outpost_part.h - what the files of the outpost share
 *
 *	outpost.c	which nodes, and all of them side by side
 *	outpost_node.c	one node: what it is asked, and what its answers mean
 *	outpost_show.c	what people see of several nodes at once
 */
#ifndef OUTPOST_PART_H
#define OUTPOST_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/answer_read.h"
#include "cli/cli.h"

struct link;
struct link_command;
struct links;

enum outpost_stage {
	OUTPOST_WAITING,	/* for its turn to be connected to */
	OUTPOST_CONNECTING,
	OUTPOST_LOOKING,	/* it makes its plan; or does all, if that changes nothing */
	OUTPOST_FOLLOWING,	/* a run is on that was begun before: until it ends */
	OUTPOST_PLANNED,	/* it may be asked to carry the plan out */
	OUTPOST_DOING,
	OUTPOST_OVER,
};

struct outpost_node {
	struct outpost *outpost;
	char *name;		/* as the config or -H calls it */
	char *host, *user;	/* user NULL: see link.h */
	unsigned port;
	struct strvec args;	/* the verb's: of destroy only this node's VMs */
	struct link *link;
	struct link_command *command;
	struct answer_read answer;
	enum outpost_stage stage;
	json_t *plan;		/* the last plan or adopt document, or NULL */
	json_t *last;		/* the last document that is a result, for JSON */
	int64_t joined;		/* the run that is on, 0: none */
	bool ended;		/* this command's last word was heard */
	int status;		/* by that word; in the end the node's */
	char *error;		/* one sentence, or NULL */
	struct strbuf complaint;	/* the last line of its stderr */
	bool complaint_over;	/* and that has ended */
	size_t steps, done, failed;	/* of the run that is shown */
	char *now;		/* "vyom-worker-1 (102) clone": what began last */
};

struct outpost {
	struct cli *cli;
	char *bundle;		/* a line with its end; NULL: the verb has no config */
	struct links *links;
	struct outpost_node *nodes;
	size_t count;
	bool stopping;		/* a signal came */
	size_t drawn;		/* lines of the board that stand on the terminal */
	double drawn_at;	/* clock_monotonic() */
};

/* Which nodes, with their arguments; and the bundle, for a verb that has a config. */
int outpost_choose(struct outpost *outpost, struct error *err);
void outpost_release(struct outpost *outpost);

/* --- a node --- */

void outpost_node_connect(struct outpost_node *node);
/* It is PLANNED: carry that plan out. */
void outpost_node_do(struct outpost_node *node);
/* Has it steps to be agreed to? */
bool outpost_node_has_work(const struct outpost_node *node);
/* It is over, with that exit status; error is a sentence or NULL. */
void outpost_node_end(struct outpost_node *node, int status, const char *error);
/* Ask a node that is DOING to begin no more steps. */
void outpost_node_stop(struct outpost_node *node);
bool outpost_node_is_at_work(const struct outpost_node *node);
void outpost_node_release(struct outpost_node *node);

/* --- what is seen --- */

/* A document that node sent, of a plan, of what happens, or a result. */
void outpost_show(struct outpost_node *node, json_t *document);
/* A sentence about node, on stderr. */
void outpost_tell(struct outpost_node *node, const char *text);
/* Draw again, at the bottom of a terminal, a line for each node at work; not for one node. */
void outpost_show_board(struct outpost *outpost);
void outpost_hide_board(struct outpost *outpost);
/* Once all are over: the table of several, or the JSON that was gathered. */
void outpost_show_end(struct outpost *outpost);

#endif
