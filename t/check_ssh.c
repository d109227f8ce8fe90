/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/ssh.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/keyfile.h"
#include "edge/secret.h"
#include "main.h"
#include "sshd.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static struct ssh_pair *pair;
static struct error err;
static enum ssh_failure failure;

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	ck_assert_msg(ssh_pair_generate("a test", &pair, &err) == 0, "%s", err.text);
	sshd_make();
	sshd_allow(ssh_pair_public(pair));
}

static void tear_down(void)
{
	sshd_remove();
	ssh_pair_free(&pair);
}

static struct ssh_target target_of(const char *address)
{
	return (struct ssh_target){
		.address = address, .port = sshd_port, .user = "root", .pair = pair, .seconds = 20,
	};
}

static struct ssh_login *log_in(void)
{
	struct ssh_target target = target_of("127.0.0.1");
	struct ssh_login *login;

	ck_assert_msg(ssh_login_open(&target, &login, &failure, &err) == 0, "%s", err.text);
	return login;
}

static void keep(void *context, const char *data, size_t len)
{
	strbuf_add(context, data, len);
}

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* What a program prints of a file that it is given; caller frees. */
static char *output_of(const char *command)
{
	FILE *pipe = popen(command, "r");
	char line[4096] = "";

	ck_assert_ptr_nonnull(pipe);
	if (!fgets(line, sizeof(line), pipe))
		line[0] = '\0';
	ck_assert_msg(pclose(pipe) == 0, "%s", command);
	line[strcspn(line, "\n")] = '\0';
	return memory_copy(line);
}

/* --- pairs --- */

START_TEST(a_new_pair_is_one_line_that_authorized_keys_takes)
{
	char line[1024];

	snprintf(line, sizeof(line), "%s\n", ssh_pair_public(pair));
	ck_assert(strncmp(line, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", 31) == 0);
	ck_assert(strcmp(strrchr(line, ' '), " test\n") == 0);
	ck_assert_msg(keyfile_check(line, &err) == 0, "%s", err.text);
	ssh_pair_free(&pair);
	ck_assert_ptr_null(pair);
	ssh_pair_free(&pair);
}
END_TEST

START_TEST(ssh_keygen_reads_the_private_key_and_agrees_on_the_public_one_and_the_fingerprint)
{
	CLEANUP(secret_release) struct secret text = SECRET_INIT;
	CLEANUP(scope_free) char *command = memory_print("ssh-keygen -y -f %s", sshd_path("key"));
	CLEANUP(scope_free) char *list = memory_print("ssh-keygen -l -f %s", sshd_path("key"));
	CLEANUP(scope_free) char *public = NULL, *listed = NULL;

	ck_assert_msg(ssh_pair_private(pair, &text, &err) == 0, "%s", err.text);
	ck_assert(strncmp(text.text, "-----BEGIN OPENSSH PRIVATE KEY-----\n", 36) == 0);
	ck_assert_uint_eq(text.len, strlen(text.text));
	ck_assert_int_eq(text.text[text.len - 1], '\n');
	sshd_put("key", text.text, 0600);
	public = output_of(command);
	ck_assert(strncmp(ssh_pair_public(pair), public, strlen(public)) == 0);
	listed = output_of(list);
	ck_assert_msg(strstr(listed, ssh_pair_fingerprint(pair)), "%s", listed);
}
END_TEST

START_TEST(a_private_key_is_read_back_and_nothing_else_is)
{
	CLEANUP(secret_release) struct secret text = SECRET_INIT, other = SECRET_INIT;
	CLEANUP(ssh_pair_free) struct ssh_pair *again = NULL;

	ck_assert(ssh_pair_private(pair, &text, &err) == 0);
	ck_assert_msg(ssh_pair_read(&text, "a test", &again, &err) == 0, "%s", err.text);
	ck_assert_str_eq(ssh_pair_public(again), ssh_pair_public(pair));
	ck_assert(secret_set(&other, "rubbish", 7, &err) == 0);
	ssh_pair_free(&again);
	ck_assert(ssh_pair_read(&other, "", &again, &err) == -1);
	ck_assert_ptr_null(again);
	ck_assert_ptr_nonnull(strstr(err.text, "is no private key"));
}
END_TEST

START_TEST(two_pairs_differ)
{
	CLEANUP(ssh_pair_free) struct ssh_pair *other = NULL;

	ck_assert(ssh_pair_generate("a test", &other, &err) == 0);
	ck_assert_str_ne(ssh_pair_public(other), ssh_pair_public(pair));
}
END_TEST

/* --- logging in --- */

START_TEST(the_key_logs_in_and_the_host_key_is_told)
{
	CLEANUP(scope_free) char *command = memory_print("ssh-keygen -l -f %s", sshd_path("host_key"));
	CLEANUP(scope_free) char *listed = output_of(command);
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;

	sshd_start("127.0.0.1", "");
	login = log_in();
	ck_assert_msg(strstr(listed, ssh_login_host_key(login)), "%s", listed);
}
END_TEST

START_TEST(an_ipv6_address_works)
{
	struct ssh_target target = target_of("::1");
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool there = fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0;

	close(fd);
	if (!there)
		return;
	sshd_start("::1", "");
	ck_assert_msg(ssh_login_open(&target, &login, &failure, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(nothing_of_the_users_own_ssh_is_asked)
{
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;

	mkdir(sshd_path(".ssh"), 0700);
	sshd_put(".ssh/config", "Host *\n\tPort 1\n\tUser nobody\n\tHostKeyAlgorithms ssh-rsa\n", 0600);
	setenv("HOME", sshd_folder, 1);
	setenv("SSH_AUTH_SOCK", sshd_path("agent"), 1);
	sshd_start("127.0.0.1", "");
	login = log_in();
	ck_assert_int_eq(access(sshd_path(".ssh/known_hosts"), F_OK), -1);
}
END_TEST

START_TEST(a_host_key_that_was_expected_is_taken_and_another_is_not)
{
	struct ssh_target target = target_of("127.0.0.1");
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL, *again = NULL;

	sshd_start("127.0.0.1", "");
	login = log_in();
	target.host_key = ssh_login_host_key(login);
	ck_assert_msg(ssh_login_open(&target, &again, &failure, &err) == 0, "%s", err.text);
	ssh_login_close(&again);
	sshd_stop();
	sshd_new_host_key();
	sshd_start("127.0.0.1", "");
	ck_assert(ssh_login_open(&target, &again, &failure, &err) == -1);
	ck_assert_ptr_null(again);
	ck_assert_int_eq(failure, SSH_FAILURE_OTHER_HOST);
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
	ck_assert_msg(strstr(err.text, target.host_key), "%s", err.text);
}
END_TEST

START_TEST(another_key_is_refused)
{
	struct ssh_target target = target_of("127.0.0.1");
	CLEANUP(ssh_pair_free) struct ssh_pair *other = NULL;
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;

	ck_assert(ssh_pair_generate("", &other, &err) == 0);
	target.pair = other;
	sshd_start("127.0.0.1", "");
	ck_assert(ssh_login_open(&target, &login, &failure, &err) == -1);
	ck_assert_int_eq(failure, SSH_FAILURE_KEY_REFUSED);
	ck_assert_str_eq(err.text, "it does not accept the key for user root");
}
END_TEST

START_TEST(nobody_listens)
{
	struct ssh_target target = target_of("127.0.0.1");
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;

	ck_assert(ssh_login_open(&target, &login, &failure, &err) == -1);
	ck_assert_int_eq(failure, SSH_FAILURE_UNREACHABLE);
	ck_assert_msg(strstr(err.text, "Connection refused"), "%s", err.text);
	target.address = "somewhere.example";
	ck_assert(ssh_login_open(&target, &login, &failure, &err) == -1);
	ck_assert_str_eq(err.text, "is no address");
}
END_TEST

static const struct { const char *says; bool stays; enum ssh_failure failure; const char *text; } servers[] = {
	{ "", false, SSH_FAILURE_SILENT, "the connection was closed before a word of SSH came" },
	{ "", true, SSH_FAILURE_SILENT, "no word of SSH came in time" },
	{ "Not allowed at this time\r\n", false, SSH_FAILURE_SILENT, "closed before" },
	{ "SSH-2.0-Test\r\n", false, SSH_FAILURE_BROKEN, "no agreement on an SSH connection: " },
	{ "SSH-2.0-Test\r\n", true, SSH_FAILURE_BROKEN,
	  "no agreement on an SSH connection: no answer in time" },
	{ "SSH-2.0-Test\r\n0123456789012345678901234567890123456789", true, SSH_FAILURE_BROKEN,
	  "no agreement on an SSH connection: " },
};

START_TEST(what_is_no_ssh_is_told_apart_within_the_bound)
{
	struct ssh_target target = target_of("127.0.0.1");
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;
	pid_t pid = sshd_sham("0.0.0.0", servers[_i].says, servers[_i].stays);
	int before = descriptors();
	time_t began = time(NULL);

	target.seconds = servers[_i].stays ? 0.5 : 10;
	ck_assert(ssh_login_open(&target, &login, &failure, &err) == -1);
	ck_assert_msg(failure == servers[_i].failure, "%d: %d: %s", _i, failure, err.text);
	ck_assert_msg(strstr(err.text, servers[_i].text), "%s", err.text);
	ck_assert(time(NULL) - began < 5);
	ck_assert_int_eq(descriptors(), before);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(no_descriptor_is_left)
{
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;
	struct ssh_command command = { .line = "true", .seconds = 20 };
	int before = descriptors();

	sshd_start("127.0.0.1", "");
	login = log_in();
	ck_assert(ssh_login_run(login, &command, &failure, &err) == 0);
	ck_assert_int_eq(descriptors(), before + 1);
	ssh_login_close(&login);
	ck_assert_int_eq(descriptors(), before);
}
END_TEST

/* --- commands --- */

static const struct { const char *line, *input, *output; int status; const char *signal; } commands[] = {
	{ "true", NULL, "", 0, "" },
	{ "exit 3", NULL, "", 3, "" },
	{ "echo one; sleep .2; echo two >&2; sleep .2; echo three", NULL, "one\ntwo\nthree\n", 0, "" },
	{ "cat", "what is given\n", "what is given\n", 0, "" },
	{ "cat", "", "", 0, "" },
	{ "cat", NULL, "", 0, "" },
	{ "kill -TERM $$", NULL, "", -1, "TERM" },
	{ "echo 'it'\\''s  quoted'", NULL, "it's  quoted\n", 0, "" },
	{ "true", "not read", "", 0, "" },
	/* a daemon that holds stdout is not waited for */
	{ "sleep 30 & echo done", NULL, "done\n", 0, "" },
};

START_TEST(a_command_is_run_and_how_it_ended_is_told)
{
	CLEANUP(strbuf_release) struct strbuf output = STRBUF_INIT;
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;
	struct ssh_command command = {
		.line = commands[_i].line, .input = commands[_i].input, .seconds = 20,
		.input_len = commands[_i].input ? strlen(commands[_i].input) : 0,
		.output = keep, .context = &output,
	};

	sshd_start("127.0.0.1", "");
	login = log_in();
	ck_assert_msg(ssh_login_run(login, &command, &failure, &err) == 0, "%s", err.text);
	ck_assert_msg(command.status == commands[_i].status, "%s: %d", command.line, command.status);
	ck_assert_str_eq(command.signal, commands[_i].signal);
	ck_assert_str_eq(output.buf, commands[_i].output);
}
END_TEST

START_TEST(many_commands_go_over_one_login)
{
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;

	sshd_start("127.0.0.1", "");
	login = log_in();
	for (int i = 0; i < 30; i++) {
		CLEANUP(strbuf_release) struct strbuf output = STRBUF_INIT;
		CLEANUP(scope_free) char *line = memory_print("echo %d; exit %d", i, i);
		struct ssh_command command = {
			.line = line, .seconds = 20, .output = keep, .context = &output,
		};

		ck_assert_msg(ssh_login_run(login, &command, &failure, &err) == 0, "%s", err.text);
		ck_assert_int_eq(command.status, i);
		ck_assert_int_eq(atoi(output.buf), i);
	}
}
END_TEST

START_TEST(sixteen_mib_go_there_and_back_unharmed)
{
	enum { SIZE = 16 << 20 };
	CLEANUP(strbuf_release) struct strbuf output = STRBUF_INIT;
	CLEANUP(scope_free) char *input = memory_new(SIZE, 1);
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;
	struct ssh_command command = {
		.line = "cat", .input = input, .input_len = SIZE, .seconds = 60, .output = keep,
		.context = &output,
	};

	for (int i = 0; i < SIZE; i++)
		input[i] = (char)(i * 7 + (i >> 13));
	sshd_start("127.0.0.1", "");
	login = log_in();
	ck_assert_msg(ssh_login_run(login, &command, &failure, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(output.len, SIZE);
	ck_assert(memcmp(output.buf, input, SIZE) == 0);
}
END_TEST

START_TEST(a_command_that_does_not_end_is_given_up)
{
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;
	struct ssh_command command = { .line = "sleep 60", .seconds = 0.5 };

	sshd_start("127.0.0.1", "");
	login = log_in();
	ck_assert(ssh_login_run(login, &command, &failure, &err) == -1);
	ck_assert_int_eq(failure, SSH_FAILURE_LATE);
	ck_assert_msg(strstr(err.text, "did not end within 0.5s"), "%s", err.text);
}
END_TEST

/* Something that happens as the command prints its first word. */
static void cut(void *context, const char *data, size_t len)
{
	(void)context, (void)data, (void)len;
	sshd_cut();
}

START_TEST(a_connection_that_is_lost_in_the_middle_is_told_as_such)
{
	CLEANUP(ssh_login_close) struct ssh_login *login = NULL;
	struct ssh_command command = { .line = "echo begun; sleep 60", .seconds = 20, .output = cut };

	sshd_start("127.0.0.1", "");
	login = log_in();
	ck_assert(ssh_login_run(login, &command, &failure, &err) == -1);
	ck_assert_int_eq(failure, SSH_FAILURE_LOST);
	ck_assert_str_eq(err.text, "the connection was lost while it ran");
	/* and neither is another command run over it */
	ck_assert(ssh_login_run(login, &command, &failure, &err) == -1);
	ck_assert_int_eq(failure, SSH_FAILURE_LOST);
}
END_TEST

static void add_cases(TCase *tcase)
{
	sshd_need();
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_new_pair_is_one_line_that_authorized_keys_takes);
	tcase_add_test(tcase, a_private_key_is_read_back_and_nothing_else_is);
	tcase_add_test(tcase, two_pairs_differ);
	tcase_add_test(tcase, ssh_keygen_reads_the_private_key_and_agrees_on_the_public_one_and_the_fingerprint);
	tcase_add_test(tcase, the_key_logs_in_and_the_host_key_is_told);
	tcase_add_test(tcase, an_ipv6_address_works);
	tcase_add_test(tcase, nothing_of_the_users_own_ssh_is_asked);
	tcase_add_test(tcase, a_host_key_that_was_expected_is_taken_and_another_is_not);
	tcase_add_test(tcase, another_key_is_refused);
	tcase_add_test(tcase, nobody_listens);
	tcase_add_loop_test(tcase, what_is_no_ssh_is_told_apart_within_the_bound, 0, ROWS(servers));
	tcase_add_test(tcase, no_descriptor_is_left);
	tcase_add_loop_test(tcase, a_command_is_run_and_how_it_ended_is_told, 0, ROWS(commands));
	tcase_add_test(tcase, many_commands_go_over_one_login);
	tcase_add_test(tcase, sixteen_mib_go_there_and_back_unharmed);
	tcase_add_test(tcase, a_command_that_does_not_end_is_given_up);
	tcase_add_test(tcase, a_connection_that_is_lost_in_the_middle_is_told_as_such);
}

TEST_MAIN("ssh", add_cases)
