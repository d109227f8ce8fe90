/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "main.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/vmconf.h"

static void cleanup(struct vmconf **conf)
{
	vmconf_free(*conf);
}

static struct vmconf *parse(const char *text)
{
	return vmconf_parse(text, strlen(text));
}

#define CONF(name, text) CLEANUP(cleanup) struct vmconf *name = parse(text)

/* transcripts/04-run: set on a running VM; the [snapshot] is pve-facts 5.2's */
static const char running[] =
	"agent: enabled=1\n"
	"boot: order=scsi0\n"
	"ciuser: ubuntu\n"
	"cores: 1\n"
	"ide2: local-lvm:vm-120-cloudinit,media=cdrom,size=4M\n"
	"ipconfig0: ip=10.0.2.61/24,gw=10.0.2.2\n"
	"memory: 256\n"
	"meta: creation-qemu=10.0.2,ctime=1795358847\n"
	"name: run1b\n"
	"net0: virtio=BC:24:11:BF:92:E8,bridge=vmbr0\n"
	"ostype: l26\n"
	"scsi0: local-lvm:vm-120-disk-0,size=64M\n"
	"scsihw: virtio-scsi-single\n"
	"serial0: socket\n"
	"smbios1: uuid=63ffc265-cf67-4f7e-b15c-5475ef1c2928\n"
	"sshkeys: ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb%20pve-node-test%0A\n"
	"vga: serial0\n"
	"vmgenid: bc918d46-c19f-486b-91ae-935a4f6ba910\n"
	"\n"
	"[PENDING]\n"
	"cores: 2\n"
	"memory: 300\n"
	"\n"
	"[special:cloudinit]\n"
	"ipconfig0: ip=10.0.2.60/24,gw=10.0.2.2\n"
	"name: run1\n";

static const struct { const char *key, *value; } live_keys[] = {
	{ "agent",	"enabled=1" },
	{ "cores",	"1" },
	{ "ipconfig0",	"ip=10.0.2.61/24,gw=10.0.2.2" },
	{ "name",	"run1b" },
	{ "net0",	"virtio=BC:24:11:BF:92:E8,bridge=vmbr0" },
	{ "vmgenid",	"bc918d46-c19f-486b-91ae-935a4f6ba910" },
	{ "lock",	NULL },
	{ "nam",	NULL },
	{ "net",	NULL },
};

START_TEST(live_keys_are_those_before_the_first_section)
{
	CONF(conf, running);
	const char *value = vmconf_get(conf, live_keys[_i].key);

	ck_assert_msg((!value && !live_keys[_i].value) ||
		      (value && live_keys[_i].value && strcmp(value, live_keys[_i].value) == 0),
		      "%s: got %s", live_keys[_i].key, value ? value : "NULL");
	ck_assert_uint_eq(conf->live_count, 18);
	ck_assert_uint_eq(conf->size, strlen(running));
}
END_TEST

START_TEST(pending_values_are_kept_apart)
{
	const char *value = "untouched";
	CONF(conf, running);

	ck_assert(vmconf_has_pending(conf));
	ck_assert(vmconf_get_pending(conf, "cores", &value));
	ck_assert_str_eq(value, "2");
	ck_assert(vmconf_get_pending(conf, "memory", &value));
	ck_assert_str_eq(value, "300");
	value = "untouched";
	ck_assert(!vmconf_get_pending(conf, "name", &value));
	ck_assert_str_eq(value, "untouched");
	ck_assert(conf->cloudinit_stale);
	ck_assert_uint_eq(conf->snapshot_count, 0);
}
END_TEST

static const struct { const char *text, *key; bool pending; const char *value; } deletions[] = {
	{ "delete: tags",		"tags",		true,	NULL },
	{ "delete: balloon,!net1",	"net1",		true,	NULL },
	{ "delete: balloon,!net1",	"balloon",	true,	NULL },
	{ "delete: net10,!net1",	"net10",	true,	NULL },
	{ "delete: net10",		"net1",		false,	NULL },
	{ "delete: net1",		"net10",	false,	NULL },
	{ "delete: balloon",		"tags",		false,	NULL },
	{ "delete: tags\ntags: a",	"tags",		true,	"a" },	/* deleted first, set then */
	{ "#",				"description",	true,	"" },
	{ "#new%3A text",		"description",	true,	"new: text" },
	{ "cores: 2\ncores: 3",		"cores",	true,	"3" },
};

START_TEST(pending_deletions_are_words_of_a_list)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(cleanup) struct vmconf *conf = NULL;
	const char *value = NULL, *wanted = deletions[_i].value;

	strbuf_addf(&text, "tags: b\n\n[PENDING]\n%s\n", deletions[_i].text);
	conf = parse(text.buf);
	ck_assert(vmconf_has_pending(conf));
	ck_assert_msg(vmconf_get_pending(conf, deletions[_i].key, &value) == deletions[_i].pending,
		      "%s: %s", deletions[_i].text, deletions[_i].key);
	ck_assert_msg((!value && !wanted) || (value && wanted && strcmp(value, wanted) == 0),
		      "%s: %s is %s", deletions[_i].text, deletions[_i].key, value ? value : "NULL");
}
END_TEST

START_TEST(delete_outside_pending_means_nothing)
{
	const char *value;
	CONF(conf, "delete: name\nname: a\n");

	ck_assert_str_eq(vmconf_get(conf, "name"), "a");
	ck_assert(!vmconf_get_pending(conf, "name", &value));
	ck_assert(!vmconf_has_pending(conf));
}
END_TEST

/* transcripts/07-kill: what a killed clone leaves */
START_TEST(a_clones_stub_has_its_lock_and_its_comment)
{
	CONF(conf, "# qmclone temporary file\nlock: clone\n");

	ck_assert_str_eq(vmconf_get(conf, "lock"), "clone");
	ck_assert_str_eq(conf->description, " qmclone temporary file");
	ck_assert(vmconf_description_has_line(conf, " qmclone temporary file"));
	ck_assert_uint_eq(conf->live_count, 2);
}
END_TEST

static const struct { const char *text, *description; } descriptions[] = {
	{ "#made by test\nname: a\n",			"made by test" },
	{ "#one\n#\n#three\nname: a\n",			"one\n\nthree" },
	{ "name: a\n#one\ncores: 1\n#two\n",		"one\ntwo" },
	{ "#managed by vyom%3A vyom/a\n",		"managed by vyom: vyom/a" },
	{ "#100%25 %zz %4\n",				"100% %zz %4" },
	{ "#caf%C3%A9\n",				"caf\xC3\xA9" },
	{ "#a%00b\n",					"a%00b" },
	{ "description: old%3A style\n",		"old: style" },
	{ "#a   \n#  \n\n",				"a" },
	{ "#a  \n#b\n",					"a  \nb" },
	{ "#live\nname: a\n\n[snap]\n#of the snapshot\n",	"live" },
	{ "#\n#b\n",					"\nb" },
	{ "#\n",					NULL },
	{ "name: a\n",					NULL },
	{ "name: a\n\n[snap]\n#of the snapshot\n",	NULL },
	{ "name: a\n\n[PENDING]\n#pending\n",		NULL },
};

START_TEST(description_lines_are_collected_and_decoded)
{
	CONF(conf, descriptions[_i].text);
	const char *wanted = descriptions[_i].description, *value = vmconf_get(conf, "description");

	ck_assert_msg((!wanted && !conf->description) ||
		      (wanted && conf->description && strcmp(wanted, conf->description) == 0),
		      "%s: got %s", descriptions[_i].text, conf->description ? conf->description : "NULL");
	ck_assert_msg(value == conf->description, "%s: not an entry", descriptions[_i].text);
}
END_TEST

static const struct { const char *line; bool found; } lines[] = {
	{ "managed by vyom: vyom/a",	true },
	{ "first",			true },
	{ "last",			true },
	{ "",				true },
	{ "managed by vyom: vyom/",	false },
	{ "anaged by vyom: vyom/a",	false },
	{ "las",			false },
	{ "last line",			false },
};

START_TEST(a_description_line_is_found_only_whole)
{
	CONF(conf, "#first\n#\n#managed by vyom%3A vyom/a\n#last\n");

	ck_assert_msg(vmconf_description_has_line(conf, lines[_i].line) == lines[_i].found, "\"%s\"",
		      lines[_i].line);
}
END_TEST

START_TEST(a_description_may_begin_with_an_empty_line)
{
	CONF(conf, "#\n#b\n");

	ck_assert(vmconf_description_has_line(conf, ""));
	ck_assert(vmconf_description_has_line(conf, "b"));
}
END_TEST

START_TEST(no_description_has_no_line)
{
	CONF(conf, "name: a\n");

	ck_assert(!vmconf_description_has_line(conf, ""));
}
END_TEST

/* Each is followed by "name: a", which must survive. */
static const struct { const char *line, *key, *value; } odd_lines[] = {
	{ "cores: 2  \t\r",		"cores",	"2" },
	{ "cores:2",			"cores",	"2" },
	{ "cores:\t 2",			"cores",	"2" },
	{ "args: -cpu x,+y: z",		"args",		"-cpu x,+y: z" },
	{ "future-key9: x",		"future-key9",	"x" },
	{ "cdrom: none,media=cdrom",	"ide2",		"none,media=cdrom" },
	{ "cores: 1\ncores: 2",		"cores",	"2" },
	{ "scsi10: b:c\nscsi2: a:b",	"scsi2",	"a:b" },
	{ "cores:",			"cores",	NULL },
	{ "cores",			"cores",	NULL },
	{ " cores: 1",			"cores",	NULL },
	{ "Cores: 1",			"Cores",	NULL },
	{ "co2res: 1",			"co2res",	NULL },
	{ ": 1",			"",		NULL },
	{ "-x: 1",			"-x",		NULL },
	{ "[half",			"[half",	NULL },
};

START_TEST(damaged_lines_are_passed_over)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(cleanup) struct vmconf *conf = NULL;
	const char *value, *wanted = odd_lines[_i].value;

	strbuf_addf(&text, "%s\nname: a", odd_lines[_i].line);
	conf = parse(text.buf);
	value = vmconf_get(conf, odd_lines[_i].key);
	ck_assert_msg((!value && !wanted) || (value && wanted && strcmp(value, wanted) == 0),
		      "%s: got %s", odd_lines[_i].line, value ? value : "NULL");
	ck_assert_msg(vmconf_get(conf, "name"), "%s: lost the name", odd_lines[_i].line);
}
END_TEST

START_TEST(a_repeated_key_is_one_entry_with_its_last_value)
{
	CONF(conf, "cores: 1\ncores: 2\nname: a\ncores: 3\n");

	ck_assert_uint_eq(conf->live_count, 2);
	ck_assert_str_eq(conf->live[0].value, "3");
}
END_TEST

START_TEST(a_nul_byte_hides_nothing_after_its_line)
{
	static const char text[] = "cores: 1\0x\nname: a\n";
	CLEANUP(cleanup) struct vmconf *conf = vmconf_parse(text, sizeof(text) - 1);

	ck_assert_str_eq(vmconf_get(conf, "cores"), "1");
	ck_assert_str_eq(vmconf_get(conf, "name"), "a");
}
END_TEST

START_TEST(an_empty_file_is_an_empty_conf)
{
	CONF(conf, "");

	ck_assert_uint_eq(conf->live_count, 0);
	ck_assert_ptr_null(vmconf_get(conf, "name"));
	ck_assert(!vmconf_has_pending(conf));
}
END_TEST

START_TEST(snapshots_have_names)
{
	CONF(conf, "name: a\n\n[before-update]\nname: b\n\n[PENDING]\ncores: 2\n\n[b2]  \nname: c\n");

	ck_assert_uint_eq(conf->snapshot_count, 2);
	ck_assert_str_eq(conf->snapshots[0], "before-update");
	ck_assert_str_eq(conf->snapshots[1], "b2");
}
END_TEST

static const struct { const char *section; size_t snapshots; bool stale, pending; } sections[] = {
	{ "[before-update]",		1, false, false },
	{ "[PENDING]",			0, false, true },
	{ "[pending]  ",		0, false, true },
	{ "[special:cloudinit]",	0, true,  false },
	{ "[Special:CloudInit]",	0, true,  false },
	{ "[special:fleecing]",		0, false, false },
	{ "[9lives]",			0, false, false },
	{ "[]",				0, false, false },
	{ "[a]\n[b1]\n[b2]",		2, false, false },
};

START_TEST(sections_are_told_apart)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(cleanup) struct vmconf *conf = NULL;

	strbuf_addf(&text, "name: a\n\n%s\nname: b\n", sections[_i].section);
	conf = parse(text.buf);
	ck_assert_msg(conf->snapshot_count == sections[_i].snapshots, "%s: %zu snapshots",
		      sections[_i].section, conf->snapshot_count);
	ck_assert_msg(conf->cloudinit_stale == sections[_i].stale, "%s: stale", sections[_i].section);
	ck_assert_msg(vmconf_has_pending(conf) == sections[_i].pending, "%s: pending",
		      sections[_i].section);
	ck_assert_msg(strcmp(vmconf_get(conf, "name"), "a") == 0, "%s: name changed",
		      sections[_i].section);
}
END_TEST

static void join_volume(const char *volid, void *context)
{
	strbuf_join(context, " ", volid);
}

static const struct { const char *text, *volumes; } volumes[] = {
	{ running,	"local-lvm:vm-120-cloudinit local-lvm:vm-120-disk-0" },
	{ "efidisk0: local-lvm:vm-1-disk-1,efitype=4m\nscsi0: local-lvm:vm-1-disk-0\n"
	  "tpmstate0: local-lvm:vm-1-disk-2,version=v2.0\nunused0: local-lvm:vm-1-disk-3\n",
	  "local-lvm:vm-1-disk-1 local-lvm:vm-1-disk-0 local-lvm:vm-1-disk-2 local-lvm:vm-1-disk-3" },
	{ "name: a\n[PENDING]\nscsi1: s:vm-1-disk-1\n[snap]\nscsi0: s:vm-1-disk-0\nvmstate: s:vm-1-state-snap\n",
	  "s:vm-1-disk-1 s:vm-1-disk-0 s:vm-1-state-snap" },
	{ "[special:fleecing]\nfleecing-images: s:vm-1-fleece-0,s:vm-1-fleece-1\n",
	  "s:vm-1-fleece-0 s:vm-1-fleece-1" },
	{ "ide2: local:iso/debian.iso,media=cdrom\n",		"local:iso/debian.iso" },
	{ "scsi0: media=disk,file=s:vm-1-disk-0\n",		"s:vm-1-disk-0" },
	{ "scsi0: size=1G,s:vm-1-disk-0\n",			"s:vm-1-disk-0" },
	{ "ide2: none,media=cdrom\nide0: cdrom\n",		"" },
	{ "scsi1: /dev/disk/by-id/ata-a:b,size=1G\n",		"" },
	{ "scsi0: s:\nscsi1: :x\nscsi2: ,\n",			"" },
	{ "scsihw: a:b\nscsi0x: a:b\nnet0: virtio=BC:24\n",	"" },
};

START_TEST(every_volume_of_every_section_is_found)
{
	CLEANUP(strbuf_release) struct strbuf found = STRBUF_INIT;
	CONF(conf, volumes[_i].text);

	vmconf_each_volume(conf, join_volume, &found);
	ck_assert_msg(strcmp(found.buf, volumes[_i].volumes) == 0, "%s: got \"%s\"", volumes[_i].text,
		      found.buf);
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
	vmconf_free(NULL);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, live_keys_are_those_before_the_first_section, 0, ROWS(live_keys));
	tcase_add_test(tcase, pending_values_are_kept_apart);
	tcase_add_loop_test(tcase, pending_deletions_are_words_of_a_list, 0, ROWS(deletions));
	tcase_add_test(tcase, delete_outside_pending_means_nothing);
	tcase_add_test(tcase, a_clones_stub_has_its_lock_and_its_comment);
	tcase_add_loop_test(tcase, description_lines_are_collected_and_decoded, 0, ROWS(descriptions));
	tcase_add_loop_test(tcase, a_description_line_is_found_only_whole, 0, ROWS(lines));
	tcase_add_test(tcase, a_description_may_begin_with_an_empty_line);
	tcase_add_test(tcase, no_description_has_no_line);
	tcase_add_loop_test(tcase, damaged_lines_are_passed_over, 0, ROWS(odd_lines));
	tcase_add_test(tcase, a_repeated_key_is_one_entry_with_its_last_value);
	tcase_add_test(tcase, a_nul_byte_hides_nothing_after_its_line);
	tcase_add_test(tcase, an_empty_file_is_an_empty_conf);
	tcase_add_test(tcase, snapshots_have_names);
	tcase_add_loop_test(tcase, sections_are_told_apart, 0, ROWS(sections));
	tcase_add_loop_test(tcase, every_volume_of_every_section_is_found, 0, ROWS(volumes));
	tcase_add_test(tcase, freeing_nothing_is_fine);
}

TEST_MAIN("vmconf", add_cases)
