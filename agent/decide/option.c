/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/option.h"

#include <string.h>

#include "decide/option_part.h"
#include "base/digest.h"
#include "base/memory.h"
#include "model/propstr.h"
#include "model/smbios.h"
#include "base/scope.h"
#include "model/spec.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/vmconf.h"

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

/* Take out of have the limits that a wanted one excludes: QEMU starts with no VM that has both. */
static void drop_limits(const struct propstr *want, struct propstr *have)
{
	for (size_t i = 0; i < want->count; i++) {
		if (!option_is_limited(want->items[i].value))
			continue;
		for (size_t j = have->count; j-- > 0;)
			if (option_excludes_limit(want->items[i].key, have->items[j].key))
				propstr_remove(have, have->items[j].key);
	}
}

/*
 * The first item of a network card is its model and MAC: another model replaces
 * it instead of standing beside it.  A drive's size= is left to qm, which looks at
 * the volume (pve-facts 2.2.3); an old one in [PENDING] would undo a resize.
 */
static void propstr_merge(const struct option *option, const char *wanted, const char *found,
			  struct strbuf *value)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, option->default_key);
	CLEANUP(propstr_release) struct propstr merged = propstr_parse(found, option->default_key);

	if (option_is_card(option) && merged.count && want.count &&
	    !propstr_get(&merged, want.items[0].key)) {
		free(merged.items[0].key);
		merged.items[0].key = memory_copy(want.items[0].key);
	}
	if (vmconf_is_drive(option->name)) {
		drop_limits(&want, &merged);
		propstr_remove(&merged, "size");
	}
	for (size_t i = 0; i < want.count; i++)
		propstr_set(&merged, want.items[i].key, want.items[i].value);
	propstr_format(&merged, value);
}

/* May that be changed while the VM runs? */
static bool is_plugged(const struct vmconf *conf, const char *feature)
{
	CLEANUP(strvec_release) struct strvec features = STRVEC_INIT;
	const char *hotplug = vmconf_get(conf, "hotplug");

	option_split_features(hotplug ? hotplug : "1", &features);
	return strvec_contains(&features, feature);
}

/* Are these items of a card other than before?  They are those of the device itself. */
static bool is_another_device(const struct propstr *want, const struct propstr *have)
{
	static const char *const items[] = { "mtu", "queues" };

	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		const char *wanted = propstr_get(want, items[i]), *found = propstr_get(have, items[i]);

		if (wanted && (!found || strcmp(wanted, found) != 0))
			return true;
	}
	return false;
}

/*
 * A network card that keeps its MAC is for cloud-init the same; another device in its
 * place has to be plugged.
 */
static enum option_effect effect_of_card(const struct option *option, const char *wanted,
					 const char *found, const struct vmconf *conf)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, option->default_key);
	CLEANUP(propstr_release) struct propstr have = propstr_parse(found, option->default_key);
	const char *mac = propstr_get(&have, want.items[0].key);

	if (!mac || strcasecmp(mac, want.items[0].value) != 0)
		return option->effect;
	return is_another_device(&want, &have) && !is_plugged(conf, "network") ? OPTION_RESTART
									       : OPTION_LIVE;
}

/* In force at once if all that changes is of the row's live items. */
static enum option_effect effect_of_items(const struct option *option, const char *wanted,
					  const char *found)
{
	CLEANUP(propstr_release) struct propstr want = propstr_parse(wanted, option->default_key);
	CLEANUP(propstr_release) struct propstr have = propstr_parse(found, option->default_key);

	for (size_t i = 0; i < want.count; i++) {
		const char *value = propstr_get(&have, want.items[i].key);

		if ((!value || strcasecmp(value, want.items[i].value) != 0) &&
		    !strvec_words_have(option->live, want.items[i].key,
				       strlen(want.items[i].key)))
			return option->effect;
	}
	return found ? OPTION_LIVE : option->effect;
}

/* A drive that comes or goes needs hotplug; what one is told that stays, is live or waits. */
static enum option_effect effect_of_drive(const struct option *option, const char *wanted,
					  const char *found, const struct vmconf *conf)
{
	if (!found || !wanted)
		return option->plug && is_plugged(conf, option->plug) ? OPTION_LIVE :
									option->effect;
	return effect_of_items(option, wanted, found);
}

/* The balloon is moved while the guest runs, but not put in or taken out. */
static enum option_effect effect_of_balloon(const char *wanted, const char *found)
{
	bool before = !found || strcmp(found, "0") != 0;

	return before == (strcmp(wanted, "0") != 0) ? OPTION_LIVE : OPTION_RESTART;
}

static bool concerns_board(const char *features)
{
	return features && (strstr(features, "memory") || strstr(features, "cpu"));
}

enum option_effect option_effect_of(const struct option *option, const char *wanted,
				    const char *found, const struct vmconf *conf)
{
	if (option_is_card(option))
		return effect_of_card(option, wanted, found, conf);
	if (option->live)
		return effect_of_drive(option, wanted, found, conf);
	if (strcmp(option->name, "balloon") == 0)
		return effect_of_balloon(wanted, found);
	if (option->plug && is_plugged(conf, option->plug))
		return OPTION_LIVE;
	if (option->form == OPTION_FEATURES && !concerns_board(wanted) && !concerns_board(found))
		return OPTION_LIVE;
	return option->effect;
}

/* A card that comes, or is another, is plugged as a device is that stays the same for cloud-init. */
bool option_waits(const struct option *option, const char *wanted, const char *found,
		  const struct vmconf *conf)
{
	enum option_effect effect = option_effect_of(option, wanted, found, conf);

	return effect == OPTION_RESTART ||
	       (option_is_card(option) && effect == OPTION_REINIT && !is_plugged(conf, "network"));
}

/* A drive does not wait that can be plugged; a network card does where hotplug is off. */
bool option_may_wait(const struct option *option, const char *wanted, const char *found,
		     const struct vmconf *conf)
{
	if (option->live && option_effect_of(option, wanted, found, conf) == OPTION_LIVE)
		return false;
	return option->effect == OPTION_RESTART || option_is_card(option);
}

/* Others' tags stay as they are written: their case and order may mean something (2.4). */
static void tags_merge(const char *wanted, const char *found, struct strbuf *value)
{
	CLEANUP(strvec_release) struct strvec want = STRVEC_INIT;
	CLEANUP(strvec_release) struct strvec have = STRVEC_INIT;

	option_split_words(wanted, &want);
	option_split_words(found, &have);
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
	case OPTION_SMBIOS:
		smbios_merge(wanted, found, value);
		break;
	case OPTION_TAGS:
		tags_merge(wanted, found, value);
		break;
	case OPTION_NOTE:
		if (found && *found && !strchr(wanted, '\n'))
			strbuf_addf(value, "%s\n", found);
		strbuf_adds(value, wanted);
		break;
	case OPTION_PROPSTR_WHOLE:
	case OPTION_SSH_KEYS:
	case OPTION_NUMBER:
	case OPTION_FEATURES:
	case OPTION_SECRET:
	case OPTION_TEXT:
	default:
		strbuf_adds(value, wanted);
		break;
	}
}

#define NOTE_SHOWN 100

/* On one line, its end cut off where it is long, but not within a character. */
static void describe_note(const char *note, struct strbuf *text)
{
	size_t len = strlen(note);

	if (!strstr(note, OPTION_MARK)) {
		strbuf_adds(text, "without vyom's mark");
		return;
	}
	if (len > NOTE_SHOWN)
		for (len = NOTE_SHOWN; len && (note[len] & 0xC0) == 0x80; len--)
			;
	strbuf_addch(text, '"');
	for (size_t i = 0; i < len; i++) {
		if (note[i] == '\n')
			strbuf_adds(text, " / ");
		else
			strbuf_addch(text, note[i]);
	}
	strbuf_adds(text, note[len] ? "…\"" : "\"");
}

void option_describe(const struct option *option, const char *value, struct strbuf *text)
{
	CLEANUP(strvec_release) struct strvec keys = STRVEC_INIT;
	char digest[DIGEST_SHA256_TEXT];

	if (!value) {
		strbuf_adds(text, "nothing");
	} else if (option->form == OPTION_NOTE) {
		describe_note(value, text);
	} else if (option->form == OPTION_SSH_KEYS) {
		option_split_keys(value, strchr(value, '%') && !strchr(value, ' '), &keys);
		strbuf_addf(text, keys.count == 1 ? "%zu key" : "%zu keys", keys.count);
	} else if (option->form == OPTION_SECRET) {
		digest_sha256(value, strlen(value), digest);
		strbuf_addf(text, "a hash (%.8s)", digest);
	} else if (option->form == OPTION_SMBIOS) {
		smbios_describe(value, text);
	} else {
		strbuf_adds(text, value);
	}
}

void option_describe_wanted(const struct option *option, const char *wanted, struct strbuf *text)
{
	if (wanted)
		option_describe(option, wanted, text);
	else
		strbuf_adds(text, "detached");
}
