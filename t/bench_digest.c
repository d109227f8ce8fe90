/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_digest FILE - print the SHA-256 of a file as `vyom template build` takes it of an image
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/scope.h"

static void tell(void *context, uint64_t done)
{
	fprintf(context, "transferred %llu\n", (unsigned long long)done);
	fflush(context);
}

static int print_digest(const char *path, FILE *progress, struct error *err)
{
	CLEANUP(scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[DIGEST_SHA256_TEXT];
	struct stat file;

	if (fd < 0 || fstat(fd, &file) < 0)
		return error_set_errno(err, "%s", path);
	if (file_digest(fd, (uint64_t)file.st_size, tell, progress, text, err) < 0)
		return -1;
	puts(text);
	return 0;
}

int main(int argc, char **argv)
{
	struct error err = { .kind = ERROR_NONE };
	FILE *progress = fopen("/dev/null", "w");

	if (argc == 2 && progress && print_digest(argv[1], progress, &err) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "bench_digest: %s\n", argc == 2 ? err.text : "FILE");
	return EXIT_FAILURE;
}
