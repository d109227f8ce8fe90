/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "act/build_part.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "decide/lint.h"
#include "edge/pvefs.h"
#include "edge/secret.h"
#include "edge/ssh.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"

enum { PVESM_SECONDS = 60 };

/* --- where things are --- */

static char *keys_path_of(const char *root)
{
	return memory_print("%s/var/lib/vyom/build-keys", root);
}

void build_clear(const char *root)
{
	CLEANUP(scope_free) char *path = keys_path_of(root);

	unlink(path);
}

/* A path, or what pvesm makes of a volume id: it need not exist for that. */
static int find_image(struct build *build, struct error *err)
{
	const char *image = spec_text(build->golden.template, KEY_IMAGE);
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf answer = STRBUF_INIT;
	CLEANUP(scope_free) char *program = qm_program(build->root, "pvesm");

	if (!image || image[0] == '/') {
		build->image = memory_copy(image);
		return 0;
	}
	strvec_pushl(&argv, program, "path", image, NULL);
	if (child_read(&argv, PVESM_SECONDS, &answer, err) < 0)
		return error_prefix(err, "image %s", image);
	build->image = memory_print("%.*s", (int)strcspn(answer.buf, "\n"), answer.buf);
	return 0;
}

static char *image_file(const struct build *build)
{
	return memory_print("%s%s", build->root, build->image);
}

void build_look_at_image(struct build *build)
{
	CLEANUP(scope_free) char *file = build->image ? image_file(build) : NULL;

	build->golden.image = build->image;
	build->golden.image_there = file && access(file, F_OK) == 0;
}

/* --- keys --- */

static char *comment_of(const struct golden *golden)
{
	if (golden->template->ssh_keys)
		return memory_copy(LINT_BUILD_KEY);
	return memory_print("%s-%u-master-key", golden->template->name, golden->generation);
}

/* The key that stays: the operator's, or that of the pair. */
static void choose_key(struct build *build)
{
	const struct spec_section *template = build->golden.template;

	if (template->ssh_keys)
		build->key = memory_print("%.*s", (int)strcspn(template->ssh_keys, "\n"),
					  template->ssh_keys);
	else if (build->pair)
		build->key = memory_copy(ssh_pair_public(build->pair));
	build->golden.key = build->key;
	build->golden.key_kept |= template->ssh_keys != NULL;
}

/* The key that an earlier run of ours wrote there, or the operator before us. */
static int read_pair(const char *path, const char *comment, struct ssh_pair **pair,
		     struct error *err)
{
	CLEANUP(secret_release) struct secret text = SECRET_INIT;
	CLEANUP(scope_close) int fd = file_open_trusted(path, err);
	char buffer[16384];
	ssize_t len;
	int result;

	if (fd < 0)
		return error_prefix(err, "key-file %s", path);
	len = read(fd, buffer, sizeof(buffer));
	result = len < 0 ? error_set_errno(err, "cannot be read") :
			   secret_set(&text, buffer, (size_t)len, err);
	explicit_bzero(buffer, sizeof(buffer));
	if (result == 0)
		result = ssh_pair_read(&text, comment, pair, err);
	return result < 0 ? error_prefix(err, "key-file %s", path) : 0;
}

static int make_pair(struct build *build, struct error *err)
{
	CLEANUP(scope_free) char *comment = comment_of(&build->golden);
	const char *file = spec_text(build->golden.template, KEY_KEY_FILE);

	if (secret_forbid_dump(err) < 0)
		return -1;
	if (!file || access(file, F_OK) < 0)
		return ssh_pair_generate(comment, &build->pair, err);
	build->golden.key_kept = true;
	return read_pair(file, comment, &build->pair, err);
}

static char *describe_making(void)
{
	time_t now = time(NULL);
	struct tm local;
	char date[16];

	strftime(date, sizeof(date), "%Y-%m-%d", localtime_r(&now, &local));
	return memory_print("%s by vyom " PACKAGE_VERSION, date);
}

int build_open(struct build *build, const char *root, const struct spec_section *template,
	       const struct state *state, const struct record_vms *records, bool keys,
	       struct error *err)
{
	unsigned first, last;

	*build = (struct build){ .golden = { .template = template }, .root = root, .time_scale = 1,
				  .lock = -1 };
	spec_template_range(template, &first, &last);
	if (!golden_choose(&build->golden, state, records))
		return error_set(err, ERROR_REFUSED,
				 "template %s: no id of %u-%u is free for a new generation: vyom "
				 "template prune %s takes unused ones away, or give it a larger "
				 "range",
				 template->name, first, last, template->name);
	if (find_image(build, err) < 0)
		return -1;
	build_look_at_image(build);
	build->keys_path = keys_path_of(root);
	build->golden.keys_path = build->keys_path;
	build->made = describe_making();
	build->golden.made = build->made;
	if (keys && make_pair(build, err) < 0)
		return -1;
	choose_key(build);
	return 0;
}

void build_close(struct build *build)
{
	/* without keys this is a dry run, and the file there may be another run's */
	if (build->pair)
		build_clear(build->root);
	ssh_pair_free(&build->pair);
	thin_volume_release(&build->base);
	scope_close(&build->lock);
	free(build->image);
	free(build->key);
	free(build->keys_path);
	free(build->made);
	*build = (struct build){ .root = NULL, .lock = -1 };
}

/* --- before a step --- */

/* What is imported must be what was checked. */
static int check_unchanged(const struct build *build, struct error *err)
{
	CLEANUP(scope_free) char *file = image_file(build);
	struct stat now;

	if (stat(file, &now) < 0)
		return error_set_errno(err, "%s", build->image);
	if (now.st_dev == build->checked.st_dev && now.st_ino == build->checked.st_ino &&
	    now.st_size == build->checked.st_size &&
	    now.st_mtim.tv_sec == build->checked.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == build->checked.st_mtim.tv_nsec)
		return 0;
	return error_set(err, ERROR_REFUSED, "%s was changed after it was checked: run vyom again",
			 build->image);
}

/* qm reads public keys from a file; this one is ours, and goes when the step ends. */
static int write_keys(const struct build *build, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = STRBUF_INIT;
	CLEANUP(scope_close) int fd = -1;

	strbuf_addf(&lines, "%s\n", ssh_pair_public(build->pair));
	if (build->golden.template->ssh_keys)
		strbuf_adds(&lines, build->golden.template->ssh_keys);
	build_clear(build->root);
	fd = open(build->keys_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, lines.buf, lines.len) != (ssize_t)lines.len)
		return error_set_errno(err, "%s cannot be written", build->keys_path);
	return 0;
}

int build_begin_step(struct build *build, enum qm_verb verb, struct error *err)
{
	CLEANUP(scope_free) char *file = NULL;

	if (verb == QM_CREATE)
		return check_unchanged(build, err) < 0 ? -1 : write_keys(build, err);
	if (verb == QM_RENAME)
		build->lock = pvefs_lock_storage(
			build->root, spec_text(build->golden.template, KEY_STORAGE), err);
	if (verb == QM_RENAME && build->lock < 0)
		return -1;
	if (verb != QM_CHECK)
		return 0;
	file = image_file(build);
	if (stat(file, &build->checked) < 0)
		return error_set_errno(err, "%s", build->image);
	return 0;
}
