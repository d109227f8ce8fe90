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
 *	the lines of the file that ssh-keys or master-key names, where one does
 *
 *	== snippet local:snippets/web.yaml
 *	what the file of that section holds, without an end of its last line
 *
 *	== state
 *	the node and the journal, as golden_state.h explains
 *
 *	== plan --reinit
 *	what `vyom plan --reinit` prints, to the letter
 *
 *	== replace web
 *	what `vyom replace web` prints before it asks
 *
 *	== destroy web
 *	what `vyom destroy web` prints before it asks
 *
 *	== adopt web
 *	what `vyom adopt web` prints before it asks
 *
 *	== build there good
 *	what `vyom template build` is about to do, where the image is there and good
 *
 *	== verify 101 102
 *	what `vyom verify` prints while a run is at work on 101 and 102
 *
 *	== lint 9000
 *	what is to be said of the template 9000, declared or not
 *
 * There may be several of these, with words behind or without.
 * Blank lines at a section's end do not count.
 *
 *	srcdir=. t/golden		all of them
 *	t/golden t/plan/in-line.test	these
 */
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "cli/document.h"
#include "cli/report.h"
#include "decide/admit.h"
#include "decide/adopt.h"
#include "decide/diff.h"
#include "decide/golden.h"
#include "decide/lint.h"
#include "decide/loss.h"
#include "decide/plan.h"
#include "decide/replace.h"
#include "decide/plan_snippet.h"
#include "decide/verify.h"
#include "edge/spec_conf.h"
#include "golden_state.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"

struct section {
	char *title;		/* "plan --reinit"; "" for what stands before all */
	struct strbuf text;
};

struct scene {
	const char *path;
	struct section *sections;
	size_t count;
	struct spec *spec;
	struct state state;
	struct record_vms records;
	struct diff diff;
};

static void scene_release(struct scene *scene)
{
	diff_release(&scene->diff);
	spec_free(scene->spec);
	state_release(&scene->state);
	record_vms_release(&scene->records);
	for (size_t i = 0; i < scene->count; i++) {
		free(scene->sections[i].title);
		strbuf_release(&scene->sections[i].text);
	}
	free(scene->sections);
}

static void trim_end(struct strbuf *text)
{
	while (text->len && text->buf[text->len - 1] == '\n')
		text->buf[--text->len] = '\0';
}

static void cut_sections(struct scene *scene, char *text)
{
	for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
		bool begins = strncmp(line, "== ", 3) == 0;

		if (begins || !scene->count)
			MEMORY_PUSH(scene->sections, scene->count) =
				(struct section){ memory_copy(begins ? line + 3 : ""), STRBUF_INIT };
		if (!begins)
			strbuf_addf(&scene->sections[scene->count - 1].text, "%s\n", line);
	}
	for (size_t i = 0; i < scene->count; i++)
		trim_end(&scene->sections[i].text);
}

static struct strbuf *find_section(struct scene *scene, const char *title)
{
	for (size_t i = 0; i < scene->count; i++)
		if (strcmp(scene->sections[i].title, title) == 0)
			return &scene->sections[i].text;
	return NULL;
}

/* The file that ssh-keys names is not opened: what it holds is in the test. */
static void give_keys(struct spec *spec, const struct strbuf *keys)
{
	for (size_t i = 0; keys && i < spec->vm_count; i++) {
		spec->vms[i]->ssh_keys = memory_print("%s\n", keys->buf);
		spec->vms[i]->ssh_keys_path = memory_copy(spec_text(spec->vms[i], KEY_SSH_KEYS));
	}
	for (size_t i = 0; keys && i < spec->template_count; i++) {
		spec->templates[i]->ssh_keys = memory_print("%s\n", keys->buf);
		spec->templates[i]->ssh_keys_path =
			memory_copy(spec_text(spec->templates[i], KEY_MASTER_KEY));
	}
}

/* The same of what a snippet's file holds. */
static void give_snippets(struct scene *scene)
{
	for (size_t i = 0; i < scene->spec->snippet_count; i++) {
		struct spec_section *snippet = scene->spec->snippets[i];
		CLEANUP(scope_free) char *title = memory_print("snippet %s", snippet->name);
		const struct strbuf *text = find_section(scene, title);

		spec_set_snippet(snippet, text ? text->buf : "");
	}
}

static int read_spec(struct scene *scene, struct strbuf *text, struct error *err)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { .items = NULL };

	scene->spec = spec_new();
	spec_conf_parse(scene->spec, text, NULL, &problems);
	spec_check(scene->spec, &problems);
	give_keys(scene->spec, find_section(scene, "keys"));
	give_snippets(scene);
	if (problems.count)
		return error_set(err, ERROR_SPEC, "spec, line %d: %s", problems.items[0].line,
				 problems.items[0].text);
	return 0;
}

static int scene_read(struct scene *scene, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *path = memory_copy(scene->path);
	struct strbuf *spec, *state;

	if (file_read(scene->path, &text) < 0)
		return error_set_errno(err, "cannot be read");
	cut_sections(scene, text.buf);
	spec = find_section(scene, "spec");
	state = find_section(scene, "state");
	if (!spec || !state || strncmp(scene->sections[0].text.buf, "# ", 2) != 0)
		return error_set(err, ERROR_SPEC, "it needs a sentence, a spec and a state");
	if (read_spec(scene, spec, err) < 0 ||
	    golden_state_read(state->buf, dirname(path), &scene->state, &scene->records, err) < 0)
		return -1;
	diff_all(scene->spec, &scene->state, &scene->records, &scene->diff);
	return 0;
}

static void draw(FILE *out, json_t *document)
{
	report_text.draw(out, document);
	json_decref(document);
}

static void print_plan(const struct scene *scene, const char *words, FILE *out)
{
	const struct plan_options options = {
		.reinit = strstr(words, " --reinit") != NULL,
		.restart = strstr(words, " --restart") != NULL,
		.move = strstr(words, " --move") != NULL,
	};
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	plan_snippets(scene->spec, &scene->state, &scene->records, &options, &plan);
	plan_all(&scene->diff, &scene->state, &options, &plan);
	admit(scene->spec, &scene->state, &plan);
	draw(out, document_plan(&plan));
}

static const struct spec_section *find_vm(const struct spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->vm_count; i++)
		if (strcmp(spec->vms[i]->name, name) == 0)
			return spec->vms[i];
	return NULL;
}

static void print_replace(const struct scene *scene, const char *words, FILE *out)
{
	const struct spec_section *vm = find_vm(scene->spec, *words ? words + 1 : "");
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	if (!vm) {
		fprintf(out, "no such VM\n");
		return;
	}
	replace_plan(scene->spec, vm, &scene->state, &scene->records, &plan);
	if (!plan.refusal_count)
		plan.loss = loss_find(vm, &scene->state, NULL, NULL);
	draw(out, document_plan(&plan));
}

static void print_destroy(const struct scene *scene, const char *words, FILE *out)
{
	const struct spec_section *vm = find_vm(scene->spec, *words ? words + 1 : "");
	unsigned vmid = vm ? (unsigned)spec_number(vm, KEY_VMID) : 0;
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };

	plan_destroy(&scene->state, &scene->records, vm ? vm->name : NULL, vmid, &plan);
	if (plan.count)
		loss_note(&scene->state, vm ? vm->name : NULL, vmid, &plan);
	draw(out, document_plan(&plan));
}

static void print_adopt(const struct scene *scene, const char *words, FILE *out)
{
	const struct spec_section *vm = find_vm(scene->spec, *words ? words + 1 : "");
	CLEANUP(adopt_release) struct adopt adopt = { .vms = NULL };

	if (!vm) {
		fprintf(out, "no such VM\n");
		return;
	}
	adopt_declared(vm, &scene->state, &scene->records, &adopt);
	adopt_forecast(&scene->state, &scene->records, &adopt);
	draw(out, document_adopt(&adopt, &scene->state, false));
}

/* Words of what the build has already: the image there, good, the key kept, the VM's at hand. */
static void print_build(const struct scene *scene, const char *words, FILE *out)
{
	struct spec_section *template = scene->spec->templates[0];
	CLEANUP(plan_release) struct plan plan = { .steps = NULL };
	struct golden golden = {
		.template = template,
		.image = "/srv/noble.img",
		.image_there = strstr(words, "there"),
		.image_good = strstr(words, "good"),
		.key_kept = strstr(words, "kept"),
		.at_hand = strstr(words, "hand"),
		.key = GOLDEN_STATE_KEY,
		.keys_path = "/var/lib/vyom/build-keys",
		.made = "2026-11-28 by vyom 0.1.0",
	};

	template->node = scene->spec->nodes[0];
	if (!golden_choose(&golden, &scene->state, &scene->records))
		fprintf(out, "no id is free\n");
	golden_plan(&golden, &scene->state, &scene->records, &plan);
	admit_build(template, golden.vmid, &scene->state, &plan);
	draw(out, document_plan(&plan));
}

static void print_verify(const struct scene *scene, const char *words, FILE *out)
{
	CLEANUP(verify_release) struct verify verify = { .items = NULL };

	verify_node(scene->spec, &scene->state, &scene->diff, *words ? words + 1 : NULL,
		    &verify);
	draw(out, document_verify(&verify, false));
}

/* Of a declared template, the digest that it shall have. */
static const char *declared_digest(const struct spec *spec, unsigned vmid)
{
	for (size_t i = 0; i < spec->template_count; i++)
		if (spec_number(spec->templates[i], KEY_VMID) == vmid)
			return spec_text(spec->templates[i], KEY_SHA256);
	return NULL;
}

static void print_lint(const struct scene *scene, const char *words, FILE *out)
{
	unsigned vmid = (unsigned)strtoul(words, NULL, 10);
	struct lints lints = { .items = NULL };

	lint_guest(vmid, declared_digest(scene->spec, vmid), &scene->state, &lints);
	for (size_t i = 0; i < lints.count; i++)
		fprintf(out, "%s: %s: %s; %s\n",
			lints.items[i].severity == LINT_UNFIT ? "unfit" : "advice",
			lints.items[i].what, lints.items[i].why, lints.items[i].mend);
	lint_release(&lints);
}

static const struct {
	const char *title;
	void (*print)(const struct scene *scene, const char *words, FILE *out);
} printers[] = {
	{ "plan",	print_plan },
	{ "replace",	print_replace },
	{ "destroy",	print_destroy },
	{ "adopt",	print_adopt },
	{ "build",	print_build },
	{ "lint",	print_lint },
	{ "verify",	print_verify },
};

/* What is printed for a section of that title; false: it is no such section. */
static bool print_section(const struct scene *scene, const char *title, struct strbuf *printed)
{
	size_t len = strcspn(title, " "), i = 0, count = sizeof(printers) / sizeof(*printers);
	FILE *out;

	while (i < count && (strlen(printers[i].title) != len ||
			     strncmp(title, printers[i].title, len) != 0))
		i++;
	if (i == count)
		return false;
	out = open_memstream(&printed->buf, &printed->len);
	printers[i].print(scene, title + len, out);
	fclose(out);
	printed->room = printed->len + 1;
	trim_end(printed);
	return true;
}

static void split_lines(const struct strbuf *text, struct strvec *lines)
{
	CLEANUP(scope_free) char *copy = memory_copy(text->buf);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		strvec_push(lines, line);
}

/* The lines between what both begin with and what both end with. */
static void print_difference(const struct strbuf *wanted, const struct strbuf *printed)
{
	CLEANUP(strvec_release) struct strvec a = STRVEC_INIT, b = STRVEC_INIT;
	size_t head = 0, tail = 0, least;

	split_lines(wanted, &a);
	split_lines(printed, &b);
	least = a.count < b.count ? a.count : b.count;
	while (head < least && strcmp(a.items[head], b.items[head]) == 0)
		head++;
	while (head + tail < least &&
	       strcmp(a.items[a.count - tail - 1], b.items[b.count - tail - 1]) == 0)
		tail++;
	for (size_t i = head; i < a.count - tail; i++)
		printf("# -%s\n", a.items[i]);
	for (size_t i = head; i < b.count - tail; i++)
		printf("# +%s\n", b.items[i]);
}

static unsigned tests, failures;

static void report(bool good, const char *name, const char *path, const char *detail)
{
	const char *slash = strrchr(path, '/');

	printf("%sok %u - %s (%s, %s)\n", good ? "" : "not ", ++tests, name,
	       slash ? slash + 1 : path, detail);
	failures += !good;
}

static void compare(const struct scene *scene)
{
	const char *heading = scene->sections[0].text.buf;
	CLEANUP(scope_free) char *name = strndup(heading + 2, strcspn(heading + 2, "\n"));
	bool expects = false;

	for (size_t i = 0; i < scene->count; i++) {
		CLEANUP(strbuf_release) struct strbuf printed = STRBUF_INIT;
		const struct section *section = &scene->sections[i];
		bool same;

		if (!print_section(scene, section->title, &printed))
			continue;
		expects = true;
		same = strcmp(section->text.buf, printed.buf) == 0;
		report(same, name, scene->path, section->title);
		if (!same)
			print_difference(&section->text, &printed);
	}
	if (!expects)
		report(false, name, scene->path, "nothing that is printed");
}

static void run(const char *path)
{
	CLEANUP(scene_release) struct scene scene = { .path = path, .state = STATE_INIT };
	struct error err = { .kind = ERROR_NONE };

	if (scene_read(&scene, &err) == 0)
		compare(&scene);
	else
		report(false, "the test is read", path, err.text);
}

static void run_all(void)
{
	const char *srcdir = getenv("srcdir");
	CLEANUP(scope_free) char *pattern =
		memory_print("%s/t/plan/*.test", srcdir ? srcdir : ".");
	glob_t found = { .gl_pathc = 0 };

	if (glob(pattern, 0, NULL, &found) != 0)
		report(false, "there are tests", pattern, "none found");
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
