/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * membership.h - what the cluster's files say of a guest besides its config
 *
 * Pure.  Each takes the text of a file, which it cuts up, and notes in the guests of
 * state what concerns them; lines that make no sense are passed over, as Proxmox does.
 * only: of this guest alone; 0: of all.
 */
#ifndef MEMBERSHIP_H
#define MEMBERSHIP_H

struct state;

/* /etc/pve/user.cfg: the resource pools, and who is in which (pve-facts 5.21). */
void membership_parse_users(char *text, struct state *state, unsigned only);

/* /etc/pve/ha/resources.cfg: whom HA starts and stops; not those that it shall ignore. */
void membership_parse_ha(char *text, struct state *state, unsigned only);

/* /etc/pve/replication.cfg: who is copied to another node. */
void membership_parse_replication(char *text, struct state *state, unsigned only);

#endif
