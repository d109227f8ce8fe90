/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * foreign.h - the options of qm that vyom has no key for
 *
 * The key "options" gives them by qm's own names.  Those that vyom has a key for,
 * and those that would undo what it relies on, are refused with what to say
 * instead.  Forms and effects are qm's (pve-facts 2.1.5, 2.4).
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stdbool.h>

struct error;

enum foreign_form {
	FOREIGN_TEXT,
	FOREIGN_FLAG,		/* 1 or 0 in the config, whatever way it was said */
	FOREIGN_NUMBER,		/* a whole one */
	FOREIGN_RATIO,		/* one that may have a fraction */
	FOREIGN_ITEMS,		/* a property string */
};

struct foreign {
	const char *name;	/* "usb" for usb0 to usb13 */
	enum foreign_form form;
	const char *words;	/* TEXT: the values there are; ITEMS: the names; NULL: any */
	int (*check)(const char *value, struct error *err);	/* TEXT: -1 with what is wrong */
	unsigned least;		/* NUMBER */
	const char *default_key;	/* ITEMS: the name that may be left out */
	int first, last;	/* the numbers behind the name; last 0: none */
	bool live;		/* in force at once, also where the VM runs */
	bool reinit;		/* cloud-init starts anew */
	const char *plug;	/* with this feature of hotplug it is in force at once; NULL: none */
};

/* The option of that name, with its number; NULL: qm has none, or it is refused. */
const struct foreign *foreign_find(const char *name);

/* May options say name=value?  -1 with what is wrong, and what would do. */
int foreign_check(const char *name, const char *value, struct error *err);

/* "true", "off", … of a FLAG: 1 or 0; -1: neither. */
int foreign_flag(const char *value);

#endif
