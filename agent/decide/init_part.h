/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init_part.h - what the parts of init share: what differs from the example
 */
#ifndef INIT_PART_H
#define INIT_PART_H

#include "base/address.h"
#include "base/strbuf.h"
#include "model/key.h"
#include "model/state.h"

struct site;

/* The example's VMs, and at a VM's place in them. */
enum { INIT_VMS = 3 };

/* One value of the example that is another here. */
struct init_edit {
	enum key_scope scope;
	const char *name;	/* of the section; NULL: of any of that scope */
	enum key_id key;
	char *value;		/* as written, with its quotes; NULL: left out */
	char *note;		/* the comment above it, or NULL */
};

struct init {
	const char *node;
	struct init_edit *edits;
	size_t count;
};

#define INIT_INIT { .edits = NULL }

/* The note is a sentence, printed; NULL: none. */
void init_set(struct init *init, enum key_scope scope, const char *name, enum key_id key,
	      const char *value, const char *note);
void init_set_text(struct init *init, enum key_scope scope, const char *name, enum key_id key,
		   const char *value, const char *note);

/* The example's name of its VM i, from 0 to INIT_VMS - 1. */
const char *init_vm_name(size_t i);

/* Where the VMs are on the net: bridge, gateway, addresses.  false: there is no bridge. */
bool init_choose_net(struct init *init, const struct state *state, const struct site *site);

/* How large they are, on the pool of storage; vmid: of a template to clone from, or 0. */
void init_choose_sizes(struct init *init, const struct state *state,
		       const struct state_storage *storage, unsigned *vmid);

/* The example's lines with init's edits. */
void init_rewrite(const struct init *init, const char *const *example, struct strbuf *text);

void init_release(struct init *init);

#endif
