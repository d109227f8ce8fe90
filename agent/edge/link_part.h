/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link_part.h - what link.c and link_*.c share
 *
 *	link_loop.c	the loop
 *	link.c		a link's way through its phases
 *	link_dial.c	a descriptor to the host's sshd: addresses, ProxyCommand
 *	link_relay.c	the same through another link: ProxyJump
 *	link_agree.c	the session, and its host key
 *	link_login.c	the agent and the key files, one after the other
 *	link_key.c	key files, read once for all links
 *	link_agent.c	what the agent holds
 *	link_exec.c	channels: commands, subsystems, forwards
 *	link_file.c	files, over link_sftp.c
 */
#ifndef LINK_PART_H
#define LINK_PART_H

#include <stdbool.h>
#include <stdint.h>

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/link.h"
#include "edge/resolve.h"
#include "edge/sshconf.h"

/* How a step of a phase ended; FAILED: why is in the link's err. */
enum link_step { LINK_WAIT, LINK_DONE, LINK_FAILED };

enum link_phase { LINK_DIAL, LINK_AGREE, LINK_LOG_IN, LINK_READY, LINK_OVER };

/* --- keys --- */

/* A key file, or (path NULL) a key in an agent. */
struct link_key {
	char *path, *comment;
	ssh_key public;
	ssh_key private;	/* NULL: not read yet */
	char *fingerprint;	/* "ED25519 SHA256:…" */
	bool is_useless;	/* it cannot be read, or nobody has its passphrase */
};

/* What an agent holds, asked once. */
struct link_agent {
	char *path;
	char *problem;		/* NULL: it answered */
	struct link_key *keys;
	size_t count;
};

struct link_keys {
	struct link_key **files;
	struct link_agent **agents;
	size_t file_count, agent_count;
};

void link_keys_release(struct link_keys *keys);

/* The key file at path, with its public part if that can be had without asking; never NULL. */
struct link_key *link_key_file(struct links *links, const char *path);

/* Read its private part, asking for the passphrase if there is one: false if it cannot be had. */
bool link_key_open(struct links *links, struct link_key *key);

/* The agent behind the socket at path, asked now if it was not yet; the links'. */
const struct link_agent *link_agent_ask(struct links *links, const char *path);

/* Fill key's fingerprint from its public part. */
void link_key_name(struct link_key *key);

/* --- the loop --- */

struct links {
	struct links_options options;
	struct link **items;
	size_t count;
	struct pollfd *polls;
	size_t poll_room;
	double stolen;		/* seconds that did not count, as a person was asked */
	bool is_turning;	/* links_turn() is at work: what is closed goes at its end */
	struct link_keys keys;
};

/* Seconds, of which those that `stolen` has are not counted. */
double links_now(const struct links *links);

/* A link without a target yet. */
struct link *links_add(struct links *links, const struct link_calls *calls);

/* Free those that were closed, and in their wake those that nobody goes through any more. */
void links_reap(struct links *links);

/* What took since began (clock_monotonic()) is nobody's fault, and no phase is shorter for it. */
void links_forgive(struct links *links, double began);

/* --- a link --- */

struct link_login {
	enum { LOGIN_AGENT, LOGIN_OFFER, LOGIN_PROVE } step;
	size_t file;		/* which one it is about */
	bool is_shown;		/* the host has heard of it */
	struct strbuf offered;	/* names of the keys that were refused */
	struct strbuf notes;	/* why others were not offered */
	size_t count;		/* of those offered */
};

/* The other end of the session's descriptor, where the way is a channel of another link. */
struct link_relay {
	int fd;			/* -1: none, or over */
	struct link_command *channel;	/* in the jump host's link; NULL: not yet, or over */
	bool is_over;		/* the channel was there, or could not be had */
	struct strbuf back;	/* came from there, and is not written to fd yet */
};

struct link {
	struct links *links;
	struct link_calls calls;
	struct sshconf conf;
	enum link_phase phase;
	double deadline;	/* of what is being done (links_now()) */
	struct error err;	/* once it is over */
	bool is_due;		/* there is something to do without waiting */
	bool was_ready, is_ready_told, is_told, is_closed;
	bool is_waited_for;	/* by link_sftp.c: it stays until that has seen its end */
	size_t poll_first, poll_count;	/* its part of the loop's polls */

	/* the way there */
	enum { DIAL_BEGIN, DIAL_LOOK_UP, DIAL_CONNECT } dial;
	struct resolve resolve;
	struct sockaddr_storage addresses[RESOLVE_MAX];
	int address_count, address;
	struct strbuf tried;	/* what came of each address */
	int fd;			/* until the session has it */
	pid_t proxy;		/* 0: none */
	int proxy_complaint;	/* its stderr */
	struct link *jump;	/* NULL: none */
	char *jump_name;	/* as ssh_config has it; for a link that is one */
	unsigned users;		/* links that go through this one; it is closed with the last */
	struct link_relay relay;

	ssh_session session;
	ssh_event event;
	struct ssh_counter_struct counter;
	uint64_t heard_bytes;
	double heard, probed;	/* when something last came, and was last asked for */
	char *host_key;
	struct link_login login;

	struct link_command **commands;
	size_t command_count;
	struct link_sftp *sftp;
};

/* Fill the link's err and return LINK_FAILED. */
enum link_step link_fail(struct link *link, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Is the time over?  Set by link_allow(). */
bool link_is_late(const struct link *link);
void link_allow(struct link *link, double seconds);

/* For the loop: do what can be done, make the calls that are due; when there is something to do
 * even if nothing comes. */
void link_step_on(struct link *link);
void link_tell(struct link *link);
double link_next_look(const struct link *link);
void link_free(struct link *link);

/* Read what ssh_config says of where the link goes, and begin; what is wrong is told later. */
void link_begin(struct link *link);

/* --- the phases; each is called until it is done --- */

enum link_step link_dial_step(struct link *link);
void link_dial_release(struct link *link);

/* What the ProxyCommand has to say of its end, or ""; the link's until it is called again. */
const char *link_dial_complaint(struct link *link);

/* Through a jump host: begin, go on, and move what waits. */
int link_relay_begin(struct link *link);
enum link_step link_relay_step(struct link *link);
void link_relay_move(struct link *link);
short link_relay_events(const struct link *link);
void link_relay_release(struct link *link);

int link_agree_begin(struct link *link);
enum link_step link_agree_step(struct link *link);

/* 0 if the host key is known, else err says what to do. */
int link_host_check(struct link *link);

enum link_step link_login_step(struct link *link);
void link_login_release(struct link_login *login);

/* Why the session is no more. */
const char *link_reason(struct link *link);

/* --- channels --- */

enum link_kind { LINK_EXEC, LINK_SUBSYSTEM, LINK_FORWARD };

/* line is the command, the subsystem's name, or the host to go on to at port. */
struct link_command *link_channel_open(struct link *link, enum link_kind kind, const char *line,
				       unsigned port, const struct link_command_calls *calls);

/* Bytes queued for it that libssh does not have yet. */
size_t link_channel_queued(const struct link_command *command);

/* Forget it: no calls come any more, and it is gone soon. */
void link_channel_drop(struct link_command *command);

/* Read and write what can be; false: the session is no more. */
bool link_channels_step(struct link *link);

/* Is it there, with its command begun? */
bool link_channel_is_running(const struct link_command *command);

/* The session goes away: what came until then can still be told. */
void link_channels_cut(struct link *link);

/* Make the calls that are due. */
void link_channels_tell(struct link *link);
void link_channels_release(struct link *link);

/* When the next one is late; 0: none waits. */
double link_channels_deadline(const struct link *link);

void link_sftp_release(struct link *link);

#endif
