/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/snippet_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/bundle.h"
#include "edge/snippet_file_part.h"
#include "model/state.h"

int snippet_file_read(struct bundle *bundle, const char *path, struct strbuf *text, struct error *err)
{
	size_t before = text->len;

	if (bundle_read(bundle, path, SNIPPET_LARGEST, text, err) < 0)
		return -1;
	if (text->len == before)
		return error_set(err, ERROR_SPEC, "is empty; put into it what cloud-init is to read");
	if (text->len - before > SNIPPET_LARGEST)
		return error_set(err, ERROR_SPEC, "is larger than 1 MiB, and Proxmox takes no such "
						  "snippet");
	if (memchr(text->buf + before, '\0', text->len - before))
		return error_set(err, ERROR_SPEC, "is no text: it has a NUL in it");
	return 0;
}

/* --- on the node --- */

int snippet_file_open_folder(const char *root, const char *path, const char **name)
{
	CLEANUP(scope_free) char *folder = memory_print("%s%s", root, path);
	char *slash = strrchr(folder, '/');

	*name = strrchr(path, '/') + 1;
	*slash = '\0';
	return open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static char *explain_folder(const struct state_snippet *snippet, int failure)
{
	int folder = (int)(strrchr(snippet->path, '/') - snippet->path);

	if (failure == ENOENT)
		return memory_print("its folder %.*s is not there, and Proxmox makes it when it looks "
				    "at the storage: pvesm status --storage %.*s; is something to be "
				    "mounted there?", folder, snippet->path,
				    (int)strcspn(snippet->volid, ":"), snippet->volid);
	if (failure == ENOTDIR || failure == ELOOP)
		return memory_print("%.*s is a symlink, or no folder, and vyom writes nothing behind "
				    "one: make it a folder", folder, snippet->path);
	return memory_print("%.*s cannot be opened: %s", folder, snippet->path, strerror(failure));
}

/* NULL: it was read. */
static char *read_file(int fd, struct state_snippet *snippet)
{
	struct stat found;
	ssize_t got = 1;

	if (fstat(fd, &found) < 0 || !S_ISREG(found.st_mode))
		return memory_print("%s is no file; move it away", snippet->path);
	while (got > 0 && snippet->text.len <= SNIPPET_LARGEST) {
		strbuf_reserve(&snippet->text, 65536);
		got = read(fd, snippet->text.buf + snippet->text.len, 65536);
		snippet->text.len += got > 0 ? (size_t)got : 0;
		snippet->text.buf[snippet->text.len] = '\0';
	}
	if (got < 0)
		return memory_print("%s cannot be read: %s", snippet->path, strerror(errno));
	if (snippet->text.len > SNIPPET_LARGEST)
		return memory_print("%s is larger than 1 MiB, so vyom did not write it: move it away",
				    snippet->path);
	return NULL;
}

static char *look_in(int folder, const char *name, struct state_snippet *snippet)
{
	/* a pipe is not waited for */
	CLEANUP(scope_close) int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
						       O_NONBLOCK | O_NOCTTY);
	char *why;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 && errno == ELOOP)
		return memory_print("%s is a symlink, which vyom did not make: move it away",
				    snippet->path);
	if (fd < 0)
		return memory_print("%s cannot be read: %s", snippet->path, strerror(errno));
	why = read_file(fd, snippet);
	if (why)
		return why;
	snippet->there = true;
	digest_sha256(snippet->text.buf, snippet->text.len, snippet->digest);
	return NULL;
}

void snippet_file_look(const char *root, struct state_snippet *snippet)
{
	const char *name;
	CLEANUP(scope_close) int folder = snippet_file_open_folder(root, snippet->path, &name);
	int failure = errno;

	free(snippet->hindrance);
	snippet->hindrance = NULL;
	snippet->there = false;
	snippet->digest[0] = '\0';
	strbuf_reset(&snippet->text);
	snippet->hindrance = folder < 0 ? explain_folder(snippet, failure) :
					  look_in(folder, name, snippet);
}
