/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * storage.h - the text of /etc/pve/storage.cfg (pve-facts 5.20)
 */
#ifndef STORAGE_H
#define STORAGE_H

struct state;

/*
 * Add the storages of text, which is cut up, to state; state->node tells which
 * of them are for this node.  Lines that make no sense are passed over.
 */
void storage_parse(char *text, struct state *state);

#endif
