/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/option.h"
#include "edge/spec_conf.h"
#include "main.h"
#include "model/spec.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))
#define KEY_1 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb me"
#define KEY_2 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb you"
#define ENCODED_1 "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb%20me"
#define ENCODED_2 "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIJ7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb%20you"

static const struct option *option(const char *name)
{
	const struct option *found = option_find(name);

	ck_assert_msg(found != NULL, "%s", name);
	return found;
}

/* cluster lab { … vm web { vmid = 101 … } }: what an option shall be; NULL: not declared */
static const struct { const char *cluster, *vm, *option, *value; } wants[] = {
	{ "",			"",			"name",		"web" },
	{ "",			"",			"description",	"managed by vyom: lab/web" },
	{ "",			"",			"tags",		"vyom" },
	{ "tags = { a, B }",	"",			"tags",		"vyom;a;B" },
	{ "",			"",			"cores",	NULL },
	{ "",			"cores = 4",		"cores",	"4" },
	{ "",			"",			"memory",	NULL },
	{ "",			"memory = 1.5G",	"memory",	"1536" },
	{ "",			"",			"onboot",	NULL },
	{ "onboot = false",	"",			"onboot",	"0" },
	{ "",			"onboot = yes",		"onboot",	"1" },
	{ "",			"",			"agent",	NULL },
	{ "agent = on",		"",			"agent",	"enabled=1" },
	{ "",			"",			"scsihw",	"virtio-scsi-single" },
	{ "",			"",			"scsi0",	"discard=on,iothread=1" },
	{ "",			"mac = \"02:0a:00:00:00:01\"", "net0",
	  "virtio=02:0A:00:00:00:01,bridge=vmbr0" },
	{ "bridge = vmbr1",	"mac = \"02:0a:00:00:00:01\" vlan = 20", "net0",
	  "virtio=02:0A:00:00:00:01,bridge=vmbr1,tag=20" },
	{ "",			"",			"ciuser",	NULL },
	{ "user = ubuntu",	"",			"ciuser",	"ubuntu" },
	{ "",			"",			"sshkeys",	NULL },
	{ "",			"",			"ipconfig0",	"ip=dhcp" },
	{ "gateway = 10.0.0.1",	"",			"ipconfig0",	"ip=dhcp" },
	{ "",			"address = \"10.0.0.5/24\"", "ipconfig0", "ip=10.0.0.5/24" },
	{ "gateway = 10.0.0.1",	"address = \"10.0.0.5/24\"", "ipconfig0",
	  "ip=10.0.0.5/24,gw=10.0.0.1" },
	{ "gateway = \"fd00::1\"", "address = \"fd00::5/64\"", "ipconfig0",
	  "ip6=fd00::5/64,gw6=fd00::1" },
	{ "",			"",			"nameserver",	NULL },
	{ "nameserver = { 10.0.0.1, 10.0.0.2 }", "",	"nameserver",	"10.0.0.1 10.0.0.2" },
	{ "searchdomain = { lan, example.org }", "",	"searchdomain",	"lan example.org" },
};

START_TEST(an_option_is_what_the_spec_declares)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, value = STRBUF_INIT;
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	bool declared;

	strbuf_addf(&text, "node pve { }\ntemplate t { vmid = 9000 }\ncluster lab {\n%s\n"
		    "vm web { vmid = 101 %s } }\n", wants[_i].cluster, wants[_i].vm);
	spec_conf_parse(spec, &text, NULL, &problems);
	spec_check(spec, &problems);
	ck_assert_msg(problems.count == 0, "%s", problems.count ? problems.items[0].text : "");
	declared = option(wants[_i].option)->want(spec->vms[0], &value);
	ck_assert_msg(declared == (wants[_i].value != NULL), "%s", wants[_i].option);
	ck_assert_str_eq(value.buf, declared ? wants[_i].value : "");
}
END_TEST

#define NIC "virtio=02:1F:00:00:00:01,bridge=vmbr0"

/* Does found say what wanted says? */
static const struct { const char *option, *wanted, *found; bool agrees; } agreements[] = {
	{ "cores",	"4",			"4",				true },
	{ "cores",	"4",			"40",				false },
	{ "cores",	"4",			NULL,				false },
	{ "onboot",	"0",			NULL,				false },
	{ "memory",	"4096",			"current=4096",			true },
	{ "memory",	"4096",			"4096",				true },
	{ "memory",	"4096",			"8192",				false },
	{ "agent",	"enabled=1",		"1",				true },
	{ "agent",	"enabled=1",		"1,fstrim_cloned_disks=1",	true },
	{ "agent",	"enabled=1",		"fstrim_cloned_disks=1,enabled=1", true },
	{ "agent",	"enabled=1",		"0",				false },
	{ "agent",	"enabled=1",		"type=virtio",			false },
	{ "net0",	NIC,			"bridge=vmbr0,virtio=02:1f:00:00:00:01", true },
	{ "net0",	NIC,			NIC ",firewall=1,tag=20",	true },
	{ "net0",	NIC,			"e1000=02:1F:00:00:00:01,bridge=vmbr0", false },
	{ "net0",	NIC,			"virtio=02:1F:00:00:00:02,bridge=vmbr0", false },
	{ "net0",	NIC,			"virtio=02:1F:00:00:00:01,bridge=vmbr01", false },
	{ "net0",	NIC,			"virtio=02:1F:00:00:00:01",	false },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,discard=on,iothread=1,size=64G",
	  true },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,iothread=1", false },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,discard=ignore,iothread=1",
	  false },
	{ "ipconfig0",	"ip=10.0.0.5/24,gw=10.0.0.1", "gw=10.0.0.1,ip=10.0.0.5/24", true },
	{ "ipconfig0",	"ip=dhcp",		"ip=dhcp,gw=10.0.0.1",		false },
	{ "ipconfig0",	"ip=dhcp",		"ip=dhcp,ip6=auto",		false },
	{ "ipconfig0",	"ip=10.0.0.5/24",	"ip=10.0.0.5/20",		false },
	{ "tags",	"vyom;k3s",		"k3s;vyom",			true },
	{ "tags",	"vyom;K3s",		"a,k3S vyom",			true },
	{ "tags",	"vyom;k3s",		"vyom;k3",			false },
	{ "tags",	"vyom",			"vyomx;xvyom",			false },
	{ "sshkeys",	KEY_1 "\n",		ENCODED_1 "%0A",		true },
	{ "sshkeys",	KEY_1,			ENCODED_1,			true },
	{ "sshkeys",	KEY_1 "\n" KEY_2 "\n",	ENCODED_1 "%0A%0A" ENCODED_2 "%0A%0A", true },
	{ "sshkeys",	KEY_1 "\r\n" KEY_2 " \n", ENCODED_1 "%0D%0A" ENCODED_2,	true },
	{ "sshkeys",	KEY_1 "\n" KEY_2 "\n",	ENCODED_2 "%0A" ENCODED_1,	false },
	{ "sshkeys",	KEY_1,			ENCODED_1 "%0A" ENCODED_2,	false },
	{ "sshkeys",	KEY_1,			ENCODED_2,			false },
	{ "description", "managed by vyom: lab/web", "managed by vyom: lab/web",	true },
	{ "description", "managed by vyom: lab/web", "rack 7\nmanaged by vyom: lab/web\n\nask Ann", true },
	{ "description", "managed by vyom: lab/web", "managed by vyom: lab/web2",	false },
	{ "description", "managed by vyom: lab/web", "not managed by vyom: lab/web", false },
	{ "description", "managed by vyom: lab/web", "",				false },
};

START_TEST(a_value_agrees_by_its_form)
{
	ck_assert_msg(option_agrees(option(agreements[_i].option), agreements[_i].wanted,
				    agreements[_i].found) == agreements[_i].agrees,
		      "%s: %s and %s", agreements[_i].option, agreements[_i].wanted,
		      agreements[_i].found ? agreements[_i].found : "NULL");
}
END_TEST

/* What to give qm, so that found becomes wanted. */
static const struct { const char *option, *wanted, *found, *value; } merges[] = {
	{ "cores",	"4",			"2",		"4" },
	{ "cores",	"4",			NULL,		"4" },
	{ "memory",	"8192",			"current=4096",	"8192" },
	{ "agent",	"enabled=1",		NULL,		"1" },
	{ "agent",	"enabled=1",		"0,fstrim_cloned_disks=1", "1,fstrim_cloned_disks=1" },
	{ "net0",	NIC,			NULL,		NIC },
	{ "net0",	NIC,			"virtio=BC:24:11:00:00:01,bridge=vmbr1,firewall=1,tag=20",
	  NIC ",firewall=1,tag=20" },
	{ "net0",	NIC,			"e1000=BC:24:11:00:00:01,bridge=vmbr1,mtu=1400",
	  NIC ",mtu=1400" },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,size=4G,ssd=1",
	  "local-lvm:vm-101-disk-0,discard=on,iothread=1,ssd=1" },
	{ "scsi0",	"discard=on,iothread=1", "ssd=1,file=local-lvm:vm-101-disk-3,discard=ignore",
	  "local-lvm:vm-101-disk-3,discard=on,iothread=1,ssd=1" },
	{ "ipconfig0",	"ip=dhcp",		"ip=10.0.0.5/24,gw=10.0.0.1", "ip=dhcp" },
	{ "tags",	"vyom;K3s",		"zoo;Backup;vyom", "zoo;Backup;vyom;k3s" },
	{ "tags",	"vyom",			NULL,		"vyom" },
	{ "description", "managed by vyom: lab/web", "rack 7\nask Ann",
	  "rack 7\nask Ann\nmanaged by vyom: lab/web" },
	{ "description", "managed by vyom: lab/web", NULL, "managed by vyom: lab/web" },
	{ "description", "managed by vyom: lab/web", "", "managed by vyom: lab/web" },
};

START_TEST(what_is_not_declared_is_kept)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;

	option_merge(option(merges[_i].option), merges[_i].wanted, merges[_i].found, &value);
	ck_assert_str_eq(value.buf, merges[_i].value);
}
END_TEST

START_TEST(what_was_merged_agrees)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	const struct option *this = option(merges[_i].option);

	option_merge(this, merges[_i].wanted, merges[_i].found, &value);
	ck_assert(option_agrees(this, merges[_i].wanted, value.buf));
}
END_TEST

static const struct { const char *option, *value, *text; } descriptions[] = {
	{ "cores",	NULL,				"nothing" },
	{ "cores",	"4",				"4" },
	{ "net0",	NIC,				NIC },
	{ "sshkeys",	NULL,				"nothing" },
	{ "sshkeys",	KEY_1 "\n",			"1 key" },
	{ "sshkeys",	ENCODED_1 "%0A",		"1 key" },
	{ "sshkeys",	KEY_1 "\n\n" KEY_2,		"2 keys" },
	{ "sshkeys",	ENCODED_1 "%0A" ENCODED_2,	"2 keys" },
	{ "sshkeys",	"",				"0 keys" },
};

START_TEST(keys_are_counted_and_the_rest_is_shown)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	option_describe(option(descriptions[_i].option), descriptions[_i].value, &text);
	ck_assert_str_eq(text.buf, descriptions[_i].text);
}
END_TEST

START_TEST(an_option_is_found_by_its_whole_name)
{
	for (size_t i = 0; i < option_count; i++)
		ck_assert_ptr_eq(option_find(option_table[i].name), &option_table[i]);
	ck_assert_ptr_null(option_find("core"));
	ck_assert_ptr_null(option_find("net1"));
	ck_assert_ptr_null(option_find(""));
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, an_option_is_what_the_spec_declares, 0, ROWS(wants));
	tcase_add_loop_test(tcase, a_value_agrees_by_its_form, 0, ROWS(agreements));
	tcase_add_loop_test(tcase, what_is_not_declared_is_kept, 0, ROWS(merges));
	tcase_add_loop_test(tcase, what_was_merged_agrees, 0, ROWS(merges));
	tcase_add_loop_test(tcase, keys_are_counted_and_the_rest_is_shown, 0, ROWS(descriptions));
	tcase_add_test(tcase, an_option_is_found_by_its_whole_name);
}

TEST_MAIN("option", add_cases)
