/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool number_parse_unsigned(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	unsigned long long number;

	if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
		return false;
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno || number < min || number > max)
		return false;
	*value = number;
	return true;
}

static uint64_t unit_of(char suffix)
{
	switch (suffix) {
	case 'K':
		return KIB;
	case 'M':
		return MIB;
	case 'G':
		return GIB;
	case 'T':
		return TIB;
	default:
		return 0;
	}
}

/*
 * The fraction is added in whole bytes, digit by digit: floating point would
 * make 0.1T something that no later comparison agrees with.
 */
bool number_parse_size(const char *text, uint64_t *bytes)
{
	size_t whole_len = strspn(text, "0123456789"), fraction_len = 0;
	const char *fraction = text + whole_len;
	uint64_t unit, total, scale;

	if (whole_len == 0 || whole_len > 19)
		return false;
	if (*fraction == '.') {
		fraction++;
		fraction_len = strspn(fraction, "0123456789");
		if (fraction_len == 0 || fraction_len > 6)
			return false;
	}
	unit = 1;
	if (fraction[fraction_len] != '\0') {
		unit = unit_of(fraction[fraction_len]);
		if (!unit || fraction[fraction_len + 1] != '\0')
			return false;
	}
	errno = 0;
	total = strtoull(text, NULL, 10);
	if (errno || total > (uint64_t)INT64_MAX / unit)
		return false;
	total *= unit;
	scale = 1;
	for (size_t i = 0; i < fraction_len; i++) {
		scale *= 10;
		total += unit * (uint64_t)(fraction[i] - '0') / scale;
	}
	*bytes = total;
	return total <= (uint64_t)INT64_MAX;
}

bool number_parse_ratio(const char *text, double *value)
{
	char *end;

	if (text[strspn(text, "0123456789.")] != '\0' || *text < '0' || *text > '9')
		return false;
	*value = strtod(text, &end);
	return *end == '\0';
}

static const struct {
	uint64_t bytes;
	const char *exact, *human;
} units[] = {
	{ TIB, "T", "TiB" },
	{ GIB, "G", "GiB" },
	{ MIB, "M", "MiB" },
	{ KIB, "K", "KiB" },
};

#define UNIT_COUNT (sizeof(units) / sizeof(*units))

const char *number_format_size(uint64_t bytes, char text[NUMBER_TEXT])
{
	for (size_t i = 0; i < UNIT_COUNT && bytes; i++) {
		if (bytes % units[i].bytes)
			continue;
		snprintf(text, NUMBER_TEXT, "%llu%s",
			 (unsigned long long)(bytes / units[i].bytes), units[i].exact);
		return text;
	}
	snprintf(text, NUMBER_TEXT, "%llu", (unsigned long long)bytes);
	return text;
}

/* Disks and pools are thought of in GiB, so TiB begins at ten of them. */
const char *number_format_human(uint64_t bytes, char text[NUMBER_TEXT])
{
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		double amount = (double)bytes / (double)units[i].bytes;
		bool whole = bytes % units[i].bytes == 0;

		if (amount < (units[i].bytes == TIB ? 10 : 1))
			continue;
		if (whole)
			snprintf(text, NUMBER_TEXT, "%.0f %s", amount, units[i].human);
		else
			snprintf(text, NUMBER_TEXT, amount < 100 ? "%.1f %s" : "%.0f %s", amount,
				 units[i].human);
		return text;
	}
	snprintf(text, NUMBER_TEXT, "%llu B", (unsigned long long)bytes);
	return text;
}

const char *number_format_duration(double seconds, char text[NUMBER_TEXT])
{
	const double longest = 1e15;	/* what a number of seconds can be, wherever it comes from */
	unsigned long long whole = seconds > 0 && seconds < longest ? (unsigned long long)seconds :
				   seconds > 0 ? (unsigned long long)longest : 0;

	if (seconds < 10)
		snprintf(text, NUMBER_TEXT, "%.1fs", seconds);
	else if (whole < 60)
		snprintf(text, NUMBER_TEXT, "%llus", whole);
	else if (whole < 3600)
		snprintf(text, NUMBER_TEXT, "%llum%02llus", whole / 60, whole % 60);
	else if (whole < 48 * 3600)
		snprintf(text, NUMBER_TEXT, "%lluh%02llum", whole / 3600, whole / 60 % 60);
	else
		snprintf(text, NUMBER_TEXT, "%llud%lluh", whole / 86400, whole / 3600 % 24);
	return text;
}

uint64_t number_round_up(uint64_t value, uint64_t multiple)
{
	return multiple ? (value + multiple - 1) / multiple * multiple : value;
}
