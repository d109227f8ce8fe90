/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child_exec.h - fork, and exec with nothing of ours left over
 *
 * The one careful child behind child_prepare() and child_read(): its own
 * session, signals at their defaults, the environment that
 * child.h names, no descriptor above 2.
 */
#ifndef CHILD_EXEC_H
#define CHILD_EXEC_H

struct child;
struct child_work;
struct strvec;

/*
 * Fill child with a process that waits for child_release() to execute argv, or
 * (argv NULL) to do work.
 * input, output and complaint, its stdin, stdout and stderr, stay the caller's.  -1
 * with errno if there is none.
 */
int child_exec_fork(struct child *child, const struct strvec *argv,
		    const struct child_work *work, int input, int output, int complaint);

/* Once it has ended: the errno of its exec, or 0 if it was executed.  Never waits. */
int child_exec_failure(const struct child *child);

#endif
