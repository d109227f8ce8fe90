/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qm.h - every spelling of qm, in one place
 *
 * Builders fill an argv; argv[0] is the bare word "qm", so that plans and the
 * journal read as one would type them, and qm_program() names the file that is
 * executed.  What the words mean, and what qm does with them, is pve-facts.
 */
#ifndef QM_H
#define QM_H

#include <stdbool.h>
#include <stdint.h>

struct strbuf;
struct strvec;

enum qm_verb {
	QM_CLONE,
	QM_SET,
	QM_ALLOC,		/* pvesm alloc: a volume for a data disk */
	QM_EFIDISK,		/* qm set, which makes an EFI disk's volume and fills it */
	QM_RESIZE,
	QM_MOVE,		/* qm disk move: a copy on another storage, and the old one kept */
	QM_RESCAN,
	QM_START,
	QM_SHUTDOWN,
	QM_DESTROY,
	QM_FREE,		/* pvesm free: a volume that no config names */
	QM_CREATE,
	QM_STOP,
	QM_TEMPLATE,
	QM_FETCH,		/* pvesh: the node downloads an image */
	QM_POOL,		/* pvesh: to a resource pool */
	QM_RENAME,		/* lvrename: a volume back to what the config calls it */
	/* steps of vyom's own: see decide/golden.h, act/wait.h */
	QM_SNIPPET,		/* a file for cloud-init to the node: see decide/plan_snippet.h */
	QM_CHECK,
	QM_KEY,
	QM_GUEST,
	QM_SEAL,
	QM_WAIT,		/* for a guest that was started */
	QM_VERB_COUNT
};

/* "clone", …: as in the journal. */
const char *qm_verb_name(enum qm_verb verb);

/* The verb of that name; QM_VERB_COUNT if there is none. */
enum qm_verb qm_verb_find(const char *name);

/* After how many seconds a call of the verb has hung; 0: it may copy for hours. */
unsigned qm_verb_limit(enum qm_verb verb);

/* After how many seconds without any progress a copy has hung. */
#define QM_STALL_LIMIT 900

/* How many seconds a call may take to end after TERM: it cleans up (pve-facts 7.10). */
#define QM_PATIENCE 60

/* "qm ", for messages, before the name of a verb that is qm's, or "qm disk "; else "". */
const char *qm_prefix(const char *name);

enum qm_trait {
	QM_OWN		= 1 << 0,	/* no program is executed: work of vyom's own, in a child */
	QM_ALLOCATES	= 1 << 1,	/* takes space from a storage, and waits for its lock (1.2.5) */
	QM_COPIES	= 1 << 2,	/* a disk, for hours maybe; a pool that is bad spoils it */
	QM_MAKES	= 1 << 3,	/* a VM, which until it ended well is half-made (1.6, 4.22) */
	QM_NAMES	= 1 << 4,	/* makes a volume under a name of qm's choice */
	QM_LEAVES	= 1 << 5,	/* cut off, it may leave what no config names: half a VM,
					 * volumes of one that is gone, a volume that it named */
	QM_GUARDED	= 1 << 6,	/* takes the config's digest: qm_guard() */
	QM_REPEATS	= 1 << 7,	/* a VM may need several */
};

/* What is so for that verb; nothing for QM_VERB_COUNT.  Numbers are of pve-facts. */
bool qm_verb_has(enum qm_verb verb, enum qm_trait trait);

/* What is executed for argv[0], "qm", "pvesm", "pvesh" or "lvrename", on the node at root: caller frees. */
char *qm_program(const char *root, const char *name);

/* storage only for a full clone, where it may be NULL too: the template's own. */
void qm_clone(struct strvec *argv, unsigned template, unsigned vmid, const char *name,
	      const char *description, bool full, const char *storage);

/* A full clone shall copy so many KiB a second at most (pve-facts 1.3.6). */
void qm_clone_slowly(struct strvec *argv, uint64_t kib);

/*
 * pvesh: to the resource pool, out of any other that it is in; by itself, since a clone
 * that does not get that file's lock in time is taken away again (pve-facts 1.1 C11).
 */
void qm_pool(struct strvec *argv, const char *pool, unsigned vmid);

/* qm create VMID, to be followed by qm_set_option. */
void qm_create(struct strvec *argv, unsigned vmid);

/* qm set VMID, to be followed by one or more qm_set_option. */
void qm_set(struct strvec *argv, unsigned vmid);
void qm_set_option(struct strvec *argv, const char *option, const char *value);

/* "scsi1,scsi2": a drive's volume becomes an unusedN (pve-facts 2.1.8). */
void qm_set_delete(struct strvec *argv, const char *options);

/* The value of this one is read on stdin, twice, a line each (pve-facts 2.3.3). */
void qm_set_secret(struct strvec *argv, const char *option);

/*
 * Add that set, resize or move shall change nothing if the config is not the one with
 * this SHA-1 any more (pve-facts 2.1.7).
 */
void qm_guard(struct strvec *argv, const char *digest);

/*
 * pvesm: make a volume of that name for the VM; bytes are whole MiB.  qm set would make
 * one too, but with a name that nobody knows where it is cut off.
 */
void qm_alloc(struct strvec *argv, const char *storage, unsigned vmid, const char *name,
	      uint64_t bytes);

/*
 * To an absolute size: "+" is not idempotent (pve-facts 3.2).  bytes must be a
 * multiple of the volume group's extent (3.4).
 */
void qm_resize(struct strvec *argv, unsigned vmid, const char *disk, uint64_t bytes);

/*
 * To a new volume of that storage, of a name of qm's choice; the old one becomes an unusedN.
 * Cut off, it leaves the new one, which no config names until it is whole.
 */
void qm_move(struct strvec *argv, unsigned vmid, const char *disk, const char *storage);

/* Is argv the move of that disk?  And of what slot to which storage is one as the journal has it? */
bool qm_move_is_of(const struct strvec *argv, const char *disk);
bool qm_move_read(const char *line, char slot[16], char storage[101]);

/* Make size= in the config say what the volumes are (pve-facts 3.5). */
void qm_rescan(struct strvec *argv, unsigned vmid);

void qm_start(struct strvec *argv, unsigned vmid);

/* Ask the guest, and after seconds stop it (pve-facts 4.12b). */
void qm_shutdown(struct strvec *argv, unsigned vmid, unsigned seconds);

/* Ask the guest, and fail if it is not down after seconds. */
void qm_shutdown_asked(struct strvec *argv, unsigned vmid, unsigned seconds);

/* At once, as if its power were cut. */
void qm_stop(struct strvec *argv, unsigned vmid);

/* To a template; disk, NULL or "scsi0": the one disk that is left of it (pve-facts 4.3). */
void qm_template(struct strvec *argv, unsigned vmid, const char *disk);

/*
 * Take back what a qm template that was cut off renamed, so that it can do so itself
 * (pve-facts 4.3).  Whoever runs it holds the storage's lock (8.10).
 */
void qm_rename(struct strvec *argv, const char *vg, const char *from, const char *to);

/*
 * The node downloads url to volid, "STORE:iso/NAME" or "STORE:import/NAME", if its
 * SHA-256 is right; exits 0 also if it is not (pve-facts 12.11).
 */
void qm_fetch(struct strvec *argv, const char *node, const char *volid, const char *url,
	      const char *sha256);

/*
 * Does the guest's agent answer?  Exits 0 if so, and prints nothing (pve-facts 4.16).
 */
void qm_agent_ping(struct strvec *argv, unsigned vmid);

/* The guest's cards and addresses, as JSON (pve-facts 4.17). */
void qm_agent_addresses(struct strvec *argv, unsigned vmid);

/*
 * Run cloud-init status in the guest; exits 0 whatever that said, and prints JSON
 * (pve-facts 4.23).
 */
void qm_agent_cloudinit(struct strvec *argv, unsigned vmid);

/* Does this complaint of the three say that the guest may answer later (pve-facts 4.16)? */
bool qm_agent_is_late(const char *complaint);

/* With --purge: also out of backup jobs; volumes that the config does not name stay. */
void qm_destroy(struct strvec *argv, unsigned vmid);

/* The same for what a clone or a destroy that was cut off left locked (pve-facts §10). */
void qm_destroy_locked(struct strvec *argv, unsigned vmid);

/*
 * No program's: a snippet to the node.  What a journal's line of it says, the digest up to
 * its end; NULL: it is none of that volume.
 */
void qm_snippet(struct strvec *argv, const char *volid, const char *sha256);
const char *qm_snippet_read(const char *line, const char *volid);

/* Says "Removed volume" and exits 0 whatever happens (pve-facts 0.10, 12.15). */
void qm_free(struct strvec *argv, const char *volid);

/*
 * The property locks of a config (pve-facts 5.6): those that their holder gives
 * back by itself, every night maybe; and those that only a clone or a destroy
 * leaves that was cut off.
 */
bool qm_lock_passes(const char *lock);
bool qm_lock_is_debris(const char *lock);

/* What the config of a clone says of itself until its first disk is there (pve-facts 1.1 C4). */
#define QM_CLONE_STUB "qmclone temporary file"

/*
 * Did this output end in a lock that was not to be had, but may be later (pve-facts 9.5)?
 */
bool qm_output_is_busy(const char *output);

/* Was the config another than qm_guard() said? */
bool qm_output_is_mismatch(const char *output);

/* Was the id that a clone should get taken by then (pve-facts 1.5, 12.9)? */
bool qm_output_is_clash(const char *output);

/*
 * The line in which qm says why, added to text: the last that is not one of its
 * usual ones.  It need not be the very last: stdout is buffered and comes after
 * stderr where both go to a file (pve-facts 7.9c).
 */
void qm_output_complaint(const char *output, struct strbuf *text);

/* The last "(18.85%)" of a copy's progress lines, or -1. */
int qm_output_percent(const char *output);

/* The lowest and highest id that Proxmox accepts (pve-facts 9.3). */
#define QM_VMID_MIN 100
#define QM_VMID_MAX 999999999

/* The highest number of a network card (pve-facts 2.2.6). */
#define QM_NIC_MAX 31

/* Extent of a volume group unless it was made otherwise: lvm2's default. */
#define QM_EXTENT_DEFAULT ((uint64_t)4 << 20)

/* The cloud-init volume that a clone gets: 4 MiB (pve-facts 1.4.4). */
#define QM_CLOUDINIT_SIZE ((uint64_t)4 << 20)

#endif
