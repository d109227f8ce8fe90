/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_report.c - what is drawn only on a terminal, or of a node that t/node does not make
 */
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "cli/document.h"
#include "cli/report.h"
#include "decide/plan.h"
#include "decide/verify.h"
#include "main.h"
#include "model/event.h"
#include "model/state.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

/* --- things as they happen --- */

static const struct plan_step step = { .vm = "web", .vmid = 101, .verb = QM_CLONE };

static const struct event events[] = {
	{ .kind = EVENT_RUN_BEGIN,	.run = 1, .steps = 1 },
	{ .kind = EVENT_STEP_BEGIN,	.step = &step },
	{ .kind = EVENT_STEP_PROGRESS,	.step = &step, .percent = 50 },
	{ .kind = EVENT_STEP_DONE,	.step = &step, .seconds = 2 },
	{ .kind = EVENT_RUN_END,	.run = 1, .steps = 1, .done = 1 },
};

static void draw(const struct report *report, FILE *out, json_t *document)
{
	report->draw(out, document);
	json_decref(document);
}

static void draw_events(FILE *out)
{
	for (int i = 0; i < ROWS(events); i++)
		draw(&report_text, out, document_event(&events[i]));
	fclose(out);
}

/* All that a terminal gets.  It waits in the terminal, whose reads end in EIO once it is closed. */
static void draw_on_terminal(char *text, size_t size)
{
	struct termios raw = { 0 };
	int terminal, end;
	size_t len = 0;
	ssize_t got;

	cfmakeraw(&raw);
	ck_assert_int_eq(openpty(&terminal, &end, NULL, &raw, NULL), 0);
	draw_events(fdopen(end, "w"));
	while ((got = read(terminal, text + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(terminal);
}

START_TEST(on_a_terminal_a_step_is_one_line_drawn_over)
{
	char text[4096];
	const char *end;

	draw_on_terminal(text, sizeof(text));
	ck_assert_msg(strstr(text, "██░░"), "%s", text);
	end = strstr(text, "50%");
	ck_assert_msg(end, "%s", text);
	end += strlen("50%");
	ck_assert_msg(strncmp(end, "\r\033[K", 4) == 0, "%s", end);
	ck_assert_msg(strstr(end, "web (101)") && strstr(end, "done"), "%s", end);
	ck_assert_msg(strchr(text, '\n') > end, "%s", text);
}
END_TEST

START_TEST(elsewhere_a_step_is_a_line_at_its_end)
{
	CLEANUP(scope_free) char *text = NULL;
	size_t len;

	draw_events(open_memstream(&text, &len));
	ck_assert_msg(!strpbrk(text, "\r\033%"), "%s", text);
	ck_assert_msg(strchr(text, '\n') == text + len - 1, "%s", text);
	ck_assert_msg(strstr(text, "web (101)") && strstr(text, "done  2.0s"), "%s", text);
}
END_TEST

/* --- the pool --- */

static char *draw_pool(const struct state *state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	draw(&report_text, out, document_pool(state));
	fclose(out);
	return text;
}

START_TEST(a_node_without_a_pool_says_so)
{
	const struct state state = STATE_INIT;
	CLEANUP(scope_free) char *text = draw_pool(&state);

	ck_assert_msg(strstr(text, "No thin pool is active on this node.\n"), "%s", text);
}
END_TEST

START_TEST(the_pools_own_warning_mark_is_shown)
{
	struct thin_pool pool = {
		.vg = (char *)"pve", .name = (char *)"data", .mode = THIN_MODE_RW,
		.data_total = 32 * GIB, .data_low_water = 512 * MIB,
	};
	const struct state state = { .pools = { &pool, 1 } };
	CLEANUP(scope_free) char *text = draw_pool(&state);

	ck_assert_msg(strstr(text, "pve/data  rw, waits when full\n"), "%s", text);
	ck_assert_msg(strstr(text, "   warns at 512 MiB free\n"), "%s", text);
}
END_TEST

static const struct { const char *name; unsigned vmid; bool referenced; const char *owner; } owners[] = {
	{ "swap",		0,	false,	"  not a VM's\n" },
	{ "vm-101-disk-0",	101,	true,	"  VM 101\n" },
	{ "vm-102-disk-0",	102,	false,	"  orphan\n" },
};

START_TEST(a_volumes_owner_is_told)
{
	struct thin_volume volume = {
		.vg = (char *)"pve", .name = (char *)owners[_i].name, .pool = (char *)"data", .active = true,
		.vmid = owners[_i].vmid, .referenced = owners[_i].referenced,
	};
	const struct state state = { .volumes = { &volume, 1 } };
	CLEANUP(scope_free) char *text = draw_pool(&state);

	ck_assert_msg(strstr(text, owners[_i].owner), "%s: %s", owners[_i].name, text);
}
END_TEST

/* --- JSON --- */

START_TEST(json_of_an_apply_with_nothing_to_do_has_no_outcome)
{
	CLEANUP(scope_free) char *text = NULL;
	const struct plan plan = { .vm_count = 3 };
	size_t len;
	FILE *out = open_memstream(&text, &len);

	draw(&report_json, out, document_outcome(document_plan(&plan), 0, NULL));
	fclose(out);
	ck_assert_msg(strstr(text, "\"vms\": 3") && strstr(text, "\"outcome\": null"), "%s", text);
}
END_TEST

static struct verify_finding findings[] = {
	{ .kind = VERIFY_WAITING, .vm = "web", .vmid = 101, .what = (char *)"memory",
	  .wanted = (char *)"2048", .found = (char *)"1024" },
	{ .kind = VERIFY_DRIFT, .what = (char *)"pool", .text = (char *)"it is full" },
};

START_TEST(quiet_json_holds_drift_only)
{
	CLEANUP(scope_free) char *text = NULL;
	const struct verify verify = { .items = findings, .count = 2, .vm_count = 1, .drift_count = 1 };
	size_t len;
	FILE *out = open_memstream(&text, &len);

	draw(&report_json, out, document_verify(&verify, true));
	fclose(out);
	ck_assert_msg(strstr(text, "it is full") && !strstr(text, "waiting"), "%s", text);
	ck_assert_msg(strstr(text, "\"vm\": null"), "%s", text);
}
END_TEST

START_TEST(reports_are_found_by_name)
{
	ck_assert_ptr_eq(report_find("text"), &report_text);
	ck_assert_ptr_eq(report_find("json"), &report_json);
	ck_assert_ptr_null(report_find("xml"));
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_test(tcase, on_a_terminal_a_step_is_one_line_drawn_over);
	tcase_add_test(tcase, elsewhere_a_step_is_a_line_at_its_end);
	tcase_add_test(tcase, a_node_without_a_pool_says_so);
	tcase_add_test(tcase, the_pools_own_warning_mark_is_shown);
	tcase_add_loop_test(tcase, a_volumes_owner_is_told, 0, ROWS(owners));
	tcase_add_test(tcase, json_of_an_apply_with_nothing_to_do_has_no_outcome);
	tcase_add_test(tcase, quiet_json_holds_drift_only);
	tcase_add_test(tcase, reports_are_found_by_name);
}

TEST_MAIN("report", add_cases)
