/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * option.h - the options of a VM's config that vyom declares
 *
 * One row an option: what it shall be for a VM of the spec, how two values of it
 * are compared, and what changing it means for a VM that lives.  diff walks the
 * table; a new option is a new row.
 */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>

struct spec_section;
struct strbuf;
struct vmconf;

/* How values are compared (pve-facts 2.4): only what is declared counts. */
enum option_form {
	OPTION_TEXT,		/* the same text */
	OPTION_PROPSTR,		/* each declared item the same, other items left alone */
	OPTION_PROPSTR_WHOLE,	/* the same items and no others, in any order */
	OPTION_TAGS,		/* the declared tags are among them, any order or case */
	OPTION_SSH_KEYS,	/* the same key lines, after decoding */
	OPTION_NOTE,		/* the description holds the declared line */
};

/* What a change means for a VM that runs (pve-facts 2.1.5) or has run. */
enum option_effect {
	OPTION_LIVE, /* in force at once */
	OPTION_RESTART, /* waits in [PENDING] for the next stop and start */
	OPTION_REINIT, /* cloud-init treats the guest as a new one at its next start (2.3.5) */
};

struct option {
	const char *name;		/* as in N.conf and, with -- in front, for qm set */
	enum option_form form;
	const char *default_key;	/* PROPSTR: the key that may be left out */
	enum option_effect effect;
	/* Add what it shall be to value; false: the spec declares nothing. */
	bool (*want)(const struct spec_section *vm, struct strbuf *value);
};

extern const struct option option_table[];
extern const size_t option_count;

/* NULL if vyom does not declare it. */
const struct option *option_find(const char *name);

/*
 * What changing found to wanted means: the row's effect, but for a network card
 * that keeps its MAC, which is all that cloud-init knows of it.
 */
enum option_effect option_effect_of(const struct option *option, const char *wanted,
				    const char *found);

/*
 * May a value of it wait in [PENDING] of a VM that runs?  qm puts most into force
 * at once (pve-facts 2.1.5): there, what waits is left of a set that was cut off.
 */
bool option_may_wait(const struct option *option);

/* Does found (the file's text, NULL: absent) say what wanted says? */
bool option_agrees(const struct option *option, const char *wanted, const char *found);

/*
 * What to give qm so that found becomes wanted: for PROPSTR, TAGS and NOTE what
 * is already there is kept.
 */
void option_merge(const struct option *option, const char *wanted, const char *found,
		  struct strbuf *value);

/*
 * A value as a person would read it: ssh keys as "2 keys", the rest as it is.
 */
void option_describe(const struct option *option, const char *value, struct strbuf *text);

/* "managed by vyom: CLUSTER/NAME": the line that marks a VM as ours. */
void option_mark(const struct spec_section *vm, struct strbuf *line);

/*
 * What stands behind the next "managed by vyom: " that begins a line of note, which
 * goes on to the line after it; false: there is none.
 */
bool option_next_mark(const char **note, struct strbuf *mark);

/* CLUSTER, if conf bears the mark of a VM called name (NULL: none); else NULL; caller frees. */
char *option_marked_cluster(const struct vmconf *conf, const char *name);

/* The tag that marks a VM as ours, and the disk that spec's `disk` means. */
#define OPTION_TAG "vyom"
#define OPTION_MARK "managed by vyom: "
#define OPTION_BOOT_DISK "scsi0"

#endif
