/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Feed a fuzz target its corpus, as TAP: what a fuzzer once found stays found,
 * also where there is no fuzzer.  CORPUS is the target's folder in t/fuzz/corpus.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	const char *srcdir = getenv("srcdir");
	CLEANUP(scope_free) char *folder = memory_print("%s/t/fuzz/corpus/" CORPUS, srcdir ? srcdir : ".");
	struct dirent **entries;
	int count = scandir(folder, &entries, is_input, alphasort);

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < count; i++) {
		CLEANUP(scope_free) char *path = memory_print("%s/%s", folder, entries[i]->d_name);
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

		if (file_read(path, &text) < 0)
			return EXIT_FAILURE;
		LLVMFuzzerTestOneInput((const uint8_t *)text.buf, text.len);
		printf("ok %d - " CORPUS ": %s is read without a fault\n", i + 1, entries[i]->d_name);
		free(entries[i]);
	}
	if (count > 0)
		free(entries);
	printf("1..%d\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
