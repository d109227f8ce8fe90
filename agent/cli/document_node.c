/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/document.h"

#include <sys/wait.h>

#include "act/share.h"
#include "decide/adopt.h"
#include "decide/budget.h"
#include "decide/golden_list.h"
#include "decide/status.h"
#include "edge/outputs.h"
#include "model/state.h"

static json_t *identity_of(const struct record_vm *vm)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
		"cluster", document_text(vm->cluster), "name", document_text(vm->name),
		"uuid", document_text(vm->uuid), "vmgenid", document_text(vm->vmgenid));
}

/* What the journal has where the VM is now. */
static json_t *known_of(const struct record_vm *vm)
{
	json_t *document = identity_of(vm);

	json_object_set_new(document, "suspect", json_boolean(vm->suspect));
	return document;
}

static json_t *shape_of(const struct adopt_vm *vm, const struct state *state)
{
	struct adopt_shape shape;
	json_t *document;

	if (!vm->guest || !vm->guest->conf)
		return json_null();
	adopt_describe(vm, state, &shape);
	document = json_pack("{s:o, s:b, s:b, s:I, s:I, s:I, s:o, s:b, s:f}",
		"name", document_text(shape.name), "marked", shape.marked, "tagged", shape.tagged,
		"cores", (json_int_t)shape.cores, "memory", (json_int_t)shape.memory,
		"disk", (json_int_t)shape.disk, "storage", document_text(shape.storage),
		"running", vm->guest->pid != 0, "uptime", vm->guest->uptime);
	adopt_shape_release(&shape);
	return document;
}

static json_t *differences_of(const struct differences *differences)
{
	json_t *array = json_array();

	for (size_t i = 0; i < differences->count; i++) {
		const struct difference *item = &differences->items[i];

		json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:s, s:o}",
			"what", document_text(item->what), "wanted", document_text(item->wanted),
			"found", document_text(item->found),
			"fate", difference_fate_name(item->fate),
			"text", document_text(item->text)));
	}
	return array;
}

json_t *document_adopt(const struct adopt *adopt, const struct state *state, bool all)
{
	static const char *const standings[] = {
		[ADOPT_TAKE] = "take-over",
		[ADOPT_KNOWN] = "known",
		[ADOPT_REFUSED] = "left-alone",
	};
	json_t *vms = json_array();
	char hash[DIGEST_SHA256_TEXT];

	for (size_t i = 0; i < adopt->count; i++) {
		const struct adopt_vm *vm = &adopt->vms[i];
		json_t *document = identity_of(&vm->record);

		json_object_update_new(document, json_pack("{s:i, s:s, s:o, s:o, s:o, s:b, s:o, s:o}",
			"vmid", (int)vm->record.vmid, "standing", standings[vm->standing],
			"text", document_text(vm->why), "found", shape_of(vm, state),
			"journal", vm->known ? known_of(vm->known) : json_null(),
			"declared", vm->vm != NULL,
			"differences", vm->plan.vm_count ? differences_of(&vm->differences) :
							   json_null(),
			"plan", vm->plan.vm_count ? document_plan(&vm->plan) : json_null()));
		json_array_append_new(vms, document);
	}
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:o}", "event", "adopt",
			 "hash", adopt_hash(adopt, hash),
			 "take_over", (json_int_t)adopt->take,
			 "known", (json_int_t)adopt->known,
			 "left_alone", (json_int_t)adopt->refused, "all", all, "vms", vms);
}

json_t *document_adopted(const struct adopt *adopt, const struct state *state, int64_t run)
{
	json_t *document = document_adopt(adopt, state, false);

	json_object_set_new(document, "event", json_string("adopted"));
	json_object_set_new(document, "run", run ? json_integer(run) : json_null());
	return document;
}

json_t *document_status(const struct status *status)
{
	json_t *vms = json_array();

	for (size_t i = 0; i < status->count; i++) {
		const struct status_vm *vm = &status->vms[i];

		json_array_append_new(vms, json_pack("{s:o, s:i, s:o, s:s, s:o, s:I, s:I, s:o}",
			"name", document_text(vm->name), "vmid", (int)vm->vmid,
			"role", document_text(vm->role),
			"state", vm->state, "address", document_text(vm->address),
			"promised", (json_int_t)vm->promised, "written", (json_int_t)vm->written,
			"uptime", vm->uptime >= 0 ? json_real(vm->uptime) : json_null()));
	}
	return json_pack("{s:s, s:o}", "event", "status", "vms", vms);
}

static json_t *pool_of(const struct thin_pool *pool, const struct state *state)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:b, s:I}",
		"vg", document_text(pool->vg), "name", document_text(pool->name),
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
		"vg", document_text(volume->vg), "name", document_text(volume->name),
		"pool", document_text(volume->pool), "origin", document_text(volume->origin),
		"size", (json_int_t)volume->size, "mapped", (json_int_t)volume->mapped,
		"active", volume->active, "open", volume->open, "read_only", volume->read_only,
		"vmid", volume->vmid ? json_integer(volume->vmid) : json_null(),
		"orphan", volume->vmid && !volume->referenced);
}

json_t *document_pool(const struct state *state)
{
	json_t *pools = json_array(), *volumes = json_array();

	for (size_t i = 0; i < state->pools.count; i++)
		json_array_append_new(pools, pool_of(&state->pools.items[i], state));
	for (size_t i = 0; i < state->volumes.count; i++)
		json_array_append_new(volumes, volume_of(&state->volumes.items[i]));
	return json_pack("{s:s, s:o, s:o, s:b}", "event", "pool", "pools", pools,
			 "volumes", volumes, "inactive_known", state->lvs_asked);
}

json_t *document_shared(const struct share *share)
{
	json_t *volumes = json_array();

	for (size_t i = 0; i < share->count; i++) {
		const struct share_volume *item = &share->items[i];

		json_array_append_new(volumes, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}",
			"vm", document_text(item->vm),
			"vg", document_text(item->volume->vg),
			"name", document_text(item->volume->name),
			"pool", document_text(item->volume->pool),
			"vmid", item->volume->vmid ? json_integer(item->volume->vmid) : json_null(),
			"origin", document_text(item->base->name),
			"shared", (json_int_t)item->shared, "own", (json_int_t)item->own));
	}
	return json_pack("{s:s, s:o}", "event", "shared", "volumes", volumes);
}

json_t *document_run(const struct record_run *run)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:f, s:o, s:s, s:o}",
		"run", (json_int_t)run->id, "verb", document_text(run->verb),
		"argv", document_text(run->argv),
		"version", document_text(run->version), "vmids", document_text(run->vmids),
		"started", run->started,
		"ended", run->ended > 0 ? json_real(run->ended) : json_null(),
		"result", record_result_name(run->result), "summary", document_text(run->summary));
}

json_t *document_runs(const struct record_runs *runs)
{
	json_t *array = json_array();

	for (size_t i = 0; i < runs->count; i++)
		json_array_append_new(array, document_run(&runs->items[i]));
	return json_pack("{s:s, s:o}", "event", "runs", "runs", array);
}

static json_t *exit_status_of(const struct record_step *step)
{
	if (step->status < 0 || !WIFEXITED(step->status))
		return json_null();
	return json_integer(WEXITSTATUS(step->status));
}

json_t *document_steps(const struct record_run *run, const struct record_steps *steps)
{
	json_t *document = document_run(run), *array = json_array();

	for (size_t i = 0; i < steps->count; i++) {
		const struct record_step *step = &steps->items[i];

		json_array_append_new(array, json_pack(
			"{s:I, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:s, s:o, s:o, s:o}",
			"step", (json_int_t)step->number, "vm", document_text(step->vm),
			"vmid", document_vmid(step->vmid), "verb", document_text(step->verb),
			"argv", document_text(step->argv), "before", document_text(step->before),
			"started", step->started,
			"ended", step->ended > 0 ? json_real(step->ended) : json_null(),
			"result", record_result_name(step->result),
			"exit_status", exit_status_of(step),
			"message", document_text(step->message),
			"output", document_text(step->output)));
	}
	json_object_set_new(document, "event", json_string("steps"));
	json_object_set_new(document, "steps", array);
	return document;
}

json_t *document_pruned(unsigned days, const struct outputs_removed *removed)
{
	return json_pack("{s:s, s:I, s:I, s:I}", "event", "pruned", "days", (json_int_t)days,
			 "files", (json_int_t)removed->files, "bytes", (json_int_t)removed->bytes);
}

json_t *document_templates(const struct golden_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct golden_row *row = &list->rows[i];

		json_array_append_new(array, json_pack("{s:s, s:i, s:i, s:b, s:b, s:b, s:o, s:o, s:o}",
			"template", row->name, "vmid", (int)row->vmid,
			"generation", (int)row->generation, "ready", row->ready,
			"newest", row->newest, "ours", row->ours, "image", document_text(row->image),
			"made", document_text(row->made), "clones", document_strings(&row->clones)));
	}
	return json_pack("{s:s, s:o}", "event", "templates", "templates", array);
}
