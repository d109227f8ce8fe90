/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bundle.h - a config and the files that it names, as one line that can be sent (jansson)
 *
 *	{"bundle":1,"version":"0.1.0","config":"/etc/vyom/vyom.conf","files":{PATH:TEXT, …}}
 *
 * On an outpost it remembers what was read while the config was; on the node, where it came
 * in on stdin, only what is in it can be read:
 *
 *	bundle.config = path
 *	spec_conf_read(spec, &bundle, …)
 *	bundle_print(&bundle)		→	bundle_receive(&bundle, folder, fd, err)
 *					spec_conf_read(spec, &bundle, …)
 *					bundle_keep(&bundle, err)
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

struct error;

/* Of the line, and of the events that come back: another number is another language. */
#define BUNDLE_FORMAT 1

/* The config's path where it came in on standard input, and is no bundle. */
#define BUNDLE_STDIN "stdin"

/* All that a bundle may come to, in bytes. */
#define BUNDLE_LARGEST (16 << 20)

struct bundle_file {
	char *path;		/* as it is read by, and as messages call it */
	struct strbuf text;
	bool placed;		/* another program is told of it */
};

struct bundle {
	char *config;		/* its path */
	struct bundle_file *files;
	size_t count;
	bool sealed;		/* it was sent: there is nothing else */
	bool stop;		/* what followed the line asked to stop already */
	char *folder;		/* on the node: where its files are kept */
};

/*
 * Add to text what the file at path holds, of which nothing is read past limit bytes: the
 * caller looks.  It is read once.  -1 if it cannot be read, is not one to trust
 * (base/file.h), or was not sent along; err is without the path.
 */
int bundle_read(struct bundle *bundle, const char *path, size_t limit, struct strbuf *text,
		struct error *err);

/* The name under which another program finds the file that is read by path; caller frees. */
char *bundle_place(struct bundle *bundle, const char *path);

/* One line without its end; NULL: the file at *unsendable is no text.  Caller frees. */
char *bundle_print(const struct bundle *bundle, const char **unsendable);

/*
 * Read fd to its end, or to that of the line which makes a bundle.  Anything else is a
 * config, called stdin, beside which files are read as usual.
 */
int bundle_receive(struct bundle *bundle, const char *folder, int fd, struct error *err);

/* Write what was sent where bundle_place() said that it would be. */
int bundle_keep(const struct bundle *bundle, struct error *err);

void bundle_release(struct bundle *bundle);

#endif
