/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <string.h>

#include "main.h"
#include "base/scope.h"
#include "model/spec.h"
#include "edge/spec_conf.h"
#include "base/strbuf.h"

/* Lines 1 to 3 of most texts below. */
#define BASE "node pve { }\ntemplate t { vmid = 9000 }\ncluster c {\n"
#define VM "vm a { vmid = 101 }\n"

/* What is wrong with len bytes of text: "LINE: TEXT" a line. */
static struct spec *read_bytes(const char *text, size_t len, struct strbuf *said)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(strbuf_release) struct strbuf copy = STRBUF_INIT;
	struct spec *spec = spec_new();

	strbuf_add(&copy, text, len);
	ck_assert_int_eq(spec_conf_parse(spec, &copy, NULL, &problems), 0);
	spec_check(spec, &problems);
	for (size_t i = 0; i < problems.count; i++)
		strbuf_addf(said, "%d: %s\n", problems.items[i].line, problems.items[i].text);
	return spec;
}

static struct spec *read_text(const char *text, struct strbuf *said)
{
	return read_bytes(text, strlen(text), said);
}

/* How things may be written: what the first VM then has as KEY. */
static const struct { const char *text; enum key_id key; const char *value; } forms[] = {
	{ BASE "vm a { vmid = 101 user = ubuntu } }",		KEY_USER, "ubuntu" },
	{ BASE "vm \"a\" { vmid = \"101\" user = \"ubuntu\" } }",	KEY_USER, "ubuntu" },
	{ BASE "vm 'a'{vmid=101 user='ubuntu'}}",		KEY_USER, "ubuntu" },
	{ BASE "vm a\n{\nvmid\n=\n101\nuser\n=\nubuntu\n}\n}",	KEY_USER, "ubuntu" },
	{ BASE "vm a { vmid = 101 user = ubuntu }\r\n}\r\n",	KEY_USER, "ubuntu" },
	{ BASE "'vm' a { \"vmid\" = 101 'user' = ubuntu } }",	KEY_USER, "ubuntu" },
	{ "\xEF\xBB\xBF" BASE "vm a { vmid = 101 user = ubuntu } }", KEY_USER, "ubuntu" },
	/* lists */
	{ BASE "vm a { vmid = 101 tags = { } } tags = x }",	KEY_TAGS, "" },
	{ BASE "vm a { vmid = 101 tags = k3s } }",		KEY_TAGS, "k3s" },
	{ BASE "vm a { vmid = 101 tags = { k3s } } }",		KEY_TAGS, "k3s" },
	{ BASE "vm a { vmid = 101 tags = { a, 'b' , \"c\", } } }", KEY_TAGS, "a b c" },
	{ BASE "vm a { vmid = 101 tags = { a, # one\n b // two\n, /* 3 */ c } } }", KEY_TAGS,
	  "a b c" },
	/* comments, which are none in quotes */
	{ BASE "vm a { vmid = 101 # user = x }\n user = y } }",	KEY_USER, "y" },
	{ BASE "vm a { vmid = 101 // user = x }\n user = y } }", KEY_USER, "y" },
	{ BASE "vm a { vmid = 101 /* user = x }\n*/ user = y } }", KEY_USER, "y" },
	{ BASE "vm a { vmid = 101 /* a/b * / */ user = y } }",	KEY_USER, "y" },
	{ BASE "vm a { vmid = 101 /***/ user = y /**/ } }",	KEY_USER, "y" },
	{ "# \"\n// '\n/* { \" */\n" BASE "vm a { vmid = 101 user = y } } # \"", KEY_USER, "y" },
	/* the cluster's values come after its VMs */
	{ BASE VM "user = late }",				KEY_USER, "late" },
	{ BASE VM "}\nrole r { }",				KEY_USER, NULL },
};

START_TEST(it_may_be_written_like_this)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = read_text(forms[_i].text, &problems);
	const char *value;

	ck_assert_msg(problems.len == 0, "%s: %s", forms[_i].text, problems.buf);
	ck_assert_msg(spec->vm_count == 1 && strcmp(spec->vms[0]->name, "a") == 0, "%s",
		      forms[_i].text);
	value = spec_text(spec->vms[0], forms[_i].key);
	ck_assert_msg(value ? forms[_i].value && strcmp(value, forms[_i].value) == 0 :
		      !forms[_i].value, "%s: %s", forms[_i].text, value ? value : "nothing");
}
END_TEST

/* Quotes, escapes and what else stands in a value reach us as they are. */
static const struct { const char *written, *read; } texts[] = {
	{ "\"keys # 1.pub\"",		"keys # 1.pub" },
	{ "\"a // b /* c */\"",		"a // b /* c */" },
	{ "\"{ a, b } = +=\"",		"{ a, b } = +=" },
	{ "\"a'b\"",			"a'b" },
	{ "'a\"b'",			"a\"b" },
	{ "\"a\\\"b\\\\c\"",		"a\"b\\c" },
	{ "'a\\'b\\\\c\\n'",		"a'b\\c\\n" },
	{ "'${HOME}'",			"${HOME}" },
	{ "\"$HOME $\"",		"$HOME $" },
	{ "\"schlüssel…😀\"",		"schlüssel…😀" },
	{ "schlüssel",			"schlüssel" },
	{ "/etc/vyom/keys.pub",		"/etc/vyom/keys.pub" },
	{ "a|b:c@d;e",			"a|b:c@d;e" },
};

START_TEST(a_text_is_read_as_it_is_seen)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();

	strbuf_addf(&text, BASE "ssh-keys = %s " VM "}", texts[_i].written);
	spec_conf_parse(spec, &text, NULL, &problems);
	ck_assert_msg(problems.count == 0, "%s: %s", texts[_i].written,
		      problems.count ? problems.items[0].text : "");
	ck_assert_msg(strcmp(spec_text(spec->vms[0], KEY_SSH_KEYS), texts[_i].read) == 0, "%s: %s",
		      texts[_i].written, spec_text(spec->vms[0], KEY_SSH_KEYS));
}
END_TEST

#define SENSE "makes no sense here; write NAME = \"VALUE\" or SECTION \"NAME\" { … }"
#define SECTIONS "no such section; there are node, template, role, cluster, snippet, vm in a " \
	"cluster, and nic in a vm, role or cluster"

/* A file, and all that is said of it. */
static const struct { const char *text, *problems; } faults[] = {
	/* network cards */
	{ BASE "nic net1 { vlan = 5 }\nvm a { vmid = 101 nic net1 { mtu = 1400 } nic net0 { queues = 2 } }\n}",
	  "" },
	{ BASE VM "}\nnic net1 { }\n",
	  "6: nic \"net1\": cannot stand alone; put it into a vm, role or cluster\n" },
	{ "node pve { nic net1 { } }\ntemplate t { vmid = 9000 }\ncluster c {\n" VM "}",
	  "1: node \"pve\": nic \"net1\": cannot stand in a node; is a } missing before it?\n" },
	{ BASE "vm a { vmid = 101 nic eth0 { } nic net32 { } nic net01 { } } }",
	  "4: nic \"eth0\" is no network card; write net0 to net31\n"
	  "4: nic \"net01\" is no network card; write net0 to net31\n"
	  "4: nic \"net32\" is no network card; write net0 to net31\n" },
	{ BASE "vm a { vmid = 101 nic net1 { cores = 4 mtu = 0 } nic net1 { } } }",
	  "4: nic \"net1\": cores: cannot stand here; it belongs into a section vm or role or cluster\n"
	  "4: nic \"net1\": mtu: \"0\" is no whole number from 1 to 65520\n"
	  "4: nic \"net1\": said twice, line 4 has it too; keep one\n" },
	{ BASE "vm a { vmid = 101 nic net0 { bridge = vmbr1 } nic net1 { model = e1000 mtu = 1400 } } }",
	  "4: nic \"net0\": bridge: the first card's is said outside of the nic, at the VM itself\n"
	  "4: nic \"net1\": mtu: only a virtio card has it\n" },
	{ BASE "vm a { vmid = 101 nic net1 { mtu = 575 } nic net2 { mtu = 1 } nic net3 { mtu = 576 } } }",
	  "4: nic \"net1\": mtu: is less than IP needs, and the VM would not start; give 576 or more, or 1 "
	  "for the bridge's\n" },
	{ BASE "nic net1 { mac = 02:00:00:00:00:01 address = 10.1.0.5/24 address6 = auto }\n" VM "}",
	  "4: nic \"net1\": address: is one VM's own; say it there\n"
	  "4: nic \"net1\": mac: VMs cannot have the same; leave it out, and each gets its own\n" },
	{ BASE "nic net1 { mac = 02:00:00:00:00:01 address = 10.1.0.5/24 }\n" VM "\nvm b { vmid = 102 } }",
	  "4: nic \"net1\": address: is one VM's own; say it there\n"
	  "4: nic \"net1\": mac: VMs cannot have the same; leave it out, and each gets its own\n" },
	{ BASE "vm a { vmid = 101 count = 3 nic net1 { mac = 02:00:00:00:00:01 } } }",
	  "4: nic \"net1\": mac: VMs cannot have the same; leave it out, and each gets its own\n" },
	{ BASE "vm a { nic net1 { mac = 02:00:00:00:00:01 } vmid = 101 count = 3 } }",
	  "4: nic \"net1\": mac: VMs cannot have the same; leave it out, and each gets its own\n" },
	{ BASE "vm a { vmid = 101 count = 2 nic net1 { address = 10.1.0.254/24 address6 = fd01::5/64 } } }",
	  "4: nic \"net1\": address: 10.1.0.255/24 is the broadcast address of its net; take one before it\n" },
	{ BASE "vm a { vmid = 101 address = 10.0.0.5/24 nic net1 { address = 10.0.0.5/16 } }\n"
	  "vm b { vmid = 102 mac = 02:00:00:00:00:01 nic net1 { mac = 02:00:00:00:00:01 gateway = 10.9.0.1\n"
	  "address = 10.8.0.5/24 } } }",
	  "4: nic \"net1\": address: 10.0.0.5 is that of vm \"a\" in line 4; give another\n"
	  "5: nic \"net1\": mac: 02:00:00:00:00:01 is that of vm \"b\" in line 5; give another\n"
	  "6: nic \"net1\": address: 10.8.0.5/24 has a net without its gateway; correct the one or the "
	  "other (gateway 10.9.0.1)\n" },
	{ BASE "vm a { vmid = 101 address = fd00::5/64 address6 = fd00::6/64 } }",
	  "4: vm \"a\": address6: address says an IPv6 one already; keep one\n" },
	{ BASE "vm a { vmid = 101 address6 = fd00::6/64 gateway6 = fd01::1 } }",
	  "4: vm \"a\": address6: fd00::6/64 has a net without its gateway; correct the one or the other "
	  "(gateway fd01::1)\n" },
	{ BASE "vm a { vmid = 101 nic net1 { vlan = 3\n",
	  "4: nic \"net1\": is not closed; a } is missing\n" },
	/* names */
	{ BASE "momory = 8G\n" VM "}",
	  "4: cluster \"c\": momory: no such name; did you mean memory?\n" },
	{ BASE "colour = { red, \"green\" }\ncolour = { }\n" VM "}",
	  "4: cluster \"c\": colour: no such name; vyom.conf(5) lists them all\n"
	  "5: cluster \"c\": colour: no such name; vyom.conf(5) lists them all\n" },
	{ BASE "jobs = 4\n" VM "}",
	  "4: cluster \"c\": jobs: cannot stand here; it belongs into a section node\n" },
	{ "cores = 4\n" BASE VM "}",
	  "1: cores: cannot stand here; it belongs into a section vm or role or cluster\n" },
	{ "rolle \"r\" { cores = 4 }\n" BASE VM "}", "1: rolle: " SECTIONS "\n" },
	{ "a {\nb \"}\" { c = { d } } # }\n}\n" BASE VM "}",
	  "1: a: a section needs a name; write a \"NAME\" { … }\n" },
	{ "vm a { vmid = 101 }\n" BASE VM "}",
	  "1: vm \"a\": cannot stand alone; put it into a cluster \"NAME\" { … }\n" },
	{ BASE "node x { }\n" VM "}",
	  "4: cluster \"c\": node \"x\": cannot stand in a cluster; is a } missing before it?\n" },
	{ BASE "vm a { vmid = 101\nvm b { vmid = 102 }\n} }",
	  "5: vm \"a\": vm \"b\": cannot stand in a vm; is a } missing before it?\n" },
	{ BASE "role { cores = 1 }\n" VM "}",
	  "4: cluster \"c\": role: a section needs a name; write role \"NAME\" { … }\n" },
	{ BASE "vm \"\" { vmid = 101 } }", "4: vm \"\": a name is missing\n" },
	/* types and repeats */
	{ BASE "cores = { 1 }\n" VM "}", "4: cluster \"c\": cores: takes one value, not a list\n" },
	{ BASE "cores = 1\ncores = 2\n" VM "}",
	  "5: cluster \"c\": cores: said twice, line 4 has it too; keep one\n" },
	{ BASE "tags = { a }\ntags = { b }\n" VM "}",
	  "5: cluster \"c\": tags: said twice, line 4 has it too; keep one\n" },
	{ BASE "tags += { b }\n" VM "}",
	  "4: cluster \"c\": tags: += adds to nothing here; write = and the whole list\n" },
	{ BASE "cores\n=\n0\n" VM "}",
	  "4: cluster \"c\": cores: \"0\" is no whole number from 1 to 512\n" },
	{ BASE "tags = { a, \"b c\" }\n" VM "}",
	  "4: cluster \"c\": tags: \"b c\" is no tag; use letters, digits, _ . + and -, "
	  "a letter, digit or _ first\n" },
	/* two of one name, one of them in each cluster */
	{ BASE VM "}\ncluster d {\nvm a { vmid = 102 } }",
	  "7: vm \"a\": the name a is that of vm \"a\" in line 4; give another\n" },
	/* form */
	{ BASE "cores 4\n" VM "}",
	  "4: cluster \"c\": cores: a = is missing; write cores = \"4\"\n" },
	{ BASE "cores = }\n",
	  "4: cluster \"c\": cores: the value is missing; write cores = \"…\"\n" },
	{ BASE "cores = = 4\n" VM "}",
	  "4: cluster \"c\": cores: the value is missing; write cores = \"…\"\n" },
	{ BASE "cores, 4\n" VM "}", "4: cluster \"c\": cores " SENSE "\n" },
	{ BASE "cores, { x = 1\n}\n" VM "}", "4: cluster \"c\": cores " SENSE "\n" },
	{ BASE "cores\n" VM "}", "4: cluster \"c\": cores " SENSE "\n" },
	{ BASE "= 4\n" VM "}", "4: cluster \"c\": = " SENSE "\n" },
	{ BASE "*\n" VM "}", "4: cluster \"c\": * " SENSE "\n" },
	{ BASE "cores = 4*\n" VM "}", "4: cluster \"c\": * " SENSE "\n" },
	{ BASE "user = a+b\n" VM "}", "4: cluster \"c\": + " SENSE "\n" },
	{ BASE "include(\"x\")\n" VM "}", "4: cluster \"c\": include " SENSE "\n" },
	{ BASE "user = x/\n" VM "}", "4: cluster \"c\": / " SENSE "\n" },
	{ BASE "user = a\"b\"\n" VM "}", "4: cluster \"c\": b " SENSE "\n" },
	{ BASE "tags = { a b }\n" VM "}",
	  "4: cluster \"c\": tags: the list is not in order; write { \"a\", \"b\" }\n" },
	{ BASE "tags = { , }\n" VM "}",
	  "4: cluster \"c\": tags: the list is not in order; write { \"a\", \"b\" }\n" },
	{ BASE "tags = { a\nuser = b\n" VM "}",
	  "4: cluster \"c\": tags: the list is not in order; write { \"a\", \"b\" }\n" },
	{ BASE "vm a\nvmid = 101\n" VM "}",
	  "4: cluster \"c\": vm \"a\": a { is missing after the name\n"
	  "5: cluster \"c\": vmid: cannot stand here; it belongs into a section vm or template\n" },
	{ BASE VM "} }", "5: a } too many\n" },
	{ BASE VM, "3: cluster \"c\": is not closed; a } is missing\n" },
	{ BASE "vm a { vmid = 101", "4: vm \"a\": is not closed; a } is missing\n" },
	/* quotes and bytes */
	{ BASE "vm a { vmid = 101 user = \"x }\n}",
	  "4: a text is not closed; a \" is missing on this line\n" },
	{ BASE "vm \"b\xff\" { cores = 0 }\n" VM "}",
	  "4: the byte 0xff is no printable UTF-8 text; take it out\n" },
	{ BASE "us\xff" "er = 1 cores 1\n" VM "}",
	  "4: the byte 0xff is no printable UTF-8 text; take it out\n" },
	{ BASE "\033\n" VM "}", "4: the byte 0x1b is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"ubuntu\ncores = 0\n" VM "}",
	  "4: a text is not closed; a \" is missing on this line\n"
	  "5: cluster \"c\": cores: \"0\" is no whole number from 1 to 512\n" },
	{ BASE "user = 'ubuntu\n" VM "}",
	  "4: a text is not closed; a ' is missing on this line\n" },
	{ BASE VM "}\n/* never\nclosed", "6: a comment is not closed; a */ is missing\n" },
	{ BASE "user = \"a\\nb\"\n" VM "}",
	  "4: a \\ in \"…\" stands before \" or \\ only; for a \\ itself write \\\\\n" },
	{ BASE "user = \"a\\000b\"\n" VM "}",
	  "4: a \\ in \"…\" stands before \" or \\ only; for a \\ itself write \\\\\n" },
	{ BASE "user = \"${HOME}\"\n" VM "}", "4: ${…} is not replaced; write the text itself\n" },
	{ BASE "user = ${HOME}\n" VM "}", "4: ${…} is not replaced; write the text itself\n" },
	{ BASE "user = a${HOME:-b}c\n" VM "}", "4: ${…} is not replaced; write the text itself\n" },
	{ BASE "user = { \"${HOME}\" }\n" VM "}",
	  "4: ${…} is not replaced; write the text itself\n" },
	{ BASE "user = \"a\tb\"\n" VM "}",
	  "4: the byte 0x09 is no printable UTF-8 text; take it out\n" },
	{ BASE "user = a\033[31mb\n" VM "}",
	  "4: the byte 0x1b is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"a\177\"\n" VM "}",
	  "4: the byte 0x7f is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"a\xff\xfe\"\n" VM "}",
	  "4: the byte 0xff is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"a\xc0\xaf\"\n" VM "}",	/* / in two bytes */
	  "4: the byte 0xc0 is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"\xed\xa0\x80\"\n" VM "}",	/* half of a pair */
	  "4: the byte 0xed is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"\xf4\x90\x80\x80\"\n" VM "}",	/* beyond the last */
	  "4: the byte 0xf4 is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"\xc2\x9b\"\n" VM "}",	/* a control character in two bytes */
	  "4: the byte 0xc2 is no printable UTF-8 text; take it out\n" },
	{ BASE "user = \"\xe2\x82\"\n" VM "}",	/* cut off */
	  "4: the byte 0xe2 is no printable UTF-8 text; take it out\n" },
	/* lines are counted right behind every kind of comment */
	{ "# 1\n// 2\n/* 3\n4 */ /* 4 */ # 4\n" BASE "cores = 0 /* 8\n */ # 9\nvlan = 0\n" VM "}",
	  "8: cluster \"c\": cores: \"0\" is no whole number from 1 to 512\n"
	  "10: cluster \"c\": vlan: \"0\" is no whole number from 1 to 4094\n" },
	/* nothing at all */
	{ "", "0: the file declares no VM; add cluster \"NAME\" { vm \"NAME\" { … } }\n" },
	{ "# nothing\n",
	  "0: the file declares no VM; add cluster \"NAME\" { vm \"NAME\" { … } }\n" },
};

START_TEST(what_is_wrong_is_said_with_its_line)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = read_text(faults[_i].text, &problems);

	ck_assert_ptr_nonnull(spec);
	ck_assert_msg(strcmp(problems.buf, faults[_i].problems) == 0, "%s\ngives\n%s",
		      faults[_i].text, problems.buf);
}
END_TEST

START_TEST(a_nul_byte_is_refused_and_ends_nothing)
{
	static const char text[] = BASE "user = \"a\0b\"\ncores = 0\n" VM "}";
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = read_bytes(text, sizeof(text) - 1, &problems);

	ck_assert_ptr_nonnull(spec);
	ck_assert_str_eq(problems.buf, "4: the byte 0x00 is no printable UTF-8 text; take it out\n"
			 "5: cluster \"c\": cores: \"0\" is no whole number from 1 to 512\n");
}
END_TEST

/* Messages go into JSON, which takes no half characters. */
START_TEST(a_name_of_any_length_is_cut_between_characters)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	strbuf_adds(&text, BASE "vm a");
	for (int i = 0; i < 200; i++)
		strbuf_adds(&text, "ä");
	strbuf_adds(&text, " { vmid = 101 cores = 0 speed = 1 } }");
	spec = read_text(text.buf, &problems);
	ck_assert_uint_eq(strlen(spec->vms[0]->name), 253);
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	ck_assert_uint_ne(mbstowcs(NULL, problems.buf, 0), (size_t)-1);
	ck_assert_ptr_nonnull(strstr(problems.buf, "ä\": speed: no such name"));
	ck_assert_ptr_nonnull(strstr(problems.buf, "ä\": cores: \"0\" is no whole number"));
	ck_assert_ptr_nonnull(strstr(problems.buf, "ä\" is no DNS name"));
}
END_TEST

/* libconfuse keeps what it reads in globals: one text leaves nothing to the next. */
START_TEST(one_bad_text_does_not_harm_the_next)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		CLEANUP(spec_problems_release) struct spec_problems problems = { 0 }, none = { 0 };
		CLEANUP(strbuf_release) struct strbuf bad = STRBUF_INIT, good = STRBUF_INIT;
		CLEANUP(spec_cleanup) struct spec *first = spec_new(), *second = spec_new();

		strbuf_adds(&bad, faults[i].text);
		strbuf_adds(&good, BASE VM "}");
		spec_conf_parse(first, &bad, NULL, &problems);
		spec_conf_parse(second, &good, NULL, &none);
		ck_assert_msg(none.count == 0 && second->vm_count == 1, "%s", faults[i].text);
	}
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, it_may_be_written_like_this, 0, COUNT(forms));
	tcase_add_loop_test(tcase, a_text_is_read_as_it_is_seen, 0, COUNT(texts));
	tcase_add_loop_test(tcase, what_is_wrong_is_said_with_its_line, 0, COUNT(faults));
	tcase_add_test(tcase, a_nul_byte_is_refused_and_ends_nothing);
	tcase_add_test(tcase, a_name_of_any_length_is_cut_between_characters);
	tcase_add_test(tcase, one_bad_text_does_not_harm_the_next);
}

TEST_MAIN("spec_scan", add_cases)
