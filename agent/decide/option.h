/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * option.h - the options of a VM's config that vyom declares
 *
 * One row an option: which keys of the file it is made of, how two values of it are
 * compared, and what changing it means for a VM that lives.  diff walks the table,
 * and what the key "options" names besides; a new option is a new row.
 */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "model/key.h"

struct spec_section;
struct strbuf;
struct vmconf;

/* How values are compared (pve-facts 2.4): only what is declared counts. */
enum option_form {
	OPTION_TEXT,		/* the same text */
	OPTION_NUMBER,		/* the same number, however it is written */
	OPTION_PROPSTR,		/* each declared item the same, other items left alone */
	OPTION_PROPSTR_WHOLE,	/* the same items and no others, in any order */
	OPTION_TAGS,		/* the declared tags are among them, any order or case */
	OPTION_SSH_KEYS,	/* the same key lines, after decoding */
	OPTION_FEATURES,	/* the same words in any order, with hotplug's 0 and 1 */
	OPTION_SECRET,		/* the same text, which is never shown, nor in an argv */
	OPTION_SMBIOS,		/* each declared item the same, decoded; other items left alone */
	OPTION_NOTE,		/* the description is the declared lines; one line: holds it */
};

/* What a change means for a VM that runs (pve-facts 2.1.5) or has run. */
enum option_effect {
	OPTION_LIVE, /* in force at once */
	OPTION_RESTART, /* waits in [PENDING] for the next stop and start */
	OPTION_REINIT, /* cloud-init treats the guest as a new one at its next start (2.3.5) */
};

/* A key of the file that is the value of an option, or one item of it. */
struct option_part {
	enum key_id key;
	const char *item;		/* NULL: the whole value */
	const char *unsaid;		/* what Proxmox takes where there is none; NULL: not known */
};

struct option {
	const char *name;		/* as in N.conf and, with -- in front, for qm set */
	enum option_form form;
	const char *default_key;	/* PROPSTR: the key that may be left out */
	enum option_effect effect;
	/* What it is made of, up to KEY_COUNT; nothing declared of them: it is not either. */
	const struct option_part *parts;
	/* Where parts do not do, or not alone: add what it shall be to value; false: not declared. */
	bool (*want)(const struct spec_section *vm, struct strbuf *value);
	const char *live;		/* PROPSTR: "mbps iops", items that never wait for a restart */
	const char *plug;		/* with this feature of hotplug, it does not either */
};

extern const struct option option_table[];
extern const size_t option_count;

/* NULL if vyom does not declare it. */
const struct option *option_find(const char *name);

/* Add what it shall be to value; false: the spec declares nothing. */
bool option_want(const struct option *option, const struct spec_section *vm, struct strbuf *value);

/*
 * The n'th of what vm's cards and its key "options" name besides the table, with what it
 * shall be added to value (nothing: it is not declared); NULL: there are no more.
 */
const struct option *option_listed(const struct spec_section *vm, size_t n, struct strbuf *value);

/* The row of a data disk's slot, "scsi1"; slot must be one that data_disk.h knows. */
const struct option *option_of_drive(const char *slot);

/* Does the spec say anything about the option of that name? */
bool option_is_declared(const struct spec_section *vm, const char *name);

/*
 * What changing found to wanted in conf means: the row's effect, unless this very
 * change can be put into force at once, or leaves what cloud-init knows as it is.
 */
enum option_effect option_effect_of(const struct option *option, const char *wanted,
				    const char *found, const struct vmconf *conf);

/*
 * Does that change wait for a restart where the VM runs?  For cloud-init a card may
 * besides be another one (its effect is OPTION_REINIT then).
 */
bool option_waits(const struct option *option, const char *wanted, const char *found,
		  const struct vmconf *conf);

/*
 * May wanted, where conf has found, wait in [PENDING] of a VM that runs?  qm puts most
 * into force at once (pve-facts 2.1.5): there, what waits is left of a set that was cut
 * off, and is set again.
 */
bool option_may_wait(const struct option *option, const char *wanted, const char *found,
		     const struct vmconf *conf);

/*
 * Does found (the file's text, NULL: absent) say what wanted says?  What Proxmox takes
 * where nothing is said is as good as said: it drops that itself at times.  wanted NULL, here
 * and above: it shall be absent.
 */
bool option_agrees(const struct option *option, const char *wanted, const char *found);

/* Would other, in found's place, leave the VM what it is known by? */
bool option_keeps(const struct option *option, const char *found, const char *other);

/*
 * What to give qm so that found becomes wanted: for PROPSTR, SMBIOS, TAGS and NOTE what
 * is already there is kept.
 */
void option_merge(const struct option *option, const char *wanted, const char *found,
		  struct strbuf *value);

/*
 * A value as a person would read it: ssh keys as "2 keys", a secret as the first
 * digits of its SHA-256, the rest as it is.
 */
void option_describe(const struct option *option, const char *value, struct strbuf *text);

/* The same of what is wanted, where NULL means that it is taken out: "detached". */
void option_describe_wanted(const struct option *option, const char *wanted, struct strbuf *text);

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
