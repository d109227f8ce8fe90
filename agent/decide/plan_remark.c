/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan_remark.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff.h"
#include "decide/instance.h"
#include "decide/lack.h"
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

/* With what it will be, not only with what is declared: others' items stay, and are seen to. */
void plan_describe_change(const struct diff_item *item, struct strbuf *why)
{
	const char *value = item->option->form == OPTION_SSH_KEYS ? item->wanted : item->value;

	strbuf_join(why, ", ", item->option->name);
	if (item->urgency == DIFF_UNDONE) {
		strbuf_addf(why, " %s at the next start → ", item->pending);
	} else {
		strbuf_adds(why, " ");
		option_describe(item->option, item->found, why);
		strbuf_adds(why, " → ");
	}
	option_describe_wanted(item->option, value, why);
	if (item->option->form == OPTION_SSH_KEYS)
		strbuf_adds(why, " of the file");
}

static void add_foreign(const struct diff_vm *diff, const char *key, struct strbuf *keys)
{
	if (!option_is_declared(diff->vm, key))
		strbuf_join(keys, ", ", key);
}

/* Has the VM's part of the plan, from begin on, what applies all of [PENDING] (2.1.4)? */
static bool applies_pending(const struct plan *plan, size_t begin)
{
	for (size_t i = begin; i < plan->count; i++)
		if (plan->steps[i].verb == QM_SET || plan->steps[i].verb == QM_EFIDISK ||
		    plan->steps[i].verb == QM_START)
			return true;
	return false;
}

void plan_note_foreign_pending(const struct diff_vm *diff, size_t begin, struct plan *plan)
{
	const struct vmconf *conf = diff->guest->conf;
	CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
	const char *value;

	if (diff->running || !applies_pending(plan, begin))
		return;
	for (size_t i = 0; i < conf->pending_count; i++)
		add_foreign(diff, conf->pending[i].key, &keys);
	for (size_t i = 0; i < conf->live_count; i++)
		if (vmconf_get_pending(conf, conf->live[i].key, &value) && !value)
			add_foreign(diff, conf->live[i].key, &keys);
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

static void note_lacks(const struct diff_vm *diff, struct plan *plan)
{
	for (enum lack lack = 0; lack < LACK_COUNT; lack++) {
		CLEANUP(scope_free) char *text = lack_find(diff, lack);

		if (text)
			plan_note(plan, diff->vm->name, diff->vmid, "%s: %s", lack_name(lack), text);
	}
}

static void remark_restart(const struct diff_vm *diff, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf options = STRBUF_INIT;
	CLEANUP(scope_free) char *how = plan_how_to_restart(diff);

	for (size_t i = 0; diff->running && i < diff->count; i++) {
		const struct diff_item *item = &diff->items[i];

		if (item->urgency == DIFF_WAITING ||
		    (item->urgency == DIFF_CHANGE && item->waits))
			strbuf_join(&options, ", ", item->option->name);
	}
	if (options.len)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: in force only after the VM is stopped and started again (%s)",
			  options.buf, how);
}

static void remark_unread(const struct diff_vm *diff, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;
	CLEANUP(scope_free) char *how = plan_how_to_restart(diff);

	for (size_t i = 0; diff->running && i < diff->unread.count; i++)
		strbuf_join(&names, ", ", diff->unread.items[i]);
	if (names.len)
		plan_note(plan, diff->vm->name, diff->vmid,
			  "%s: changed since the VM was started; cloud-init treats the guest as a "
			  "new one when it is stopped and started again (%s%s)",
			  names.buf, how, spec_flag(diff->vm, KEY_START) ? " --reinit" : "");
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

/* What waits while it runs does nothing to cloud-init; a restart would. */
static bool starts_over(const struct diff_vm *diff, const struct diff_item *item)
{
	return item->effect == OPTION_REINIT &&
	       (item->urgency == DIFF_CHANGE || (item->urgency == DIFF_WAITING && !diff->running));
}

/* Adds the options and snippets by which cloud-init would start over, and how its instances are called. */
static bool is_reinit(const struct diff_vm *diff, const struct state *state, struct strbuf *names,
		      struct strbuf *instances)
{
	for (size_t i = 0; !diff->fresh && i < diff->count; i++)
		if (starts_over(diff, &diff->items[i]))
			strbuf_join(names, ", ", diff->items[i].option->name);
	for (size_t i = 0; i < diff->snippets.count; i++)
		strbuf_join(names, ", ", diff->snippets.items[i]);
	return names->len && add_instances(diff, state, instances);
}

bool plan_wants_reinit(const struct diff_vm *diff, const struct state *state)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT, instances = STRBUF_INIT;

	return is_reinit(diff, state, &names, &instances);
}

/* By the plan itself, which then has made it go down before, if it was up. */
static bool is_started(const struct diff_vm *diff)
{
	return !diff->running && spec_flag(diff->vm, KEY_START);
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
			  "%s: at its %s cloud-init treats the guest as a new one%s", names.buf,
			  is_started(diff) ? "start" : "next start", instances.buf);
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
	remark_unread(diff, plan);
	remark_reinit(diff, state, options, plan);
	note_replication(diff, plan);
	note_lacks(diff, plan);
}
