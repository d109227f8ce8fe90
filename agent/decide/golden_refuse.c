/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/golden_part.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "decide/golden.h"
#include "decide/plan.h"
#include "model/key.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static const struct { enum key_id key; const char *why; } needed[] = {
	{ KEY_IMAGE,		"the image to build from" },
	{ KEY_SHA256,		"what sha256sum must print for the image" },
	{ KEY_BUILD_ADDRESS,	"the address that it has while it is built" },
};

void golden_refuse_config(const struct golden *golden, struct plan *plan)
{
	const struct spec_section *template = golden->template;

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!spec_value(template, needed[i].key))
			plan_refuse(plan, template->name, golden->vmid,
				    "%s is missing in the file: %s", key_table[needed[i].key].name,
				    needed[i].why);
	if (spec_value(template, KEY_BUILD_ADDRESS) &&
	    strcmp(spec_text(template, KEY_BUILD_ADDRESS), "dhcp") == 0)
		plan_refuse(plan, template->name, golden->vmid, "build-address must be an address");
	if (!spec_value(template, KEY_MASTER_KEY) && !spec_value(template, KEY_KEY_SINK) &&
	    !spec_value(template, KEY_KEY_FILE))
		plan_refuse(plan, template->name, golden->vmid,
			    "the file does not say who may log in to it in an emergency: "
			    "master-key = your public key's file, or key-sink or key-file for a "
			    "new one");
	if (template->ssh_keys &&
	    strcspn(template->ssh_keys, "\n") + 1 < strlen(template->ssh_keys))
		plan_refuse(plan, template->name, golden->vmid,
			    "master-key: %s holds more than one key", template->ssh_keys_path);
	if (spec_value(template, KEY_IMAGE) && !golden->image_there &&
	    !spec_value(template, KEY_URL))
		plan_refuse(plan, template->name, golden->vmid,
			    "image: %s is not there; bring it, or say url = where the node can "
			    "download it", golden->image);
}

void golden_refuse_guest(const struct golden *golden, const struct state_guest *guest,
			 bool finished, struct plan *plan)
{
	const char *lock = guest->conf ? vmconf_get(guest->conf, "lock") : NULL;
	const char *name = guest->conf ? vmconf_get(guest->conf, "name") : NULL;

	if (!guest->local || guest->kind != STATE_QEMU || !guest->conf)
		plan_refuse(plan, golden->template->name, golden->vmid,
			    "its id belongs to a guest that is no VM of this node (it is on %s); "
			    "give the template another", guest->node);
	else if (lock)
		plan_refuse(plan, golden->template->name, golden->vmid,
			    "it is locked (%s): someone is at work on it, or was cut off; wait, "
			    "and see `qm config %u`", lock, golden->vmid);
	else if (golden_is_ready(guest) && golden_generation(guest))
		plan_refuse(plan, golden->template->name, golden->vmid,
			    "it is a finished template, of another image, and stays: give it a "
			    "range, vmids = \"%u-%u\", so that the next generation has an id of "
			    "its own", golden->vmid, golden->vmid + 9);
	else if (finished)
		plan_refuse(plan, golden->template->name, golden->vmid,
			    "it was finished, and somebody has made it a VM again, so it stays: "
			    "make it a template (qm template %u), or give it a range, vmids = "
			    "\"%u-%u\", so that a new generation has an id of its own",
			    golden->vmid, golden->vmid, golden->vmid + 9);
	else
		plan_refuse(plan, golden->template->name, golden->vmid,
			    "its id belongs to \"%s\", which vyom did not build from this image: "
			    "give it a range, vmids = \"%u-%u\", so that a new generation has an "
			    "id of its own", name ? name : "a VM without a name", golden->vmid,
			    golden->vmid + 9);
}

/* It has the mark of this template, is not finished, and no record says that we may touch it. */
static bool is_unknown(const struct golden *golden, const struct state_guest *guest,
		       const struct record_vms *records)
{
	CLEANUP(scope_free) char *mark = memory_print(GOLDEN_MARK "%s", golden->template->name);

	return guest->local && guest->conf && !golden_is_ready(guest) &&
	       vmconf_description_has_line(guest->conf, mark) && !golden_record(records, guest) &&
	       !record_vms_doubt(records, guest->vmid);
}

void golden_refuse_unknown(const struct golden *golden, const struct state *state,
			   const struct record_vms *records, struct plan *plan)
{
	const struct state_guest *guest = NULL;

	while ((guest = golden_next(golden->template, state, guest)))
		if (is_unknown(golden, guest, records))
			plan_refuse(plan, golden->template->name, guest->vmid,
				    "a build of it that was not finished, and is not known to the "
				    "journal, may have its address still: if nobody needs it, qm "
				    "stop %u and qm destroy %u, then run vyom again", guest->vmid,
				    guest->vmid);
}
