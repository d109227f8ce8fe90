/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden.c - plans as they should be: every t/plan/NAME.test is run and compared
 *
 * A file tells one case, from what is wanted to what is printed:
 *
 *	# What it shows, in a sentence: the test's name.
 *
 *	== spec
 *	a vyom.conf
 *
 *	== keys
 *	the lines of the file that ssh-keys names, where it names one
 *
 *	== state
 *	the node and the journal, as golden_state.h explains
 *
 *	== plan --reinit
 *	what `vyom plan --reinit` prints for it, to the letter
 *
 *	== verify 101 102
 *	what `vyom verify` prints, while a run is at work on 101 and 102
 *
 * There may be several of plan and verify, with and without words behind.  Blank
 * lines at a section's end do not count.
 *
 *	srcdir=. t/golden		all of them
 *	t/golden t/plan/in-line.test	these
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "cli/report.h"
#include "decide/admit.h"
#include "decide/diff.h"
#include "decide/plan.h"
#include "decide/verify.h"
#include "edge/spec_conf.h"
#include "golden_state.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"

struct section {
	char *title;		/* "plan --reinit" */
	struct strbuf text;
};

struct golden {
	const char *path;
	struct section *sections;
	size_t count;
	struct spec *spec;
	struct state state;
	struct record_vms records;
	struct diff diff;
};

static unsigned tests, failures;

static void golden_release(struct golden *golden)
{
	diff_release(&golden->diff);
	spec_free(golden->spec);
	state_release(&golden->state);
	record_vms_release(&golden->records);
	for (size_t i = 0; i < golden->count; i++) {
		free(golden->sections[i].title);
		strbuf_release(&golden->sections[i].text);
	}
	free(golden->sections);
}

static void trim_end(struct strbuf *text)
{
	while (text->len && text->buf[text->len - 1] == '\n')
		text->buf[--text->len] = '\0';
}

/* What stands before the first "== " is the section "". */
static void cut_sections(struct golden *golden, char *text)
{
	const char *title = "";

	for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
		bool begins = strncmp(line, "== ", 3) == 0;

		if (begins)
			title = line + 3;
		if (begins || !golden->count)
			MEMORY_PUSH(golden->sections, golden->count) =
				(struct section){ memory_copy(title), STRBUF_INIT };
		if (!begins)
			strbuf_addf(&golden->sections[golden->count - 1].text, "%s\n", line);
	}
	for (size_t i = 0; i < golden->count; i++)
		trim_end(&golden->sections[i].text);
}

static struct strbuf *find_section(struct golden *golden, const char *title)
{
	for (size_t i = 0; i < golden->count; i++)
		if (strcmp(golden->sections[i].title, title) == 0)
			return &golden->sections[i].text;
	return NULL;
}

/* The file that ssh-keys names is not opened: what it holds is in the test. */
static void give_keys(struct golden *golden)
{
	const struct strbuf *keys = find_section(golden, "keys");

	for (size_t i = 0; keys && i < golden->spec->vm_count; i++) {
		struct spec_section *vm = golden->spec->vms[i];

		vm->ssh_keys = memory_print("%s\n", keys->buf);
		vm->ssh_keys_path = memory_copy(spec_text(vm, KEY_SSH_KEYS));
	}
}

static int read_spec(struct golden *golden, struct error *err)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { .items = NULL };
	struct strbuf *text = find_section(golden, "spec");

	golden->spec = spec_new();
	if (!text)
		return error_set(err, ERROR_SPEC, "it has no section spec");
	spec_conf_parse(golden->spec, text, &problems);
	spec_check(golden->spec, &problems);
	if (problems.count)
		return error_set(err, ERROR_SPEC, "line %d of the spec: %s", problems.items[0].line,
				 problems.items[0].text);
	give_keys(golden);
	return 0;
}

static int golden_read(struct golden *golden, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *folder = memory_copy(golden->path);
	char *slash = strrchr(folder, '/');
	const struct strbuf *state;

	if (file_read(golden->path, &text) < 0)
		return error_set_errno(err, "cannot be read");
	cut_sections(golden, text.buf);
	if (read_spec(golden, err) < 0)
		return -1;
	state = find_section(golden, "state");
	if (!state)
		return error_set(err, ERROR_SPEC, "it has no section state");
	if (slash)
		*slash = '\0';
	if (golden_state_read(state->buf, slash ? folder : ".", &golden->state, &golden->records,
			      err) < 0)
		return error_prefix(err, "state");
	diff_all(golden->spec, &golden->state, &golden->records, &golden->diff);
	return 0;
}

static void print_plan(const struct golden *golden, const char *words, FILE *out)
{
	const struct plan_options options = { .reinit = strcmp(words, " --reinit") == 0 };
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	plan_all(&golden->diff, &golden->state, &options, &plan);
	admit(golden->spec, &golden->state, &plan);
	report_text.plan(out, &plan);
}

static void print_verify(const struct golden *golden, const char *busy, FILE *out)
{
	CLEANUP(verify_release) struct verify verify = { .items = NULL };

	verify_node(golden->spec, &golden->state, &golden->diff, *busy ? busy + 1 : NULL, &verify);
	report_text.verify(out, &verify, false);
}

static const struct {
	const char *word;
	void (*print)(const struct golden *golden, const char *words, FILE *out);
} prints[] = {
	{ "plan",	print_plan },
	{ "verify",	print_verify },
};

static void split_lines(const char *text, struct strvec *lines)
{
	CLEANUP(scope_free) char *copy = memory_copy(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		strvec_push(lines, line);
}

/* The lines between what both begin with and what both end with. */
static void print_difference(const char *wanted, const char *found)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT, find = STRVEC_INIT;
	size_t head = 0, tail = 0;

	split_lines(wanted, &want);
	split_lines(found, &find);
	while (head < want.count && head < find.count &&
	       strcmp(want.items[head], find.items[head]) == 0)
		head++;
	while (head + tail < want.count && head + tail < find.count &&
	       strcmp(want.items[want.count - tail - 1], find.items[find.count - tail - 1]) == 0)
		tail++;
	for (size_t i = head; i < want.count - tail; i++)
		printf("# -%s\n", want.items[i]);
	for (size_t i = head; i < find.count - tail; i++)
		printf("# +%s\n", find.items[i]);
}

/* A section of what is wanted against what is printed; other sections are none. */
static void compare(const struct golden *golden, const struct section *section)
{
	const char *title = golden->sections[0].text.buf, *file = strrchr(golden->path, '/');

	for (size_t i = 0; i < sizeof(prints) / sizeof(*prints); i++) {
		CLEANUP(scope_free) char *text = NULL;
		size_t len = strlen(prints[i].word), size;
		struct strbuf found = STRBUF_INIT;
		FILE *out;
		bool same;

		if (strncmp(section->title, prints[i].word, len) != 0)
			continue;
		out = open_memstream(&text, &size);
		prints[i].print(golden, section->title + len, out);
		fclose(out);
		found = (struct strbuf){ .buf = text, .len = size };
		trim_end(&found);
		same = strcmp(section->text.buf, text) == 0;
		printf("%sok %u - %.*s (%s, %s)\n", same ? "" : "not ", ++tests,
		       (int)strcspn(title + 2, "\n"), title + 2, file ? file + 1 : golden->path,
		       section->title);
		if (!same)
			print_difference(section->text.buf, text);
		failures += !same;
	}
}

static void run(const char *path)
{
	CLEANUP(golden_release) struct golden golden = { .path = path, .state = STATE_INIT };
	struct error err = { .kind = ERROR_NONE };
	unsigned before = tests;

	if (golden_read(&golden, &err) == 0)
		for (size_t i = 0; i < golden.count; i++)
			compare(&golden, &golden.sections[i]);
	if (err.kind == ERROR_NONE && tests > before)
		return;
	failures++;
	printf("not ok %u - %s: %s\n", ++tests, path,
	       err.kind == ERROR_NONE ? "nothing is expected of it" : err.text);
}

static void run_all(void)
{
	const char *srcdir = getenv("srcdir");
	CLEANUP(scope_free) char *pattern =
		memory_print("%s/t/plan/*.test", srcdir ? srcdir : ".");
	glob_t found = { .gl_pathc = 0 };

	if (glob(pattern, 0, NULL, &found) != 0)
		run(pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		run(found.gl_pathv[i]);
	globfree(&found);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	if (argc == 1)
		run_all();
	printf("1..%u\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
