/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/data_disk.h"

static void complain(struct spec_problems *problems, const struct spec_section *section,
		     enum key_id key, const struct spec_value *value, const char *what)
{
	spec_problem_add(problems, value->line, "%s \"%s\": %s: %s",
			 key_scope_name(section->scope), section->name, key_table[key].name, what);
}

static const struct spec_value *good_value(const struct spec_section *section, enum key_id key)
{
	const struct spec_value *value = spec_value(section, key);

	return value && !value->refused ? value : NULL;
}

static bool has_all(const struct spec_section *section, const enum key_id *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!section->values[keys[i]])
			return false;
	return true;
}

static bool has_any(const struct spec_section *section, const enum key_id *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (section->values[keys[i]])
			return true;
	return false;
}

/*
 * Values that meet in section, where it is for that section to tell: one of them is
 * its own, or they come from two places and meet nowhere else.  Of a count that is once.
 */
static bool all_meet(const struct spec_section *section, const enum key_id *keys, size_t count,
		     const struct spec_value **values)
{
	const struct spec_section *role = section->role, *cluster = section->cluster;

	for (size_t i = 0; i < count; i++)
		if (!(values[i] = good_value(section, keys[i])))
			return false;
	if (has_any(section, keys, count))
		return true;
	if (section->group || !role || !cluster)
		return false;
	return !has_all(role, keys, count) && !has_all(cluster, keys, count);
}

static bool meet(const struct spec_section *section, enum key_id a, enum key_id b,
		 const struct spec_value **first, const struct spec_value **second)
{
	const enum key_id keys[] = { a, b };
	const struct spec_value *values[2];
	bool met = all_meet(section, keys, 2, values);

	*first = met ? values[0] : NULL;
	*second = met ? values[1] : NULL;
	return met;
}

static void check_balloon(const struct spec_section *section, struct spec_problems *problems)
{
	const struct spec_value *balloon, *memory;

	if (meet(section, KEY_BALLOON, KEY_MEMORY, &balloon, &memory) &&
	    balloon->number > memory->number)
		complain(problems, section, KEY_BALLOON, balloon,
			 "is more than its memory; give that or less");
}

/* qm sets any number, and QEMU does not start with more than there is room for. */
static void check_vcpus(const struct spec_section *section, struct spec_problems *problems)
{
	static const enum key_id keys[] = { KEY_OPTIONS, KEY_SOCKETS, KEY_CORES };
	const struct spec_value *values[3];
	CLEANUP(strbuf_release) struct strbuf what = STRBUF_INIT;
	const char *said = spec_option(section, "vcpus");
	uint64_t most, vcpus;

	if (!said || !number_parse_unsigned(said, 1, UINT32_MAX, &vcpus) ||
	    !all_meet(section, keys, 3, values))
		return;
	most = values[1]->number * values[2]->number;
	if (vcpus <= most)
		return;
	strbuf_addf(&what, "vcpus=%llu is more than sockets times cores, %llu, and the VM would not "
			   "start; give that or less", (unsigned long long)vcpus,
		    (unsigned long long)most);
	complain(problems, section, KEY_OPTIONS, values[0], what.buf);
}

/* "order=scsi0;net0" */
static bool boots_from(const char *boot, const char *slot)
{
	size_t len = strlen(slot);

	for (const char *at = strchr(boot, '='); at; at = strchr(at, ';')) {
		at++;
		if (strncmp(at, slot, len) == 0 && (!at[len] || at[len] == ';'))
			return true;
	}
	return false;
}

/* qm refuses to name a drive there that is not one any more. */
static void check_boot(const struct spec_section *section, struct spec_problems *problems)
{
	const struct spec_value *options, *disks;
	const char *boot = spec_option(section, "boot");

	if (!boot || !meet(section, KEY_OPTIONS, KEY_DATA_DISKS, &options, &disks))
		return;
	for (size_t i = 0; i < disks->list.count; i++) {
		CLEANUP(data_disk_release) struct data_disk disk = { .size = 0 };
		CLEANUP(strbuf_release) struct strbuf what = STRBUF_INIT;
		struct error ignored;

		if (data_disk_parse(disks->list.items[i], &disk, &ignored) < 0 ||
		    !disk.detached || !boots_from(boot, disk.slot))
			continue;
		strbuf_addf(&what, "boot=%s names %s, which data-disks says is detached; change the "
				   "one or the other", boot, disk.slot);
		complain(problems, section, KEY_OPTIONS, options, what.buf);
	}
}

/* QEMU would not start with both. */
static void check_limits(const struct spec_section *section, struct spec_problems *problems)
{
	static const struct { enum key_id all, part; } pairs[] = {
		{ KEY_IOPS, KEY_IOPS_READ }, { KEY_IOPS, KEY_IOPS_WRITE },
		{ KEY_MBPS, KEY_MBPS_READ }, { KEY_MBPS, KEY_MBPS_WRITE },
	};
	const struct spec_value *all, *part;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (!meet(section, pairs[i].all, pairs[i].part, &all, &part))
			continue;
		if ((all->number || all->ratio > 0) && (part->number || part->ratio > 0))
			complain(problems, section, pairs[i].part, part,
				 "there is a limit for both together already; take one of them out");
	}
}

/* QEMU would not start with them; where no cache is said there is none, but for the template's. */
static void check_aio(const struct spec_section *section, struct spec_problems *problems)
{
	const struct spec_value *aio, *cache;

	if (meet(section, KEY_AIO, KEY_CACHE, &aio, &cache) &&
	    !data_disk_takes(aio->text, cache->text))
		complain(problems, section, KEY_AIO, aio,
			 "native goes past a cache, and QEMU would not start it; write cache = none "
			 "or directsync, or another aio");
}

/* One that says nothing of its firmware may have it from the template. */
static void check_efidisk(const struct spec_section *section, struct spec_problems *problems)
{
	const struct spec_value *disk, *bios;

	if (meet(section, KEY_EFIDISK, KEY_BIOS, &disk, &bios) && strcmp(bios->text, "ovmf") != 0)
		complain(problems, section, KEY_EFIDISK, disk,
			 "only ovmf has a use for it; write bios = ovmf");
}

/* qm takes it of no other; one that says nothing of its machine may have it from the template. */
static void check_viommu(const struct spec_section *section, struct spec_problems *problems)
{
	const struct spec_value *viommu, *machine;

	if (meet(section, KEY_VIOMMU, KEY_MACHINE, &viommu, &machine) &&
	    strcmp(viommu->text, "intel") == 0 && !strstr(machine->text, "q35"))
		complain(problems, section, KEY_VIOMMU, viommu,
			 "only a q35 has intel's; write machine = q35, or viommu = virtio");
}

/* What says how has no meaning to qm where nothing says that: the first is complained of. */
static void check_needed(const struct spec_section *section, enum key_id needed,
			 const enum key_id *keys, size_t count, const char *what,
			 struct spec_problems *problems)
{
	if (section->scope != SCOPE_VM || section->group || spec_value(section, needed))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct spec_value *value = spec_value(section, keys[i]);

		if (!value)
			continue;
		complain(problems, section, keys[i], value, what);
		return;
	}
}

static void check_agent(const struct spec_section *section, struct spec_problems *problems)
{
	static const enum key_id keys[] = { KEY_AGENT_FSTRIM, KEY_AGENT_FREEZE, KEY_AGENT_TYPE };

	check_needed(section, KEY_AGENT, keys, sizeof(keys) / sizeof(*keys),
		     "says how, but nothing says that there is an agent; add agent = true",
		     problems);
}

static void check_rng(const struct spec_section *section, struct spec_problems *problems)
{
	static const enum key_id keys[] = { KEY_RNG_BYTES, KEY_RNG_PERIOD };

	check_needed(section, KEY_RNG, keys, sizeof(keys) / sizeof(*keys),
		     "says how much, but nothing says where from; add rng = /dev/urandom",
		     problems);
}

/* The agent is whom one waits for; where nothing is said of it, the template may have it. */
static void check_wait(const struct spec_section *section, struct spec_problems *problems)
{
	const struct spec_value *wait, *agent;

	if (meet(section, KEY_WAIT, KEY_AGENT, &wait, &agent) && strcmp(wait->text, "no") != 0 &&
	    !agent->number)
		complain(problems, section, KEY_WAIT, wait,
			 "asks the guest agent, but agent is false; change the one or the other");
}

static bool same_option(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strncmp(a, b, len) == 0 && b[len] == a[len];
}

/* Lists whose items have names: no name twice. */
static void check_twice(const struct spec_section *section, enum key_id key,
			struct spec_problems *problems)
{
	const struct spec_value *value = section->values[key];

	for (size_t i = 0; value && i < value->list.count; i++) {
		for (size_t j = 0; j < i; j++) {
			CLEANUP(strbuf_release) struct strbuf what = STRBUF_INIT;
			const char *item = value->list.items[i];

			if (!same_option(item, value->list.items[j]))
				continue;
			strbuf_addf(&what, "has %.*s twice; keep one", (int)strcspn(item, "="),
				    item);
			complain(problems, section, key, value, what.buf);
		}
	}
}

/* qm's limit, less what the mark may take. */
#define LONGEST_NOTE (8192 - 400)

static void check_note(const struct spec_section *section, struct spec_problems *problems)
{
	const struct spec_value *value = section->values[KEY_DESCRIPTION];

	if (value && strlen(value->text) > LONGEST_NOTE)
		complain(problems, section, KEY_DESCRIPTION, value,
			 "is longer than qm keeps; 7792 bytes will do");
}

void spec_check_guest(const struct spec_section *section, struct spec_problems *problems)
{
	check_twice(section, KEY_TIMEOUTS, problems);
	if (section->scope & ~(unsigned)SCOPE_GUEST)
		return;
	check_balloon(section, problems);
	check_vcpus(section, problems);
	check_boot(section, problems);
	check_limits(section, problems);
	check_aio(section, problems);
	check_efidisk(section, problems);
	check_viommu(section, problems);
	check_agent(section, problems);
	check_rng(section, problems);
	check_wait(section, problems);
	check_twice(section, KEY_OPTIONS, problems);
	check_twice(section, KEY_SNIPPETS, problems);
	check_twice(section, KEY_DATA_DISKS, problems);
	check_note(section, problems);
}
