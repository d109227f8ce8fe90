/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link_ask.h - ask on the terminal for the passphrase of a key file (libssh)
 */
#ifndef LINK_ASK_H
#define LINK_ASK_H

struct secret;

/* As struct links_options wants it: 0, or -1 if there is no terminal or nothing was typed. */
int link_ask_terminal(void *context, const char *path, struct secret *passphrase);

#endif
