/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number.h - numbers, sizes and times as people and Proxmox write them
 *
 * Sizes are bytes inside the program, always.  Suffixes are powers of 1024.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

/* Enough for any text these functions write. */
#define NUMBER_TEXT 32

/* Decimal digits only, all of text, no sign: false if not, or if out of range. */
bool number_parse_unsigned(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* "64G", "1.5T", "512M", "4096" (bytes): false if not a size or past 2^63. */
bool number_parse_size(const char *text, uint64_t *bytes);

/* "1.0", "0.85": false if not a plain decimal fraction. */
bool number_parse_ratio(const char *text, double *value);

/*
 * The way qm writes sizes: the largest of T G M K that divides exactly, else bytes (pve-
 * facts 2.4).
 */
const char *number_format_size(uint64_t bytes, char text[NUMBER_TEXT]);

/* For people: "320 GiB", "1.5 TiB", "18.7 MiB". */
const char *number_format_human(uint64_t bytes, char text[NUMBER_TEXT]);

/* For people: "0.4s", "12s", "3m04s", "5h20m", "12d3h". */
const char *number_format_duration(double seconds, char text[NUMBER_TEXT]);

uint64_t number_round_up(uint64_t value, uint64_t multiple);

#endif
