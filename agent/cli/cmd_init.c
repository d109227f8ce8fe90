/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "act/observe.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/report.h"
#include "decide/init.h"
#include "edge/keyfile.h"
#include "edge/pvefs.h"
#include "model/site.h"

/* The first file of public keys that qm would take; NULL: there is none.  Caller frees. */
static char *find_keys(const struct cli *cli)
{
	static const char *const paths[] = {
		"/etc/vyom/authorized_keys", "/root/.ssh/authorized_keys",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		CLEANUP(bundle_release) struct bundle bundle = { .config = NULL };
		CLEANUP(strbuf_release) struct strbuf keys = STRBUF_INIT;
		struct error ignored;
		char *path = memory_print("%s%s", cli->root, paths[i]);

		if (keyfile_read(&bundle, path, &keys, &ignored) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static int make(struct cli *cli, struct strbuf *text, struct error *err)
{
	CLEANUP(scope_free) char *keys = find_keys(cli);
	CLEANUP(site_release) struct site site;

	site_init(&site);
	if (observe_node(cli->root, NULL, true, &cli->state, err) < 0 ||
	    pvefs_read_site(cli->root, &site, err) < 0)
		return -1;
	return init_write(&cli->state, &site, keys, text, err);
}

/* Never over a file that is there, nor through a link; what could not be written whole is gone. */
static int write_new(const char *path, const struct strbuf *text, struct error *err)
{
	CLEANUP(scope_close) int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_REFUSED, "%s: is there already, and stays as it is; give "
				 "another name, or move it away", path);
	if (fd < 0)
		return error_set_errno(err, "%s: cannot be made", path);
	if (file_write(fd, text->buf, text->len) == 0 && fsync(fd) == 0)
		return 0;
	error_set_errno(err, "%s: cannot be written", path);
	unlink(path);
	return -1;
}

int cmd_init(struct cli *cli, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const char *path = cli->arg_count ? cli->args[0] : NULL;

	if (path && cli->served)
		return error_set(err, ERROR_REFUSED, "this key may name no file of the node: leave "
				 "it away, and the config is printed");
	if (make(cli, &text, err) < 0 || (path && write_new(path, &text, err) < 0))
		return -1;
	report_show(cli->report, document_config(path, text.buf));
	return CLI_OK;
}
