/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replace.h - a VM is destroyed and made again: one plan of both
 *
 * Pure.  Its first part is what plan_destroy says; the second what plan_vm says of a
 * node on which nothing is left of the VM.  A plan that has a refusal in either part
 * destroys nothing.  Where the VM is gone already, it is the second part alone.
 */
#ifndef REPLACE_H
#define REPLACE_H

struct plan;
struct record_vms;
struct spec;
struct spec_section;
struct state;

/*
 * Add the steps, the refusals and the notes; no steps where the VM may not be destroyed.
 * spec: also what forbids to make it again once that is free what it holds now, as admit
 * does; NULL: that was asked before.
 */
void replace_plan(const struct spec *spec, const struct spec_section *vm,
		  const struct state *state, const struct record_vms *records,
		  struct plan *plan);

#endif
