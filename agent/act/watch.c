/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/watch.h"

#include <sys/stat.h>

#include "base/error.h"
#include "edge/clock.h"
#include "edge/thin_dm.h"

enum { LOOK_EVERY = 5 };	/* seconds */

void watch_begin(struct watch *watch, unsigned limit, double ago, double scale)
{
	double now = clock_monotonic();

	*watch = (struct watch){
		.limit = limit, .scale = scale, .began = now - ago, .moved = now, .looked = now,
	};
}

/* All that is mapped for vmid, and all that was printed: only whether it changes matters. */
static uint64_t measure(const char *root, unsigned vmid, const char *output)
{
	struct thin_pools pools = { .items = NULL };
	struct thin_volumes volumes = { .items = NULL };
	struct error ignored;
	struct stat file;
	uint64_t sum = stat(output, &file) == 0 ? (uint64_t)file.st_size : 0;

	if (thin_dm_read(root, &pools, &volumes, &ignored) == 0)
		for (size_t i = 0; i < volumes.count; i++)
			if (volumes.items[i].vmid == vmid)
				sum += volumes.items[i].mapped + 1;
	thin_pools_release(&pools);
	thin_volumes_release(&volumes);
	return sum;
}

void watch_look(struct watch *watch, const char *root, unsigned vmid, const char *output)
{
	double now = clock_monotonic();
	uint64_t progress;

	if (now < watch->looked + LOOK_EVERY * watch->scale || watch->limit)
		return;
	watch->looked = now;
	progress = measure(root, vmid, output);
	if (progress != watch->progress)
		watch->moved = now;
	watch->progress = progress;
}

enum watch_advice watch_advise(const struct watch *watch)
{
	double now = clock_monotonic();

	if (watch->terminated)
		return now > watch->terminated + QM_PATIENCE * watch->scale ? WATCH_GIVE_UP :
									      WATCH_WAIT;
	if (watch->limit)
		return now > watch->began + watch->limit * watch->scale ? WATCH_TERMINATE : WATCH_WAIT;
	return now > watch->moved + QM_STALL_LIMIT * watch->scale ? WATCH_TERMINATE : WATCH_WAIT;
}

void watch_terminated(struct watch *watch)
{
	watch->terminated = clock_monotonic();
}
