/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/instance.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/diff.h"
#include "model/propstr.h"
#include "model/qm.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

struct source {
	const struct diff_vm *diff;
	const struct state *state;
	bool changed;
};

static const char *value_of(const struct source *source, const char *key)
{
	const struct diff_vm *diff = source->diff;

	for (size_t i = 0; source->changed && i < diff->count; i++) {
		const struct diff_item *item = &diff->items[i];

		if (strcmp(item->option->name, key) == 0)
			return item->option->form == OPTION_SSH_KEYS ? item->wanted : item->value;
	}
	return vmconf_get(diff->guest->conf, key);
}

/* --- snippets --- */

/* As it will be, where the file declares it. */
static const char *declared_text(const struct source *source, const char *volid)
{
	const struct spec_section *vm = source->diff->vm;

	for (size_t i = 0; source->changed && vm && i < vm->snippet_count; i++)
		if (strcmp(vm->snippets[i]->name, volid) == 0)
			return vm->snippets[i]->text;
	return NULL;
}

/* false: what is in it is not known. */
static bool add_snippet(const struct source *source, const char *volid, struct strbuf *text)
{
	const struct state_snippet *found = state_find_snippet(source->state, volid);
	const char *declared = declared_text(source, volid);

	if (declared)
		strbuf_adds(text, declared);
	else if (found && found->there)
		strbuf_add(text, found->text.buf, found->text.len);
	return declared || (found && found->there);
}

/* --- user-data --- */

static void add_hostname(const struct source *source, struct strbuf *text)
{
	CLEANUP(scope_free) char *number = memory_print("VM%u", source->diff->vmid);
	const char *name = value_of(source, "name"), *search = value_of(source, "searchdomain");
	int len;

	if (!name)
		name = number;
	len = (int)strcspn(name, ".");
	strbuf_addf(text, "hostname: %.*s\nmanage_etc_hosts: true\nfqdn: %s%s%s\n", len, name, name,
		    search && !name[len] ? "." : "", search && !name[len] ? search : "");
}

static void add_keys(const struct source *source, struct strbuf *text)
{
	CLEANUP(scope_free) char *keys = memory_copy(value_of(source, "sshkeys"));
	char *rest = keys, *line;

	if (!keys)
		return;
	vmconf_percent_decode(keys);
	strbuf_adds(text, "ssh_authorized_keys:\n");
	while ((line = strsep(&rest, "\n")))
		if (line[strspn(line, " \t\r")])
			strbuf_addf(text, "  - %s\n", line);
}

static void add_user_data(const struct source *source, struct strbuf *text)
{
	const char *user = value_of(source, "ciuser"), *password = value_of(source, "cipassword");
	const char *upgrade = value_of(source, "ciupgrade");
	bool root = user && strcmp(user, "root") == 0;

	strbuf_adds(text, "#cloud-config\n");
	add_hostname(source, text);
	if (user)
		strbuf_addf(text, "user: %s\n", user);
	if (root)
		strbuf_adds(text, "disable_root: False\n");
	if (password)
		strbuf_addf(text, "password: %s\n", password);
	add_keys(source, text);
	strbuf_addf(text, "chpasswd:\n  expire: False\n%s", root ? "" : "users:\n  - default\n");
	if (!upgrade || strcmp(upgrade, "0") != 0)
		strbuf_adds(text, "package_upgrade: true\n");
}

/* --- network-config --- */

static void add_ipv4(const struct propstr *ip, struct strbuf *text)
{
	const char *address = propstr_get(ip, "ip"), *gateway = propstr_get(ip, "gw");
	unsigned long mask;
	struct address net;

	if (!address)
		return;
	if (strcmp(address, "dhcp") == 0) {
		strbuf_adds(text, "      - type: dhcp4\n");
		return;
	}
	net.prefix = 32;
	address_parse_cidr(address, &net);
	mask = net.prefix ? 0xffffffffUL << (32 - net.prefix) & 0xffffffffUL : 0;
	strbuf_addf(text, "      - type: static\n        address: '%.*s'\n"
			  "        netmask: '%lu.%lu.%lu.%lu'\n",
		    (int)strcspn(address, "/"), address, mask >> 24, mask >> 16 & 255,
		    mask >> 8 & 255, mask & 255);
	if (gateway)
		strbuf_addf(text, "        gateway: '%s'\n", gateway);
}

static void add_ipv6(const struct propstr *ip, struct strbuf *text)
{
	const char *address = propstr_get(ip, "ip6"), *gateway = propstr_get(ip, "gw6");

	if (!address)
		return;
	if (strcmp(address, "dhcp") == 0)
		strbuf_adds(text, "      - type: dhcp6\n");
	else if (strcmp(address, "auto") == 0)
		strbuf_adds(text, "      - type: ipv6_slaac\n");
	else
		strbuf_addf(text, "      - type: static6\n        address: '%s'\n%s%s%s", address,
			    gateway ? "        gateway: '" : "", gateway ? gateway : "",
			    gateway ? "'\n" : "");
}

/* "02:…" of "virtio=02:…,bridge=vmbr0", in lower case. */
static void add_mac(const char *net, struct strbuf *text)
{
	net += strcspn(net, "=");
	for (net += *net == '='; *net && *net != ','; net++) {
		char letter = *net >= 'A' && *net <= 'F' ? (char)(*net - 'A' + 'a') : *net;

		strbuf_add(text, &letter, 1);
	}
}

static void add_card(const struct source *source, unsigned n, struct strbuf *text)
{
	CLEANUP(propstr_release) struct propstr ip = PROPSTR_INIT;
	char net[16], ipconfig[16];

	snprintf(net, sizeof(net), "net%u", n);
	snprintf(ipconfig, sizeof(ipconfig), "ipconfig%u", n);
	if (!value_of(source, net) || !value_of(source, ipconfig))
		return;
	ip = propstr_parse(value_of(source, ipconfig), NULL);
	strbuf_addf(text, "    - type: physical\n      name: eth%u\n      mac_address: '", n);
	add_mac(value_of(source, net), text);
	strbuf_adds(text, "'\n      subnets:\n");
	add_ipv4(&ip, text);
	add_ipv6(&ip, text);
}

/* In the order of their names as text, as Proxmox sorts them: 0, 1, 10, 11, …, 2. */
static void add_cards(const struct source *source, struct strbuf *text)
{
	for (unsigned first = 0; first < 10; first++) {
		add_card(source, first, text);
		for (unsigned n = 10 * first; first && n < 10 * first + 10 && n <= QM_NIC_MAX; n++)
			add_card(source, n, text);
	}
}

static void add_words(const char *title, const char *words, struct strbuf *text)
{
	CLEANUP(scope_free) char *copy = memory_copy(words);
	char *rest = copy, *word;
	bool begun = false;

	while (rest && (word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (!begun)
			strbuf_adds(text, title);
		begun = true;
		strbuf_addf(text, "      - '%s'\n", word);
	}
}

/* The node's own where the VM has none. */
static void add_resolver(const struct source *source, struct strbuf *text)
{
	CLEANUP(strbuf_release) struct strbuf servers = STRBUF_INIT;
	const char *server = value_of(source, "nameserver");
	const char *search = value_of(source, "searchdomain");

	strvec_join(&source->state->nameservers, " ", &servers);
	strbuf_adds(text, "    - type: nameserver\n");
	add_words("      address:\n", server ? server : servers.buf, text);
	add_words("      search:\n", search ? search : source->state->search, text);
}

static void add_network(const struct source *source, struct strbuf *text)
{
	strbuf_adds(text, "version: 1\nconfig:\n");
	add_cards(source, text);
	add_resolver(source, text);
}

static bool is_ours_to_tell(const struct source *source)
{
	const char *type = value_of(source, "citype"), *system = value_of(source, "ostype");

	return (!type || strcmp(type, "nocloud") == 0) &&
	       (!system || strncmp(system, "l2", 2) == 0);
}

bool instance_id(const struct diff_vm *diff, bool changed, const struct state *state,
		 char text[DIGEST_SHA1_TEXT])
{
	const struct source source = { .diff = diff, .state = state, .changed = changed };
	CLEANUP(strbuf_release) struct strbuf data = STRBUF_INIT;
	CLEANUP(propstr_release) struct propstr own =
		propstr_parse(value_of(&source, "cicustom"), NULL);
	const char *user = propstr_get(&own, "user"), *network = propstr_get(&own, "network");

	if (!is_ours_to_tell(&source) || propstr_get(&own, "meta"))
		return false;
	if (!user)
		add_user_data(&source, &data);
	else if (!add_snippet(&source, user, &data))
		return false;
	if (!network)
		add_network(&source, &data);
	else if (!add_snippet(&source, network, &data))
		return false;
	digest_sha1(data.buf, data.len, text);
	return true;
}
