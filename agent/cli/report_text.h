/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report_text.h - the text report's larger parts, and what they share
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct adopt;
struct plan_remark;
struct plan_step;
struct state;

/* Why, and the command as one would type it; the VM's name above its first step. */
void report_text_step(FILE *out, const struct plan_step *step, bool first);

/* One line each: title in the colour code, the VM, the sentence. */
void report_text_remarks(FILE *out, const char *title, const char *code,
			 const struct plan_remark *remarks, size_t count);

void report_text_adopt(FILE *out, const struct adopt *adopt, const struct state *state, bool all);
void report_text_adopted(FILE *out, const struct adopt *adopt, const struct state *state,
			 int64_t run);

#endif
