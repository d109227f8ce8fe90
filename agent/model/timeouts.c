/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/timeouts.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/key_check.h"
#include "model/spec.h"

#define MOST (7 * 86400)

/* The verb, or QM_VERB_COUNT; *seconds is 0 where it is no good number. */
static enum qm_verb parse(const char *text, unsigned *seconds)
{
	size_t len = strcspn(text, "=");
	CLEANUP(scope_free) char *name = memory_print("%.*s", (int)len, text);
	uint64_t number;

	*seconds = text[len] && number_parse_unsigned(text + len + 1, 1, MOST, &number) ?
		(unsigned)number : 0;
	return qm_verb_find(name);
}

int key_check_timeout(const char *text, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;
	unsigned seconds;

	if (parse(text, &seconds) == QM_VERB_COUNT) {
		for (enum qm_verb verb = 0; verb < QM_VERB_COUNT; verb++)
			strbuf_join(&names, " ", qm_verb_name(verb));
		return error_set(err, ERROR_SPEC, "\"%.*s\" is no step; there are %s",
				 (int)strcspn(text, "="), text, names.buf);
	}
	if (!seconds)
		return error_set(err, ERROR_SPEC, "\"%s\": write seconds from 1 to %d, like start=900",
				 text, MOST);
	return 0;
}

unsigned timeouts_limit(const struct spec_section *node, enum qm_verb verb)
{
	const struct spec_value *said = node ? spec_said(node, KEY_TIMEOUTS) : NULL;
	unsigned seconds;

	for (size_t i = 0; said && i < said->list.count; i++)
		if (parse(said->list.items[i], &seconds) == verb && seconds)
			return seconds;
	return qm_verb_limit(verb);
}
