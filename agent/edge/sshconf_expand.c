/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/sshconf.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"

/* What %token stands for; NULL: nothing that we know. */
static const char *value_of(const struct sshconf *conf, char token)
{
	const char *host = conf->values[SSHCONF_HOST_NAME], *port = conf->values[SSHCONF_PORT];
	const char *user = conf->values[SSHCONF_USER];

	switch (token) {
	case '%': return "%";
	case 'd': return conf->home;
	case 'h': return host ? host : conf->alias;
	case 'n': return conf->alias;
	case 'p': return port ? port : "22";
	case 'r': return user ? user : conf->login;
	case 'u': return conf->login;
	default: return NULL;
	}
}

/* "${NAME}" at text; its length, or 0 if it is none. */
static size_t add_variable(struct strbuf *out, const char *text)
{
	size_t len = strcspn(text, "}");
	CLEANUP(scope_free) char *name = NULL;

	if (strncmp(text, "${", 2) != 0 || text[len] != '}')
		return 0;
	name = memory_print("%.*s", (int)len - 2, text + 2);
	if (getenv(name))
		strbuf_adds(out, getenv(name));
	return len + 1;
}

char *sshconf_expand(const struct sshconf *conf, const char *text)
{
	/* a HostName that says %h means the alias: it cannot mean itself */
	bool is_host = text == conf->values[SSHCONF_HOST_NAME];
	struct strbuf out = STRBUF_INIT;

	if (strncmp(text, "~/", 2) == 0) {
		strbuf_adds(&out, conf->home);
		text++;
	}
	while (*text) {
		const char *value = *text == '%' ? value_of(conf, text[1]) : NULL;
		size_t len = add_variable(&out, text);

		if (value) {
			strbuf_adds(&out, is_host && text[1] == 'h' ? conf->alias : value);
			text += 2;
		} else if (len > 0) {
			text += len;
		} else {
			strbuf_addch(&out, *text++);
		}
	}
	return strbuf_detach(&out);
}

/* "HOST", "HOST:PORT", "[HOST]", "[HOST]:PORT", or an IPv6 address as it is. */
static bool split_host(const char *text, char **host, unsigned *port)
{
	const char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
	uint64_t number;

	if (*text == '[') {
		if (!end || end == text + 1 || (end[1] && end[1] != ':'))
			return false;
		*host = memory_print("%.*s", (int)(end - text - 1), text + 1);
		end++;
	} else {
		if (!end || strchr(end + 1, ':'))
			end = text + strlen(text);
		*host = memory_print("%.*s", (int)(end - text), text);
	}
	if (**host && (!*end || number_parse_unsigned(end + 1, 1, 65535, &number))) {
		*port = *end ? (unsigned)number : 0;
		return true;
	}
	free(*host);
	*host = NULL;
	return false;
}

bool sshconf_split(const char *text, char **user, char **host, unsigned *port)
{
	size_t len = strlen(text);
	CLEANUP(scope_free) char *copy = NULL;
	const char *at;

	*user = *host = NULL;
	*port = 0;
	if (strncmp(text, "ssh://", 6) == 0) {
		text += 6;
		len = strlen(text);
		len -= len > 0 && text[len - 1] == '/';
	}
	copy = memory_print("%.*s", (int)len, text);
	at = strrchr(copy, '@');
	if (at == copy || !split_host(at ? at + 1 : copy, host, port))
		return false;
	if (at)
		*user = memory_print("%.*s", (int)(at - copy), copy);
	return true;
}
