/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec_claim.h - who has which name, id or address, and who has it twice
 *
 * Claims of one kind are collected and sorted once, so a file of ten thousand
 * VMs is checked as fast as it is read.  Upper and lower case make no
 * difference between two claims: no name server tells A from a.
 */
#ifndef SPEC_CLAIM_H
#define SPEC_CLAIM_H

#include <stddef.h>

struct spec_problems;
struct spec_section;

struct spec_claim {
	char *text;
	int line;	/* where it is made */
	struct spec_section *section;
};

struct spec_claims {
	struct spec_claim *items;
	size_t count;
};

void spec_claims_add(struct spec_claims *claims, const char *text, int line,
		     struct spec_section *section);
void spec_claims_sort(struct spec_claims *claims);

/* Sort, and make each claim after the first of its text a problem; what is "vmid:" or the like. */
void spec_claims_check(struct spec_claims *claims, const char *what,
		       struct spec_problems *problems);

/* Who claimed exactly that text first, or NULL.  Sorted claims only. */
struct spec_section *spec_claims_find(const struct spec_claims *claims, const char *text);

void spec_claims_release(struct spec_claims *claims);

#endif
