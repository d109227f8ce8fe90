/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * forecast.h - what `qm clone` will leave, before it is run (pve-facts 1.4)
 *
 * Lets a plan show every step of a VM that does not exist yet.  apply looks
 * again after the clone: a volume's number is qm's to choose.
 */
#ifndef FORECAST_H
#define FORECAST_H

struct spec_section;
struct state;
struct vmconf;

/* The config of a clone of vm's template; without such a template an empty one.  Caller frees. */
struct vmconf *forecast_clone(const struct spec_section *vm, const struct state *state);

/* The template's own config, or NULL if it is not there. */
const struct vmconf *forecast_source(const struct spec_section *vm, const struct state *state);

#endif
