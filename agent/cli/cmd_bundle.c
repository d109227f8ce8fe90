/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "edge/spec_conf.h"

char *cli_make_bundle(struct cli *cli, struct error *err)
{
	const char *unsendable;
	char *line, *path;

	/* a relative name would mean another file there */
	if (cli->config[0] != '/' && strcmp(cli->config, "-") != 0) {
		path = realpath(cli->config, NULL);
		if (!path) {
			error_set_errno(err, "%s: cannot be read", cli->config);
			return NULL;
		}
		free(cli->config);
		cli->config = path;
	}
	if (cli_read_spec(cli, err) < 0 ||
	    spec_conf_read_guest_files(cli->spec, &cli->bundle, err) < 0)
		return NULL;
	line = bundle_print(&cli->bundle, &unsendable);
	if (!line)
		error_set(err, ERROR_SPEC, "%s is no text (UTF-8), and cannot be sent along: put "
			  "it on the node, and run vyom there", unsendable);
	return line;
}

int cmd_bundle(struct cli *cli, struct error *err)
{
	CLEANUP(scope_free) char *line = cli_make_bundle(cli, err);

	if (!line)
		return -1;
	printf("%s\n", line);
	return CLI_OK;
}
