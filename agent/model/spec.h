/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec.h - what the config file wants
 *
 * A spec is built by spec_conf (or by a test), checked once as a whole by
 * spec_check, and read-only from then on:
 *
 *	struct spec *spec = spec_new();
 *	spec_conf_read(spec, path, problems, err) ...
 *	spec_check(spec, problems);
 *	for (size_t i = 0; i < spec->vm_count; i++)
 *		... spec_number(spec->vms[i], KEY_CORES) ...
 *
 * Values are looked up, never copied down: a VM asks itself, then the group it
 * is one of, its role, its cluster, its node, then the key's fallback.
 */
#ifndef SPEC_H
#define SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/strvec.h"
#include "model/key.h"
#include "model/spec_problem.h"

struct spec_value {
	int line;		/* where it stands in the file; 0: a fallback */
	bool refused;		/* a problem says why: there is only text */
	char *text;		/* as written; a LIST's items joined by spaces */
	struct strvec list;	/* LIST only */
	uint64_t number;	/* NUMBER, SIZE in bytes, FLAG as 0 or 1 */
	double ratio;		/* RATIO */
};

struct spec_section {
	enum key_scope scope;
	char *name;
	int line;		/* of its title */
	struct spec_value *values[KEY_COUNT];	/* only what the section itself says */

	/* a VM's, NULL where not given or not found; node: a template's too, once it is built */
	struct spec_section *role, *cluster, *node, *template;
	struct spec_section *group;	/* a VM's that a count made, after spec_check; else NULL */
	char *ssh_keys;		/* what the key file of a VM, or a template's master-key, holds; NULL:
				 * none is declared */
	char *ssh_keys_path;	/* that file's absolute path, for qm */
	char *text;		/* what a snippet's file holds */
	char digest[DIGEST_SHA256_TEXT];	/* of text */
	struct spec_section **snippets;	/* a VM's after spec_check: those it names that the file
					 * declares; not owned */
	size_t snippet_count;
	char mac[18];		/* a VM's or a card's: given, or derived; upper case */
	struct spec_section **said;	/* cards that a VM, role or cluster itself names */
	size_t said_count;
	struct spec_section **nics;	/* a VM's after spec_check: all its cards, by slot */
	size_t nic_count;
	unsigned slot;		/* a card's: N of netN */
};

struct spec {
	char *path;		/* of the file, as said in messages */
	struct spec_section **nodes, **templates, **roles, **clusters, **vms, **snippets;
	size_t node_count, template_count, role_count, cluster_count, vm_count, snippet_count;
	struct spec_section **groups;	/* what had a count, taken out of vms by spec_check */
	size_t group_count;
};

struct spec *spec_new(void);
void spec_free(struct spec *spec);
void spec_cleanup(struct spec **spec);	/* for CLEANUP() */

/* A new empty section, owned by spec. */
struct spec_section *spec_add_section(struct spec *spec, enum key_scope scope, const char *name,
				      int line);

/*
 * A card, owned by nobody yet, and its place: the section that names it, which owns it
 * then.  What is wrong with that goes to problems.
 */
struct spec_section *spec_new_nic(const char *name, int line);
void spec_free_section(struct spec_section *section);
void spec_put_nic(struct spec_section *section, struct spec_section *nic,
		  struct spec_problems *problems);

/*
 * Fill nics of each VM: what it says of a card itself, then its role, its cluster, its
 * node.  A first card that nobody names but by the VM's own keys is not among them.
 * Part of spec_check.
 */
void spec_resolve_nics(struct spec *spec, struct spec_problems *problems);

/* The VM's card in that slot, or NULL. */
const struct spec_section *spec_find_nic(const struct spec_section *vm, unsigned slot);

/*
 * Give section's key a value by its text (items for a LIST; one item else),
 * checked by the key's row.  What is wrong goes to problems, with the section's
 * scope and name and the key's name in front; so does a second value for a key.
 */
void spec_set(struct spec_section *section, enum key_id key, const struct strvec *items, int line,
	      struct spec_problems *problems);

/*
 * Make a VM's count so many VMs, resolve names (role, cluster, node, template),
 * find the snippets that each VM has of the file's own, derive MACs, and find what no
 * single value shows: unknown names, VMs without an id, two VMs with one id,
 * name, MAC or address, an id that is a template's, an address outside its
 * gateway's net, a template that is found and told how it is built, and the like.  Sorts problems by line.
 */
void spec_check(struct spec *spec, struct spec_problems *problems);

/*
 * The value that holds for section (a VM, node, template …), the nearest one,
 * or NULL where nothing is declared and the key has no fallback.
 */
const struct spec_value *spec_value(const struct spec_section *section, enum key_id key);

/* The same, where the file says it: no fallback, and nothing that was refused. */
const struct spec_value *spec_said(const struct spec_section *section, enum key_id key);

/* The same, unpacked: NULL, 0, false where nothing is declared. */
const char *spec_text(const struct spec_section *section, enum key_id key);
uint64_t spec_number(const struct spec_section *section, enum key_id key);
double spec_ratio(const struct spec_section *section, enum key_id key);
bool spec_flag(const struct spec_section *section, enum key_id key);

/* What its key "options" says of qm's option of that name, or NULL. */
const char *spec_option(const struct spec_section *section, const char *name);

/* A template's ids: of vmids, or the one of vmid twice; both 0 of one that is found. */
void spec_template_range(const struct spec_section *template, unsigned *first, unsigned *last);

/* Has a template no id in the file?  Then the node tells, by its tag or else its name. */
bool spec_template_is_found(const struct spec_section *template);

/* The VM of that name, or NULL. */
const struct spec_section *spec_find_vm(const struct spec *spec, const char *name);

/* Does a person who says text, which is NAME or CLUSTER/NAME, mean the VM of that name? */
bool spec_vm_is_meant(const char *cluster, const char *name, const char *text);

/* The node section of that name, or NULL. */
const struct spec_section *spec_find_node(const struct spec *spec, const char *name);

/*
 * Put into vms, in place of each VM that has a count, so many VMs "NAME-1", "NAME-2" …
 * with ids and addresses that follow; the VM itself becomes their group.  Part of
 * spec_check.
 */
void spec_expand_groups(struct spec *spec, struct spec_problems *problems);

/* Is an address of section, or of its cards, one that its net has?  Part of spec_check. */
void spec_check_net(const struct spec_section *section, struct spec_problems *problems);

/*
 * What only together makes no sense of a VM, role or cluster, and lists that name a
 * thing twice, a node's too.  Part of spec_check.
 */
void spec_check_guest(const struct spec_section *section, struct spec_problems *problems);

/* What only together makes no sense of a template.  Part of spec_check. */
void spec_check_template(const struct spec_section *template, struct spec_problems *problems);

/* Give a snippet the text of its file, which must have no NUL. */
void spec_set_snippet(struct spec_section *snippet, const char *text);

/* Does that VM name that snippet? */
bool spec_names_snippet(const struct spec_section *vm, const struct spec_section *snippet);

/* Of an item of `snippets`, "user=local:snippets/web.yaml", what follows the "=". */
const char *spec_snippet_volid(const char *item);

/* The section of the snippet that is called volid, or NULL. */
const struct spec_section *spec_find_snippet(const struct spec *spec, const char *volid);

/* Does any VM on node (NULL: on any) name that snippet? */
bool spec_uses_snippet(const struct spec *spec, const struct spec_section *node,
		       const struct spec_section *snippet);

/* Does any VM on node come from template? */
bool spec_uses_template(const struct spec *spec, const struct spec_section *node,
			const struct spec_section *template);

/*
 * The MAC of a VM's NIC where none is given: locally administered,
 * unicast, from SHA-256 of "CLUSTER/VM/netN", so it is the same on every run
 * and 40 bits wide (24, as in Proxmox's own BC:24:11, would collide by chance
 * in a large cluster).
 */
void spec_derive_mac(const char *cluster, const char *vm, unsigned slot, char mac[18]);

#endif
