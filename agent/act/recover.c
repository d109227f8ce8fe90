/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/recover.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "edge/child.h"
#include "edge/journal.h"
#include "base/memory.h"
#include "act/observe.h"
#include "model/propstr.h"
#include "model/record.h"
#include "base/scope.h"
#include "model/state.h"
#include "base/strbuf.h"
#include "decide/option.h"
#include "model/vmconf.h"

/* "managed by vyom: CLUSTER/NAME" gives CLUSTER if NAME is name; caller frees. */
static char *marked_cluster(const struct vmconf *conf, const char *name)
{
	const char *mark = conf->description ? strstr(conf->description, OPTION_MARK) : NULL;
	const char *slash;
	char *cluster;

	if (!mark)
		return NULL;
	mark += strlen(OPTION_MARK);
	slash = strchr(mark, '/');
	if (!slash || strncmp(slash + 1, name, strlen(name)) != 0 ||
	    (slash[1 + strlen(name)] != '\0' && slash[1 + strlen(name)] != '\n'))
		return NULL;
	cluster = memory_copy(mark);
	cluster[slash - mark] = '\0';
	return cluster;
}

static char *lower_case(const char *text)
{
	char *copy = memory_copy(text);

	for (char *c = copy; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

static void replace_record(struct record_vms *records, struct record_vm vm)
{
	size_t at = 0;

	while (at < records->count && records->items[at].vmid < vm.vmid)
		at++;
	if (at < records->count && records->items[at].vmid == vm.vmid) {
		record_vm_release(&records->items[at]);
	} else {
		MEMORY_PUSH(records->items, records->count) = (struct record_vm){ .vmid = 0 };
		memmove(&records->items[at + 1], &records->items[at],
			(records->count - 1 - at) * sizeof(*records->items));
	}
	records->items[at] = vm;
}

/* An id that had a config before the clone was not ours to give (the clone then failed). */
static bool was_free_before(const struct record_step *step)
{
	return !step->before || strncmp(step->before, "no config", 9) == 0;
}

bool recover_identify_clone(const struct state *state, const struct record_step *step,
			    struct record_vms *records)
{
	const struct state_guest *guest = state_find_guest(state, step->vmid);
	CLEANUP(propstr_release) struct propstr smbios = PROPSTR_INIT;
	CLEANUP(scope_free) char *cluster = NULL;
	const char *uuid, *name;

	if (!guest || !guest->conf || !guest->local || vmconf_get(guest->conf, "lock") ||
	    !was_free_before(step))
		return false;
	name = vmconf_get(guest->conf, "name");
	smbios = propstr_parse(vmconf_get(guest->conf, "smbios1"), NULL);
	uuid = propstr_get(&smbios, "uuid");
	cluster = marked_cluster(guest->conf, step->vm);
	if (!cluster || !uuid || !name || strcmp(name, step->vm) != 0)
		return false;
	replace_record(records, (struct record_vm){
		.vmid = step->vmid, .run = step->run, .cluster = memory_copy(cluster),
		.name = memory_copy(step->vm), .uuid = lower_case(uuid),
		.vmgenid = lower_case(vmconf_get(guest->conf, "vmgenid")),
	});
	return true;
}

int recover_remember_clone(struct journal *journal, const struct state *state,
			   const struct record_step *step, struct record_vms *records,
			   struct error *err)
{
	if (!recover_identify_clone(state, step, records))
		return 0;
	return journal_vm_remember(journal, record_vms_find(records, step->vmid), err);
}

/*
 * A child that outlived its run is joined: it will end, and nobody else may begin on its
 * VM before.
 */
static void wait_for_child(const struct record_step *step, bool same_boot,
			   const struct event_sink *sink)
{
	const struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (!step->pid || !same_boot || !child_is_alive(step->pid, step->pid_start))
		return;
	strbuf_addf(&text,
		    "%s (%u): qm %s of an earlier run is still at work (process %d); waiting for it",
		    step->vm, step->vmid, step->verb, step->pid);
	event_emit(sink, &(struct event){ .kind = EVENT_REMARK, .text = text.buf });
	while (child_is_alive(step->pid, step->pid_start))
		nanosleep(&tick, NULL);
}

/* After a reboot the number of an old child may be any process's. */
static int is_of_this_boot(struct journal *journal, int64_t id, bool *same, struct error *err)
{
	CLEANUP(record_run_release) struct record_run run = { .id = 0 };
	CLEANUP(scope_free) char *now = child_boot_id();

	if (journal_read_run(journal, id, &run, err) < 0)
		return -1;
	*same = !now || !run.boot_id || strcmp(now, run.boot_id) == 0;
	return 0;
}

static int settle_step(const char *root, struct journal *journal, struct state *state,
		       struct record_step *step, struct record_vms *records,
		       const struct event_sink *sink, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, output = STRBUF_INIT;
	CLEANUP(scope_free) char *path =
		memory_print("%s/var/lib/vyom/output/%lld-%lld", root, (long long)step->run,
				  (long long)step->number);
	struct timespec now;
	bool same_boot;

	if (is_of_this_boot(journal, step->run, &same_boot, err) < 0)
		return -1;
	wait_for_child(step, same_boot, sink);
	if (observe_guest(root, state, step->vmid, err) < 0)
		return -1;
	if (strcmp(step->verb, "clone") == 0 &&
	    recover_remember_clone(journal, state, step, records, err) < 0)
		return -1;
	if (strcmp(step->verb, "start") == 0 && journal_vm_started(journal, step->vmid, err) < 0)
		return -1;
	strbuf_addf(&text, "%s (%u): qm %s of run %lld was cut off; going on from what it left",
		    step->vm, step->vmid, step->verb, (long long)step->run);
	event_emit(sink, &(struct event){ .kind = EVENT_REMARK, .text = text.buf });
	child_tail(path, 2000, &output);
	clock_gettime(CLOCK_REALTIME, &now);
	step->ended = (double)now.tv_sec;
	step->result = RECORD_INTERRUPTED;
	step->output = strbuf_detach(&output);
	step->message = memory_copy("vyom ended before the step did; a later run went on from what "
				    "it left");
	return journal_step_end(journal, step, err);
}

int recover_settle(const char *root, struct journal *journal, struct state *state,
		   struct record_vms *records, const struct event_sink *sink, struct error *err)
{
	CLEANUP(record_steps_release) struct record_steps steps = { .items = NULL };
	CLEANUP(record_runs_release) struct record_runs runs = { .items = NULL };

	if (journal_read_open_steps(journal, &steps, err) < 0 ||
	    journal_read_open_runs(journal, &runs, err) < 0)
		return -1;
	for (size_t i = 0; i < steps.count; i++)
		if (settle_step(root, journal, state, &steps.items[i], records, sink, err) < 0)
			return -1;
	for (size_t i = 0; i < runs.count; i++)
		if (journal_run_end(journal, runs.items[i].id, RECORD_INTERRUPTED, "cut off", err) <
		    0)
			return -1;
	return steps.count > 0;
}
