/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/snippet.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "decide/plan.h"
#include "model/propstr.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

char *snippet_place(const struct state *state, const char *volid, char **why)
{
	size_t len = strcspn(volid, ":");
	CLEANUP(scope_free) char *id = memory_print("%.*s", (int)len, volid);
	const struct state_storage *storage = state_find_storage(state, id);

	*why = NULL;
	if (!storage)
		*why = memory_print("the node has no storage %s; see pvesm status", id);
	else if (storage->disabled)
		*why = memory_print("its storage is switched off for this node: pvesm set %s "
				    "--disable 0", id);
	else if (!storage->snippets)
		*why = memory_print("its storage does not hold any: add snippets to the content of "
				    "%s", id);
	else if (storage->path && !storage->own_folders)
		return memory_print("%s/%s", storage->path, volid + len + 1);
	return NULL;
}

static enum snippet_standing hinder(char **why, char *text)
{
	*why = text;
	return SNIPPET_HINDERED;
}

enum snippet_standing snippet_standing(const struct spec_section *snippet,
				       const struct state *state, const struct record_vms *records,
				       char **why)
{
	const struct state_snippet *found = state_find_snippet(state, snippet->name);

	*why = NULL;
	if (!found || (!found->path && !found->hindrance))
		return hinder(why, memory_copy("vyom cannot tell where its storage has snippets "
					       "(its type, or content-dirs): put it there by hand, "
					       "and take this section out"));
	if (found->hindrance)
		return hinder(why, memory_copy(found->hindrance));
	if (!found->there)
		return SNIPPET_ABSENT;
	if (strcmp(found->digest, snippet->digest) == 0)
		return SNIPPET_AS_DECLARED;
	if (record_snippet_is_ours(records, snippet->name, found->digest))
		return SNIPPET_OLD;
	return hinder(why, memory_print("%s is not what vyom wrote (its sha256 is %s): move it away, "
					"or make the file that is declared the same", found->path,
					found->digest));
}

void snippet_plan_one(const struct spec_section *snippet, const struct state *state,
		      const struct record_vms *records, struct plan *plan)
{
	const struct state_snippet *found = state_find_snippet(state, snippet->name);
	CLEANUP(scope_free) char *why = NULL;
	enum snippet_standing standing = snippet_standing(snippet, state, records, &why);
	struct plan_step *step;

	if (standing == SNIPPET_HINDERED)
		plan_refuse(plan, snippet->name, 0, "%s", why);
	if (standing != SNIPPET_ABSENT && standing != SNIPPET_OLD)
		return;
	step = plan_add(plan, snippet->name, 0, QM_SNIPPET);
	step->section = snippet;
	qm_snippet(&step->argv, snippet->name, snippet->digest);
	if (standing == SNIPPET_ABSENT)
		step->why = memory_print("%s, which is not there", found->path);
	else
		step->why = memory_print("%s, sha256 %.12s → %.12s", found->path, found->digest,
					 snippet->digest);
}

/* --- what becomes of VMs --- */

enum part {
	PART_NONE,
	PART_QUIET,	/* the instance-id does not come from it */
	PART_IDENTITY,
};

static bool is_named(const struct propstr *parts, const char *part, const char *volid)
{
	const char *named = propstr_get(parts, part);

	return named && strcmp(named, volid) == 0;
}

/* What volid is to a guest of that config. */
static enum part part_of(const struct vmconf *conf, const char *volid)
{
	CLEANUP(propstr_release) struct propstr parts =
		propstr_parse(vmconf_get(conf, "cicustom"), NULL);
	bool made = is_named(&parts, "user", volid) || is_named(&parts, "network", volid);

	if (is_named(&parts, "meta", volid) || (made && !propstr_get(&parts, "meta")))
		return PART_IDENTITY;
	return made || is_named(&parts, "vendor", volid) ? PART_QUIET : PART_NONE;
}

/* Will it be another text than the last one that a start can have read? */
static bool changes(const struct spec_section *snippet, const struct state *state,
		    const struct record_vms *records)
{
	const struct state_snippet *found = state_find_snippet(state, snippet->name);
	CLEANUP(scope_free) char *why = NULL;
	const char *last = record_snippet_last(records, snippet->name, RECORD_EVER);

	if (found && found->renewed)
		return true;
	switch (snippet_standing(snippet, state, records, &why)) {
	case SNIPPET_OLD:
		return true;
	case SNIPPET_ABSENT:
		return !last || strcmp(last, snippet->digest) != 0;
	default:
		return false;
	}
}

void snippet_note_change(const struct spec_section *snippet, struct state *state,
			 const struct record_vms *records)
{
	struct state_snippet *found = state_find_snippet(state, snippet->name);

	found->renewed = changes(snippet, state, records);
}

void snippet_find_changes(const struct spec_section *vm, const struct vmconf *conf,
			  const struct state *state, const struct record_vms *records,
			  struct strvec *changed)
{
	for (size_t i = 0; i < vm->snippet_count; i++) {
		const struct spec_section *snippet = vm->snippets[i];

		if (part_of(conf, snippet->name) == PART_IDENTITY &&
		    changes(snippet, state, records) && !strvec_contains(changed, snippet->name))
			strvec_push(changed, snippet->name);
	}
}

static bool is_unread(const struct spec_section *snippet, const struct state_guest *guest,
		      const struct state *state, const struct record_vms *records)
{
	const struct state_snippet *found = state_find_snippet(state, snippet->name);
	const char *read = record_snippet_last(records, snippet->name, guest->since);
	CLEANUP(scope_free) char *why = NULL;

	return part_of(guest->conf, snippet->name) == PART_IDENTITY && read && !found->renewed &&
	       snippet_standing(snippet, state, records, &why) == SNIPPET_AS_DECLARED &&
	       strcmp(read, found->digest) != 0;
}

void snippet_find_unread(const struct spec_section *vm, const struct state_guest *guest,
			 const struct state *state, const struct record_vms *records,
			 struct strvec *unread)
{
	for (size_t i = 0; i < vm->snippet_count; i++)
		if (is_unread(vm->snippets[i], guest, state, records) &&
		    !strvec_contains(unread, vm->snippets[i]->name))
			strvec_push(unread, vm->snippets[i]->name);
}

/* Then its own diff says what becomes of it. */
static bool is_declared_with(const struct spec *spec, const struct state *state, unsigned vmid,
			     const struct spec_section *snippet)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		const struct spec_section *vm = spec->vms[i];

		if (strcmp(vm->node->name, state->node) != 0 || spec_number(vm, KEY_VMID) != vmid)
			continue;
		for (size_t j = 0; j < vm->snippet_count; j++)
			if (vm->snippets[j] == snippet)
				return true;
	}
	return false;
}

static void join_guest(struct strbuf *names, const struct state_guest *guest)
{
	const char *name = vmconf_get(guest->conf, "name");

	strbuf_join(names, ", ", name ? name : "VM");
	strbuf_addf(names, " (%u)", guest->vmid);
}

static void remark_guests(const struct spec *spec, const struct spec_section *snippet,
			  const struct state *state, const struct plan_options *options,
			  struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf quiet = STRBUF_INIT, others = STRBUF_INIT;

	for (size_t i = 0; i < state->guest_count; i++) {
		const struct state_guest *guest = &state->guests[i];
		enum part part = guest->conf ? part_of(guest->conf, snippet->name) : PART_NONE;

		if (part == PART_QUIET)
			join_guest(&quiet, guest);
		if (part == PART_IDENTITY &&
		    !is_declared_with(spec, state, guest->vmid, snippet))
			join_guest(&others, guest);
	}
	if (quiet.len)
		plan_note(plan, snippet->name, 0, "%s: it is on the cloud-init drive from the next "
			  "start on; in a guest that has run, cloud-init does of it only what it "
			  "does at every start", quiet.buf);
	if (others.len && options->reinit)
		plan_note(plan, snippet->name, 0, "%s: the file does not declare it there; at the next "
			  "start cloud-init treats the guest as a new one", others.buf);
	else if (others.len)
		plan_refuse(plan, snippet->name, 0, "%s: the file does not declare it there, but it "
			    "is read at the next start, and cloud-init would treat the guest as a "
			    "new one; say --reinit if that is meant", others.buf);
}

void snippet_plan(const struct spec *spec, const struct state *state,
		  const struct record_vms *records, const struct plan_options *options,
		  struct plan *plan)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	for (size_t i = 0; node && i < spec->snippet_count; i++) {
		const struct spec_section *snippet = spec->snippets[i];

		if (!spec_uses_snippet(spec, node, snippet))
			continue;
		snippet_plan_one(snippet, state, records, plan);
		if (changes(snippet, state, records))
			remark_guests(spec, snippet, state, options, plan);
	}
}
