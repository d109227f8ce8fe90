/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/pvefs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/site.h"
#include "model/storage.h"
#include "base/strbuf.h"

/*
 * /etc/pve/local is a link that pmxcfs makes, to nodes/NAME: it tells both that
 * the file system is mounted and who we are, and its owner's write bit is
 * how Proxmox itself asks for quorum (pve-facts 5.13, 5.16).
 */
static void read_mount(const char *root, struct state *state)
{
	char path[PATH_MAX], target[PATH_MAX];
	struct stat status;
	const char *slash;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/etc/pve/local", root);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	slash = strrchr(target, '/');
	free(state->node);
	state->node = memory_copy(slash ? slash + 1 : target);
	state->mounted = true;
	state->quorate = lstat(path, &status) == 0 && (status.st_mode & S_IWUSR);
}

static int read_memory(const char *root, struct state *state, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char path[PATH_MAX];
	const char *total;

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	if (file_read(path, &text) < 0)
		return error_set_errno(err, "%s", path);
	total = strstr(text.buf, "MemTotal:");
	if (!total)
		return error_set(err, ERROR_SYSTEM, "%s does not say how much memory the node has",
				 path);
	state->memory = strtoull(total + strlen("MemTotal:"), NULL, 10) * KIB;
	return 0;
}

/* As Proxmox counts them: the processors of the kernel's list. */
static void read_cpus(const char *root, struct state *state)
{
	CLEANUP(scope_fclose) FILE *file = NULL;
	CLEANUP(scope_free) char *line = NULL;
	char path[PATH_MAX];
	size_t room = 0;

	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	file = fopen(path, "re");
	while (file && getline(&line, &room, file) > 0)
		if (strncmp(line, "processor", 9) == 0 && strchr(" \t:", line[9]))
			state->cpus++;
}

/* Without it one only knows less. */
static void read_mtu(const char *root, const char *bridge, struct state *state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *path = memory_print("%s/sys/class/net/%s/mtu", root, bridge);
	uint64_t mtu;

	if (file_read(path, &text) < 0)
		return;
	text.buf[strcspn(text.buf, "\n")] = '\0';
	if (number_parse_unsigned(text.buf, 1, UINT32_MAX, &mtu))
		MEMORY_PUSH(state->mtus, state->mtu_count) =
			(struct state_mtu){ memory_copy(bridge), (unsigned)mtu };
}

/* The kernel shows one as it shows any interface: what it is stands in what it was set up from. */
static void read_switches(const char *root, struct state *state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(strvec_release) struct strvec switches = STRVEC_INIT;
	CLEANUP(scope_free) char *path = memory_print("%s/etc/network/interfaces", root);

	if (file_read(path, &text) < 0)
		return;
	site_parse_switches(text.buf, &switches);
	for (size_t i = 0; i < switches.count; i++) {
		CLEANUP(scope_free) char *link =
			memory_print("%s/sys/class/net/%s", root, switches.items[i]);

		if (strchr(switches.items[i], '/') || access(link, F_OK) != 0 ||
		    strvec_contains(&state->bridges, switches.items[i]))
			continue;
		strvec_push(&state->bridges, switches.items[i]);
		read_mtu(root, switches.items[i], state);
	}
}

static void read_cpu_models(const char *root, struct state *state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *path =
		memory_print("%s/etc/pve/virtual-guest/cpu-models.conf", root);

	if (file_read(path, &text) == 0)
		site_parse_cpu_models(text.buf, &state->cpu_models);
}

/* Bridges of the kernel, SDN's among them, and of an Open vSwitch, which has no such folder. */
static int read_bridges(const char *root, struct state *state, struct error *err)
{
	char path[PATH_MAX], folder[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/sys/class/net", root);
	dir = opendir(folder);
	if (!dir)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", folder);
	while ((entry = readdir(dir))) {
		int len = snprintf(path, sizeof(path), "%s/sys/class/net/%s/bridge", root,
				   entry->d_name);

		if (*entry->d_name == '.' || len >= (int)sizeof(path) || access(path, F_OK) != 0)
			continue;
		strvec_push(&state->bridges, entry->d_name);
		read_mtu(root, entry->d_name, state);
	}
	closedir(dir);
	read_switches(root, state);
	strvec_sort(&state->bridges);
	return 0;
}

static int read_storages(const char *root, struct state *state, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc/pve/storage.cfg", root);
	if (file_read(path, &text) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", path);
	storage_parse(text.buf, state);
	return 0;
}

/* The first address behind nameserver, three times; the first word of the last search, as Proxmox. */
static void parse_resolver(char *text, struct state *state)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *rest = line + strspn(line, " \t"), *word = strsep(&rest, " \t");

		if (!rest)
			continue;
		rest += strspn(rest, " \t");
		rest[strcspn(rest, " \t\r")] = '\0';
		if (strcmp(word, "nameserver") == 0 && state->nameservers.count < 3) {
			strvec_push(&state->nameservers, rest);
		} else if (strcmp(word, "search") == 0 || strcmp(word, "domain") == 0) {
			free(state->search);
			state->search = memory_copy(rest);
		}
	}
}

/* What a guest gets that declares none of its own: without it one only knows less. */
static void read_resolver(const char *root, struct state *state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc/resolv.conf", root);
	if (file_read(path, &text) == 0)
		parse_resolver(text.buf, state);
}

int pvefs_read_node(const char *root, struct state *state, struct error *err)
{
	read_mount(root, state);
	if (read_memory(root, state, err) < 0 || read_bridges(root, state, err) < 0)
		return -1;
	read_cpus(root, state);
	read_cpu_models(root, state);
	read_resolver(root, state);
	return state->mounted ? read_storages(root, state, err) : 0;
}

/* The value of field in the paragraph that begins at text, or NULL. */
static char *copy_field(const char *text, const char *field)
{
	const char *end = strstr(text, "\n\n"), *at = strstr(text, field);

	if (!at || (end && at > end))
		return NULL;
	at += strlen(field);
	return memory_print("%.*s", (int)strcspn(at, "\n"), at);
}

int pvefs_read_version(const char *root, char **version, struct error *err)
{
	static const char package[] = "\nPackage: pve-manager\n";
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_free) char *installed = NULL;
	char path[PATH_MAX];
	const char *found;

	*version = NULL;
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", root);
	if (file_read(path, &text) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", path);
	found = strncmp(text.buf, package + 1, strlen(package + 1)) == 0 ? text.buf :
		strstr(text.buf, package);
	if (!found)
		return 0;
	found++;
	installed = copy_field(found, "\nStatus: ");
	if (!installed || strstr(installed, " installed"))
		*version = copy_field(found, "\nVersion: ");
	return 0;
}

/* As a whole word behind a storage's colon: vm-101-disk-1 is not in ":vm-101-disk-10". */
static bool names_volume(const char *text, const char *volume)
{
	size_t len = strlen(volume);

	for (const char *at = text; (at = strstr(at, volume)); at++)
		if (at > text && at[-1] == ':' && !isalnum((unsigned char)at[len]) &&
		    !strchr("_-.+", at[len] ? at[len] : ' '))
			return true;
	return false;
}

bool pvefs_container_names(const char *root, const char *node, const char *volume)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char path[PATH_MAX], folder[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/etc/pve/nodes/%s/lxc", root, node);
	dir = opendir(folder);
	if (!dir)
		return errno != ENOENT;
	while (!found && (entry = readdir(dir))) {
		const char *suffix = strstr(entry->d_name, ".conf");

		if (!suffix || suffix[strlen(".conf")])
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path) ||
		    file_read(path, &text) < 0)
			found = errno != ENOENT;
		else
			found = names_volume(text.buf, volume);
	}
	closedir(dir);
	return found;
}
