/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "decide/diff.h"
#include "decide/instance.h"
#include "main.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/vmconf.h"

#define NODE_KEY "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb"

/* transcripts/01: what a real node said by `qm cloudinit dump 9000 meta` of this config */
static const char real_conf[] =
	"agent: enabled=1\nboot: order=scsi0\nciuser: ubuntu\ncores: 1\n"
	"ide2: local-lvm:vm-9000-cloudinit,media=cdrom\nipconfig0: ip=dhcp\nmemory: 512\n"
	"name: ubuntu-noble\nnet0: virtio=BC:24:11:52:B6:04,bridge=vmbr0\nostype: l26\n"
	"sshkeys: " NODE_KEY "%20one%40test%0A\n";
#define REAL_ID "db7b404f508ac6b7c3b8a18fda5424bbd1d1602a"

static struct state state;
static struct state_guest guest;
static struct diff_vm diff;

static void set_up(void)
{
	state = (struct state)STATE_INIT;
	strvec_push(&state.nameservers, "10.0.2.3");
	state.search = memory_copy("local");
	guest = (struct state_guest){ .vmid = 9000 };
	diff = (struct diff_vm){ .vmid = 9000, .guest = &guest };
}

static void tear_down(void)
{
	vmconf_free(guest.conf);
	state_release(&state);
}

static const char *id_of(const char *conf, bool changed)
{
	static char text[DIGEST_SHA1_TEXT];

	vmconf_free(guest.conf);
	guest.conf = vmconf_parse(conf, strlen(conf));
	return instance_id(&diff, changed, &state, text) ? text : NULL;
}

START_TEST(it_is_what_a_real_node_said)
{
	ck_assert_pstr_eq(id_of(real_conf, false), REAL_ID);
}
END_TEST

/* what is set is what counts; what is not on the drive changes nothing */
static const struct { const char *option, *value; bool differs; } changes[] = {
	{ "name", "other", true },
	{ "ciuser", "root", true },
	{ "cipassword", "$6$salt$hash", true },
	{ "ciupgrade", "0", true },
	{ "ciupgrade", "1", false },
	{ "ipconfig0", "ip=10.0.0.5/24,gw=10.0.0.1", true },
	{ "ipconfig0", "ip6=auto,ip=dhcp", true },
	{ "net0", "e1000=bc:24:11:52:b6:04,bridge=vmbr1,tag=5", false },
	{ "net0", "virtio=BC:24:11:52:B6:05,bridge=vmbr0", true },
	{ "nameserver", "10.0.2.3", false },
	{ "nameserver", "10.0.2.4", true },
	{ "searchdomain", "local", true },
	{ "cores", "8", false },
};

START_TEST(what_is_set_is_what_counts)
{
	CLEANUP(scope_free) char *value = memory_copy(changes[_i].value);
	struct diff_item item = { .option = option_find(changes[_i].option), .value = value };

	diff.items = &item;
	diff.count = 1;
	ck_assert_pstr_eq(id_of(real_conf, false), REAL_ID);
	ck_assert_int_eq(strcmp(id_of(real_conf, true), REAL_ID) != 0, changes[_i].differs);
}
END_TEST

START_TEST(cards_count_in_the_order_of_their_names)
{
	CLEANUP(scope_free) char *first = memory_copy(
		id_of("net0: virtio=02:00:00:00:00:01\nnet2: virtio=02:00:00:00:00:03\n"
		      "net10: virtio=02:00:00:00:00:02\nipconfig0: ip=dhcp\nipconfig2: ip=dhcp\n"
		      "ipconfig10: ip=dhcp\nname: a.b\n", false));

	/* by hand: the texts that Proxmox writes, and sha1sum */
	ck_assert_str_eq(first, "1bc95ca0920335d1df28444a51a482d2bb0562ab");
}
END_TEST

static const char *const others[] = {
	"cicustom: user=local:snippets/a.yaml\n", "citype: configdrive2\n", "ostype: win11\n",
};

START_TEST(what_is_not_ours_to_tell_is_not_told)
{
	ck_assert_ptr_null(id_of(others[_i], false));
}
END_TEST

/* the node has it */
static void hold(const char *volid, const char *text)
{
	struct state_snippet *snippet = &MEMORY_PUSH(state.snippets, state.snippet_count);

	*snippet = (struct state_snippet){ .volid = memory_copy(volid), .there = true,
					   .text = STRBUF_INIT };
	strbuf_adds(&snippet->text, text);
}

#define NET "net0: virtio=02:00:00:00:00:01\nipconfig0: ip=dhcp\n"

/* what of it is in a config, and the digest of user-data and network-config, by sha1sum */
static const struct { const char *conf, *id; } snippets[] = {
	{ NET "cicustom: user=s:snippets/u,network=s:snippets/n\n",
	  "cd20d5cc2face547f9efd14ae8e0720da120c1c1" },
	{ NET "cicustom: user=s:snippets/u,meta=s:snippets/n\n", NULL },
	{ NET "cicustom: user=s:snippets/elsewhere\n", NULL },
	{ NET "cicustom: network=s:snippets/elsewhere\n", NULL },
};

START_TEST(what_a_snippet_holds_stands_for_what_proxmox_would_write)
{
	hold("s:snippets/u", "#cloud-config\n");
	hold("s:snippets/n", "version: 2\n");
	ck_assert_pstr_eq(id_of(snippets[_i].conf, false), snippets[_i].id);
}
END_TEST

START_TEST(vendor_data_changes_nothing)
{
	CLEANUP(scope_free) char *without = memory_copy(id_of(real_conf, false));
	CLEANUP(scope_free) char *conf = memory_print("%scicustom: vendor=s:snippets/v\n", real_conf);

	ck_assert_str_eq(id_of(conf, false), without);
}
END_TEST

START_TEST(changed_it_is_what_the_file_declares)
{
	struct spec_section snippet = { .name = (char *)"s:snippets/u", .text = (char *)"other\n" };
	struct spec_section *own[] = { &snippet };
	struct spec_section vm = { .snippets = own, .snippet_count = 1 };
	CLEANUP(scope_free) char *before = NULL, *after = NULL;

	hold("s:snippets/u", "#cloud-config\n");
	hold("s:snippets/n", "version: 2\n");
	diff.vm = &vm;
	before = memory_copy(id_of(snippets[0].conf, false));
	after = memory_copy(id_of(snippets[0].conf, true));
	ck_assert_str_eq(before, snippets[0].id);
	/* printf 'other\nversion: 2\n' | sha1sum */
	ck_assert_str_eq(after, "4184a449bf0e6db50b8c9bd6344da95ff522a137");
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, it_is_what_a_real_node_said);
	tcase_add_loop_test(tcase, what_is_set_is_what_counts, 0, ROWS(changes));
	tcase_add_test(tcase, cards_count_in_the_order_of_their_names);
	tcase_add_loop_test(tcase, what_is_not_ours_to_tell_is_not_told, 0, ROWS(others));
	tcase_add_loop_test(tcase, what_a_snippet_holds_stands_for_what_proxmox_would_write, 0,
			    ROWS(snippets));
	tcase_add_test(tcase, vendor_data_changes_nothing);
	tcase_add_test(tcase, changed_it_is_what_the_file_declares);
}

TEST_MAIN("instance", add_cases)
