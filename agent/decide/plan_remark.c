/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan_remark.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff.h"
#include "decide/instance.h"
#include "decide/plan.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* vyom starts none that is not declared to run. */
char *plan_how_to_restart(const struct diff_vm *diff)
{
	return spec_flag(diff->vm, KEY_START) ? memory_copy("vyom apply --restart") :
						memory_print("qm reboot %u", diff->vmid);
}

/* On a VM that does not run, a set also puts into force what somebody else left waiting (2.1.4). */
void plan_note_foreign_pending(const struct diff_vm *diff, struct plan *plan)
{
	const struct vmconf *conf = diff->guest->conf;
	CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;

	for (size_t i = 0; !diff->running && i < conf->pending_count; i++)
		if (!option_is_declared(diff->vm, conf->pending[i].key))
			strbuf_join(&keys, ", ", conf->pending[i].key);
	if (keys.len)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: a change that somebody left waiting comes into force along with this",
			  keys.buf);
}

static void note_replication(const struct diff_vm *diff, struct plan *plan)
{
	if (diff->guest && diff->guest->replication)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "replication: job %s copies it to another node, and vyom's VMs live on "
			  "one: pvesr delete %s", diff->guest->replication,
			  diff->guest->replication);
}

static void remark_restart(const struct diff_vm *diff, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf options = STRBUF_INIT;
	CLEANUP(scope_free) char *how = plan_how_to_restart(diff);

	for (size_t i = 0; diff->running && i < diff->count; i++) {
		const struct diff_item *item = &diff->items[i];

		if (item->urgency == DIFF_WAITING ||
		    (item->urgency == DIFF_CHANGE && item->effect == OPTION_RESTART))
			strbuf_join(&options, ", ", item->option->name);
	}
	if (options.len)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: in force only after the VM is stopped and started again (%s)",
			  options.buf, how);
}

/*
 * " (instance-id 0123456789ab → ba9876543210)", where it is ours to tell.  false: it
 * stays the same, as with a card that cloud-init gives no address.
 */
static bool add_instances(const struct diff_vm *diff, const struct state *state,
			  struct strbuf *text)
{
	char before[DIGEST_SHA1_TEXT], after[DIGEST_SHA1_TEXT];

	if (!instance_id(diff, false, state, before) || !instance_id(diff, true, state, after))
		return true;
	strbuf_addf(text, " (instance-id %.12s → %.12s)", before, after);
	return strcmp(before, after) != 0;
}

/* Adds the options by which cloud-init would start over, and how its instances are called. */
static bool is_reinit(const struct diff_vm *diff, const struct state *state, struct strbuf *names,
		      struct strbuf *instances)
{
	for (size_t i = 0; !diff->fresh && i < diff->count; i++)
		if (diff->items[i].urgency == DIFF_CHANGE &&
		    diff->items[i].effect == OPTION_REINIT)
			strbuf_join(names, ", ", diff->items[i].option->name);
	return names->len && add_instances(diff, state, instances);
}

bool plan_wants_reinit(const struct diff_vm *diff, const struct state *state)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT, instances = STRBUF_INIT;

	return is_reinit(diff, state, &names, &instances);
}

/* What makes cloud-init start over wants a word of its own. */
static void remark_reinit(const struct diff_vm *diff, const struct state *state,
			  const struct plan_options *options, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT, instances = STRBUF_INIT;

	if (!is_reinit(diff, state, &names, &instances))
		return;
	if (options->reinit)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: at its next start cloud-init treats the guest as a new one%s",
			  names.buf, instances.buf);
	else
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "%s: changing this makes cloud-init treat the guest as a new one%s at "
			    "its next start (host keys, users, network made again); say --reinit "
			    "if that is meant",
			    names.buf, instances.buf);
}

void plan_remark(const struct diff_vm *diff, const struct state *state,
		 const struct plan_options *options, struct plan *plan)
{
	remark_restart(diff, plan);
	remark_reinit(diff, state, options, plan);
	note_replication(diff, plan);
}
