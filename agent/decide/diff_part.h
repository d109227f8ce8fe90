/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diff_part.h - what the parts of a diff share
 */
#ifndef DIFF_PART_H
#define DIFF_PART_H

struct diff_vm;
struct option;
struct vmconf;

/* Add an item to diff unless conf has that option as wanted; NULL: not at all. */
void diff_compare_option(struct diff_vm *diff, const struct vmconf *conf,
			 const struct option *option, const char *wanted);

#endif
