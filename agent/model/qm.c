/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/qm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "base/strvec.h"

/*
 * The limits: inline verbs wait up to 10 s for a lock and work for some more;
 * start has a timeout of its own, 30 s and more for large guests (pve-facts
 * 4.11); shutdown is given its bound in its argv.  A slow node gets generous
 * room: being wrong here costs a person's attention.
 */
static const struct {
	const char *name;
	unsigned limit;
	unsigned traits;
} verbs[QM_VERB_COUNT] = {
	[QM_CLONE]	= { "clone", 0, QM_ALLOCATES | QM_COPIES | QM_MAKES | QM_LEAVES },
	[QM_SET]	= { "set", 180, QM_GUARDED },
	[QM_ALLOC]	= { "alloc", 300, QM_ALLOCATES | QM_REPEATS },
	[QM_EFIDISK]	= { "efidisk", 300, QM_ALLOCATES | QM_NAMES | QM_LEAVES | QM_GUARDED },
	[QM_RESIZE]	= { "resize", 300, QM_ALLOCATES | QM_GUARDED | QM_REPEATS },
	[QM_MOVE]	= { "move", 0, QM_ALLOCATES | QM_COPIES | QM_NAMES | QM_LEAVES |
				       QM_GUARDED | QM_REPEATS },
	[QM_RESCAN]	= { "rescan", 300, 0 },
	[QM_START]	= { "start", 600, 0 },
	[QM_SHUTDOWN]	= { "shutdown", 600, 0 },
	[QM_DESTROY]	= { "destroy", 600, QM_LEAVES },
	[QM_FREE]	= { "free", 300, QM_REPEATS },
	[QM_CREATE]	= { "create", 0, QM_ALLOCATES | QM_COPIES | QM_MAKES | QM_LEAVES },
	[QM_STOP]	= { "stop", 300, 0 },
	[QM_TEMPLATE]	= { "template", 300, 0 },
	[QM_FETCH]	= { "fetch", 0, 0 },
	[QM_POOL]	= { "pool", 120, 0 },
	[QM_RENAME]	= { "rename", 60, 0 },
	[QM_SNIPPET]	= { "snippet", 60, QM_OWN | QM_REPEATS },
	[QM_CHECK]	= { "check", 0, QM_OWN },
	[QM_KEY]	= { "key", 600, QM_OWN },
	[QM_GUEST]	= { "guest", 0, QM_OWN },
	[QM_SEAL]	= { "seal", 0, QM_OWN },
	[QM_WAIT]	= { "wait", 3600, QM_OWN },
};

const char *qm_verb_name(enum qm_verb verb)
{
	return verbs[verb].name;
}

enum qm_verb qm_verb_find(const char *name)
{
	enum qm_verb verb = 0;

	while (verb < QM_VERB_COUNT && strcmp(verbs[verb].name, name) != 0)
		verb++;
	return verb;
}

unsigned qm_verb_limit(enum qm_verb verb)
{
	return verbs[verb].limit;
}

bool qm_verb_has(enum qm_verb verb, enum qm_trait trait)
{
	return verb < QM_VERB_COUNT && verbs[verb].traits & trait;
}

const char *qm_prefix(const char *name)
{
	enum qm_verb verb = qm_verb_find(name);

	if (verb == QM_MOVE)
		return "qm disk ";
	return qm_verb_has(verb, QM_OWN) || verb == QM_EFIDISK ? "" : "qm ";
}

char *qm_program(const char *root, const char *name)
{
	return memory_print("%s/usr/%s/%s", root, strcmp(name, "pvesh") == 0 ? "bin" : "sbin", name);
}

void qm_clone(struct strvec *argv, unsigned template, unsigned vmid, const char *name,
	      const char *description, bool full, const char *storage)
{
	strvec_pushl(argv, "qm", "clone", NULL);
	strvec_pushf(argv, "%u", template);
	strvec_pushf(argv, "%u", vmid);
	strvec_pushl(argv, "--name", name, "--description", description, "--full", full ? "1" : "0",
		     NULL);
	if (full && storage)
		strvec_pushl(argv, "--storage", storage, NULL);
}

void qm_clone_slowly(struct strvec *argv, uint64_t kib)
{
	strvec_push(argv, "--bwlimit");
	strvec_pushf(argv, "%llu", (unsigned long long)kib);
}

void qm_pool(struct strvec *argv, const char *pool, unsigned vmid)
{
	strvec_pushl(argv, "pvesh", "set", "/pools", "--poolid", pool, "--vms", NULL);
	strvec_pushf(argv, "%u", vmid);
	strvec_pushl(argv, "--allow-move", "1", NULL);
}

void qm_alloc(struct strvec *argv, const char *storage, unsigned vmid, const char *name,
	      uint64_t bytes)
{
	strvec_pushl(argv, "pvesm", "alloc", storage, NULL);
	strvec_pushf(argv, "%u", vmid);
	strvec_push(argv, name);
	strvec_pushf(argv, "%lluM", (unsigned long long)(bytes / MIB));
}

void qm_create(struct strvec *argv, unsigned vmid)
{
	strvec_pushl(argv, "qm", "create", NULL);
	strvec_pushf(argv, "%u", vmid);
}

void qm_set(struct strvec *argv, unsigned vmid)
{
	strvec_pushl(argv, "qm", "set", NULL);
	strvec_pushf(argv, "%u", vmid);
}

void qm_set_option(struct strvec *argv, const char *option, const char *value)
{
	strvec_pushf(argv, "--%s", option);
	strvec_push(argv, value);
}

void qm_set_delete(struct strvec *argv, const char *options)
{
	strvec_pushl(argv, "--delete", options, NULL);
}

void qm_set_secret(struct strvec *argv, const char *option)
{
	strvec_pushf(argv, "--%s", option);
}

void qm_guard(struct strvec *argv, const char *digest)
{
	strvec_pushl(argv, "--digest", digest, NULL);
}

void qm_resize(struct strvec *argv, unsigned vmid, const char *disk, uint64_t bytes)
{
	char size[NUMBER_TEXT];

	strvec_pushl(argv, "qm", "resize", NULL);
	strvec_pushf(argv, "%u", vmid);
	strvec_pushl(argv, disk, number_format_size(bytes, size), NULL);
}

void qm_move(struct strvec *argv, unsigned vmid, const char *disk, const char *storage)
{
	strvec_pushl(argv, "qm", "disk", "move", NULL);
	strvec_pushf(argv, "%u", vmid);
	strvec_pushl(argv, disk, storage, NULL);
}

bool qm_move_is_of(const struct strvec *argv, const char *disk)
{
	return argv->count > 4 && strcmp(argv->items[2], "move") == 0 &&
	       strcmp(argv->items[4], disk) == 0;
}

bool qm_move_read(const char *line, char slot[16], char storage[101])
{
	return sscanf(line, "qm disk move %*u %15s %100s", slot, storage) == 2;
}

void qm_rescan(struct strvec *argv, unsigned vmid)
{
	strvec_pushl(argv, "qm", "disk", "rescan", "--vmid", NULL);
	strvec_pushf(argv, "%u", vmid);
}

void qm_start(struct strvec *argv, unsigned vmid)
{
	strvec_pushl(argv, "qm", "start", NULL);
	strvec_pushf(argv, "%u", vmid);
}

void qm_shutdown_asked(struct strvec *argv, unsigned vmid, unsigned seconds)
{
	strvec_pushl(argv, "qm", "shutdown", NULL);
	strvec_pushf(argv, "%u", vmid);
	strvec_push(argv, "--timeout");
	strvec_pushf(argv, "%u", seconds);
}

void qm_shutdown(struct strvec *argv, unsigned vmid, unsigned seconds)
{
	qm_shutdown_asked(argv, vmid, seconds);
	strvec_pushl(argv, "--forceStop", "1", NULL);
}

void qm_stop(struct strvec *argv, unsigned vmid)
{
	strvec_pushl(argv, "qm", "stop", NULL);
	strvec_pushf(argv, "%u", vmid);
}

void qm_template(struct strvec *argv, unsigned vmid, const char *disk)
{
	strvec_pushl(argv, "qm", "template", NULL);
	strvec_pushf(argv, "%u", vmid);
	if (disk)
		strvec_pushl(argv, "--disk", disk, NULL);
}

void qm_rename(struct strvec *argv, const char *vg, const char *from, const char *to)
{
	strvec_pushl(argv, "lvrename", vg, from, to, NULL);
}

void qm_fetch(struct strvec *argv, const char *node, const char *volid, const char *url,
	      const char *sha256)
{
	const char *content = volid + strcspn(volid, ":") + 1;
	const char *name = strchr(content, '/');

	strvec_pushl(argv, "pvesh", "create", NULL);
	strvec_pushf(argv, "/nodes/%s/storage/%.*s/download-url", node, (int)strcspn(volid, ":"),
		     volid);
	strvec_push(argv, "--content");
	strvec_pushf(argv, "%.*s", (int)strcspn(content, "/"), content);
	strvec_pushl(argv, "--filename", name ? name + 1 : "", "--url", url,
		     "--checksum-algorithm", "sha256", "--checksum", sha256, NULL);
}

static void add_agent(struct strvec *argv, const char *command, unsigned vmid)
{
	strvec_pushl(argv, "qm", "guest", command, NULL);
	strvec_pushf(argv, "%u", vmid);
}

void qm_agent_ping(struct strvec *argv, unsigned vmid)
{
	add_agent(argv, "cmd", vmid);
	strvec_push(argv, "ping");
}

void qm_agent_addresses(struct strvec *argv, unsigned vmid)
{
	add_agent(argv, "cmd", vmid);
	strvec_push(argv, "network-get-interfaces");
}

void qm_agent_cloudinit(struct strvec *argv, unsigned vmid)
{
	add_agent(argv, "exec", vmid);
	strvec_pushl(argv, "--", "cloud-init", "status", "--long", NULL);
}

bool qm_agent_is_late(const char *complaint)
{
	return strstr(complaint, "QEMU guest agent is not running") ||
	       (strstr(complaint, "qga command") && strstr(complaint, "got timeout"));
}

void qm_destroy(struct strvec *argv, unsigned vmid)
{
	strvec_pushl(argv, "qm", "destroy", NULL);
	strvec_pushf(argv, "%u", vmid);
	strvec_pushl(argv, "--purge", "1", NULL);
}

void qm_destroy_locked(struct strvec *argv, unsigned vmid)
{
	qm_destroy(argv, vmid);
	strvec_pushl(argv, "--skiplock", "1", NULL);
}

void qm_snippet(struct strvec *argv, const char *volid, const char *sha256)
{
	strvec_pushl(argv, "snippet", volid, "sha256", sha256, NULL);
}

const char *qm_snippet_read(const char *line, const char *volid)
{
	static const char head[] = "snippet ", tail[] = " sha256 ";
	size_t len = strlen(volid);

	if (!line || strncmp(line, head, strlen(head)) != 0)
		return NULL;
	line += strlen(head);
	if (strncmp(line, volid, len) != 0 || strncmp(line + len, tail, strlen(tail)) != 0)
		return NULL;
	return line + len + strlen(tail);
}

void qm_free(struct strvec *argv, const char *volid)
{
	strvec_pushl(argv, "pvesm", "free", volid, NULL);
}

bool qm_lock_passes(const char *lock)
{
	static const char *const passing[] = {
		"backup", "migrate", "rollback", "snapshot", "snapshot-delete", "suspending",
	};

	for (size_t i = 0; lock && i < sizeof(passing) / sizeof(*passing); i++)
		if (strcmp(lock, passing[i]) == 0)
			return true;
	return false;
}

bool qm_lock_is_debris(const char *lock)
{
	return lock && (strcmp(lock, "clone") == 0 || strcmp(lock, "create") == 0 ||
			strcmp(lock, "destroyed") == 0);
}

/* Lines of work as usual, on whichever stream they come. */
static bool is_usual(const char *line, size_t len)
{
	static const char usage[] = "> [OPTIONS]";
	static const char *const usual[] = {
		"update VM ",
		"trying to acquire lock...",
		" OK",
		"transferred ",
		"  Logical volume ",
		"  Size of logical volume ",
		"  WARNING: ",
		"  Renamed ",
		"create full clone ",
		"create linked clone ",
		"generating cloud-init ISO",
		"purging VM ",
		"UPID:",
		/* a line before it says why */
		"download failed: exit code ",
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (strncmp(line, usual[i], strlen(usual[i])) == 0)
			return true;
	/* how the command is called, said below what is wrong with the call */
	if (len > strlen(usage) && strncmp(line + len - strlen(usage), usage, strlen(usage)) == 0)
		return true;
	return strspn(line, " \t") >= len;
}

void qm_output_complaint(const char *output, struct strbuf *text)
{
	const char *found = NULL;
	size_t found_len = 0;

	for (const char *line = output; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");

		if (is_usual(line, len))
			continue;
		found = line;
		found_len = len;
	}
	if (found)
		strbuf_add(text, found, found_len);
}

/*
 * "got timeout" alone would match a guest that did not power down as well: only
 * the locks' own sentences count.
 */
bool qm_output_is_busy(const char *output)
{
	const char *file = strstr(output, "can't lock file '");
	const char *locked = strstr(output, "VM is locked (");
	char lock[32];

	if (file && strstr(file, "- got timeout"))
		return true;
	if (locked && sscanf(locked, "VM is locked (%31[a-z-])", lock) == 1)
		return qm_lock_passes(lock);
	return strstr(output, "got lock request timeout") != NULL;
}

bool qm_output_is_mismatch(const char *output)
{
	return strstr(output, "checksum mismatch (") != NULL;
}

bool qm_output_is_clash(const char *output)
{
	return strstr(output, "config file already exists") ||
	       strstr(output, "already exists on node") || strstr(output, ".conf' failed: File exists");
}

int qm_output_percent(const char *output)
{
	int percent = -1;

	for (const char *at = output; (at = strstr(at, "transferred ")); at++) {
		size_t open = strcspn(at, "(\n");

		/* the last line may be torn: qm is still writing it */
		if (at[open] == '(' && strchr(at + open, '%'))
			percent = (int)strtol(at + open + 1, NULL, 10);
	}
	return percent;
}
