/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/fitness.h"

#include <ctype.h>
#include <string.h>

#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/forecast.h"
#include "model/firmware_disk.h"
#include "model/site.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

static bool is_outside(const struct site *site, unsigned id)
{
	return id < site->first_id || id >= site->end_id;
}

static void add_outside(const struct site *site, const char *name, unsigned id,
			struct strbuf *who)
{
	if (!is_outside(site, id))
		return;
	strbuf_join(who, ", ", name);
	strbuf_addf(who, " (%u)", id);
}

/* Ids beyond the range are as good as any: only what asks for the next free one heeds it. */
static void remark_ids(const struct spec *spec, const struct spec_section *node,
		       const struct site *site, struct fitness *fitness)
{
	CLEANUP(strbuf_release) struct strbuf who = STRBUF_INIT;

	for (size_t i = 0; i < spec->template_count; i++) {
		unsigned first, last;

		if (!spec_uses_template(spec, node, spec->templates[i]) ||
		    spec_template_is_found(spec->templates[i]))
			continue;
		spec_template_range(spec->templates[i], &first, &last);
		add_outside(site, spec->templates[i]->name,
			    is_outside(site, first) ? first : last, &who);
	}
	for (size_t i = 0; i < spec->vm_count; i++)
		if (spec->vms[i]->node == node)
			add_outside(site, spec->vms[i]->name,
				    (unsigned)spec_number(spec->vms[i], KEY_VMID), &who);
	if (who.len)
		fitness_remark(fitness, "next-id", "Proxmox gives ids from %u to %u here "
			       "(datacenter.cfg); outside of that: %s", site->first_id,
			       site->end_id - 1, who.buf);
}

static bool has_capital(const char *text)
{
	while (*text && !isupper((unsigned char)*text))
		text++;
	return *text;
}

/* vyom writes and compares tags in lower case, which elsewhere Proxmox does too. */
static void remark_tags(const struct spec *spec, const struct spec_section *node,
			const struct site *site, struct fitness *fitness)
{
	CLEANUP(strvec_release) struct strvec tags = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; site->case_sensitive && i < spec->vm_count; i++) {
		const struct spec_value *value = spec_value(spec->vms[i], KEY_TAGS);

		for (size_t j = 0; spec->vms[i]->node == node && value && j < value->list.count; j++)
			if (has_capital(value->list.items[j]))
				strvec_push_once(&tags, value->list.items[j]);
	}
	strvec_join(&tags, ", ", &text);
	if (text.len)
		fitness_remark(fitness, "tag-style", "tags are case-sensitive here "
			       "(datacenter.cfg), but vyom writes them in lower case, and takes "
			       "others for the same: %s", text.buf);
}

static bool has_firewall(const struct spec_section *vm)
{
	for (size_t i = 0; i < vm->nic_count; i++)
		if (spec_flag(vm->nics[i], KEY_FIREWALL))
			return true;
	return false;
}

static void remark_firewall(const struct spec *spec, const struct spec_section *node,
			    const struct site *site, struct fitness *fitness)
{
	CLEANUP(strbuf_release) struct strbuf who = STRBUF_INIT;

	for (size_t i = 0; i < spec->vm_count; i++)
		if (spec->vms[i]->node == node && has_firewall(spec->vms[i]))
			strbuf_join(&who, ", ", spec->vms[i]->name);
	if (!who.len)
		return;
	if (!site->firewall)
		fitness_remark(fitness, "firewall", "it is off for the datacenter "
			       "(/etc/pve/firewall/cluster.fw: enable), so that firewall = true "
			       "filters nothing for %s", who.buf);
	else if (!site->host_firewall)
		fitness_remark(fitness, "firewall", "it is off for this node itself "
			       "(host.fw: enable): only the guests' own rules hold for %s",
			       who.buf);
}

/* Proxmox would start it with a disk that it throws away again. */
static bool is_forgetful(const struct spec_section *vm, const struct state *state)
{
	const struct spec_value *bios = spec_value(vm, KEY_BIOS);
	const struct vmconf *source = forecast_source(vm, state);

	return bios && strcmp(bios->text, "ovmf") == 0 && !data_disk_is_declared(vm, FIRMWARE_EFI) &&
	       !(source && vmconf_get(source, FIRMWARE_EFI));
}

static void remark_efidisk(const struct spec *spec, const struct spec_section *node,
			   const struct state *state, struct fitness *fitness)
{
	CLEANUP(strbuf_release) struct strbuf who = STRBUF_INIT;

	for (size_t i = 0; i < spec->vm_count; i++)
		if (spec->vms[i]->node == node && is_forgetful(spec->vms[i], state))
			strbuf_join(&who, ", ", spec->vms[i]->name);
	if (who.len)
		fitness_remark(fitness, "efidisk", "ovmf without a disk of its own forgets its "
			       "settings and boot entries whenever the VM stops; declare efidisk "
			       "for %s", who.buf);
}

void fitness_site(const struct spec *spec, const struct state *state, const struct site *site,
		  struct fitness *fitness)
{
	const struct spec_section *node = spec_find_node(spec, state->node);

	if (node) {
		remark_ids(spec, node, site, fitness);
		remark_tags(spec, node, site, fitness);
		remark_firewall(spec, node, site, fitness);
		remark_efidisk(spec, node, state, fitness);
	}
	if (!site->clock_is_set)
		fitness_remark(fitness, "clock", "NTP does not hold it, and it may be wrong: see "
			       "timedatectl, and chronyc sources");
}
