/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/thin.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "model/qm.h"

/* Of QM_VMID_MAX. */
enum { VMID_DIGITS = 9 };

void thin_pools_release(struct thin_pools *pools)
{
	for (size_t i = 0; i < pools->count; i++) {
		free(pools->items[i].vg);
		free(pools->items[i].name);
	}
	free(pools->items);
	*pools = (struct thin_pools){ 0 };
}

void thin_volume_release(struct thin_volume *volume)
{
	free(volume->vg);
	free(volume->name);
	free(volume->pool);
	free(volume->origin);
	*volume = (struct thin_volume){ .vg = NULL };
}

void thin_volumes_release(struct thin_volumes *volumes)
{
	for (size_t i = 0; i < volumes->count; i++)
		thin_volume_release(&volumes->items[i]);
	free(volumes->items);
	*volumes = (struct thin_volumes){ 0 };
}

static int compare_volumes(const void *left, const void *right)
{
	const struct thin_volume *a = left, *b = right;
	int order = strcmp(a->vg, b->vg);

	return order ? order : strcmp(a->name, b->name);
}

void thin_volumes_sort(struct thin_volumes *volumes)
{
	if (volumes->count)
		qsort(volumes->items, volumes->count, sizeof(*volumes->items), compare_volumes);
}

struct thin_pool *thin_pools_find(const struct thin_pools *pools, const char *vg, const char *name)
{
	for (size_t i = 0; i < pools->count; i++)
		if (strcmp(pools->items[i].vg, vg) == 0 && strcmp(pools->items[i].name, name) == 0)
			return &pools->items[i];
	return NULL;
}

struct thin_volume *thin_volumes_find(const struct thin_volumes *volumes, const char *vg,
				      const char *name)
{
	struct thin_volume wanted = { .vg = (char *)vg, .name = (char *)name };

	if (volumes->count == 0)
		return NULL;
	return bsearch(&wanted, volumes->items, volumes->count, sizeof(wanted), compare_volumes);
}

static const char *skip_kind(const char *name, bool *base)
{
	*base = strncmp(name, "base-", 5) == 0;
	if (*base)
		return name + 5;
	return strncmp(name, "vm-", 3) == 0 ? name + 3 : NULL;
}

/* ^(vm|base)-(\d+)-\S+$ in Proxmox; an id with a leading zero is no VM's. */
void thin_volume_parse_name(struct thin_volume *volume)
{
	bool base;
	const char *digits = skip_kind(volume->name, &base);
	size_t len = digits ? strspn(digits, "0123456789") : 0;
	char text[VMID_DIGITS + 1];
	uint64_t vmid;

	volume->vmid = 0;
	volume->base = false;
	if (len == 0 || len > VMID_DIGITS || *digits == '0')
		return;
	if (digits[len] != '-' || digits[len + 1] == '\0' || strpbrk(digits + len, " \t\n"))
		return;
	memcpy(text, digits, len);
	text[len] = '\0';
	if (!number_parse_unsigned(text, 1, QM_VMID_MAX, &vmid))
		return;
	volume->vmid = (unsigned)vmid;
	volume->base = base;
}

const char *thin_mode_name(enum thin_mode mode)
{
	switch (mode) {
	case THIN_MODE_RW:
		return "rw";
	case THIN_MODE_RO:
		return "read-only";
	case THIN_MODE_OUT_OF_DATA:
		return "out of data space";
	case THIN_MODE_FAILED:
		return "failed";
	case THIN_MODE_UNKNOWN:
		break;
	}
	return "not active";
}
