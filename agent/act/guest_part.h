/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest_part.h - what the parts of guest.h share: guest.c has the order of things,
 * guest_link.c the connection, guest_apt.c packages, guest_clean.c the clean slate
 */
#ifndef GUEST_PART_H
#define GUEST_PART_H

#include <stdbool.h>

#include "act/guest.h"
#include "base/strbuf.h"

struct ssh_login;

struct guest {
	const struct guest_job *job;
	struct ssh_login *login;	/* NULL: there is none now */
	char *host_key;		/* fingerprint seen at the first login; NULL: none yet */
	bool lost;		/* a login that was there is no more */
	bool touched;		/* the clean slate has begun: no way back */
};

/* A command and what came of it. */
struct guest_command {
	const struct strvec *argv;	/* as the program there shall have it */
	const char *input;	/* its stdin; NULL: none */
	size_t input_len;
	double seconds;
	bool quiet;		/* what it prints is not told */

	int status;		/* exit status, or -1: a signal ended it */
	struct strbuf output;	/* stdout and stderr, the last 64 KiB or so */
};

#define GUEST_COMMAND_INIT { .output = STRBUF_INIT }

/* Tell a line. */
void guest_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

void guest_pause(double seconds);

/* Log in, within the job's bound, telling what is waited for when that changes. */
int guest_connect(struct guest *guest, struct error *err);
void guest_disconnect(struct guest *guest);

/*
 * Run a command, all of whose output is in command->output also when it fails.
 * 0: it ended, see status.  -1: nobody knows, and guest->lost says if another
 * login may help.  err's text is what one says after the command's name.
 */
int guest_run(struct guest *guest, struct guest_command *command, struct error *err);

/* The same with a script for sh, as root or as the user, whose arguments follow up to NULL. */
int guest_run_script(struct guest *guest, struct guest_command *command, bool root,
		     const char *script, const char *const *arguments, struct error *err);

/* -1, saying "WHAT: exit status 3: LAST LINE" of a command that ended, but not with 0. */
int guest_judge(const struct guest_command *command, const char *what, struct error *err);

void guest_command_release(struct guest_command *command);

int guest_install(struct guest *guest, struct error *err);
int guest_clean(struct guest *guest, struct error *err);

#endif
