/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/image.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/error.h"
#include "base/file.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/child.h"

enum { INFO_SECONDS = 60, SECTOR = 512 };

struct counting {
	void (*progress)(uint64_t done, uint64_t all);
	uint64_t all;
};

static void count(void *context, uint64_t done)
{
	const struct counting *counting = context;

	counting->progress(done, counting->all);
}

static int compare_digest(const char *path, const char *sha256,
			  void (*progress)(uint64_t done, uint64_t all), uint64_t *size,
			  struct error *err)
{
	CLEANUP(scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct counting counting = { .progress = progress };
	char found[DIGEST_SHA256_TEXT];
	struct stat file;

	if (fd < 0 || fstat(fd, &file) < 0)
		return error_set_errno(err, "cannot be read");
	if (!S_ISREG(file.st_mode))
		return error_set(err, ERROR_REFUSED, "is no regular file");
	counting.all = *size = (uint64_t)file.st_size;
	if (file_digest(fd, counting.all, count, &counting, found, err) < 0)
		return -1;
	if (strcasecmp(found, sha256) == 0)
		return 0;
	return error_set(err, ERROR_REFUSED, "is not the image that the file declares: its SHA-256 is "
					     "%s, and %s is declared; it may be cut off, or another "
					     "release: download it again, or correct sha256",
					     found, sha256);
}

static int ask_qemu(const char *path, uint64_t size, uint64_t *virtual_size, struct error *err)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf answer = STRBUF_INIT;
	json_auto_t *info = NULL;
	const char *format;

	strvec_pushl(&argv, "/usr/bin/qemu-img", "info", "--output=json", path, NULL);
	if (child_read(&argv, INFO_SECONDS, &answer, err) < 0)
		return -1;
	info = json_loads(answer.buf, 0, NULL);
	format = json_string_value(json_object_get(info, "format"));
	*virtual_size = (uint64_t)json_integer_value(json_object_get(info, "virtual-size"));
	if (!format || !*virtual_size)
		return error_set(err, ERROR_REFUSED, "is no disk image, as far as qemu-img knows");
	/* to qemu-img anything is a raw image, if it is nothing else */
	if (strcmp(format, "raw") == 0 && size % SECTOR)
		return error_set(err, ERROR_REFUSED, "is no disk image: its %" PRIu64 " bytes are no "
						     "whole number of sectors; if it is packed, "
						     "unpack it and declare that", size);
	if (json_object_get(info, "backing-filename"))
		return error_set(err, ERROR_REFUSED, "is only the difference to another image (%s)",
				 json_string_value(json_object_get(info, "backing-filename")));
	return 0;
}

int image_check(const char *path, const char *sha256,
		void (*progress)(uint64_t done, uint64_t all), uint64_t *virtual_size,
		struct error *err)
{
	uint64_t size = 0;

	if (compare_digest(path, sha256, progress, &size, err) < 0)
		return -1;
	return ask_qemu(path, size, virtual_size, err);
}
