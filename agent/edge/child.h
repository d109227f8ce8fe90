/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child.h - run a program so that it survives us
 *
 * A child that changes the node is made in two strokes, so that no instant
 * exists at which it runs and nobody has written down that it does:
 *
 *	child_prepare(&child, argv, NULL, output_path, err)	it exists, and waits
 *	... journal child.pid and child.start, fsync ...
 *	child_release(&child, err)			it runs
 *	while (!child_reap(&child)) ...			poll(2) on a signalfd(2)
 *	child_tail(output_path, ...)
 *
 * It lives in its own session, so no Ctrl-C and no lost terminal reaches it;
 * stdin is /dev/null, stdout and stderr go to a file, never to a pipe: qm dies
 * half-way when its reader does (pve-facts 7.7, 7.9).  If we die before
 * child_release, it leaves without having executed anything.  The environment
 * is PATH, HOME, LC_ALL=C.UTF-8 (pve-facts 0.5), nothing else; signals are at
 * their defaults; no other descriptor is left open.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct strbuf;
struct strvec;

struct child {
	pid_t pid;
	uint64_t start;		/* field 22 of /proc/PID/stat */
	int gate;		/* the fd that releases it; -1 once released */
	int failure;		/* the fd on which a failed exec says its errno */
	bool ended;
	int status;		/* as waitpid(2) gives it, once ended */
	int exec_errno;		/* not 0: the program could not be executed */
};

#define CHILD_INIT { .gate = -1, .failure = -1, .status = -1 }

/*
 * output is created, 0600, and must not exist yet; argv[0] is an absolute path.  input
 * is the text on its stdin, which outlives us and lies in no file; NULL: none.
 */
int child_prepare(struct child *child, const struct strvec *argv, const char *input,
		  const char *output, struct error *err);
int child_release(struct child *child, struct error *err);

/*
 * The same with a function in the program's place: it runs in the child, with our
 * memory and environment as they are at this moment, SIGPIPE ignored, and what it
 * returns is the exit status.  It must leave our journal and locks alone.
 */
struct child_work {
	int (*run)(void *context);
	void *context;
};

int child_prepare_work(struct child *child, const struct child_work *work, const char *output,
		       struct error *err);

/* Has it ended?  Never waits.  Fills status and exec_errno once it has. */
bool child_reap(struct child *child);

/* Closes what is open; an unreleased child leaves, a running one runs on. */
void child_release_fds(struct child *child);

/* Does a process with this pid and start time live (and is no zombie)? */
bool child_is_alive(pid_t pid, uint64_t start);

/* Which boot of the machine this is, so that a pid of an earlier one is known as such; caller
 * frees. */
char *child_boot_id(void);

/* Field 22 of /proc/PID/stat, or 0. */
uint64_t child_start_time(pid_t pid);

/* Add the last lines (at most max bytes) of the file at path to text. */
void child_tail(const char *path, size_t max, struct strbuf *text);

/*
 * Run a program that only reads and wait for it: its stdout goes to out, its
 * stderr to complaint.  -1 if it could not be run, did not end within seconds,
 * or ended with anything but 0 (the error then quotes its first complaint).
 */
int child_read(const struct strvec *argv, unsigned seconds, struct strbuf *out, struct error *err);

#endif
