/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/pvefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include <jansson.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "model/qm.h"
#include "edge/running.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/vmconf.h"

static bool is_object_or_none(const json_t *json)
{
	return !json || json_is_object(json);
}

/* The guests of .vmlist by vmid; the key is missing where there are none.  NULL: not readable. */
static json_t *read_vmlist(const char *root, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	json_auto_t *list = NULL;
	char path[PATH_MAX];
	json_error_t where;
	json_t *ids;

	snprintf(path, sizeof(path), "%s/etc/pve/.vmlist", root);
	if (file_read(path, &text) < 0) {
		error_set_errno(err, "%s", path);
		return NULL;
	}
	list = json_loadb(text.buf, text.len, 0, &where);
	if (!json_is_object(list) || !is_object_or_none(json_object_get(list, "ids"))) {
		error_set(err, ERROR_SYSTEM,
			  "%s, the cluster's list of guests, makes no sense (line %d: %s): is "
			  "pve-cluster well (systemctl status pve-cluster)?",
			  path, where.line, list ? "no list of guests" : where.text);
		return NULL;
	}
	ids = json_object_get(list, "ids");
	return json_is_object(ids) ? json_incref(ids) : json_object();
}

static void add_local(json_t *ids, const char *node, const char *id)
{
	if (!json_object_get(ids, id))
		json_object_set_new(ids, id, json_pack("{s:s, s:s}", "node", node, "type", "qemu"));
}

/*
 * .vmlist may lag behind the configs for a moment (pve-facts 5.16), and a VM must
 * never be taken for gone that is not: what has a config here is there.
 */
static void add_unlisted(const char *root, const char *node, json_t *ids)
{
	char path[PATH_MAX], id[16];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/etc/pve/nodes/%s/qemu-server", root, node);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		size_t len = strspn(entry->d_name, "0123456789");

		if (len == 0 || len >= sizeof(id) || strcmp(entry->d_name + len, ".conf") != 0)
			continue;
		memcpy(id, entry->d_name, len);
		id[len] = '\0';
		add_local(ids, node, id);
	}
	if (folder)
		closedir(folder);
}

/* One guest as .vmlist has it: "101": { "node": "pve", "type": "qemu", "version": 20 } */
static int parse_guest(const struct state *state, const char *id, json_t *entry,
		       struct state_guest *guest, struct error *err)
{
	const char *node = json_string_value(json_object_get(entry, "node"));
	const char *type = json_string_value(json_object_get(entry, "type"));
	uint64_t vmid;

	if (!node || !type || *id == '0' || !number_parse_unsigned(id, 1, QM_VMID_MAX, &vmid))
		return error_set(err, ERROR_SYSTEM,
				 "/etc/pve/.vmlist: guest \"%s\" needs a VMID, a node and a type",
				 id);
	guest->vmid = (unsigned)vmid;
	guest->node = memory_copy(node);
	guest->kind = strcmp(type, "qemu") == 0 ? STATE_QEMU : STATE_LXC;
	guest->local = state->node && strcmp(node, state->node) == 0;
	return 0;
}

/* A config that vanished since .vmlist was read is no error: conf stays NULL. */
static int read_conf(const char *root, struct state_guest *guest, struct strbuf *text,
		     struct error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc/pve/nodes/%s/qemu-server/%u.conf", root, guest->node,
		 guest->vmid);
	if (file_read(path, text) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", path);
	guest->conf = vmconf_parse(text->buf, text->len);
	return 0;
}

static int read_guest(struct running *running, const struct state *state, const char *id,
		      json_t *entry, struct state_guest *guest, struct error *err)
{
	if (parse_guest(state, id, entry, guest, err) < 0)
		return -1;
	if (!guest->local || guest->kind != STATE_QEMU)
		return 0;
	if (running_read(running, guest->vmid, &guest->pid, &guest->uptime))
		guest->since = running->date - guest->uptime;
	return read_conf(running->root, guest, &running->text, err);
}

static int compare_guests(const void *left, const void *right)
{
	const struct state_guest *a = left, *b = right;

	return (a->vmid > b->vmid) - (a->vmid < b->vmid);
}

static void sort_guests(struct state *state)
{
	if (state->guest_count)
		qsort(state->guests, state->guest_count, sizeof(*state->guests), compare_guests);
}

static void drop_guests(struct state *state)
{
	for (size_t i = 0; i < state->guest_count; i++)
		state_guest_release(&state->guests[i]);
	free(state->guests);
	state->guests = NULL;
	state->guest_count = 0;
}

int pvefs_read_guests(const char *root, struct state *state, struct error *err)
{
	CLEANUP(running_close) struct running running = { .text = STRBUF_INIT };
	json_auto_t *ids = NULL;
	const char *id;
	json_t *entry;

	drop_guests(state);
	if (!state->mounted)
		return 0;
	ids = read_vmlist(root, err);
	if (!ids)
		return -1;
	add_unlisted(root, state->node, ids);
	running_open(&running, root);
	json_object_foreach(ids, id, entry) {
		struct state_guest guest = { 0 };
		int result = read_guest(&running, state, id, entry, &guest, err);

		MEMORY_PUSH(state->guests, state->guest_count) = guest;
		if (result < 0)
			return -1;
	}
	sort_guests(state);
	return pvefs_read_memberships(root, state, 0, err);
}

static void remove_guest(struct state *state, struct state_guest *guest)
{
	state_guest_release(guest);
	state->guest_count--;
	memmove(guest, guest + 1,
		(size_t)(state->guests + state->guest_count - guest) * sizeof(*guest));
}

int pvefs_read_guest(const char *root, struct state *state, unsigned vmid, struct error *err)
{
	CLEANUP(running_close) struct running running = { .text = STRBUF_INIT };
	json_auto_t *ids = read_vmlist(root, err);
	struct state_guest *old = state_find_guest(state, vmid), fresh = { 0 };
	char id[16], path[PATH_MAX];
	json_t *entry;

	if (!ids)
		return -1;
	snprintf(id, sizeof(id), "%u", vmid);
	snprintf(path, sizeof(path), "%s/etc/pve/nodes/%s/qemu-server/%u.conf", root, state->node,
		 vmid);
	if (access(path, F_OK) == 0)
		add_local(ids, state->node, id);
	entry = json_object_get(ids, id);
	if (entry) {
		running_open(&running, root);
		if (read_guest(&running, state, id, entry, &fresh, err) < 0) {
			state_guest_release(&fresh);
			return -1;
		}
		if (fresh.conf)
			digest_sha1(running.text.buf, running.text.len, fresh.digest);
	}
	if (old)
		remove_guest(state, old);
	if (entry) {
		MEMORY_PUSH(state->guests, state->guest_count) = fresh;
		sort_guests(state);
	}
	return pvefs_read_memberships(root, state, vmid, err);
}

bool pvefs_is_locked(const char *root, unsigned vmid)
{
	CLEANUP(scope_close) int fd = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/var/lock/qemu-server/lock-%u.conf", root, vmid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int pvefs_lock_storage(const char *root, const char *storage, struct error *err)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/var/lock/pve-manager/pve-storage-%s", root, storage);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(err, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return error_set(err, ERROR_BUSY, "storage %s is locked: a qm is at work on it; run vyom "
					  "again when it is done", storage);
}
