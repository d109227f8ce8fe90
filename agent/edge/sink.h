/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sink.h - hand a private key over to whoever keeps it
 *
 * Either to a program of the operator's, on its stdin, or into a file.  Only 0
 * means that it is kept.  No error and no output ever holds a part of the key.
 */
#ifndef SINK_H
#define SINK_H

struct error;
struct secret;
struct strvec;

/* Seconds that a program has, for a person may have to unlock something. */
#define SINK_SECONDS 300

/*
 * Run argv, whose first word is an absolute path or found on our PATH, without
 * a shell and with our environment (the program may find its token there), the
 * key on its stdin.  What it prints goes to output, but for lines in which the
 * key is.  0: it ended with exit status 0 and has read the key to its end.
 */
int sink_run(const struct strvec *argv, const struct secret *key, int output, double seconds,
	     struct error *err);

/*
 * Write the key into a new file, 0600, and have it on disk.  Refused if there is
 * one, or if others than its owner, who must be root or us, may write the folder.
 */
int sink_write(const char *path, const struct secret *key, struct error *err);

#endif
