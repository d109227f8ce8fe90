/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.h - what the journal remembers: runs, their steps, and who each VM is
 *
 * Plain data.  Times are seconds since the epoch with fractions, 0 where not
 * yet; strings are owned, NULL where absent.
 */
#ifndef RECORD_H
#define RECORD_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct strbuf;
struct vmconf;

enum record_result {
	RECORD_OPEN,		/* intent without a result: running, or we were killed */
	RECORD_DONE,		/* the postcondition holds */
	RECORD_FAILED,
	RECORD_INTERRUPTED,	/* a run that was stopped; a step that broke off half-way */
	RECORD_RETRIED,		/* "got timeout", nothing left behind, tried again as a new step */
};

struct record_run {
	int64_t id;
	char *verb;		/* "apply", "destroy" */
	char *argv;		/* as typed, quoted */
	char *version;		/* vyom's */
	char *vmids;		/* the VMs it may change: "101 102 103" */
	double started, ended;
	enum record_result result;
	char *summary;		/* "3 VMs, 12 steps, 0 failed" */
	pid_t pid;		/* of vyom itself */
	uint64_t pid_start; /* field 22 of /proc/PID/stat, in ticks since boot: tells pids apart */
	char *boot_id;		/* /proc/sys/kernel/random/boot_id: tells boots apart */
};

#define RECORD_NO_CONFIG "no config"
#define RECORD_ORPHAN "unreferenced "
#define RECORD_SOURCE "copy of "

struct record_step {
	int64_t run, number;	/* number counts from 1 within the run */
	unsigned vmid;		/* 0: a snippet's */
	char *vm;		/* its name in the config */
	char *verb;		/* "clone", "set", … */
	char *argv;		/* as run, quoted */
	char *before;		/* what there was: RECORD_NO_CONFIG or "config SHA1", and for each
				 * volume of that VMID ", VG/NAME", if no config named it
				 * ", unreferenced VG/NAME"; of a move also ", copy of VOLID" */
	pid_t pid;		/* of the child; 0 before it was made */
	uint64_t pid_start;
	double started, ended;
	enum record_result result;
	int status;		/* as waitpid(2) gives it; -1 unknown */
	int exec_errno;		/* not 0: it could not be executed; not kept in the journal */
	char *message;		/* one sentence, NULL if all went well */
	char *output;		/* its last lines */
};

/* Who a VM is: a VMID is a place, its smbios uuid is the VM. */
struct record_vm {
	unsigned vmid;
	char *cluster, *name;
	char *uuid;		/* smbios1 uuid=, lower case */
	char *vmgenid;		/* lower case, NULL if it has none */
	int64_t run;		/* that made or adopted it */
	bool started;		/* we have started it: what is in it may matter to someone */
	bool suspect; /* its disk was written while the pool was full: its data is not whole */
};

/* A golden image that vyom builds, or has built: one generation of a template of the file. */
struct record_template {
	unsigned vmid;
	char *name;		/* as in the config */
	unsigned generation;	/* counts from 1 within the name */
	char *image;		/* SHA-256 of what it was made from, lower case */
	char *uuid;		/* smbios1 uuid=, lower case */
	int64_t run;		/* that made it */
	char *key;		/* the public key line that stays in it, NULL: none */
	bool prepared;		/* the guest was set up and cleaned: it can become a template */
	double sealed;		/* when its checksum was taken, 0: not yet; then it is done */
	char *volume;		/* from here on as it was sealed: "VG/NAME" of its disk */
	uint64_t device;	/* id of the thin volume within its pool */
	uint64_t size, mapped;	/* bytes */
	char *checksum;		/* see model/seal.h */
};

/* A disk that vyom moved: the volume that qm made, and what that is a copy of. */
struct record_copy {
	unsigned vmid;
	char *slot;		/* of the disk, then */
	char *volume, *source;	/* volids */
	int64_t run;		/* that moved it */
	bool suspect; /* its pool could not be written meanwhile: its data may not be whole */
};

struct record_templates { struct record_template *items; size_t count; };	/* by vmid */

struct record_copies { struct record_copy *items; size_t count; };	/* oldest first */

struct record_runs { struct record_run *items; size_t count; };
struct record_steps { struct record_step *items; size_t count; };

/*
 * What the journal knows of VMs: who ours are, by vmid, ascending; which templates
 * are; and the steps in doubt of the verbs that leave something (QM_LEAVES), at
 * most one a VM: begun, and neither known to have ended well nor to have left nothing.
 * What such a step left is ours to undo.
 */
struct record_vms {
	struct record_vm *items;
	size_t count;
	struct record_templates templates;
	struct record_copies copies;	/* of VMs that are ours */
	struct record_steps in_doubt;
	struct record_steps snippets;	/* all that put one on the node, or tried to, in order */
};

void record_run_release(struct record_run *run);
void record_step_release(struct record_step *step);
void record_vm_release(struct record_vm *vm);
void record_template_release(struct record_template *template);
void record_templates_release(struct record_templates *templates);
void record_copies_release(struct record_copies *copies);
void record_runs_release(struct record_runs *runs);
void record_steps_release(struct record_steps *steps);
void record_vms_release(struct record_vms *vms);

/* The record of that VMID, or NULL. */
struct record_vm *record_vms_find(const struct record_vms *vms, unsigned vmid);

/* A copy of its own. */
struct record_vm record_vm_copy(const struct record_vm *vm);

/* Is this the record of the VM that is declared as cluster's name? */
bool record_vm_is_called(const struct record_vm *vm, const char *cluster, const char *name);

/*
 * Fill uuid and vmgenid, which must be empty, as the config has them, in lower case.
 * false: the config has no uuid.
 */
bool record_vm_identify(struct record_vm *vm, const struct vmconf *conf);

/* A config's smbios uuid in lower case, or NULL; caller frees. */
char *record_uuid_of(const struct vmconf *conf);

/* The record of that VMID, or NULL. */
struct record_template *record_templates_find(const struct record_templates *templates,
					      unsigned vmid);

/* Add template, whose strings are taken over, or replace that VMID's record; and take it out. */
void record_templates_put(struct record_templates *templates, struct record_template template);
void record_templates_remove(struct record_templates *templates, unsigned vmid);

/* The copy that is this volume, or NULL. */
struct record_copy *record_copies_find(const struct record_copies *copies, const char *volume);

/* Add copy, whose strings are taken over, in place of another of that volume. */
void record_copies_put(struct record_copies *copies, struct record_copy copy);

/*
 * Had its id no config before step, a clone or create, and none when its qm came to it?  Else
 * what is there is another's, who may well have given it our name and mark: by a restore, or a
 * copy.
 */
bool record_step_found_free(const struct record_step *step);

/* The volid that step, a move, copies, or NULL; caller frees. */
char *record_step_source(const struct record_step *step);

/*
 * Add vm, whose strings are taken over, or replace that VMID's record; and take it out.
 * Either way what was copied for a VM of that id is forgotten.
 */
void record_vms_put(struct record_vms *vms, struct record_vm vm);
void record_vms_remove(struct record_vms *vms, unsigned vmid);

/* The clone, create or destroy of that VMID that is in doubt, or NULL. */
const struct record_step *record_vms_doubt(const struct record_vms *vms, unsigned vmid);

/* From now on step (copied) is in doubt; and: nothing of that VMID is any more. */
void record_vms_doubt_add(struct record_vms *vms, const struct record_step *step);
void record_vms_doubt_end(struct record_vms *vms, unsigned vmid);

/* "web (101)", for messages; a snippet has no id, and is called by its name.  Caller frees. */
char *record_who(const char *name, unsigned vmid);

/*
 * Did a step of ours write that snippet with this SHA-256, or was it about to?  A file that
 * has it now is ours: it was cut off after the file was there, if it was cut off.
 */
bool record_snippet_is_ours(const struct record_vms *vms, const char *volid, const char *digest);

/*
 * The SHA-256 that it was last written with until then, in seconds since 1970, or RECORD_EVER;
 * NULL: it was not.
 */
#define RECORD_EVER DBL_MAX
const char *record_snippet_last(const struct record_vms *vms, const char *volid, double until);

/* "open", "done", "failed", "interrupted", "retried" */
const char *record_result_name(enum record_result result);

/* How a child ended, for people: "exit status 2", "killed by SIGTERM"; status as in record_step. */
void record_describe_status(int status, struct strbuf *text);

#endif
