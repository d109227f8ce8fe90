/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A first line that is accepted and set in what another line has of smbios1 is in line then, and the uuid is kept. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/smbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool good)
{
	if (!good)
		abort();
}

static void check_text(const char *text)
{
	CLEANUP(strbuf_release) struct strbuf encoded = STRBUF_INIT, again = STRBUF_INIT;

	base64_encode(text, &encoded);
	expect(base64_decode(encoded.buf, &again) && strcmp(again.buf, text) == 0);
	strbuf_reset(&again);
	expect(base64_decode(text, &again) || !again.len);
}

static void check_set(const char *wanted, const char *found)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT, again = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	smbios_merge(wanted, found, &value);
	expect(smbios_agrees(wanted, value.buf) && smbios_keeps_uuid(found, value.buf));
	smbios_merge(wanted, value.buf, &again);
	expect(strcmp(value.buf, again.buf) == 0);
	smbios_describe(value.buf, &text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(scope_free) char *wanted = memory_new(size + 1, 1);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct error err = { 0 };
	char *found;

	if (size)
		memcpy(wanted, data, size);
	found = strchr(wanted, '\n');
	if (found)
		*found++ = '\0';
	check_text(wanted);
	smbios_describe(found, &text);
	if (key_check_smbios(wanted, &err) < 0)
		expect(*err.text);
	else
		check_set(wanted, found);
	return 0;
}
