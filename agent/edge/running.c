/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/running.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "edge/clock.h"
#include "model/qm.h"
#include "base/scope.h"

static int compare_vmids(const void *left, const void *right)
{
	unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;

	return (a > b) - (a < b);
}

/* "101.pid" and nothing else */
static unsigned vmid_of(const char *name)
{
	size_t len = strspn(name, "0123456789");
	char digits[16];
	uint64_t vmid;

	if (len == 0 || len >= sizeof(digits) || strcmp(name + len, ".pid") != 0)
		return 0;
	memcpy(digits, name, len);
	digits[len] = '\0';
	return number_parse_unsigned(digits, 1, QM_VMID_MAX, &vmid) ? (unsigned)vmid : 0;
}

static void list_pid_files(struct running *running)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/run/qemu-server", running->root);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		unsigned vmid = vmid_of(entry->d_name);

		if (vmid)
			MEMORY_PUSH(running->vmids, running->count) = vmid;
	}
	closedir(dir);
	if (running->count)
		qsort(running->vmids, running->count, sizeof(*running->vmids), compare_vmids);
}

void running_open(struct running *running, const char *root)
{
	char path[PATH_MAX];

	*running = (struct running){ .root = root, .text = STRBUF_INIT };
	list_pid_files(running);
	snprintf(path, sizeof(path), "%s/proc/uptime", root);
	if (running->count && file_read(path, &running->text) == 0)
		running->now = strtod(running->text.buf, NULL);
	running->date = clock_wall();
}

void running_close(struct running *running)
{
	free(running->vmids);
	strbuf_release(&running->text);
	*running = (struct running){ .text = STRBUF_INIT };
}

static pid_t read_pid(struct running *running, unsigned vmid)
{
	char path[PATH_MAX];
	uint64_t pid;

	snprintf(path, sizeof(path), "%s/run/qemu-server/%u.pid", running->root, vmid);
	if (file_read(path, &running->text) < 0)
		return 0;
	running->text.buf[strcspn(running->text.buf, "\n")] = '\0';
	return number_parse_unsigned(running->text.buf, 1, INT_MAX, &pid) ? (pid_t)pid : 0;
}

/* …kvm, or …/qemu-system-x86_64 */
static bool is_kvm(const char *program)
{
	const char *slash = strrchr(program, '/'), *base = slash ? slash + 1 : program;
	size_t len = strlen(program);

	if (len >= 3 && strcmp(program + len - 3, "kvm") == 0)
		return true;
	return strncmp(base, "qemu-", 5) == 0 && base[5];
}

/* The words of a command line end with a NUL each. */
static bool is_started_with(const struct strbuf *words, const char *pidfile)
{
	const char *word = words->buf, *end = words->buf + words->len;
	bool wanted = false, same = false;

	for (; word < end; word += strlen(word) + 1) {
		if (wanted)
			same = strcmp(word, pidfile) == 0;
		wanted = strcmp(word, "-pidfile") == 0 || strcmp(word, "--pidfile") == 0;
	}
	return same;
}

static bool is_vm(struct running *running, unsigned vmid, pid_t pid)
{
	char path[PATH_MAX], pidfile[64];

	snprintf(path, sizeof(path), "%s/proc/%d/cmdline", running->root, (int)pid);
	if (file_read(path, &running->text) < 0 || !is_kvm(running->text.buf))
		return false;
	/* what kvm was told, whatever folder stands in front of ours */
	snprintf(pidfile, sizeof(pidfile), "/var/run/qemu-server/%u.pid", vmid);
	return is_started_with(&running->text, pidfile);
}

/* "pid (comm) state …": comm may hold anything, so count from its last ")". */
static bool read_start(struct running *running, pid_t pid, double *start)
{
	char path[PATH_MAX];
	const char *at;

	snprintf(path, sizeof(path), "%s/proc/%d/stat", running->root, (int)pid);
	if (file_read(path, &running->text) < 0)
		return false;
	at = strrchr(running->text.buf, ')');
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == '\0')
		return false;
	at++;
	for (int field = 3; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	*start = at ? (double)strtoull(at, NULL, 10) / (double)sysconf(_SC_CLK_TCK) : 0;
	return true;
}

bool running_read(struct running *running, unsigned vmid, pid_t *pid, double *uptime)
{
	pid_t found = 0;
	double start;

	if (running->count &&
	    bsearch(&vmid, running->vmids, running->count, sizeof(vmid), compare_vmids))
		found = read_pid(running, vmid);
	if (!found || !is_vm(running, vmid, found) || !read_start(running, found, &start))
		return false;
	*pid = found;
	*uptime = running->now > start ? running->now - start : 0;
	return true;
}
