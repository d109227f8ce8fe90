/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_adopt ROOT CLUSTER - write into the journal of a test node that vyom made its VMs
 *
 * A node of thousands of VMs is made of files (scripts/bench); this is what is
 * not a file.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/journal.h"
#include "edge/pvefs.h"
#include "model/propstr.h"
#include "model/state.h"
#include "model/vmconf.h"

static int adopt(struct journal *journal, const struct state_guest *guest, char *cluster,
		 struct error *err)
{
	CLEANUP(propstr_release) struct propstr smbios =
		propstr_parse(vmconf_get(guest->conf, "smbios1"), NULL);
	const struct record_vm vm = {
		.vmid = guest->vmid,
		.cluster = cluster,
		.name = (char *)vmconf_get(guest->conf, "name"),
		.uuid = (char *)propstr_get(&smbios, "uuid"),
		.vmgenid = (char *)vmconf_get(guest->conf, "vmgenid"),
	};

	return journal_vm_remember(journal, &vm, err);
}

static int adopt_all(const char *root, char *cluster, struct state *state, struct error *err)
{
	CLEANUP(scope_free) char *path = memory_print("%s/var/lib/vyom/journal.db", root);
	CLEANUP(journal_cleanup) struct journal *journal = journal_open(path, JOURNAL_CHANGE, err);

	if (!journal || pvefs_read_node(root, state, err) < 0 ||
	    pvefs_read_guests(root, state, err) < 0)
		return -1;
	for (size_t i = 0; i < state->guest_count; i++)
		if (!vmconf_get(state->guests[i].conf, "template") &&
		    adopt(journal, &state->guests[i], cluster, err) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { .kind = ERROR_NONE };

	if (argc == 3 && adopt_all(argv[1], argv[2], &state, &err) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "bench_adopt: %s\n", argc == 3 ? err.text : "ROOT CLUSTER");
	return EXIT_FAILURE;
}
