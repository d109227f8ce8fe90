/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/answer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/report.h"
#include "edge/bundle.h"
#include "edge/journal.h"
#include "edge/runlock.h"

/* The run that holds the node, or null; what cannot be read is for the verb itself to say. */
static json_t *running_run(const struct cli *cli)
{
	CLEANUP(scope_free) char *path = cli_journal_path(cli);
	CLEANUP(journal_cleanup) struct journal *journal = NULL;
	CLEANUP(record_runs_release) struct record_runs runs = { .items = NULL };
	struct error ignored;

	if (!runlock_is_held(cli->root))
		return json_null();
	journal = journal_open(path, JOURNAL_READ, &ignored);
	if (!journal || journal_read_runs(journal, 1, &runs, &ignored) < 0 || !runs.count ||
	    runs.items[0].result != RECORD_OPEN)
		return json_null();
	return document_run(&runs.items[0]);
}

void answer_hello(const struct cli *cli, const char *verb)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	report_show(&report_events, json_pack("{s:s, s:i, s:s, s:o, s:s, s:o}",
		"event", "hello", "format", BUNDLE_FORMAT, "version", PACKAGE_VERSION,
		"host", document_text(host), "verb", verb, "running", running_run(cli)));
}

void answer_problem(const char *file, int line, const char *text)
{
	report_show(&report_events, json_pack("{s:s, s:o, s:i, s:o}", "event", "problem",
		"file", document_text(file), "line", line, "text", document_text(text)));
}

void answer_end(int status, const struct error *err)
{
	report_show(&report_events, json_pack("{s:s, s:i, s:o}", "event", "end",
		"status", status, "error", document_text(*err->text ? err->text : NULL)));
}

/* In a handler.  The signal may be blocked, and is then read where the run looks for it. */
static void look(int signal)
{
	struct pollfd poller = { .fd = STDIN_FILENO, .events = POLLIN };
	char asked;

	(void)signal;
	if (poll(&poller, 1, 0) > 0 && read(STDIN_FILENO, &asked, 1) > 0)
		kill(getpid(), SIGINT);
}

void answer_heed_stop(bool stop_now)
{
	const struct sigaction action = { .sa_handler = look, .sa_flags = SA_RESTART };
	struct stat status;

	/* a terminal or a file is others' too, and asks nothing */
	if (fstat(STDIN_FILENO, &status) < 0 ||
	    !(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)))
		return;
	sigaction(SIGIO, &action, NULL);
	if (fcntl(STDIN_FILENO, F_SETOWN, getpid()) == 0)
		fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_ASYNC);
	/* what came before that made no signal */
	if (stop_now)
		kill(getpid(), SIGINT);
	else
		look(SIGIO);
}
