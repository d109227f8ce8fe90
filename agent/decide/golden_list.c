/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/golden_list.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "decide/golden.h"
#include "decide/lint.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/thin.h"
#include "model/vmconf.h"

static const char *name_of(const struct state *state, unsigned vmid)
{
	const struct state_guest *guest = state_find_guest(state, vmid);
	const char *name = guest && guest->conf ? vmconf_get(guest->conf, "name") : NULL;

	return name ? name : "?";
}

static void add_clones(const struct state *state, unsigned vmid, struct strvec *clones)
{
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];
		CLEANUP(scope_free) char *text = NULL;

		if (!golden_is_from(volume, vmid))
			continue;
		text = memory_print("%s (%u)", name_of(state, volume->vmid), volume->vmid);
		strvec_push_once(clones, text);
	}
}

static void add_row(const struct spec_section *template, const struct state *state,
		    const struct record_vms *records, const struct state_guest *guest,
		    struct golden_list *list)
{
	struct golden_row *row = &MEMORY_PUSH(list->rows, list->count);

	*row = (struct golden_row){
		.name = template->name,
		.vmid = guest->vmid,
		.generation = golden_generation(guest),
		.ready = golden_is_ready(guest),
		.newest = golden_is_ready(guest) && golden_newest(template, state) == guest->vmid,
		.ours = golden_record(records, guest) != NULL,
		.image = golden_note(guest, LINT_IMAGE_MARK),
		.made = golden_note(guest, GOLDEN_MADE),
		.clones = STRVEC_INIT,
	};
	add_clones(state, guest->vmid, &row->clones);
}

void golden_list_all(const struct spec *spec, const struct state *state,
		     const struct record_vms *records, struct golden_list *list)
{
	for (size_t i = 0; i < spec->template_count; i++) {
		const struct state_guest *guest = NULL;

		while ((guest = golden_next(spec->templates[i], state, guest)))
			add_row(spec->templates[i], state, records, guest, list);
	}
}

void golden_list_release(struct golden_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->rows[i].image);
		free(list->rows[i].made);
		strvec_release(&list->rows[i].clones);
	}
	free(list->rows);
	*list = (struct golden_list){ .rows = NULL };
}
