/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/golden.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/lint.h"
#include "decide/option.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

char *golden_note(const struct state_guest *guest, const char *mark)
{
	const char *note = guest->conf ? guest->conf->description : NULL;
	const char *at = note ? strstr(note, mark) : NULL;

	return at ? memory_print("%.*s", (int)strcspn(at + strlen(mark), "\n"),
				 at + strlen(mark)) : NULL;
}

unsigned golden_generation(const struct state_guest *guest)
{
	CLEANUP(scope_free) char *text = golden_note(guest, GOLDEN_GENERATION);
	uint64_t number;

	return text && number_parse_unsigned(text, 1, UINT32_MAX, &number) ? (unsigned)number : 0;
}

struct record_template *golden_record(const struct record_vms *records,
				      const struct state_guest *guest)
{
	struct record_template *record = record_templates_find(&records->templates, guest->vmid);
	CLEANUP(scope_free) char *uuid = guest->conf ? record_uuid_of(guest->conf) : NULL;

	return record && uuid && strcmp(record->uuid, uuid) == 0 ? record : NULL;
}

struct record_template *golden_claimed(const struct record_vms *records,
				       const struct state_guest *guest)
{
	struct record_template *record = golden_record(records, guest);
	CLEANUP(scope_free) char *mark =
		memory_print(GOLDEN_MARK "%s", record ? record->name : "");

	return record && vmconf_description_has_line(guest->conf, mark) ? record : NULL;
}

static bool is_set(const struct vmconf *conf, const char *key)
{
	const char *value = vmconf_get(conf, key);

	return value && strcmp(value, "1") == 0;
}

bool golden_is_ready(const struct state_guest *guest)
{
	CLEANUP(scope_free) char *made = golden_note(guest, GOLDEN_MADE);
	const char *disk = guest->conf ? vmconf_get(guest->conf, OPTION_BOOT_DISK) : NULL;

	return guest->local && guest->kind == STATE_QEMU && guest->conf &&
	       is_set(guest->conf, "template") && !vmconf_get(guest->conf, "lock") && disk &&
	       strstr(disk, ":base-") && (made || !golden_generation(guest));
}

static bool has_tag(const struct state_guest *guest, const char *tag)
{
	return option_agrees(option_find("tags"), tag, vmconf_get(guest->conf, "tags"));
}

/*
 * Is it a template of this node that has the tag, or where none is said the name?  A
 * clone has its template's tags: one of ours that somebody made a template is not meant.
 */
static bool is_meant(const struct spec_section *template, const struct state_guest *guest)
{
	const char *tag = spec_text(template, KEY_TEMPLATE_TAG), *name;

	if (!guest->local || guest->kind != STATE_QEMU || !guest->conf ||
	    !is_set(guest->conf, "template"))
		return false;
	if (tag)
		return has_tag(guest, tag) && !has_tag(guest, OPTION_TAG);
	name = vmconf_get(guest->conf, "name");
	return name && strcmp(name, template->name) == 0;
}

static const struct state_guest *next_found(const struct spec_section *template,
					    const struct state *state,
					    const struct state_guest *guest)
{
	for (size_t i = 0; i < state->guest_count; i++)
		if ((!guest || state->guests[i].vmid > guest->vmid) &&
		    is_meant(template, &state->guests[i]))
			return &state->guests[i];
	return NULL;
}

const struct state_guest *golden_next(const struct spec_section *template,
				      const struct state *state, const struct state_guest *guest)
{
	const struct state_guest *next = NULL;
	unsigned first, last;

	if (spec_template_is_found(template))
		return next_found(template, state, guest);
	spec_template_range(template, &first, &last);
	for (unsigned vmid = guest ? guest->vmid + 1 : first; vmid <= last && !next; vmid++)
		next = state_find_guest(state, vmid);
	return next;
}

/* Seconds since 1970; 0: its config does not say. */
static uint64_t made_at(const struct state_guest *guest)
{
	CLEANUP(propstr_release) struct propstr meta =
		propstr_parse(vmconf_get(guest->conf, "meta"), NULL);
	const char *text = propstr_get(&meta, "ctime");
	uint64_t seconds;

	return text && number_parse_unsigned(text, 0, UINT64_MAX, &seconds) ? seconds : 0;
}

/* Also one that is not good: to clone an older one instead would hide that. */
static unsigned newest_found(const struct spec_section *template, const struct state *state)
{
	const struct state_guest *newest = NULL, *guest = NULL;
	size_t count = 0;

	for (; (guest = next_found(template, state, guest)); count++)
		if (!newest || made_at(guest) >= made_at(newest))
			newest = guest;
	return count == 1 || (count && spec_text(template, KEY_TEMPLATE_TAG)) ? newest->vmid : 0;
}

unsigned golden_newest(const struct spec_section *template, const struct state *state)
{
	const struct state_guest *newest = NULL, *guest = NULL;
	unsigned first, last;

	if (spec_template_is_found(template))
		return newest_found(template, state);
	while ((guest = golden_next(template, state, guest)))
		if (golden_is_ready(guest) &&
		    (!newest || golden_generation(guest) >= golden_generation(newest)))
			newest = guest;
	spec_template_range(template, &first, &last);
	return newest ? newest->vmid : first;
}

char *golden_label(const struct spec_section *template, unsigned vmid)
{
	return vmid ? memory_print("%s (%u)", template->name, vmid) : memory_copy(template->name);
}

bool golden_is_of_image(const struct spec_section *template, const struct state_guest *guest)
{
	CLEANUP(scope_free) char *image = golden_note(guest, LINT_IMAGE_MARK);
	const char *declared = spec_text(template, KEY_SHA256);

	return image && declared && strcasecmp(image, declared) == 0;
}

/* Begun and not finished, by us: also where a create is in doubt and nothing is known of it yet. */
static bool is_begun(const struct spec_section *template, const struct state *state,
		     const struct record_vms *records, unsigned vmid)
{
	const struct record_template *record = record_templates_find(&records->templates, vmid);
	const struct record_step *doubt = record_vms_doubt(records, vmid);
	const struct state_guest *guest = state_find_guest(state, vmid);

	/* what was finished, and is half destroyed, was being pruned */
	if (doubt && strcmp(doubt->vm, template->name) == 0)
		return !record || !record->sealed || qm_verb_has(qm_verb_find(doubt->verb), QM_MAKES);
	return guest && golden_claimed(records, guest) && !record->sealed &&
	       strcmp(record->name, template->name) == 0 &&
	       (!golden_is_ready(guest) || golden_is_of_image(template, guest));
}

static bool is_free(const struct state *state, unsigned vmid)
{
	for (size_t i = 0; i < state->volumes.count; i++)
		if (state->volumes.items[i].vmid == vmid)
			return false;
	return !state_find_guest(state, vmid);
}

/* One after the newest, whether that is good or not. */
static unsigned next_generation(const struct spec_section *template, const struct state *state)
{
	const struct state_guest *guest = NULL;
	unsigned newest = 0;

	while ((guest = golden_next(template, state, guest)))
		if (golden_generation(guest) > newest)
			newest = golden_generation(guest);
	return newest + 1;
}

static void choose_guest(struct golden *golden, const struct state_guest *guest, unsigned vmid)
{
	golden->vmid = vmid;
	if (guest && golden_generation(guest))
		golden->generation = golden_generation(guest);
}

bool golden_choose(struct golden *golden, const struct state *state,
		   const struct record_vms *records)
{
	const struct spec_section *template = golden->template;
	unsigned first, last, unused = 0;
	bool found = false;

	spec_template_range(template, &first, &last);
	golden->generation = next_generation(template, state);
	for (unsigned vmid = first; vmid <= last; vmid++) {
		const struct state_guest *guest = state_find_guest(state, vmid);

		if (is_begun(template, state, records, vmid)) {
			choose_guest(golden, guest, vmid);
			return true;
		}
		if (guest && golden_is_ready(guest) && golden_is_of_image(template, guest)) {
			choose_guest(golden, guest, vmid);
			found = true;
		}
		if (!unused && is_free(state, vmid))
			unused = vmid;
	}
	if (!found)
		golden->vmid = unused ? unused : first;
	return found || unused || first == last;
}

bool golden_is_from(const struct thin_volume *volume, unsigned vmid)
{
	struct thin_volume origin = { .name = volume->origin };

	if (!volume->origin)
		return false;
	thin_volume_parse_name(&origin);
	return origin.vmid == vmid && volume->vmid != vmid;
}

bool golden_is_used(const struct state *state, unsigned vmid)
{
	for (size_t i = 0; i < state->volumes.count; i++)
		if (golden_is_from(&state->volumes.items[i], vmid))
			return true;
	return false;
}
