/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/option.h"

#include <ctype.h>
#include <string.h>

#include "model/key.h"
#include "base/memory.h"
#include "base/number.h"
#include "model/propstr.h"
#include "base/scope.h"
#include "model/spec.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/vmconf.h"

static bool want_name(const struct spec_section *vm, struct strbuf *value)
{
	strbuf_adds(value, vm->name);
	return true;
}

static bool want_cores(const struct spec_section *vm, struct strbuf *value)
{
	if (!spec_value(vm, KEY_CORES))
		return false;
	strbuf_addf(value, "%llu", (unsigned long long)spec_number(vm, KEY_CORES));
	return true;
}

static bool want_memory(const struct spec_section *vm, struct strbuf *value)
{
	if (!spec_value(vm, KEY_MEMORY))
		return false;
	strbuf_addf(value, "%llu", (unsigned long long)(spec_number(vm, KEY_MEMORY) / MIB));
	return true;
}

static bool want_scsihw(const struct spec_section *vm, struct strbuf *value)
{
	(void)vm;
	strbuf_adds(value, "virtio-scsi-single");
	return true;
}

/* Its volume is the clone's affair, its size the resize's. */
static bool want_scsi0(const struct spec_section *vm, struct strbuf *value)
{
	(void)vm;
	strbuf_adds(value, "discard=on,iothread=1");
	return true;
}

/* The MAC always: without one qm makes a new one at every call (pve-facts 2.4). */
static bool want_net0(const struct spec_section *vm, struct strbuf *value)
{
	strbuf_addf(value, "virtio=%s,bridge=%s", vm->mac, spec_text(vm, KEY_BRIDGE));
	if (spec_value(vm, KEY_VLAN))
		strbuf_addf(value, ",tag=%llu", (unsigned long long)spec_number(vm, KEY_VLAN));
	return true;
}

static bool want_flag(const struct spec_section *vm, enum key_id key, const char *form,
		      struct strbuf *value)
{
	if (!spec_value(vm, key))
		return false;
	strbuf_addf(value, "%s%d", form, spec_flag(vm, key));
	return true;
}

static bool want_onboot(const struct spec_section *vm, struct strbuf *value)
{
	return want_flag(vm, KEY_ONBOOT, "", value);
}

static bool want_agent(const struct spec_section *vm, struct strbuf *value)
{
	return want_flag(vm, KEY_AGENT, "enabled=", value);
}

static bool want_text(const struct spec_section *vm, enum key_id key, struct strbuf *value)
{
	if (!spec_value(vm, key))
		return false;
	strbuf_adds(value, spec_text(vm, key));
	return true;
}

static bool want_ciuser(const struct spec_section *vm, struct strbuf *value)
{
	return want_text(vm, KEY_USER, value);
}

static bool want_searchdomain(const struct spec_section *vm, struct strbuf *value)
{
	return want_text(vm, KEY_SEARCHDOMAIN, value);
}

/* A list's text is joined by spaces, and commas would not do (pve-facts 2.3.4). */
static bool want_nameserver(const struct spec_section *vm, struct strbuf *value)
{
	return want_text(vm, KEY_NAMESERVER, value);
}

static bool want_ssh_keys(const struct spec_section *vm, struct strbuf *value)
{
	if (!vm->ssh_keys)
		return false;
	strbuf_adds(value, vm->ssh_keys);
	return true;
}

static bool want_ipconfig0(const struct spec_section *vm, struct strbuf *value)
{
	const char *address = spec_text(vm, KEY_ADDRESS);
	const char *gateway = spec_text(vm, KEY_GATEWAY);
	bool v6 = strchr(address, ':') != NULL;

	strbuf_addf(value, v6 ? "ip6=%s" : "ip=%s", address);
	if (gateway && strcmp(address, "dhcp") != 0)
		strbuf_addf(value, v6 ? ",gw6=%s" : ",gw=%s", gateway);
	return true;
}

static bool want_tags(const struct spec_section *vm, struct strbuf *value)
{
	const struct spec_value *tags = spec_value(vm, KEY_TAGS);

	strbuf_adds(value, OPTION_TAG);
	for (size_t i = 0; tags && i < tags->list.count; i++)
		strbuf_join(value, ";", tags->list.items[i]);
	return true;
}

void option_mark(const struct spec_section *vm, struct strbuf *line)
{
	strbuf_addf(line, OPTION_MARK "%s/%s", vm->cluster->name, vm->name);
}

bool option_next_mark(const char **note, struct strbuf *mark)
{
	const size_t head = strlen(OPTION_MARK);

	while (*note && **note) {
		const char *line = *note;
		size_t len = strcspn(line, "\n");

		*note += len + (line[len] == '\n');
		if (len <= head || strncmp(line, OPTION_MARK, head) != 0)
			continue;
		strbuf_reset(mark);
		strbuf_add(mark, line + head, len - head);
		return true;
	}
	return false;
}

char *option_marked_cluster(const struct vmconf *conf, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf mark = STRBUF_INIT;
	const char *note = conf->description, *slash;

	while (name && option_next_mark(&note, &mark)) {
		slash = strchr(mark.buf, '/');
		if (slash && slash != mark.buf && strcmp(slash + 1, name) == 0)
			return memory_print("%.*s", (int)(slash - mark.buf), mark.buf);
	}
	return NULL;
}

static bool want_description(const struct spec_section *vm, struct strbuf *value)
{
	option_mark(vm, value);
	return true;
}

const struct option option_table[] = {
	{ "name",	  OPTION_TEXT,	   NULL,      OPTION_REINIT,  want_name },
	{ "description",  OPTION_NOTE,	   NULL,      OPTION_LIVE,    want_description },
	{ "tags",	  OPTION_TAGS,	   NULL,      OPTION_LIVE,    want_tags },
	{ "cores",	  OPTION_TEXT,	   NULL,      OPTION_RESTART, want_cores },
	{ "memory",	  OPTION_PROPSTR,  "current", OPTION_RESTART, want_memory },
	{ "onboot",	  OPTION_TEXT,	   NULL,      OPTION_LIVE,    want_onboot },
	{ "agent",	  OPTION_PROPSTR,  "enabled", OPTION_LIVE,    want_agent },
	{ "scsihw",	  OPTION_TEXT,	   NULL,      OPTION_RESTART, want_scsihw },
	{ "scsi0",	  OPTION_PROPSTR,  "file",    OPTION_RESTART, want_scsi0 },
	{ "net0",	  OPTION_PROPSTR,  NULL,      OPTION_REINIT,  want_net0 },
	{ "ciuser",	  OPTION_TEXT,	   NULL,      OPTION_REINIT,  want_ciuser },
	{ "sshkeys",	  OPTION_SSH_KEYS, NULL,      OPTION_REINIT,  want_ssh_keys },
	{ "ipconfig0",	  OPTION_PROPSTR_WHOLE, NULL, OPTION_REINIT,  want_ipconfig0 },
	{ "nameserver",	  OPTION_TEXT,	   NULL,      OPTION_REINIT,  want_nameserver },
	{ "searchdomain", OPTION_TEXT,	   NULL,      OPTION_REINIT,  want_searchdomain },
};

const size_t option_count = sizeof(option_table) / sizeof(*option_table);

const struct option *option_find(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	return NULL;
}

static bool propstr_agrees(const struct option *option, const char *wanted, const char *found)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, option->default_key);
	CLEANUP(propstr_release) struct propstr have = propstr_parse(found, option->default_key);

	if (option->form == OPTION_PROPSTR_WHOLE && want.count != have.count)
		return false;
	for (size_t i = 0; i < want.count; i++) {
		const char *value = propstr_get(&have, want.items[i].key);

		/*
		 * MACs keep the case they were given in (pve-facts 2.4); nothing else here has one
		 */
		if (!value || strcasecmp(value, want.items[i].value) != 0)
			return false;
	}
	return true;
}

static void split_tags(const char *text, struct strvec *tags)
{
	CLEANUP(scope_free) char *copy = memory_copy(text ? text : "");
	char *rest = copy, *tag;

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	while ((tag = strsep(&rest, ";, ")))
		if (*tag && !strvec_contains(tags, tag))
			strvec_push(tags, tag);
}

static bool tags_agree(const char *wanted, const char *found)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	split_tags(wanted, &want);
	split_tags(found, &have);
	for (size_t i = 0; i < want.count; i++)
		if (!strvec_contains(&have, want.items[i]))
			return false;
	return true;
}

/* The key lines of text, comments and empty lines left out; decoded if it is a config's. */
static void split_keys(const char *text, bool encoded, struct strvec *keys)
{
	CLEANUP(scope_free) char *copy = memory_copy(text ? text : "");
	char *rest = copy, *line;

	if (encoded)
		vmconf_percent_decode(copy);
	while ((line = strsep(&rest, "\r\n"))) {
		size_t len;

		line += strspn(line, " \t");
		for (len = strlen(line); len && isspace((unsigned char)line[len - 1]); len--)
			line[len - 1] = '\0';
		if (*line && *line != '#')
			strvec_push(keys, line);
	}
}

static bool keys_agree(const char *wanted, const char *found)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	split_keys(wanted, false, &want);
	split_keys(found, true, &have);
	return strvec_equal(&want, &have);
}

bool option_agrees(const struct option *option, const char *wanted, const char *found)
{
	if (!found)
		return false;
	switch (option->form) {
	case OPTION_PROPSTR:
	case OPTION_PROPSTR_WHOLE:
		return propstr_agrees(option, wanted, found);
	case OPTION_TAGS:
		return tags_agree(wanted, found);
	case OPTION_SSH_KEYS:
		return keys_agree(wanted, found);
	case OPTION_NOTE:
		return vmconf_note_has_line(found, wanted);
	case OPTION_TEXT:
	default:
		return strcmp(wanted, found) == 0;
	}
}

/*
 * The first item of a network card is its model and MAC: another model replaces
 * it instead of standing beside it.  size= is left to qm, which looks at the
 * volume (pve-facts 2.2.3); an old one in [PENDING] would undo a resize.
 */
static void propstr_merge(const struct option *option, const char *wanted, const char *found,
			  struct strbuf *value)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, option->default_key);
	CLEANUP(propstr_release) struct propstr merged = propstr_parse(found, option->default_key);

	if (!option->default_key && merged.count && want.count &&
	    !propstr_get(&merged, want.items[0].key)) {
		free(merged.items[0].key);
		merged.items[0].key = memory_copy(want.items[0].key);
	}
	for (size_t i = 0; i < want.count; i++)
		propstr_set(&merged, want.items[i].key, want.items[i].value);
	propstr_remove(&merged, "size");
	propstr_format(&merged, value);
}

enum option_effect option_effect_of(const struct option *option, const char *wanted,
				    const char *found)
{
	CLEANUP(propstr_release) struct propstr want = PROPSTR_INIT;
	CLEANUP(propstr_release) struct propstr have = PROPSTR_INIT;
	const char *mac;

	if (strncmp(option->name, "net", 3) != 0)
		return option->effect;
	want = propstr_parse(wanted, option->default_key);
	have = propstr_parse(found, option->default_key);
	mac = propstr_get(&have, want.items[0].key);
	return mac && strcasecmp(mac, want.items[0].value) == 0 ? OPTION_LIVE : option->effect;
}

/* A network card waits where hotplug is switched off. */
bool option_may_wait(const struct option *option)
{
	return option->effect == OPTION_RESTART || strncmp(option->name, "net", 3) == 0;
}

/* Others' tags stay as they are written: their case and order may mean something (2.4). */
static void tags_merge(const char *wanted, const char *found, struct strbuf *value)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	split_tags(wanted, &want);
	split_tags(found, &have);
	strbuf_adds(value, found ? found : "");
	for (size_t i = 0; i < want.count; i++)
		if (!strvec_contains(&have, want.items[i]))
			strbuf_join(value, ";", want.items[i]);
}

void option_merge(const struct option *option, const char *wanted, const char *found,
		  struct strbuf *value)
{
	switch (option->form) {
	case OPTION_PROPSTR:
		propstr_merge(option, wanted, found, value);
		break;
	case OPTION_TAGS:
		tags_merge(wanted, found, value);
		break;
	case OPTION_NOTE:
		if (found && *found)
			strbuf_addf(value, "%s\n", found);
		strbuf_adds(value, wanted);
		break;
	case OPTION_PROPSTR_WHOLE:
	case OPTION_SSH_KEYS:
	case OPTION_TEXT:
	default:
		strbuf_adds(value, wanted);
		break;
	}
}

void option_describe(const struct option *option, const char *value, struct strbuf *text)
{
	CLEANUP(strvec_release) struct strvec keys = STRVEC_INIT;
	const char *mark;

	if (!value) {
		strbuf_adds(text, "nothing");
	} else if (option->form == OPTION_NOTE) {
		mark = strstr(value, OPTION_MARK);
		if (mark)
			strbuf_addf(text, "\"%.*s\"", (int)strcspn(mark, "\n"), mark);
		else
			strbuf_adds(text, "without vyom's mark");
	} else if (option->form == OPTION_SSH_KEYS) {
		split_keys(value, strchr(value, '%') && !strchr(value, ' '), &keys);
		strbuf_addf(text, keys.count == 1 ? "%zu key" : "%zu keys", keys.count);
	} else {
		strbuf_adds(text, value);
	}
}
