/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "model/spec_claim.h"

/* What the checks share: the names of each kind of section, sorted. */
struct checker {
	struct spec *spec;
	struct spec_problems *problems;
	struct spec_claims nodes, templates, roles, guests, snippets;
};

static void checker_release(struct checker *checker)
{
	spec_claims_release(&checker->nodes);
	spec_claims_release(&checker->templates);
	spec_claims_release(&checker->roles);
	spec_claims_release(&checker->guests);
	spec_claims_release(&checker->snippets);
}

/* Only what a section says itself, and what is a good value. */
static const struct spec_value *own_value(const struct spec_section *section, enum key_id key)
{
	const struct spec_value *value = section->values[key];

	return value && !value->refused ? value : NULL;
}

static void claim_names(struct spec_claims *claims, struct spec_section **sections, size_t count)
{
	for (size_t i = 0; i < count; i++)
		spec_claims_add(claims, sections[i]->name, sections[i]->line, sections[i]);
}

static void claim_vmids(struct spec_claims *claims, struct spec_section **sections, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct spec_value *value = own_value(sections[i], KEY_VMID);
		CLEANUP(scope_free) char *text = NULL;

		if (!value)
			continue;
		text = memory_print("%llu", (unsigned long long)value->number);
		spec_claims_add(claims, text, value->line, sections[i]);
	}
}

/* Two VMs of one name derive one MAC, but the name is what is wrong. */
static void claim_macs(struct spec_claims *claims, const struct checker *c)
{
	for (size_t i = 0; i < c->spec->vm_count; i++) {
		struct spec_section *vm = c->spec->vms[i];
		const struct spec_value *value = own_value(vm, KEY_MAC);

		if (value)
			spec_claims_add(claims, vm->mac, value->line, vm);
		else if (spec_claims_find(&c->guests, vm->name) == vm)
			spec_claims_add(claims, vm->mac, vm->line, vm);
		for (size_t j = 0; j < vm->nic_count; j++) {
			value = spec_said(vm->nics[j], KEY_MAC);
			if (vm->nics[j]->slot && (value || spec_claims_find(&c->guests, vm->name) == vm))
				spec_claims_add(claims, vm->nics[j]->mac,
						value ? value->line : vm->nics[j]->line, vm->nics[j]);
		}
	}
}

/* One address has many spellings and nets: compared without its net, in the usual form. */
static void claim_address(struct spec_claims *claims, struct spec_section *section, enum key_id key)
{
	const struct spec_value *value = spec_said(section, key);
	char text[INET6_ADDRSTRLEN];
	struct address address;

	if (!value || !address_parse_cidr(value->text, &address))
		return;
	inet_ntop(address.family, address.bytes, text, sizeof(text));
	spec_claims_add(claims, text, value->line, section);
}

static void claim_addresses(struct spec_claims *claims, const struct spec *spec)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		struct spec_section *vm = spec->vms[i];

		claim_address(claims, vm, KEY_ADDRESS);
		claim_address(claims, vm, KEY_ADDRESS6);
		for (size_t j = 0; j < vm->nic_count; j++) {
			claim_address(claims, vm->nics[j], KEY_ADDRESS);
			claim_address(claims, vm->nics[j], KEY_ADDRESS6);
		}
	}
}

static void check_names_are_unique(struct checker *c)
{
	CLEANUP(spec_claims_release) struct spec_claims clusters = { 0 };

	claim_names(&c->nodes, c->spec->nodes, c->spec->node_count);
	claim_names(&c->templates, c->spec->templates, c->spec->template_count);
	claim_names(&c->roles, c->spec->roles, c->spec->role_count);
	claim_names(&clusters, c->spec->clusters, c->spec->cluster_count);
	claim_names(&c->guests, c->spec->templates, c->spec->template_count);
	claim_names(&c->guests, c->spec->vms, c->spec->vm_count);
	claim_names(&c->snippets, c->spec->snippets, c->spec->snippet_count);
	spec_claims_check(&c->nodes, "the name", c->problems);
	spec_claims_check(&c->roles, "the name", c->problems);
	spec_claims_check(&clusters, "the name", c->problems);
	spec_claims_check(&c->guests, "the name", c->problems);
	spec_claims_check(&c->snippets, "the name", c->problems);
	spec_claims_sort(&c->templates);
}

static void check_values_are_unique(struct checker *c)
{
	CLEANUP(spec_claims_release) struct spec_claims vmids = { 0 }, macs = { 0 };
	CLEANUP(spec_claims_release) struct spec_claims addresses = { 0 };

	claim_vmids(&vmids, c->spec->templates, c->spec->template_count);
	claim_vmids(&vmids, c->spec->vms, c->spec->vm_count);
	claim_macs(&macs, c);
	claim_addresses(&addresses, c->spec);
	spec_claims_check(&vmids, "vmid:", c->problems);
	spec_claims_check(&macs, "mac:", c->problems);
	spec_claims_check(&addresses, "address:", c->problems);
}

static bool has_range(const struct spec_section *section)
{
	return section->scope == SCOPE_TEMPLATE && own_value(section, KEY_VMIDS);
}

/* A generation to come must find its id free: also of another template's. */
static void check_range_against(struct checker *c, const struct spec_section *template,
				const struct spec_section *other)
{
	const struct spec_value *value =
		own_value(other, has_range(other) ? KEY_VMIDS : KEY_VMID);
	CLEANUP(scope_free) char *where = NULL;
	unsigned first, last, other_first, other_last;

	if (!value || other == template)
		return;
	spec_template_range(template, &first, &last);
	spec_template_range(other, &other_first, &other_last);
	if (other_last < first || other_first > last)
		return;
	/* of two ranges, the later one is told */
	if (has_range(other) && value->line < own_value(template, KEY_VMIDS)->line)
		return;
	where = spec_problems_name_line(c->problems, own_value(template, KEY_VMIDS)->line,
					value->line);
	spec_problem_add(c->problems, value->line,
			 "%s \"%s\": %s: %s is within the vmids of template \"%s\" in %s; give "
			 "another", key_scope_name(other->scope), other->name,
			 has_range(other) ? "vmids" : "vmid", value->text, template->name, where);
}

static void check_ranges(struct checker *c)
{
	const struct spec *spec = c->spec;

	for (size_t i = 0; i < spec->template_count; i++) {
		if (!has_range(spec->templates[i]))
			continue;
		for (size_t j = 0; j < spec->template_count; j++)
			check_range_against(c, spec->templates[i], spec->templates[j]);
		for (size_t j = 0; j < spec->vm_count; j++)
			check_range_against(c, spec->templates[i], spec->vms[j]);
	}
}

/* Calls check for every section of the file, and every VM that a count makes. */
static void each_section(struct checker *c, void (*check)(struct checker *, struct spec_section *))
{
	const struct spec *spec = c->spec;

	for (size_t i = 0; i < spec->node_count; i++)
		check(c, spec->nodes[i]);
	for (size_t i = 0; i < spec->template_count; i++)
		check(c, spec->templates[i]);
	for (size_t i = 0; i < spec->role_count; i++)
		check(c, spec->roles[i]);
	for (size_t i = 0; i < spec->cluster_count; i++)
		check(c, spec->clusters[i]);
	for (size_t i = 0; i < spec->group_count; i++)
		check(c, spec->groups[i]);
	for (size_t i = 0; i < spec->vm_count; i++)
		check(c, spec->vms[i]);
	for (size_t i = 0; i < spec->snippet_count; i++)
		check(c, spec->snippets[i]);
}

static void check_name(struct checker *c, struct spec_section *section)
{
	struct error err = { 0 };

	/* a bad name is bad with a number behind it too, and was said */
	if (section->group && key_check_name(SCOPE_VM, section->group->name, &err) < 0)
		return;
	if (section->name[0] == '\0')
		spec_problem_add(c->problems, section->line, "%s \"\": a name is missing",
				 key_scope_name(section->scope));
	else if (key_check_name(section->scope, section->name, &err) < 0)
		spec_problem_add(c->problems, section->line, "%s %s",
				 key_scope_name(section->scope), err.text);
}

static void check_vmid_is_given(struct checker *c, struct spec_section *section)
{
	if (section->scope != SCOPE_VM || section->values[KEY_VMID] || section->group)
		return;
	spec_problem_add(c->problems, section->line, "%s \"%s\": vmid: is missing; give it a "
						     "number that nothing else on the Proxmox "
						     "cluster has",
			 key_scope_name(section->scope), section->name);
}

static void check_file_is_given(struct checker *c, struct spec_section *section)
{
	if (section->scope == SCOPE_SNIPPET && !section->values[KEY_SNIPPET_FILE])
		spec_problem_add(c->problems, section->line, "%s \"%s\": file: is missing; say "
							     "which file it is",
				 key_scope_name(section->scope), section->name);
}

static void check_reference(struct checker *c, const struct spec_section *section, enum key_id key,
			    const struct spec_claims *names)
{
	const struct spec_value *value = own_value(section, key);

	if (!value || spec_claims_find(names, value->text))
		return;
	spec_problem_add(c->problems, value->line, "%s \"%s\": %s: no %s \"%s\" in this file; add "
						   "%s \"%s\" { … }",
						   key_scope_name(section->scope), section->name,
			 key_table[key].name, key_table[key].name, value->text, key_table[key].name,
			 value->text);
}

static void check_references(struct checker *c, struct spec_section *section)
{
	check_reference(c, section, KEY_NODE, &c->nodes);
	check_reference(c, section, KEY_TEMPLATE, &c->templates);
	check_reference(c, section, KEY_ROLE, &c->roles);
}

/* The section that key names for vm, or the file's only one; NULL: neither, or there is none. */
static struct spec_section *resolve(const struct spec_section *vm, enum key_id key,
				    const struct spec_claims *names)
{
	const struct spec_value *value = spec_value(vm, key);

	if (value)
		return spec_claims_find(names, value->text);
	return names->count == 1 ? names->items[0].section : NULL;
}

static void resolve_role(struct checker *c, struct spec_section *vm)
{
	const struct spec_value *role = spec_value(vm, KEY_ROLE);

	if (role)
		vm->role = spec_claims_find(&c->roles, role->text);
}

/* Of "user=local:snippets/web.yaml" the volume is looked for. */
static void resolve_snippets(struct checker *c, struct spec_section *vm)
{
	const struct spec_value *said = spec_said(vm, KEY_SNIPPETS);

	for (size_t i = 0; said && i < said->list.count; i++) {
		struct spec_section *snippet =
			spec_claims_find(&c->snippets, spec_snippet_volid(said->list.items[i]));

		if (snippet)
			MEMORY_PUSH(vm->snippets, vm->snippet_count) = snippet;
	}
}

static void resolve_vms(struct checker *c)
{
	for (size_t i = 0; i < c->spec->group_count; i++)
		resolve_role(c, c->spec->groups[i]);
	for (size_t i = 0; i < c->spec->vm_count; i++) {
		struct spec_section *vm = c->spec->vms[i];

		resolve_role(c, vm);
		resolve_snippets(c, vm);
		vm->node = resolve(vm, KEY_NODE, &c->nodes);
		vm->template = resolve(vm, KEY_TEMPLATE, &c->templates);
	}
}

/*
 * Where a VM's node or template is said nowhere and the file does not have
 * exactly one.  Said once for a cluster: its VMs lack the same line.
 */
static void check_choice(struct checker *c, enum key_id key, size_t choices)
{
	const struct spec_section *told = NULL;
	const char *name = key_table[key].name;

	for (size_t i = 0; i < c->spec->vm_count; i++) {
		const struct spec_section *vm = c->spec->vms[i];
		const struct spec_section *place = vm->cluster ? vm->cluster : vm;

		if (choices == 1 || place == told || spec_value(vm, key))
			continue;
		told = place;
		if (choices)
			spec_problem_add(c->problems, place->line, "%s \"%s\": %s: is not said, "
								   "and the file has more than "
								   "one; add %s = \"NAME\"",
					 key_scope_name(place->scope), place->name, name, name);
		else
			spec_problem_add(c->problems, place->line, "%s \"%s\": %s: the file has "
								   "none; add %s \"NAME\" { … } "
								   "outside of the cluster",
					 key_scope_name(place->scope), place->name, name, name);
	}
}

static void set_macs(struct spec *spec)
{
	for (size_t i = 0; i < spec->vm_count; i++) {
		struct spec_section *vm = spec->vms[i];
		const struct spec_value *value = own_value(vm, KEY_MAC);

		if (!value) {
			spec_derive_mac(vm->cluster ? vm->cluster->name : "", vm->name, 0, vm->mac);
			continue;
		}
		for (size_t j = 0; j < sizeof(vm->mac) - 1; j++)
			vm->mac[j] = (char)toupper((unsigned char)value->text[j]);
	}
}

static void check_said(struct checker *c, struct spec_section *section)
{
	for (size_t i = 0; i < section->said_count; i++)
		check_name(c, section->said[i]);
}

static void check_net(struct checker *c, struct spec_section *section)
{
	spec_check_net(section, c->problems);
}

static void check_template(struct checker *c, struct spec_section *section)
{
	if (section->scope == SCOPE_TEMPLATE)
		spec_check_template(section, c->problems);
}

static void check_guest(struct checker *c, struct spec_section *section)
{
	spec_check_guest(section, c->problems);
}

static int compare_problems(const void *a, const void *b)
{
	const struct spec_problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return strcmp(x->text, y->text);
}

void spec_check(struct spec *spec, struct spec_problems *problems)
{
	CLEANUP(checker_release) struct checker c = { .spec = spec, .problems = problems };

	spec_expand_groups(spec, problems);
	each_section(&c, check_name);
	each_section(&c, check_said);
	each_section(&c, check_vmid_is_given);
	each_section(&c, check_file_is_given);
	each_section(&c, check_template);
	check_names_are_unique(&c);
	each_section(&c, check_references);
	resolve_vms(&c);
	check_choice(&c, KEY_NODE, spec->node_count);
	check_choice(&c, KEY_TEMPLATE, spec->template_count);
	spec_resolve_nics(spec, problems);
	set_macs(spec);
	check_values_are_unique(&c);
	check_ranges(&c);
	each_section(&c, check_net);
	each_section(&c, check_guest);
	if (!spec->vm_count && !spec->group_count && !problems->count)
		spec_problem_add(problems, 0, "the file declares no VM; add cluster \"NAME\" { vm "
					      "\"NAME\" { … } }");
	if (problems->count)
		qsort(problems->items, problems->count, sizeof(*problems->items), compare_problems);
}
