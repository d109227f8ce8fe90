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
	struct state *state;
	struct record_vms *records;
	struct strvec *confs;	/* one a guest, in the order of state's */
	size_t conf_count;
	struct strvec *conf;	/* of the guest that is being described */
};

static void reader_release(struct reader *reader)
{
	for (size_t i = 0; i < reader->conf_count; i++)
		strvec_release(&reader->confs[i]);
	free(reader->confs);
}

/* The lines of text, and in place of "include NAME" those of folder/NAME. */
static int expand(const char *text, const char *folder, const char *indent, struct strvec *lines,
		  struct error *err)
{
	CLEANUP(scope_free) char *copy = memory_copy(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		CLEANUP(strbuf_release) struct strbuf included = STRBUF_INIT;
		CLEANUP(scope_free) char *path = NULL;
		const char *word = line + (*line == '\t');

		if (strncmp(word, "include ", 8) != 0) {
			strvec_pushf(lines, "%s%s", indent, line);
			continue;
		}
		path = memory_print("%s/%s", folder, word + 8);
		if (file_read(path, &included) < 0)
			return error_set_errno(err, "%s", path);
		if (expand(included.buf, folder, *line == '\t' ? "\t" : indent, lines, err) < 0)
			return -1;
	}
	return 0;
}

/* A line's words.  What was understood becomes "", so that a mistake is what is left. */
struct words {
	char *items[16];
	size_t count;
};

static char *take_any(struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		char *word = words->items[i];

		words->items[i] = word + strlen(word);
		if (*word)
			return word;
	}
	return NULL;
}

static bool take_word(struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->items[i], word) != 0)
			continue;
		words->items[i] += strlen(word);
		return true;
	}
	return false;
}

/* The word behind name, or NULL. */
static char *take_value(struct words *words, const char *name)
{
	for (size_t i = 0; i + 1 < words->count; i++) {
		char *value = words->items[i + 1];

		if (strcmp(words->items[i], name) != 0)
			continue;
		words->items[i] += strlen(name);
		words->items[i + 1] += strlen(value);
		return value;
	}
	return NULL;
}

/* "data 20G/500G", or without total "size 20G"; what is no size is left to be complained of. */
static void take_size(struct words *words, const char *name, uint64_t *size, uint64_t *total)
{
	char *text = take_value(words, name), *slash = text && total ? strchr(text, '/') : NULL;

	if (slash)
		*slash = '\0';
	if (text && (!number_parse_size(text, size) ||
		     (total && !number_parse_size(slash ? slash + 1 : "", total))))
		words->items[0] = text;
}

/* Cut "pve/data" in two; the second part, or NULL. */
static char *cut(char *word)
{
	char *slash = word ? strchr(word, '/') : NULL;

	if (slash)
		*slash++ = '\0';
	return slash;
}

static void read_node(struct reader *reader, char *name, struct words *words)
{
	(void)words;
	free(reader->state->node);
	reader->state->node = memory_copy(name);
}

static void read_memory(struct reader *reader, char *size, struct words *words)
{
	if (!number_parse_size(size, &reader->state->memory))
		words->items[0] = size;
}

static void read_quorum(struct reader *reader, char *answer, struct words *words)
{
	(void)words;
	reader->state->quorate = strcmp(answer, "yes") == 0;
}

static void read_bridge(struct reader *reader, char *name, struct words *words)
{
	for (; name; name = take_any(words))
		strvec_push(&reader->state->bridges, name);
}

static void read_storage(struct reader *reader, char *id, struct words *words)
{
	struct state *state = reader->state;
	struct state_storage *storage = state_find_storage(state, id);
	char *vg, *pool;

	if (!storage) {
		storage = &MEMORY_PUSH(state->storages, state->storage_count);
		*storage = (struct state_storage){ .id = memory_copy(id), .images = true };
	}
	if (take_word(words, "disabled"))
		storage->disabled = true;
	if (take_word(words, "no-images"))
		storage->images = false;
	if (storage->type)
		return;
	storage->type = memory_copy(take_any(words));
	vg = take_any(words);
	pool = cut(vg);
	storage->vg = memory_copy(vg);
	storage->pool = memory_copy(pool);
}

static void read_pool(struct reader *reader, char *vg, struct words *words)
{
	struct thin_pools *pools = &reader->state->pools;
	const char *name = cut(vg);
	struct thin_pool *pool = thin_pools_find(pools, vg, name);

	if (!pool) {
		pool = &MEMORY_PUSH(pools->items, pools->count);
		*pool = (struct thin_pool){ .vg = memory_copy(vg), .name = memory_copy(name),
					    .mode = THIN_MODE_RW };
	}
	take_size(words, "data", &pool->data_used, &pool->data_total);
	take_size(words, "metadata", &pool->meta_used, &pool->meta_total);
	take_size(words, "extent", &pool->extent, NULL);
	if (take_word(words, "read-only"))
		pool->mode = THIN_MODE_RO;
	if (take_word(words, "needs-check"))
		pool->needs_check = true;
}

/* Not yet sorted, so not thin_volumes_find. */
static struct thin_volume *obtain_volume(struct thin_volumes *volumes, const char *vg,
					 const char *name)
{
	struct thin_volume *volume;

	for (size_t i = 0; i < volumes->count; i++)
		if (strcmp(volumes->items[i].vg, vg) == 0 &&
		    strcmp(volumes->items[i].name, name) == 0)
			return &volumes->items[i];
	volume = &MEMORY_PUSH(volumes->items, volumes->count);
	*volume = (struct thin_volume){ .vg = memory_copy(vg), .name = memory_copy(name),
					.active = true };
	thin_volume_parse_name(volume);
	return volume;
}

static void read_volume(struct reader *reader, char *vg, struct words *words)
{
	const char *name = cut(vg), *pool = take_value(words, "in");
	struct thin_volume *volume = obtain_volume(&reader->state->volumes, vg, name);

	if (pool) {
		free(volume->pool);
		volume->pool = memory_copy(pool);
	}
	take_size(words, "size", &volume->size, NULL);
	take_size(words, "mapped", &volume->mapped, NULL);
	if (take_word(words, "inactive"))
		volume->active = false;
}

/* Its place in state's guests and in confs. */
static size_t obtain_guest(struct reader *reader, unsigned vmid)
{
	struct state *state = reader->state;

	for (size_t i = 0; i < state->guest_count; i++)
		if (state->guests[i].vmid == vmid)
			return i;
	MEMORY_PUSH(state->guests, state->guest_count) = (struct state_guest){ .vmid = vmid };
	MEMORY_PUSH(reader->confs, reader->conf_count) = (struct strvec)STRVEC_INIT;
	return state->guest_count - 1;
}

static void read_guest(struct reader *reader, char *id, struct words *words)
{
	const char *node = take_value(words, "on");
	struct state_guest *guest;
	uint64_t vmid = 0;
	size_t place;

	if (!number_parse_unsigned(id, QM_VMID_MIN, QM_VMID_MAX, &vmid))
		words->items[0] = id;
	place = obtain_guest(reader, (unsigned)vmid);
	guest = &reader->state->guests[place];
	reader->conf = &reader->confs[place];
	if (node)
		guest->node = memory_copy(node);
	if (take_word(words, "container"))
		guest->kind = STATE_LXC;
	if (take_word(words, "running"))
		guest->pid = 4711;
}

static void read_record(struct reader *reader, char *id, struct words *words)
{
	struct record_vms *records = reader->records;
	char *cluster = take_any(words), *name = cut(cluster);
	uint64_t vmid = 0;

	if (!name || !number_parse_unsigned(id, QM_VMID_MIN, QM_VMID_MAX, &vmid))
		words->items[0] = id;
	MEMORY_PUSH(records->items, records->count) = (struct record_vm){
		.vmid = (unsigned)vmid, .cluster = memory_copy(cluster),
		.name = memory_copy(name), .uuid = memory_copy(take_any(words)), .run = 1
	};
}

static const struct keyword {
	const char *word;
	bool slash;	/* is it about A/B? */
	void (*read)(struct reader *reader, char *subject, struct words *words);
} keywords[] = {
	{ "node",	false,	read_node },
	{ "memory",	false,	read_memory },
	{ "quorum",	false,	read_quorum },
	{ "bridge",	false,	read_bridge },
	{ "storage",	false,	read_storage },
	{ "pool",	true,	read_pool },
	{ "volume",	true,	read_volume },
	{ "guest",	false,	read_guest },
	{ "record",	false,	read_record },
};

static const struct keyword *find_keyword(const char *word)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (strcmp(keywords[i].word, word) == 0)
			return &keywords[i];
	return NULL;
}

/* A line of the guest's config; "-key" takes away the lines of key so far. */
static int read_conf_line(struct reader *reader, const char *line, struct error *err)
{
	struct strvec *conf = reader->conf;
	size_t len = strlen(line), taken = 0;

	if (!conf)
		return error_set(err, ERROR_SPEC, "no guest has this config: %s", line);
	if (*line != '-') {
		strvec_push(conf, line);
		return 0;
	}
	for (size_t i = 0; i < conf->count; i++) {
		char *other = conf->items[i];

		if (strncmp(other, line + 1, len - 1) != 0 || other[len - 1] != ':')
			continue;
		*other = '\0';
		taken++;
	}
	return taken ? 0 : error_set(err, ERROR_SPEC, "there is nothing to take away: %s", line);
}

static int read_line(struct reader *reader, char *line, struct error *err)
{
	CLEANUP(scope_free) char *copy = memory_copy(line);
	const struct keyword *keyword;
	struct words words = { .count = 0 };
	char *rest = copy, *word, *subject;

	if (*line == '\t')
		return read_conf_line(reader, line + 1, err);
	if (*line == '#' || *line == '\0')
		return 0;
	while (words.count < sizeof(words.items) / sizeof(*words.items) &&
	       (word = strsep(&rest, " ")))
		words.items[words.count++] = word;
	keyword = find_keyword(take_any(&words));
	subject = take_any(&words);
	if (!keyword || !subject || (keyword->slash && !strchr(subject, '/')))
		return error_set(err, ERROR_SPEC, "not understood: %s", line);
	reader->conf = NULL;
	keyword->read(reader, subject, &words);
	word = take_any(&words);
	return word ? error_set(err, ERROR_SPEC, "not understood: %s in %s", word, line) : 0;
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
	if (!guest->local || guest->kind != STATE_QEMU || !lines->count)
		return;
	for (size_t i = 0; i < lines->count; i++)
		strbuf_addf(&text, "%s\n", lines->items[i]);
	guest->conf = vmconf_parse(text.buf, text.len);
	vmconf_each_volume(guest->conf, mark_volume, state);
}

static int compare_guests(const void *a, const void *b)
{
	unsigned x = ((const struct state_guest *)a)->vmid, y = ((const struct state_guest *)b)->vmid;

	return (x > y) - (x < y);
}

static int compare_records(const void *a, const void *b)
{
	unsigned x = ((const struct record_vm *)a)->vmid, y = ((const struct record_vm *)b)->vmid;

	return (x > y) - (x < y);
}

/* What can be done only when all is read: the order that look-ups rely on. */
static void finish(struct reader *reader)
{
	struct state *state = reader->state;
	struct record_vms *records = reader->records;

	thin_volumes_sort(&state->volumes);
	for (size_t i = 0; i < state->guest_count; i++)
		finish_guest(state, &state->guests[i], &reader->confs[i]);
	if (state->guest_count)
		qsort(state->guests, state->guest_count, sizeof(*state->guests), compare_guests);
	if (records->count)
		qsort(records->items, records->count, sizeof(*records->items), compare_records);
}

int golden_state_read(const char *text, const char *folder, struct state *state,
		      struct record_vms *records, struct error *err)
{
	CLEANUP(reader_release) struct reader reader = { .state = state, .records = records };
	CLEANUP(strvec_release) struct strvec lines = STRVEC_INIT;

	*state = (struct state){ .node = memory_copy("pve"), .mounted = true, .quorate = true,
				 .bridges = STRVEC_INIT };
	if (expand(text, folder, "", &lines, err) < 0)
		return -1;
	for (size_t i = 0; i < lines.count; i++)
		if (read_line(&reader, lines.items[i], err) < 0)
			return -1;
	finish(&reader);
	return 0;
}
