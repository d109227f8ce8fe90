/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link.h - SSH connections from an outpost to nodes, many side by side in one loop (libssh)
 *
 *	links = links_new(&(struct links_options){ .ask = ask_for_passphrase });
 *	link = link_open(links, &(struct link_target){ .host = "pve" }, &calls);
 *	... calls.ready: link_exec(link, "vyom …", &command_calls) ...
 *	while (there is something to wait for)
 *		links_turn(links, extra, 1, -1);
 *	link_close(&link);
 *	links_free(&links);
 *
 * No threads, and no process but an ssh_config's ProxyCommand: each link is a state machine
 * that never waits, and links_turn() waits for all of them.  Everything is told by calls, which
 * links_turn() makes and nothing else does; any function here may be called from within one,
 * but links_turn(), links_free() and those that wait (link_put_file() …).
 *
 * What ~/.ssh/config and /etc/ssh/ssh_config say of a host counts (sshconf.h).  The host key
 * must stand in a known_hosts file: nothing is sent to a host before its key was compared, and
 * none is ever written down here.  Then the agent's keys and the key files are offered;
 * passwords never are.
 *
 * Errors are sentences without the host's name, with what to do next where that is known; their
 * kind is ERROR_REFUSED where the host key is the matter, else ERROR_SYSTEM.
 *
 * libssh keeps private keys in its own memory: call secret_forbid_dump() first (secret.h).  It
 * writes to the agent as if nothing could go wrong: ignore SIGPIPE.
 */
#ifndef LINK_H
#define LINK_H

#include <poll.h>
#include <stddef.h>

struct error;
struct secret;

/* --- the loop --- */

struct links;

struct links_options {
	/* seconds that each phase may take; 0: what is said here */
	double connect;		/* until a TCP connection stands, an address each: 10 */
	double agree;		/* banner, key exchange: 20 */
	double log_in;		/* less the time that a person takes to answer: 30 */
	double start;		/* until a command runs: 30 */
	double silence;		/* without a sign of life from a host, until it is lost: 45 */
	/*
	 * Asks a person for the passphrase of the key file at path, up to three times each, once
	 * for all links and only if a host would let that key in: 0, or -1 if there is no answer.
	 * It may wait.  NULL: there is nobody to ask.
	 */
	int (*ask)(void *context, const char *path, struct secret *passphrase);
	void *context;
};

/* options are copied; NULL: all as said above. */
struct links *links_new(const struct links_options *options);

/*
 * Wait until something happened to a link or to one of the count other descriptors, whose
 * revents are then filled as by poll(2), or until milliseconds are over (-1: forever); do what
 * can be done, and make the calls that are due.  0; -1 if a signal came (errno is EINTR):
 * nothing is lost, call it again.
 */
int links_turn(struct links *links, struct pollfd *others, size_t count, int milliseconds);

/* Closes the links that are still open; makes no calls. */
void links_free(struct links **links);

/* --- a link --- */

struct link;

struct link_target {
	const char *host; /* a name, an address (IPv6 without brackets), or ssh_config's Host */
	const char *user;	/* NULL: ssh_config's, else who runs this */
	unsigned port;		/* 0: ssh_config's, else 22 */
};

/* Each may be NULL.  After failed or lost no call about this link or its commands comes. */
struct link_calls {
	void (*ready)(void *context);	/* logged in: commands may run */
	void (*failed)(void *context, const struct error *err);		/* instead of ready */
	void (*lost)(void *context, const struct error *err); /* after ready, by no wish of ours */
	void *context;
};

/* Begin to connect.  Strings and calls are copied.  Never NULL: what fails is told by a call. */
struct link *link_open(struct links *links, const struct link_target *target,
		       const struct link_calls *calls);

/* "SHA256:…" of the host key, once it was seen; else NULL.  The link's. */
const char *link_host_key(const struct link *link);

/* The user and the host as ssh_config made them, for people to read; the link's. */
const char *link_user(const struct link *link);
const char *link_host(const struct link *link);

/* Ends the connection, at once, whatever runs; its commands are freed.  Makes no calls. */
void link_close(struct link **link);

/* --- commands --- */

struct link_command;

/* Each may be NULL. */
struct link_command_calls {
	/* in pieces of any size, as they come */
	void (*output)(void *context, const char *data, size_t len);
	void (*error_output)(void *context, const char *data, size_t len);
	/* its exit status and "", or -1 and the signal's name ("TERM"); after all output */
	void (*ended)(void *context, int status, const char *signal);
	/* instead of ended: it was not started, or nobody knows how it ended; the link lives on */
	void (*failed)(void *context, const struct error *err);
	void *context;
};

/*
 * Run line in the user's login shell there (quote with strvec_quote()), beside what runs already.
 * The link must be ready.  The command is the link's, and is gone when ended or failed returns, or
 * the link is lost or closed.  What it left in the background, holding stdout, is waited for one
 * second.
 */
struct link_command *link_exec(struct link *link, const char *line,
			       const struct link_command_calls *calls);

/* Queue data, any amount, for its stdin; what it does not read before it ends is dropped. */
void link_send(struct link_command *command, const void *data, size_t len);

/* Nothing more comes on its stdin after what is queued. */
void link_send_eof(struct link_command *command);

/* --- files (SFTP) --- */

/*
 * These wait until it is done, at most `start` seconds without progress; other links go on
 * meanwhile, and their calls come.  The link must be ready.  -1 also when the link is lost: its
 * lost is called then, before they return.
 */

/*
 * Make a folder that only the user of the login may enter, called prefix ("/var/tmp/vyom-") and
 * 32 characters nobody can guess.  Its path is at *path; caller frees.
 */
int link_make_folder(struct link *link, const char *prefix, char **path, struct error *err);

/* Make a new file at path, 0600, of what fd reads from where it stands to its end. */
int link_put_file(struct link *link, int fd, const char *path, struct error *err);

/* The same of len bytes. */
int link_put_data(struct link *link, const void *data, size_t len, const char *path,
		  struct error *err);

/* Remove a file, or an empty folder. */
int link_remove_file(struct link *link, const char *path, struct error *err);
int link_remove_folder(struct link *link, const char *path, struct error *err);

#endif
