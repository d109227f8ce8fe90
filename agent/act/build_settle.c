/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/build.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "act/build_part.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/golden.h"
#include "decide/lint.h"
#include "edge/clock.h"
#include "edge/journal.h"
#include "model/record.h"
#include "model/state.h"
#include "model/vmconf.h"

static bool ended_well(const struct record_step *step)
{
	size_t len = step->output ? strlen(step->output) : 0, done = strlen(BUILD_DONE "\n");

	return len >= done && strcmp(step->output + len - done, BUILD_DONE "\n") == 0 &&
	       (len == done || step->output[len - done - 1] == '\n');
}

/*
 * The VM that create made, if it did to the end: its mark is in its only config.  A copy that
 * somebody made of a template by hand has the mark as well, but not the name.
 */
static const struct state_guest *find_made(const struct record_step *step,
					   const struct state *state)
{
	const struct state_guest *guest = state_find_guest(state, step->vmid);
	CLEANUP(scope_free) char *mark = memory_print(GOLDEN_MARK "%s", step->vm);
	const char *name;

	if (!guest || !guest->conf || !guest->local || vmconf_get(guest->conf, "lock") ||
	    !vmconf_description_has_line(guest->conf, mark) || !record_step_found_free(step))
		return NULL;
	name = vmconf_get(guest->conf, "name");
	return name && strcmp(name, step->vm) == 0 ? guest : NULL;
}

/* Who it is, as soon as it is there: nothing else will be done to any other VM. */
static int remember_made(const struct record_step *step, const char *key,
			 const struct state_guest *guest, struct record_vms *records,
			 struct journal *journal, struct error *err)
{
	struct record_template record = {
		.vmid = step->vmid,
		.name = memory_copy(step->vm),
		.generation = golden_generation(guest),
		.image = golden_note(guest, LINT_IMAGE_MARK),
		.uuid = record_uuid_of(guest->conf),
		.run = step->run,
		.key = memory_copy(key),
	};

	if (!record.image)
		record.image = memory_copy("");
	if (!record.uuid)
		record.uuid = memory_copy("");
	record_templates_put(&records->templates, record);
	return journal_template_remember(journal, &record, err);
}

static int remember_prepared(const struct record_step *step, struct record_vms *records,
			     struct journal *journal, struct error *err)
{
	struct record_template *record = record_templates_find(&records->templates, step->vmid);

	if (!record || !ended_well(step))
		return 0;
	record->prepared = true;
	return journal_template_remember(journal, record, err);
}

/*
 * In the step's output, whole, for the journal keeps but its end: the line of
 * build_work.c, then what is the record's checksum.
 */
static bool read_seal(const char *root, const struct record_step *step,
		      struct record_template *record)
{
	CLEANUP(scope_free) char *path =
		memory_print("%s/var/lib/vyom/output/%lld-%lld", root, (long long)step->run,
			     (long long)step->number);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	unsigned long long device, size, mapped;
	const char *line, *checksum;
	char volume[256];

	if (file_read(path, &text) < 0)
		return false;
	line = strstr(text.buf, BUILD_SEAL);
	if (!line || sscanf(line + strlen(BUILD_SEAL), "%255s %llu %llu %llu", volume, &device,
			    &size, &mapped) != 4)
		return false;
	checksum = line + strcspn(line, "\n") + 1;
	record->volume = memory_copy(volume);
	record->device = device;
	record->size = size;
	record->mapped = mapped;
	record->checksum = memory_print(
		"%.*s", (int)(strlen(checksum) - strlen(BUILD_DONE "\n")), checksum);
	return true;
}

static int remember_seal(const char *root, const struct record_step *step,
			 struct record_vms *records, struct journal *journal, struct error *err)
{
	struct record_template *record = record_templates_find(&records->templates, step->vmid);

	if (!record || record->sealed || !ended_well(step) || !read_seal(root, step, record))
		return 0;
	record->sealed = clock_wall();
	return journal_template_remember(journal, record, err);
}

int build_end_step(struct build *build, const struct record_step *step, bool spoilt,
		   const struct state *state, struct record_vms *records,
		   struct journal *journal, struct error *err)
{
	const struct state_guest *made;
	const char *root = build->root;

	switch (qm_verb_find(step->verb)) {
	case QM_FETCH:
		build_look_at_image(build);
		return 0;
	case QM_CHECK:
		build->golden.image_good = ended_well(step);
		return 0;
	case QM_KEY:
		build->golden.key_kept = ended_well(step);
		return 0;
	case QM_CREATE:
		build_clear(build->root);
		made = find_made(step, state);
		build->golden.at_hand = made && !spoilt;
		if (!made)
			return 0;
		return remember_made(step, build->golden.key, made, records, journal, err);
	case QM_GUEST:
		return remember_prepared(step, records, journal, err);
	case QM_SEAL:
		return remember_seal(root, step, records, journal, err);
	case QM_RENAME:
		scope_close(&build->lock);
		build->lock = -1;
		return 0;
	default:
		return 0;
	}
}

/* Known to have ended well where something shows it; all else is seen when it is planned anew. */
int build_settle_step(const char *root, struct record_step *step, const struct state *state,
		      struct record_vms *records, struct journal *journal, struct error *err)
{
	const struct state_guest *made;

	step->result = ended_well(step) ? RECORD_DONE : RECORD_INTERRUPTED;
	switch (qm_verb_find(step->verb)) {
	case QM_CREATE:
		made = find_made(step, state);
		step->result = made ? RECORD_DONE : RECORD_INTERRUPTED;
		return made ? remember_made(step, NULL, made, records, journal, err) : 0;
	case QM_GUEST:
		return remember_prepared(step, records, journal, err);
	case QM_SEAL:
		return remember_seal(root, step, records, journal, err);
	default:
		return 0;
	}
}
