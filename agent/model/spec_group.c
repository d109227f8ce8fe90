/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec.h"

#include "base/address.h"
#include "base/memory.h"
#include "base/scope.h"

static void set_text(struct spec_section *vm, enum key_id key, const char *text, int line,
		     struct spec_problems *problems)
{
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;

	strvec_push(&items, text);
	spec_set(vm, key, &items, line, problems);
}

static const struct spec_value *good_value(const struct spec_section *group, enum key_id key)
{
	const struct spec_value *value = group->values[key];

	return value && !value->refused ? value : NULL;
}

static void set_vmid(struct spec_section *vm, unsigned after, struct spec_problems *problems)
{
	const struct spec_value *first = good_value(vm->group, KEY_VMID);
	CLEANUP(scope_free) char *text = NULL;

	if (!first)
		return;
	text = memory_print("%llu", (unsigned long long)first->number + after);
	set_text(vm, KEY_VMID, text, first->line, problems);
}

/* Of dhcp each has its own already. */
static void set_address(struct spec_section *vm, enum key_id key, unsigned after,
			struct spec_problems *problems)
{
	const struct spec_value *first = good_value(vm->group, key);
	struct address address;
	char text[ADDRESS_TEXT];

	if (!first || !address_parse_cidr(first->text, &address))
		return;
	if (address_step(&address, after)) {
		set_text(vm, key, address_format_cidr(&address, text), first->line, problems);
		return;
	}
	/* said, so that it is not taken to have its group's */
	set_text(vm, key, first->text, first->line, problems);
	vm->values[key]->refused = true;
	spec_problem_add(problems, first->line, "vm \"%s\": %s: %u further on than %s its net has "
						"ended; begin earlier, or lower count",
			 vm->name, key_table[key].name, after, first->text);
}

/* What is a VM's own cannot be a group's. */
static void check_group(const struct spec_section *group, struct spec_problems *problems)
{
	const struct spec_value *mac = group->values[KEY_MAC];

	if (mac)
		spec_problem_add(problems, mac->line, "vm \"%s\": mac: the VMs of a count cannot have "
						      "the same; leave it out, and each gets its own",
				 group->name);
}

static void expand(struct spec *spec, struct spec_section *group, struct spec_problems *problems)
{
	const struct spec_value *count = good_value(group, KEY_GROUP_COUNT);

	check_group(group, problems);
	for (unsigned i = 0; count && i < count->number; i++) {
		CLEANUP(scope_free) char *name = memory_print("%s-%u", group->name, i + 1);
		struct spec_section *vm = spec_add_section(spec, SCOPE_VM, name, group->line);

		vm->cluster = group->cluster;
		vm->group = group;
		set_vmid(vm, i, problems);
		set_address(vm, KEY_ADDRESS, i, problems);
		set_address(vm, KEY_ADDRESS6, i, problems);
	}
}

void spec_expand_groups(struct spec *spec, struct spec_problems *problems)
{
	struct spec_section **vms = spec->vms;
	size_t count = spec->vm_count;

	spec->vms = NULL;
	spec->vm_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!vms[i]->values[KEY_GROUP_COUNT]) {
			MEMORY_PUSH(spec->vms, spec->vm_count) = vms[i];
			continue;
		}
		MEMORY_PUSH(spec->groups, spec->group_count) = vms[i];
		expand(spec, vms[i], problems);
	}
	free(vms);
}
