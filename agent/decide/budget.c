/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/budget.h"

#include <string.h>

#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/plan.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

uint64_t budget_memory_of(const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr memory = PROPSTR_INIT;
	const char *text;
	uint64_t mib;

	memory = propstr_parse(conf ? vmconf_get(conf, "memory") : NULL, "current");
	text = propstr_get(&memory, "current");
	return text && number_parse_unsigned(text, 0, UINT32_MAX, &mib) ? mib * MIB : 512 * MIB;
}

static uint64_t count_of(const struct spec_section *vm, enum key_id key, const struct vmconf *conf)
{
	const char *text = conf ? vmconf_get(conf, key_table[key].name) : NULL;
	uint64_t count;

	if (spec_value(vm, key))
		return spec_number(vm, key);
	return text && number_parse_unsigned(text, 1, UINT16_MAX, &count) ? count : 1;
}

uint64_t budget_cpus_of(const struct spec_section *vm, const struct vmconf *conf)
{
	return count_of(vm, KEY_SOCKETS, conf) * count_of(vm, KEY_CORES, conf);
}

static uint64_t memory_running(const struct state *state)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < state->guest_count; i++)
		if (state->guests[i].conf && state->guests[i].pid)
			sum += budget_memory_of(state->guests[i].conf);
	return sum;
}

static void admit_memory(const struct spec_section *node, const struct state *state,
			 struct plan *plan)
{
	uint64_t asked = 0, held, reserve, budget;
	char text[5][NUMBER_TEXT];

	for (size_t i = 0; i < plan->count; i++)
		asked += plan->steps[i].memory;
	if (!asked)
		return;
	reserve = spec_number(node, KEY_MEMORY_RESERVE);
	budget = state->memory > reserve ? state->memory - reserve : 0;
	held = memory_running(state) + asked;
	if (held <= budget)
		return;
	plan_refuse(plan, NULL, 0,
		    "memory: running VMs would hold %s, but the node has %s and keeps %s for "
		    "itself (memory-reserve), which leaves %s: %s too much; declare less, or stop "
		    "other VMs",
		    number_format_human(held, text[0]), number_format_human(state->memory, text[1]),
		    number_format_human(reserve, text[2]), number_format_human(budget, text[3]),
		    number_format_human(held - budget, text[4]));
}

uint64_t budget_promised(const struct state *state, const char *vg, const char *pool)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (strcmp(volume->vg, vg) == 0 && volume->pool && strcmp(volume->pool, pool) == 0)
			sum += volume->size;
	}
	return sum;
}

static unsigned percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)((double)part * 100 / (double)whole) : 0;
}

bool budget_pool_is_broken(const struct thin_pool *pool, struct strbuf *text)
{
	size_t before = text->len;

	if (pool->mode == THIN_MODE_OUT_OF_DATA)
		strbuf_join(text, "; ", "its pool is out of data space: enlarge it, or free space");
	else if (pool->mode != THIN_MODE_RW && pool->mode != THIN_MODE_UNKNOWN) {
		strbuf_join(text, "; ", "its pool is ");
		strbuf_addf(text, "%s: see dmesg, and lvconvert --repair",
			    thin_mode_name(pool->mode));
	}
	if (pool->needs_check)
		strbuf_join(text, "; ",
			    "its pool's metadata needs a check: stop its VMs, lvconvert --repair");
	return text->len > before;
}

static void add_limit(struct strbuf *text, const char *what, unsigned used, unsigned limit)
{
	if (used < limit)
		return;
	strbuf_join(text, "; ", "its pool's ");
	strbuf_addf(text, "%s is %u%% full, and %s-limit = %u: free space, or enlarge the pool",
		    what, used, what, limit);
}

bool budget_pool_is_over(const struct thin_pool *pool, const struct spec_section *node,
			 struct strbuf *text)
{
	size_t before = text->len;

	budget_pool_is_broken(pool, text);
	add_limit(text, "data", percent(pool->data_used, pool->data_total),
		  (unsigned)spec_number(node, KEY_DATA_LIMIT));
	add_limit(text, "metadata", percent(pool->meta_used, pool->meta_total),
		  (unsigned)spec_number(node, KEY_METADATA_LIMIT));
	return text->len > before;
}

/* What a plan asks of one pool, under the name of the first storage that leads to it. */
struct demand {
	const char *storage;
	uint64_t promise, reclaim, copy;
};

static void admit_promise(const struct demand *demand, const struct thin_pool *pool,
			  const struct spec_section *node, const struct state *state,
			  struct plan *plan)
{
	double overcommit = spec_ratio(node, KEY_OVERCOMMIT);
	uint64_t allowed = (uint64_t)((double)pool->data_total * overcommit);
	uint64_t promised = budget_promised(state, pool->vg, pool->name) + demand->promise -
			    demand->reclaim;
	char text[4][NUMBER_TEXT];

	if (promised <= allowed)
		return;
	plan_refuse(plan, NULL, 0,
		    "%s would promise %s of %s; overcommit = %.4g allows %s: %s too much; declare "
		    "smaller disks, enlarge the pool, or raise overcommit and watch the pool",
		    demand->storage, number_format_human(promised, text[0]),
		    number_format_human(pool->data_total, text[1]), overcommit,
		    number_format_human(allowed, text[2]),
		    number_format_human(promised - allowed, text[3]));
}

static void admit_copy(const struct demand *demand, const struct thin_pool *pool,
		       const struct spec_section *node, struct plan *plan)
{
	unsigned long long limit = spec_number(node, KEY_DATA_LIMIT);
	char text[2][NUMBER_TEXT];

	if (!demand->copy || pool->data_used + demand->copy <=
				     (uint64_t)((double)pool->data_total * (double)limit / 100))
		return;
	plan_refuse(plan, NULL, 0,
		    "%s: full copies may write %s and %s is in use, which is past data-limit = "
		    "%llu; use linked clones, or enlarge the pool",
		    demand->storage, number_format_human(demand->copy, text[0]),
		    number_format_human(pool->data_used, text[1]), limit);
}

/* A VM that is undone may have disks on other pools than the one of its first. */
static uint64_t reclaimed(const struct plan_step *step, const struct thin_pool *pool,
			  const struct state *state)
{
	uint64_t sum = 0;

	if (step->verb != QM_DESTROY || !step->reclaim)
		return 0;
	for (size_t i = 0; i < state->volumes.count; i++) {
		const struct thin_volume *volume = &state->volumes.items[i];

		if (volume->vmid == step->vmid && volume->referenced && volume->pool &&
		    strcmp(volume->vg, pool->vg) == 0 && strcmp(volume->pool, pool->name) == 0)
			sum += volume->size;
	}
	return sum;
}

static struct demand demand_on(const struct thin_pool *pool, const struct state *state,
			       const struct plan *plan)
{
	struct demand demand = { .storage = NULL };

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_step *step = &plan->steps[i];

		demand.reclaim += reclaimed(step, pool, state);
		if (!step->storage || state_find_pool(state, step->storage) != pool)
			continue;
		if (!demand.storage)
			demand.storage = step->storage;
		demand.promise += step->promise;
		if (step->verb != QM_DESTROY)
			demand.reclaim += step->reclaim;
		demand.copy += step->copy;
	}
	return demand;
}

static void admit_pool(const struct thin_pool *pool, const struct spec_section *node,
		       const struct state *state, struct plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf why = STRBUF_INIT;
	struct demand demand = demand_on(pool, state, plan);

	if (!demand.storage)
		return;
	if (demand.promise ? budget_pool_is_over(pool, node, &why)
			   : budget_pool_is_broken(pool, &why))
		plan_refuse(plan, NULL, 0, "%s: %s", demand.storage, why.buf);
	if (!demand.promise)
		return;
	admit_promise(&demand, pool, node, state, plan);
	admit_copy(&demand, pool, node, plan);
}

bool budget_admits_step(const struct plan_step *step, const struct state *state,
			struct strbuf *text)
{
	const struct spec_section *node = step->section ? step->section->node : NULL;
	const struct thin_pool *pool = NULL;
	char free_text[NUMBER_TEXT], copy_text[NUMBER_TEXT];

	if (node && step->storage && qm_verb_has(step->verb, QM_ALLOCATES))
		pool = state_find_pool(state, step->storage);
	if (!pool)
		return true;
	if (budget_pool_is_over(pool, node, text))
		return false;
	if (pool->data_used + step->copy <= pool->data_total)
		return true;
	strbuf_addf(text, "the copy may take %s, and its pool has %s left: free space first",
		    number_format_human(step->copy, copy_text),
		    number_format_human(pool->data_total - pool->data_used, free_text));
	return false;
}

void budget_admit(const struct spec_section *node, const struct state *state, struct plan *plan)
{
	admit_memory(node, state, plan);
	for (size_t i = 0; i < state->pools.count; i++)
		admit_pool(&state->pools.items[i], node, state, plan);
}
