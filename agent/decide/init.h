/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init.h - a config for a node that has none: the example with the node's own values
 *
 * The lines of etc/vyom.conf, which are built in, are gone through: a value that the node
 * tells stands in place of the example's, with a comment above where there is something
 * to say of it.  All else stays, so that the example explains this config too.
 *
 * Pure: the caller observed the node, LVM included, and its site.
 */
#ifndef INIT_H
#define INIT_H

#include "base/strbuf.h"

struct error;
struct site;
struct state;

/* The lines of etc/vyom.conf, then NULL; made by the Makefile. */
extern const char *const init_example[];

/*
 * Add the config to text.  ssh_keys: the file of public keys that it shall name; NULL: the
 * example's, which is yet to be made.  -1 (REFUSED): the node lacks what any VM needs.
 */
int init_write(const struct state *state, const struct site *site, const char *ssh_keys,
	       struct strbuf *text, struct error *err);

#endif
