/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec.h"

#include <ctype.h>
#include <string.h>

#include "base/address.h"
#include "base/memory.h"
#include "base/scope.h"

static void complain(struct spec_problems *problems, const struct spec_section *nic,
		     enum key_id key, const char *what)
{
	spec_problem_add(problems, nic->values[key]->line, "nic \"%s\": %s: %s", nic->name,
			 key_table[key].name, what);
}

static struct spec_section *find_said(const struct spec_section *section, unsigned slot)
{
	for (size_t i = 0; section && i < section->said_count; i++)
		if (section->said[i]->slot == slot)
			return section->said[i];
	return NULL;
}

/* What the VM's own keys say of its first card. */
static void check_first(const struct spec_section *nic, struct spec_problems *problems)
{
	static const enum key_id keys[] = {
		KEY_BRIDGE, KEY_VLAN, KEY_MAC, KEY_ADDRESS, KEY_GATEWAY, KEY_ADDRESS6, KEY_GATEWAY6,
	};

	for (size_t i = 0; nic->slot == 0 && i < sizeof(keys) / sizeof(*keys); i++)
		if (nic->values[keys[i]])
			complain(problems, nic, keys[i],
				 "the first card's is said outside of the nic, at the VM itself");
}

#define IP_LEAST_MTU 576

/* qm takes any of any card; QEMU of one kind only, and qm starts none that IP cannot do with. */
static void check_mtu(const struct spec_section *nic, struct spec_problems *problems)
{
	const struct spec_value *model = nic->values[KEY_NIC_MODEL];
	const struct spec_value *mtu = nic->values[KEY_MTU];

	if (mtu && model && strcmp(model->text, "virtio") != 0)
		complain(problems, nic, KEY_MTU, "only a virtio card has it");
	if (mtu && !mtu->refused && mtu->number > 1 && mtu->number < IP_LEAST_MTU)
		complain(problems, nic, KEY_MTU, "is less than IP needs, and the VM would not start; "
						 "give 576 or more, or 1 for the bridge's");
}

/* It is not said again of each VM. */
static void refuse_common(struct spec_problems *problems, const struct spec_section *nic,
			  enum key_id key, const char *what)
{
	complain(problems, nic, key, what);
	nic->values[key]->refused = true;
}

/* What many VMs cannot have in common. */
static void check_common(const struct spec_section *section, const struct spec_section *nic,
			 struct spec_problems *problems)
{
	static const enum key_id keys[] = { KEY_ADDRESS, KEY_ADDRESS6 };
	bool group = section->values[KEY_GROUP_COUNT] != NULL;

	if (nic->values[KEY_MAC] && (section->scope != SCOPE_VM || group))
		refuse_common(problems, nic, KEY_MAC,
			      "VMs cannot have the same; leave it out, and each gets its own");
	for (size_t i = 0; section->scope != SCOPE_VM && i < 2; i++)
		if (nic->values[keys[i]] && strchr(nic->values[keys[i]]->text, '/'))
			refuse_common(problems, nic, keys[i], "is one VM's own; say it there");
}

void spec_put_nic(struct spec_section *section, struct spec_section *nic,
		  struct spec_problems *problems)
{
	struct spec_section *other = NULL;

	if (key_parse_nic(nic->name, &nic->slot)) {
		other = find_said(section, nic->slot);
		check_first(nic, problems);
		check_mtu(nic, problems);
		check_common(section, nic, problems);
	} else {
		nic->slot = ~0u;	/* checked and told by its name */
	}
	if (other) {
		CLEANUP(scope_free) char *where =
			spec_problems_name_line(problems, other->line, nic->line);

		spec_problem_add(problems, nic->line, "nic \"%s\": said twice, %s has it too; keep "
						      "one", nic->name, where);
	}
	MEMORY_PUSH(section->said, section->said_count) = nic;
}

static void set_mac(const struct spec_section *vm, struct spec_section *nic)
{
	const struct spec_value *value = spec_said(nic, KEY_MAC);

	if (!value) {
		spec_derive_mac(vm->cluster ? vm->cluster->name : "", vm->name, nic->slot, nic->mac);
		return;
	}
	for (size_t i = 0; i < sizeof(nic->mac) - 1; i++)
		nic->mac[i] = (char)toupper((unsigned char)value->text[i]);
}

/* Of a group each VM has the address that follows. */
static void step_address(struct spec_section *nic, enum key_id key, unsigned after,
			 struct spec_problems *problems)
{
	const struct spec_value *first = spec_said(nic, key);
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	struct address address;
	char text[ADDRESS_TEXT];

	if (!first || !address_parse_cidr(first->text, &address))
		return;
	if (address_step(&address, after)) {
		strvec_push(&items, address_format_cidr(&address, text));
		spec_set(nic, key, &items, first->line, problems);
		return;
	}
	strvec_push(&items, first->text);
	spec_set(nic, key, &items, first->line, problems);
	nic->values[key]->refused = true;
	spec_problem_add(problems, first->line, "nic \"%s\": %s: %u further on than %s its net has "
						"ended; begin earlier, or lower count",
			 nic->name, key_table[key].name, after, first->text);
}

/* Which one of its group it is, from 0 on. */
static unsigned place_in_group(const struct spec_section *vm)
{
	return (unsigned)strtoul(vm->name + strlen(vm->group->name) + 1, NULL, 10) - 1;
}

/* The card of vm in that slot, if anything around it names one. */
static void resolve(struct spec_section *vm, unsigned slot, struct spec_problems *problems)
{
	struct spec_section *own = find_said(vm->group ? vm->group : vm, slot);
	struct spec_section *role = find_said(vm->role, slot);
	struct spec_section *cluster = find_said(vm->cluster, slot), *nic;

	if (!own && !role && !cluster)
		return;
	nic = spec_new_nic((own ? own : role ? role : cluster)->name,
			   (own ? own : role ? role : cluster)->line);
	nic->group = own;
	nic->role = role;
	nic->cluster = cluster;
	nic->node = vm->node;
	nic->slot = slot;
	set_mac(vm, nic);
	if (vm->group) {
		step_address(nic, KEY_ADDRESS, place_in_group(vm), problems);
		step_address(nic, KEY_ADDRESS6, place_in_group(vm), problems);
	}
	MEMORY_PUSH(vm->nics, vm->nic_count) = nic;
}

static bool has_cards(const struct spec_section *section)
{
	return section && section->said_count;
}

void spec_resolve_nics(struct spec *spec, struct spec_problems *problems)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		struct spec_section *vm = spec->vms[i];

		if (!has_cards(vm->group ? vm->group : vm) && !has_cards(vm->role) &&
		    !has_cards(vm->cluster))
			continue;
		for (unsigned slot = 0; slot < 32; slot++)
			resolve(vm, slot, problems);
	}
}

const struct spec_section *spec_find_nic(const struct spec_section *vm, unsigned slot)
{
	for (size_t i = 0; i < vm->nic_count; i++)
		if (vm->nics[i]->slot == slot)
			return vm->nics[i];
	return NULL;
}
