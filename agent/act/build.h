/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * build.h - what a run that builds a golden image has in its hands
 *
 *	build_open(&build, ...)		which generation; where its image is; a key pair
 *	golden_plan(&build.golden, ...)
 *	... for each step, by the worker:
 *		build_begin_step()	what must be there for it
 *		build_work()		what a child does of it, if it is one of our own
 *		build_end_step()	what it has shown, remembered for the plan and the journal
 *	build_close()
 *
 * The private key is in this process and in the children that need it, and goes
 * only where the file says.
 */
#ifndef BUILD_H
#define BUILD_H

#include <sys/stat.h>

#include "decide/golden.h"
#include "edge/child.h"
#include "model/qm.h"
#include "model/thin.h"

struct error;
struct journal;
struct record_step;
struct record_vms;
struct ssh_pair;
struct state;

struct build {
	struct golden golden;
	const char *root;
	double time_scale;
	struct ssh_pair *pair;
	char *image, *key, *keys_path, *made;	/* golden's */
	struct stat checked;		/* the image as it was when it was checked */
	int lock;			/* the storage's, while its volume is renamed; else -1 */
	struct thin_volume base;	/* what is sealed: vg and name */
	enum qm_verb verb;		/* of the step whose work is done */
};

/*
 * template's node must be set.  Without keys, for a dry run, no pair is made.
 * -1 with ERROR_REFUSED where the ids are used up.
 */
int build_open(struct build *build, const char *root, const struct spec_section *template,
	       const struct state *state, const struct record_vms *records, bool keys,
	       struct error *err);
void build_close(struct build *build);

/* Before the step begins.  -1: it must not. */
int build_begin_step(struct build *build, enum qm_verb verb, struct error *err);

/* For a step of our own, QM_OWN. */
struct child_work build_work(struct build *build, enum qm_verb verb, const struct state *state);

/*
 * The step's child has ended, and state shows what the node holds now.  spoilt:
 * the pool could not be written meanwhile.
 */
int build_end_step(struct build *build, const struct record_step *step, bool spoilt,
		   const struct state *state, struct record_vms *records,
		   struct journal *journal, struct error *err);

/*
 * The same for a step that nobody was there to see the end of: result and all
 * that build_end_step would have remembered.
 */
int build_settle_step(const char *root, struct record_step *step, const struct state *state,
		      struct record_vms *records, struct journal *journal, struct error *err);

/* Take away what a build that was killed may have left in our own folder. */
void build_clear(const char *root);

#endif
