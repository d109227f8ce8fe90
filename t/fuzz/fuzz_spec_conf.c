/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any text at all: it is read or refused, what is said of it can be printed, and
 * libconfuse, which comes after spec_scan, finds nothing of its own to say.  What
 * it includes is itself from the middle on, which is in the midst of anything.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/spec_scan.h"
#include "edge/spec_conf.h"
#include "base/strbuf.h"

static void check_problem(const char *text)
{
	if (mbstowcs(NULL, text, 0) == (size_t)-1)
		abort();
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			abort();
}

/* A file, and how many more may be read: one that includes itself twice makes many. */
struct endless {
	const uint8_t *data;
	size_t size;
	unsigned left;
};

static int read_half(void *context, const char *from, const char *name, char **path,
		     char **identity, struct strbuf *text, struct error *err)
{
	struct endless *endless = context;

	(void)from;
	(void)name;
	if (!endless->left--) {
		endless->left = 0;
		return error_set(err, ERROR_SPEC, "is too much");
	}
	*path = memory_print("half %u", endless->left);
	*identity = memory_copy(*path);
	strbuf_add(text, endless->data + endless->size / 2, endless->size - endless->size / 2);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	struct endless endless = { data, size, 30 };
	const struct spec_includer includer = { read_half, &endless, NULL };

	setlocale(LC_CTYPE, "C.UTF-8");
	strbuf_add(&text, data, size);
	if (spec_conf_parse(spec, &text, &includer, &problems) < 0)
		abort();
	spec_check(spec, &problems);
	for (size_t i = 0; i < problems.count; i++)
		check_problem(problems.items[i].text);
	for (size_t i = 0; i < spec->vm_count; i++)
		for (enum key_id key = 0; key < KEY_COUNT; key++)
			spec_text(spec->vms[i], key);
	return 0;
}
