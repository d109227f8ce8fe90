/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/strbuf.h"

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
