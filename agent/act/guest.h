/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest.h - make a template of what a cloud image is, from inside, over SSH
 *
 * Waits for SSH and for cloud-init, installs packages, sends files, runs the
 * operator's lines, and then wipes the slate: cloud-init's state, machine-id,
 * keys, apt's lists and cache, histories; the last thing is fstrim, so that
 * clones stay thin.
 *
 * It can be repeated from the start for as long as the slate has not been
 * touched, and does so itself when the connection is lost before.  Lines to run
 * must bear that.  The first thing that is wiped is cloud-init's state: a guest
 * that was left in the middle of it makes itself new when it is started again,
 * and can be given to this once more then.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct ssh_pair;
struct strvec;

struct guest_file {
	const char *from;	/* here; as file_open_trusted() wants it, at most 16 MiB */
	const char *to;		/* there; folders above it are made, root owns it */
	mode_t mode;		/* 0: 0644 */
};

struct guest_job {
	const char *address;	/* IPv4 or IPv6, without a prefix */
	unsigned port;
	const char *user;	/* may use sudo without a password */
	const struct ssh_pair *key;
	const struct strvec *packages;	/* names for apt-get; NULL: none */
	const struct guest_file *files;
	size_t file_count;
	const struct strvec *run;	/* lines for root's sh, each after the other; NULL: none */
	const char *keep_key;	/* public line that stays in the user's authorized_keys, or NULL */
	const char *remove_key;	/* public line that goes, unless it is keep_key; or NULL */
	double ssh_seconds;	/* until there must be a login */
	double apt_seconds;	/* for cloud-init, each call of apt, each line to run; and for as
				 * long apt is tried again, where there is hope */
	double time_scale;	/* of all limits and pauses: 1, but in tests */
	uint64_t (*occupied)(void *context);	/* bytes of its pool that its disk has now;
						 * 0: not known; NULL: nobody knows */
	void *context;
};

/*
 * Do all of it, telling on stdout, line by line and each flushed, what is done,
 * what is waited for, and what the guest prints.  0: the guest is ready to be
 * shut down, and lets nobody in but with keep_key.  -1: why is in err, and is the
 * last line on stdout.  SIGPIPE should be ignored.
 */
int guest_prepare(const struct guest_job *job, struct error *err);

#endif
