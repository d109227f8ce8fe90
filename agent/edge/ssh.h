/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ssh.h - keys, and commands on another machine (libssh)
 *
 *	ssh_pair_generate(&pair, "comment", err)
 *	ssh_login_open(&(struct ssh_target){ ... }, &login, &failure, err)
 *	ssh_login_run(login, &command, &failure, err)	any number of them, one after the other
 *	ssh_login_close(&login)
 *
 * Only what is given here counts: no ssh_config, no known_hosts, no agent, no
 * other key, no password.
 *
 * libssh keeps private keys in its own memory, which it wipes, but which a core
 * would hold: call secret_forbid_dump() first (secret.h).
 */
#ifndef SSH_H
#define SSH_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct secret;

/* Why there is no connection, or none any more.  Errors say the same as sentences. */
enum ssh_failure {
	SSH_FAILURE_NONE,
	SSH_FAILURE_UNREACHABLE,	/* refused, no route, no answer: may be tried again */
	SSH_FAILURE_SILENT,	/* closed or silent before it said that it speaks SSH: again */
	SSH_FAILURE_BROKEN,	/* ended while keys were agreed on, or a protocol not ours: again */
	SSH_FAILURE_OTHER_HOST,	/* the host key is not the one expected: never again */
	SSH_FAILURE_KEY_REFUSED,	/* perhaps not installed there yet: again */
	SSH_FAILURE_LOST,	/* the connection was lost while a command ran */
	SSH_FAILURE_LATE,	/* the command did not end in time; it may run on */
};

/* --- a key pair --- */

struct ssh_pair;

/* An ed25519 pair, in memory only; NULL at *pair and -1 if there is none.  Caller frees. */
int ssh_pair_generate(const char *comment, struct ssh_pair **pair, struct error *err);

/* The pair whose private key is text, as ssh_pair_private() gave it, without a passphrase. */
int ssh_pair_read(const struct secret *text, const char *comment, struct ssh_pair **pair,
		  struct error *err);

/* "ssh-ed25519 AAAA… COMMENT", without a newline; the pair's. */
const char *ssh_pair_public(const struct ssh_pair *pair);

/* "SHA256:…", as ssh-keygen -l prints it; the pair's. */
const char *ssh_pair_fingerprint(const struct ssh_pair *pair);

/* The private key as the text of a file that ssh -i takes, into text, which must be empty. */
int ssh_pair_private(const struct ssh_pair *pair, struct secret *text, struct error *err);

/* Wipes. */
void ssh_pair_free(struct ssh_pair **pair);

/* --- a login --- */

struct ssh_target {
	const char *address;	/* IPv4 or IPv6 as text, fe80::1%vmbr0 too; no name */
	unsigned port;
	const char *user;
	const struct ssh_pair *pair;
	const char *host_key;	/* its fingerprint; NULL: any, see ssh_login_host_key() */
	double seconds;		/* for all of it: connecting, agreeing on keys, logging in */
};

struct ssh_login;

/*
 * Log in.  -1: there is no login, why is in *failure, and err is a sentence
 * without the address.  The host key is judged before the user's key is shown.
 */
int ssh_login_open(const struct ssh_target *target, struct ssh_login **login,
		   enum ssh_failure *failure, struct error *err);

/* "SHA256:…" of the host key that was seen; the login's. */
const char *ssh_login_host_key(const struct ssh_login *login);

void ssh_login_close(struct ssh_login **login);

struct ssh_command {
	const char *line;	/* for the user's login shell: quote with strvec_quote() */
	const char *input;	/* its stdin; NULL: none */
	size_t input_len;
	double seconds;		/* that it may take */
	/* stdout and stderr in order of arrival, in pieces of any size; NULL: not wanted */
	void (*output)(void *context, const char *data, size_t len);
	void *context;

	int status;		/* how it ended: its exit status, or -1: by signal */
	char signal[16];	/* "TERM", "KILL", …, or "" */
};

/*
 * Run a command and wait for its end.  0: it ended, and how is in the command.
 * -1: nobody knows how it ended (*failure is LOST or LATE); the login is of no
 * use any more.  What it left in the background is not waited for.
 */
int ssh_login_run(struct ssh_login *login, struct ssh_command *command, enum ssh_failure *failure,
		  struct error *err);

#endif
