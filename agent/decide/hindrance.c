/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/hindrance.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "decide/budget.h"
#include "decide/forecast.h"
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

/* Those that are plugged at its start. */
static void find_vcpus(const struct spec_section *vm, const struct vmconf *conf,
		       struct strvec *hindrances)
{
	const char *text = spec_option(vm, "vcpus");
	uint64_t most = budget_cpus_of(vm, conf), vcpus;

	if (!text && conf)
		text = vmconf_get(conf, "vcpus");
	if (text && number_parse_unsigned(text, 1, UINT32_MAX, &vcpus) && vcpus > most)
		strvec_pushf(hindrances, "vcpus: it would have %llu of %llu processors (sockets times "
					 "cores), so it would not start; give it as many or less",
			     (unsigned long long)vcpus, (unsigned long long)most);
}

void hindrance_find(const struct spec_section *vm, const struct state *state,
		    struct strvec *hindrances)
{
	const struct state_guest *guest =
		state_find_guest(state, (unsigned)spec_number(vm, KEY_VMID));
	const struct vmconf *conf = guest && guest->conf ? guest->conf : forecast_source(vm, state);

	find_vcpus(vm, conf, hindrances);
	for (unsigned slot = 0; slot <= QM_NIC_MAX; slot++) {
		const struct spec_section *nic = spec_find_nic(vm, slot);

		if (nic || slot == 0)
			find_card(vm, nic, slot, conf, state, hindrances);
	}
}
