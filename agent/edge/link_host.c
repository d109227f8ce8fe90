/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_part.h"

#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/ssh_part.h"

/* What ssh-keyscan -t calls it, which is also part of its file's name on the host. */
static const char *type_of(ssh_key key)
{
	switch (ssh_key_type(key)) {
	case SSH_KEYTYPE_RSA: return "rsa";
	case SSH_KEYTYPE_ED25519: return "ed25519";
	default: return "ecdsa";
	}
}

/* As known_hosts has it: "pve", or "[pve]:2222". */
static char *name_of(const struct link *link)
{
	const char *alias = link->conf.values[SSHCONF_HOST_KEY_ALIAS];
	const char *host = link->conf.values[SSHCONF_HOST_NAME];

	if (alias || link->conf.port == 22)
		return memory_copy(alias ? alias : host);
	return memory_print("[%s]:%u", host, link->conf.port);
}

/* The file that the line goes into, as one would type it. */
static char *file_of(const struct link *link)
{
	const char *path = link->conf.values[SSHCONF_KNOWN_HOSTS];
	size_t len = strlen(link->conf.home);

	if (strncmp(path, link->conf.home, len) == 0 && path[len] == '/')
		return memory_print("~%s", path + len);
	return memory_copy(path);
}

/*
 * What to type to have the key known.  ssh-keyscan does not go through a jump host, and knows
 * no alias: there ssh itself must ask.
 */
static char *command_of(const struct link *link, const char *type)
{
	const char *host = link->conf.values[SSHCONF_HOST_NAME];
	CLEANUP(scope_free) char *file = file_of(link);
	CLEANUP(scope_free) char *port =
		link->conf.port == 22 ? memory_copy("") : memory_print("-p %u ", link->conf.port);

	if (link->jump || link->proxy || link->conf.values[SSHCONF_HOST_KEY_ALIAS])
		return memory_print("ssh %s%s@%s true (and yes to its question)", port,
				    link->conf.values[SSHCONF_USER], link->conf.alias);
	return memory_print("ssh-keyscan %s-t %s %s >>%s", port, type, host, file);
}

static const char *complaint_of(enum ssh_known_hosts_e answer)
{
	switch (answer) {
	case SSH_KNOWN_HOSTS_NOT_FOUND:
		return "its host key is not known, as there is no known_hosts file";
	case SSH_KNOWN_HOSTS_OTHER:
		return "its host key is not known: of this host known_hosts has keys of other "
		       "types only, which it does not show any more";
	default:
		return "its host key is not known";
	}
}

static int refuse_unknown(struct link *link, enum ssh_known_hosts_e answer, const char *type)
{
	CLEANUP(scope_free) char *command = command_of(link, type);

	return error_set(&link->err, ERROR_REFUSED,
			 "%s. It shows %s; on its own console, `ssh-keygen -lf "
			 "/etc/ssh/ssh_host_%s_key.pub` must print the same. If it does, type: %s",
			 complaint_of(answer), link->host_key, type, command);
}

static int refuse_changed(struct link *link, const char *type)
{
	CLEANUP(scope_free) char *command = command_of(link, type), *name = name_of(link);
	CLEANUP(scope_free) char *file = file_of(link);
	bool is_usual = strcmp(file, "~/.ssh/known_hosts") == 0;

	return error_set(&link->err, ERROR_REFUSED,
			 "its host key has changed: it shows %s, and known_hosts has another one. "
			 "Somebody may be answering in its place and would hear all that is sent; "
			 "or it was installed anew. Nothing was sent. On its own console, "
			 "`ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub` must print the same; only "
			 "if "
			 "it does, type: ssh-keygen %s%s%s-R '%s' && %s",
			 link->host_key, type, is_usual ? "" : "-f ", is_usual ? "" : file,
			 is_usual ? "" : " ", name, command);
}

/* libssh passes over lines that begin with @revoked, whatever host they are for. */
static bool is_revoked_in(const char *path, const char *base64)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	size_t len = strlen(base64);

	if (file_read(path, &text) < 0)
		return false;
	for (char *line = text.buf; line && *line; line = strchr(line, '\n')) {
		char *found;

		line += strspn(line, " \t\r\n");
		if (strncmp(line, "@revoked", 8) != 0)
			continue;
		found = strstr(line, base64);
		if (found && found < line + strcspn(line, "\n") &&
		    !isgraph((unsigned char)found[len]))
			return true;
	}
	return false;
}

static bool is_revoked(const struct link *link, ssh_key key)
{
	char *base64 = NULL;
	bool result;

	if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK)
		return true;
	result = is_revoked_in(link->conf.values[SSHCONF_KNOWN_HOSTS], base64) ||
		 is_revoked_in(link->conf.values[SSHCONF_GLOBAL_KNOWN_HOSTS], base64);
	ssh_string_free_char(base64);
	return result;
}

int link_host_check(struct link *link)
{
	enum ssh_known_hosts_e answer;
	const char *type = "";
	bool revoked = false;
	ssh_key key;

	if (ssh_get_server_publickey(link->session, &key) == SSH_OK) {
		link->host_key = ssh_part_fingerprint(key);
		type = type_of(key);
		revoked = is_revoked(link, key);
		ssh_key_free(key);
	}
	if (!link->host_key)
		return error_set(&link->err, ERROR_SYSTEM, "it shows no host key");
	if (revoked)
		return error_set(&link->err, ERROR_REFUSED,
				 "it shows the host key %s, which a known_hosts "
				 "file says is @revoked: somebody else may have it. Nothing was "
				 "sent",
				 link->host_key);
	answer = ssh_session_is_known_server(link->session);
	/* it says that only to who does not have the key yet */
	if (answer == SSH_KNOWN_HOSTS_UNKNOWN &&
	    ssh_session_has_known_hosts_entry(link->session) == SSH_KNOWN_HOSTS_NOT_FOUND)
		answer = SSH_KNOWN_HOSTS_NOT_FOUND;
	switch (answer) {
	case SSH_KNOWN_HOSTS_OK:
		return 0;
	case SSH_KNOWN_HOSTS_CHANGED:
		return refuse_changed(link, type);
	case SSH_KNOWN_HOSTS_OTHER:
	case SSH_KNOWN_HOSTS_UNKNOWN:
	case SSH_KNOWN_HOSTS_NOT_FOUND:
		return refuse_unknown(link, answer, type);
	case SSH_KNOWN_HOSTS_ERROR:
		break;
	}
	return error_set(&link->err, ERROR_SYSTEM,
			 "its host key cannot be looked for in known_hosts: %s",
			 ssh_get_error(link->session));
}
