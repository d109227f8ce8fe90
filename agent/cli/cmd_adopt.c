/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "decide/adopt.h"
#include "base/error.h"
#include "edge/journal.h"
#include "base/memory.h"
#include "cli/print.h"
#include "cli/document.h"
#include "cli/report.h"
#include "cli/run.h"
#include "base/scope.h"
#include "model/spec.h"
#include "base/strbuf.h"

static const struct spec_section *find_declared(const struct cli *cli, const char *name,
						struct error *err)
{
	for (size_t i = 0; i < cli->spec->vm_count; i++) {
		const struct spec_section *vm = cli->spec->vms[i];

		if (spec_vm_is_meant(vm->cluster->name, vm->name, name))
			return vm;
	}
	error_set(err, ERROR_REFUSED,
		  "%s declares no VM \"%s\": declare it, with the id and the shape that it has, "
		  "and adopt it then",
		  cli->config, name);
	return NULL;
}

static int look(struct cli *cli, struct adopt *adopt, struct error *err)
{
	if (cli->given & CLI_MARKED)
		adopt_marked(cli->spec, &cli->state, &cli->records, adopt);
	for (int i = 0; i < cli->arg_count; i++) {
		const struct spec_section *vm = find_declared(cli, cli->args[i], err);

		if (!vm)
			return -1;
		adopt_declared(vm, &cli->state, &cli->records, adopt);
	}
	adopt_forecast(&cli->state, &cli->records, adopt);
	return 0;
}

/*
 * What the name stood for before is forgotten first: cut off in between, the journal has
 * neither, and adopt is run again.
 */
static int remember(struct cli *cli, struct adopt_vm *vm, int64_t run, struct error *err)
{
	for (size_t i = 0; i < cli->records.count; i++) {
		const struct record_vm *old = &cli->records.items[i];

		if (adopt_makes_stale(vm, old) &&
		    journal_vm_forget(cli->journal, old->vmid, err) < 0)
			return -1;
	}
	vm->record.run = run;
	return journal_vm_remember(cli->journal, &vm->record, err);
}

static char *vmids_of(const struct adopt *adopt)
{
	struct strbuf ids = STRBUF_INIT;

	for (size_t i = 0; i < adopt->count; i++)
		if (adopt->vms[i].standing == ADOPT_TAKE)
			strbuf_addf(&ids, "%s%u", ids.len ? " " : "", adopt->vms[i].record.vmid);
	return strbuf_detach(&ids);
}

static int remember_all(struct cli *cli, struct adopt *adopt, int64_t run, struct error *err)
{
	for (size_t i = 0; i < adopt->count; i++)
		if (adopt->vms[i].standing == ADOPT_TAKE &&
		    remember(cli, &adopt->vms[i], run, err) < 0)
			return -1;
	return 0;
}

static int take_over(struct cli *cli, struct adopt *adopt, struct error *err)
{
	CLEANUP(record_run_release) struct record_run run = { .id = 0 };
	CLEANUP(scope_free) char *vmids = vmids_of(adopt), *summary = NULL;

	if (run_begin(cli, "adopt", vmids, &run, err) < 0)
		return -1;
	if (remember_all(cli, adopt, run.id, err) < 0) {
		struct error ignored;

		journal_run_end(cli->journal, run.id, RECORD_FAILED, "the journal failed",
				&ignored);
		return -1;
	}
	summary = memory_print("%zu VM%s taken over, %zu left alone", adopt->take,
			       print_plural(adopt->take), adopt->refused);
	if (journal_run_end(cli->journal, run.id, RECORD_DONE, summary, err) < 0)
		return -1;
	report_show(cli->report, document_adopted(adopt, &cli->state, run.id));
	return 0;
}

static int dry_run(struct cli *cli, struct adopt *adopt, struct error *err)
{
	if (cli_observe(cli, false, err) < 0 || look(cli, adopt, err) < 0)
		return -1;
	report_show(cli->report,
		    document_adopt(adopt, &cli->state, cli->given & CLI_MARKED));
	if (adopt->refused)
		return CLI_REFUSED;
	return adopt->take ? CLI_DIFFERENCES : CLI_OK;
}

/* Of VMs that were named all are taken or none; by their marks, all that can be. */
static int adopt_all(struct cli *cli, struct adopt *adopt, struct error *err)
{
	bool marked = cli->given & CLI_MARKED, forbidden = adopt->refused && !marked;
	char hash[DIGEST_SHA256_TEXT];

	if (cli->report->live || forbidden)
		report_show(cli->report, document_adopt(adopt, &cli->state, marked));
	if (forbidden)
		return CLI_REFUSED;
	if (!adopt->take)
		report_show(cli->report, document_adopted(adopt, &cli->state, 0));
	else if (run_check_hash(cli, adopt_hash(adopt, hash), err) < 0 ||
		 run_ask(cli, adopt->take == 1 ? "Take it over?" : cli->question, err) < 0 ||
		 take_over(cli, adopt, err) < 0)
		return -1;
	return adopt->refused ? CLI_REFUSED : CLI_OK;
}

int cmd_adopt(struct cli *cli, struct error *err)
{
	CLEANUP(adopt_release) struct adopt adopt = { .vms = NULL };

	if (!(cli->given & CLI_MARKED) == !cli->arg_count)
		return error_set(err, ERROR_USAGE,
				 "vyom adopt needs names of VMs, or --all; see vyom help adopt");
	if (cli_read_spec(cli, err) < 0)
		return -1;
	if (cli->given & CLI_DRY_RUN)
		return dry_run(cli, &adopt, err);
	if (cli_begin_change(cli, "adopt", false, err) < 0 || look(cli, &adopt, err) < 0)
		return -1;
	return adopt_all(cli, &adopt, err);
}
