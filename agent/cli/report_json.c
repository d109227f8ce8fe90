/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The documents of -o json (jansson).  Their fields are described in vyom(8). */
#include "cli/report.h"

#include <jansson.h>
#include <string.h>
#include <sys/wait.h>

#include "decide/adopt.h"
#include "decide/budget.h"
#include "decide/golden_list.h"
#include "act/apply.h"
#include "act/share.h"
#include "decide/plan.h"
#include "edge/outputs.h"
#include "model/state.h"

/* Text that others wrote may be no UTF-8; it is then given byte by byte as Latin-1, never lost. */
static json_t *text_or_null(const char *text)
{
	json_t *string;
	char *latin, *to;

	if (!text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	latin = to = malloc(strlen(text) * 2 + 1);
	for (const unsigned char *c = (const unsigned char *)text; latin && *c; c++) {
		if (*c >= 0x80)
			*to++ = (char)(0xC0 | *c >> 6);
		*to++ = (char)(*c >= 0x80 ? 0x80 | (*c & 0x3F) : *c);
	}
	if (latin)
		*to = '\0';
	string = latin ? json_string(latin) : json_null();
	free(latin);
	return string;
}

/* All ASCII: no control character of C1 either, which UTF-8 could carry to a terminal. */
static void print_document(FILE *out, json_t *document)
{
	json_dumpf(document, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', out);
	json_decref(document);
}

static json_t *strings_of(const struct strvec *items)
{
	json_t *array = json_array();

	for (size_t i = 0; i < items->count; i++)
		json_array_append_new(array, text_or_null(items->items[i]));
	return array;
}

static json_t *remarks_of(const struct plan_remark *remarks, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:o, s:o, s:o}",
			"vm", text_or_null(remarks[i].vm),
			"vmid", remarks[i].vm ? json_integer(remarks[i].vmid) : json_null(),
			"text", text_or_null(remarks[i].text)));
	return array;
}

static json_t *plan_of(const struct plan *plan)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_step *step = &plan->steps[i];

		json_array_append_new(steps, json_pack("{s:o, s:i, s:s, s:o, s:o}",
			"vm", text_or_null(step->vm), "vmid", (int)step->vmid,
			"verb", qm_verb_name(step->verb), "argv", strings_of(&step->argv),
			"why", text_or_null(step->why)));
	}
	return json_pack("{s:I, s:o, s:o, s:o}", "vms", (json_int_t)plan->vm_count, "steps", steps,
			 "notes", remarks_of(plan->notes, plan->note_count),
			 "refusals", remarks_of(plan->refusals, plan->refusal_count));
}

static void json_plan(FILE *out, const struct plan *plan)
{
	print_document(out, plan_of(plan));
}

static void json_outcome(FILE *out, const struct plan *plan, int64_t run,
			 const struct apply_result *result)
{
	json_t *document = plan_of(plan);

	if (result)
		json_object_set_new(document, "outcome", json_pack(
			"{s:I, s:I, s:I, s:I, s:I, s:b, s:b}",
			"run", (json_int_t)run,
			"steps_done", (json_int_t)result->steps_done,
			"steps_failed", (json_int_t)result->steps_failed,
			"vms_done", (json_int_t)result->vms_done,
			"vms_failed", (json_int_t)result->vms_failed,
			"interrupted", result->interrupted, "undecided", result->undecided));
	else
		json_object_set_new(document, "outcome", json_null());
	print_document(out, document);
}

static json_t *identity_of(const struct record_vm *vm)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
		"cluster", text_or_null(vm->cluster), "name", text_or_null(vm->name),
		"uuid", text_or_null(vm->uuid), "vmgenid", text_or_null(vm->vmgenid));
}

static json_t *shape_of(const struct adopt_vm *vm, const struct state *state)
{
	struct adopt_shape shape;
	json_t *document;

	if (!vm->guest || !vm->guest->conf)
		return json_null();
	adopt_describe(vm, state, &shape);
	document = json_pack("{s:o, s:b, s:b, s:I, s:I, s:I, s:o, s:b}",
		"name", text_or_null(shape.name), "marked", shape.marked, "tagged", shape.tagged,
		"cores", (json_int_t)shape.cores, "memory", (json_int_t)shape.memory,
		"disk", (json_int_t)shape.disk, "storage", text_or_null(shape.storage),
		"running", vm->guest->pid != 0);
	adopt_shape_release(&shape);
	return document;
}

static json_t *adopt_of(const struct adopt *adopt, const struct state *state)
{
	static const char *const standings[] = {
		[ADOPT_TAKE] = "take-over",
		[ADOPT_KNOWN] = "known",
		[ADOPT_REFUSED] = "left-alone",
	};
	json_t *vms = json_array();

	for (size_t i = 0; i < adopt->count; i++) {
		const struct adopt_vm *vm = &adopt->vms[i];
		json_t *document = identity_of(&vm->record);

		json_object_update_new(document, json_pack("{s:i, s:s, s:o, s:o, s:o, s:b, s:o}",
			"vmid", (int)vm->record.vmid, "standing", standings[vm->standing],
			"text", text_or_null(vm->why), "found", shape_of(vm, state),
			"journal", vm->known ? identity_of(vm->known) : json_null(),
			"declared", vm->vm != NULL,
			"plan", vm->plan.vm_count ? plan_of(&vm->plan) : json_null()));
		json_array_append_new(vms, document);
	}
	return json_pack("{s:I, s:I, s:I, s:o}", "take_over", (json_int_t)adopt->take,
			 "known", (json_int_t)adopt->known,
			 "left_alone", (json_int_t)adopt->refused, "vms", vms);
}

static void json_adopt(FILE *out, const struct adopt *adopt, const struct state *state, bool all)
{
	(void)all;
	print_document(out, adopt_of(adopt, state));
}

static void json_adopted(FILE *out, const struct adopt *adopt, const struct state *state,
			 int64_t run)
{
	json_t *document = adopt_of(adopt, state);

	json_object_set_new(document, "run", run ? json_integer(run) : json_null());
	print_document(out, document);
}

static void json_verify(FILE *out, const struct verify *verify, bool quiet)
{
	static const char *const kinds[] = {
		[VERIFY_DRIFT] = "drift",
		[VERIFY_IN_PROGRESS] = "in-progress",
		[VERIFY_WAITING] = "waiting",
	};
	json_t *findings = json_array();

	for (size_t i = 0; i < verify->count; i++) {
		const struct verify_finding *finding = &verify->items[i];

		if (quiet && finding->kind != VERIFY_DRIFT)
			continue;
		json_array_append_new(findings, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			"kind", kinds[finding->kind], "vm", text_or_null(finding->vm),
			"vmid", finding->vm ? json_integer(finding->vmid) : json_null(),
			"what", text_or_null(finding->what),
			"wanted", text_or_null(finding->wanted),
			"found", text_or_null(finding->found),
			"text", text_or_null(finding->text)));
	}
	print_document(out, json_pack("{s:I, s:I, s:o}", "vms", (json_int_t)verify->vm_count,
				      "drift", (json_int_t)verify->drift_count,
				      "findings", findings));
}

static void json_check(FILE *out, const struct fitness *fitness)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < fitness->count; i++)
		json_array_append_new(lines, json_pack("{s:o, s:b, s:o}",
			"what", text_or_null(fitness->items[i].what),
			"pass", fitness->items[i].pass,
			"text", text_or_null(fitness->items[i].text)));
	print_document(out, json_pack("{s:b, s:o}", "fit", fitness->failed == 0, "checks", lines));
}

static void json_status(FILE *out, const struct status *status)
{
	json_t *vms = json_array();

	for (size_t i = 0; i < status->count; i++) {
		const struct status_vm *vm = &status->vms[i];

		json_array_append_new(vms, json_pack("{s:o, s:i, s:o, s:s, s:o, s:I, s:I, s:o}",
			"name", text_or_null(vm->name), "vmid", (int)vm->vmid,
			"role", text_or_null(vm->role),
			"state", vm->state, "address", text_or_null(vm->address),
			"promised", (json_int_t)vm->promised, "written", (json_int_t)vm->written,
			"uptime", vm->uptime >= 0 ? json_real(vm->uptime) : json_null()));
	}
	print_document(out, json_pack("{s:o}", "vms", vms));
}

static json_t *pool_of(const struct thin_pool *pool, const struct state *state)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:b, s:I}",
		"vg", text_or_null(pool->vg), "name", text_or_null(pool->name),
		"data_used", (json_int_t)pool->data_used,
		"data_total", (json_int_t)pool->data_total,
		"metadata_used", (json_int_t)pool->meta_used,
		"metadata_total", (json_int_t)pool->meta_total,
		"chunk", (json_int_t)pool->chunk,
		"promised", (json_int_t)budget_promised(state, pool->vg, pool->name),
		"mode", thin_mode_name(pool->mode), "needs_check", pool->needs_check,
		"error_if_full", pool->error_if_full,
		"data_low_water", (json_int_t)pool->data_low_water);
}

static json_t *volume_of(const struct thin_volume *volume)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:b, s:b, s:o, s:b}",
		"vg", text_or_null(volume->vg), "name", text_or_null(volume->name),
		"pool", text_or_null(volume->pool), "origin", text_or_null(volume->origin),
		"size", (json_int_t)volume->size, "mapped", (json_int_t)volume->mapped,
		"active", volume->active, "open", volume->open, "read_only", volume->read_only,
		"vmid", volume->vmid ? json_integer(volume->vmid) : json_null(),
		"orphan", volume->vmid && !volume->referenced);
}

static void json_pool(FILE *out, const struct state *state)
{
	json_t *pools = json_array(), *volumes = json_array();

	for (size_t i = 0; i < state->pools.count; i++)
		json_array_append_new(pools, pool_of(&state->pools.items[i], state));
	for (size_t i = 0; i < state->volumes.count; i++)
		json_array_append_new(volumes, volume_of(&state->volumes.items[i]));
	print_document(out, json_pack("{s:o, s:o, s:b}", "pools", pools, "volumes", volumes,
				      "inactive_known", state->lvs_asked));
}

static void json_shared(FILE *out, const struct share *share)
{
	json_t *volumes = json_array();

	for (size_t i = 0; i < share->count; i++) {
		const struct share_volume *item = &share->items[i];

		json_array_append_new(volumes, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}",
			"vm", text_or_null(item->vm),
			"vg", text_or_null(item->volume->vg),
			"name", text_or_null(item->volume->name),
			"pool", text_or_null(item->volume->pool),
			"vmid", item->volume->vmid ? json_integer(item->volume->vmid) : json_null(),
			"origin", text_or_null(item->base->name),
			"shared", (json_int_t)item->shared, "own", (json_int_t)item->own));
	}
	print_document(out, json_pack("{s:o}", "volumes", volumes));
}

static json_t *run_of(const struct record_run *run)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:f, s:o, s:s, s:o}",
		"run", (json_int_t)run->id, "verb", text_or_null(run->verb),
		"argv", text_or_null(run->argv),
		"version", text_or_null(run->version), "vmids", text_or_null(run->vmids),
		"started", run->started,
		"ended", run->ended > 0 ? json_real(run->ended) : json_null(),
		"result", record_result_name(run->result), "summary", text_or_null(run->summary));
}

static void json_runs(FILE *out, const struct record_runs *runs)
{
	json_t *array = json_array();

	for (size_t i = 0; i < runs->count; i++)
		json_array_append_new(array, run_of(&runs->items[i]));
	print_document(out, json_pack("{s:o}", "runs", array));
}

static json_t *exit_status_of(const struct record_step *step)
{
	if (step->status < 0 || !WIFEXITED(step->status))
		return json_null();
	return json_integer(WEXITSTATUS(step->status));
}

static void json_steps(FILE *out, const struct record_run *run, const struct record_steps *steps)
{
	json_t *document = run_of(run), *array = json_array();

	for (size_t i = 0; i < steps->count; i++) {
		const struct record_step *step = &steps->items[i];

		json_array_append_new(array, json_pack(
			"{s:I, s:o, s:i, s:o, s:o, s:o, s:f, s:o, s:s, s:o, s:o, s:o}",
			"step", (json_int_t)step->number, "vm", text_or_null(step->vm),
			"vmid", (int)step->vmid, "verb", text_or_null(step->verb),
			"argv", text_or_null(step->argv), "before", text_or_null(step->before),
			"started", step->started,
			"ended", step->ended > 0 ? json_real(step->ended) : json_null(),
			"result", record_result_name(step->result),
			"exit_status", exit_status_of(step),
			"message", text_or_null(step->message),
			"output", text_or_null(step->output)));
	}
	json_object_set_new(document, "steps", array);
	print_document(out, document);
}

static void json_pruned(FILE *out, unsigned days, const struct outputs_removed *removed)
{
	print_document(out, json_pack("{s:I, s:I, s:I}", "days", (json_int_t)days,
				      "files", (json_int_t)removed->files,
				      "bytes", (json_int_t)removed->bytes));
}

static void json_templates(FILE *out, const struct golden_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct golden_row *row = &list->rows[i];

		json_array_append_new(array, json_pack("{s:s, s:i, s:i, s:b, s:b, s:b, s:o, s:o, s:o}",
			"template", row->name, "vmid", (int)row->vmid,
			"generation", (int)row->generation, "ready", row->ready,
			"newest", row->newest, "ours", row->ours, "image", text_or_null(row->image),
			"made", text_or_null(row->made), "clones", strings_of(&row->clones)));
	}
	print_document(out, json_pack("{s:o}", "templates", array));
}

const struct report report_json = {
	.name = "json",
	.plan = json_plan,
	.outcome = json_outcome,
	.adopt = json_adopt,
	.adopted = json_adopted,
	.verify = json_verify,
	.check = json_check,
	.status = json_status,
	.pool = json_pool,
	.shared = json_shared,
	.templates = json_templates,
	.runs = json_runs,
	.steps = json_steps,
	.pruned = json_pruned,
};

const struct report *report_find(const char *name)
{
	if (strcmp(name, report_text.name) == 0)
		return &report_text;
	return strcmp(name, report_json.name) == 0 ? &report_json : NULL;
}
