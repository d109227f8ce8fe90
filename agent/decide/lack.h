/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lack.h - what a VM does not work without, though no key of the file says it
 *
 * vyom leaves it alone, as all that is not declared, and says it.
 */
#ifndef LACK_H
#define LACK_H

struct diff_vm;

enum lack {
	LACK_BOOT,		/* its first disk is not in its boot order */
	LACK_CLOUDINIT,		/* it has no drive from which the guest learns who it is */
	LACK_COUNT
};

/* "boot", "cloud-init" */
const char *lack_name(enum lack lack);

/* Why that is lacking in a VM that is there, and what would do; NULL: it is not; caller frees. */
char *lack_find(const struct diff_vm *diff, enum lack lack);

#endif
