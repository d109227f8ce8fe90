/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * option_part.h - what comparing the values of options and changing them share
 */
#ifndef OPTION_PART_H
#define OPTION_PART_H

#include <stdbool.h>

struct option;
struct strvec;

/* netN */
bool option_is_card(const struct option *option);

/*
 * Is other a limit of a drive that cannot stand beside key?  QEMU takes one for both
 * together, "iops", or those for a part, "iops_rd", and what belongs to them.
 */
bool option_excludes_limit(const char *key, const char *other);

/* 0 is no limit, and excludes none. */
bool option_is_limited(const char *value);

/* The words of a list, in lower case, each once. */
void option_split_words(const char *text, struct strvec *words);

/* Those of hotplug: its "1" and "0" are short for what is on by default, and for nothing. */
void option_split_features(const char *text, struct strvec *features);

/* The key lines of text, comments and empty lines left out; decoded if it is a config's. */
void option_split_keys(const char *text, bool encoded, struct strvec *keys);

#endif
