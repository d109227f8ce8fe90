/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "main.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/timeouts.h"
#include "base/strbuf.h"

static enum key_scope scope_of(const char *name)
{
	for (unsigned scope = SCOPE_VM; scope <= SCOPE_LAST; scope <<= 1)
		if (strcmp(key_scope_name(scope), name) == 0)
			return scope;
	ck_abort_msg("%s is no scope", name);
	return 0;
}

static void set(struct spec_section *section, const char *name, const char *text, int line,
		struct spec_problems *problems)
{
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	enum key_id key = key_find(name, section->scope);

	ck_assert_msg(key < KEY_COUNT, "%s cannot stand in a %s", name,
		      key_scope_name(section->scope));
	strvec_push(&items, text);
	spec_set(section, key, &items, line, problems);
}

/*
 * One section a line: KIND NAME KEY=VALUE …; a vm belongs to the cluster before
 * it.  The line's number is that of all that stands in it.
 */
static struct spec *build(const char *text, struct spec_problems *problems)
{
	CLEANUP(scope_free) char *copy = memory_copy(text);
	struct spec *spec = spec_new();
	char *rest = copy, *line;

	for (int number = 1; (line = strsep(&rest, "\n")); number++) {
		char *words = line, *word = strsep(&words, " ");
		struct spec_section *section;

		if (!words)
			continue;
		section = spec_add_section(spec, scope_of(word), strsep(&words, " "), number);
		if (section->scope == SCOPE_VM && spec->cluster_count)
			section->cluster = spec->clusters[spec->cluster_count - 1];
		while ((word = strsep(&words, " "))) {
			char *value = strchr(word, '=');

			*value = '\0';
			set(section, word, value + 1, number, problems);
		}
	}
	return spec;
}

static void print_problems(const struct spec_problems *problems, struct strbuf *text)
{
	for (size_t i = 0; i < problems->count; i++)
		strbuf_addf(text, "%d: %s\n", problems->items[i].line, problems->items[i].text);
}

#define BASE "node pve\ntemplate t vmid=9000\ncluster c\n"

/* What a VM with these lines around it has as KEY; NULL: nothing. */
static const struct { const char *text; enum key_id key; const char *value; } lookups[] = {
	{ BASE "vm a vmid=101 cores=2",					KEY_CORES,	"2" },
	{ BASE "role r cores=3\nvm a vmid=101 role=r cores=2",		KEY_CORES,	"2" },
	{ BASE "role r cores=3\nvm a vmid=101 role=r",			KEY_CORES,	"3" },
	{ "node pve\ntemplate t vmid=9000\nrole r cores=3\ncluster c cores=4\nvm a vmid=101 role=r",
									KEY_CORES,	"3" },
	{ "node pve\ntemplate t vmid=9000\nrole r\ncluster c cores=4\nvm a vmid=101 role=r",
									KEY_CORES,	"4" },
	{ BASE "vm a vmid=101",						KEY_CORES,	NULL },
	{ "node pve bridge=vmbr7\ntemplate t vmid=9000\ncluster c\nvm a vmid=101",
									KEY_BRIDGE,	"vmbr7" },
	{ "node pve bridge=vmbr7\ntemplate t vmid=9000\ncluster c bridge=vmbr8\nvm a vmid=101",
									KEY_BRIDGE,	"vmbr8" },
	{ BASE "vm a vmid=101",						KEY_BRIDGE,	"vmbr0" },
	{ BASE "vm a vmid=101",						KEY_STORAGE,
	  "local-lvm" },
	{ BASE "vm a vmid=101",						KEY_ADDRESS,	"dhcp" },
	{ BASE "vm a vmid=101",						KEY_CLONE,	"linked" },
	{ BASE "vm a vmid=101",						KEY_ONBOOT,	NULL },
	{ BASE "vm a vmid=101",						KEY_AGENT,	NULL },
	{ "node pve address=root@pve\ntemplate t vmid=9000\ncluster c\nvm a vmid=101",
									KEY_ADDRESS,	"dhcp" },
};

START_TEST(nearest_wins)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(lookups[_i].text, &problems);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const char *value;

	spec_check(spec, &problems);
	print_problems(&problems, &text);
	ck_assert_msg(problems.count == 0, "%s: %s", lookups[_i].text, text.buf);
	value = spec_text(spec_find_vm(spec, "a"), lookups[_i].key);
	ck_assert_msg(value ? lookups[_i].value && strcmp(value, lookups[_i].value) == 0 :
		      !lookups[_i].value, "%s: %s", lookups[_i].text, value ? value : "nothing");
}
END_TEST

/* number: what the value is worth; complaint NULL: it is good */
static const struct {
	enum key_scope scope;
	const char *key, *text;
	double worth;
	const char *complaint;
} values[] = {
	{ SCOPE_VM,   "vmid",		"100",		100,		NULL },
	{ SCOPE_VM,   "vmid",		"999999999",	999999999,	NULL },
	{ SCOPE_VM,   "vmid",		"99",		0,
	  "\"99\" is no whole number from 100 to 999999999" },
	{ SCOPE_VM,   "vmid",		"1000000000",	0, "no whole number" },
	{ SCOPE_VM,   "vmid",		"-101",		0, "no whole number" },
	{ SCOPE_VM,   "vmid",		"101.0",	0, "no whole number" },
	{ SCOPE_VM,   "vmid",		"",		0, "is empty" },
	{ SCOPE_VM,   "cores",		"512",		512,		NULL },
	{ SCOPE_VM,   "cores",		"0",		0, "no whole number from 1 to 512" },
	{ SCOPE_VM,   "cores",		"513",		0, "no whole number from 1 to 512" },
	{ SCOPE_VM,   "cores",		"four",		0, "no whole number from 1 to 512" },
	{ SCOPE_VM,   "vlan",		"4094",		4094,		NULL },
	{ SCOPE_VM,   "vlan",		"4095",		0, "no whole number from 1 to 4094" },
	{ SCOPE_VM,   "memory",		"16M",		16. * MIB,	NULL },
	{ SCOPE_VM,   "memory",		"4T",		4. * TIB,	NULL },
	{ SCOPE_VM,   "memory",		"15M",		0,
	  "15M is too small; give from 16M to 4T" },
	{ SCOPE_VM,   "memory",		"5T",		0, "5T is too large" },
	{ SCOPE_VM,   "memory",		"1X",		0,
	  "\"1X\" is no size; write it like 512M or 16G" },
	{ SCOPE_VM,   "memory",		"8 G",		0, "no size" },
	{ SCOPE_VM,   "disk",		"1.5T",		1.5 * TIB,	NULL },
	{ SCOPE_VM,   "disk",		"0",		0, "too small" },
	{ SCOPE_VM,   "memory",		"1024",		0, "1024 is too small (without a letter it is bytes); give" },
	{ SCOPE_VM,   "memory",		"15M",		0, "15M is too small; give from 16M to 4T" },
	{ SCOPE_VM,   "disk",		"129T",		0, "too large" },
	{ SCOPE_VM,   "disk",		"3000K",	0, "not a whole number of MiB" },
	{ SCOPE_VM,   "onboot",		"true",		1,		NULL },
	{ SCOPE_VM,   "onboot",		"Yes",		1,		NULL },
	{ SCOPE_VM,   "onboot",		"on",		1,		NULL },
	{ SCOPE_VM,   "onboot",		"1",		1,		NULL },
	{ SCOPE_VM,   "onboot",		"false",	0,		NULL },
	{ SCOPE_VM,   "onboot",		"no",		0,		NULL },
	{ SCOPE_VM,   "onboot",		"OFF",		0,		NULL },
	{ SCOPE_VM,   "onboot",		"0",		0,		NULL },
	{ SCOPE_VM,   "onboot",		"maybe",	0, "\"maybe\" is neither true nor false" },
	{ SCOPE_VM,   "tags",		"",		0, "is empty" },
	{ SCOPE_VM,   "tags",		"a,b",		0, "\"a,b\" is no tag" },
	{ SCOPE_NODE, "memory-reserve",	"0",		0,		NULL },
	{ SCOPE_NODE, "overcommit",	"0.1",		0.1,		NULL },
	{ SCOPE_NODE, "overcommit",	"2",		2,		NULL },
	{ SCOPE_NODE, "overcommit",	"0.09",		0, "no ratio from 0.1 to 100" },
	{ SCOPE_VM,   "mbps",		"1000001",	0, "no ratio from 0 to 1000000; write" },
	{ SCOPE_NODE, "overcommit",	"101",		0, "no ratio" },
	{ SCOPE_NODE, "overcommit",	"150%",		0, "no ratio" },
	{ SCOPE_NODE, "data-limit",	"0",		0, "no whole number from 1 to 100" },
	{ SCOPE_NODE, "metadata-limit",	"101",		0, "no whole number from 1 to 100" },
	{ SCOPE_NODE, "jobs",		"65",		0, "no whole number from 1 to 64" },
	{ SCOPE_NODE, "clone-jobs",	"17",		0, "no whole number from 1 to 16" },
};

START_TEST(a_value_is_worth_what_it_says_or_refused)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	struct spec_section *section = spec_add_section(spec, values[_i].scope, "x", 1);
	enum key_id key = key_find(values[_i].key, values[_i].scope);
	CLEANUP(strbuf_release) struct strbuf where = STRBUF_INIT;
	double worth;

	set(section, values[_i].key, values[_i].text, 7, &problems);
	if (!values[_i].complaint) {
		worth = key_table[key].type == KEY_TYPE_RATIO ? spec_ratio(section, key) :
			(double)spec_number(section, key);
		ck_assert_msg(problems.count == 0 && worth == values[_i].worth, "%s = %s: %g",
			      values[_i].key, values[_i].text, worth);
		return;
	}
	ck_assert_msg(problems.count == 1, "%s = %s was taken", values[_i].key, values[_i].text);
	strbuf_addf(&where, "%s \"x\": %s: ", key_scope_name(values[_i].scope), values[_i].key);
	ck_assert_int_eq(problems.items[0].line, 7);
	ck_assert_msg(strstr(problems.items[0].text, where.buf) == problems.items[0].text &&
		      strstr(problems.items[0].text, values[_i].complaint), "%s = %s: %s",
		      values[_i].key, values[_i].text, problems.items[0].text);
}
END_TEST

START_TEST(each_fallback_is_a_good_value)
{
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	const struct spec_section *node = spec_add_section(spec, SCOPE_NODE, "x", 1);

	for (enum key_id key = 0; key < KEY_COUNT; key++) {
		const struct spec_value *value = spec_value(node, key);

		ck_assert_msg(!value == !key_table[key].fallback, "%s", key_table[key].name);
		ck_assert_msg(!value || (value->line == 0 && !value->refused), "%s",
			      key_table[key].name);
	}
	ck_assert_uint_eq(spec_number(node, KEY_MEMORY_RESERVE), 4 * GIB);
	ck_assert_double_eq(spec_ratio(node, KEY_OVERCOMMIT), 1);
	ck_assert(spec_flag(node, KEY_START));
	ck_assert(!spec_flag(node, KEY_ONBOOT));
	ck_assert_uint_eq(spec_number(node, KEY_CLONE_JOBS), 0);
	ck_assert_ptr_null(spec_text(node, KEY_USER));
}
END_TEST

START_TEST(a_list_keeps_its_items_and_reads_as_one_text)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	struct spec_section *vm = spec_add_section(spec, SCOPE_VM, "a", 1);

	strvec_pushl(&items, "1.1.1.1", "fd00::1", NULL);
	spec_set(vm, KEY_NAMESERVER, &items, 2, &problems);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_str_eq(spec_text(vm, KEY_NAMESERVER), "1.1.1.1 fd00::1");
	ck_assert(strvec_equal(&spec_value(vm, KEY_NAMESERVER)->list, &items));
}
END_TEST

START_TEST(an_empty_list_goes_before_what_is_further_away)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(BASE "vm a vmid=101", &problems);
	struct strvec none = STRVEC_INIT;

	set(spec->clusters[0], "tags", "k3s", 3, &problems);
	ck_assert_str_eq(spec_text(spec->vms[0], KEY_TAGS), "k3s");
	spec_set(spec->vms[0], KEY_TAGS, &none, 4, &problems);
	ck_assert_str_eq(spec_text(spec->vms[0], KEY_TAGS), "");
	ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(one_value_is_not_two)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	struct spec_section *vm = spec_add_section(spec, SCOPE_VM, "a", 1);

	strvec_pushl(&items, "1", "2", NULL);
	spec_set(vm, KEY_CORES, &items, 2, &problems);
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_str_eq(problems.items[0].text, "vm \"a\": cores: takes one value, not 2");
}
END_TEST

START_TEST(a_second_value_is_refused_and_the_first_stays)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	struct spec_section *vm = spec_add_section(spec, SCOPE_VM, "a", 1);

	set(vm, "cores", "2", 5, &problems);
	set(vm, "cores", "3", 9, &problems);
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_int_eq(problems.items[0].line, 9);
	ck_assert_str_eq(problems.items[0].text,
			 "vm \"a\": cores: said twice, line 5 has it too; keep one");
	ck_assert_uint_eq(spec_number(vm, KEY_CORES), 2);
}
END_TEST

#define NO_ID "vmid: is missing; give it a number that nothing else on the Proxmox cluster has"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GATED "node pve\ntemplate t vmid=9000\ncluster c gateway=10.0.0.1\n"

/* A file, and all that spec_check finds in it. */
static const struct { const char *text, *problems; } faults[] = {
	{ BASE "vm a vmid=101\nvm b vmid=102", "" },
	{ BASE "vm a", "4: vm \"a\": " NO_ID "\n" },
	{ "node pve\ntemplate t vmids=9000-9009 vmid=9000\ncluster c\nvm a vmid=101",
	  "2: template \"t\": vmids: it has a vmid too; say one of the two\n" },
	{ "node pve\ntemplate t vmid=9000 tag=golden\ncluster c\nvm a vmid=101",
	  "2: template \"t\": tag: it has a vmid too; say one of the two\n" },
	{ "node pve\ntemplate t vmids=9000-9009 tag=golden\ncluster c\nvm a vmid=101",
	  "2: template \"t\": tag: it has a vmids too; say one of the two\n" },
	{ "node pve\ntemplate t\ncluster c\nvm a vmid=101", "" },
	{ "node pve\ntemplate t tag=golden sha256=" HASH "\ncluster c\nvm a vmid=101", "" },
	{ "node pve\ntemplate t image=/a/b url=https://a/b\ncluster c\nvm a vmid=101",
	  "2: template \"t\": image: a template without vmid and vmids is found by its name, and not "
	  "built; give it one of them, or leave this out\n" },
	{ "node pve\ntemplate t tag=golden gateway=10.0.0.1\ncluster c\nvm a vmid=101",
	  "2: template \"t\": gateway: a template without vmid and vmids is found by its tag, and not "
	  "built; give it one of them, or leave this out\n" },
	{ "node pve\ntemplate t vmids=9000-9009\ncluster c\nvm a vmid=9009",
	  "4: vm \"a\": vmid: 9009 is within the vmids of template \"t\" in line 2; give another\n" },
	{ "node pve\ntemplate t vmids=9000-9009\ntemplate u vmid=9000\ncluster c template=t\nvm a vmid=101",
	  "3: template \"u\": vmid: 9000 is within the vmids of template \"t\" in line 2; give "
	  "another\n" },
	{ "node pve\ntemplate t vmids=9000-9009\ntemplate u vmids=9009-9010\ncluster c template=t\n"
	  "vm a vmid=101",
	  "3: template \"u\": vmids: 9009-9010 is within the vmids of template \"t\" in line 2; give "
	  "another\n" },
	{ "node pve\ntemplate t vmids=9000-9009\ntemplate u vmids=9010-9019\ncluster c template=t\n"
	  "vm a vmid=101", "" },
	{ "node pve\ntemplate t vmid=9000 url=https://a/b image=/a/b sha256=" HASH "\ncluster c\n"
	  "vm a vmid=101",
	  "2: template \"t\": url: image must say where it is to lie, as a volume id: "
	  "image = \"local:iso/NAME\"\n" },
	{ "node pve\ntemplate t vmid=9000 url=https://a/b image=local:iso/b\ncluster c\nvm a vmid=101",
	  "2: template \"t\": url: what is downloaded is not trusted without sha256\n" },
	{ "node pve\ntemplate t vmid=9000 url=https://a/b image=local:iso/b sha256=" HASH "\ncluster c\n"
	  "vm a vmid=101", "" },
	{ "node pve\ntemplate t vmid=9000 key-file=/root/k key-sink=op\ncluster c\nvm a vmid=101",
	  "2: template \"t\": key-file: where the master key is from or goes is said already in line "
	  "2; say one of master-key, key-sink and key-file\n" },
	{ BASE, "0: the file declares no VM; add cluster \"NAME\" { vm \"NAME\" { … } }\n" },
	{ "", "0: the file declares no VM; add cluster \"NAME\" { vm \"NAME\" { … } }\n" },
	{ BASE "vm a_b vmid=101",
	  "4: vm \"a_b\" is no DNS name; use letters, digits and -, "
	  "with dots between the parts\n" },
	{ BASE "vm  vmid=101", "4: vm \"\": a name is missing\n" },
	/* two with one name */
	{ BASE "vm a vmid=101\nvm a vmid=102",
	  "5: vm \"a\": the name a is that of vm \"a\" in line 4; give another\n" },
	{ BASE "vm a vmid=101\ncluster d\nvm A vmid=102",
	  "6: vm \"A\": the name A is that of vm \"a\" in line 4; give another\n" },
	{ BASE "vm t vmid=101",
	  "4: vm \"t\": the name t is that of template \"t\" in line 2; give another\n" },
	{ BASE "role r\nrole r\nrole r\nvm a vmid=101",
	  "5: role \"r\": the name r is that of role \"r\" in line 4; give another\n"
	  "6: role \"r\": the name r is that of role \"r\" in line 4; give another\n" },
	{ BASE "cluster c\nvm a vmid=101",
	  "4: cluster \"c\": the name c is that of cluster \"c\" in line 3; give another\n" },
	{ BASE "template t vmid=9001\nvm a vmid=101 template=t",
	  "4: template \"t\": the name t is that of template \"t\" in line 2; give another\n" },
	{ BASE "node pve\nvm a vmid=101 node=pve",
	  "4: node \"pve\": the name pve is that of node \"pve\" in line 1; give another\n" },
	{ BASE "vm a vmid=101\nsnippet s:snippets/a file=x\nsnippet s:snippets/a file=y",
	  "6: snippet \"s:snippets/a\": the name s:snippets/a is that of snippet \"s:snippets/a\" in "
	  "line 5; give another\n" },
	{ BASE "vm a vmid=101\nsnippet a file=x",
	  "5: snippet \"a\" is no snippet; write it like local:snippets/NAME, with letters, digits "
	  "and -_.+, at most 200 in all\n" },
	/* two with one id, MAC, address */
	{ BASE "vm a vmid=101\nvm b vmid=0101",
	  "5: vm \"b\": vmid: 101 is that of vm \"a\" in line 4; give another\n" },
	{ BASE "vm a vmid=9000",
	  "4: vm \"a\": vmid: 9000 is that of template \"t\" in line 2; give another\n" },
	{ BASE "vm a vmid=101 mac=02:00:00:00:00:0a\nvm b vmid=102 mac=02:00:00:00:00:0A",
	  "5: vm \"b\": mac: 02:00:00:00:00:0A is that of vm \"a\" in line 4; give another\n" },
	{ BASE "vm a vmid=101 address=10.0.0.5/24\nvm b vmid=102 address=10.0.0.5/16",
	  "5: vm \"b\": address: 10.0.0.5 is that of vm \"a\" in line 4; give another\n" },
	{ BASE "vm a vmid=101 address=fd00::5/64\nvm b vmid=102 address=fd00:0::0005/64",
	  "5: vm \"b\": address: fd00::5 is that of vm \"a\" in line 4; give another\n" },
	{ BASE "vm a vmid=101 address=dhcp\nvm b vmid=102 address=dhcp", "" },
	/* many of a kind: what is wrong with all is said once, what is wrong with one of that one */
	{ BASE "vm a vmid=101 count=3 address=10.0.0.5/24", "" },
	{ BASE "vm a vmid=101 count=0", "" },
	{ BASE "vm a count=2", "4: vm \"a\": " NO_ID "\n" },
	{ BASE "vm a vmid=101 count=1001",
	  "4: vm \"a\": count: \"1001\" is no whole number from 0 to 1000\n" },
	{ BASE "vm a_b vmid=101 count=2",
	  "4: vm \"a_b\" is no DNS name; use letters, digits and -, "
	  "with dots between the parts\n" },
	{ BASE "vm a vmid=101 count=2 role=r",
	  "4: vm \"a\": role: no role \"r\" in this file; add role \"r\" { … }\n" },
	{ BASE "vm a vmid=101 count=2 mac=02:00:00:00:00:0a",
	  "4: vm \"a\": mac: the VMs of a count cannot have the same; leave it out, and each gets "
	  "its own\n" },
	{ BASE "vm a vmid=999999999 count=2",
	  "4: vm \"a-2\": vmid: \"1000000000\" is no whole number from 100 to 999999999\n" },
	{ BASE "vm b vmid=102\nvm a vmid=101 count=2",
	  "5: vm \"a-2\": vmid: 102 is that of vm \"b\" in line 4; give another\n" },
	{ BASE "vm a-2 vmid=200\nvm a vmid=101 count=2",
	  "5: vm \"a-2\": the name a-2 is that of vm \"a-2\" in line 4; give another\n" },
	{ BASE "vm a vmid=101 count=2 address=10.0.0.5/24\nvm b vmid=200 address=10.0.0.6/24",
	  "5: vm \"b\": address: 10.0.0.6 is that of vm \"a-2\" in line 4; give another\n" },
	{ BASE "vm a vmid=101 count=4 address=10.0.0.253/24",
	  "4: vm \"a-3\": address: 10.0.0.255/24 is the broadcast address of its net; "
	  "take one before it\n"
	  "4: vm \"a-4\": address: 3 further on than 10.0.0.253/24 its net has ended; begin earlier, "
	  "or lower count\n" },
	{ GATED "vm a vmid=101 count=2 address=10.0.1.5/24",
	  "4: vm \"a-1\": address: 10.0.1.5/24 has a net without its gateway; "
	  "correct the one or the other (gateway 10.0.0.1)\n"
	  "4: vm \"a-2\": address: 10.0.1.6/24 has a net without its gateway; "
	  "correct the one or the other (gateway 10.0.0.1)\n" },
	{ "node pve\ntemplate t vmids=9000-9009\ncluster c\nvm a vmid=8999 count=2",
	  "4: vm \"a-2\": vmid: 9000 is within the vmids of template \"t\" in line 2; give "
	  "another\n" },
	/* names of what is not there */
	{ BASE "vm a vmid=101 role=r",
	  "4: vm \"a\": role: no role \"r\" in this file; add role \"r\" { … }\n" },
	{ BASE "role R\nvm a vmid=101 role=r",
	  "5: vm \"a\": role: no role \"r\" in this file; add role \"r\" { … }\n" },
	{ BASE "vm a vmid=101 node=x",
	  "4: vm \"a\": node: no node \"x\" in this file; add node \"x\" { … }\n" },
	{ "node pve\ntemplate t vmid=9000\ncluster c template=x\nvm a vmid=101\nvm b vmid=102",
	  "3: cluster \"c\": template: no template \"x\" in this file; "
	  "add template \"x\" { … }\n" },
	{ "node x\n" BASE "vm a vmid=101\nvm b vmid=102",
	  "4: cluster \"c\": node: is not said, and the file has more than one; "
	  "add node = \"NAME\"\n" },
	{ "node x\n" BASE "vm a vmid=101 node=x\nvm b vmid=102 node=pve", "" },
	{ "template x vmid=9001\n" BASE "vm a vmid=101",
	  "4: cluster \"c\": template: is not said, and the file has more than one; "
	  "add template = \"NAME\"\n" },
	{ "cluster c\nvm a vmid=101",
	  "1: cluster \"c\": node: the file has none; add node \"NAME\" { … } "
	  "outside of the cluster\n"
	  "1: cluster \"c\": template: the file has none; add template \"NAME\" { … } "
	  "outside of the cluster\n" },
	/* nets */
	{ GATED "vm a vmid=101 address=10.0.0.5/24", "" },
	{ GATED "vm a vmid=101 address=dhcp", "" },
	{ GATED "vm a vmid=101 address=10.0.1.5/24",
	  "4: vm \"a\": address: 10.0.1.5/24 has a net without its gateway; "
	  "correct the one or the other (gateway 10.0.0.1)\n" },
	{ GATED "vm a vmid=101 address=fd00::5/64",
	  "4: vm \"a\": address: fd00::5/64 has a net without its gateway; "
	  "correct the one or the other (gateway 10.0.0.1)\n" },
	{ BASE "vm a vmid=101 address=fd00::5/64 gateway=fe80::1", "" },
	{ BASE "vm a vmid=101 address6=fd00::5/64 gateway6=FE80:0::1", "" },
	{ BASE "vm a vmid=101 address6=fd00::5/64 gateway6=fec0::1",
	  "4: vm \"a\": address6: fd00::5/64 has a net without its gateway; "
	  "correct the one or the other (gateway fec0::1)\n" },
	{ GATED "vm a vmid=101 address=10.0.0.1/24",
	  "4: vm \"a\": address: 10.0.0.1/24 is the gateway's own; "
	  "give another (gateway 10.0.0.1)\n" },
	{ BASE "vm a vmid=101 address=10.0.0.0/24",
	  "4: vm \"a\": address: 10.0.0.0/24 is the name of its net itself; "
	  "take one further on\n" },
	{ BASE "vm a vmid=101 address=10.0.0.255/24",
	  "4: vm \"a\": address: 10.0.0.255/24 is the broadcast address of its net; "
	  "take one before it\n" },
	{ BASE "vm a vmid=101 address=10.0.0.0/31\nvm b vmid=102 address=10.0.0.1/31", "" },
	{ BASE "vm a vmid=101 address=10.0.0.255/20", "" },
	{ "node pve\ntemplate t vmid=9000 build-address=10.0.0.9/24 gateway=10.0.1.1\ncluster c\n"
	  "vm a vmid=101",
	  "2: template \"t\": build-address: 10.0.0.9/24 has a net without its gateway; "
	  "correct the one or the other (gateway 10.0.1.1)\n" },
	/* what only together makes no sense */
	{ BASE "vm a vmid=101 memory=4G balloon=4G", "" },
	{ BASE "vm a vmid=101 memory=4G balloon=5G",
	  "4: vm \"a\": balloon: is more than its memory; give that or less\n" },
	{ BASE "role r memory=2G balloon=4G\nvm a vmid=101 role=r\nvm b vmid=102 role=r",
	  "4: role \"r\": balloon: is more than its memory; give that or less\n" },
	{ "node pve\ntemplate t vmid=9000\nrole r memory=2G\ncluster c balloon=4G\nvm a vmid=101 role=r\n"
	  "vm b vmid=102 memory=8G",
	  "4: vm \"a\": balloon: is more than its memory; give that or less\n" },
	{ BASE "vm a vmid=101 memory=2G balloon=4G count=2",
	  "4: vm \"a\": balloon: is more than its memory; give that or less\n" },
	{ BASE "vm a vmid=101 cores=4 sockets=2 options=vcpus=8", "" },
	{ BASE "vm a vmid=101 cores=4 options=vcpus=8", "" },
	{ BASE "vm a vmid=101 cores=4 sockets=2 options=vcpus=9",
	  "4: vm \"a\": options: vcpus=9 is more than sockets times cores, 8, and the VM would not "
	  "start; give that or less\n" },
	{ BASE "role r cores=4 sockets=1 options=vcpus=8\nvm a vmid=101 role=r\nvm b vmid=102 role=r",
	  "4: role \"r\": options: vcpus=8 is more than sockets times cores, 4, and the VM would not "
	  "start; give that or less\n" },
	{ BASE "role r cores=4 sockets=2 options=vcpus=8\nvm a vmid=101 role=r\nvm b vmid=102 role=r "
	  "cores=2",
	  "4: vm \"b\": options: vcpus=8 is more than sockets times cores, 4, and the VM would not "
	  "start; give that or less\n" },
	{ "node pve\ntemplate t vmid=9000\nrole r sockets=2 options=vcpus=8\ncluster c cores=2\n"
	  "vm a vmid=101 role=r count=2",
	  "3: vm \"a\": options: vcpus=8 is more than sockets times cores, 4, and the VM would not "
	  "start; give that or less\n" },
	{ BASE "vm a vmid=101 options=boot=order=scsi0;scsi11;net0 data-disks=scsi1=detached", "" },
	{ BASE "vm a vmid=101 options=boot=order=scsi0;scsi1 data-disks=scsi1=1G", "" },
	{ BASE "vm a vmid=101 options=boot=order=scsi1;net0 data-disks=scsi1=detached",
	  "4: vm \"a\": options: boot=order=scsi1;net0 names scsi1, which data-disks says is detached; "
	  "change the one or the other\n" },
	{ BASE "role r options=boot=order=scsi0;scsi1\nvm a vmid=101 role=r data-disks=scsi1=detached",
	  "4: vm \"a\": options: boot=order=scsi0;scsi1 names scsi1, which data-disks says is "
	  "detached; change the one or the other\n" },
	{ BASE "role r balloon=4G\nvm a vmid=101 role=r count=2 memory=2G",
	  "4: vm \"a\": balloon: is more than its memory; give that or less\n" },
	{ BASE "vm a vmid=101 viommu=intel machine=pc-q35-9.2", "" },
	{ BASE "vm a vmid=101 viommu=intel", "" },
	{ BASE "vm a vmid=101 viommu=virtio machine=pc", "" },
	{ BASE "vm a vmid=101 viommu=intel machine=pc",
	  "4: vm \"a\": viommu: only a q35 has intel's; write machine = q35, or viommu = virtio\n" },
	{ BASE "role r rng=/dev/urandom\nvm a vmid=101 role=r rng-bytes=1", "" },
	{ BASE "vm a vmid=101 rng-period=5",
	  "4: vm \"a\": rng-period: says how much, but nothing says where from; add rng = "
	  "/dev/urandom\n" },
	{ BASE "role r agent=1\nvm a vmid=101 role=r count=2 agent-fstrim=1", "" },
	{ BASE "vm a vmid=101 iops=5 iops-read=5",
	  "4: vm \"a\": iops-read: there is a limit for both together already; take one of them "
	  "out\n" },
	{ BASE "vm a vmid=101 mbps=0 mbps-write=5", "" },
	{ BASE "vm a vmid=101 aio=native cache=writeback",
	  "4: vm \"a\": aio: native goes past a cache, and QEMU would not start it; write cache = none "
	  "or directsync, or another aio\n" },
	{ BASE "role r aio=native\nvm a vmid=101 role=r cache=directsync", "" },
	{ BASE "vm a vmid=101 aio=native", "" },
	{ BASE "vm a vmid=101 aio=threads cache=unsafe", "" },
	{ BASE "vm a vmid=101 agent-fstrim=1",
	  "4: vm \"a\": agent-fstrim: says how, but nothing says that there is an agent; add "
	  "agent = true\n" },
	{ BASE "vm a vmid=101 agent-fstrim=1 agent=1", "" },
	{ BASE "vm a vmid=101 wait=agent agent=0",
	  "4: vm \"a\": wait: asks the guest agent, but agent is false; change the one or the other\n" },
	{ BASE "vm a vmid=101 wait=no agent=0", "" },
	{ BASE "vm a vmid=101 wait=cloud-init", "" },
	{ BASE "vm a vmid=101 options=tablet=0", "" },
	/* one fault, one problem */
	{ BASE "vm a vmid=1\nvm b vmid=1",
	  "4: vm \"a\": vmid: \"1\" is no whole number from 100 to 999999999\n"
	  "5: vm \"b\": vmid: \"1\" is no whole number from 100 to 999999999\n" },
};

START_TEST(the_whole_is_checked)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(faults[_i].text, &problems);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	spec_check(spec, &problems);
	print_problems(&problems, &text);
	ck_assert_msg(strcmp(text.buf, faults[_i].problems) == 0, "%s:\n%s", faults[_i].text,
		      text.buf);
}
END_TEST

START_TEST(a_list_of_names_has_each_once)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(BASE "vm a vmid=101", &problems);
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strvec_pushl(&items, "tablet=0", "usb1=spice", "usb10=spice", "tablet=1", NULL);
	spec_set(spec->vms[0], KEY_OPTIONS, &items, 4, &problems);
	spec_check(spec, &problems);
	print_problems(&problems, &text);
	ck_assert_str_eq(text.buf, "4: vm \"a\": options: has tablet twice; keep one\n");
}
END_TEST

START_TEST(a_node_may_say_how_long_a_step_may_take)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(BASE "vm a vmid=101", &problems);
	CLEANUP(strvec_release) struct strvec items = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct spec_section *node = spec->nodes[0];

	ck_assert_uint_eq(timeouts_limit(NULL, QM_START), qm_verb_limit(QM_START));
	ck_assert_uint_eq(timeouts_limit(node, QM_START), qm_verb_limit(QM_START));
	strvec_pushl(&items, "start=900", "clone=7200", "start=5", NULL);
	spec_set(spec->nodes[0], KEY_TIMEOUTS, &items, 1, &problems);
	ck_assert_uint_eq(timeouts_limit(node, QM_START), 900);
	ck_assert_uint_eq(timeouts_limit(node, QM_CLONE), 7200);
	ck_assert_uint_eq(timeouts_limit(node, QM_SET), qm_verb_limit(QM_SET));
	spec_check(spec, &problems);
	print_problems(&problems, &text);
	ck_assert_str_eq(text.buf, "1: node \"pve\": timeouts: has start twice; keep one\n");
}
END_TEST

START_TEST(a_vm_knows_its_role_cluster_node_and_template)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(
		"node n2\nnode n1\ntemplate t2 vmid=9002\ntemplate t1 vmid=9001\n"
		"role r template=t2\ncluster c node=n1 template=t1\nvm a vmid=101\n"
		"vm b vmid=102 role=r node=n2", &problems);
	const struct spec_section *a, *b;

	spec_check(spec, &problems);
	ck_assert_uint_eq(problems.count, 0);
	a = spec_find_vm(spec, "a");
	b = spec_find_vm(spec, "b");
	ck_assert_ptr_null(spec_find_vm(spec, "c"));
	ck_assert_ptr_null(a->role);
	ck_assert_str_eq(a->node->name, "n1");
	ck_assert_str_eq(a->template->name, "t1");
	ck_assert_str_eq(b->role->name, "r");
	ck_assert_str_eq(b->node->name, "n2");
	ck_assert_str_eq(b->template->name, "t2");
	ck_assert_ptr_eq(spec_find_node(spec, "n2"), b->node);
	ck_assert_ptr_null(spec_find_node(spec, "n3"));
	ck_assert(spec_uses_template(spec, a->node, a->template));
	ck_assert(!spec_uses_template(spec, a->node, b->template));
}
END_TEST

START_TEST(a_mac_follows_from_the_names_and_never_changes)
{
	char mac[18], other[18];

	spec_derive_mac("vyom", "vyom-worker-1", 0, mac);
	ck_assert_str_eq(mac, "02:3E:E1:D3:F2:6C");
	spec_derive_mac("vyom", "vyom-worker-2", 0, other);
	ck_assert_str_ne(mac, other);
	spec_derive_mac("lab", "vyom-worker-1", 0, other);
	ck_assert_str_ne(mac, other);
}
END_TEST

START_TEST(a_given_mac_is_kept_in_upper_case)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(
		BASE "vm a vmid=101 mac=bc:24:11:aa:bb:0c\nvm b vmid=102", &problems);
	char derived[18];

	spec_check(spec, &problems);
	ck_assert_str_eq(spec->vms[0]->mac, "BC:24:11:AA:BB:0C");
	spec_derive_mac("c", "b", 0, derived);
	ck_assert_str_eq(spec->vms[1]->mac, derived);
}
END_TEST

START_TEST(problems_come_in_the_order_of_lines)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = build(BASE "vm a vmid=101", &problems);

	spec_problem_add(&problems, 30, "c");
	spec_problem_add(&problems, 4, "b%d", 2);
	spec_problem_add(&problems, 4, "b1");
	spec_problem_add(&problems, 0, "a");
	spec_check(spec, &problems);
	ck_assert_uint_eq(problems.count, 4);
	ck_assert_str_eq(problems.items[0].text, "a");
	ck_assert_str_eq(problems.items[1].text, "b1");
	ck_assert_str_eq(problems.items[2].text, "b2");
	ck_assert_str_eq(problems.items[3].text, "c");
}
END_TEST

START_TEST(nothing_can_be_freed)
{
	struct spec_problems problems = { 0 };

	spec_free(NULL);
	spec_problems_release(&problems);
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void add_cases(TCase *tcase)
{
	tcase_add_test(tcase, a_list_of_names_has_each_once);
	tcase_add_test(tcase, a_node_may_say_how_long_a_step_may_take);
	tcase_add_loop_test(tcase, nearest_wins, 0, COUNT(lookups));
	tcase_add_loop_test(tcase, a_value_is_worth_what_it_says_or_refused, 0, COUNT(values));
	tcase_add_test(tcase, each_fallback_is_a_good_value);
	tcase_add_test(tcase, a_list_keeps_its_items_and_reads_as_one_text);
	tcase_add_test(tcase, an_empty_list_goes_before_what_is_further_away);
	tcase_add_test(tcase, one_value_is_not_two);
	tcase_add_test(tcase, a_second_value_is_refused_and_the_first_stays);
	tcase_add_loop_test(tcase, the_whole_is_checked, 0, COUNT(faults));
	tcase_add_test(tcase, a_vm_knows_its_role_cluster_node_and_template);
	tcase_add_test(tcase, a_mac_follows_from_the_names_and_never_changes);
	tcase_add_test(tcase, a_given_mac_is_kept_in_upper_case);
	tcase_add_test(tcase, problems_come_in_the_order_of_lines);
	tcase_add_test(tcase, nothing_can_be_freed);
}

TEST_MAIN("spec", add_cases)
