/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "golden_state.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/state.h"
#include "model/vmconf.h"

struct reader {
	const char *folder;
	struct state *state;
	struct record_vms *records;
	struct strvec *confs;	/* one a guest, in the order of state's */
	size_t conf_count;
	struct strvec *conf;	/* of the guest that the last line was about */
};

static void reader_release(struct reader *reader)
{
	for (size_t i = 0; i < reader->conf_count; i++)
		strvec_release(&reader->confs[i]);
	free(reader->confs);
}

/* Each of these gives what the line is about: as said before, or new. */

static void *obtain_node(struct reader *reader, const char *name)
{
	free(reader->state->node);
	reader->state->node = memory_copy(name);
	return reader->state;
}

static void *obtain_storage(struct reader *reader, const char *id)
{
	struct state *state = reader->state;
	struct state_storage *storage = state_find_storage(state, id);

	if (storage)
		return storage;
	storage = &MEMORY_PUSH(state->storages, state->storage_count);
	*storage = (struct state_storage){ .id = memory_copy(id), .images = true };
	return storage;
}

/* "pve/data": length of the first part; 0 if there is no second. */
static int cut(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? (int)(slash - path) : 0;
}

static void *obtain_pool(struct reader *reader, const char *path)
{
	struct thin_pools *pools = &reader->state->pools;
	CLEANUP(scope_free) char *vg = memory_print("%.*s", cut(path), path);
	const char *name = path + cut(path) + 1;
	struct thin_pool *pool = thin_pools_find(pools, vg, name);

	if (pool)
		return pool;
	pool = &MEMORY_PUSH(pools->items, pools->count);
	*pool = (struct thin_pool){ .vg = memory_copy(vg), .name = memory_copy(name),
				    .mode = THIN_MODE_RW };
	return pool;
}

static void *obtain_volume(struct reader *reader, const char *path)
{
	struct thin_volumes *volumes = &reader->state->volumes;
	CLEANUP(scope_free) char *vg = memory_print("%.*s", cut(path), path);
	const char *name = path + cut(path) + 1;
	struct thin_volume *volume;

	thin_volumes_sort(volumes);
	volume = thin_volumes_find(volumes, vg, name);
	if (volume)
		return volume;
	volume = &MEMORY_PUSH(volumes->items, volumes->count);
	*volume = (struct thin_volume){ .vg = memory_copy(vg), .name = memory_copy(name),
					.active = true };
	thin_volume_parse_name(volume);
	return volume;
}

static void *obtain_guest(struct reader *reader, const char *id)
{
	struct state *state = reader->state;
	unsigned vmid = (unsigned)strtoul(id, NULL, 10);
	size_t i = 0;

	while (i < state->guest_count && state->guests[i].vmid != vmid)
		i++;
	if (i == state->guest_count) {
		MEMORY_PUSH(state->guests, state->guest_count) =
			(struct state_guest){ .vmid = vmid };
		MEMORY_PUSH(reader->confs, reader->conf_count) = (struct strvec)STRVEC_INIT;
	}
	reader->conf = &reader->confs[i];
	return &state->guests[i];
}

static void *obtain_record(struct reader *reader, const char *id)
{
	struct record_vms *records = reader->records;
	unsigned vmid = (unsigned)strtoul(id, NULL, 10);
	struct record_vm *record;

	for (size_t i = 0; i < records->count; i++)
		if (records->items[i].vmid == vmid)
			return &records->items[i];
	record = &MEMORY_PUSH(records->items, records->count);
	*record = (struct record_vm){ .vmid = vmid, .run = 1 };
	return record;
}

static void *obtain_template(struct reader *reader, const char *id)
{
	struct record_templates *templates = &reader->records->templates;
	unsigned vmid = (unsigned)strtoul(id, NULL, 10);

	if (!record_templates_find(templates, vmid))
		record_templates_put(templates, (struct record_template){
			.vmid = vmid, .run = 1, .generation = 1, .name = memory_copy("noble"),
			.image = memory_copy(""), .uuid = memory_copy(""),
			.key = memory_copy(GOLDEN_STATE_KEY) });
	return record_templates_find(templates, vmid);
}

/* Over an id that was free, if nothing else is said. */
static void *obtain_doubt(struct reader *reader, const char *id)
{
	struct record_steps *steps = &reader->records->in_doubt;
	struct record_step *step = &MEMORY_PUSH(steps->items, steps->count);

	*step = (struct record_step){ .vmid = (unsigned)strtoul(id, NULL, 10), .run = 3,
				      .before = memory_copy(RECORD_NO_CONFIG),
				      .result = RECORD_INTERRUPTED };
	return step;
}

static void *obtain_bridge(struct reader *reader, const char *name)
{
	struct state *state = reader->state;
	struct state_mtu *mtu = &MEMORY_PUSH(state->mtus, state->mtu_count);

	*mtu = (struct state_mtu){ memory_copy(name), 0 };
	return mtu;
}

static void *obtain_copy(struct reader *reader, const char *volume)
{
	struct record_copies *copies = &reader->records->copies;

	if (!record_copies_find(copies, volume))
		record_copies_put(copies, (struct record_copy){ .volume = memory_copy(volume) });
	return record_copies_find(copies, volume);
}

static void *obtain_snippet(struct reader *reader, const char *volid)
{
	struct state *state = reader->state;
	struct state_snippet *snippet = state_find_snippet(state, volid);

	if (snippet)
		return snippet;
	snippet = &MEMORY_PUSH(state->snippets, state->snippet_count);
	*snippet = (struct state_snippet){ .volid = memory_copy(volid), .text = STRBUF_INIT };
	return snippet;
}

static void *obtain_wrote(struct reader *reader, const char *volid)
{
	struct record_steps *steps = &reader->records->snippets;
	struct record_step *step = &MEMORY_PUSH(steps->items, steps->count);

	*step = (struct record_step){ .run = 1, .vm = memory_copy(volid), .result = RECORD_DONE };
	return step;
}

static void *obtain_held(struct reader *reader, const char *id)
{
	struct state *state = reader->state;

	MEMORY_PUSH(state->held, state->held_count) = (unsigned)strtoul(id, NULL, 10);
	return state;
}

/* What a line may say of its subject: a word, and for the types before FLAG a value behind it. */
static const struct field {
	void *(*obtain)(struct reader *reader, const char *subject);
	const char *keyword, *word;
	enum { TEXT, LIST, MORE, SIZE, USAGE, COUNT, WHEN, HOLDS, WROTE, FLAG, CHOICE, TIME, CLASH } type;
	size_t offset;
	int choice;	/* what a FLAG's or CHOICE's word means */
} fields[] = {
#define FIELD(subject, kind, word, type, member, choice)                                           \
	{ obtain_##subject, #subject, word, type, offsetof(struct kind, member), choice }
	FIELD(node, state, "memory", SIZE, memory, 0),
	FIELD(node, state, "cpus", COUNT, cpus, 0),
	FIELD(node, state, "bridge", LIST, bridges, 0),
	FIELD(node, state, "cpu-model", LIST, cpu_models, 0),
	FIELD(node, state, "lacks-snippet", LIST, lost_snippets, 0),
	FIELD(node, state, "resource-pool", LIST, resource_pools, 0),
	FIELD(node, state, "no-quorum", FLAG, quorate, false),
	FIELD(node, state, "lvs-asked", FLAG, lvs_asked, true),
	FIELD(bridge, state_mtu, "mtu", COUNT, mtu, 0),
	FIELD(storage, state_storage, "type", TEXT, type, 0),
	FIELD(storage, state_storage, "vg", TEXT, vg, 0),
	FIELD(storage, state_storage, "pool", TEXT, pool, 0),
	FIELD(storage, state_storage, "disabled", FLAG, disabled, true),
	FIELD(storage, state_storage, "no-images", FLAG, images, false),
	FIELD(pool, thin_pool, "data", USAGE, data_used, 0),
	FIELD(pool, thin_pool, "metadata", USAGE, meta_used, 0),
	FIELD(pool, thin_pool, "extent", SIZE, extent, 0),
	FIELD(pool, thin_pool, "read-only", CHOICE, mode, THIN_MODE_RO),
	FIELD(pool, thin_pool, "needs-check", FLAG, needs_check, true),
	FIELD(volume, thin_volume, "in", TEXT, pool, 0),
	FIELD(volume, thin_volume, "from", TEXT, origin, 0),
	FIELD(volume, thin_volume, "size", SIZE, size, 0),
	FIELD(volume, thin_volume, "mapped", SIZE, mapped, 0),
	FIELD(volume, thin_volume, "inactive", FLAG, active, false),
	FIELD(volume, thin_volume, "open", FLAG, open, true),
	FIELD(volume, thin_volume, "read-only", FLAG, read_only, true),
	FIELD(volume, thin_volume, "skipped", FLAG, skip, true),
	FIELD(guest, state_guest, "on", TEXT, node, 0),
	FIELD(guest, state_guest, "container", CHOICE, kind, STATE_LXC),
	FIELD(guest, state_guest, "in-pool", TEXT, pool, 0),
	FIELD(guest, state_guest, "ha", TEXT, ha, 0),
	FIELD(guest, state_guest, "replicated", TEXT, replication, 0),
	FIELD(guest, state_guest, "running", CHOICE, pid, 4711),
	FIELD(guest, state_guest, "since", WHEN, since, 0),
	FIELD(record, record_vm, "cluster", TEXT, cluster, 0),
	FIELD(record, record_vm, "name", TEXT, name, 0),
	FIELD(record, record_vm, "uuid", TEXT, uuid, 0),
	FIELD(record, record_vm, "vmgenid", TEXT, vmgenid, 0),
	FIELD(record, record_vm, "started", FLAG, started, true),
	FIELD(record, record_vm, "suspect", FLAG, suspect, true),
	FIELD(copy, record_copy, "of", COUNT, vmid, 0),
	FIELD(copy, record_copy, "slot", TEXT, slot, 0),
	FIELD(copy, record_copy, "source", TEXT, source, 0),
	FIELD(copy, record_copy, "suspect", FLAG, suspect, true),
	FIELD(template, record_template, "name", TEXT, name, 0),
	FIELD(template, record_template, "uuid", TEXT, uuid, 0),
	FIELD(template, record_template, "key", TEXT, key, 0),
	FIELD(template, record_template, "prepared", FLAG, prepared, true),
	FIELD(template, record_template, "sealed", TIME, sealed, 0),
	FIELD(doubt, record_step, "verb", TEXT, verb, 0),
	FIELD(doubt, record_step, "vm", TEXT, vm, 0),
	FIELD(doubt, record_step, "before", TEXT, before, 0),
	FIELD(doubt, record_step, "had", MORE, before, 0),
	FIELD(doubt, record_step, "clash", CLASH, output, 0),
	FIELD(snippet, state_snippet, "at", TEXT, path, 0),
	FIELD(snippet, state_snippet, "hindered", TEXT, hindrance, 0),
	FIELD(snippet, state_snippet, "holds", HOLDS, volid, 0),
	FIELD(wrote, record_step, "text", WROTE, argv, 0),
	FIELD(wrote, record_step, "at", WHEN, ended, 0),
	FIELD(held, state, "by-a-qm", FLAG, mounted, true),
};

/* word NULL: any field of the keyword. */
static const struct field *find_field(const char *keyword, const char *word)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcmp(fields[i].keyword, keyword) == 0 &&
		    (!word || strcmp(fields[i].word, word) == 0))
			return &fields[i];
	return NULL;
}

/* "20G/500G" into two numbers that stand side by side. */
static bool set_usage(uint64_t *used, char *value)
{
	char *total = value + cut(value);

	*total++ = '\0';
	return number_parse_size(value, used) && number_parse_size(total, used + 1);
}

static void hold(struct state_snippet *snippet, const char *text)
{
	snippet->there = true;
	strbuf_adds(&snippet->text, text);
	digest_sha256(text, strlen(text), snippet->digest);
}

static void write_text(struct record_step *step, const char *text)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	char digest[DIGEST_SHA256_TEXT];

	qm_snippet(&argv, step->vm, digest_sha256(text, strlen(text), digest));
	strvec_quote_line(&argv, &line);
	step->argv = strbuf_detach(&line);
}

static bool set_field(const struct field *field, void *thing, char *value)
{
	void *place = (char *)thing + field->offset;
	CLEANUP(scope_free) char *old = NULL;

	switch (field->type) {
	case TEXT:
		free(*(char **)place);
		*(char **)place = memory_copy(value);
		return true;
	case MORE:
		old = *(char **)place;
		*(char **)place = memory_print("%s, %s", old, value);
		return true;
	case LIST:
		strvec_push(place, value);
		return true;
	case SIZE:
		return number_parse_size(value, place);
	case USAGE:
		return set_usage(place, value);
	case COUNT:
		*(unsigned *)place = (unsigned)strtoul(value, NULL, 10);
		return true;
	case WHEN:
		*(double *)place = strtod(value, NULL);
		return true;
	case HOLDS:
		hold(thing, value);
		return true;
	case WROTE:
		write_text(thing, value);
		return true;
	case FLAG:
		*(bool *)place = field->choice;
		return true;
	case CHOICE:
		*(int *)place = field->choice;
		return true;
	case TIME:
		*(double *)place = 1;
		return true;
	case CLASH:
		*(char **)place = memory_copy("unable to create VM 101: config file already exists\n");
		return true;
	}
	return false;
}

static bool read_words(struct reader *reader, char *rest)
{
	const char *keyword = strsep(&rest, " "), *subject = strsep(&rest, " "), *word;
	const struct field *field = find_field(keyword, NULL);
	void *thing;

	if (!field || !subject)
		return false;
	reader->conf = NULL;
	thing = field->obtain(reader, subject);
	while ((word = strsep(&rest, " "))) {
		field = find_field(keyword, word);
		if (!field || (field->type < FLAG && !rest) ||
		    !set_field(field, thing, field->type < FLAG ? strsep(&rest, " ") : NULL))
			return false;
	}
	return true;
}

/* "-key" takes away all lines of that key, "-#text" that line. */
static bool read_conf_line(struct strvec *conf, const char *line)
{
	size_t len = strlen(line) - 1;
	bool found = false;

	if (!conf)
		return false;
	if (*line != '-') {
		strvec_push(conf, line);
		return true;
	}
	for (size_t i = 0; i < conf->count; i++) {
		char *other = conf->items[i];

		if (strncmp(other, line + 1, len) != 0 || (other[len] && other[len] != ':'))
			continue;
		*other = '\0';
		found = true;
	}
	return found;
}

static int read_lines(struct reader *reader, const char *text, bool conf, struct error *err);

static int include(struct reader *reader, const char *name, bool conf, struct error *err)
{
	CLEANUP(scope_free) char *path = memory_print("%s/%s", reader->folder, name);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (file_read(path, &text) < 0)
		return error_set_errno(err, "%s", path);
	return read_lines(reader, text.buf, conf, err);
}

/* conf: the lines are a config's, whether a tab stands in front or not. */
static int read_lines(struct reader *reader, const char *text, bool conf, struct error *err)
{
	CLEANUP(scope_free) char *copy = memory_copy(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		CLEANUP(scope_free) char *whole = memory_copy(line);
		bool in_conf = conf || *line == '\t', good;

		line += *line == '\t';
		if (*line == '\0' || (*line == '#' && !in_conf))
			continue;
		if (strncmp(line, "include ", 8) == 0) {
			if (include(reader, line + 8, in_conf, err) < 0)
				return -1;
			continue;
		}
		good = in_conf ? read_conf_line(reader->conf, line) : read_words(reader, line);
		if (!good)
			return error_set(err, ERROR_SPEC, "not understood: %s", whole);
	}
	return 0;
}

static void mark_volume(const char *volid, void *context)
{
	struct thin_volume *volume = state_find_volume(context, volid);

	if (volume)
		volume->referenced = true;
}

static void finish_guest(struct state *state, struct state_guest *guest, const struct strvec *lines)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (!guest->node)
		guest->node = memory_copy(state->node);
	guest->local = strcmp(guest->node, state->node) == 0;
	for (size_t i = 0; i < lines->count; i++)
		strbuf_addf(&text, "%s\n", lines->items[i]);
	if (!guest->local || guest->kind != STATE_QEMU || !text.len)
		return;
	guest->conf = vmconf_parse(text.buf, text.len);
	vmconf_each_volume(guest->conf, mark_volume, state);
}

static int compare_guests(const void *a, const void *b)
{
	return (int)((const struct state_guest *)a)->vmid - (int)((const struct state_guest *)b)->vmid;
}

static int compare_records(const void *a, const void *b)
{
	return (int)((const struct record_vm *)a)->vmid - (int)((const struct record_vm *)b)->vmid;
}

int golden_state_read(const char *text, const char *folder, struct state *state,
		      struct record_vms *records, struct error *err)
{
	CLEANUP(reader_release) struct reader reader = { folder, state, records, NULL, 0, NULL };

	*state = (struct state){ .node = memory_copy("pve"), .mounted = true, .quorate = true,
				 .bridges = STRVEC_INIT };
	if (read_lines(&reader, text, false, err) < 0)
		return -1;
	thin_volumes_sort(&state->volumes);
	for (size_t i = 0; i < state->guest_count; i++)
		finish_guest(state, &state->guests[i], &reader.confs[i]);
	if (state->guest_count)
		qsort(state->guests, state->guest_count, sizeof(*state->guests), compare_guests);
	if (records->count)
		qsort(records->items, records->count, sizeof(*records->items), compare_records);
	return 0;
}
