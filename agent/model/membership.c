/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/membership.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "model/qm.h"
#include "model/state.h"

/* The guest of that id, if it is one to be noted; else NULL. */
static struct state_guest *guest_of(const struct state *state, const char *id, unsigned only)
{
	uint64_t vmid;

	if (*id == '0' || !number_parse_unsigned(id, QM_VMID_MIN, QM_VMID_MAX, &vmid) ||
	    (only && vmid != only))
		return NULL;
	return state_find_guest(state, (unsigned)vmid);
}

static void note(char **field, const char *text)
{
	free(*field);
	*field = memory_copy(text);
}

/* pool:NAME:COMMENT:101,102:STORAGES: */
void membership_parse_users(char *text, struct state *state, unsigned only)
{
	char *line;

	strvec_release(&state->resource_pools);
	while ((line = strsep(&text, "\n"))) {
		const char *kind = strsep(&line, ":"), *name = strsep(&line, ":");
		char *members, *id;

		if (strcmp(kind, "pool") != 0 || !name || !*name)
			continue;
		strvec_push(&state->resource_pools, name);
		strsep(&line, ":");
		members = strsep(&line, ":");
		while ((id = strsep(&members, ","))) {
			struct state_guest *guest = guest_of(state, id, only);

			if (guest)
				note(&guest->pool, name);
		}
	}
}

/* What a line "\tKEY VALUE" says of key, or NULL. */
static char *value_of(char *line, const char *key)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, len) != 0 || !strchr(" \t", line[len]) || !line[len])
		return NULL;
	line += len;
	line += strspn(line, " \t");
	line[strcspn(line, " \t\r")] = '\0';
	return line;
}

/* "vm: 101" begins what is said of 101; without a state it shall be started. */
void membership_parse_ha(char *text, struct state *state, unsigned only)
{
	struct state_guest *guest = NULL;
	char *line, *value;

	while ((line = strsep(&text, "\n"))) {
		if (*line != '\0' && !strchr(" \t#\r", *line)) {
			value = value_of(line, "vm:");
			guest = value ? guest_of(state, value, only) : NULL;
			if (guest)
				note(&guest->ha, "started");
			continue;
		}
		value = guest ? value_of(line, "state") : NULL;
		if (!value)
			continue;
		note(&guest->ha, strcmp(value, "ignored") == 0 ? NULL : value);
	}
}

/* "local: 101-0" is the first job of 101. */
void membership_parse_replication(char *text, struct state *state, unsigned only)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *job = value_of(line, "local:"), *end = job ? strchr(job, '-') : NULL;
		struct state_guest *guest;

		if (!end)
			continue;
		*end = '\0';
		guest = guest_of(state, job, only);
		*end = '-';
		if (guest)
			note(&guest->replication, job);
	}
}
