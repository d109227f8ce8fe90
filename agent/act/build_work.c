/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/build.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "act/build_part.h"
#include "act/guest.h"
#include "act/seal_read.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "decide/option.h"
#include "edge/image.h"
#include "edge/secret.h"
#include "edge/sink.h"
#include "edge/ssh.h"
#include "edge/thin_dm.h"
#include "model/record.h"
#include "model/spec.h"
#include "model/state.h"

enum {
	SSH_SECONDS = 300,	/* for the guest to boot and let us in */
	APT_SECONDS = 900,
};

/* As qm prints a copy's progress, so that one reader serves both; a line for each per cent. */
static void print_progress(uint64_t done, uint64_t all)
{
	static int printed = -1;
	char text[2][NUMBER_TEXT];
	double percent = all ? (double)done * 100 / (double)all : 100;

	if ((int)percent == printed)
		return;
	printed = (int)percent;
	printf("transferred %s of %s (%.2f%%)\n", number_format_human(done, text[0]),
	       number_format_human(all, text[1]), percent);
	fflush(stdout);
}

/* --- check --- */

static int check_size(const struct build *build, uint64_t size, struct error *err)
{
	uint64_t disk = spec_number(build->golden.template, KEY_DISK);
	char text[2][NUMBER_TEXT];

	if (!disk || size <= disk)
		return 0;
	return error_set(err, ERROR_REFUSED,
			 "holds a disk of %s, and disk = %s is declared: declare that or more",
			 number_format_human(size, text[0]), number_format_size(disk, text[1]));
}

static int check_image(struct build *build, struct error *err)
{
	CLEANUP(scope_free) char *file = memory_print("%s%s", build->root, build->image);
	uint64_t size;

	if (image_check(file, spec_text(build->golden.template, KEY_SHA256), print_progress, &size,
			err) < 0 ||
	    check_size(build, size, err) < 0)
		return error_prefix(err, "%s", build->image);
	return 0;
}

/* --- key --- */

static int keep_key(struct build *build, struct error *err)
{
	CLEANUP(secret_release) struct secret text = SECRET_INIT;
	const struct spec_section *template = build->golden.template;
	const struct spec_value *sink = spec_value(template, KEY_KEY_SINK);

	printf("the master key is %s\n", ssh_pair_fingerprint(build->pair));
	fflush(stdout);
	if (ssh_pair_private(build->pair, &text, err) < 0)
		return -1;
	if (sink)
		return sink_run(&sink->list, &text, STDOUT_FILENO, SINK_SECONDS, err);
	return sink_write(spec_text(template, KEY_KEY_FILE), &text, err);
}

/* --- guest --- */

/* "LOCAL:GUEST", as the key's check has seen to. */
static struct guest_file *split_files(const struct strvec *pairs)
{
	struct guest_file *files = memory_new(pairs->count, sizeof(*files));

	for (size_t i = 0; i < pairs->count; i++) {
		char *pair = pairs->items[i];
		const char *from = strsep(&pair, ":");

		files[i] = (struct guest_file){ .from = from, .to = pair };
	}
	return files;
}

static const struct strvec *list_of(const struct spec_section *template, enum key_id key)
{
	const struct spec_value *value = spec_value(template, key);

	return value ? &value->list : NULL;
}

/* As the pool counts, in its own chunks. */
static uint64_t occupied(void *context)
{
	const struct build *build = context;
	CLEANUP(thin_volume_release) struct thin_volume disk = {
		.vg = memory_copy(build->base.vg), .name = memory_copy(build->base.name),
	};
	struct error ignored;

	if (!disk.vg || thin_dm_refresh_volume(build->root, &disk, &ignored) < 0)
		return 0;
	return disk.mapped;
}

static int prepare_guest(struct build *build, struct error *err)
{
	const struct spec_section *template = build->golden.template;
	const char *user = spec_text(template, KEY_USER);
	CLEANUP(strvec_release) struct strvec pairs = STRVEC_INIT;
	CLEANUP(scope_free) char *address = memory_copy(spec_text(template, KEY_BUILD_ADDRESS));
	CLEANUP(scope_free) struct guest_file *files = NULL;
	struct guest_job job = {
		.address = address,
		.port = 22,
		.user = user ? user : GOLDEN_USER,
		.key = build->pair,
		.packages = list_of(template, KEY_PACKAGES),
		.run = list_of(template, KEY_RUN),
		.keep_key = build->golden.key,
		.remove_key = template->ssh_keys ? ssh_pair_public(build->pair) : NULL,
		.ssh_seconds = SSH_SECONDS,
		.apt_seconds = APT_SECONDS,
		.time_scale = build->time_scale,
		.occupied = occupied,
		.context = build,
	};

	address[strcspn(address, "/")] = '\0';
	if (list_of(template, KEY_FILES))
		strvec_extend(&pairs, list_of(template, KEY_FILES));
	files = split_files(&pairs);
	job.files = files;
	job.file_count = pairs.count;
	return guest_prepare(&job, err);
}

/* --- seal --- */

static bool tell_progress(void *context, uint64_t done, uint64_t all)
{
	(void)context;
	print_progress(done, all);
	return true;
}

/* The result is what is printed: who reads it may be a later run. */
static int seal(struct build *build, struct error *err)
{
	CLEANUP(record_template_release) struct record_template record = { .vmid = 0 };
	CLEANUP(seal_release) struct seal seal = SEAL_INIT;
	const struct seal_progress progress = { .tell = tell_progress };

	if (!build->base.vg)
		return error_set(err, ERROR_REFUSED,
				 "its disk is on no thin pool: there is no checksum to take");
	if (seal_read(build->root, &build->base, &progress, &seal, err) < 0)
		return -1;
	seal_to_record(&seal, &record);
	printf(BUILD_SEAL "%s %llu %llu %llu\n%s%s", record.volume,
	       (unsigned long long)record.device, (unsigned long long)record.size,
	       (unsigned long long)record.mapped, record.checksum,
	       *seal.blocks.buf ? "" : "\n");
	return 0;
}

/* --- in the child --- */

static int run(void *context)
{
	struct build *build = context;
	struct error err = { .kind = ERROR_NONE };
	int result = -1;

	if (build->verb == QM_CHECK)
		result = check_image(build, &err);
	if (build->verb == QM_KEY)
		result = keep_key(build, &err);
	if (build->verb == QM_GUEST)
		result = prepare_guest(build, &err);
	if (build->verb == QM_SEAL)
		result = seal(build, &err);
	/* the guest's own last line says it already */
	if (result == 0 || build->verb != QM_GUEST)
		printf("%s\n", result == 0 ? BUILD_DONE : err.text);
	return result == 0 ? 0 : 1;
}

/* What a template's disk is called: it is not active, so device-mapper has not heard of it. */
static void name_base(struct build *build, const struct state *state)
{
	const struct state_guest *guest = state_find_guest(state, build->golden.vmid);
	CLEANUP(scope_free) char *path = NULL;
	size_t vg;

	thin_volume_release(&build->base);
	if (guest && guest->conf)
		path = state_drive_path(state, guest->conf, OPTION_BOOT_DISK);
	if (!path)
		return;
	vg = strcspn(path, "/");
	build->base.vg = memory_print("%.*s", (int)vg, path);
	build->base.name = memory_copy(path + vg + 1);
}

struct child_work build_work(struct build *build, enum qm_verb verb, const struct state *state)
{
	build->verb = verb;
	name_base(build, state);
	return (struct child_work){ .run = run, .context = build };
}
