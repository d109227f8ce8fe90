/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * firmware_disk.h - the small disks of a VM's firmware, as the keys "efidisk" and "tpm" say them
 *
 *	"4m,pre-enrolled-keys=1,storage=fast"	and	"v2.0,storage=fast"
 *
 * What OVMF keeps its settings in, and the state of a TPM: 4 MiB each, whose content is
 * made once.  Another kind of it is another disk, and so no change that qm could make.
 */
#ifndef FIRMWARE_DISK_H
#define FIRMWARE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/data_disk.h"

struct error;
struct spec_section;

#define FIRMWARE_EFI "efidisk0"
#define FIRMWARE_TPM "tpmstate0"

/* What a volume of either takes of its storage, extents apart (Proxmox: 528 KiB, 4 MiB). */
#define FIRMWARE_SIZE ((uint64_t)4 << 20)

/* As checks of keys (key_check.h). */
int key_check_efidisk(const char *text, struct error *err);
int key_check_tpm(const char *text, struct error *err);

/* The n'th of those that vm declares, to be released; false: there are no more. */
bool firmware_disk_at(const struct spec_section *vm, size_t n, struct data_disk *disk);

/* Is that slot one of the two? */
bool firmware_disk_is(const char *slot);

/*
 * In which item the drive that is there is of another kind than disk, "efitype 2m, not 4m";
 * NULL: in none.  Caller frees.
 */
char *firmware_disk_unlike(const struct data_disk *disk, const char *drive);

#endif
