/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template.h - what the verbs of `vyom template` have in common
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>

struct cli;
struct error;
struct spec_section;

/* The template that is named, or the file's only one; NULL with err. */
struct spec_section *template_find(const struct cli *cli, struct error *err);

/* The same, of those that vyom builds: one that is found on the node is refused. */
struct spec_section *template_find_built(const struct cli *cli, struct error *err);

/* Is it named, or is none? */
bool template_is_meant(const struct cli *cli, const struct spec_section *template);

int template_build(struct cli *cli, struct error *err);

/* Before it is done elsewhere: what of its words changes anything, and how the journal calls it. */
void template_describe(struct cli *cli);

#endif
