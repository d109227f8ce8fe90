/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan_snippet.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/plan.h"
#include "decide/snippet.h"
#include "model/qm.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

void plan_snippet(const struct spec_section *snippet, const struct state *state,
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

/* Then its own diff says what becomes of it. */
static bool is_declared_with(const struct spec *spec, const struct state *state, unsigned vmid,
			     const struct spec_section *snippet)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		const struct spec_section *vm = spec->vms[i];

		if (strcmp(vm->node->name, state->node) == 0 &&
		    spec_number(vm, KEY_VMID) == vmid && spec_names_snippet(vm, snippet))
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
		enum snippet_part part = guest->conf ? snippet_part_of(guest->conf, snippet->name) :
						       SNIPPET_NONE;

		if (part == SNIPPET_QUIET)
			join_guest(&quiet, guest);
		if (part == SNIPPET_IDENTITY &&
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

void plan_snippets(const struct spec *spec, const struct state *state,
		  const struct record_vms *records, const struct plan_options *options,
		  struct plan *plan)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	for (size_t i = 0; node && i < spec->snippet_count; i++) {
		const struct spec_section *snippet = spec->snippets[i];

		if (!spec_uses_snippet(spec, node, snippet))
			continue;
		plan_snippet(snippet, state, records, plan);
		if (snippet_changes(snippet, state, records))
			remark_guests(spec, snippet, state, options, plan);
	}
}
