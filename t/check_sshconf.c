/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/sshconf.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "main.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static struct sshconf conf;
static struct error err;
static char folder[64];

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status, (void)flag, (void)ftw;
	return remove(path);
}

static void set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/sshconf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("HOME", folder, 1);
	setenv("SSHCONF_TEST", "given", 1);
	memset(&err, 0, sizeof(err));
}

static void tear_down(void)
{
	sshconf_release(&conf);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *name, const char *text, mode_t mode)
{
	CLEANUP(scope_free) char *path = memory_print("%s/%s", folder, name);
	CLEANUP(scope_free) char *parent = memory_print("%s/.ssh", folder);
	FILE *file;

	mkdir(parent, 0700);
	file = fopen(path, "w");
	ck_assert_msg(file, "%s", path);
	fputs(text, file);
	fchmod(fileno(file), mode);
	fclose(file);
}

static int read_text(const char *text)
{
	CLEANUP(strbuf_release) struct strbuf buffer = STRBUF_INIT;

	strbuf_adds(&buffer, text);
	return sshconf_read_text(&conf, "config", &buffer, &err);
}

static const struct { const char *text, *port; } blocks[] = {
	{ "Port 3", "3" },
	{ "port=3", "3" },
	{ "  PORT\t=  \"3\"  ", "3" },
	{ "Port 3 # why", "3" },
	{ "# Port 4\nPort 3", "3" },
	{ "Port 3\nPort 4", "3" },
	{ "Port 3\r\n", "3" },
	{ "Whatever 4\nPort 3", "3" },
	{ "Port", NULL },
	{ "Host pve1\nPort 3", "3" },
	{ "Host PVE1\nPort 3", "3" },
	{ "Host pve\nPort 3", NULL },
	{ "Host pve?\nPort 3", "3" },
	{ "Host a b p*1 c\nPort 3", "3" },
	{ "Host p*2*\nPort 3", NULL },
	{ "Host * !pve1\nPort 3", NULL },
	{ "Host !pve2 *\nPort 3", "3" },
	{ "Host !pve2\nPort 3", NULL },
	{ "Host a*a*a*a*b\nPort 3", NULL },
	{ "Host \"pve1\"\nPort 3", "3" },
	{ "Host\nPort 3", NULL },
	{ "Host pve2\nPort 4\nHost *\nPort 3", "3" },
	{ "Match all\nPort 3", "3" },
	{ "Match\nPort 3", NULL },
	{ "Match host pve1,pve2\nPort 3", "3" },
	{ "Match host pve2,!pve1,*\nPort 3", NULL },
	{ "Match !host pve1\nPort 3", NULL },
	{ "Match !host pve2 user ro?t\nPort 3", "3" },
	{ "Match user nobody\nPort 3", NULL },
	{ "User admin\nMatch user admin\nPort 3", "3" },
	{ "HostName 10.0.0.1\nMatch host 10.* originalhost pve1\nPort 3", "3" },
	{ "Match exec \"true\"\nPort 3", NULL },
	{ "Match !exec \"false\"\nPort 3", NULL },
	{ "Match canonical all\nPort 3", NULL },
	{ "Match host\nPort 3", NULL },
};

START_TEST(the_first_value_that_is_for_the_host_counts)
{
	sshconf_init(&conf, "pve1", NULL, 0);
	ck_assert_msg(read_text(blocks[_i].text) == 0, "%s", err.text);
	if (blocks[_i].port)
		ck_assert_msg(conf.values[SSHCONF_PORT] &&
				      strcmp(conf.values[SSHCONF_PORT], blocks[_i].port) == 0,
			      "%s", blocks[_i].text);
	else
		ck_assert_msg(!conf.values[SSHCONF_PORT], "%s", blocks[_i].text);
}
END_TEST

START_TEST(what_the_command_line_says_wins)
{
	sshconf_init(&conf, "pve1", "me", 5);
	put(".ssh/config", "User you\nPort 6\n", 0600);
	ck_assert_msg(sshconf_read(&conf, &err) == 0, "%s", err.text);
	ck_assert_str_eq(conf.values[SSHCONF_USER], "me");
	ck_assert_uint_eq(conf.port, 5);
}
END_TEST

START_TEST(what_no_file_says_is_filled_in)
{
	CLEANUP(scope_free) char *known = memory_print("%s/.ssh/known_hosts", folder);
	CLEANUP(scope_free) char *key = memory_print("%s/.ssh/id_ed25519", folder);

	sshconf_init(&conf, "pve1", NULL, 0);
	ck_assert_msg(sshconf_read(&conf, &err) == 0, "%s", err.text);
	ck_assert_str_eq(conf.values[SSHCONF_HOST_NAME], "pve1");
	ck_assert_str_eq(conf.values[SSHCONF_USER], conf.login);
	ck_assert_uint_eq(conf.port, 22);
	ck_assert_str_eq(conf.values[SSHCONF_KNOWN_HOSTS], known);
	ck_assert_str_eq(conf.values[SSHCONF_GLOBAL_KNOWN_HOSTS], "/etc/ssh/ssh_known_hosts");
	ck_assert_str_eq(conf.key_files.items[0], key);
	ck_assert_uint_eq(conf.key_files.count, 3);
	ck_assert(!sshconf_is_on(&conf, SSHCONF_IDENTITIES_ONLY));
	ck_assert(!sshconf_is_set(&conf, SSHCONF_PROXY_JUMP));
}
END_TEST

START_TEST(key_files_add_up_and_names_in_paths_are_replaced)
{
	CLEANUP(scope_free) char *first = memory_print("%s/.ssh/pve1-10.0.0.1-admin", folder);

	put(".ssh/config",
	    "Host pve1\n\tIdentityFile ~/.ssh/%n-%h-%r\n\tHostName 10.0.0.1\n\tUser admin\n"
	    "\tUserKnownHostsFile /known/${SSHCONF_TEST}/%% /other\n\tIdentitiesOnly yes\n"
	    "Host *\n\tIdentityFile /second\n\tIdentityFile /second\n",
	    0600);
	sshconf_init(&conf, "pve1", NULL, 0);
	ck_assert_msg(sshconf_read(&conf, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(conf.key_files.count, 2);
	ck_assert_str_eq(conf.key_files.items[0], first);
	ck_assert_str_eq(conf.key_files.items[1], "/second");
	ck_assert_str_eq(conf.values[SSHCONF_KNOWN_HOSTS], "/known/given/%");
	ck_assert(sshconf_is_on(&conf, SSHCONF_IDENTITIES_ONLY));
}
END_TEST

START_TEST(a_host_name_is_made_of_the_alias)
{
	put(".ssh/config", "HostName %h.example\nProxyCommand nc \"-x\" %h %p %n # not a comment\n",
	    0600);
	sshconf_init(&conf, "pve1", NULL, 0);
	ck_assert_msg(sshconf_read(&conf, &err) == 0, "%s", err.text);
	ck_assert_str_eq(conf.values[SSHCONF_HOST_NAME], "pve1.example");
	ck_assert_str_eq(conf.values[SSHCONF_PROXY_COMMAND], "nc \"-x\" pve1.example 22 pve1 # not "
							     "a comment");
}
END_TEST

static const struct { const char *text; bool jump, command; } ways[] = {
	{ "ProxyJump a\nProxyCommand b", true, false },
	{ "ProxyCommand b\nProxyJump a", false, true },
	{ "ProxyJump none\nProxyCommand b", false, false },
	{ "ProxyCommand none\nProxyJump a", false, false },
	{ "ProxyJump NONE", false, false },
};

START_TEST(of_jump_and_command_the_first_is_the_way)
{
	sshconf_init(&conf, "pve1", NULL, 0);
	ck_assert(read_text(ways[_i].text) == 0);
	ck_assert_msg(sshconf_is_set(&conf, SSHCONF_PROXY_JUMP) == ways[_i].jump, "%s",
		      ways[_i].text);
	ck_assert_msg(sshconf_is_set(&conf, SSHCONF_PROXY_COMMAND) == ways[_i].command, "%s",
		      ways[_i].text);
}
END_TEST

START_TEST(files_are_included_and_a_block_in_them_ends_with_them)
{
	put(".ssh/config",
	    "Include no-such-file more-*\nUser after\nHost other\nInclude inactive\n", 0600);
	put(".ssh/more-1", "Host other\nUser wrong\n", 0600);
	put(".ssh/more-2", "Host pve1\nPort 7\n", 0600);
	put(".ssh/inactive", "Host *\nHostKeyAlias wrong\n", 0600);
	sshconf_init(&conf, "pve1", NULL, 0);
	ck_assert_msg(sshconf_read(&conf, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(conf.port, 7);
	ck_assert_str_eq(conf.values[SSHCONF_USER], "after");
	ck_assert_ptr_null(conf.values[SSHCONF_HOST_KEY_ALIAS]);
}
END_TEST

static const struct { const char *text; mode_t mode; const char *complaint; } refused[] = {
	{ "User a\nPort none\n", 0600, "/.ssh/config:2: Port none: is no port" },
	{ "Port 65536\n", 0600, "is no port" },
	{ "Include config\n", 0600, "files include each other 16 deep" },
	{ "User a\n", 0666, "/.ssh/config: " },
};

START_TEST(a_file_that_is_no_good_is_refused)
{
	put(".ssh/config", refused[_i].text, refused[_i].mode);
	sshconf_init(&conf, "pve1", NULL, 0);
	ck_assert(sshconf_read(&conf, &err) == -1);
	ck_assert_msg(strstr(err.text, refused[_i].complaint), "%s", err.text);
}
END_TEST

static const struct {
	const char *text;
	bool is_good;
	const char *user, *host;
	unsigned port;
} names[] = {
	{ "pve", true, NULL, "pve", 0 },
	{ "root@pve", true, "root", "pve", 0 },
	{ "root@pve:2222", true, "root", "pve", 2222 },
	{ "a@b@pve", true, "a@b", "pve", 0 },
	{ "192.0.2.1:22", true, NULL, "192.0.2.1", 22 },
	{ "2001:db8::1", true, NULL, "2001:db8::1", 0 },
	{ "root@[2001:db8::1]:22", true, "root", "2001:db8::1", 22 },
	{ "[2001:db8::1]", true, NULL, "2001:db8::1", 0 },
	{ "ssh://root@pve:23/", true, "root", "pve", 23 },
	{ "ssh://[fe80::1%vmbr0]:23", true, NULL, "fe80::1%vmbr0", 23 },
	{ "", false, NULL, NULL, 0 },
	{ "@pve", false, NULL, NULL, 0 },
	{ "root@", false, NULL, NULL, 0 },
	{ "pve:", false, NULL, NULL, 0 },
	{ "pve:0", false, NULL, NULL, 0 },
	{ "pve:70000", false, NULL, NULL, 0 },
	{ ":22", false, NULL, NULL, 0 },
	{ "[::1", false, NULL, NULL, 0 },
	{ "[]:22", false, NULL, NULL, 0 },
	{ "[::1]22", false, NULL, NULL, 0 },
};

START_TEST(a_target_is_split)
{
	CLEANUP(scope_free) char *user = NULL, *host = NULL;
	unsigned port = 0;

	ck_assert_msg(sshconf_split(names[_i].text, &user, &host, &port) == names[_i].is_good, "%s",
		      names[_i].text);
	ck_assert_msg(!names[_i].user == !user && (!user || strcmp(user, names[_i].user) == 0),
		      "%s", names[_i].text);
	ck_assert_msg(!names[_i].host == !host && (!host || strcmp(host, names[_i].host) == 0),
		      "%s", names[_i].text);
	if (names[_i].is_good)
		ck_assert_uint_eq(port, names[_i].port);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, the_first_value_that_is_for_the_host_counts, 0, ROWS(blocks));
	tcase_add_test(tcase, what_the_command_line_says_wins);
	tcase_add_test(tcase, what_no_file_says_is_filled_in);
	tcase_add_test(tcase, key_files_add_up_and_names_in_paths_are_replaced);
	tcase_add_test(tcase, a_host_name_is_made_of_the_alias);
	tcase_add_loop_test(tcase, of_jump_and_command_the_first_is_the_way, 0, ROWS(ways));
	tcase_add_test(tcase, files_are_included_and_a_block_in_them_ends_with_them);
	tcase_add_loop_test(tcase, a_file_that_is_no_good_is_refused, 0, ROWS(refused));
	tcase_add_loop_test(tcase, a_target_is_split, 0, ROWS(names));
}

TEST_MAIN("sshconf", add_cases)
