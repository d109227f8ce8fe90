/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/vmconf.h"

void record_run_release(struct record_run *run)
{
	free(run->verb);
	free(run->argv);
	free(run->version);
	free(run->vmids);
	free(run->summary);
	free(run->boot_id);
	*run = (struct record_run){ 0 };
}

void record_step_release(struct record_step *step)
{
	free(step->vm);
	free(step->verb);
	free(step->argv);
	free(step->before);
	free(step->message);
	free(step->output);
	*step = (struct record_step){ 0 };
}

void record_vm_release(struct record_vm *vm)
{
	free(vm->cluster);
	free(vm->name);
	free(vm->uuid);
	free(vm->vmgenid);
	*vm = (struct record_vm){ 0 };
}

void record_template_release(struct record_template *template)
{
	free(template->name);
	free(template->image);
	free(template->uuid);
	free(template->key);
	free(template->volume);
	free(template->checksum);
	*template = (struct record_template){ 0 };
}

void record_templates_release(struct record_templates *templates)
{
	for (size_t i = 0; i < templates->count; i++)
		record_template_release(&templates->items[i]);
	free(templates->items);
	*templates = (struct record_templates){ 0 };
}

void record_runs_release(struct record_runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		record_run_release(&runs->items[i]);
	free(runs->items);
	*runs = (struct record_runs){ 0 };
}

void record_steps_release(struct record_steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		record_step_release(&steps->items[i]);
	free(steps->items);
	*steps = (struct record_steps){ 0 };
}

void record_vms_release(struct record_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		record_vm_release(&vms->items[i]);
	free(vms->items);
	record_templates_release(&vms->templates);
	record_copies_release(&vms->copies);
	record_steps_release(&vms->in_doubt);
	record_steps_release(&vms->snippets);
	*vms = (struct record_vms){ 0 };
}

static int compare_vmid(const void *vmid, const void *vm)
{
	unsigned a = *(const unsigned *)vmid;
	unsigned b = ((const struct record_vm *)vm)->vmid;

	return (a > b) - (a < b);
}

struct record_vm *record_vms_find(const struct record_vms *vms, unsigned vmid)
{
	if (vms->count == 0)
		return NULL;
	return bsearch(&vmid, vms->items, vms->count, sizeof(*vms->items), compare_vmid);
}

struct record_vm record_vm_copy(const struct record_vm *vm)
{
	struct record_vm copy = *vm;

	copy.cluster = memory_copy(vm->cluster);
	copy.name = memory_copy(vm->name);
	copy.uuid = memory_copy(vm->uuid);
	copy.vmgenid = memory_copy(vm->vmgenid);
	return copy;
}

bool record_vm_is_called(const struct record_vm *vm, const char *cluster, const char *name)
{
	return strcmp(vm->name, name) == 0 && strcmp(vm->cluster, cluster) == 0;
}

static char *lower_case(const char *text)
{
	char *copy = memory_copy(text);

	for (char *c = copy; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

char *record_uuid_of(const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr smbios =
		propstr_parse(vmconf_get(conf, "smbios1"), NULL);
	const char *uuid = propstr_get(&smbios, "uuid");

	return uuid && *uuid ? lower_case(uuid) : NULL;
}

bool record_vm_identify(struct record_vm *vm, const struct vmconf *conf)
{
	vm->uuid = record_uuid_of(conf);
	vm->vmgenid = lower_case(vmconf_get(conf, "vmgenid"));
	return vm->uuid != NULL;
}

static void release_copy(struct record_copy *copy)
{
	free(copy->slot);
	free(copy->volume);
	free(copy->source);
}

void record_copies_release(struct record_copies *copies)
{
	for (size_t i = 0; i < copies->count; i++)
		release_copy(&copies->items[i]);
	free(copies->items);
	*copies = (struct record_copies){ 0 };
}

struct record_copy *record_copies_find(const struct record_copies *copies, const char *volume)
{
	for (size_t i = 0; i < copies->count; i++)
		if (strcmp(copies->items[i].volume, volume) == 0)
			return &copies->items[i];
	return NULL;
}

static void remove_copy(struct record_copies *copies, struct record_copy *copy)
{
	release_copy(copy);
	copies->count--;
	memmove(copy, copy + 1, (size_t)(copies->items + copies->count - copy) * sizeof(*copy));
}

void record_copies_put(struct record_copies *copies, struct record_copy copy)
{
	struct record_copy *old = record_copies_find(copies, copy.volume);

	if (old)
		remove_copy(copies, old);
	MEMORY_PUSH(copies->items, copies->count) = copy;
}

static void forget_copies(struct record_copies *copies, unsigned vmid)
{
	for (size_t i = copies->count; i-- > 0;)
		if (copies->items[i].vmid == vmid)
			remove_copy(copies, &copies->items[i]);
}

bool record_step_found_free(const struct record_step *step)
{
	if (step->before &&
	    strncmp(step->before, RECORD_NO_CONFIG, strlen(RECORD_NO_CONFIG)) != 0)
		return false;
	return !step->output || !qm_output_is_clash(step->output);
}

char *record_step_source(const struct record_step *step)
{
	const char *source = step->before ? strstr(step->before, ", " RECORD_SOURCE) : NULL;

	if (!source)
		return NULL;
	source += strlen(", " RECORD_SOURCE);
	return memory_print("%.*s", (int)strcspn(source, ","), source);
}

void record_vms_put(struct record_vms *vms, struct record_vm vm)
{
	size_t at = 0;

	record_vms_remove(vms, vm.vmid);
	while (at < vms->count && vms->items[at].vmid < vm.vmid)
		at++;
	MEMORY_PUSH(vms->items, vms->count) = (struct record_vm){ .vmid = 0 };
	memmove(&vms->items[at + 1], &vms->items[at],
		(vms->count - 1 - at) * sizeof(*vms->items));
	vms->items[at] = vm;
}

void record_vms_remove(struct record_vms *vms, unsigned vmid)
{
	struct record_vm *vm = record_vms_find(vms, vmid);

	forget_copies(&vms->copies, vmid);
	if (!vm)
		return;
	record_vm_release(vm);
	vms->count--;
	memmove(vm, vm + 1, (size_t)(vms->items + vms->count - vm) * sizeof(*vm));
}

struct record_template *record_templates_find(const struct record_templates *templates,
					      unsigned vmid)
{
	for (size_t i = 0; i < templates->count; i++)
		if (templates->items[i].vmid == vmid)
			return &templates->items[i];
	return NULL;
}

void record_templates_put(struct record_templates *templates, struct record_template template)
{
	size_t at = 0;

	record_templates_remove(templates, template.vmid);
	while (at < templates->count && templates->items[at].vmid < template.vmid)
		at++;
	MEMORY_PUSH(templates->items, templates->count) = (struct record_template){ .vmid = 0 };
	memmove(&templates->items[at + 1], &templates->items[at],
		(templates->count - 1 - at) * sizeof(*templates->items));
	templates->items[at] = template;
}

void record_templates_remove(struct record_templates *templates, unsigned vmid)
{
	struct record_template *template = record_templates_find(templates, vmid);

	if (!template)
		return;
	record_template_release(template);
	templates->count--;
	memmove(template, template + 1,
		(size_t)(templates->items + templates->count - template) * sizeof(*template));
}

const struct record_step *record_vms_doubt(const struct record_vms *vms, unsigned vmid)
{
	for (size_t i = 0; i < vms->in_doubt.count; i++)
		if (vms->in_doubt.items[i].vmid == vmid)
			return &vms->in_doubt.items[i];
	return NULL;
}

void record_vms_doubt_add(struct record_vms *vms, const struct record_step *step)
{
	struct record_step copy = *step;

	record_vms_doubt_end(vms, step->vmid);
	copy.vm = memory_copy(step->vm);
	copy.verb = memory_copy(step->verb);
	copy.argv = memory_copy(step->argv);
	copy.before = memory_copy(step->before);
	copy.message = memory_copy(step->message);
	copy.output = memory_copy(step->output);
	MEMORY_PUSH(vms->in_doubt.items, vms->in_doubt.count) = copy;
}

void record_vms_doubt_end(struct record_vms *vms, unsigned vmid)
{
	struct record_steps *steps = &vms->in_doubt;

	for (size_t i = 0; i < steps->count; i++) {
		if (steps->items[i].vmid != vmid)
			continue;
		record_step_release(&steps->items[i]);
		steps->items[i] = steps->items[--steps->count];
		return;
	}
}

char *record_who(const char *name, unsigned vmid)
{
	return vmid ? memory_print("%s (%u)", name, vmid) : memory_copy(name);
}

bool record_snippet_is_ours(const struct record_vms *vms, const char *volid, const char *digest)
{
	for (size_t i = 0; i < vms->snippets.count; i++) {
		const char *wrote = qm_snippet_read(vms->snippets.items[i].argv, volid);

		if (wrote && strcmp(wrote, digest) == 0)
			return true;
	}
	return false;
}

const char *record_snippet_last(const struct record_vms *vms, const char *volid, double until)
{
	for (size_t i = vms->snippets.count; i > 0; i--) {
		const struct record_step *step = &vms->snippets.items[i - 1];
		const char *wrote = qm_snippet_read(step->argv, volid);

		if (wrote && step->result == RECORD_DONE && step->ended <= until)
			return wrote;
	}
	return NULL;
}

const char *record_result_name(enum record_result result)
{
	static const char *const names[] = {
		[RECORD_OPEN]		= "open",
		[RECORD_DONE]		= "done",
		[RECORD_FAILED]		= "failed",
		[RECORD_INTERRUPTED]	= "interrupted",
		[RECORD_RETRIED]	= "retried",
	};

	return names[result];
}

void record_describe_status(int status, struct strbuf *text)
{
	if (status == -1)
		strbuf_adds(text, "ended in an unknown way");
	else if (WIFEXITED(status))
		strbuf_addf(text, "exit status %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status) && sigabbrev_np(WTERMSIG(status)))
		strbuf_addf(text, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		strbuf_addf(text, "killed by signal %d", WTERMSIG(status));
}
