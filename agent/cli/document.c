/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/document.h"

#include <string.h>

#include "act/apply.h"
#include "decide/fitness.h"
#include "decide/loss.h"
#include "decide/plan.h"
#include "decide/verify.h"
#include "model/event.h"
#include "model/spec.h"

json_t *document_text(const char *text)
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

json_t *document_vmid(unsigned vmid)
{
	return vmid ? json_integer(vmid) : json_null();
}

json_t *document_strings(const struct strvec *items)
{
	json_t *array = json_array();

	for (size_t i = 0; i < items->count; i++)
		json_array_append_new(array, document_text(items->items[i]));
	return array;
}

static json_t *remarks_of(const struct plan_remark *remarks, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:o, s:o, s:o}",
			"vm", document_text(remarks[i].vm),
			"vmid", document_vmid(remarks[i].vmid),
			"text", document_text(remarks[i].text)));
	return array;
}

/* Is the VM of that step made again by a later one? */
static bool makes(const struct plan *plan, size_t i)
{
	unsigned vmid = plan->steps[i].vmid;

	while (i < plan->count && plan->steps[i].vmid == vmid)
		if (plan->steps[i++].verb == QM_CLONE)
			return true;
	return false;
}

/* What becomes of the VM, said at its first step. */
static const char *fate_of(const struct plan *plan, size_t i)
{
	const struct plan_step *step = &plan->steps[i];

	if (step->verb == QM_SNIPPET)
		return "written";
	if (i && plan->steps[i - 1].vmid == step->vmid)
		return NULL;
	if (step->verb == QM_CLONE)
		return "made";
	if (step->section && step->section->scope == SCOPE_TEMPLATE)
		return "built";
	if (!step->section)
		return makes(plan, i) ? "replaced" : "destroyed";
	return makes(plan, i) ? "remade" : "changed";
}

static json_t *template_of(const struct loss_template *template)
{
	if (!template->vmid)
		return json_null();
	return json_pack("{s:i, s:i}", "vmid", (int)template->vmid,
			 "generation", (int)template->generation);
}

static json_t *document_loss(const struct loss *loss)
{
	json_t *disks = json_array(), *snapshots = json_array();

	for (size_t i = 0; i < loss->disk_count; i++)
		json_array_append_new(disks, json_pack("{s:s, s:o, s:I, s:I}",
			"key", loss->disks[i].key, "volume", document_text(loss->disks[i].volid),
			"size", (json_int_t)loss->disks[i].size,
			"written", (json_int_t)loss->disks[i].written));
	for (size_t i = 0; i < loss->snapshot_count; i++)
		json_array_append_new(snapshots, document_text(loss->snapshots[i]));
	return json_pack("{s:o, s:i, s:o, s:o, s:b, s:f, s:o, s:b, s:o, s:o}",
		"vm", document_text(loss->vm), "vmid", (int)loss->vmid,
		"disks", disks, "snapshots", snapshots,
		"running", loss->running, "uptime", loss->uptime,
		"since", loss->since > 0 ? json_real(loss->since) : json_null(),
		"adopted", loss->adopted,
		"template", template_of(&loss->from), "next_template", template_of(&loss->next));
}

json_t *document_plan(const struct plan *plan)
{
	json_t *steps = json_array();
	char hash[DIGEST_SHA256_TEXT];

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_step *step = &plan->steps[i];

		json_array_append_new(steps, json_pack(
			"{s:o, s:o, s:s, s:s?, s:o, s:o}",
			"vm", document_text(step->vm), "vmid", document_vmid(step->vmid),
			"verb", qm_verb_name(step->verb), "fate", fate_of(plan, i),
			"argv", document_strings(&step->argv), "why", document_text(step->why)));
	}
	return json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o*}", "event", "plan",
			 "vms", (json_int_t)plan->vm_count, "hash", plan_hash(plan, hash),
			 "steps", steps,
			 "notes", remarks_of(plan->notes, plan->note_count),
			 "refusals", remarks_of(plan->refusals, plan->refusal_count),
			 "lost", plan->loss ? document_loss(plan->loss) : NULL);
}

json_t *document_outcome(json_t *plan, int64_t run, const struct apply_result *result)
{
	json_object_set_new(plan, "event", json_string("outcome"));
	json_object_set_new(plan, "outcome", !result ? json_null() : json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b}",
		"run", (json_int_t)run,
		"steps_done", (json_int_t)result->steps_done,
		"steps_failed", (json_int_t)result->steps_failed,
		"vms_done", (json_int_t)result->vms_done,
		"vms_failed", (json_int_t)result->vms_failed,
		"interrupted", result->interrupted, "undecided", result->undecided,
		"proven", result->proven));
	return plan;
}

static const struct { enum event_kind kind; const char *name; } event_kinds[] = {
	{ EVENT_RUN_BEGIN,	"run-begin" },
	{ EVENT_STEP_BEGIN,	"step-begin" },
	{ EVENT_STEP_PROGRESS,	"step-progress" },
	{ EVENT_STEP_RETRY,	"step-retry" },
	{ EVENT_STEP_DONE,	"step-done" },
	{ EVENT_STEP_FAILED,	"step-failed" },
	{ EVENT_VM_STOPPED,	"vm-stopped" },
	{ EVENT_STOPPING,	"stopping" },
	{ EVENT_REMARK,		"remark" },
	{ EVENT_RUN_END,	"run-end" },
};

static const char *event_name(enum event_kind kind)
{
	for (size_t i = 0; i < sizeof(event_kinds) / sizeof(*event_kinds); i++)
		if (event_kinds[i].kind == kind)
			return event_kinds[i].name;
	return "unknown";
}

static json_t *event_of_run(const struct event *event)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:f}", "event", event_name(event->kind),
			 "run", (json_int_t)event->run, "steps", (json_int_t)event->steps,
			 "done", (json_int_t)event->done,
			 "failed", (json_int_t)event->failed, "seconds", event->seconds);
}

json_t *document_event(const struct event *event)
{
	const struct plan_step *step = event->step;

	if (event->kind == EVENT_RUN_BEGIN || event->kind == EVENT_RUN_END)
		return event_of_run(event);
	return json_pack("{s:s, s:o, s:o, s:s?, s:i, s:f, s:o}",
		"event", event_name(event->kind), "vm", document_text(step ? step->vm : NULL),
		"vmid", document_vmid(step ? step->vmid : 0),
		"verb", step ? qm_verb_name(step->verb) : NULL,
		"percent", event->percent, "seconds", event->seconds,
		"text", document_text(event->text));
}

json_t *document_verify(const struct verify *verify, bool quiet)
{
	static const char *const kinds[] = {
		[VERIFY_DRIFT] = "drift",
		[VERIFY_IN_PROGRESS] = "in-progress",
		[VERIFY_WAITING] = "waiting",
		[VERIFY_UNDECLARED] = "undeclared",
	};
	json_t *findings = json_array();

	for (size_t i = 0; i < verify->count; i++) {
		const struct verify_finding *finding = &verify->items[i];

		if (quiet && finding->kind != VERIFY_DRIFT)
			continue;
		json_array_append_new(findings, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			"kind", kinds[finding->kind], "vm", document_text(finding->vm),
			"vmid", document_vmid(finding->vmid),
			"what", document_text(finding->what),
			"wanted", document_text(finding->wanted),
			"found", document_text(finding->found),
			"text", document_text(finding->text)));
	}
	return json_pack("{s:s, s:I, s:I, s:I, s:b, s:o}", "event", "verify",
			 "vms", (json_int_t)verify->vm_count,
			 "drift", (json_int_t)verify->drift_count,
			 "busy", (json_int_t)verify->busy_count, "quiet", quiet,
			 "findings", findings);
}

json_t *document_config(const char *path, const char *text)
{
	return json_pack("{s:s, s:o, s:o}", "event", "config", "file", document_text(path),
			 "text", document_text(text));
}

json_t *document_check(const struct fitness *fitness)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < fitness->count; i++)
		json_array_append_new(lines, json_pack("{s:o, s:b, s:b, s:o}",
			"what", document_text(fitness->items[i].what),
			"pass", fitness->items[i].pass, "remark", fitness->items[i].remark,
			"text", document_text(fitness->items[i].text)));
	return json_pack("{s:s, s:b, s:o}", "event", "check", "fit", fitness->failed == 0,
			 "checks", lines);
}
