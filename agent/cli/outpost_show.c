/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Of one node people see what they would see there.  Of several each result has the node's
 * name above it, each thing that happens has it in front; and on a terminal a line for each
 * node at work stands below all that, drawn over.
 */
#include "cli/outpost_part.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act/watch.h"
#include "base/scope.h"
#include "cli/field.h"
#include "cli/print.h"
#include "cli/report.h"
#include "edge/clock.h"

#define REDRAW 0.1	/* seconds between two boards, where nothing else was shown */

static bool is_text(const struct outpost *outpost)
{
	return outpost->cli->report == &report_text;
}

static bool has_board(const struct outpost *outpost)
{
	return outpost->count > 1 && is_text(outpost) && isatty(STDOUT_FILENO);
}

/* What happens, one line each, as against a result. */
static bool is_happening(const json_t *document)
{
	static const char *const events[] = {
		"run-begin", "step-begin", "step-progress", "step-retry", "step-done", "step-failed",
		"vm-stopped", "stopping", "remark", "run-end", "run",
	};
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (field_is_event(document, events[i]))
			return true;
	return false;
}

static int longest_name(const struct outpost *outpost)
{
	size_t longest = 0;

	for (size_t i = 0; i < outpost->count; i++)
		if (strlen(outpost->nodes[i].name) > longest)
			longest = strlen(outpost->nodes[i].name);
	return (int)longest;
}

/* --- the board --- */

void outpost_hide_board(struct outpost *outpost)
{
	if (outpost->drawn)
		printf("\033[%zuF\033[J", outpost->drawn);
	outpost->drawn = 0;
}

static void draw_line(const struct outpost_node *node, int width)
{
	enum { BAR = 24 };
	size_t over = node->done + node->failed;
	size_t filled = node->steps ? over * BAR / node->steps : 0;

	print_text(stdout, "%-*s  ", width, node->name);
	for (size_t i = 0; i < BAR && node->steps; i++)
		fputs(i < filled ? "█" : "░", stdout);
	if (node->steps)
		print_text(stdout, " %3zu/%zu  %.*s\n", over, node->steps,
			   node->now ? print_fit(node->now, 40) : 0, node->now ? node->now : "");
	else
		print_text(stdout, "%s\n", node->stage == OUTPOST_CONNECTING ? "is connected to …" :
					 "…");
}

void outpost_show_board(struct outpost *outpost)
{
	double now = clock_monotonic();

	if (!has_board(outpost) || (outpost->drawn && now < outpost->drawn_at + REDRAW))
		return;
	outpost_hide_board(outpost);
	outpost->drawn_at = now;
	for (size_t i = 0; i < outpost->count; i++) {
		if (!outpost_node_is_at_work(&outpost->nodes[i]))
			continue;
		draw_line(&outpost->nodes[i], longest_name(outpost));
		outpost->drawn++;
	}
	fflush(stdout);
}

/* --- documents --- */

/* Drawn as where no terminal is, with the name in front of each line. */
static void show_with_name(const struct outpost_node *node, const json_t *document)
{
	CLEANUP(scope_free) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	report_text.draw(out, document);
	fclose(out);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && rest; )
		if (*line)
			print_text(stdout, "%-*s  %s\n", longest_name(node->outpost), node->name,
				   line);
}

static void show_under_name(const struct outpost_node *node, const json_t *document)
{
	print_colour(stdout, BOLD);
	print_text(stdout, "--- %s ---\n", node->name);
	print_colour(stdout, PLAIN);
	report_text.draw(stdout, document);
	fputc('\n', stdout);
}

/* What has no text at all has no heading either. */
static bool is_silent(const json_t *document)
{
	return field_is_event(document, "verify") && field_flag(document, "quiet") &&
	       !field_count(document, "findings");
}

static void show_text(struct outpost_node *node, const json_t *document)
{
	struct outpost *outpost = node->outpost;

	if (outpost->count == 1) {
		report_text.draw(stdout, document);
		return;
	}
	outpost_hide_board(outpost);
	if (is_happening(document) || field_is_event(document, "outcome"))
		show_with_name(node, document);
	else if (!is_silent(document))
		show_under_name(node, document);
}

void outpost_show(struct outpost_node *node, json_t *document)
{
	const struct report *report = node->outpost->cli->report;

	if (is_text(node->outpost)) {
		show_text(node, document);
		fflush(stdout);
	} else if (report == &report_events) {
		json_object_set_new(document, "node", json_string(node->name));
		report_events.draw(stdout, document);
	}
	if (!is_happening(document)) {
		json_decref(node->last);
		node->last = json_incref(document);
	}
}

void outpost_tell(struct outpost_node *node, const char *text)
{
	outpost_hide_board(node->outpost);
	fflush(stdout);
	print_text(stderr, "vyom: %s: %s\n", node->name, text);
}

/* --- the end --- */

static const char *word_for(int status)
{
	switch (status) {
	case CLI_OK:
		return "ok";
	case CLI_DIFFERENCES:
		return "differs";
	case CLI_REFUSED:
		return "refused";
	case CLI_BUSY:
		return "busy";
	default:
		return "failed";
	}
}

static void show_table(const struct outpost *outpost)
{
	int width = longest_name(outpost);

	print_text(stdout, "%-*s  %-8s %7s %7s\n", width < 4 ? 4 : width, "NODE", "RESULT", "STEPS",
		   "FAILED");
	for (size_t i = 0; i < outpost->count; i++) {
		const struct outpost_node *node = &outpost->nodes[i];

		print_text(stdout, "%-*s  ", width < 4 ? 4 : width, node->name);
		print_coloured(stdout, node->status == CLI_OK ? GREEN :
				       node->status == CLI_DIFFERENCES ? YELLOW : RED,
			       word_for(node->status));
		print_text(stdout, "%*s %7zu %7zu\n", 8 - (int)strlen(word_for(node->status)), "",
			   node->done, node->failed);
	}
}

static json_t *result_of(const struct outpost_node *node)
{
	return json_pack("{s:i, s:s?, s:O?}", "status", node->status, "error", node->error,
			 "document", node->last);
}

static void show_json(const struct outpost *outpost)
{
	json_t *nodes = json_object();

	for (size_t i = 0; i < outpost->count; i++)
		json_object_set_new(nodes, outpost->nodes[i].name, result_of(&outpost->nodes[i]));
	report_show(&report_json, json_pack("{s:s, s:o}", "event", "nodes", "nodes", nodes));
}

void outpost_show_end(struct outpost *outpost)
{
	outpost_hide_board(outpost);
	if (outpost->cli->report == &report_json && outpost->count > 1)
		show_json(outpost);
	else if (outpost->cli->report == &report_json && outpost->nodes[0].last)
		report_json.draw(stdout, outpost->nodes[0].last);
	else if (is_text(outpost) && outpost->count > 1 && !(outpost->cli->given & CLI_QUIET))
		show_table(outpost);
}
