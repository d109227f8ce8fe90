/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec_claim.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/scope.h"
#include "model/spec.h"

void spec_claims_add(struct spec_claims *claims, const char *text, int line,
		     struct spec_section *section)
{
	MEMORY_PUSH(claims->items, claims->count) =
		(struct spec_claim){ memory_copy(text), line, section };
}

static int compare_claims(const void *a, const void *b)
{
	const struct spec_claim *x = a, *y = b;
	int order = strcasecmp(x->text, y->text);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

void spec_claims_sort(struct spec_claims *claims)
{
	if (claims->count)
		qsort(claims->items, claims->count, sizeof(*claims->items), compare_claims);
}

void spec_claims_check(struct spec_claims *claims, const char *what,
		       struct spec_problems *problems)
{
	const struct spec_claim *first = claims->items;

	spec_claims_sort(claims);
	for (size_t i = 1; i < claims->count; i++) {
		const struct spec_claim *claim = &claims->items[i];
		CLEANUP(scope_free) char *where = NULL;

		if (strcasecmp(first->text, claim->text) != 0) {
			first = claim;
			continue;
		}
		where = spec_problems_name_line(problems, first->line, claim->line);
		spec_problem_add(problems, claim->line,
				 "%s \"%s\": %s %s is that of %s \"%s\" in %s; give another",
				 key_scope_name(claim->section->scope), claim->section->name, what,
				 claim->text, key_scope_name(first->section->scope),
				 first->section->name, where);
	}
}

/* The first that is not before text, then on through those that differ in case only. */
struct spec_section *spec_claims_find(const struct spec_claims *claims, const char *text)
{
	size_t low = 0, high = claims->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcasecmp(claims->items[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < claims->count && strcasecmp(claims->items[low].text, text) == 0; low++)
		if (strcmp(claims->items[low].text, text) == 0)
			return claims->items[low].section;
	return NULL;
}

void spec_claims_release(struct spec_claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		free(claims->items[i].text);
	free(claims->items);
	*claims = (struct spec_claims){ 0 };
}
