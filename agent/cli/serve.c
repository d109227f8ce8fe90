/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/serve.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "cli/cli.h"
#include "model/key.h"
#include "model/spec.h"

/* Where more could be reached than VMs: not -c FILE, and no other root. */
#define SERVED_OPTIONS (CLI_CONFIG | CLI_FORMAT | CLI_YES | CLI_DRY_RUN | CLI_WAIT | CLI_REINIT | \
			CLI_QUIET | CLI_ALL | CLI_HELP | CLI_PRUNE | CLI_MARKED | CLI_SHARED | \
			CLI_FULL | CLI_PLAN | CLI_FOLLOW | CLI_RESTART | CLI_MOVE)

int serve_options(struct cli *cli, const struct cli *server, struct error *err)
{
	cli->root = server->root;
	cli->served = true;
	cli->read_only = server->given & CLI_READ_ONLY;
	if (cli->given & ~SERVED_OPTIONS)
		return error_set(err, ERROR_REFUSED, "this key may not give all of these options: "
				 "%s", cli->command_line);
	if (cli->given & CLI_CONFIG && strcmp(cli->config, "-") != 0)
		return error_set(err, ERROR_REFUSED, "this key may name no file of the node: send "
				 "the config (vyom bundle | ssh NODE vyom … -c -), or leave -c away "
				 "for the node's own");
	return 0;
}

int serve_bundle(const struct cli *cli, struct error *err)
{
	if (!cli->served || cli->bundle.sealed)
		return 0;
	return error_set(err, ERROR_REFUSED, "with this key a config must bring along the files "
			 "that it names: send what vyom bundle prints");
}

/*
 * Keys that name more of the node than a VM's own: programs, files, devices; options has
 * args and hookscript among it.  What is harmless of one may be said.
 */
static const struct { const char *name, *harmless; } reaching[] = {
	{ "key-sink", NULL },
	{ "key-file", NULL },
	{ "options", NULL },
	{ "serial", "socket" },
};

static bool is_reaching(const char *name, const char *text)
{
	for (size_t i = 0; i < sizeof(reaching) / sizeof(*reaching); i++)
		if (strcmp(name, reaching[i].name) == 0)
			return !reaching[i].harmless || strcmp(text, reaching[i].harmless) != 0;
	return false;
}

static int judge_sections(struct spec_section *const *sections, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		for (enum key_id key = 0; key < KEY_COUNT; key++)
			if (sections[i]->values[key] &&
			    is_reaching(key_table[key].name, sections[i]->values[key]->text))
				return error_set(err, ERROR_REFUSED, "%s \"%s\": with this key a config "
						 "may not say %s, which reaches the node itself: only "
						 "the node's own config may",
						 key_scope_name(sections[i]->scope),
						 sections[i]->name, key_table[key].name);
	return 0;
}

int serve_config(const struct cli *cli, struct error *err)
{
	const struct spec *spec = cli->spec;

	if (!cli->served || !cli->bundle.sealed)
		return 0;
	if (judge_sections(spec->templates, spec->template_count, err) < 0 ||
	    judge_sections(spec->clusters, spec->cluster_count, err) < 0 ||
	    judge_sections(spec->roles, spec->role_count, err) < 0)
		return -1;
	return judge_sections(spec->vms, spec->vm_count, err);
}

static int is_us(const char *word)
{
	return strcmp(word, "vyom") == 0 || strcmp(word, "/usr/sbin/vyom") == 0;
}

int cmd_serve_ssh(struct cli *cli, struct error *err)
{
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;
	const char *command = getenv("SSH_ORIGINAL_COMMAND");

	if (!command || !*command)
		return error_set(err, ERROR_REFUSED, "this key opens no session: it is for commands "
						     "like ssh NODE vyom status");
	if (strvec_unquote(&words, command, err) < 0)
		return error_prefix(err, "%s", command);
	if (!words.count || !is_us(words.items[0]))
		return error_set(err, ERROR_REFUSED, "this key is for vyom, and not for: %s",
				 command);
	return cli_dispatch((int)words.count, words.items, cli);
}
