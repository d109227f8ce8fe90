/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * extra.h - what a VM has and the file does not name, where it matters
 *
 * Pure.  It is left alone whatever it is; but a card leads into a network, a disk takes
 * space and is lost with the VM, a device of the node is somebody else's too, and args
 * and hookscript run as root.
 */
#ifndef EXTRA_H
#define EXTRA_H

#include <stdbool.h>

struct spec_section;
struct vmconf_entry;

bool extra_matters(const struct spec_section *vm, const struct vmconf_entry *entry);

#endif
