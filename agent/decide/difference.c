/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/difference.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff_data.h"
#include "decide/extra.h"
#include "decide/lack.h"
#include "decide/option.h"
#include "decide/plan_remark.h"
#include "model/firmware_disk.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

#define MOVED "it is left there; apply --move moves it"

/* Takes over text. */
static void add(struct differences *differences, const char *what, const char *wanted,
		const char *found, enum difference_fate fate, char *text)
{
	MEMORY_PUSH(differences->items, differences->count) = (struct difference){
		.what = memory_copy(what), .wanted = memory_copy(wanted),
		.found = memory_copy(found), .fate = fate, .text = text,
	};
}

/* --- options --- */

static enum difference_fate fate_of(const struct diff_vm *diff, const struct diff_item *item,
				    bool reinit)
{
	if (item->urgency == DIFF_WAITING)
		return DIFFERENCE_WAITING;
	if (item->urgency == DIFF_CHANGE && item->effect == OPTION_REINIT && reinit)
		return DIFFERENCE_REINIT;
	if (item->urgency == DIFF_CHANGE && item->waits && diff->running)
		return DIFFERENCE_RESTART;
	return DIFFERENCE_LIVE;
}

static char *sentence(enum difference_fate fate, const struct diff_vm *diff)
{
	CLEANUP(scope_free) char *how = plan_how_to_restart(diff);

	if (fate == DIFFERENCE_WAITING)
		return memory_print("it is set, and waits for a restart (%s)", how);
	if (fate == DIFFERENCE_RESTART)
		return memory_print("apply sets it, and a restart puts it into force (%s)", how);
	if (fate == DIFFERENCE_REINIT)
		return memory_copy("apply refuses it without --reinit: cloud-init would treat the "
				   "guest as a new one");
	return memory_copy(diff->running ? "apply changes it at once" : "apply sets it");
}

static void add_item(struct differences *differences, const struct diff_vm *diff,
		     const struct diff_item *item, bool reinit)
{
	CLEANUP(strbuf_release) struct strbuf wanted = STRBUF_INIT, found = STRBUF_INIT;
	enum difference_fate fate = fate_of(diff, item, reinit);

	option_describe_wanted(item->option, item->wanted, &wanted);
	if (item->urgency == DIFF_UNDONE)
		strbuf_addf(&found, "%s at its next start", item->pending);
	else
		option_describe(item->option, item->found, &found);
	add(differences, item->option->name, wanted.buf, found.buf, fate, sentence(fate, diff));
}

/* --- the disk it boots from --- */

static void add_size(struct differences *differences, const struct diff_vm *diff)
{
	char wanted[NUMBER_TEXT], found[NUMBER_TEXT];
	bool grows = diff->disk.wanted > diff->disk.found;
	bool waits = grows && diff_drive_is_pending(diff);

	number_format_size(diff->disk.wanted, wanted);
	number_format_size(diff->disk.found, found);
	add(differences, "disk", wanted, found,
	    waits ? DIFFERENCE_RESTART : grows ? DIFFERENCE_LIVE : DIFFERENCE_REFUSED,
	    memory_copy(waits ? "apply grows it once " OPTION_BOOT_DISK " is changed, after a restart" :
			grows ? "apply grows it" : "apply refuses it: disks are never shrunk"));
}

static void add_disk(struct differences *differences, const struct diff_vm *diff)
{
	const struct diff_disk *disk = &diff->disk;
	char noted[NUMBER_TEXT], found[NUMBER_TEXT];

	if (disk->wanted && disk->wanted != disk->found)
		add_size(differences, diff);
	else if (disk->noted != disk->found)
		add(differences, "disk", number_format_size(disk->found, found),
		    disk->noted ? number_format_size(disk->noted, noted) : NULL, DIFFERENCE_LIVE,
		    memory_copy("the config does not know its volume's size: apply corrects that"));
	if (diff->misplaced)
		add(differences, "storage", spec_text(diff->vm, KEY_STORAGE), diff->misplaced,
		    DIFFERENCE_NEVER, memory_copy(MOVED));
}

static void add_data(struct differences *differences, const struct diff_data *data)
{
	char wanted[NUMBER_TEXT], found[NUMBER_TEXT];
	bool grows = data->size.wanted > data->size.found;

	if (data->disk.detached) {
		if (data->strange)
			add(differences, data->disk.slot, "detached", data->strange,
			    DIFFERENCE_REFUSED, memory_copy("apply refuses it: it is no disk"));
		return;
	}
	if (data->strange)
		add(differences, data->disk.slot, "a data disk", data->strange, DIFFERENCE_REFUSED,
		    memory_copy("apply refuses it: declare another slot"));
	else if (data->lost)
		add(differences, data->disk.slot, data->volid, NULL, DIFFERENCE_REFUSED,
		    memory_copy("apply refuses it: its volume does not exist any more"));
	else if (data->made && data->size.wanted != data->size.found)
		add(differences, data->disk.slot, number_format_size(data->size.wanted, wanted),
		    number_format_size(data->size.found, found),
		    grows ? DIFFERENCE_LIVE : DIFFERENCE_REFUSED,
		    memory_copy(grows ? "apply grows it" :
				"apply refuses it: disks are never shrunk"));
	if (data->unlike)
		add(differences, data->disk.slot, data->disk.options, data->unlike,
		    DIFFERENCE_REFUSED,
		    memory_copy("apply refuses it: what it holds is not made anew"));
	if (data->misplaced)
		add(differences, data->disk.slot, data->storage, data->misplaced, DIFFERENCE_NEVER,
		    memory_copy(firmware_disk_is(data->disk.slot) ?
					"vyom does not move it (qm disk move)" : MOVED));
}

/* --- what is around it --- */

static void add_surroundings(struct differences *differences, const struct diff_vm *diff)
{
	const struct state_guest *guest = diff->guest;

	if (diff->pool)
		add(differences, "pool", diff->pool, guest->pool, DIFFERENCE_LIVE,
		    memory_copy("apply puts it there"));
	if (guest->replication)
		add(differences, "replication", NULL, guest->replication, DIFFERENCE_NEVER,
		    memory_print("vyom's VMs live on one node (pvesr delete %s)",
				 guest->replication));
	if (diff->start)
		add(differences, "run state", "running", "stopped", DIFFERENCE_LIVE,
		    memory_copy("apply starts it"));
}

static void add_lacks(struct differences *differences, const struct diff_vm *diff)
{
	for (enum lack lack = 0; lack < LACK_COUNT; lack++) {
		char *text = lack_find(diff, lack);

		if (text)
			add(differences, lack_name(lack), lack == LACK_BOOT ? OPTION_BOOT_DISK : "a drive",
			    lack == LACK_BOOT ? vmconf_get(diff->guest->conf, "boot") : NULL,
			    DIFFERENCE_NEVER, text);
	}
}

/* --- what the file does not name --- */

static void add_unnamed(struct differences *differences, const struct diff_vm *diff)
{
	const struct vmconf *conf = diff->guest->conf;

	for (size_t i = 0; i < conf->live_count; i++)
		if (!diff_takes_back(diff, &conf->live[i]) &&
		    extra_matters(diff->vm, &conf->live[i]))
			add(differences, conf->live[i].key, NULL, conf->live[i].value,
			    DIFFERENCE_NEVER,
			    memory_copy("the file does not name it: it is left alone"));
}

void differences_find(const struct diff_vm *diff, const struct state *state,
		      struct differences *differences)
{
	bool reinit;

	if (diff->standing != DIFF_PRESENT) {
		add(differences, "vm", NULL, NULL, DIFFERENCE_REFUSED,
		    memory_copy(diff->obstacle ? diff->obstacle : diff->leftover.text));
		return;
	}
	reinit = plan_wants_reinit(diff, state);
	for (size_t i = 0; i < diff->count; i++)
		add_item(differences, diff, &diff->items[i], reinit);
	add_disk(differences, diff);
	for (size_t i = 0; i < diff->data_count; i++)
		add_data(differences, &diff->data[i]);
	add_surroundings(differences, diff);
	add_lacks(differences, diff);
	add_unnamed(differences, diff);
}

const char *difference_fate_name(enum difference_fate fate)
{
	static const char *const names[] = {
		[DIFFERENCE_LIVE] = "live",
		[DIFFERENCE_RESTART] = "restart",
		[DIFFERENCE_WAITING] = "waiting",
		[DIFFERENCE_REINIT] = "reinit",
		[DIFFERENCE_REFUSED] = "refused",
		[DIFFERENCE_NEVER] = "never",
	};

	return names[fate];
}

void differences_release(struct differences *differences)
{
	for (size_t i = 0; i < differences->count; i++) {
		free(differences->items[i].what);
		free(differences->items[i].wanted);
		free(differences->items[i].found);
		free(differences->items[i].text);
	}
	free(differences->items);
	*differences = (struct differences){ .items = NULL };
}
