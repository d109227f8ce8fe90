/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.h - what the QEMU guest agent says of a guest that boots
 *
 * Each call runs one qm and waits for it, half a minute at most.  1: yes; 0: not yet;
 * -1: it never will, and err says why, in the words of qm or of the guest.
 */
#ifndef AGENT_H
#define AGENT_H

struct error;
struct strbuf;

/* Does it answer? */
int agent_answers(const char *root, unsigned vmid, struct error *err);

/* Has the guest an address that others can reach?  They are added to addresses. */
int agent_find_addresses(const char *root, unsigned vmid, struct strbuf *addresses,
			 struct error *err);

/* Has cloud-init finished?  What it met with and went on is added to remark. */
int agent_cloudinit_is_done(const char *root, unsigned vmid, struct strbuf *remark,
			    struct error *err);

#endif
