/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_snippet.h - the steps that put files for cloud-init on the node
 *
 * Pure.  They are no VM's, and come before all of a VM's, which reads them when it starts.
 */
#ifndef PLAN_SNIPPET_H
#define PLAN_SNIPPET_H

struct plan;
struct plan_options;
struct record_vms;
struct spec;
struct spec_section;
struct state;

/* Add the step that one needs, or the refusal. */
void plan_snippet(const struct spec_section *snippet, const struct state *state,
		  const struct record_vms *records, struct plan *plan);

/*
 * The same of all that VMs of this node name; and what becomes of VMs besides those whose
 * own diff says it.
 */
void plan_snippets(const struct spec *spec, const struct state *state,
		   const struct record_vms *records, const struct plan_options *options,
		   struct plan *plan);

#endif
