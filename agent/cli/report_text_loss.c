/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_text.h"

#include <time.h>

#include "base/number.h"
#include "cli/field.h"
#include "cli/print.h"

static void print_disk(FILE *out, const json_t *disk)
{
	uint64_t size = field_number(disk, "size"), written = field_number(disk, "written");
	char text[NUMBER_TEXT];

	print_text(out, "    %-9s %s on %s", field_text_or(disk, "key", "?"),
		   size ? number_format_human(size, text) : "unknown size",
		   field_text_or(disk, "volume", "?"));
	if (written)
		print_text(out, ", %s of it written", number_format_human(written, text));
	print_text(out, "\n");
}

/* "9000, generation 1" */
static void print_template(FILE *out, const json_t *template)
{
	size_t generation = field_number(template, "generation");

	print_text(out, "%u", field_vmid(template));
	if (generation)
		print_text(out, ", generation %zu", generation);
}

static void print_origin(FILE *out, const json_t *loss)
{
	const json_t *from = json_object_get(loss, "template");
	const json_t *next = json_object_get(loss, "next_template");

	print_text(out, "    template  ");
	if (json_is_object(from))
		print_template(out, from);
	else
		print_text(out, "not known");
	if (json_is_object(next) && field_vmid(next) != field_vmid(from)) {
		print_text(out, "; it is made again from ");
		print_template(out, next);
	}
	print_text(out, "\n");
}

static void print_since(FILE *out, const json_t *loss)
{
	double since = field_real(loss, "since");
	time_t seconds = since > 0 && since < 1e11 ? (time_t)since : 0;
	struct tm local;
	char text[32];

	if (!seconds)
		return;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &local));
	print_text(out, "    %-9s %s\n", field_flag(loss, "adopted") ? "adopted" : "made", text);
}

void report_text_loss(FILE *out, const json_t *loss)
{
	bool running = field_flag(loss, "running");
	const json_t *item;
	char text[NUMBER_TEXT];
	size_t i;

	if (!json_is_object(loss))
		return;
	print_colour(out, BOLD);
	print_text(out, "%s (%u)", field_text_or(loss, "vm", "?"), field_vmid(loss));
	print_colour(out, PLAIN);
	print_text(out, "  what is lost:\n");
	json_array_foreach(field_list(loss, "disks"), i, item)
		print_disk(out, item);
	json_array_foreach(field_list(loss, "snapshots"), i, item)
		print_text(out, "    %-9s %s\n", "snapshot",
			   json_is_string(item) ? json_string_value(item) : "?");
	print_text(out, "    %-9s %s%s\n", "state", running ? "running for " : "stopped",
		   running ? number_format_duration(field_real(loss, "uptime"), text) : "");
	print_since(out, loss);
	print_origin(out, loss);
}
