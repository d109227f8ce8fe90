/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/guest.h"

#include <stdio.h>
#include <sys/stat.h>

#include "act/guest_part.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strvec.h"

enum {
	ATTEMPTS = 3,		/* when the connection is lost */
	FILE_SECONDS = 300,
};

#define LARGEST (16 * MIB)

/* cloud-init installs keys, may upgrade packages, and holds apt's lock as long as it is at it. */
static int wait_for_cloud_init(struct guest *guest, struct error *err)
{
	static const char script[] = "command -v cloud-init >/dev/null || exit 127; "
				     "exec cloud-init status --wait --long";
	enum { DONE = 0, DEGRADED = 2, ABSENT = 127 };
	CLEANUP(guest_command_release) struct guest_command command = GUEST_COMMAND_INIT;

	guest_say("waiting for cloud-init");
	command.seconds = guest->job->apt_seconds * guest->job->time_scale;
	if (guest_run_script(guest, &command, false, script, NULL, err) < 0)
		return error_prefix(err, "cloud-init status --wait");
	if (command.status == ABSENT)
		guest_say("there is no cloud-init");
	else if (command.status == DEGRADED)
		guest_say("remark: cloud-init met with something, see above, and went on");
	else if (command.status != DONE)
		return guest_judge(&command, "cloud-init failed in the guest", err);
	return 0;
}

/* --- files --- */

static int read_file(const struct guest_file *file, struct strbuf *text, struct error *err)
{
	CLEANUP(scope_close) int fd = file_open_trusted(file->from, err);
	char name[40];
	struct stat found;

	if (fd < 0)
		return error_prefix(err, "%s", file->from);
	if (fstat(fd, &found) == 0 && (uint64_t)found.st_size > LARGEST)
		return error_set(err, ERROR_SPEC,
				 "%s: is larger than 16 MiB; let the guest fetch it", file->from);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (file_read(name, text) < 0)
		return error_set_errno(err, "%s: cannot be read", file->from);
	return 0;
}

/* Whole, or not at all: what a cut connection leaves is not put in its place. */
static int send_file(struct guest *guest, const struct guest_file *file, struct error *err)
{
	static const char script[] =
		"mkdir -p \"$(dirname \"$1\")\" && umask 077 && cat >\"$1.vyom\" && "
		"[ \"$(wc -c <\"$1.vyom\")\" -eq \"$3\" ] && chown 0:0 \"$1.vyom\" && "
		"chmod \"$2\" \"$1.vyom\" && mv -T \"$1.vyom\" \"$1\"";
	CLEANUP(guest_command_release) struct guest_command command = GUEST_COMMAND_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char mode[NUMBER_TEXT], size[NUMBER_TEXT];
	const char *const arguments[] = { file->to, mode, size, NULL };

	if (read_file(file, &text, err) < 0)
		return -1;
	snprintf(mode, sizeof(mode), "%o", file->mode ? (unsigned)file->mode : 0644);
	snprintf(size, sizeof(size), "%zu", text.len);
	guest_say("sending %s to %s", file->from, file->to);
	command.input = text.buf;
	command.input_len = text.len;
	command.seconds = FILE_SECONDS;
	if (guest_run_script(guest, &command, true, script, arguments, err) < 0)
		return error_prefix(err, "%s", file->to);
	return guest_judge(&command, file->to, err);
}

static int send_files(struct guest *guest, struct error *err)
{
	for (size_t i = 0; i < guest->job->file_count; i++)
		if (send_file(guest, &guest->job->files[i], err) < 0)
			return -1;
	return 0;
}

/* --- the operator's lines --- */

static int run_lines(struct guest *guest, struct error *err)
{
	const struct strvec *lines = guest->job->run;

	for (size_t i = 0; lines && i < lines->count; i++) {
		CLEANUP(guest_command_release) struct guest_command command = GUEST_COMMAND_INIT;

		guest_say("run: %s", lines->items[i]);
		command.seconds = guest->job->apt_seconds * guest->job->time_scale;
		if (guest_run_script(guest, &command, true, lines->items[i], NULL, err) < 0)
			return error_prefix(err, "%s", lines->items[i]);
		if (guest_judge(&command, lines->items[i], err) < 0)
			return -1;
	}
	return 0;
}

static int prepare_once(struct guest *guest, struct error *err)
{
	if (guest_connect(guest, err) < 0 || wait_for_cloud_init(guest, err) < 0 ||
	    guest_install(guest, err) < 0 || send_files(guest, err) < 0 ||
	    run_lines(guest, err) < 0)
		return -1;
	guest->touched = true;
	return guest_clean(guest, err);
}

int guest_prepare(const struct guest_job *job, struct error *err)
{
	struct guest guest = { .job = job };
	int result = prepare_once(&guest, err);

	for (int left = ATTEMPTS - 1; result < 0 && guest.lost && !guest.touched && left; left--) {
		guest_say("%s", err->text);
		guest_say("beginning again");
		guest.lost = false;
		result = prepare_once(&guest, err);
	}
	guest_disconnect(&guest);
	free(guest.host_key);
	if (result < 0)
		guest_say("%s", err->text);
	return result;
}
