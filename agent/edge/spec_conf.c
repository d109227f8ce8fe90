/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/spec_conf.h"

#include <confuse.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "edge/bundle.h"
#include "edge/keyfile.h"
#include "edge/snippet_file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/spec_scan.h"
#include "base/strbuf.h"

#define LONGEST_NAME 254	/* one more than any name may have */

/* libconfuse's callbacks have no argument of ours, so this lives for one parse. */
static struct reading {
	struct spec *spec;
	struct spec_problems *problems;
	const struct spec_scan *scan;
	size_t closed;		/* sections so far, as counted by the scan */
	size_t placed;		/* VMs that have their cluster */
	struct spec_section **nics;	/* whose section is not closed yet */
	size_t nic_count;
} *reading;

static __attribute__((format(printf, 2, 0)))
void note_error(cfg_t *cfg, const char *format, va_list args)
{
	CLEANUP(scope_free) char *text = memory_vprint(format, args);

	spec_problem_add(reading->problems, cfg->line, "%s", text);
}

static void take_value(struct spec_section *section, const struct spec_scan_value *value,
		       cfg_t *cfg)
{
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	cfg_opt_t *opt = cfg_getopt(cfg, key_table[value->key].name);

	for (unsigned i = 0; i < cfg_opt_size(opt); i++)
		strvec_push(&items, cfg_opt_getnstr(opt, i));
	spec_set(section, value->key, &items, value->line, reading->problems);
}

/* A copy, cut where no name is that long, but not within a character. */
static char *copy_title(const char *title)
{
	size_t len = strnlen(title, LONGEST_NAME);

	while (len && (title[len] & 0xC0) == 0x80)
		len--;
	return memory_print("%.*s", (int)len, title);
}

static void place_vms(struct spec_section *cluster)
{
	while (reading->placed < reading->spec->vm_count)
		reading->spec->vms[reading->placed++]->cluster = cluster;
}

/* The last so many that were closed stand in section. */
static void place_nics(struct spec_section *section, size_t count)
{
	reading->nic_count -= count;
	for (size_t i = 0; i < count; i++)
		spec_put_nic(section, reading->nics[reading->nic_count + i], reading->problems);
}

/*
 * A section's closing brace was read.  Its values are taken over and libconfuse
 * forgets it at once: it copies its whole option table for each section, and
 * compares each title with all before it, which ten thousand VMs would feel.
 */
static int take_section(cfg_t *parent, cfg_opt_t *opt)
{
	cfg_t *cfg = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	CLEANUP(scope_free) char *name = copy_title(cfg_title(cfg));
	const struct spec_scan_section *scanned;
	struct spec_section *section;

	if (reading->closed == reading->scan->count) {
		cfg_error(parent, "%s \"%s\": vyom misread this section; please report it",
			  cfg_name(cfg), name);
		return -1;
	}
	scanned = &reading->scan->sections[reading->closed++];
	section = scanned->scope == SCOPE_NIC ?
		MEMORY_PUSH(reading->nics, reading->nic_count) = spec_new_nic(name, scanned->line) :
		spec_add_section(reading->spec, scanned->scope, name, scanned->line);
	for (size_t i = 0; i < scanned->count; i++)
		take_value(section, &scanned->values[i], cfg);
	place_nics(section, scanned->nics);
	if (scanned->scope == SCOPE_CLUSTER)
		place_vms(section);
	return cfg_opt_rmnsec(opt, cfg_opt_size(opt) - 1);
}

/* The options of one kind of section: all of them text, since spec_set knows the types. */
static cfg_opt_t *build_section(cfg_opt_t *opts, enum key_scope scope)
{
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const struct key *key = &key_table[id];

		if (!(key->scopes & scope))
			continue;
		if (key->type == KEY_TYPE_LIST)
			*opts++ = (cfg_opt_t)CFG_STR_LIST(key->name, NULL, CFGF_NODEFAULT);
		else
			*opts++ = (cfg_opt_t)CFG_STR(key->name, NULL, CFGF_NODEFAULT);
	}
	*opts = (cfg_opt_t)CFG_END();
	return opts;
}

static cfg_opt_t declare_section(enum key_scope scope, cfg_opt_t *opts)
{
	cfg_opt_t section = CFG_SEC(key_scope_name(scope), opts, CFGF_MULTI | CFGF_TITLE);

	section.validcb = take_section;
	return section;
}

static cfg_opt_t *build_guest(cfg_opt_t *opts, enum key_scope scope, cfg_opt_t *nic)
{
	cfg_opt_t *end = build_section(opts, scope);

	*end++ = declare_section(SCOPE_NIC, nic);
	*end = (cfg_opt_t)CFG_END();
	return end;
}

#define ROOM (KEY_COUNT + 3)

/* NULL when out of memory.  It copies what it is given. */
static cfg_t *build_parser(void)
{
	cfg_opt_t vm[ROOM], role[ROOM], cluster[ROOM], node[ROOM], template[ROOM], nic[ROOM];
	cfg_opt_t snippet[ROOM];
	cfg_opt_t *end;

	build_section(nic, SCOPE_NIC);
	build_guest(vm, SCOPE_VM, nic);
	build_guest(role, SCOPE_ROLE, nic);
	build_section(node, SCOPE_NODE);
	build_section(template, SCOPE_TEMPLATE);
	build_section(snippet, SCOPE_SNIPPET);
	end = build_guest(cluster, SCOPE_CLUSTER, nic);
	*end++ = declare_section(SCOPE_VM, vm);
	*end = (cfg_opt_t)CFG_END();
	cfg_opt_t file[] = {
		declare_section(SCOPE_NODE, node), declare_section(SCOPE_TEMPLATE, template),
		declare_section(SCOPE_ROLE, role), declare_section(SCOPE_CLUSTER, cluster),
		declare_section(SCOPE_SNIPPET, snippet), CFG_END()
	};
	return cfg_init(file, CFGF_NONE);
}

static void free_parser(cfg_t **cfg)
{
	if (*cfg)
		cfg_free(*cfg);
}

int spec_conf_parse(struct spec *spec, struct strbuf *text, const struct spec_includer *includer,
		    struct spec_problems *problems)
{
	CLEANUP(spec_scan_release) struct spec_scan scan = { 0 };
	CLEANUP(free_parser) cfg_t *cfg = build_parser();
	struct reading here = { .spec = spec, .problems = problems, .scan = &scan };
	int result;

	spec_scan_text(&scan, text, includer, problems);
	if (!cfg) {
		spec_problem_add(problems, 0, "libconfuse cannot start: %s", strerror(errno));
		return -1;
	}
	cfg_set_error_function(cfg, note_error);
	reading = &here;
	result = cfg_parse_buf(cfg, text->buf);
	reading = NULL;
	for (size_t i = 0; i < here.nic_count; i++)
		spec_free_section(here.nics[i]);
	free(here.nics);
	return result == CFG_SUCCESS && here.closed == scan.count ? 0 : -1;
}

/* The text of a file, added to text. */
static int read_text(struct bundle *bundle, const char *path, struct strbuf *text,
		     struct error *err)
{
	size_t before = text->len;

	if (bundle_read(bundle, path, BUNDLE_LARGEST, text, err) < 0)
		return error_prefix(err, "%s", path);
	if (text->len - before > BUNDLE_LARGEST)
		return error_set(err, ERROR_SPEC, "%s is larger than 16 MiB, which is no vyom.conf",
				 path);
	return 0;
}

/* What the config and all that it includes come to. */
struct included {
	struct bundle *bundle;
	size_t size;
};

/* name, which stands in the file from; relative to that file's folder. */
static char *path_beside(const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');

	if (name[0] == '/' || !slash)
		return memory_copy(name);
	return memory_print("%.*s/%s", (int)(slash - from), from, name);
}

static int read_included(void *context, const char *from, const char *name, char **path,
			 char **identity, struct strbuf *text, struct error *err)
{
	struct included *included = context;
	struct bundle *bundle = included->bundle;

	*path = path_beside(from ? from : bundle->config, name);
	if (name[0] != '/' && strcmp(bundle->config, BUNDLE_STDIN) == 0)
		return error_set(err, ERROR_SPEC, "a config from standard input has no files beside "
						  "it; give its path with -c");
	if (read_text(bundle, *path, text, err) < 0)
		return -1;
	included->size += text->len;
	if (included->size > BUNDLE_LARGEST)
		return error_set(err, ERROR_SPEC, "with %s this is larger than 16 MiB, which is no "
						  "vyom.conf", *path);
	*identity = bundle->sealed ? memory_copy(*path) : realpath(*path, NULL);
	return *identity ? 0 : error_set_errno(err, "%s: cannot be read", *path);
}

/* A key file that was read: one that many VMs name is read once. */
struct read_file {
	char *path, *place;	/* here, and as qm finds it */
	char *keys;		/* NULL: it was refused */
	struct error err;
};

/* What is named beside the config, and who names it. */
struct naming {
	struct spec *spec;
	struct bundle *bundle;
	struct spec_problems *problems;
	void *files;		/* of struct read_file, by path */
};

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct read_file *)a)->path, ((const struct read_file *)b)->path);
}

static void free_file(void *pointer)
{
	struct read_file *file = pointer;

	free(file->path);
	free(file->place);
	free(file->keys);
	free(file);
}

static void naming_release(struct naming *naming)
{
	tdestroy(naming->files, free_file);
}

/* Relative to the folder of the file that names it; absolute in the end: qm is to find it too. */
static char *resolve_path(const struct spec *spec, const char *from, const char *name)
{
	CLEANUP(scope_free) char *beside = path_beside(from ? from : spec->path, name);
	CLEANUP(scope_free) char *here = NULL;

	if (beside[0] == '/')
		return memory_copy(beside);
	here = getcwd(NULL, 0);
	return memory_print("%s/%s", here ? here : ".", beside);
}

/* The file that a value names, read now if it was not yet. */
static const struct read_file *fetch_file(struct naming *naming, const struct spec_value *value)
{
	struct read_file *file = memory_new(1, sizeof(*file)), **found;
	CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
	const char *from;

	spec_problems_locate(naming->problems, value->line, &from);
	file->path = resolve_path(naming->spec, from, value->text);
	found = tsearch(file, &naming->files, compare_files);
	if (!found)
		abort();	/* out of memory */
	if (*found != file) {
		free_file(file);
		return *found;
	}
	if (keyfile_read(naming->bundle, file->path, &keys, &file->err) == 0)
		file->keys = strbuf_detach(&keys);
	file->place = bundle_place(naming->bundle, file->path);
	return file;
}

static enum key_id key_file_of(const struct spec_section *section)
{
	return section->scope == SCOPE_TEMPLATE ? KEY_MASTER_KEY : KEY_SSH_KEYS;
}

/* Read what each section itself names, so that a bad file is reported where it is named. */
static void read_key_files(struct naming *naming, struct spec_section **sections, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum key_id key = key_file_of(sections[i]);
		const struct spec_value *value = sections[i]->values[key];
		const struct read_file *file;

		if (!value || value->refused)
			continue;
		file = fetch_file(naming, value);
		if (!file->keys)
			spec_problem_add(naming->problems, value->line, "%s \"%s\": %s: %s: %s",
					 key_scope_name(sections[i]->scope), sections[i]->name,
					 key_table[key].name, file->path, file->err.text);
	}
}

static void hand_out_keys(struct naming *naming, struct spec_section **sections, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct spec_value *value =
			spec_value(sections[i], key_file_of(sections[i]));
		const struct read_file *file;

		if (!value || value->refused)
			continue;
		file = fetch_file(naming, value);
		sections[i]->ssh_keys = memory_copy(file->keys);
		sections[i]->ssh_keys_path = memory_copy(file->place);
	}
}

static void read_snippets(struct naming *naming)
{
	for (size_t i = 0; i < naming->spec->snippet_count; i++) {
		struct spec_section *snippet = naming->spec->snippets[i];
		const struct spec_value *value = spec_said(snippet, KEY_SNIPPET_FILE);
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		CLEANUP(scope_free) char *path = NULL;
		struct error err = { 0 };
		const char *from;

		if (!value)
			continue;
		spec_problems_locate(naming->problems, value->line, &from);
		path = resolve_path(naming->spec, from, value->text);
		if (snippet_file_read(naming->bundle, path, &text, &err) == 0)
			spec_set_snippet(snippet, text.buf);
		else
			spec_problem_add(naming->problems, value->line, "%s \"%s\": %s: %s: %s",
					 key_scope_name(snippet->scope), snippet->name,
					 key_table[KEY_SNIPPET_FILE].name, path, err.text);
	}
}

/* What a template puts into its guest, LOCAL:GUEST, is found where it was kept. */
static void place_guest_files(struct bundle *bundle, struct spec_section *template)
{
	struct spec_value *value = template->values[KEY_FILES];

	for (size_t i = 0; value && i < value->list.count; i++) {
		char *pair = value->list.items[i];
		CLEANUP(scope_free) char *local = memory_print("%.*s", (int)strcspn(pair, ":"),
							       pair);
		CLEANUP(scope_free) char *place = bundle_place(bundle, local);

		value->list.items[i] = memory_print("%s%s", place, pair + strlen(local));
		free(pair);
	}
}

int spec_conf_read_guest_files(const struct spec *spec, struct bundle *bundle, struct error *err)
{
	for (size_t i = 0; i < spec->template_count; i++) {
		const struct spec_value *value = spec->templates[i]->values[KEY_FILES];

		for (size_t j = 0; value && j < value->list.count; j++) {
			const char *pair = value->list.items[j];
			CLEANUP(scope_free) char *local =
				memory_print("%.*s", (int)strcspn(pair, ":"), pair);
			CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

			if (read_text(bundle, local, &text, err) < 0)
				return error_prefix(err, "template \"%s\": files",
						    spec->templates[i]->name);
		}
	}
	return 0;
}

int spec_conf_read(struct spec *spec, struct bundle *bundle, struct spec_problems *problems,
		   struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(naming_release) struct naming naming = {
		.spec = spec, .bundle = bundle, .problems = problems,
	};
	CLEANUP(scope_free) char *identity = realpath(bundle->config, NULL);
	struct included included = { .bundle = bundle };
	const struct spec_includer includer = { read_included, &included, identity };

	if (read_text(bundle, bundle->config, &text, err) < 0)
		return -1;
	included.size = text.len;
	spec->path = memory_copy(bundle->config);
	spec_conf_parse(spec, &text, &includer, problems);
	read_key_files(&naming, spec->clusters, spec->cluster_count);
	read_key_files(&naming, spec->roles, spec->role_count);
	read_key_files(&naming, spec->vms, spec->vm_count);
	read_key_files(&naming, spec->templates, spec->template_count);
	read_snippets(&naming);
	spec_check(spec, problems);
	hand_out_keys(&naming, spec->vms, spec->vm_count);
	hand_out_keys(&naming, spec->templates, spec->template_count);
	/* one that was not sent would be read here, and the guest shown what the node has */
	if (bundle->sealed && spec_conf_read_guest_files(spec, bundle, err) < 0)
		return -1;
	for (size_t i = 0; bundle->sealed && i < spec->template_count; i++)
		place_guest_files(bundle, spec->templates[i]);
	return 0;
}
