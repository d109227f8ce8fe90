/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hindrance.h - what qm would not set of a VM, or sets, and Proxmox would then not start it with
 *
 * Pure.  Of the VM as it will be: what vm declares, else what its config has, or its
 * template's where it is not there yet.
 */
#ifndef HINDRANCE_H
#define HINDRANCE_H

struct spec_section;
struct state;
struct strvec;

/* Add each as "net0: what is wrong; what would do". */
void hindrance_find(const struct spec_section *vm, const struct state *state,
		    struct strvec *hindrances);

#endif
