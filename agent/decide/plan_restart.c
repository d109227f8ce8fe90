/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/plan_restart.h"

#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff.h"
#include "decide/diff_data.h"
#include "decide/plan.h"
#include "decide/plan_move.h"
#include "decide/plan_remark.h"
#include "model/foreign.h"
#include "model/key.h"
#include "model/propstr.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* Does this change need it, or wait for it already? */
static bool waits(const struct diff_item *item, const struct plan_options *options)
{
	if (item->urgency == DIFF_WAITING)
		return true;
	return item->urgency == DIFF_CHANGE &&
	       (item->waits ||
		(item->effect == OPTION_REINIT && options->reinit));
}

static bool is_stale(const struct diff_vm *diff)
{
	return diff->guest->conf->cloudinit_stale || diff->unread.count;
}

bool plan_restart_is_due(const struct diff_vm *diff, const struct state *state,
			 const struct plan_options *options)
{
	bool due = diff_growth_is_pending(diff) || plan_move_waits(diff, state, options);

	if (!options->restart || !diff->running || !spec_flag(diff->vm, KEY_START))
		return false;
	for (size_t i = 0; i < diff->count; i++)
		due = due || waits(&diff->items[i], options);
	return due || ((is_stale(diff) || diff->snippets.count) && options->reinit);
}

/* What needs no set comes into force by it alone: said here, or nowhere. */
static char *reason(const struct diff_vm *diff, bool moves)
{
	CLEANUP(strbuf_release) struct strbuf changes = STRBUF_INIT;

	for (size_t i = 0; i < diff->count; i++)
		if (diff->items[i].set)
			plan_describe_change(&diff->items[i], &changes);
	for (size_t i = 0; i < diff->snippets.count; i++)
		strbuf_join(&changes, ", ", diff->snippets.items[i]);
	for (size_t i = 0; i < diff->unread.count; i++)
		strbuf_join(&changes, ", ", diff->unread.items[i]);
	return memory_print("restart%s%s%s%s", moves ? ", to move disks" : "",
			    diff->guest->ha ? ", " PLAN_ASKED_OF_HA : "",
			    changes.len ? ": " : "", changes.buf);
}

void plan_restart_begin(const struct diff_vm *diff, const struct state *state,
			const struct plan_options *options, struct plan *plan,
			struct diff_vm *stopped)
{
	struct plan_step *step = plan_add(plan, diff->vm->name, diff->vmid, QM_SHUTDOWN);

	step->section = diff->vm;
	step->why = reason(diff, plan_move_waits(diff, state, options));
	qm_shutdown_asked(&step->argv, diff->vmid, PLAN_SHUTDOWN_SECONDS);
	if (is_stale(diff) && !options->reinit)
		plan_refuse(plan, diff->vm->name, diff->vmid,
			    "restart: a change for cloud-init waits for the next start, "
			    "and cloud-init would treat the guest as a new one then (host keys, "
			    "users, network made again); say --reinit too if that is meant");
	*stopped = *diff;
	stopped->running = false;
	stopped->start = true;
}

/* Will there be an agent: as declared, else as it is? */
static bool has_agent(const struct diff_vm *diff)
{
	CLEANUP(propstr_release) struct propstr agent = PROPSTR_INIT;
	const char *enabled;

	if (spec_value(diff->vm, KEY_AGENT))
		return spec_flag(diff->vm, KEY_AGENT);
	agent = propstr_parse(vmconf_get(diff->guest->conf, "agent"), "enabled");
	enabled = propstr_get(&agent, "enabled");
	return enabled && foreign_flag(enabled) == 1;
}

/* "agent", "cloud-init", or NULL: nothing. */
static const char *awaited(const struct diff_vm *diff, bool restarted)
{
	const char *wait = spec_text(diff->vm, KEY_WAIT);

	if (strcmp(wait, "no") != 0)
		return wait;
	return restarted && has_agent(diff) ? "agent" : NULL;
}

void plan_wait(const struct diff_vm *diff, bool restarted, struct plan *plan)
{
	const char *what = awaited(diff, restarted);
	struct plan_step *step;

	if (!what)
		return;
	step = plan_add(plan, diff->vm->name, diff->vmid, QM_WAIT);
	step->section = diff->vm;
	strvec_pushl(&step->argv, "wait", NULL);
	strvec_pushf(&step->argv, "%u", diff->vmid);
	strvec_push(&step->argv, what);
}
