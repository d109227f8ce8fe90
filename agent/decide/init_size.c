/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/init_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "decide/budget.h"
#include "decide/lint.h"
#include "decide/option.h"
#include "model/site.h"
#include "model/vmconf.h"

/* The example: one control plane, two workers; their shares of what they have together. */
enum { CONTROL_MEMORY = 8, WORKER_MEMORY = 16, CONTROL_DISK = 64, WORKER_DISK = 128, CORES = 4 };
enum { MEMORY_HALVINGS = 3, DISK_HALVINGS = 4, RESERVE = 4, TEMPLATE_DISK = 5 };

/* One control plane and two workers. */
static uint64_t together(uint64_t control, uint64_t worker)
{
	return (control + (INIT_VMS - 1) * worker) * GIB;
}

static bool is_template(const struct state_guest *guest)
{
	const char *flag = guest->conf ? vmconf_get(guest->conf, "template") : NULL;

	return flag && strcmp(flag, "1") == 0;
}

/* All that VMs of this node would hold if they ran. */
static uint64_t memory_of_guests(const struct state *state)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < state->guest_count; i++)
		if (state->guests[i].conf && !is_template(&state->guests[i]))
			sum += budget_memory_of(state->guests[i].conf);
	return sum;
}

/* How often the example's amounts are to be halved until all is within room, most times at most. */
static unsigned halvings(uint64_t all, uint64_t room, unsigned most)
{
	unsigned count = 0;

	while (count < most && all >> count > room)
		count++;
	return count;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* An amount of the example, halved; what is said of it is said once, at the control plane's. */
static void set_amount(struct init *init, enum key_id key, unsigned control, unsigned worker,
		       unsigned halved, const char *note)
{
	char text[NUMBER_TEXT];

	number_format_size(((uint64_t)control * GIB) >> halved, text);
	init_set_text(init, SCOPE_ROLE, "control-plane", key, text, note);
	number_format_size(((uint64_t)worker * GIB) >> halved, text);
	init_set_text(init, SCOPE_ROLE, "worker", key, text, NULL);
}

/* Why an amount is not the example's, or NULL where it is. */
static char *explain(const char *what, unsigned control, unsigned worker, uint64_t room,
		     uint64_t all, unsigned halved)
{
	char here[NUMBER_TEXT];

	number_format_human(room, here);
	if (all >> halved > room)
		return memory_print("Of %s %s is free for VMs here, and that is too little: make "
				    "room, or declare fewer VMs.", what, here);
	if (halved)
		return memory_print("Of %s %s is free for VMs here: so these have less than the "
				    "%uG, and workers the %uG, that would be good.", what, here,
				    control, worker);
	return NULL;
}

/* A small node keeps a quarter of its memory, not the example's 4G. */
static uint64_t set_reserve(struct init *init, const struct state *state)
{
	uint64_t reserve = RESERVE * GIB, quarter = state->memory / 4 / MIB * MIB;
	char text[NUMBER_TEXT];

	if (quarter < reserve)
		reserve = quarter;
	init_set_text(init, SCOPE_NODE, NULL, KEY_MEMORY_RESERVE,
		      number_format_size(reserve, text), NULL);
	return reserve;
}

static void set_memory(struct init *init, const struct state *state)
{
	uint64_t all = together(CONTROL_MEMORY, WORKER_MEMORY);
	uint64_t room = less(state->memory, set_reserve(init, state) + memory_of_guests(state));
	unsigned halved = halvings(all, room, MEMORY_HALVINGS);
	CLEANUP(scope_free) char *note = explain("memory", CONTROL_MEMORY, WORKER_MEMORY, room,
						 all, halved);

	set_amount(init, KEY_MEMORY, CONTROL_MEMORY, WORKER_MEMORY, halved, note);
}

/* Proxmox starts no VM with more cores than the node has. */
static void set_cores(struct init *init, const struct state *state)
{
	unsigned cores = state->cpus && state->cpus < CORES ? state->cpus : CORES;
	CLEANUP(scope_free) char *value = memory_print("%u", cores);

	init_set(init, SCOPE_ROLE, NULL, KEY_CORES, value,
		 cores < CORES ? "As many as the node has: no VM can have more." : NULL);
}

static unsigned set_disk(struct init *init, const struct state *state,
			 const struct thin_pool *pool)
{
	uint64_t all = together(CONTROL_DISK, WORKER_DISK);
	uint64_t room = less(pool->data_total, budget_promised(state, pool->vg, pool->name) +
						       TEMPLATE_DISK * GIB);
	unsigned halved = halvings(all, room, DISK_HALVINGS);
	CLEANUP(scope_free) char *note = explain("the pool", CONTROL_DISK, WORKER_DISK, room, all,
						 halved);

	set_amount(init, KEY_DISK, CONTROL_DISK, WORKER_DISK, halved, note);
	return halved;
}

/* Can a linked clone of it on storage have a disk of that size? */
static bool is_usable(const struct state *state, const struct state_guest *guest,
		      const struct state_storage *storage, uint64_t disk)
{
	struct lints lints = { .items = NULL };
	const struct thin_volume *volume;
	const char *drive;
	bool fit;

	if (!guest->local || !is_template(guest))
		return false;
	drive = vmconf_get(guest->conf, OPTION_BOOT_DISK);
	volume = state_find_drive(state, guest->conf, OPTION_BOOT_DISK);
	if (!drive || !volume || volume->size > disk ||
	    strncmp(drive, storage->id, strlen(storage->id)) != 0 ||
	    drive[strlen(storage->id)] != ':')
		return false;
	lint_guest(guest->vmid, NULL, state, &lints);
	fit = !lints.unfit;
	lint_release(&lints);
	return fit;
}

void init_choose_sizes(struct init *init, const struct state *state,
		       const struct state_storage *storage, unsigned *vmid)
{
	unsigned halved;

	set_memory(init, state);
	set_cores(init, state);
	halved = set_disk(init, state, state_find_pool(state, storage->id));
	*vmid = 0;
	for (size_t i = 0; i < state->guest_count; i++)
		if (is_usable(state, &state->guests[i], storage,
			      (CONTROL_DISK * GIB) >> halved))
			*vmid = state->guests[i].vmid;
}
