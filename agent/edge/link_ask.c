/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link_ask.h"

#include <libssh/libssh.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "edge/secret.h"

enum { LONGEST = 1024 };

int link_ask_terminal(void *context, const char *path, struct secret *passphrase)
{
	CLEANUP(scope_free) char *prompt = memory_print("Passphrase for %s: ", path);
	char typed[LONGEST] = "";
	struct error ignored;
	int result = -1;

	(void)context;
	if (isatty(STDIN_FILENO) && ssh_getpass(prompt, typed, sizeof(typed), 0, 0) == 0 && *typed)
		result = secret_set(passphrase, typed, strlen(typed), &ignored);
	explicit_bzero(typed, sizeof(typed));
	return result;
}
