/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sshconf.h - what ssh_config(5) says of a host
 *
 *	CLEANUP(sshconf_release) struct sshconf conf;
 *
 *	sshconf_init(&conf, "pve", NULL, 0);
 *	if (sshconf_read(&conf, err) < 0)
 *		return -1;
 *
 * Read by us and not by libssh, which tells only the first of the key files, in Debian 12
 * neither knows IdentitiesOnly nor makes anything of ProxyJump but a command line, and in
 * Debian 13 starts a thread for each jump.
 *
 * ~/.ssh/config counts first, then /etc/ssh/ssh_config; ~ is $HOME.  Host, Match and Include are
 * understood, but `Match exec` is not run: it, canonical, final, and what is unknown match
 * nothing.  Keywords that are not in enum sshconf_key are passed over.  A file that somebody else
 * could have written is refused: it may name commands.
 */
#ifndef SSHCONF_H
#define SSHCONF_H

#include <stdbool.h>

#include "base/strvec.h"

struct error;
struct strbuf;

enum sshconf_key {
	SSHCONF_HOST_NAME,
	SSHCONF_USER,
	SSHCONF_PORT,
	SSHCONF_IDENTITIES_ONLY,
	SSHCONF_IDENTITY_AGENT,
	SSHCONF_PROXY_JUMP,		/* of this and PROXY_COMMAND, the other is then "none" */
	SSHCONF_PROXY_COMMAND,
	SSHCONF_HOST_KEY_ALIAS,
	SSHCONF_KNOWN_HOSTS,		/* the first file that is named */
	SSHCONF_GLOBAL_KNOWN_HOSTS,
	SSHCONF_CIPHERS,
	SSHCONF_MACS,
	SSHCONF_KEX_ALGORITHMS,
	SSHCONF_HOST_KEY_ALGORITHMS,
	SSHCONF_PUBKEY_ALGORITHMS,
	SSHCONF_COUNT,
};

struct sshconf {
	char *alias;		/* as it was asked for */
	char *home;		/* without a slash at its end */
	char *login;		/* who runs this */
	char *values[SSHCONF_COUNT];	/* NULL: not said */
	struct strvec key_files;	/* IdentityFile, in order; once read, never empty */
	unsigned port;		/* once read, never 0 */
};

/* host is an alias, a name or an address.  user and port win over the files; NULL and 0: none. */
void sshconf_init(struct sshconf *conf, const char *host, const char *user, unsigned port);
void sshconf_release(struct sshconf *conf);

/*
 * Read both files and fill in what holds where they say nothing: HOST_NAME, USER, KNOWN_HOSTS,
 * GLOBAL_KNOWN_HOSTS and the key files are there then, with %h, ~ and the like replaced.  A file
 * that is missing says nothing; -1: one is refused, or a port or an Include in it is no good.
 */
int sshconf_read(struct sshconf *conf, struct error *err);

/* The same of one text in a file's place, with name for errors; fills in nothing. */
int sshconf_read_text(struct sshconf *conf, const char *name, const struct strbuf *text,
		      struct error *err);

/* "none" and what is not said are both false. */
bool sshconf_is_set(const struct sshconf *conf, enum sshconf_key key);

/* "yes" or "true". */
bool sshconf_is_on(const struct sshconf *conf, enum sshconf_key key);

/* text with %h %n %p %r %u %d %%, ${VARIABLE} and a ~/ in front replaced; caller frees. */
char *sshconf_expand(const struct sshconf *conf, const char *text);

/* "[USER@]HOST[:PORT]" or the same as an ssh:// URL; HOST may be an IPv6 address in brackets. */
bool sshconf_split(const char *text, char **user, char **host, unsigned *port);

#endif
