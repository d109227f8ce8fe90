/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/forecast.h"
#include "edge/spec_conf.h"
#include "main.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static struct spec *spec;
static struct state state;

/* A spec of one VM, and a node with this template in it; NULL: without. */
static void set_up(const char *template)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct spec_problems problems = { 0 };

	strbuf_adds(&text, "node pve { }\ntemplate noble { vmid = 9000 }\n"
			   "cluster lab { vm web { vmid = 101 } }\n");
	spec = spec_new();
	spec_conf_parse(spec, &text, NULL, &problems);
	spec_check(spec, &problems);
	ck_assert_uint_eq(problems.count, 0);
	state = (struct state)STATE_INIT;
	if (template)
		MEMORY_PUSH(state.guests, state.guest_count) = (struct state_guest){
			.vmid = 9000, .node = memory_copy("pve"), .local = true,
			.conf = vmconf_parse(template, strlen(template)) };
}

static void tear_down(void)
{
	spec_free(spec);
	state_release(&state);
}

/* Everything that pve-facts 1.4 speaks of; disks in two kinds. */
static const char template[] =
	"agent: enabled=1\n"
	"boot: order=scsi0\n"
	"cores: 2\n"
	"ide2: local-lvm:vm-9000-cloudinit,media=cdrom\n"
	"ide3: local:iso/tools.iso,media=cdrom,size=1M\n"
	"lock: backup\n"
	"name: noble\n"
	"net0: virtio=BC:24:11:9F:95:D0,bridge=vmbr0\n"
	"onboot: 1\n"
	"parent: before\n"
	"scsi0: local-lvm:base-9000-disk-1,discard=on,size=4G\n"
	"scsi1: fast:base-9000-disk-0,size=1G\n"
	"smbios1: base64=1,serial=Nw==,uuid=be8c63cf-bfd6-47a4-8a8f-4436ed99fc28\n"
	"tags: golden\n"
	"template: 1\n"
	"unused0: local-lvm:vm-9000-disk-9\n"
	"virtio0: local-lvm:base-9000-disk-2,size=2G\n"
	"vmgenid: 62bbdfd7-59e1-44d7-9cd7-83e9670df267\n"
	"\n"
	"[PENDING]\n"
	"cores: 8\n"
	"\n"
	"[before]\n"
	"cores: 1\n";

static const struct { const char *key, *value; } expected[] = {
	{ "name",	"web" },
	{ "description", "managed by vyom: lab/web" },
	{ "agent",	"enabled=1" },
	{ "boot",	"order=scsi0" },
	{ "cores",	"2" },
	{ "net0",	"virtio=BC:24:11:9F:95:D0,bridge=vmbr0" },
	{ "onboot",	"1" },
	{ "tags",	"golden" },
	{ "ide2",	"local-lvm:vm-101-cloudinit,media=cdrom" },
	{ "ide3",	"local:iso/tools.iso,media=cdrom,size=1M" },
	{ "scsi0",	"local-lvm:vm-101-disk-0,discard=on,size=4G" },
	{ "scsi1",	"fast:vm-101-disk-1,size=1G" },
	{ "smbios1",	"base64=1,serial=Nw==,uuid=ITS-OWN" },
	{ "virtio0",	"local-lvm:vm-101-disk-2,size=2G" },
	{ "lock",	NULL },
	{ "parent",	NULL },
	{ "template",	NULL },
	{ "unused0",	NULL },
	{ "vmgenid",	NULL },
};

START_TEST(a_clone_has_what_its_template_has_but_who_it_is)
{
	CLEANUP(vmconf_cleanup) struct vmconf *clone = NULL;
	const char *value;

	set_up(template);
	clone = forecast_clone(spec->vms[0], &state);
	value = strcmp(expected[_i].key, "description") == 0 ? clone->description :
		vmconf_get(clone, expected[_i].key);
	if (expected[_i].value)
		ck_assert_str_eq(value, expected[_i].value);
	else
		ck_assert_msg(!value, "%s: %s", expected[_i].key, value);
	tear_down();
}
END_TEST

START_TEST(a_clone_waits_for_nothing_and_has_no_snapshots)
{
	CLEANUP(vmconf_cleanup) struct vmconf *clone = NULL;

	set_up(template);
	clone = forecast_clone(spec->vms[0], &state);
	ck_assert(!vmconf_has_pending(clone));
	ck_assert_uint_eq(clone->snapshot_count, 0);
	tear_down();
}
END_TEST

START_TEST(without_a_template_there_is_only_its_name)
{
	CLEANUP(vmconf_cleanup) struct vmconf *clone = NULL;

	set_up(NULL);
	ck_assert_ptr_null(forecast_source(spec->vms[0], &state));
	clone = forecast_clone(spec->vms[0], &state);
	ck_assert_str_eq(vmconf_get(clone, "name"), "web");
	ck_assert_ptr_null(vmconf_get(clone, "scsi0"));
	tear_down();
}
END_TEST

START_TEST(the_source_is_the_templates_own_config)
{
	set_up(template);
	ck_assert_ptr_eq(forecast_source(spec->vms[0], &state), state.guests[0].conf);
	tear_down();
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_clone_has_what_its_template_has_but_who_it_is, 0,
			    ROWS(expected));
	tcase_add_test(tcase, a_clone_waits_for_nothing_and_has_no_snapshots);
	tcase_add_test(tcase, without_a_template_there_is_only_its_name);
	tcase_add_test(tcase, the_source_is_the_templates_own_config);
}

TEST_MAIN("forecast", add_cases)
