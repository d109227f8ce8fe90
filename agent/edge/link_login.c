/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/clock.h"
#include "edge/link_part.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "edge/ssh_part.h"

/* In Debian 12 libssh shows a host each key that the agent has, or none. */
enum { CHOOSES_FROM_AGENT = LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0) };

/* --- what is told when no key is let in --- */

/* A path as one would type it. */
static char *short_path(const struct link *link, const char *path)
{
	size_t len = strlen(link->conf.home);

	if (strncmp(path, link->conf.home, len) == 0 && path[len] == '/')
		return memory_print("~%s", path + len);
	return memory_copy(path);
}

static void __attribute__((format(printf, 2, 3)))
note(struct link *link, const char *format, ...)
{
	CLEANUP(scope_free) char *text = NULL;
	va_list args;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	strbuf_join(&link->login.notes, "; ", text);
}

static void was_refused(struct link *link, const struct link_key *key)
{
	CLEANUP(scope_free) char *where =
		key->path ? short_path(link, key->path) : memory_print("agent, %s", key->comment);
	CLEANUP(scope_free) char *text = memory_print("%s (%s)", key->fingerprint, where);

	strbuf_join(&link->login.offered, ", ", text);
	link->login.count++;
}

static enum link_step fail_without_key(struct link *link)
{
	return link_fail(link,
			 "there is no key to log in with as %s: %s. Make one with ssh-keygen, or "
			 "say which with IdentityFile in ~/.ssh/config, or ssh-add it",
			 link->conf.values[SSHCONF_USER],
			 link->login.notes.len ? link->login.notes.buf : "no key file is named");
}

static enum link_step fail_with_keys(struct link *link)
{
	CLEANUP(scope_free) char *port =
		link->conf.port == 22 ? memory_copy("") : memory_print("-p %u ", link->conf.port);
	const char *user = link->conf.values[SSHCONF_USER];

	return link_fail(link,
			 "it lets none of the keys in that it was offered for user %s: %s%s%s. "
			 "To install one there: ssh-copy-id %s%s@%s",
			 user, link->login.offered.buf, link->login.notes.len ? "; " : "",
			 link->login.notes.buf, port, user, link->conf.alias);
}

static enum link_step fail_halfway(struct link *link)
{
	return link_fail(link, "it lets the key in for user %s, but wants something more, which is "
			       "never given: a password or the like (AuthenticationMethods in its "
			       "sshd_config)", link->conf.values[SSHCONF_USER]);
}

/* The session ended, or time did. */
static enum link_step fail_broken(struct link *link)
{
	char duration[NUMBER_TEXT];
	const char *reason = link_reason(link);

	if (link_is_late(link))
		return link_fail(link, "the login was not answered within %s",
				 number_format_duration(link->links->options.log_in, duration));
	if (strstr(reason, "Too many authentication failures"))
		return link_fail(link,
				 "it broke off after so many keys that do not fit for user %s. "
				 "Name "
				 "the right one with IdentityFile, and say IdentitiesOnly yes, in "
				 "~/.ssh/config",
				 link->conf.values[SSHCONF_USER]);
	return link_fail(link, "the connection was closed during the login as %s: %s",
			 link->conf.values[SSHCONF_USER], reason);
}

/* What came of offering something: DONE once logged in, WAIT, FAILED, or (false) refused. */
static bool is_settled(struct link *link, int result, enum link_step *step)
{
	if (result == SSH_AUTH_SUCCESS)
		*step = LINK_DONE;
	else if (result == SSH_AUTH_AGAIN)
		/* libssh goes on waiting for a session that was closed */
		*step = link_is_late(link) || !ssh_is_connected(link->session) ? fail_broken(link) :
			LINK_WAIT;
	else if (result == SSH_AUTH_PARTIAL)
		*step = fail_halfway(link);
	else if (!ssh_is_connected(link->session))
		*step = fail_broken(link);
	else
		return false;
	return true;
}

/* --- the agent --- */

/* NULL: it is not to be asked. */
static const char *agent_path(const struct link *link)
{
	const char *path = link->conf.values[SSHCONF_IDENTITY_AGENT];

	if (!path || strcmp(path, "SSH_AUTH_SOCK") == 0)
		return getenv("SSH_AUTH_SOCK");
	return sshconf_is_set(&link->conf, SSHCONF_IDENTITY_AGENT) ? path : NULL;
}

static const struct link_agent *agent_of(struct link *link)
{
	const char *path = agent_path(link);

	return path && *path ? link_agent_ask(link->links, path) : NULL;
}

static bool is_agent_asked(struct link *link, const struct link_agent *agent)
{
	if (!agent)
		note(link, "there is no agent ($SSH_AUTH_SOCK is not set)");
	else if (agent->problem)
		note(link, "%s", agent->problem);
	else if (agent->count == 0)
		note(link, "the agent has no key");
	else if (!CHOOSES_FROM_AGENT && sshconf_is_on(&link->conf, SSHCONF_IDENTITIES_ONLY))
		note(link, "the agent's were left out (IdentitiesOnly)");
	else
		return true;
	return false;
}

/* Each of these: true once there is something to return, false to go on with what is next. */
static bool offer_agent(struct link *link, enum link_step *step)
{
	const struct link_agent *agent = agent_of(link);
	double began;
	int result;

	link->login.step = LOGIN_OFFER;
	if (!is_agent_asked(link, agent))
		return false;
	began = clock_monotonic();
	result = ssh_userauth_agent(link->session, NULL);
	links_forgive(link->links, began);
	if (result == SSH_AUTH_AGAIN)
		link->login.step = LOGIN_AGENT;
	if (is_settled(link, result, step))
		return true;
	if (result == SSH_AUTH_ERROR)
		note(link, "the agent did not sign");
	for (size_t i = 0; i < agent->count; i++)
		was_refused(link, &agent->keys[i]);
	return false;
}

/* --- key files --- */

static bool was_in_agent(struct link *link, const struct link_key *key)
{
	const struct link_agent *agent = agent_of(link);

	if (!agent || (!CHOOSES_FROM_AGENT && sshconf_is_on(&link->conf, SSHCONF_IDENTITIES_ONLY)))
		return false;
	for (size_t i = 0; i < agent->count; i++)
		if (ssh_key_cmp(agent->keys[i].public, key->public, SSH_KEY_CMP_PUBLIC) == 0)
			return true;
	return false;
}

static bool is_worth_offering(struct link *link, const struct link_key *key)
{
	CLEANUP(scope_free) char *path = short_path(link, key->path);

	if (access(key->path, F_OK) < 0)
		note(link, "there is no %s", path);
	else if (!key->public)
		note(link, "%s cannot be read", path);
	else if (!was_in_agent(link, key))
		return true;
	return false;
}

static struct link_key *current_file(struct link *link)
{
	return link_key_file(link->links, link->conf.key_files.items[link->login.file]);
}

static void note_unopened(struct link *link, const struct link_key *key)
{
	CLEANUP(scope_free) char *path = short_path(link, key->path);

	if (link->links->options.ask)
		note(link, "%s would be let in, but was not opened with the passphrase given",
		     path);
	else
		note(link,
		     "%s would be let in, but has a passphrase, and nobody can be asked for it: "
		     "ssh-add it",
		     path);
}

static void next_file(struct link *link)
{
	link->login.file++;
	link->login.is_shown = false;
	link->login.step = LOGIN_OFFER;
}

/* Only the public part, so that nobody is asked for a passphrase in vain. */
static bool offer_file(struct link *link, enum link_step *step)
{
	struct link_key *key = current_file(link);
	int result;

	if (!link->login.is_shown && !is_worth_offering(link, key)) {
		next_file(link);
		return false;
	}
	link->login.is_shown = true;
	result = ssh_userauth_try_publickey(link->session, NULL, key->public);
	if (result == SSH_AUTH_SUCCESS) {
		link->login.step = LOGIN_PROVE;
		return false;
	}
	if (is_settled(link, result, step))
		return true;
	was_refused(link, key);
	next_file(link);
	return false;
}

static bool prove_file(struct link *link, enum link_step *step)
{
	struct link_key *key = current_file(link);
	int result;

	if (!link_key_open(link->links, key)) {
		note_unopened(link, key);
		next_file(link);
		return false;
	}
	result = ssh_userauth_publickey(link->session, NULL, key->private);
	if (is_settled(link, result, step))
		return true;
	was_refused(link, key);
	next_file(link);
	return false;
}

/* --- */

enum link_step link_login_step(struct link *link)
{
	bool (*const steps[])(struct link *, enum link_step *) = {
		[LOGIN_AGENT] = offer_agent, [LOGIN_OFFER] = offer_file, [LOGIN_PROVE] = prove_file,
	};
	enum link_step step;

	while (link->login.step == LOGIN_AGENT || link->login.file < link->conf.key_files.count)
		if (steps[link->login.step](link, &step))
			return step;
	return link->login.count > 0 ? fail_with_keys(link) : fail_without_key(link);
}

void link_login_release(struct link_login *login)
{
	strbuf_release(&login->offered);
	strbuf_release(&login->notes);
}
