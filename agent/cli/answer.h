/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.h - what -o events says besides documents: who answers, and how it ended
 *
 *	{"event":"hello", …}	the first line: format, version, node, and the run that is on
 *	{"event":"problem", …}	one for each thing wrong in the config
 *	{"event":"end", …}	the last line: exit status, and the error or null
 *
 * Without the last one the run was lost sight of, and goes on.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>

struct cli;
struct error;

void answer_hello(const struct cli *cli, const char *verb);
void answer_problem(const char *file, int line, const char *text);
void answer_end(int status, const struct error *err);

/*
 * From now on a byte on standard input is what Ctrl-C is on a terminal: no new steps.
 * Its end is nothing: who has asked may go away.
 */
void answer_heed_stop(bool stop_now);

#endif
