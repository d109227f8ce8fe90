/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/snippet.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
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

/* --- what becomes of VMs --- */

static bool is_named(const struct propstr *parts, const char *part, const char *volid)
{
	const char *named = propstr_get(parts, part);

	return named && strcmp(named, volid) == 0;
}

enum snippet_part snippet_part_of(const struct vmconf *conf, const char *volid)
{
	CLEANUP(propstr_release) struct propstr parts =
		propstr_parse(vmconf_get(conf, "cicustom"), NULL);
	bool made = is_named(&parts, "user", volid) || is_named(&parts, "network", volid);

	if (is_named(&parts, "meta", volid) || (made && !propstr_get(&parts, "meta")))
		return SNIPPET_IDENTITY;
	return made || is_named(&parts, "vendor", volid) ? SNIPPET_QUIET : SNIPPET_NONE;
}

bool snippet_changes(const struct spec_section *snippet, const struct state *state,
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

	found->renewed = snippet_changes(snippet, state, records);
}

void snippet_find_changes(const struct spec_section *vm, const struct vmconf *conf,
			  const struct state *state, const struct record_vms *records,
			  struct strvec *changed)
{
	for (size_t i = 0; i < vm->snippet_count; i++) {
		const struct spec_section *snippet = vm->snippets[i];

		if (snippet_part_of(conf, snippet->name) == SNIPPET_IDENTITY &&
		    snippet_changes(snippet, state, records))
			strvec_push_once(changed, snippet->name);
	}
}

static bool is_unread(const struct spec_section *snippet, const struct state_guest *guest,
		      const struct state *state, const struct record_vms *records)
{
	const struct state_snippet *found = state_find_snippet(state, snippet->name);
	const char *read = record_snippet_last(records, snippet->name, guest->since);

	if (snippet_part_of(guest->conf, snippet->name) != SNIPPET_IDENTITY || !read ||
	    !found || !found->there || found->renewed)
		return false;
	return strcmp(found->digest, snippet->digest) == 0 && strcmp(found->digest, read) != 0;
}

void snippet_find_unread(const struct spec_section *vm, const struct state_guest *guest,
			 const struct state *state, const struct record_vms *records,
			 struct strvec *unread)
{
	for (size_t i = 0; i < vm->snippet_count; i++)
		if (is_unread(vm->snippets[i], guest, state, records))
			strvec_push_once(unread, vm->snippets[i]->name);
}
