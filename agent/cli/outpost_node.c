/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/outpost_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "cli/field.h"
#include "edge/bundle.h"
#include "edge/link.h"

/* --- what it is asked --- */

static bool changes(const struct outpost_node *node)
{
	return node->outpost->cli->changes && !(node->outpost->cli->given & CLI_DRY_RUN);
}

static void add_verb(struct strvec *words, const struct outpost_node *node)
{
	const struct cli *cli = node->outpost->cli;

	strvec_pushl(words, "vyom", cli->verb, "-o", "events", NULL);
	if (node->outpost->bundle)
		strvec_pushl(words, "-c", "-", NULL);
	strvec_extend(words, &cli->forward);
	strvec_extend(words, &node->args);
}

static void take_output(void *context, const char *data, size_t len);
static void take_complaint(void *context, const char *data, size_t len);
static void take_end(void *context, int status, const char *signal);
static void take_failure(void *context, const struct error *err);

static void ask(struct outpost_node *node, enum outpost_stage stage, const struct strvec *words,
		const char *input)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	const struct link_command_calls calls = {
		.output = take_output, .error_output = take_complaint,
		.ended = take_end, .failed = take_failure, .context = node,
	};

	node->stage = stage;
	node->ended = false;
	node->status = CLI_FAILED;
	node->answer.greeted = node->answer.broken = false;
	strbuf_reset(&node->answer.line);
	strvec_quote(words, &line);
	node->command = link_exec(node->link, line.buf, &calls);
	if (input)
		link_send(node->command, input, strlen(input));
}

/* The plan of what changes something; else all of it. */
static void look(void *context)
{
	struct outpost_node *node = context;
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;

	add_verb(&words, node);
	if (node->outpost->cli->changes)
		strvec_push(&words, "--dry-run");
	ask(node, OUTPOST_LOOKING, &words, node->outpost->bundle);
}

static void follow(struct outpost_node *node)
{
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;

	strvec_pushl(&words, "vyom", "log", "-o", "events", "--follow", NULL);
	strvec_pushf(&words, "%lld", (long long)node->joined);
	node->joined = 0;
	ask(node, OUTPOST_FOLLOWING, &words, NULL);
}

void outpost_node_do(struct outpost_node *node)
{
	const struct cli *cli = node->outpost->cli;
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;

	add_verb(&words, node);
	strvec_pushl(&words, "--yes", "--plan",
		     cli->plan ? cli->plan : field_text_or(node->plan, "hash", ""), NULL);
	ask(node, OUTPOST_DOING, &words, node->outpost->bundle);
}

void outpost_node_stop(struct outpost_node *node)
{
	link_send(node->command, "stop\n", strlen("stop\n"));
}

/* --- how it ends --- */

void outpost_node_end(struct outpost_node *node, int status, const char *error)
{
	char *sentence = error ? memory_copy(error) : NULL;

	node->stage = OUTPOST_OVER;
	node->status = status;
	node->command = NULL;
	if (sentence)
		outpost_tell(node, sentence);
	free(node->error);
	node->error = sentence;
	link_close(&node->link);
}

/* NODE as it was asked for: what a person types to ask it again. */
static const char *address_of(const struct outpost_node *node)
{
	return node->outpost->cli->host ? node->outpost->cli->host : node->name;
}

/* Its shell said no; or its vyom, in words that are no answer. */
static void end_unanswered(struct outpost_node *node, int status)
{
	CLEANUP(scope_free) char *text = NULL;
	const char *said = node->complaint.len ? node->complaint.buf : NULL;

	if (status == 127)
		text = memory_print("vyom is not installed there: vyom -H %s deploy", address_of(node));
	else if (status == CLI_USAGE)
		text = memory_print("the vyom there does not know what it is asked%s%s; it may be an "
				    "older one than this %s: vyom -H %s deploy", said ? ": " : "",
				    said ? said : "", PACKAGE_VERSION, address_of(node));
	else
		text = memory_print("no vyom answered there (exit status %d)%s%s", status,
				    said ? ": " : "", said ? said : "");
	outpost_node_end(node, status == CLI_REFUSED ? CLI_REFUSED : CLI_FAILED, text);
}

/* Nobody knows how what was asked there ended, or it goes on. */
static void end_lost(struct outpost_node *node, const struct error *err)
{
	bool once = node->outpost->cli->once;
	CLEANUP(scope_free) char *text = NULL;

	if (node->stage == OUTPOST_DOING)
		text = memory_print("%s; %s: %svyom -H %s log --follow%s shows how it ends",
				    err->text, node->answer.greeted ?
				    "what was begun there goes on to its end" :
				    "nobody here knows whether it was begun",
				    once ? "" : "the same command again, or ", address_of(node),
				    once ? "" : ",");
	outpost_node_end(node, err->kind == ERROR_REFUSED ? CLI_REFUSED : CLI_FAILED,
			 text ? text : err->text);
}

static bool is_refused(const json_t *plan)
{
	return field_count(plan, "refusals") ||
	       (field_number(plan, "left_alone") && !field_flag(plan, "all"));
}

bool outpost_node_has_work(const struct outpost_node *node)
{
	return field_count(node->plan, "steps") || field_number(node->plan, "take_over");
}

/* An answer is whole. */
static void go_on(struct outpost_node *node)
{
	if (node->stage == OUTPOST_FOLLOWING)
		look(node);
	else if (node->stage == OUTPOST_LOOKING && node->joined)
		follow(node);
	else if (node->stage == OUTPOST_LOOKING && changes(node) && node->plan &&
		 !is_refused(node->plan))
		node->stage = OUTPOST_PLANNED;
	else
		outpost_node_end(node, node->status, node->error);
}

static void take_end(void *context, int status, const char *signal)
{
	struct outpost_node *node = context;

	node->command = NULL;
	if (*signal || (node->answer.greeted && !node->ended))
		end_lost(node, &(struct error){ .kind = ERROR_COMMAND, .text = "the vyom there "
						"ended without a last word: it was killed" });
	else if (node->answer.broken)
		outpost_node_end(node, CLI_FAILED, "what it answers is not vyom's");
	else if (!node->answer.greeted)
		end_unanswered(node, status);
	else
		go_on(node);
}

static void take_failure(void *context, const struct error *err)
{
	struct outpost_node *node = context;

	node->command = NULL;
	end_lost(node, err);
}

/* --- what it answers --- */

/* What would be done a second time is not joined. */
static void end_busy(struct outpost_node *node, const json_t *running)
{
	CLEANUP(scope_free) char *text = memory_print(
		"run %lld, %s, is on there: vyom -H %s log --follow shows how it ends; only then "
		"ask for another", (long long)field_integer(running, "run"),
		node->outpost->cli->verb, address_of(node));

	outpost_node_end(node, CLI_BUSY, text);
}

static void take_hello(struct outpost_node *node, const json_t *hello)
{
	const json_t *running = json_object_get(hello, "running");
	const char *verb = field_text(running, "verb");
	CLEANUP(scope_free) char *text = NULL;

	if (field_integer(hello, "format") != BUNDLE_FORMAT) {
		text = memory_print("its vyom %s and this %s do not understand each other: vyom -H %s "
				    "deploy brings this one there",
				    field_text_or(hello, "version", "?"), PACKAGE_VERSION,
				    address_of(node));
		outpost_node_end(node, CLI_REFUSED, text);
		return;
	}
	if (node->stage != OUTPOST_LOOKING || !changes(node) || !verb ||
	    strcmp(verb, node->outpost->cli->run_verb) != 0)
		return;
	if (node->outpost->cli->once) {
		end_busy(node, running);
		return;
	}
	node->joined = field_integer(running, "run");
	text = memory_print("run %lld, %s, is on there: it is followed to its end first",
			    (long long)node->joined, verb);
	outpost_tell(node, text);
}

static void take_problem(struct outpost_node *node, const json_t *problem)
{
	CLEANUP(scope_free) char *text =
		memory_print("%s:%lld: %s", field_text_or(problem, "file", "?"),
			     (long long)field_integer(problem, "line"),
			     field_text_or(problem, "text", "?"));

	outpost_tell(node, text);
}

static void count(struct outpost_node *node, const char *event, const json_t *document)
{
	if (strcmp(event, "run-begin") == 0) {
		node->steps = field_number(document, "steps");
		node->done = node->failed = 0;
	}
	node->done += strcmp(event, "step-done") == 0;
	node->failed += strcmp(event, "step-failed") == 0;
	if (strcmp(event, "step-begin") == 0) {
		CLEANUP(scope_free) char *who = field_who(document);

		free(node->now);
		node->now = memory_print("%s %s", who, field_text_or(document, "verb", "?"));
	}
}

static bool is_status(int64_t status)
{
	return (status >= CLI_OK && status <= CLI_BUSY) || status == CLI_USAGE;
}

static void take_last_word(struct outpost_node *node, const json_t *end)
{
	int64_t status = field_integer(end, "status");

	node->ended = true;
	node->status = is_status(status) ? (int)status : CLI_FAILED;
	free(node->error);
	node->error = field_text(end, "error") ? memory_copy(field_text(end, "error")) : NULL;
}

/* The plan is shown before it is agreed to, and not again as it is carried out. */
static void take_plan(struct outpost_node *node, json_t *plan)
{
	if (node->joined || (node->stage == OUTPOST_DOING && !is_refused(plan)))
		return;
	json_decref(node->plan);
	node->plan = json_incref(plan);
	outpost_show(node, plan);
}

static void take(void *context, const char *event, json_t *document)
{
	struct outpost_node *node = context;

	if (node->stage == OUTPOST_OVER)
		return;
	count(node, event, document);
	if (strcmp(event, "hello") == 0)
		take_hello(node, document);
	else if (strcmp(event, "problem") == 0)
		take_problem(node, document);
	else if (strcmp(event, "end") == 0)
		take_last_word(node, document);
	else if (strcmp(event, "plan") == 0 || strcmp(event, "adopt") == 0)
		take_plan(node, document);
	else
		outpost_show(node, document);
}

static void take_output(void *context, const char *data, size_t len)
{
	struct outpost_node *node = context;

	answer_read_add(&node->answer, data, len);
	if (node->answer.broken && node->stage != OUTPOST_OVER)
		outpost_node_end(node, CLI_FAILED, "what it answers is not vyom's");
}

/* Before it answered, its last line may say why it does not; after that all is passed on. */
static void take_complaint(void *context, const char *data, size_t len)
{
	struct outpost_node *node = context;

	for (size_t i = 0; i < len; i++) {
		if (node->complaint_over)
			strbuf_reset(&node->complaint);
		node->complaint_over = data[i] == '\n';
		if (!node->complaint_over)
			strbuf_addch(&node->complaint, data[i]);
		else if (node->answer.greeted)
			outpost_tell(node, node->complaint.buf);
	}
}

/* --- the connection --- */

static void fail(void *context, const struct error *err)
{
	struct outpost_node *node = context;

	outpost_node_end(node, err->kind == ERROR_REFUSED ? CLI_REFUSED : CLI_FAILED, err->text);
}

static void lose(void *context, const struct error *err)
{
	struct outpost_node *node = context;

	node->command = NULL;
	end_lost(node, err);
}

void outpost_node_connect(struct outpost_node *node)
{
	const struct link_target target = {
		.host = node->host, .user = node->user, .port = node->port,
	};
	const struct link_calls calls = {
		.ready = look, .failed = fail, .lost = lose, .context = node,
	};

	node->answer.take = take;
	node->answer.context = node;
	node->stage = OUTPOST_CONNECTING;
	node->link = link_open(node->outpost->links, &target, &calls);
}

bool outpost_node_is_at_work(const struct outpost_node *node)
{
	return node->stage != OUTPOST_WAITING && node->stage != OUTPOST_PLANNED &&
	       node->stage != OUTPOST_OVER;
}

void outpost_node_release(struct outpost_node *node)
{
	link_close(&node->link);
	answer_read_release(&node->answer);
	strbuf_release(&node->complaint);
	strvec_release(&node->args);
	json_decref(node->plan);
	json_decref(node->last);
	free(node->name);
	free(node->host);
	free(node->user);
	free(node->error);
	free(node->now);
}
