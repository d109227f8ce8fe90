/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "main.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "model/spec.h"
#include "edge/bundle.h"
#include "edge/spec_conf.h"
#include "base/strbuf.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb"

/* An empty folder of its own for each test; it is left when the test ends. */
static char folder[64];

static void enter_folder(void)
{
	strcpy(folder, "/tmp/check_spec_conf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void leave_folder(void)
{
	CLEANUP(scope_free) char *command = memory_print("rm -rf %s", folder);

	ck_assert_int_eq(system(command), 0);
}

static char *path_to(const char *name)
{
	return memory_print("%s/%s", folder, name);
}

static void write_bytes(const char *name, const void *bytes, size_t len)
{
	CLEANUP(scope_free) char *path = path_to(name);
	CLEANUP(scope_fclose) FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static int read_path(struct spec *spec, const char *path, struct spec_problems *problems,
		     struct error *err)
{
	CLEANUP(bundle_release) struct bundle bundle = { .config = memory_copy(path) };

	return spec_conf_read(spec, &bundle, problems, err);
}

/* What is wrong with the file of that name in the folder: "LINE: TEXT" a line, "NAME:LINE: TEXT"
 * for what it includes. */
static struct spec *read_conf(const char *name, struct strbuf *text)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(scope_free) char *path = path_to(name);
	struct spec *spec = spec_new();
	struct error err = { 0 };

	ck_assert_msg(read_path(spec, path, &problems, &err) == 0, "%s", err.text);
	ck_assert_str_eq(spec->path, path);
	for (size_t i = 0; i < problems.count; i++) {
		const char *file;
		int line = spec_problems_locate(&problems, problems.items[i].line, &file);

		if (file)
			strbuf_addf(text, "%s:", file + (strncmp(file, folder, strlen(folder)) == 0
							 ? strlen(folder) + 1 : 0));
		strbuf_addf(text, "%d: %s\n", line, problems.items[i].text);
	}
	return spec;
}

/* Lines 1 to 3 of the files below. */
#define BASE "node pve { }\ntemplate t { vmid = 9000 }\ncluster c {\n"
#define VM "vm a { vmid = 101 }\n"

START_TEST(everything_is_said_in_one_go)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	write_text("vyom.conf",
		   "node \"pve\" { storge = \"x\" }\n"
		   "template \"t\" { vmid = 9000 }\n"
		   "rolle \"r\" { cores = 0 }\n"
		   "cluster \"c\" {\n"
		   "	gateway = \"10.0.0.1\"\n"
		   "	ssh-keys = \"missing.pub\"\n"
		   "	vm \"a\" { vmid = 101 memory = \"1X\" address = \"10.0.0.5/24\" }\n"
		   "	vm \"b\" { vmid = 101 cores = 0 address = \"10.0.1.5/24\" }\n"
		   "	vm \"b\" { role = \"x\" cores 4 }\n"
		   "}\n");
	spec = read_conf("vyom.conf", &problems);
	strbuf_addch(&problems, '\0');
	for (char *at; (at = strstr(problems.buf, folder));)
		memmove(at, at + strlen(folder), strlen(at + strlen(folder)) + 1);
	ck_assert_str_eq(problems.buf,
		"1: node \"pve\": storge: no such name; did you mean storage?\n"
		"3: rolle: no such section; there are node, template, role, cluster, snippet, vm "
		"in a cluster, and nic in a vm, role or cluster\n"
		"6: cluster \"c\": ssh-keys: /missing.pub: is not there; put the public keys into "
		"it, one a line\n"
		"7: vm \"a\": memory: \"1X\" is no size; write it like 512M or 16G\n"
		"8: vm \"b\": address: 10.0.1.5/24 has a net without its gateway; "
		"correct the one or the other (gateway 10.0.0.1)\n"
		"8: vm \"b\": cores: \"0\" is no whole number from 1 to 512\n"
		"8: vm \"b\": vmid: 101 is that of vm \"a\" in line 7; give another\n"
		"9: vm \"b\": cores: a = is missing; write cores = \"4\"\n"
		"9: vm \"b\": role: no role \"x\" in this file; add role \"x\" { … }\n"
		"9: vm \"b\": the name b is that of vm \"b\" in line 8; give another\n"
		"9: vm \"b\": vmid: is missing; give it a number that nothing else on the Proxmox "
		"cluster has\n");
}
END_TEST

START_TEST(each_section_has_its_line_and_each_vm_its_cluster)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	write_text("vyom.conf", "# 1\ncluster c {\nvm a\n{\n vmid = 101 }\n"
		   " vm b { vmid = 102\n } }\n"
		   "cluster d { vm e { vmid = 103 } }\ntemplate\nt\n{ vmid = 9000 }\nnode pve { }");
	spec = read_conf("vyom.conf", &problems);
	ck_assert_str_eq(problems.buf, "");
	ck_assert_uint_eq(spec->vm_count, 3);
	ck_assert_int_eq(spec->clusters[0]->line, 2);
	ck_assert_int_eq(spec->clusters[1]->line, 8);
	ck_assert_int_eq(spec->vms[0]->line, 3);
	ck_assert_int_eq(spec->vms[1]->line, 6);
	ck_assert_int_eq(spec->vms[2]->line, 8);
	ck_assert_int_eq(spec->templates[0]->line, 9);
	ck_assert_int_eq(spec->nodes[0]->line, 12);
	ck_assert_int_eq(spec_value(spec->vms[0], KEY_VMID)->line, 5);
	ck_assert_str_eq(spec->vms[1]->cluster->name, "c");
	ck_assert_str_eq(spec->vms[2]->cluster->name, "d");
}
END_TEST

/* What is said of a vyom.conf with that text, the folder's name taken out. */
static struct spec *read_main(const char *text, struct strbuf *problems)
{
	struct spec *spec;

	write_text("vyom.conf", text);
	spec = read_conf("vyom.conf", problems);
	strbuf_addch(problems, '\0');
	for (char *at; (at = strstr(problems->buf, folder));)
		memmove(at, at + strlen(folder), strlen(at + strlen(folder)) + 1);
	return spec;
}

static void make_folder(const char *name)
{
	CLEANUP(scope_free) char *path = path_to(name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
}

START_TEST(what_is_included_stands_where_the_include_does)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	make_folder("more");
	write_text("base.conf", "node pve { }\n# none\ntemplate t { vmid = 9000 }");
	write_text("more/vms.conf", "user = ubuntu\nvm a { vmid = 101 include \"big.conf\" }\n");
	write_text("more/big.conf", "cores = 8\nssh-keys = \"keys.pub\"\n");
	write_text("more/keys.pub", KEY "\n");
	spec = read_main("include base.conf\ncluster c {\n"
			 "	include \"more/vms.conf\"  vm b { vmid = 102 }\n}\n", &problems);
	ck_assert_str_eq(problems.buf, "");
	ck_assert_uint_eq(spec->vm_count, 2);
	ck_assert_str_eq(spec->vms[0]->name, "a");
	ck_assert_uint_eq(spec_number(spec->vms[0], KEY_CORES), 8);
	ck_assert_str_eq(spec_text(spec->vms[1], KEY_USER), "ubuntu");
	ck_assert_str_eq(spec->vms[0]->ssh_keys, KEY "\n");
	ck_assert_str_eq(strrchr(spec->vms[0]->ssh_keys_path, '/') - 5, "/more/keys.pub");
}
END_TEST

START_TEST(a_problem_is_told_by_its_file_and_line)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	write_text("a.conf", "\n\nrole r { colour = red }\ninclude b.conf\nrole r { }\n");
	write_text("b.conf", "role s { cores = 0\n}\n");
	spec = read_main(BASE VM "}\ninclude a.conf  role t { memory = 1X }\nrole s { }\n",
			 &problems);
	ck_assert_str_eq(problems.buf,
		"a.conf:3: role \"r\": colour: no such name; vyom.conf(5) lists them all\n"
		"b.conf:1: role \"s\": cores: \"0\" is no whole number from 1 to 512\n"
		"a.conf:5: role \"r\": the name r is that of role \"r\" in line 3; give another\n"
		"6: role \"t\": memory: \"1X\" is no size; write it like 512M or 16G\n"
		"7: role \"s\": the name s is that of role \"s\" in line 1 of /b.conf; give "
		"another\n");
}
END_TEST

START_TEST(an_included_file_closes_what_it_opens_and_no_more)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	write_text("more.conf", "vm b { vmid = 102 } }\nvm d { vmid = 103 }\n");
	write_text("less.conf", "vm e { vmid = 104\n");
	spec = read_main(BASE "include more.conf\ninclude less.conf\nvm f { vmid = 105 }\n}\n",
			 &problems);
	ck_assert_str_eq(problems.buf, "more.conf:1: cluster \"c\": a } too many\n"
				       "less.conf:1: vm \"e\": is not closed; a } is missing\n");
	ck_assert_uint_eq(spec->vm_count, 4);
	for (size_t i = 0; i < spec->vm_count; i++)
		ck_assert_str_eq(spec->vms[i]->cluster->name, "c");
}
END_TEST

START_TEST(a_file_that_includes_itself_is_a_problem_where_it_does)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(scope_free) char *link = path_to("link.conf");
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	ck_assert_int_eq(symlink("vyom.conf", link), 0);
	write_text("a.conf", "# one\ninclude ./a.conf\ninclude link.conf\n");
	spec = read_main(BASE VM "}\ninclude a.conf\n", &problems);
	ck_assert_str_eq(problems.buf,
		"a.conf:2: include \"./a.conf\": /./a.conf includes itself in the end; take this "
		"line out\n"
		"a.conf:3: include \"link.conf\": /link.conf includes itself in the end; take this "
		"line out\n");
}
END_TEST

START_TEST(files_include_each_other_eight_deep)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	for (int i = 1; i < 10; i++) {
		CLEANUP(scope_free) char *name = memory_print("%d.conf", i);
		CLEANUP(scope_free) char *text = memory_print("role r%d { }\ninclude %d.conf\n", i,
							      i + 1);

		write_text(name, text);
	}
	spec = read_main(BASE VM "}\ninclude 1.conf\n", &problems);
	ck_assert_str_eq(problems.buf, "8.conf:2: include \"9.conf\": is the 9th file in a row that "
				       "includes another; include it from one of the first\n");
	ck_assert_uint_eq(spec->role_count, 8);
}
END_TEST

START_TEST(an_included_file_must_be_there_and_be_trusted)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(scope_free) char *open = path_to("open.conf");
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	write_text("open.conf", "role r { }\n");
	ck_assert_int_eq(chmod(open, 0666), 0);
	spec = read_main(BASE VM "}\ninclude none.conf\ninclude open.conf\ninclude \"/dev/zero\"\n"
			 "include \"\"\ninclude = x\n", &problems);
	ck_assert_str_eq(problems.buf,
		"6: include \"none.conf\": /none.conf: cannot be read: No such file or directory\n"
		"7: include \"open.conf\": /open.conf: can be written by everybody; if you trust "
		"what is in it: chmod o-w\n"
		"8: include \"/dev/zero\": /dev/zero: is no file but a pipe or device; give a file\n"
		"9: include \"\": /: is no file but a folder; give a file\n"
		"10: include: takes no =; write include \"FILE\"\n");
	ck_assert_uint_eq(spec->role_count, 0);
}
END_TEST

START_TEST(all_files_together_are_no_larger_than_16_mib)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT, blanks = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	for (int i = 0; i < 9 * 1024; i++)
		strbuf_addf(&blanks, "%1023s\n", "");
	write_text("big.conf", blanks.buf);
	spec = read_main(BASE VM "}\ninclude big.conf\ninclude big.conf\n", &problems);
	ck_assert_str_eq(problems.buf, "7: include \"big.conf\": with /big.conf this is larger than "
				       "16 MiB, which is no vyom.conf\n");
}
END_TEST

START_TEST(a_file_of_keys_may_be_a_link)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT, text = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;
	CLEANUP(scope_free) char *link = path_to("keys.pub");

	write_text("real.pub", KEY "\n");
	ck_assert_int_eq(symlink("real.pub", link), 0);
	strbuf_addf(&text, BASE "vm a { vmid = 101 ssh-keys = \"%s\" } }", link);
	write_text("vyom.conf", text.buf);
	spec = read_conf("vyom.conf", &problems);
	ck_assert_str_eq(problems.buf, "");
	ck_assert_str_eq(spec->vms[0]->ssh_keys, KEY "\n");
	ck_assert_str_eq(spec->vms[0]->ssh_keys_path, link);
}
END_TEST

/* Two VMs, a role and the cluster name files: each bad name is said once. */
START_TEST(a_bad_file_of_keys_is_one_problem_where_it_is_named)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT, wanted = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	write_text("vyom.conf", "role r { ssh-keys = x }\n" BASE "ssh-keys = x\n"
		   "vm a { vmid = 101 }\nvm b { vmid = 102 role = r }\n"
		   "vm d { vmid = 103 ssh-keys = y }\n"
		   "vm e { vmid = 104 ssh-keys = \"~/x\" }\n}");
	spec = read_conf("vyom.conf", &problems);
	for (int i = 0; i < 3; i++)
		strbuf_addf(&wanted, "%d: %s: ssh-keys: %s/%s: is not there; put the public keys "
			    "into it, one a line\n", (const int []){ 1, 5, 8 }[i],
			    (const char *const []){ "role \"r\"", "cluster \"c\"", "vm \"d\"" }[i],
			    folder, (const char *const []){ "x", "x", "y" }[i]);
	strbuf_adds(&wanted, "9: vm \"e\": ssh-keys: ~ is not replaced in \"~/x\"; write the "
		    "whole path\n");
	ck_assert_str_eq(problems.buf, wanted.buf);
	ck_assert_ptr_null(spec->vms[3]->ssh_keys_path);
}
END_TEST

START_TEST(a_relative_config_gives_qm_an_absolute_key_path)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	CLEANUP(scope_free) char *path = path_to("sub/keys.pub"), *sub = path_to("sub");
	struct error err = { 0 };

	ck_assert_int_eq(mkdir(sub, 0700), 0);
	write_text("sub/vyom.conf", BASE "ssh-keys = keys.pub\n" VM "}");
	write_text("sub/keys.pub", KEY "\n");
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(read_path(spec, "sub/vyom.conf", &problems, &err), 0);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_str_eq(spec->vms[0]->ssh_keys_path, path);
}
END_TEST

/* -1, and a text that begins so. */
#define SNIPPETS BASE "snippets = { \"user=local:snippets/a\", \"vendor=local:snippets/b\" }\n" VM "}\n"

START_TEST(a_snippet_has_the_text_of_the_file_beside_the_config)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	make_folder("sub");
	write_text("a.yaml", "#cloud-config\n");
	write_text("sub/b.yaml", "ä\n");
	write_text("sub/b.conf", "snippet \"local:snippets/b\" { file = b.yaml }\n");
	write_text("vyom.conf", SNIPPETS "snippet \"local:snippets/a\" { file = a.yaml }\n"
		   "snippet \"local:snippets/c\" { file = \"sub/b.yaml\" }\n"
		   "include \"sub/b.conf\"\n");
	spec = read_conf("vyom.conf", &problems);
	ck_assert_str_eq(problems.buf, "");
	ck_assert_uint_eq(spec->snippet_count, 3);
	ck_assert_str_eq(spec->snippets[0]->text, "#cloud-config\n");
	ck_assert_str_eq(spec->snippets[0]->digest,
			 "88c95955b024402aa9572b663f7eeb134f01343bb92af27b50e97e72b22c565f");
	ck_assert_str_eq(spec->snippets[1]->text, "ä\n");
	ck_assert_str_eq(spec->snippets[2]->text, "ä\n");
	ck_assert_uint_eq(spec->vms[0]->snippet_count, 2);
	ck_assert_ptr_eq(spec->vms[0]->snippets[0], spec->snippets[0]);
	ck_assert_ptr_eq(spec->vms[0]->snippets[1], spec->snippets[2]);
	ck_assert(spec_uses_snippet(spec, spec->nodes[0], spec->snippets[0]));
	ck_assert(!spec_uses_snippet(spec, NULL, spec->snippets[1]));
}
END_TEST

/* what stands in the section, what its file x has; and what is said, after the line and the section */
static const struct { const char *section, *text; size_t len; const char *complaint; } unfit[] = {
	{ "file = x", "", 0, "file: x: is empty; put into it what cloud-init is to read" },
	{ "file = x", "a\0b", 3, "file: x: is no text: it has a NUL in it" },
	{ "file = y", "a", 1, "file: y: cannot be read: No such file or directory" },
	{ "", "a", 1, "file: is missing; say which file it is" },
	{ "file = \"\"", "a", 1, "file: is empty; fill it or leave it out" },
};

START_TEST(a_snippet_that_cannot_be_one_is_a_problem_where_it_stands)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT, wanted = STRBUF_INIT;
	CLEANUP(scope_free) char *conf = memory_print(
		SNIPPETS "snippet \"local:snippets/a\" { %s }\n", unfit[_i].section);
	CLEANUP(spec_cleanup) struct spec *spec = NULL;
	char *at;

	write_bytes("x", unfit[_i].text, unfit[_i].len);
	write_text("vyom.conf", conf);
	spec = read_conf("vyom.conf", &problems);
	at = strstr(problems.buf, folder);
	if (at)
		memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder)));
	strbuf_addf(&wanted, "7: snippet \"local:snippets/a\": %s\n", unfit[_i].complaint);
	ck_assert_str_eq(problems.buf, wanted.buf);
}
END_TEST

START_TEST(a_snippet_of_one_mib_is_taken_and_no_larger_one)
{
	static char text[MIB + 1];

	memset(text, 'a', sizeof(text));
	write_text("vyom.conf", SNIPPETS "snippet \"local:snippets/a\" { file = x }\n");
	for (size_t more = 0; more < 2; more++) {
		CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
		CLEANUP(spec_cleanup) struct spec *spec = NULL;

		write_bytes("x", text, MIB + more);
		spec = read_conf("vyom.conf", &problems);
		ck_assert_msg(!problems.len == !more, "%s", problems.buf);
		ck_assert(!more || strstr(problems.buf, "is larger than 1 MiB, and Proxmox takes no"));
	}
}
END_TEST

START_TEST(a_snippet_that_everybody_may_write_is_refused)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;
	CLEANUP(scope_free) char *path = path_to("x");

	write_text("vyom.conf", SNIPPETS "snippet \"local:snippets/a\" { file = x }\n");
	write_text("x", "a");
	ck_assert_int_eq(chmod(path, 0666), 0);
	spec = read_conf("vyom.conf", &problems);
	ck_assert_msg(strstr(problems.buf, "can be written by everybody") != NULL, "%s", problems.buf);
}
END_TEST

static void expect_unreadable(const char *path, enum error_kind kind, const char *complaint)
{
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	struct error err = { 0 };

	ck_assert_int_eq(read_path(spec, path, &problems, &err), -1);
	ck_assert_int_eq(err.kind, kind);
	ck_assert_msg(strstr(err.text, complaint) == err.text, "%s", err.text);
}

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
	expect_unreadable("/no/vyom.conf", ERROR_SYSTEM, "/no/vyom.conf: cannot be read: No such file");
	expect_unreadable("/", ERROR_REFUSED, "/: is no file but a folder; give a file");
	expect_unreadable("/dev/zero", ERROR_REFUSED, "/dev/zero: is no file but a pipe or device");
}
END_TEST

START_TEST(a_file_beyond_16_mib_is_refused)
{
	CLEANUP(scope_free) char *path = path_to("vyom.conf");
	CLEANUP(scope_free) char *wanted = memory_print("%s is larger than 16 MiB", path);

	write_text("vyom.conf", BASE VM "}");
	ck_assert_int_eq(truncate(path, 16 * MIB + 1), 0);
	expect_unreadable(path, ERROR_SPEC, wanted);
}
END_TEST

/* etc/vyom.conf, with a key file of ours; uncommented: with all that is behind a # too. */
static void copy_example(bool uncommented)
{
	const char *srcdir = getenv("srcdir");
	CLEANUP(scope_free) char *from = memory_print("%s/etc/vyom.conf", srcdir ? srcdir : ".");
	CLEANUP(scope_fclose) FILE *file = fopen(from, "r");
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char line[512];

	ck_assert_msg(file != NULL, "%s: cannot be read", from);
	while (fgets(line, sizeof(line), file)) {
		char *comment = line + strspn(line, "\t");

		if (uncommented && comment[0] == '#' &&
		    ((comment[1] >= 'a' && comment[1] <= 'z') || comment[1] == '}'))
			*comment = ' ';
		if (strncmp(comment, "ssh-keys = ", 11) == 0)
			strbuf_adds(&text, "ssh-keys = keys.pub\n");
		else
			strbuf_adds(&text, line);
	}
	write_bytes("vyom.conf", text.buf, text.len);
	write_text("keys.pub", KEY "\n");
	write_text("vyom.yaml", "#cloud-config\n");
}

START_TEST(the_example_is_the_cluster_of_the_rfc)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;
	uint64_t memory = 0, disk = 0, cores = 0;

	copy_example(false);
	spec = read_conf("vyom.conf", &problems);
	ck_assert_str_eq(problems.buf, "");
	ck_assert_uint_eq(spec->vm_count, 3);
	for (size_t i = 0; i < spec->vm_count; i++) {
		memory += spec_number(spec->vms[i], KEY_MEMORY);
		disk += spec_number(spec->vms[i], KEY_DISK);
		cores += spec_number(spec->vms[i], KEY_CORES);
	}
	ck_assert_uint_eq(memory, 40 * GIB);
	ck_assert_uint_eq(disk, 320 * GIB);
	ck_assert_uint_eq(cores, 12);
	ck_assert_str_eq(spec_text(spec_find_vm(spec, "vyom-worker-1"), KEY_ADDRESS),
			 "192.168.68.212/20");
}
END_TEST

START_TEST(the_example_is_good_with_every_comment_taken_away)
{
	CLEANUP(strbuf_release) struct strbuf problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	copy_example(true);
	spec = read_conf("vyom.conf", &problems);
	ck_assert_str_eq(problems.buf, "");
	ck_assert_uint_eq(spec_number(spec->vms[0], KEY_VLAN), 20);
}
END_TEST

START_TEST(ten_thousand_vms_are_read)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, problems = STRBUF_INIT;
	CLEANUP(spec_cleanup) struct spec *spec = NULL;

	strbuf_adds(&text, "role r { cores = 4 memory = 8G }\n" BASE "gateway = 10.255.255.254\n");
	for (unsigned i = 1; i <= 10000; i++)
		strbuf_addf(&text, "vm a%u { role = r vmid = %u address = 10.0.%u.%u/8 "
			    "tags = { x, y } }\n", i, 10000 + i, i >> 8, i & 255);
	strbuf_adds(&text, "}\n");
	write_bytes("vyom.conf", text.buf, text.len);
	spec = read_conf("vyom.conf", &problems);
	ck_assert_str_eq(problems.buf, "");
	ck_assert_uint_eq(spec->vm_count, 10000);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, enter_folder, leave_folder);
	tcase_add_test(tcase, everything_is_said_in_one_go);
	tcase_add_test(tcase, each_section_has_its_line_and_each_vm_its_cluster);
	tcase_add_test(tcase, what_is_included_stands_where_the_include_does);
	tcase_add_test(tcase, a_problem_is_told_by_its_file_and_line);
	tcase_add_test(tcase, an_included_file_closes_what_it_opens_and_no_more);
	tcase_add_test(tcase, a_file_that_includes_itself_is_a_problem_where_it_does);
	tcase_add_test(tcase, files_include_each_other_eight_deep);
	tcase_add_test(tcase, an_included_file_must_be_there_and_be_trusted);
	tcase_add_test(tcase, all_files_together_are_no_larger_than_16_mib);
	tcase_add_test(tcase, a_file_of_keys_may_be_a_link);
	tcase_add_test(tcase, a_bad_file_of_keys_is_one_problem_where_it_is_named);
	tcase_add_test(tcase, a_relative_config_gives_qm_an_absolute_key_path);
	tcase_add_test(tcase, a_snippet_has_the_text_of_the_file_beside_the_config);
	tcase_add_loop_test(tcase, a_snippet_that_cannot_be_one_is_a_problem_where_it_stands, 0,
			    sizeof(unfit) / sizeof(*unfit));
	tcase_add_test(tcase, a_snippet_of_one_mib_is_taken_and_no_larger_one);
	tcase_add_test(tcase, a_snippet_that_everybody_may_write_is_refused);
	tcase_add_test(tcase, a_file_that_cannot_be_read_is_an_error);
	tcase_add_test(tcase, a_file_beyond_16_mib_is_refused);
	tcase_add_test(tcase, the_example_is_the_cluster_of_the_rfc);
	tcase_add_test(tcase, the_example_is_good_with_every_comment_taken_away);
	tcase_add_test(tcase, ten_thousand_vms_are_read);
}

TEST_MAIN("spec_conf", add_cases)
