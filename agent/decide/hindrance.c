/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/hindrance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "decide/budget.h"
#include "decide/forecast.h"
#include "decide/option.h"
#include "decide/option_part.h"
#include "model/data_disk.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

/* As declared, else as the config's card has it; 0: not at all. */
static uint64_t mtu_of(const struct spec_section *nic, unsigned slot, const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr card = PROPSTR_INIT;
	const char *text;
	char name[16];
	uint64_t mtu;

	if (nic && spec_value(nic, KEY_MTU))
		return spec_number(nic, KEY_MTU);
	snprintf(name, sizeof(name), "net%u", slot);
	card = propstr_parse(conf ? vmconf_get(conf, name) : NULL, NULL);
	text = propstr_get(&card, "mtu");
	return text && number_parse_unsigned(text, 0, UINT16_MAX, &mtu) ? mtu : 0;
}

/* qm looks at virtio cards only; 1 is the bridge's own, which is never too much. */
static void find_card(const struct spec_section *vm, const struct spec_section *nic, unsigned slot,
		      const struct vmconf *conf, const struct state *state,
		      struct strvec *hindrances)
{
	const char *bridge = spec_text(slot ? nic : vm, KEY_BRIDGE);
	unsigned most = state_bridge_mtu(state, bridge);
	uint64_t mtu = mtu_of(nic, slot, conf);

	if (nic && strcmp(spec_text(nic, KEY_NIC_MODEL), "virtio") != 0)
		return;
	if (most && mtu > most)
		strvec_pushf(hindrances, "net%u: its mtu is %llu and that of its bridge, %s, %u, so Proxmox "
					 "would not start it; give that or less, or 1 for the bridge's",
			     slot, (unsigned long long)mtu, bridge, most);
}

/* Of an option that vyom hands on, what is declared, else what conf has; or NULL. */
static const char *text_of(const char *name, const struct spec_section *vm,
			   const struct vmconf *conf)
{
	const char *declared = spec_option(vm, name);

	return declared || !conf ? declared : vmconf_get(conf, name);
}

/* Those that are plugged at its start. */
static void find_vcpus(const struct spec_section *vm, const struct vmconf *conf,
		       struct strvec *hindrances)
{
	const char *text = text_of("vcpus", vm, conf);
	uint64_t most = budget_cpus_of(vm, conf), vcpus;

	if (text && number_parse_unsigned(text, 1, UINT32_MAX, &vcpus) && vcpus > most)
		strvec_pushf(hindrances, "vcpus: it would have %llu of %llu processors (sockets times "
					 "cores), so it would not start; give it as many or less",
			     (unsigned long long)vcpus, (unsigned long long)most);
}

/* What option will be, of wanted (NULL: nothing) over what conf has. */
static struct propstr parse_result(const struct option *option, const char *wanted,
				   const struct vmconf *conf)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	const char *found = conf ? vmconf_get(conf, option->name) : NULL;

	if (!wanted)
		return propstr_parse(found, option->default_key);
	option_merge(option, wanted, found, &value);
	return propstr_parse(value.buf, option->default_key);
}

static struct propstr parse_option(const char *name, const struct spec_section *vm,
				   const struct vmconf *conf)
{
	CLEANUP(strbuf_release) struct strbuf wanted = STRBUF_INIT;
	const struct option *option = option_find(name);

	return parse_result(option, option_want(option, vm, &wanted) ? wanted.buf : NULL, conf);
}

/* A number that is a whole option, or the item that is its default; 0: it is not said. */
static uint64_t number_of(const char *name, const struct spec_section *vm, const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr value = parse_option(name, vm, conf);
	uint64_t number;

	return value.count && number_parse_unsigned(value.items[0].value, 0, UINT32_MAX, &number) ?
		       number : 0;
}

/* qm's own, where nothing is said (pve-facts 2.4) */
#define DEFAULT_MEMORY 512

static uint64_t memory_of(const struct spec_section *vm, const struct vmconf *conf)
{
	uint64_t memory = number_of("memory", vm, conf);

	return memory ? memory : DEFAULT_MEMORY;
}

static void find_balloon(const struct spec_section *vm, const struct vmconf *conf,
			 struct strvec *hindrances)
{
	uint64_t balloon = number_of("balloon", vm, conf), memory = memory_of(vm, conf);

	if (balloon > memory)
		strvec_pushf(hindrances, "balloon: it has %llu MiB, and qm sets no memory below that, "
					 "as %llu MiB is; say balloon = %lluM, or less",
			     (unsigned long long)balloon, (unsigned long long)memory,
			     (unsigned long long)memory);
}

static bool plugs_memory(const struct spec_section *vm, const struct vmconf *conf)
{
	CLEANUP(strbuf_release) struct strbuf wanted = STRBUF_INIT;
	CLEANUP(strvec_release) struct strvec features = STRVEC_INIT;
	const char *found = conf ? vmconf_get(conf, "hotplug") : NULL;

	if (option_want(option_find("hotplug"), vm, &wanted))
		found = wanted.buf;
	option_split_features(found ? found : "1", &features);
	return strvec_contains(&features, "memory");
}

/* One that vyom hands on: as declared, item by item, over what the VM has. */
static struct propstr parse_foreign(const char *name, const struct spec_section *vm,
				    const struct vmconf *conf)
{
	struct propstr value = propstr_parse(conf ? vmconf_get(conf, name) : NULL, name);
	CLEANUP(propstr_release) struct propstr wanted = propstr_parse(spec_option(vm, name), name);

	for (size_t i = 0; i < wanted.count; i++)
		propstr_set(&value, wanted.items[i].key, wanted.items[i].value);
	return value;
}

static bool has_numa_nodes(const struct spec_section *vm, const struct vmconf *conf)
{
	char name[] = "numa0";

	for (; name[4] < '8'; name[4]++)
		if (text_of(name, vm, conf))
			return true;
	return false;
}

/* MiB that a VM has whose other memory is plugged */
#define STATIC_MEMORY 1024

/*
 * What Proxmox comes to with modules of 512 MiB, and from each 33rd on of twice as much:
 * the least that is memory or more, and what is one module below that, MiB.
 */
static uint64_t next_plugged(uint64_t memory, uint64_t *below)
{
	uint64_t sum = STATIC_MEMORY, module = 512;

	*below = sum;
	for (unsigned count = 1; sum < memory; count++) {
		*below = sum;
		sum += module;
		if (count % 32 == 0)
			module *= 2;
	}
	return sum;
}

/* Of huge pages the modules are others. */
static void find_odd_memory(uint64_t memory, const struct spec_section *vm,
			    const struct vmconf *conf, struct strvec *hindrances)
{
	uint64_t below, above = next_plugged(memory, &below);
	char less[NUMBER_TEXT], more[NUMBER_TEXT];

	if (above == memory || text_of("hugepages", vm, conf))
		return;
	strvec_pushf(hindrances, "hotplug: with memory in it Proxmox plugs whole modules, which do not come "
				 "to %lluM, so it would not start; give it %s or %s",
		     (unsigned long long)memory, number_format_size(below * MIB, less),
		     number_format_size(above * MIB, more));
}

static void find_plugged_memory(const struct spec_section *vm, const struct vmconf *conf,
				struct strvec *hindrances)
{
	uint64_t memory = memory_of(vm, conf);

	if (!plugs_memory(vm, conf))
		return;
	if (number_of("numa", vm, conf) != 1)
		strvec_pushf(hindrances, "hotplug: with memory in it Proxmox starts no VM without numa; "
					 "say numa = true");
	if (has_numa_nodes(vm, conf))
		strvec_pushf(hindrances, "hotplug: with memory in it Proxmox starts no VM that has NUMA "
					 "nodes of its own (numa0 to numa7); take out the one or the other");
	if (memory < STATIC_MEMORY)
		strvec_pushf(hindrances, "hotplug: with memory in it Proxmox starts no VM with less than "
					 "1G, and its memory is %lluM; give it 1G or more",
			     (unsigned long long)memory);
	else
		find_odd_memory(memory, vm, conf, hindrances);
}

/* taskset makes do with those of a list that there are, but not with none. */
static void find_affinity(const struct spec_section *vm, const struct state *state,
			  struct strvec *hindrances)
{
	const struct spec_value *said = spec_value(vm, KEY_AFFINITY);

	if (!said || !state->cpus)
		return;
	for (const char *at = said->text; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strtoul(at, NULL, 10) < state->cpus)
			return;
	}
	strvec_pushf(hindrances, "affinity: the node has none of the CPUs %s (it has 0 to %u), so it would "
				 "not start; name those that it has",
		     said->text, state->cpus - 1);
}

/* What a node of a VM's own must say (Memory.pm: config); its memory, MiB. */
static bool is_whole_node(const struct propstr *node, bool huge, uint64_t *memory)
{
	const char *said = propstr_get(node, "memory"), *cpus = propstr_get(node, "cpus");
	const char *nodes = propstr_get(node, "hostnodes");

	return cpus && said && number_parse_unsigned(said, 1, UINT32_MAX, memory) &&
	       (nodes ? propstr_get(node, "policy") != NULL : !huge);
}

static void find_numa(const struct spec_section *vm, const struct vmconf *conf,
		      struct strvec *hindrances)
{
	const char *pages = text_of("hugepages", vm, conf);
	uint64_t sum = 0, memory = memory_of(vm, conf), part;
	char name[] = "numa0";

	if (number_of("numa", vm, conf) != 1) {
		if (pages)
			strvec_pushf(hindrances, "hugepages: Proxmox starts no VM that has them without "
						 "numa; say numa = true");
		return;
	}
	for (; name[4] < '8'; name[4]++) {
		CLEANUP(propstr_release) struct propstr node = parse_foreign(name, vm, conf);

		if (node.count && is_whole_node(&node, pages, &part))
			sum += part;
		else if (node.count)
			strvec_pushf(hindrances, "%s: Proxmox starts no VM with such a node; say its cpus "
						 "and memory, beside hugepages also hostnodes, and beside "
						 "those a policy", name);
	}
	if (sum && sum != memory && !plugs_memory(vm, conf))
		strvec_pushf(hindrances, "numa0 to numa7: they have %llu MiB together, and the VM %llu MiB, "
					 "so it would not start; make them come to the same",
			     (unsigned long long)sum, (unsigned long long)memory);
}

#define CUSTOM_CPU "custom-"

static void find_cpu(const struct spec_section *vm, const struct vmconf *conf,
		     const struct state *state, struct strvec *hindrances)
{
	CLEANUP(propstr_release) struct propstr cpu = parse_option("cpu", vm, conf);
	const char *model = propstr_get(&cpu, "cputype");

	if (model && strncmp(model, CUSTOM_CPU, strlen(CUSTOM_CPU)) == 0 &&
	    !strvec_contains(&state->cpu_models, model + strlen(CUSTOM_CPU)))
		strvec_pushf(hindrances, "cpu: the Proxmox cluster defines no %s; correct it, or add the "
					 "model to /etc/pve/virtual-guest/cpu-models.conf",
			     model);
	if (cpu.count && !model)
		strvec_pushf(hindrances, "cpu: qm sets flags, and whether it hides, only beside a model, and "
					 "nothing says one; say cpu, which without a word is kvm64");
}

static void find_viommu(const struct spec_section *vm, const struct vmconf *conf,
			struct strvec *hindrances)
{
	CLEANUP(propstr_release) struct propstr machine = parse_option("machine", vm, conf);
	const char *viommu = propstr_get(&machine, "viommu"), *type = propstr_get(&machine, "type");

	if (viommu && strcmp(viommu, "intel") == 0 && (!type || !strstr(type, "q35")))
		strvec_pushf(hindrances, "machine: its viommu is intel, which qm sets of a q35 only; say "
					 "machine = q35, or viommu = virtio");
}

/* Native I/O goes past the node's cache, as it is where none is said. */
static void find_aio(const char *slot, const struct propstr *drive, struct strvec *hindrances)
{
	const char *cache = propstr_get(drive, "cache");

	if (!data_disk_takes(propstr_get(drive, "aio"), cache))
		strvec_pushf(hindrances, "%s: with aio=native QEMU starts it only where cache is none or "
					 "directsync, and it is %s; change the one or the other",
			     slot, cache);
}

static void find_drives(const struct spec_section *vm, const struct vmconf *conf,
			struct strvec *hindrances)
{
	CLEANUP(propstr_release) struct propstr first = parse_option("scsi0", vm, conf);
	struct data_disk disk;

	find_aio("scsi0", &first, hindrances);
	for (size_t i = 0; data_disk_at(vm, i, &disk); i++) {
		CLEANUP(propstr_release) struct propstr drive =
			parse_result(option_of_drive(disk.slot), disk.options, conf);

		if (!disk.detached)
			find_aio(disk.slot, &drive, hindrances);
		data_disk_release(&disk);
	}
}

static bool will_have(const char *name, const struct spec_section *vm, const struct vmconf *conf)
{
	const char *pending;

	return option_is_declared(vm, name) ||
	       (conf && (vmconf_get(conf, name) || vmconf_get_pending(conf, name, &pending)));
}

/* The order that is declared: of any other qm takes out what goes. */
static void find_boot(const struct spec_section *vm, const struct vmconf *conf,
		      struct strvec *hindrances)
{
	const char *boot = spec_option(vm, "boot");
	CLEANUP(scope_free) char *order = memory_copy(boot ? strchr(boot, '=') + 1 : "");
	char *rest = order, *name;

	while (boot && (name = strsep(&rest, ";")))
		if (!will_have(name, vm, conf))
			strvec_pushf(hindrances, "boot: its order names %s, which it will not have, and qm "
						 "does not set that; declare that too, or take it out",
				     name);
}

void hindrance_find(const struct spec_section *vm, const struct state *state,
		    struct strvec *hindrances)
{
	const struct state_guest *guest =
		state_find_guest(state, (unsigned)spec_number(vm, KEY_VMID));
	const struct vmconf *conf = guest && guest->conf ? guest->conf : forecast_source(vm, state);

	find_vcpus(vm, conf, hindrances);
	find_balloon(vm, conf, hindrances);
	find_plugged_memory(vm, conf, hindrances);
	find_affinity(vm, state, hindrances);
	find_numa(vm, conf, hindrances);
	find_cpu(vm, conf, state, hindrances);
	find_viommu(vm, conf, hindrances);
	find_drives(vm, conf, hindrances);
	find_boot(vm, conf, hindrances);
	for (unsigned slot = 0; slot <= QM_NIC_MAX; slot++) {
		const struct spec_section *nic = spec_find_nic(vm, slot);

		if (nic || slot == 0)
			find_card(vm, nic, slot, conf, state, hindrances);
	}
}
