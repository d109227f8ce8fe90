/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/guest_part.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "edge/clock.h"

enum {
	LOCK_SECONDS = 60,	/* that apt itself waits for a lock */
	FIRST_PAUSE = 2,	/* s; then twice as long each time, up to LONGEST_PAUSE */
	LONGEST_PAUSE = 32,
};

/* What apt says, and why it is worth another attempt; NULL: it is not. */
static const struct { const char *says, *why; } hindrances[] = {
	{ "Unable to locate package",	NULL },
	{ "dpkg was interrupted",	"dpkg was interrupted before" },
	{ "Could not get lock",		"another program holds the lock" },
	{ "Unable to acquire the dpkg frontend lock", "another program holds the lock" },
	{ "Unable to lock",		"another program holds the lock" },
	{ "Temporary failure resolving", "there is no name service yet" },
	{ "Could not resolve",		"there is no name service yet" },
	{ "Network is unreachable",	"there is no network yet" },
	{ "No route to host",		"there is no network yet" },
	{ "Could not connect to",	"the mirror does not answer" },
	{ "Unable to connect to",	"the mirror does not answer" },
	{ "Connection timed out",	"the mirror does not answer" },
	{ "Connection failed",		"the mirror does not answer" },
	{ "connection timed out",	"the mirror does not answer" },
};

static const char *find_hindrance(const char *output)
{
	for (size_t i = 0; i < sizeof(hindrances) / sizeof(*hindrances); i++)
		if (strstr(output, hindrances[i].says))
			return hindrances[i].why;
	return NULL;
}

/* An update that fetched nothing is a warning to older ones, not a failure. */
static bool has_failed(const struct guest_command *command)
{
	return command->status != 0 ||
	       strstr(command->output.buf, "Some index files failed to download");
}

/* The first line of output that begins so; NULL: none. */
static const char *find_line(const char *output, const char *start)
{
	for (; *output; output += strcspn(output, "\n"), output += *output == '\n')
		if (strncmp(output, start, strlen(start)) == 0)
			return output;
	return NULL;
}

/* apt's own first complaint, else how it ended: an update that fetched nothing only warns. */
static int judge(const struct guest_command *command, const char *what, struct error *err)
{
	const char *line = find_line(command->output.buf, "E: ");

	if (!line)
		line = find_line(command->output.buf, "W: Failed to fetch");
	if (line)
		return error_set(err, ERROR_COMMAND, "%s: %.*s", what,
				 (int)strcspn(line, "\r\n"), line);
	if (command->status == 0)
		return error_set(err, ERROR_COMMAND, "%s: not all lists could be fetched", what);
	return guest_judge(command, what, err);
}

/* A connection that was lost may have left dpkg in the middle of something. */
static int configure_rest(struct guest *guest, struct error *err)
{
	CLEANUP(guest_command_release) struct guest_command command = GUEST_COMMAND_INIT;
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	strvec_pushl(&argv, "sudo", "env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--configure",
		     "-a", NULL);
	command.argv = &argv;
	command.seconds = guest->job->apt_seconds * guest->job->time_scale;
	if (guest_run(guest, &command, err) < 0)
		return error_prefix(err, "dpkg --configure -a");
	return guest_judge(&command, "dpkg --configure -a", err);
}

/* Again and again, for as long as there is a reason to hope and time. */
static int insist(struct guest *guest, const struct strvec *argv, const char *what, double deadline,
		  struct error *err)
{
	double scale = guest->job->time_scale, pause = FIRST_PAUSE;

	for (;; pause *= pause < LONGEST_PAUSE ? 2 : 1) {
		CLEANUP(guest_command_release) struct guest_command command = GUEST_COMMAND_INIT;
		char duration[NUMBER_TEXT];
		const char *why;

		guest_say("%s", what);
		command.argv = argv;
		command.seconds = guest->job->apt_seconds * scale;
		if (guest_run(guest, &command, err) < 0)
			return error_prefix(err, "%s", what);
		if (!has_failed(&command))
			return 0;
		why = find_hindrance(command.output.buf);
		if (!why || clock_monotonic() + pause * scale >= deadline)
			return judge(&command, what, err);
		guest_say("%s: %s; again in %s", what, why,
			  number_format_duration(pause * scale, duration));
		guest_pause(pause * scale);
		if (strstr(command.output.buf, "dpkg was interrupted") &&
		    configure_rest(guest, err) < 0)
			return -1;
	}
}

static void begin_argv(const struct guest *guest, struct strvec *argv)
{
	strvec_pushl(argv, "sudo", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y",
		     "-o", NULL);
	strvec_pushf(argv, "DPkg::Lock::Timeout=%.0f", LOCK_SECONDS * guest->job->time_scale);
}

int guest_install(struct guest *guest, struct error *err)
{
	CLEANUP(strvec_release) struct strvec update = STRVEC_INIT, install = STRVEC_INIT;
	double deadline = clock_monotonic() + guest->job->apt_seconds * guest->job->time_scale;

	if (!guest->job->packages || guest->job->packages->count == 0)
		return 0;
	begin_argv(guest, &update);
	strvec_pushl(&update, "-o", "APT::Update::Error-Mode=any", "update", NULL);
	begin_argv(guest, &install);
	strvec_pushl(&install, "install", "--no-install-recommends", NULL);
	strvec_extend(&install, guest->job->packages);
	if (insist(guest, &update, "apt-get update", deadline, err) < 0)
		return -1;
	return insist(guest, &install, "apt-get install", deadline, err);
}
