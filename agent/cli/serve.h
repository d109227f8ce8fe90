/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * serve.h - what a key may do whose forced command in authorized_keys is vyom serve-ssh
 *
 * The client's command line comes as SSH_ORIGINAL_COMMAND.  It is split into words
 * without a shell (strvec_unquote), must be a vyom command whose verb the table of
 * verbs lets others ask for, and is carried out by this very process.  The key's owner
 * commands VMs, and nothing else of the node: files and programs of the node are named
 * by the node's own config, never by one that was sent.
 */
#ifndef SERVE_H
#define SERVE_H

struct cli;
struct error;

/* May these options be given by who is served?  Then cli becomes one of server's. */
int serve_options(struct cli *cli, const struct cli *server, struct error *err);

/* The same of what came in on standard input, before it is read and after. */
int serve_bundle(const struct cli *cli, struct error *err);
int serve_config(const struct cli *cli, struct error *err);

#endif
