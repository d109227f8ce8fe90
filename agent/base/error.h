/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error.h - an error is a value that gains context on the way up
 *
 * Functions that can fail take a struct error as their last parameter, leave it
 * alone on success, and on failure fill it and return -1 in one line:
 *
 *	return error_set(err, ERROR_COMMAND, "qm clone: exit %d", status);
 *
 * Callers say who was concerned before passing it on:
 *
 *	if (plan_vm(...) < 0)
 *		return error_prefix(err, "%s", vm->name);
 *
 * The kind decides the exit status (vyom(8), EXIT STATUS); nothing else does.
 */
#ifndef ERROR_H
#define ERROR_H

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,	/* the command line is wrong: 64 */
	ERROR_SPEC,	/* the configuration is wrong: 2 */
	ERROR_SYSTEM,	/* a system call or a file failed: 2 */
	ERROR_COMMAND,	/* a program on the node failed: 2 */
	ERROR_REFUSED,	/* a person must decide: 3 */
	ERROR_BUSY,	/* another run holds the node: 4 */
};

struct error {
	enum error_kind kind;
	char text[960];	/* one or more sentences, no trailing newline; cut at a character's edge */
};

/* Fill err and return -1.  The text says what happened and what would do. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set(err, ERROR_SYSTEM, ...), with ": " and what errno says. */
int error_set_errno(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Put "CONTEXT: " in front of err's text and return -1. */
int error_prefix(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
