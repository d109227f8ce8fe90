/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sshconf_part.h - what sshconf_*.c share: the words of a line, and whom a block is for
 */
#ifndef SSHCONF_PART_H
#define SSHCONF_PART_H

#include <stdbool.h>

struct sshconf;
struct strvec;

/* Do the patterns of a Host line, with * and ?, some of them !not, match? */
bool sshconf_part_host(const struct sshconf *conf, const struct strvec *patterns);

/* Do the criteria of a Match line hold? */
bool sshconf_part_match(const struct sshconf *conf, const struct strvec *criteria);

#endif
