/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deploy - bring vyom's Debian package to nodes, and install it there
 *
 * One node after the other: what release it is, and what it has; the package into a folder of
 * root's own; is it there as it is here?; apt.
 */
#include "cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "cli/document.h"
#include "cli/outpost_part.h"
#include "cli/report.h"
#include "edge/link.h"
#include "edge/link_ask.h"
#include "edge/secret.h"

enum { PACKAGE_LARGEST = 256 << 20 };

/* One node, while it is looked after. */
struct deploy {
	struct outpost_node *node;
	const char *given;	/* the package, or a folder of them; NULL: this folder */
	struct link *link;
	bool ready, over;	/* over: failed, or lost; why is in err */
	bool running;		/* a command is */
	int status;		/* of the last one */
	struct strbuf output, complaint;
	struct error err;
};

static void take_ready(void *context)
{
	struct deploy *deploy = context;

	deploy->ready = true;
}

static void take_failure(void *context, const struct error *err)
{
	struct deploy *deploy = context;

	deploy->over = true;
	deploy->err = *err;
}

static void take_output(void *context, const char *data, size_t len)
{
	struct deploy *deploy = context;

	strbuf_add(&deploy->output, data, len);
}

static void take_complaint(void *context, const char *data, size_t len)
{
	struct deploy *deploy = context;

	strbuf_add(&deploy->complaint, data, len);
}

static void take_end(void *context, int status, const char *signal)
{
	struct deploy *deploy = context;

	(void)signal;
	deploy->status = status;
	deploy->running = false;
}

static int wait_for(struct deploy *deploy, const bool *what, bool wanted, struct error *err)
{
	while (*what != wanted && !deploy->over)
		links_turn(deploy->node->outpost->links, NULL, 0, -1);
	if (deploy->over)
		*err = deploy->err;
	return deploy->over ? -1 : 0;
}

static int connect_to(struct deploy *deploy, struct error *err)
{
	const struct link_target target = {
		.host = deploy->node->host, .user = deploy->node->user, .port = deploy->node->port,
	};
	const struct link_calls calls = {
		.ready = take_ready, .failed = take_failure, .lost = take_failure, .context = deploy,
	};

	deploy->link = link_open(deploy->node->outpost->links, &target, &calls);
	return wait_for(deploy, &deploy->ready, true, err);
}

/* Run the words up to NULL there; what they print is in output.  -1: only if that is not known. */
static int run(struct deploy *deploy, struct error *err, ...) __attribute__((sentinel));

static int run(struct deploy *deploy, struct error *err, ...)
{
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	const struct link_command_calls calls = {
		.output = take_output, .error_output = take_complaint,
		.ended = take_end, .failed = take_failure, .context = deploy,
	};
	const char *word;
	va_list args;

	va_start(args, err);
	while ((word = va_arg(args, const char *)))
		strvec_push(&words, word);
	va_end(args);
	strvec_quote(&words, &line);
	strbuf_reset(&deploy->output);
	strbuf_reset(&deploy->complaint);
	deploy->running = true;
	link_exec(deploy->link, line.buf, &calls);
	return wait_for(deploy, &deploy->running, false, err);
}

/* The last line of what it said. */
static const char *last_line(struct strbuf *text)
{
	char *end = text->buf + text->len, *line;

	while (end > text->buf && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(text->buf, '\n');
	return line ? line + 1 : text->buf;
}

static int fail(struct deploy *deploy, const char *what, struct error *err)
{
	const char *said = last_line(deploy->complaint.len ? &deploy->complaint : &deploy->output);

	return error_set(err, ERROR_COMMAND, "%s: exit status %d%s%s", what, deploy->status,
			 *said ? ": " : "", said);
}

/* --- the package --- */

/* What "NAME=" stands for in /etc/os-release, without quotes; caller frees. */
static char *release_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; text && *text; text = strchr(text, '\n'), text += text ? 1 : 0) {
		const char *value = text + len + 1;

		if (strncmp(text, name, len) != 0 || text[len] != '=')
			continue;
		value += *value == '"';
		return memory_print("%.*s", (int)strcspn(value, "\"\n"), value);
	}
	return memory_copy("");
}

/* "vyom_0.1.0+deb12_amd64.deb": what make deb calls it on that release; caller frees. */
static int name_package(struct deploy *deploy, char **name, struct error *err)
{
	CLEANUP(scope_free) char *id = NULL, *version = NULL;

	if (run(deploy, err, "cat", "/etc/os-release", NULL) < 0)
		return -1;
	id = release_value(deploy->output.buf, "ID");
	version = release_value(deploy->output.buf, "VERSION_ID");
	if (strcmp(id, "debian") != 0 || !*version)
		return error_set(err, ERROR_REFUSED, "it is no Debian (\"%s\"), as a Proxmox VE node "
				 "is", id);
	if (run(deploy, err, "dpkg", "--print-architecture", NULL) < 0)
		return -1;
	if (deploy->status != 0)
		return fail(deploy, "dpkg --print-architecture", err);
	*name = memory_print("vyom_%s+deb%s_%s.deb", PACKAGE_VERSION, version,
			     last_line(&deploy->output));
	return 0;
}

static int open_package(struct deploy *deploy, const char *name, struct error *err)
{
	const char *given = deploy->given ? deploy->given : ".";
	CLEANUP(scope_free) char *path = memory_print("%s/%s", given, name);
	struct stat status;
	int fd;

	if (stat(given, &status) == 0 && !S_ISDIR(status.st_mode)) {
		free(path);
		path = memory_copy(given);
	}
	if (access(path, F_OK) < 0)
		return error_set(err, ERROR_REFUSED, "%s is not there: run make deb on the release "
				 "that the node has, and name the file or its folder", path);
	fd = file_open_trusted(path, err);
	if (fd < 0)
		return error_prefix(err, "%s", path);
	if (fstat(fd, &status) == 0 && status.st_size <= PACKAGE_LARGEST)
		return fd;
	close(fd);
	return error_set(err, ERROR_SPEC, "%s is larger than 256 MiB, which is no package of vyom",
			 path);
}

static int check_there(struct deploy *deploy, int fd, const char *path, struct error *err)
{
	char digest[DIGEST_SHA256_TEXT];
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, "the package");
	if (file_digest(fd, (uint64_t)status.st_size, NULL, NULL, digest, err) < 0)
		return error_prefix(err, "the package");
	if (run(deploy, err, "sha256sum", "--", path, NULL) < 0)
		return -1;
	if (deploy->status != 0)
		return fail(deploy, "sha256sum", err);
	if (strncmp(deploy->output.buf, digest, strlen(digest)) != 0)
		return error_set(err, ERROR_SYSTEM, "the package is not there as it is here: its "
				 "SHA-256 differs; nothing was installed");
	return 0;
}

/* "" where there is none */
static int ask_version(struct deploy *deploy, char **version, struct error *err)
{
	if (run(deploy, err, "dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "vyom",
		NULL) < 0)
		return -1;
	*version = strncmp(deploy->output.buf, "installed ", 10) == 0 ?
		   memory_copy(deploy->output.buf + 10) : memory_copy("");
	return 0;
}

/* Its own words for a config file that was changed: keep it. */
static int install(struct deploy *deploy, const char *path, struct error *err)
{
	if (run(deploy, err, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "apt-get",
		"install", "--yes", "--quiet", "--no-install-recommends",
		"-o", "APT::Sandbox::User=root", "-o", "Dpkg::Use-Pty=0",
		"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
		path, NULL) < 0)
		return -1;
	return deploy->status == 0 ? 0 : fail(deploy, "apt-get install", err);
}

/* In a folder that is gone afterwards, whatever happened. */
static int bring(struct deploy *deploy, int fd, const char *name, struct error *err)
{
	CLEANUP(scope_free) char *folder = NULL, *path = NULL;
	struct error ignored;
	int result;

	if (link_make_folder(deploy->link, "/var/tmp/vyom-", &folder, err) < 0)
		return -1;
	path = memory_print("%s/%s", folder, name);
	result = link_put_file(deploy->link, fd, path, err);
	if (result == 0)
		result = check_there(deploy, fd, path, err);
	if (result == 0)
		result = install(deploy, path, err);
	if (!deploy->over) {
		link_remove_file(deploy->link, path, &ignored);
		link_remove_folder(deploy->link, folder, &ignored);
	}
	return result;
}

static int deploy_node(struct deploy *deploy, struct error *err)
{
	CLEANUP(scope_free) char *before = NULL, *after = NULL, *name = NULL;
	CLEANUP(scope_close) int fd = -1;

	if (connect_to(deploy, err) < 0 || name_package(deploy, &name, err) < 0)
		return -1;
	fd = open_package(deploy, name, err);
	if (fd < 0 || ask_version(deploy, &before, err) < 0 || bring(deploy, fd, name, err) < 0 ||
	    ask_version(deploy, &after, err) < 0)
		return -1;
	report_show(deploy->node->outpost->cli->report, json_pack("{s:s, s:s, s:s, s:s, s:s}",
		"event", "deployed", "node", deploy->node->name, "package", name,
		"before", before, "after", after));
	return 0;
}

static int deploy_all(struct outpost *outpost, const char *given)
{
	int worst = CLI_OK;

	for (size_t i = 0; i < outpost->count; i++) {
		struct deploy deploy = {
			.node = &outpost->nodes[i], .given = given,
			.output = STRBUF_INIT, .complaint = STRBUF_INIT,
		};
		struct error err = { .kind = ERROR_NONE };

		if (deploy_node(&deploy, &err) < 0) {
			outpost_tell(deploy.node, err.text);
			worst = err.kind == ERROR_REFUSED && worst == CLI_OK ? CLI_REFUSED : CLI_FAILED;
		}
		link_close(&deploy.link);
		strbuf_release(&deploy.output);
		strbuf_release(&deploy.complaint);
	}
	return worst;
}

int cmd_deploy(struct cli *cli, struct error *err)
{
	CLEANUP(outpost_release) struct outpost outpost = { .cli = cli };
	const char *given = cli->arg_count ? cli->args[0] : NULL;

	if (outpost_choose(&outpost, err) < 0 || secret_forbid_dump(err) < 0)
		return -1;
	outpost.links = links_new(&(struct links_options){ .ask = link_ask_terminal });
	return deploy_all(&outpost, given);
}
