/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command_line.h - the options: one table, which help and parsing read
 *
 * Which of them a verb takes is the verb's (vyom.c); bits are enum cli_option's.
 */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <stdio.h>

struct cli;
struct error;

/* A line for each option in bits. */
void command_line_print_options(FILE *out, unsigned bits);

/* Options may stand before the verb too: it is moved to argv[1]. */
void command_line_lift_verb(int argc, char **argv);

/*
 * argv[0] is the verb.  Fills cli from the options, of which those in bits are known, and
 * leaves what stands after them as cli->args.
 */
int command_line_parse(struct cli *cli, const char *verb, unsigned bits, int argc, char **argv,
		       struct error *err);

/* The whole line as a shell takes it, for the journal; caller frees. */
char *command_line_quote(int argc, char **argv);

#endif
