/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * build_part.h - what the parts of a build share: build.c opens it and begins its steps,
 * build_work.c does those of our own, build_settle.c says what came of each
 */
#ifndef BUILD_PART_H
#define BUILD_PART_H

/* The last line of a step of our own that went well: a later run knows by it what came of one. */
#define BUILD_DONE "done"

/* Begins the line of what the seal step found, before its blocks: see build_work.c. */
#define BUILD_SEAL "sealed: "

struct build;

/* Is the image there now? */
void build_look_at_image(struct build *build);

#endif
