/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_part.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "edge/ssh_part.h"

/* --- the session --- */

/* Lists that ssh_config gives and libssh understands as ssh does, + - ^ in front too. */
static const struct {
	enum sshconf_key key;
	enum ssh_options_e option;
	const char *word;
} lists[] = {
	{ SSHCONF_CIPHERS, SSH_OPTIONS_CIPHERS_C_S, "Ciphers" },
	{ SSHCONF_CIPHERS, SSH_OPTIONS_CIPHERS_S_C, "Ciphers" },
	{ SSHCONF_MACS, SSH_OPTIONS_HMAC_C_S, "MACs" },
	{ SSHCONF_MACS, SSH_OPTIONS_HMAC_S_C, "MACs" },
	{ SSHCONF_KEX_ALGORITHMS, SSH_OPTIONS_KEY_EXCHANGE, "KexAlgorithms" },
	{ SSHCONF_HOST_KEY_ALGORITHMS, SSH_OPTIONS_HOSTKEYS, "HostKeyAlgorithms" },
	{ SSHCONF_PUBKEY_ALGORITHMS, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES,
	  "PubkeyAcceptedAlgorithms" },
};

static int set_lists(struct link *link)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const char *value = link->conf.values[lists[i].key];

		if (value && ssh_options_set(link->session, lists[i].option, value) < 0) {
			link_fail(link, "of ssh_config's %s %s nothing is known here (libssh %s)",
				  lists[i].word, value, ssh_version(0));
			return -1;
		}
	}
	return 0;
}

/* Where the agent is, if it is to be asked by libssh, and which of its keys may be shown. */
static void set_keys(struct link *link)
{
	const char *agent = link->conf.values[SSHCONF_IDENTITY_AGENT];

	if (agent && *agent == '/')
		ssh_options_set(link->session, SSH_OPTIONS_IDENTITY_AGENT, agent);
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0)
	bool only = sshconf_is_on(&link->conf, SSHCONF_IDENTITIES_ONLY);

	ssh_options_set(link->session, SSH_OPTIONS_IDENTITIES_ONLY, &only);
	for (size_t i = 0; i < link->conf.key_files.count; i++)
		ssh_options_set(link->session, SSH_OPTIONS_ADD_IDENTITY,
				link->conf.key_files.items[i]);
#endif
}

static bool set_options(struct link *link)
{
	char *const *values = link->conf.values;
	const char *alias = values[SSHCONF_HOST_KEY_ALIAS];
	/* the name and port are looked for in known_hosts only; an alias has no port there */
	unsigned port = alias ? 22 : link->conf.port;
	CLEANUP(scope_free) char *folder = memory_print("%s/.ssh", link->conf.home);
	bool config = false;
	int strict = 1;

	ssh_set_blocking(link->session, 0);
	return ssh_options_set(link->session, SSH_OPTIONS_PROCESS_CONFIG, &config) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_SSH_DIR, folder) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_HOST,
			       alias ? alias : values[SSHCONF_HOST_NAME]) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_PORT, &port) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_USER, values[SSHCONF_USER]) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_STRICTHOSTKEYCHECK, &strict) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_KNOWNHOSTS,
			       values[SSHCONF_KNOWN_HOSTS]) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS,
			       values[SSHCONF_GLOBAL_KNOWN_HOSTS]) == 0 &&
	       ssh_options_set(link->session, SSH_OPTIONS_FD, &link->fd) == 0;
}

int link_agree_begin(struct link *link)
{
	link->session = ssh_new();
	if (!link->session || !set_options(link)) {
		link_fail(link, "libssh makes no session: %s",
			  link->session ? ssh_get_error(link->session) : "no memory");
		return -1;
	}
	link->fd = -1;
	ssh_set_counters(link->session, &link->counter, NULL);
	set_keys(link);
	return set_lists(link);
}

/* --- the banner, and keys for the connection --- */

const char *link_reason(struct link *link)
{
	const char *complaint = link_dial_complaint(link), *text;

	if (link->jump && link->err.kind != ERROR_NONE)
		return link->err.text;
	if (*complaint)
		return complaint;
	text = ssh_get_error(link->session);
	return text && *text ? text : "it was closed";
}

static enum link_step fail_to_agree(struct link *link)
{
	char duration[NUMBER_TEXT];
	bool is_late = link_is_late(link);

	number_format_duration(link->links->options.agree, duration);
	if (!ssh_get_serverbanner(link->session) && is_late)
		return link_fail(link, "no word of SSH came within %s", duration);
	if (!ssh_get_serverbanner(link->session))
		return link_fail(link, "the connection was closed before a word of SSH came%s%s",
				 *link_dial_complaint(link) ? ": " : "", link_dial_complaint(link));
	if (is_late)
		return link_fail(link, "no agreement on an SSH connection within %s", duration);
	return link_fail(link, "no agreement on an SSH connection: %s", link_reason(link));
}

enum link_step link_agree_step(struct link *link)
{
	int result = ssh_connect(link->session), fd = ssh_get_fd(link->session);

	/* libssh makes it one that waits when it is full */
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (result == SSH_AGAIN && !link_is_late(link))
		return LINK_WAIT;
	if (result != SSH_OK)
		return fail_to_agree(link);
	return link_host_check(link) == 0 ? LINK_DONE : LINK_FAILED;
}
