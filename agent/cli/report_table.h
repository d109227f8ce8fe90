/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report_table.h - the tables among the text reports: VMs, pools, runs, steps
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdio.h>

struct golden_list;
struct record_run;
struct record_runs;
struct record_steps;
struct share;
struct state;
struct status;

void report_table_status(FILE *out, const struct status *status);
void report_table_pool(FILE *out, const struct state *state);
void report_table_shared(FILE *out, const struct share *share);
void report_table_runs(FILE *out, const struct record_runs *runs);
void report_table_templates(FILE *out, const struct golden_list *list);
void report_table_steps(FILE *out, const struct record_run *run, const struct record_steps *steps);

#endif
