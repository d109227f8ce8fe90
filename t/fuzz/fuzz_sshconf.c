/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any text at all as an ssh_config, for a host whose name is its first line: it is read or
 * refused, and what is made of it can be asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/sshconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_for_all(const struct sshconf *conf)
{
	for (enum sshconf_key key = 0; key < SSHCONF_COUNT; key++) {
		CLEANUP(scope_free) char *value = NULL;

		if (conf->values[key])
			value = sshconf_expand(conf, conf->values[key]);
		if (sshconf_is_on(conf, key) && !sshconf_is_set(conf, key))
			abort();
	}
	if (sshconf_is_set(conf, SSHCONF_PROXY_JUMP) && sshconf_is_set(conf, SSHCONF_PROXY_COMMAND))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *user = NULL, *host = NULL, *name = NULL;
	CLEANUP(sshconf_release) struct sshconf conf;
	struct error err = { 0 };
	unsigned port;

	strbuf_add(&text, data, size);
	name = memory_print("%.*s", (int)strcspn(text.buf, "\n"), text.buf);
	if (!sshconf_split(name, &user, &host, &port))
		host = memory_copy("pve");
	if (!*host || port > 65535)
		abort();
	sshconf_init(&conf, host, user, 0);
	if (sshconf_read_text(&conf, "config", &text, &err) < 0 && !*err.text)
		abort();
	ask_for_all(&conf);
	return 0;
}
