/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/init.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "decide/init_part.h"
#include "model/site.h"

/* Where ids are looked for first, as the example has them. */
enum { FIRST_VM = 101, FIRST_TEMPLATE = 9000 };

const char *init_vm_name(size_t i)
{
	static const char *const names[INIT_VMS] = {
		"vyom-control-1", "vyom-worker-1", "vyom-worker-2",
	};

	return names[i];
}

static uint64_t room_of(const struct state *state, const struct state_storage *storage)
{
	const struct thin_pool *pool = state_find_pool(state, storage->id);

	return pool ? pool->data_total - pool->data_used : 0;
}

static const struct state_storage *choose_storage(const struct state *state)
{
	const struct state_storage *best = NULL;

	for (size_t i = 0; i < state->storage_count; i++) {
		const struct state_storage *storage = &state->storages[i];

		if (storage->vg && storage->images && !storage->disabled &&
		    room_of(state, storage) > (best ? room_of(state, best) : 0))
			best = storage;
	}
	return best;
}

/* Nobody has it, and no volume is left of who had. */
static bool is_free(const struct state *state, unsigned id)
{
	if (state_find_guest(state, id))
		return false;
	for (size_t i = 0; i < state->volumes.count; i++)
		if (state->volumes.items[i].vmid == id)
			return false;
	return true;
}

/* count free ids in a row, the first at or after from, none at beyond or after; 0: none. */
static unsigned find_ids(const struct state *state, unsigned from, unsigned beyond,
			 unsigned count)
{
	unsigned run = 0;

	for (unsigned id = from; id < beyond; id++) {
		run = is_free(state, id) ? run + 1 : 0;
		if (run == count)
			return id - count + 1;
	}
	return 0;
}

/* The same in the range that the datacenter gives ids from; preferred, and then any. */
static unsigned choose_ids(const struct state *state, const struct site *site, unsigned preferred,
			   unsigned count)
{
	unsigned found = 0;

	if (preferred >= site->first_id)
		found = find_ids(state, preferred, site->end_id, count);
	return found ? found : find_ids(state, site->first_id, site->end_id, count);
}

static void set_id(struct init *init, enum key_scope scope, const char *name, unsigned id,
		   const char *note)
{
	CLEANUP(scope_free) char *text = memory_print("%u", id);

	init_set(init, scope, name, KEY_VMID, text, note);
}

/* template: the id of one that is there, or 0.  The VMs' ids come first, its own behind them. */
static int choose_all_ids(struct init *init, const struct state *state, const struct site *site,
			  unsigned template, struct error *err)
{
	unsigned vms = choose_ids(state, site, FIRST_VM, INIT_VMS);
	unsigned after = vms + INIT_VMS;

	if (vms && !template)
		template = choose_ids(state, site, after > FIRST_TEMPLATE ? after : FIRST_TEMPLATE,
				      1);
	if (vms && template >= vms && template < after)
		template = find_ids(state, after, site->end_id, 1);
	if (!vms || !template)
		return error_set(err, ERROR_REFUSED, "from %u to %u, whence ids are given here "
				 "(next-id in datacenter.cfg), there are not %d in a row and one "
				 "more free: widen that range, or free some", site->first_id,
				 site->end_id - 1, INIT_VMS);
	for (unsigned i = 0; i < INIT_VMS; i++)
		set_id(init, SCOPE_VM, init_vm_name(i), vms + i, NULL);
	set_id(init, SCOPE_TEMPLATE, NULL, template, state_find_guest(state, template) ?
	       "That one is there, and fit to be cloned.  With another number, vyom template build "
	       "makes one." : NULL);
	return 0;
}

static int choose(struct init *init, const struct state *state, const struct site *site,
		  struct error *err)
{
	const struct state_storage *storage = choose_storage(state);
	unsigned template;

	if (!storage)
		return error_set(err, ERROR_REFUSED, "no LVM-thin storage with room holds VM disks "
				 "here; add one (pvesm add lvmthin NAME --vgname VG --thinpool POOL "
				 "--content images), or see pvesm status why it does not");
	init_set_text(init, SCOPE_NODE, NULL, KEY_STORAGE, storage->id, NULL);
	if (!init_choose_net(init, state, site))
		return error_set(err, ERROR_REFUSED, "the node has no Linux bridge that VMs could be "
				 "on; make one (in the web interface: the node, System, Network)");
	init_choose_sizes(init, state, storage, &template);
	return choose_all_ids(init, state, site, template, err);
}

int init_write(const struct state *state, const struct site *site, const char *ssh_keys,
	       struct strbuf *text, struct error *err)
{
	CLEANUP(init_release) struct init init = INIT_INIT;

	init.node = state->node;
	if (choose(&init, state, site, err) < 0)
		return -1;
	init_set_text(&init, SCOPE_CLUSTER, NULL, KEY_NODE, state->node, NULL);
	if (ssh_keys)
		init_set_text(&init, SCOPE_CLUSTER, NULL, KEY_SSH_KEYS, ssh_keys, NULL);
	else
		init_set_text(&init, SCOPE_CLUSTER, NULL, KEY_SSH_KEYS,
			      "/etc/vyom/authorized_keys",
			      "TO DO: put your public keys into it, one a line: there are none on "
			      "this node.");
	strbuf_addf(text, "# Made by vyom init for the node %s: look at what is GUESSED, then\n"
		    "# `vyom check`.\n\n", state->node);
	init_rewrite(&init, init_example, text);
	return 0;
}
