/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "act/guest_part.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strvec.h"

enum { SECONDS = 300 };		/* for each of these */

/*
 * All over one login: after the last of them there may be no other.  cloud-init's
 * state goes first, see guest.h; the host keys go last.
 */
static const struct { const char *what, *script; } steps[] = {
	{ "cloud-init's state and logs",
	  "command -v cloud-init >/dev/null || exit 0; cloud-init clean --logs --seed" },
	{ "machine-id",
	  "truncate -s 0 /etc/machine-id && f=/var/lib/dbus/machine-id && "
	  "if [ -f $f ] && [ ! -L $f ]; then truncate -s 0 $f; fi" },
	{ "apt's cache and lists",
	  "command -v apt-get >/dev/null || exit 0; apt-get clean && rm -rf /var/lib/apt/lists/*" },
	{ "root's shell history", "rm -f /root/.*_history" },
};

static int wipe(struct guest *guest, bool root, const char *what, const char *script,
		const char *const *arguments, struct error *err)
{
	CLEANUP(guest_command_release) struct guest_command command = GUEST_COMMAND_INIT;

	guest_say("clean slate: %s", what);
	command.seconds = SECONDS;
	if (guest_run_script(guest, &command, root, script, arguments, err) < 0)
		return error_prefix(err, "clean slate: %s", what);
	return guest_judge(&command, what, err);
}

/* --- authorised keys --- */

/* The second word of a public line, which is the key itself; caller frees. */
static char *key_of(const char *line)
{
	const char *key = line + strcspn(line, " \t");

	key += strspn(key, " \t");
	return memory_print("%.*s", (int)strcspn(key, " \t\r\n"), key);
}

/*
 * Lines with the keys $2 and $3 go, $4 is added unless it is empty.  cloud-init
 * gave the key to root also, with a command in front that only says who to be.
 */
static int edit_keys(struct guest *guest, bool root, const char *without, const char *keep,
		     struct error *err)
{
	static const char script[] =
		"umask 077; f=${1:-$HOME/.ssh/authorized_keys}; "
		"[ -e \"$f\" ] || [ -n \"$4\" ] || exit 0; "
		"mkdir -p \"${f%/*}\" && touch \"$f\" && "
		"{ grep -vF -e \"$2\" -e \"$3\" \"$f\" >\"$f.vyom\"; [ $? -le 1 ]; } && "
		"{ [ -z \"$4\" ] || printf '%s\\n' \"$4\" >>\"$f.vyom\"; } && mv \"$f.vyom\" \"$f\"";
	CLEANUP(scope_free) char *kept = keep ? key_of(keep) : memory_copy(without);
	const char *const arguments[] = {
		root ? "/root/.ssh/authorized_keys" : "", without, kept, keep ? keep : "", NULL,
	};

	return wipe(guest, root, root ? "root's authorised keys" : "the user's authorised keys",
		    script, arguments, err);
}

static int clean_keys(struct guest *guest, struct error *err)
{
	const char *keep = guest->job->keep_key, *away = guest->job->remove_key;
	CLEANUP(scope_free) char *kept = keep ? key_of(keep) : NULL;
	CLEANUP(scope_free) char *without = away ? key_of(away) : memory_copy(kept);

	if (!without)
		return 0;
	if (edit_keys(guest, false, without, keep, err) < 0)
		return -1;
	/* a break-glass key is the user's: that root has it too is cloud-init's doing */
	if (!away || (kept && strcmp(kept, without) == 0))
		return 0;
	return edit_keys(guest, true, without, NULL, err);
}

/* --- what was freed goes back to the pool --- */

static uint64_t occupied(const struct guest *guest)
{
	return guest->job->occupied ? guest->job->occupied(guest->job->context) : 0;
}

/* What fstrim says is all that its file systems do not use, also what was never written. */
static void tell_given_back(uint64_t before, uint64_t after)
{
	char text[3][NUMBER_TEXT];

	if (before && after && after <= before)
		guest_say("its disk has %s of the pool, and had %s: %s given back",
			  number_format_human(after, text[0]),
			  number_format_human(before, text[1]),
			  number_format_human(before - after, text[2]));
}

static int trim(struct guest *guest, struct error *err)
{
	static const char script[] = "sync; fstrim -av";
	CLEANUP(guest_command_release) struct guest_command command = GUEST_COMMAND_INIT;
	uint64_t before = occupied(guest);

	guest_say("trimming");
	command.seconds = SECONDS;
	if (guest_run_script(guest, &command, true, script, NULL, err) < 0)
		return error_prefix(err, "fstrim");
	if (command.status != 0)
		guest_say("remark: not all could be trimmed (see above); the template keeps the "
			  "blocks that the guest has freed");
	tell_given_back(before, occupied(guest));
	return 0;
}

int guest_clean(struct guest *guest, struct error *err)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (wipe(guest, true, steps[i].what, steps[i].script, NULL, err) < 0)
			return -1;
	if (wipe(guest, false, "the user's shell history", "rm -f \"$HOME\"/.*_history", NULL,
		 err) < 0 ||
	    clean_keys(guest, err) < 0 ||
	    wipe(guest, true, "SSH host keys", "rm -f /etc/ssh/ssh_host_*", NULL, err) < 0)
		return -1;
	return trim(guest, err);
}
