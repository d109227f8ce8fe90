/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/snippet_work.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/plan.h"
#include "decide/snippet.h"
#include "edge/snippet_file.h"
#include "model/qm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"

struct snippet_work {
	struct snippet_file_write write;
	char *mark;
};

static char *mark_of(const struct record_step *record, const struct state *state)
{
	return memory_print("%s-%lld-%lld", state->node, (long long)record->run,
			    (long long)record->number);
}

/* That it is ours to replace the plan has seen to. */
struct snippet_work *snippet_work_new(const char *root, const struct plan_step *step,
				      const struct record_step *record, const struct state *state)
{
	const struct state_snippet *found = state_find_snippet(state, step->vm);
	struct snippet_work *work = memory_new(1, sizeof(*work));

	work->mark = mark_of(record, state);
	work->write = (struct snippet_file_write){
		.root = root, .volid = step->vm, .path = found->path,
		.text = step->section->text, .digest = step->section->digest,
		.before = found->there ? found->digest : NULL, .mark = work->mark,
	};
	return work;
}

void snippet_work_free(struct snippet_work **work)
{
	if (*work)
		free((*work)->mark);
	free(*work);
}

static int run(void *context)
{
	const struct snippet_work *work = context;
	struct error err = { .kind = ERROR_NONE };

	if (snippet_file_write(&work->write, &err) < 0) {
		printf("%s\n", err.text);
		return 1;
	}
	printf("%s: %zu bytes\n", work->write.path, strlen(work->write.text));
	return 0;
}

struct child_work snippet_work_run(struct snippet_work *work)
{
	return (struct child_work){ .run = run, .context = work };
}

char *snippet_work_before(const struct state *state, const char *volid)
{
	const struct state_snippet *found = state_find_snippet(state, volid);

	return found && found->there ? memory_print("sha256 %s", found->digest) :
				       memory_copy("no file");
}

void snippet_work_clear(const char *root, const struct record_step *record,
			const struct state *state)
{
	CLEANUP(scope_free) char *mark = mark_of(record, state), *why = NULL;
	CLEANUP(scope_free) char *path = snippet_place(state, record->vm, &why);

	if (path)
		snippet_file_sweep(root, path, mark);
}

/* The file need not be declared any more, so it is looked at here. */
void snippet_work_settle(const char *root, struct record_step *record, const struct state *state)
{
	CLEANUP(scope_free) char *why = NULL, *path = snippet_place(state, record->vm, &why);
	struct state_snippet found = { .volid = record->vm, .path = path, .text = STRBUF_INIT };
	const char *wanted = qm_snippet_read(record->argv, record->vm);

	snippet_work_clear(root, record, state);
	if (path)
		snippet_file_look(root, &found);
	record->result = found.there && wanted && strcmp(found.digest, wanted) == 0 ?
				 RECORD_DONE : RECORD_FAILED;
	free(found.hindrance);
	strbuf_release(&found.text);
}
