/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any text at all: it is read or refused, what is said of it can be printed, and
 * libconfuse, which comes after spec_scan, finds nothing of its own to say.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/scope.h"
#include "model/spec.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();

	setlocale(LC_CTYPE, "C.UTF-8");
	strbuf_add(&text, data, size);
	if (spec_conf_parse(spec, &text, &problems) < 0)
		abort();
	spec_check(spec, &problems);
	for (size_t i = 0; i < problems.count; i++)
		check_problem(problems.items[i].text);
	for (size_t i = 0; i < spec->vm_count; i++)
		for (enum key_id key = 0; key < KEY_COUNT; key++)
			spec_text(spec->vms[i], key);
	return 0;
}
