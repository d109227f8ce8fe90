/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seal_read.h - read a base volume from end to end, and seal what is in it
 */
#ifndef SEAL_READ_H
#define SEAL_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "model/seal.h"

struct error;
struct thin_volume;

/* Told after every block, holes included; done is total at the end.  false: stop. */
struct seal_progress {
	bool (*tell)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/*
 * Fill seal, which the caller releases, from volume (its vg and name are looked at).  One
 * that is not active is activated for it, which writes nothing, and put to rest again.
 * The page cache holds none of it afterwards, so that what the disk holds is what is read.
 * progress may be NULL.  -1: it cannot be read, ends too early, or was stopped.
 */
int seal_read(const char *root, const struct thin_volume *volume,
	      const struct seal_progress *progress, struct seal *seal, struct error *err);

#endif
