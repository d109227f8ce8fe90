/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"

static struct bundle_file *find(const struct bundle *bundle, const char *path)
{
	for (size_t i = 0; i < bundle->count; i++)
		if (strcmp(bundle->files[i].path, path) == 0)
			return &bundle->files[i];
	return NULL;
}

static struct bundle_file *add(struct bundle *bundle, const char *path)
{
	struct bundle_file *file = &MEMORY_PUSH(bundle->files, bundle->count);

	*file = (struct bundle_file){ .path = memory_copy(path), .text = STRBUF_INIT };
	return file;
}

/* 1: there may be more; 0: the end; -1 */
static int read_some(int fd, struct strbuf *text, struct error *err)
{
	char chunk[65536];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	if (got < 0 && errno != EINTR)
		return error_set_errno(err, "cannot be read");
	if (got > 0)
		strbuf_add(text, chunk, (size_t)got);
	return got != 0;
}

static int read_disk(const char *path, size_t limit, struct strbuf *text, struct error *err)
{
	CLEANUP(scope_close) int fd = file_open_trusted(path, err);
	int more = fd < 0 ? -1 : 1;

	while (more > 0 && text->len <= limit)
		more = read_some(fd, text, err);
	return more < 0 ? -1 : 0;
}

int bundle_read(struct bundle *bundle, const char *path, size_t limit, struct strbuf *text,
		struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf read = STRBUF_INIT;
	struct bundle_file *file = find(bundle, path);

	if (!file && bundle->sealed)
		return error_set(err, ERROR_SPEC, "was not sent along");
	if (!file) {
		if (read_disk(path, limit, &read, err) < 0)
			return -1;
		file = add(bundle, path);
		strbuf_add(&file->text, read.buf, read.len);
	}
	strbuf_add(text, file->text.buf, file->text.len);
	return 0;
}

/* By what it holds, so that the same plan names the same files. */
static char *place_of(const struct bundle *bundle, const struct bundle_file *file)
{
	char digest[DIGEST_SHA256_TEXT];

	return memory_print("%s/%s", bundle->folder,
			    digest_sha256(file->text.buf, file->text.len, digest));
}

char *bundle_place(struct bundle *bundle, const char *path)
{
	struct bundle_file *file = bundle->sealed ? find(bundle, path) : NULL;

	if (!file)
		return memory_copy(path);
	file->placed = true;
	return place_of(bundle, file);
}

char *bundle_print(const struct bundle *bundle, const char **unsendable)
{
	json_t *files = json_object(), *document;
	char *line = NULL;

	*unsendable = NULL;
	for (size_t i = 0; i < bundle->count && !*unsendable; i++) {
		const struct bundle_file *file = &bundle->files[i];
		json_t *text = json_stringn(file->text.buf, file->text.len);

		if (!text || memchr(file->text.buf, '\0', file->text.len) ||
		    json_object_set_new(files, file->path, text) < 0)
			*unsendable = file->path;
	}
	document = json_pack("{s:i, s:s, s:s, s:o}", "bundle", BUNDLE_FORMAT,
			     "version", PACKAGE_VERSION, "config", bundle->config,
			     "files", files);
	if (!*unsendable)
		line = json_dumps(document, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(document);
	return line;
}

static int take_files(struct bundle *bundle, json_t *files, struct error *err)
{
	const char *path;
	json_t *text;

	json_object_foreach(files, path, text) {
		if (!json_is_string(text))
			return error_set(err, ERROR_SPEC, "the bundle is damaged: make it anew "
							  "with vyom bundle");
		strbuf_add(&add(bundle, path)->text, json_string_value(text),
			   json_string_length(text));
	}
	return 0;
}

static int parse(struct bundle *bundle, const char *line, size_t len, struct error *err)
{
	json_t *document = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_int_t format = json_integer_value(json_object_get(document, "bundle"));
	const char *config = json_string_value(json_object_get(document, "config"));
	const char *version = json_string_value(json_object_get(document, "version"));
	int result = -1;

	if (!format || !config || !version)
		error_set(err, ERROR_SPEC, "standard input is no config, and the bundle that it "
			  "seems to be is damaged: make it with vyom bundle");
	else if (format != BUNDLE_FORMAT)
		error_set(err, ERROR_REFUSED, "the bundle is vyom %.40s's, which this vyom %s "
			  "does not understand: install the same version on both machines "
			  "(vyom -H NODE deploy)", version, PACKAGE_VERSION);
	else
		result = take_files(bundle, json_object_get(document, "files"), err);
	if (result == 0)
		bundle->config = memory_copy(config);
	json_decref(document);
	return result;
}

/* The whole line, and what came in behind it; or all there is, if it is no bundle. */
static int receive_text(int fd, struct strbuf *text, struct error *err)
{
	int more = 1;

	while (more > 0 && !(text->len && *text->buf == '{' && memchr(text->buf, '\n', text->len))) {
		more = read_some(fd, text, err);
		if (text->len > BUNDLE_LARGEST)
			return error_set(err, ERROR_SPEC, "is larger than 16 MiB, which is no "
							  "vyom.conf");
	}
	return more < 0 ? -1 : 0;
}

int bundle_receive(struct bundle *bundle, const char *folder, int fd, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	size_t len;

	if (receive_text(fd, &text, err) < 0)
		return error_prefix(err, BUNDLE_STDIN);
	if (!text.len || *text.buf != '{') {
		bundle->config = memory_copy(BUNDLE_STDIN);
		strbuf_add(&add(bundle, BUNDLE_STDIN)->text, text.buf, text.len);
		return 0;
	}
	len = strcspn(text.buf, "\n");
	bundle->sealed = true;
	bundle->stop = text.len > len + 1;
	bundle->folder = memory_copy(folder);
	return parse(bundle, text.buf, len, err);
}

/* Complete or not there: its name says what it holds. */
static int keep(const struct bundle *bundle, const struct bundle_file *file, struct error *err)
{
	CLEANUP(scope_free) char *path = place_of(bundle, file);
	CLEANUP(scope_free) char *temporary = memory_print("%s/new.XXXXXX", bundle->folder);
	CLEANUP(scope_close) int fd = -1;

	if (access(path, R_OK) == 0)
		return 0;
	fd = mkstemp(temporary);
	if (fd < 0)
		return error_set_errno(err, "%s", temporary);
	if (file_write(fd, file->text.buf, file->text.len) == 0 && fsync(fd) == 0 &&
	    rename(temporary, path) == 0)
		return 0;
	error_set_errno(err, "%s", path);
	unlink(temporary);
	return -1;
}

int bundle_keep(const struct bundle *bundle, struct error *err)
{
	if (!bundle->sealed)
		return 0;
	if (mkdir(bundle->folder, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, "%s", bundle->folder);
	for (size_t i = 0; i < bundle->count; i++)
		if (bundle->files[i].placed && keep(bundle, &bundle->files[i], err) < 0)
			return -1;
	return 0;
}

void bundle_release(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++) {
		free(bundle->files[i].path);
		strbuf_release(&bundle->files[i].text);
	}
	free(bundle->files);
	free(bundle->config);
	free(bundle->folder);
	*bundle = (struct bundle){ .files = NULL };
}
