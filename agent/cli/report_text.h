/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report_text.h - the text report's larger parts, and what they share
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* Why, and the command as one would type it; what becomes of the VM above its first step. */
void report_text_step(FILE *out, const json_t *step, bool with_fate);

/* Those of document's list: one line each: title in the colour code, the VM, the sentence. */
void report_text_remarks(FILE *out, const json_t *document, const char *list, const char *title,
			 const char *code);

/* What is lost with a VM that is destroyed. */
void report_text_loss(FILE *out, const json_t *loss);

void report_text_adopt(FILE *out, const json_t *document);
void report_text_adopted(FILE *out, const json_t *document);

void report_table_status(FILE *out, const json_t *document);
void report_table_pool(FILE *out, const json_t *document);
void report_table_shared(FILE *out, const json_t *document);
void report_table_templates(FILE *out, const json_t *document);
void report_table_runs(FILE *out, const json_t *document);
void report_table_steps(FILE *out, const json_t *document);

/* "Run 7: apply, vyom 0.1.0, 2026-11-28 10:31:05" and how it ended, and a newline */
void report_table_run(FILE *out, const json_t *run);

#endif
