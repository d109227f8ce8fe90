/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * data_disk.h - a disk besides the first, as the key "data-disks" says it, or "efidisk" or "tpm"
 *
 *	"scsi1=100G,storage=fast,ssd=1"
 *
 * Its slot, its size, where it lies if not with the first one, and what Proxmox takes
 * for a drive.  discard=on, and iothread=1 where the slot has it, hold unless said
 * otherwise.
 *
 *	"scsi1=detached"
 *
 * No data disk shall be in that slot: what is there is taken out, and kept as unusedN.
 */
#ifndef DATA_DISK_H
#define DATA_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct spec_section;

struct data_disk {
	char slot[16];		/* "scsi1" */
	uint64_t size;		/* bytes, whole MiB */
	char *storage;		/* NULL: the VM's */
	char *options;		/* "discard=on,iothread=1" */
	bool detached;		/* there shall be none: the rest is 0 and NULL */
};

/* -1: what is wrong with text; disk then owns nothing. */
int data_disk_parse(const char *text, struct data_disk *disk, struct error *err);
void data_disk_release(struct data_disk *disk);

/* Does QEMU start a drive that is told both?  NULL: one of them is not said. */
bool data_disk_takes(const char *aio, const char *cache);

/* As a check of a key (key_check.h). */
int key_check_data_disk(const char *text, struct error *err);

/*
 * The n'th of vm's key "data-disks", and then those of firmware_disk.h, to be released;
 * false: there are no more.
 */
bool data_disk_at(const struct spec_section *vm, size_t n, struct data_disk *disk);

/* Is it a slot of one of them? */
bool data_disk_is_declared(const struct spec_section *vm, const char *slot);

/*
 * What its volume is called, "vm-101-vyom-scsi1": by its name it is known as ours and as
 * this slot's also where a step was cut off and no config names it yet.
 */
char *data_disk_volume(unsigned vmid, const char *slot);

/* Does its name say that a volume is a data disk that vyom made for vmid? */
bool data_disk_is_volume(unsigned vmid, const char *name);

#endif
