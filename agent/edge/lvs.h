/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lvs.h - what only LVM knows: inactive volumes, origins, extent sizes (jansson)
 */
#ifndef LVS_H
#define LVS_H

#include "model/thin.h"

struct error;

/*
 * Run ROOT/usr/sbin/lvs once and merge its rows into pools and volumes, which
 * thin_dm_read filled: adds inactive volumes and pools, fills origin, skip, device
 * and extent.  What device-mapper said of used and mapped bytes stays.  Sorted
 * afterwards.
 */
int lvs_merge(const char *root, struct thin_pools *pools, struct thin_volumes *volumes,
	      struct error *err);

/* The same from text, which is lvs' JSON report (for tests and the fuzzer). */
int lvs_parse(const char *text, struct thin_pools *pools, struct thin_volumes *volumes,
	      struct error *err);

#endif
