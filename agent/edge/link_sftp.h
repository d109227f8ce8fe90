/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link_sftp.h - the little of SFTP that link_file.c needs (draft-ietf-secsh-filexfer-02)
 *
 *	link_sftp_need(link, &sftp, err)
 *	link_sftp_begin(&packet, TYPE); link_sftp_text(&packet, path); ...
 *	link_sftp_send(sftp, &packet)			any number of them
 *	link_sftp_wait(sftp, 0, err)			and sftp->failure says how it went
 *
 * Over a channel as any other: libssh's own SFTP waits in the session, where the loop could not
 * go on, and a link through a jump host would wait for itself.
 */
#ifndef LINK_SFTP_H
#define LINK_SFTP_H

#include "edge/link_part.h"

struct link_sftp {
	struct link *link;
	struct link_command *channel;	/* NULL: over, and why is in err */
	struct error err;
	struct strbuf in;	/* came, and is no whole packet yet */
	unsigned waiting;	/* answers that are still to come */
	uint32_t failure;	/* the first that was no success; 0: none */
	struct strbuf message;	/* which says */
	struct strbuf handle;
	uint64_t room;		/* bytes that are free, as it answered */
	double deadline;	/* moved by every answer */
};

/* One for the link, made when it is first needed, with what it last answered forgotten. */
int link_sftp_need(struct link *link, struct link_sftp **sftp, struct error *err);
void link_sftp_clear(struct link_sftp *sftp);

/* Its length is filled in as it is sent; the number of the request tells nobody anything. */
void link_sftp_begin(struct strbuf *packet, int type);
void link_sftp_number(struct strbuf *packet, uint32_t number);
void link_sftp_string(struct strbuf *packet, const void *data, size_t len);
void link_sftp_text(struct strbuf *packet, const char *text);
void link_sftp_send(struct link_sftp *sftp, struct strbuf *packet);

/* Until no more than so many answers are to come; -1: it is over, and err says why. */
int link_sftp_wait(struct link_sftp *sftp, unsigned waiting, struct error *err);

#endif
