/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/pvefs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/site.h"

/* The kernel's lists come a page at a time, and not in one read(2). */
static int read_list(const char *path, struct strbuf *text)
{
	CLEANUP(scope_fclose) FILE *file = fopen(path, "re");
	char part[4096];
	size_t len;

	strbuf_reset(text);
	if (!file)
		return -1;
	while ((len = fread(part, 1, sizeof(part), file)) > 0)
		strbuf_add(text, part, len);
	return ferror(file) ? -1 : 0;
}

/* A file that is not there leaves text empty. */
static int read_text(const char *root, const char *name, struct strbuf *text, struct error *err)
{
	bool list = strncmp(name, "/proc/", 6) == 0;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, name);
	if ((list ? read_list(path, text) : file_read(path, text)) < 0 && errno != ENOENT)
		return error_set_errno(err, "%s", path);
	return 0;
}

static int read_firewall(const char *root, const char *name, bool *enabled, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (read_text(root, name, &text, err) < 0)
		return -1;
	site_parse_firewall(text.buf, enabled);
	return 0;
}

/* Microseconds that the kernel lets its clock be off at most before it calls it unset. */
enum { LARGEST_ERROR = 16000000 };

/*
 * The kernel knows whether somebody holds its clock, whichever NTP daemon that is; its
 * STA_UNSYNC may be there only so that it leaves the hardware's clock alone, and timedatectl
 * passes over it too.  A test's node has no clock of its own: there it is a file.
 */
static bool clock_is_set(const char *root)
{
	struct timex timex = { .modes = 0 };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/run/clock-not-set", root);
	if (*root)
		return access(path, F_OK) < 0;
	return adjtimex(&timex) < 0 || timex.maxerror < LARGEST_ERROR;
}

int pvefs_read_site(const char *root, struct site *site, struct error *err)
{
	static const struct {
		const char *name;
		void (*parse)(char *text, struct site *site);
	} files[] = {
		{ "/etc/pve/datacenter.cfg",	site_parse_datacenter },
		{ "/proc/net/route",		site_parse_routes },
		{ "/proc/net/fib_trie",		site_parse_addresses },
	};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (read_text(root, files[i].name, &text, err) < 0)
			return -1;
		files[i].parse(text.buf, site);
	}
	site->clock_is_set = clock_is_set(root);
	if (read_firewall(root, "/etc/pve/firewall/cluster.fw", &site->firewall, err) < 0)
		return -1;
	return read_firewall(root, "/etc/pve/local/host.fw", &site->host_firewall, err);
}
