/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/pvefs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/error.h"
#include "base/file.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/membership.h"

static const struct {
	const char *path;
	void (*parse)(char *text, struct state *state, unsigned only);
} files[] = {
	{ "/etc/pve/user.cfg", membership_parse_users },
	{ "/etc/pve/ha/resources.cfg", membership_parse_ha },
	{ "/etc/pve/replication.cfg", membership_parse_replication },
};

/* A file that is not there says nothing of anybody. */
int pvefs_read_memberships(const char *root, struct state *state, unsigned only, struct error *err)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s%s", root, files[i].path);
		if (file_read(path, &text) == 0)
			files[i].parse(text.buf, state, only);
		else if (errno != ENOENT)
			return error_set_errno(err, "%s", path);
	}
	return 0;
}
