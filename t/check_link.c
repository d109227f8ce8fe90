/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/secret.h"
#include "main.h"
#include "sshd.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static struct links *links;
static struct links_options options;
static struct error err;
static int turns;		/* of the loop, since the test began */

/* What was told of a link. */
struct seen {
	struct link *link;
	bool ready;
	struct error failed, lost;
};

/* What was told of a command. */
struct ran {
	struct strbuf output, complaint;
	bool ended;
	int status;
	char signal[16];
	struct error failed;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* --- a home of our own --- */

static void __attribute__((format(printf, 1, 2))) shell(const char *format, ...)
{
	CLEANUP(scope_free) char *line = NULL;
	va_list args;

	va_start(args, format);
	line = memory_vprint(format, args);
	va_end(args);
	ck_assert_msg(system(line) == 0, "%s", line);
}

static void __attribute__((format(printf, 2, 3))) put(const char *name, const char *format, ...)
{
	CLEANUP(scope_free) char *text = NULL;
	va_list args;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	sshd_put(name, text, 0600);
}

/* name is "127.0.0.1", or what known_hosts shall have of that host. */
static void know(const char *name)
{
	shell("printf '[%%s]:%%u ' '%s' %u >>%s/.ssh/known_hosts && cut -d' ' -f1,2 "
	      "%s/host_key.pub "
	      ">>%s/.ssh/known_hosts",
	      name, sshd_port, sshd_folder, sshd_folder, sshd_folder);
}

static void make_key(const char *name, const char *arguments)
{
	shell("ssh-keygen -q -f %s/.ssh/%s -C '%s' %s </dev/null", sshd_folder, name, name,
	      arguments);
}

static void let_in(const char *name)
{
	shell("cat %s/.ssh/%s.pub >>%s/authorized_keys", sshd_folder, name, sshd_folder);
}

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	memset(&options, 0, sizeof(options));
	sshd_make();
	mkdir(sshd_path(".ssh"), 0700);
	setenv("HOME", sshd_folder, 1);
	unsetenv("SSH_AUTH_SOCK");
	make_key("id_ed25519", "-t ed25519 -N ''");
	links = NULL;
	turns = 0;
}

static void tear_down(void)
{
	links_free(&links);
	sshd_remove();
}

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part), "'%s', not '%s'", text, part);
}

/* --- links --- */

static void see_ready(void *context)
{
	((struct seen *)context)->ready = true;
}

static void see_failed(void *context, const struct error *what)
{
	((struct seen *)context)->failed = *what;
}

static void see_lost(void *context, const struct error *what)
{
	((struct seen *)context)->lost = *what;
}

static void open_at(struct seen *seen, const char *host, unsigned port)
{
	struct link_target target = { .host = host, .port = port };
	struct link_calls calls = {
		.ready = see_ready, .failed = see_failed, .lost = see_lost, .context = seen,
	};

	memset(seen, 0, sizeof(*seen));
	if (!links)
		links = links_new(&options);
	seen->link = link_open(links, &target, &calls);
}

static bool is_settled(const struct seen *seen)
{
	return seen->ready || seen->failed.kind;
}

static void turn(double until)
{
	turns++;
	ck_assert_msg(now() < until, "nothing happens");
	ck_assert(links_turn(links, NULL, 0, 1000) == 0);
}

static void settle(struct seen *seen)
{
	double until = now() + 40;

	while (!is_settled(seen))
		turn(until);
}

static void connect_to(struct seen *seen, const char *host)
{
	open_at(seen, host, sshd_port);
	settle(seen);
	ck_assert_msg(seen->ready, "%s", seen->failed.text);
}

static void fail_to_connect(struct seen *seen, const char *host, const char *text)
{
	open_at(seen, host, sshd_port);
	settle(seen);
	ck_assert_msg(!seen->ready && strstr(seen->failed.text, text), "'%s', not '%s'",
		      seen->failed.text, text);
}

/* --- commands --- */

static void keep_output(void *context, const char *data, size_t len)
{
	strbuf_add(&((struct ran *)context)->output, data, len);
}

static void keep_complaint(void *context, const char *data, size_t len)
{
	strbuf_add(&((struct ran *)context)->complaint, data, len);
}

static void keep_end(void *context, int status, const char *signal)
{
	struct ran *ran = context;

	ck_assert(!ran->ended);
	ran->ended = true;
	ran->status = status;
	snprintf(ran->signal, sizeof(ran->signal), "%s", signal);
}

static void keep_failure(void *context, const struct error *what)
{
	((struct ran *)context)->failed = *what;
}

static struct link_command *run(struct link *link, const char *line, struct ran *ran)
{
	struct link_command_calls calls = {
		.output = keep_output, .error_output = keep_complaint, .ended = keep_end,
		.failed = keep_failure, .context = ran,
	};

	memset(ran, 0, sizeof(*ran));
	ran->output = ran->complaint = (struct strbuf)STRBUF_INIT;
	return link_exec(link, line, &calls);
}

static void release_ran(struct ran *ran)
{
	strbuf_release(&ran->output);
	strbuf_release(&ran->complaint);
}

static void follow(struct ran *ran)
{
	double until = now() + 40;

	while (!ran->ended && !ran->failed.kind)
		turn(until);
}

static void run_to_end(struct link *link, const char *line, struct ran *ran)
{
	run(link, line, ran);
	follow(ran);
	ck_assert_msg(ran->ended, "%s", ran->failed.text);
}

/* --- the host key --- */

/* "SHA256:…" as ssh-keygen has it of our host key; until the next call. */
static const char *fingerprint(void)
{
	CLEANUP(scope_free)
	char *command = memory_print("ssh-keygen -lf %s/host_key.pub", sshd_folder);
	static char listed[200];
	FILE *pipe = popen(command, "r");
	char *start;

	ck_assert(pipe && fgets(listed, sizeof(listed), pipe) && pclose(pipe) == 0);
	start = strchr(listed, ' ') + 1;
	start[strcspn(start, " ")] = '\0';
	return start;
}

START_TEST(a_known_host_lets_a_key_in)
{
	CLEANUP(release_ran) struct ran ran;
	struct seen seen;

	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	connect_to(&seen, "127.0.0.1");
	ck_assert_str_eq(link_host_key(seen.link), fingerprint());
	run_to_end(seen.link, "echo $((6 * 7))", &ran);
	ck_assert_str_eq(ran.output.buf, "42\n");
	ck_assert_int_eq(ran.status, 0);
	link_close(&seen.link);
	ck_assert_ptr_null(seen.link);
	link_close(&seen.link);
}
END_TEST

/* A host that notes that it was shown a key. */
static void start_for_host_key(void)
{
	CLEANUP(scope_free) char *options_noting =
		memory_print("AuthorizedKeysCommand /usr/bin/touch %s/shown\n"
			     "AuthorizedKeysCommandUser root\n", sshd_folder);

	sshd_start("127.0.0.1", options_noting);
}

static bool was_key_shown(void)
{
	return access(sshd_path("shown"), F_OK) == 0;
}

static void check_refusal(const char *host, const char *first, const char *last)
{
	struct seen seen;
	size_t len;

	fail_to_connect(&seen, host, first);
	ck_assert_int_eq(seen.failed.kind, ERROR_REFUSED);
	ck_assert(!was_key_shown());
	has(seen.failed.text, fingerprint());
	has(seen.failed.text, "ssh_host_ed25519_key.pub");
	len = strlen(seen.failed.text);
	ck_assert_msg(len > strlen(last) &&
			      strcmp(seen.failed.text + len - strlen(last), last) == 0,
		      "%s, not %s", seen.failed.text, last);
}

/* What makes it known; caller frees. */
static char *scan(const char *host)
{
	return memory_print("ssh-keyscan -p %u -t ed25519 %s >>~/.ssh/known_hosts", sshd_port,
			    host);
}

START_TEST(without_a_known_hosts_file_no_host_is_known)
{
	CLEANUP(scope_free)
	char *command = scan("127.0.0.1"),
	     *typed = memory_print("type: %s", command);

	start_for_host_key();
	check_refusal("127.0.0.1", "its host key is not known, as there is no known_hosts file",
		      typed);
	ck_assert_int_eq(access(sshd_path(".ssh/known_hosts"), F_OK), -1);
}
END_TEST

START_TEST(a_host_that_is_not_in_known_hosts_is_not_known)
{
	CLEANUP(scope_free)
	char *command = scan("127.0.0.1"),
	     *typed = memory_print("type: %s", command);

	know("127.0.0.2");
	start_for_host_key();
	check_refusal("127.0.0.1", "its host key is not known. It shows ", typed);
	ck_assert_int_eq(system("test $(wc -l <~/.ssh/known_hosts) = 1"), 0);
}
END_TEST

START_TEST(a_host_key_that_has_changed_is_refused)
{
	CLEANUP(scope_free) char *command = scan("127.0.0.1");
	CLEANUP(scope_free) char *typed =
		memory_print("type: ssh-keygen -R '[127.0.0.1]:%u' && %s", sshd_port, command);

	know("127.0.0.1");
	sshd_new_host_key();
	start_for_host_key();
	check_refusal("127.0.0.1", "its host key has changed: it shows ", typed);
}
END_TEST

START_TEST(what_is_said_to_be_typed_makes_the_host_known)
{
	struct seen seen;
	char *typed;

	know("127.0.0.1");
	sshd_new_host_key();
	start_for_host_key();
	fail_to_connect(&seen, "127.0.0.1", "has changed");
	typed = strstr(seen.failed.text, "type: ssh-keygen ");
	ck_assert_msg(typed, "%s", seen.failed.text);
	/* its home is that of passwd(5) */
	shell("(ssh-keygen -f ~/.ssh/known_hosts %s) >/dev/null 2>&1",
	      typed + strlen("type: ssh-keygen "));
	fail_to_connect(&seen, "127.0.0.1", "it lets none of the keys in");
	ck_assert(was_key_shown());
	let_in("id_ed25519");
	connect_to(&seen, "127.0.0.1");
}
END_TEST

START_TEST(a_key_that_known_hosts_says_is_revoked_is_refused)
{
	struct seen seen;

	know("127.0.0.1");
	shell("printf '@revoked * ' >>%s/.ssh/known_hosts && cat %s/host_key.pub "
	      ">>%s/.ssh/known_hosts", sshd_folder, sshd_folder, sshd_folder);
	start_for_host_key();
	fail_to_connect(&seen, "127.0.0.1", "@revoked");
	ck_assert_int_eq(seen.failed.kind, ERROR_REFUSED);
	ck_assert(!was_key_shown());
	/* another one that is does not matter */
	shell("sed -i '/^@/d' %s/.ssh/known_hosts; printf '@revoked * ' >>%s/.ssh/known_hosts; "
	      "cat %s/.ssh/id_ed25519.pub >>%s/.ssh/known_hosts",
	      sshd_folder, sshd_folder, sshd_folder, sshd_folder);
	let_in("id_ed25519");
	connect_to(&seen, "127.0.0.1");
}
END_TEST

START_TEST(a_host_known_by_a_key_of_another_type_only_is_refused)
{
	CLEANUP(scope_free)
	char *command = scan("127.0.0.1"),
	     *typed = memory_print("type: %s", command);

	shell("ssh-keygen -q -t ecdsa -N '' -f %s/other", sshd_folder);
	shell("printf '[127.0.0.1]:%u ' >>%s/.ssh/known_hosts && cat %s/other.pub "
	      ">>%s/.ssh/known_hosts",
	      sshd_port, sshd_folder, sshd_folder, sshd_folder);
	start_for_host_key();
	check_refusal("127.0.0.1", "of this host known_hosts has keys of other types only", typed);
}
END_TEST

START_TEST(a_file_and_an_alias_that_ssh_config_names_are_looked_into)
{
	struct seen seen;

	let_in("id_ed25519");
	shell("printf 'the-alias ' >%s/known && cat %s/host_key.pub >>%s/known", sshd_folder,
	      sshd_folder, sshd_folder);
	put(".ssh/config", "Host pve\n\tHostName 127.0.0.1\n\tUserKnownHostsFile %s/known\n"
	    "\tHostKeyAlias the-alias\n", sshd_folder);
	sshd_start("127.0.0.1", "");
	connect_to(&seen, "pve");
	ck_assert_str_eq(link_host(seen.link), "127.0.0.1");
	ck_assert_str_eq(link_user(seen.link), "root");
}
END_TEST

/* --- keys --- */

START_TEST(a_key_that_is_not_let_in_is_named)
{
	struct seen seen;

	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	fail_to_connect(&seen, "127.0.0.1",
			"it lets none of the keys in that it was offered for user root: "
			"ssh-ed25519 SHA256:");
	ck_assert_int_eq(seen.failed.kind, ERROR_SYSTEM);
	has(seen.failed.text, " (~/.ssh/id_ed25519); ");
	has(seen.failed.text, "there is no agent ($SSH_AUTH_SOCK is not set)");
	has(seen.failed.text, "ssh-copy-id -p ");
}
END_TEST

START_TEST(without_any_key_that_is_said)
{
	struct seen seen;

	know("127.0.0.1");
	unlink(sshd_path(".ssh/id_ed25519"));
	setenv("SSH_AUTH_SOCK", sshd_path("no-agent"), 1);
	sshd_start("127.0.0.1", "");
	fail_to_connect(&seen, "127.0.0.1",
			"there is no key to log in with as root: the agent at ");
	has(seen.failed.text, "/no-agent cannot be reached (No such file or directory); there is "
			      "no ~/.ssh/id_ed25519; there is no ~/.ssh/id_ecdsa");
}
END_TEST

START_TEST(another_user_is_not_let_in)
{
	struct link_target target = { .host = "127.0.0.1", .user = "nobody", .port = sshd_port };
	struct link_calls calls = { .ready = see_ready, .failed = see_failed };
	struct seen seen = { 0 };

	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "AllowUsers root\n");
	links = links_new(NULL);
	calls.context = &seen;
	seen.link = link_open(links, &target, &calls);
	settle(&seen);
	has(seen.failed.text, "offered for user nobody: ");
}
END_TEST

START_TEST(a_second_proof_is_never_given)
{
	struct seen seen;

	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "PasswordAuthentication yes\nAuthenticationMethods "
				"publickey,password\n");
	fail_to_connect(&seen, "127.0.0.1",
			"it lets the key in for user root, but wants something more");
}
END_TEST

START_TEST(ssh_config_names_the_key)
{
	struct seen seen;

	make_key("other", "-t rsa -b 3072 -N ''");
	let_in("other");
	know("127.0.0.1");
	put(".ssh/config", "Host 127.*\n\tIdentityFile ~/.ssh/other\n");
	sshd_start("127.0.0.1", "");
	connect_to(&seen, "127.0.0.1");
	unlink(sshd_path(".ssh/config"));
	fail_to_connect(&seen, "127.0.0.1", "it lets none of the keys in");
}
END_TEST

START_TEST(nothing_is_written_beside_a_key)
{
	struct seen seen;

	let_in("id_ed25519");
	unlink(sshd_path(".ssh/id_ed25519.pub"));
	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	connect_to(&seen, "127.0.0.1");
	ck_assert_int_eq(access(sshd_path(".ssh/id_ed25519.pub"), F_OK), -1);
}
END_TEST

static pid_t start_agent(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		execl("/usr/bin/ssh-agent", "ssh-agent", "-D", "-a", sshd_path("agent"), NULL);
		_exit(127);
	}
	setenv("SSH_AUTH_SOCK", sshd_path("agent"), 1);
	while (access(sshd_path("agent"), F_OK) < 0)
		sshd_pause();
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(the_agents_key_is_let_in)
{
	pid_t agent = start_agent();
	struct seen seen;

	make_key("inside", "-t ed25519 -N ''");
	let_in("inside");
	shell("ssh-add -q %s/.ssh/inside 2>/dev/null && rm %s/.ssh/inside", sshd_folder,
	      sshd_folder);
	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	connect_to(&seen, "127.0.0.1");
	put(".ssh/config", "IdentityAgent none\n");
	fail_to_connect(&seen, "127.0.0.1", "it lets none of the keys in");
	stop(agent);
}
END_TEST

START_TEST(an_agents_key_that_is_refused_is_named_once)
{
	pid_t agent = start_agent();
	struct seen seen;

	shell("ssh-add -q %s/.ssh/id_ed25519 2>/dev/null", sshd_folder);
	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	fail_to_connect(&seen, "127.0.0.1", " (agent, id_ed25519)");
	ck_assert_msg(!strstr(seen.failed.text, " (~/.ssh/id_ed25519)"), "%s", seen.failed.text);
	stop(agent);
}
END_TEST

START_TEST(an_agent_without_a_key_is_no_obstacle)
{
	pid_t agent = start_agent();
	struct seen seen;

	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	fail_to_connect(&seen, "127.0.0.1", "the agent has no key");
	let_in("id_ed25519");
	connect_to(&seen, "127.0.0.1");
	stop(agent);
}
END_TEST

START_TEST(with_too_many_keys_the_host_breaks_off_and_that_is_said)
{
	pid_t agent = start_agent();
	struct seen seen;

	for (int i = 0; i < 4; i++) {
		CLEANUP(scope_free) char *name = memory_print("key%d", i);

		make_key(name, "-t ed25519 -N ''");
		shell("ssh-add -q %s/.ssh/%s 2>/dev/null", sshd_folder, name);
	}
	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "MaxAuthTries 3\n");
	fail_to_connect(&seen, "127.0.0.1", "IdentitiesOnly yes");
	put(".ssh/config", "IdentitiesOnly yes\nIdentityFile ~/.ssh/id_ed25519\n");
	connect_to(&seen, "127.0.0.1");
	stop(agent);
}
END_TEST

/* It takes a connection and says nothing. */
START_TEST(an_agent_that_hangs_is_given_up)
{
	struct sockaddr_un { sa_family_t family; char path[108]; } address = { .family = AF_UNIX };
	CLEANUP(scope_close) int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct seen seen;
	double began;

	snprintf(address.path, sizeof(address.path), "%s", sshd_path("agent"));
	ck_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		  listen(fd, 5) == 0);
	setenv("SSH_AUTH_SOCK", sshd_path("agent"), 1);
	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	began = now();
	connect_to(&seen, "127.0.0.1");
	ck_assert(now() - began < 5);
}
END_TEST

/* --- passphrases --- */

static int asked;
static const char *answers[3];

static int answer(void *context, const char *path, struct secret *passphrase)
{
	const char *text = answers[asked++ % 3];

	(void)context;
	ck_assert_str_eq(path, sshd_path(".ssh/locked"));
	if (!text)
		return -1;
	return secret_set(passphrase, text, strlen(text), &err);
}

static const struct {
	const char *key, *answers[3];
	int asked;
	const char *failure;
} passphrases[] = {
	{ "-t ed25519 -N abcde", { "abcde" }, 1, NULL },
	{ "-t ed25519 -N abcde", { "wrong", "abcde" }, 2, NULL },
	{ "-t ed25519 -N abcde", { "a", "b", "c" }, 3, "was not opened with the passphrase given" },
	{ "-t ed25519 -N abcde", { NULL }, 1, "was not opened with the passphrase given" },
	{ "-t rsa -m PEM -N abcde", { "wrong", "abcde" }, 2, NULL },
};

START_TEST(a_passphrase_is_asked_for_once_for_all_links)
{
	struct seen seen, again;

	make_key("locked", passphrases[_i].key);
	let_in("locked");
	know("127.0.0.1");
	put(".ssh/config", "IdentityFile ~/.ssh/locked\n");
	sshd_start("127.0.0.1", "");
	asked = 0;
	memcpy(answers, passphrases[_i].answers, sizeof(answers));
	options.ask = answer;
	open_at(&again, "127.0.0.1", sshd_port);
	if (passphrases[_i].failure) {
		fail_to_connect(&seen, "127.0.0.1", passphrases[_i].failure);
		settle(&again);
		ck_assert(again.failed.kind);
	} else {
		connect_to(&seen, "127.0.0.1");
		settle(&again);
		ck_assert_msg(again.ready, "%s", again.failed.text);
	}
	ck_assert_int_eq(asked, passphrases[_i].asked);
}
END_TEST

START_TEST(nobody_is_asked_for_the_passphrase_of_a_key_that_is_not_let_in)
{
	struct seen seen;

	make_key("locked", "-t ed25519 -N abcde");
	know("127.0.0.1");
	put(".ssh/config", "IdentityFile ~/.ssh/locked\n");
	sshd_start("127.0.0.1", "");
	asked = 0;
	options.ask = answer;
	fail_to_connect(&seen, "127.0.0.1", "it lets none of the keys in");
	ck_assert_int_eq(asked, 0);
}
END_TEST

START_TEST(without_anybody_to_ask_a_passphrase_is_an_obstacle_that_is_named)
{
	struct seen seen;

	make_key("locked", "-t ed25519 -N abcde");
	let_in("locked");
	know("127.0.0.1");
	put(".ssh/config", "IdentityFile ~/.ssh/locked\n");
	sshd_start("127.0.0.1", "");
	fail_to_connect(&seen, "127.0.0.1",
			"~/.ssh/locked would be let in, but has a passphrase, and nobody "
			"can be asked for it: ssh-add it");
}
END_TEST

static int answer_slowly(void *context, const char *path, struct secret *passphrase)
{
	(void)context, (void)path;
	usleep(1500 * 1000);
	return secret_set(passphrase, "abcde", 5, &err);
}

START_TEST(the_time_that_a_person_takes_counts_for_no_link)
{
	struct seen seen, again;

	make_key("locked", "-t ed25519 -N abcde");
	let_in("locked");
	know("127.0.0.1");
	put(".ssh/config", "IdentityFile ~/.ssh/locked\n");
	sshd_start("127.0.0.1", "");
	options = (struct links_options){
		.ask = answer_slowly, .log_in = 1, .agree = 1, .connect = 1
	};
	open_at(&again, "127.0.0.1", sshd_port);
	connect_to(&seen, "127.0.0.1");
	settle(&again);
	ck_assert_msg(again.ready, "%s", again.failed.text);
}
END_TEST

/* --- the way there --- */

START_TEST(an_ipv6_address_works)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool there = fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0;
	struct seen seen;

	close(fd);
	if (!there)
		return;
	let_in("id_ed25519");
	know("::1");
	sshd_start("::1", "");
	connect_to(&seen, "::1");
}
END_TEST

START_TEST(each_address_of_a_name_is_tried)
{
	struct seen seen;

	let_in("id_ed25519");
	know("localhost");
	sshd_start("127.0.0.1", "");
	/* ::1 comes first where there is IPv6, and nobody listens there */
	connect_to(&seen, "localhost");
}
END_TEST

START_TEST(nobody_listens)
{
	struct seen seen;

	fail_to_connect(&seen, "127.0.0.1", "it cannot be reached at port ");
	has(seen.failed.text, ": Connection refused");
	fail_to_connect(&seen, "localhost", "127.0.0.1: Connection refused");
}
END_TEST

START_TEST(a_name_that_nobody_knows_is_told)
{
	struct seen seen;

	put(".ssh/config", "Host alias\n\tHostName no.such.host.invalid\n");
	fail_to_connect(&seen, "no.such.host.invalid", "its address cannot be looked up: ");
	fail_to_connect(&seen, "alias", "no.such.host.invalid: its address cannot be looked up: ");
}
END_TEST

/* A queue that is full drops what comes, as a host that is switched off does. */
static int make_deaf(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons((uint16_t)sshd_port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, "127.0.0.9", &own.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 && listen(fd, 0) == 0);
	for (int i = 0; i < 3; i++) {
		int full = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		connect(full, (struct sockaddr *)&own, sizeof(own));
	}
	return fd;
}

START_TEST(a_host_that_does_not_answer_is_given_up)
{
	CLEANUP(scope_close) int deaf __attribute__((unused)) = make_deaf();
	double began = now();
	struct seen seen;

	options.connect = 0.5;
	fail_to_connect(&seen, "127.0.0.9", ": no answer within 0.5s");
	ck_assert(now() - began < 3 && turns < 10);
}
END_TEST

static const struct { const char *says; bool stays; const char *text;
} servers[] = {
	{ "", false, "the connection was closed before a word of SSH came" },
	{ "", true, "no word of SSH came within 0.5s" },
	{ "Not allowed at this time\r\n", false,
	  "the connection was closed before a word of SSH came" },
	{ "SSH-2.0-Test\r\n", false, "no agreement on an SSH connection: " },
	{ "SSH-2.0-Test\r\n", true, "no agreement on an SSH connection within 0.5s" },
	{ "SSH-2.0-Test\r\n0123456789012345678901234567890123456789", true,
	  "no agreement on an SSH connection" },
};

START_TEST(what_is_no_ssh_or_stalls_is_told_apart_within_the_bound)
{
	pid_t pid = sshd_sham("127.0.0.8", servers[_i].says, servers[_i].stays);
	double began = now();
	struct seen seen;

	options.agree = servers[_i].stays ? 0.5 : 10;
	fail_to_connect(&seen, "127.0.0.8", servers[_i].text);
	ck_assert_msg(now() - began < 3 && turns < 20, "%d turns", turns);
	stop(pid);
}
END_TEST

START_TEST(a_login_that_is_not_answered_is_given_up)
{
	struct seen seen;

	let_in("id_ed25519");
	know("127.0.0.1");
	/* the command runs as the key is judged */
	sshd_start("127.0.0.1", "AuthorizedKeysCommand /usr/bin/sleep "
				"20\nAuthorizedKeysCommandUser root\n");
	sshd_put("authorized_keys", "", 0600);
	options.log_in = 1;
	fail_to_connect(&seen, "127.0.0.1", "the login was not answered within 1.0s");
	ck_assert_msg(turns < 50, "%d turns", turns);
}
END_TEST

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

START_TEST(no_descriptor_and_no_process_is_left)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "127.0.0.7", "jumped",
					     "proxied" };
	struct seen seen;
	int before;

	let_in("id_ed25519");
	know("127.0.0.1");
	know("localhost");
	put(".ssh/config", "Host jumped\n\tHostName 127.0.0.1\n\tProxyJump 127.0.0.1:%u\n"
	    "Host proxied\n\tProxyCommand sleep 60\n", sshd_port);
	sshd_start("127.0.0.1", "");
	options.agree = 1;
	links = links_new(&options);
	before = descriptors();
	for (int i = 0; i < ROWS(hosts); i++) {
		open_at(&seen, hosts[i], sshd_port);
		settle(&seen);
		link_close(&seen.link);
		ck_assert_msg(descriptors() == before, "%s: %d, not %d", hosts[i], descriptors(),
			      before);
	}
	links_free(&links);
	stop(sshd_pid);
	sshd_pid = 0;
	ck_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}
END_TEST

/* --- jump hosts and ProxyCommand --- */

static void jump_to_inner(void)
{
	put(".ssh/config", "Host inner\n\tHostName 127.0.0.2\n\tProxyJump root@127.0.0.1:%u\n",
	    sshd_port);
}

static void start_both(const char *more)
{
	CLEANUP(scope_free) char *listen = memory_print("ListenAddress 127.0.0.2\n%s", more);

	let_in("id_ed25519");
	sshd_start("127.0.0.1", listen);
}

START_TEST(a_jump_host_is_gone_through)
{
	CLEANUP(release_ran) struct ran ran;
	CLEANUP(scope_free) char *count = NULL;
	struct seen seen, again;

	know("127.0.0.1");
	know("127.0.0.2");
	jump_to_inner();
	start_both("");
	connect_to(&seen, "inner");
	run_to_end(seen.link, "echo through", &ran);
	ck_assert_str_eq(ran.output.buf, "through\n");
	release_ran(&ran);
	/* another one over the same connection to the jump host: three in all, and not four */
	connect_to(&again, "inner");
	count = memory_print("pgrep -c -P %d", (int)sshd_pid);
	run_to_end(again.link, count, &ran);
	ck_assert_str_eq(ran.output.buf, "3\n");
	link_close(&seen.link);
	release_ran(&ran);
	run_to_end(again.link, "true", &ran);
}
END_TEST

START_TEST(jump_hosts_are_gone_through_one_after_the_other)
{
	CLEANUP(release_ran) struct ran ran;
	struct seen seen;

	know("127.0.0.1");
	know("127.0.0.2");
	know("127.0.0.3");
	start_both("ListenAddress 127.0.0.3\n");
	put(".ssh/config", "Host inner\n\tHostName 127.0.0.3\n"
	    "\tProxyJump 127.0.0.1:%u,127.0.0.2:%u\n", sshd_port, sshd_port);
	connect_to(&seen, "inner");
	run_to_end(seen.link, "echo through", &ran);
	ck_assert_str_eq(ran.output.buf, "through\n");
}
END_TEST

START_TEST(a_jump_host_for_all_is_not_gone_through_to_itself)
{
	struct seen seen;

	know("127.0.0.1");
	know("127.0.0.2");
	put(".ssh/config", "Host *\n\tProxyJump 127.0.0.1:%u\n", sshd_port);
	start_both("");
	connect_to(&seen, "127.0.0.2");
}
END_TEST

START_TEST(jump_hosts_that_lead_to_each_other_are_refused)
{
	struct seen seen;

	put(".ssh/config", "Host a\n\tProxyJump b\nHost b\n\tProxyJump a\n");
	fail_to_connect(&seen, "a", "leads back to where it comes from");
}
END_TEST

START_TEST(a_jump_host_must_be_known_as_well)
{
	struct seen seen;

	know("127.0.0.2");
	jump_to_inner();
	start_both("");
	fail_to_connect(&seen, "inner",
			"jump host 127.0.0.1: its host key is not known. It shows SHA256:");
	ck_assert_int_eq(seen.failed.kind, ERROR_REFUSED);
}
END_TEST

START_TEST(what_is_behind_a_jump_host_must_be_known)
{
	struct seen seen;

	know("127.0.0.1");
	jump_to_inner();
	start_both("");
	fail_to_connect(&seen, "inner", "its host key is not known");
	has(seen.failed.text, "root@inner true (and yes to its question)");
}
END_TEST

START_TEST(a_jump_host_that_cannot_go_on_says_so)
{
	struct seen seen;

	know("127.0.0.1");
	jump_to_inner();
	let_in("id_ed25519");
	sshd_start("127.0.0.1", "AllowTcpForwarding no\n");
	fail_to_connect(&seen, "inner", "jump host 127.0.0.1 cannot go on to it: ");
	sshd_stop();
	fail_to_connect(&seen, "inner", "jump host 127.0.0.1: it cannot be reached at port ");
}
END_TEST

START_TEST(a_jump_host_that_is_lost_loses_what_is_behind_it)
{
	CLEANUP(release_ran) struct ran ran;
	struct seen seen;
	double until;

	know("127.0.0.1");
	know("127.0.0.2");
	jump_to_inner();
	start_both("");
	connect_to(&seen, "inner");
	run(seen.link, "sleep 60", &ran);
	sshd_cut();
	for (until = now() + 10; !seen.lost.kind;)
		turn(until);
	has(seen.lost.text, "the connection was lost");
	ck_assert(!ran.ended && !ran.failed.kind);
}
END_TEST

/* So many bytes that are sent to a cat are the same when they are back. */
static void comes_back(struct link *link, size_t size)
{
	CLEANUP(scope_free) char *input = memory_new(size, 1);
	CLEANUP(release_ran) struct ran ran;
	struct link_command *command;

	for (size_t i = 0; i < size; i++)
		input[i] = (char)(i * 7 + (i >> 13));
	command = run(link, "cat", &ran);
	link_send(command, input, size);
	link_send_eof(command);
	follow(&ran);
	ck_assert_uint_eq(ran.output.len, size);
	ck_assert(memcmp(ran.output.buf, input, size) == 0);
}

START_TEST(a_megabyte_goes_through_a_jump_host_and_back)
{
	struct seen seen;

	know("127.0.0.1");
	know("127.0.0.2");
	jump_to_inner();
	start_both("");
	connect_to(&seen, "inner");
	comes_back(seen.link, 1 << 20);
}
END_TEST

/* A ProxyCommand of our own, as nc may not be there. */
static void proxy_to_pve(void)
{
	put("proxy", "use Socket; my ($h, $p) = @ARGV;\n"
		     "socket(my $s, PF_INET, SOCK_STREAM, 0); connect($s, sockaddr_in($p, "
		     "inet_aton($h))) or die;\n"
		     "if (fork) { while (sysread STDIN, my $b, 65536) { syswrite $s, $b } shutdown "
		     "$s, 1; wait }\n"
		     "else { while (sysread $s, my $b, 65536) { syswrite STDOUT, $b } }\n");
	put(".ssh/config", "Host pve\n\tHostName 127.0.0.1\n\tProxyCommand perl %s %%h %%p\n",
	    sshd_path("proxy"));
}

START_TEST(a_proxy_command_is_gone_through)
{
	CLEANUP(release_ran) struct ran ran;
	struct seen seen;

	let_in("id_ed25519");
	know("127.0.0.1");
	proxy_to_pve();
	sshd_start("127.0.0.1", "");
	connect_to(&seen, "pve");
	run_to_end(seen.link, "echo through", &ran);
	ck_assert_str_eq(ran.output.buf, "through\n");
}
END_TEST

static const struct { const char *command, *text;
} proxies[] = {
	{ "sh -c \"echo no way >&2; exit 3\"", "the connection was closed before a word of SSH "
					       "came: no way" },
	{ "true", "the connection was closed before a word of SSH came" },
	{ "sleep 60", "no word of SSH came within 1.0s" },
	{ "sh -c 'trap \"\" TERM; sleep 60'", "no word of SSH came within 1.0s" },
};

START_TEST(what_a_proxy_command_says_as_it_fails_is_passed_on)
{
	double began = now();
	struct seen seen;

	put(".ssh/config", "ProxyCommand %s\n", proxies[_i].command);
	options.agree = 1;
	fail_to_connect(&seen, "pve", proxies[_i].text);
	ck_assert(now() - began < 4);
	ck_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}
END_TEST

START_TEST(a_name_is_no_part_of_a_proxy_command)
{
	struct seen seen;

	put(".ssh/config", "ProxyCommand touch %s/%%h\n", sshd_folder);
	fail_to_connect(&seen, "a;b", "has characters that are not given to a ProxyCommand");
	fail_to_connect(&seen, "-oProxyCommand=a",
			"has characters that are not given to a ProxyCommand");
}
END_TEST

/* --- commands --- */

static struct seen pve;

static void start_and_connect(void)
{
	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "Subsystem sftp internal-sftp\n");
	connect_to(&pve, "127.0.0.1");
}

static const struct {
	const char *line, *input, *output, *complaint;
	int status;
	const char *signal;
} commands[] = {
	{ "true", NULL, "", "", 0, "" },
	{ "exit 3", NULL, "", "", 3, "" },
	{ "echo one; echo two >&2; echo three", NULL, "one\nthree\n", "two\n", 0, "" },
	{ "cat", "what is given\n", "what is given\n", "", 0, "" },
	{ "cat", "", "", "", 0, "" },
	{ "kill -TERM $$", NULL, "", "", -1, "TERM" },
	{ "true", "not read", "", "", 0, "" },
	{ "exec <&-; sleep 0.2; echo closed", "not read", "closed\n", "", 0, "" },
	/* a daemon that holds stdout is not waited for */
	{ "sleep 30 & echo done", NULL, "done\n", "", 0, "" },
};

START_TEST(a_command_is_run_and_how_it_ended_is_told)
{
	CLEANUP(release_ran) struct ran ran;
	struct link_command *command;
	double began;

	start_and_connect();
	began = now();
	command = run(pve.link, commands[_i].line, &ran);
	if (commands[_i].input) {
		link_send(command, commands[_i].input, strlen(commands[_i].input));
		link_send_eof(command);
	}
	follow(&ran);
	ck_assert_msg(now() - began < 10, "%s", commands[_i].line);
	ck_assert_msg(ran.ended, "%s: %s", commands[_i].line, ran.failed.text);
	ck_assert_msg(ran.status == commands[_i].status, "%s: %d", commands[_i].line, ran.status);
	ck_assert_str_eq(ran.signal, commands[_i].signal);
	ck_assert_str_eq(ran.output.buf, commands[_i].output);
	ck_assert_str_eq(ran.complaint.buf, commands[_i].complaint);
}
END_TEST

START_TEST(commands_run_one_after_the_other_and_side_by_side)
{
	struct ran rans[8];
	double began;

	start_and_connect();
	for (int i = 0; i < 20; i++) {
		CLEANUP(scope_free) char *line = memory_print("echo %d; exit %d", i, i);

		run_to_end(pve.link, line, &rans[0]);
		ck_assert_int_eq(rans[0].status, i);
		ck_assert_int_eq(atoi(rans[0].output.buf), i);
		release_ran(&rans[0]);
	}
	began = now();
	for (int i = 0; i < 8; i++) {
		CLEANUP(scope_free) char *line = memory_print("sleep 1; echo %d", i);

		run(pve.link, line, &rans[i]);
	}
	for (int i = 0; i < 8; i++) {
		follow(&rans[i]);
		ck_assert_msg(rans[i].ended, "%s", rans[i].failed.text);
		ck_assert_int_eq(atoi(rans[i].output.buf), i);
		release_ran(&rans[i]);
	}
	ck_assert(now() - began < 5);
}
END_TEST

static const char *const limits[] = { "", "RekeyLimit 1M\n" };

START_TEST(sixteen_megabytes_of_stdin_come_back)
{
	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", limits[_i]);
	connect_to(&pve, "127.0.0.1");
	comes_back(pve.link, 16 << 20);
}
END_TEST

START_TEST(what_is_sent_while_it_runs_arrives_at_once)
{
	CLEANUP(release_ran) struct ran ran;
	struct link_command *command;
	double until = now() + 20;

	start_and_connect();
	command = run(pve.link, "while read line; do echo got $line; done", &ran);
	link_send(command, "one\n", 4);
	while (strcmp(ran.output.buf, "got one\n") != 0)
		turn(until);
	link_send(command, "two\n", 4);
	while (strcmp(ran.output.buf, "got one\ngot two\n") != 0)
		turn(until);
	link_send_eof(command);
	follow(&ran);
	ck_assert_int_eq(ran.status, 0);
}
END_TEST

START_TEST(a_channel_that_is_refused_fails_alone)
{
	CLEANUP(release_ran) struct ran first, second;

	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "MaxSessions 1\n");
	connect_to(&pve, "127.0.0.1");
	run(pve.link, "sleep 1", &first);
	run(pve.link, "true", &second);
	follow(&second);
	has(second.failed.text, "no channel is opened: ");
	follow(&first);
	ck_assert_msg(first.ended, "%s", first.failed.text);
}
END_TEST

START_TEST(a_line_that_is_cut_while_a_command_runs_is_told)
{
	CLEANUP(release_ran) struct ran ran;
	double until = now() + 20;

	start_and_connect();
	run(pve.link, "echo begun; sleep 60", &ran);
	while (ran.output.len == 0)
		turn(until);
	sshd_cut();
	while (!pve.lost.kind)
		turn(until);
	has(pve.lost.text, "the connection was lost");
	ck_assert(!ran.ended && !ran.failed.kind && !pve.failed.kind);
	/* and no call comes any more */
	memset(&pve.lost, 0, sizeof(pve.lost));
	for (int i = 0; i < 3; i++)
		links_turn(links, NULL, 0, 10);
	ck_assert(!pve.lost.kind);
	link_close(&pve.link);
}
END_TEST

/* All that sshd has made for its connections. */
static void signal_connections(int number)
{
	shell("pkill -%d -P %d; true", number, (int)sshd_pid);
}

START_TEST(a_host_that_falls_silent_is_noticed)
{
	CLEANUP(release_ran) struct ran ran;
	double until = now() + 20, began;

	options.silence = 1.5;
	start_and_connect();
	run(pve.link, "sleep 4; echo after", &ran);
	/* it lives, although its command says nothing for longer */
	follow(&ran);
	ck_assert_str_eq(ran.output.buf, "after\n");
	signal_connections(SIGSTOP);
	began = now();
	while (!pve.lost.kind)
		turn(until);
	signal_connections(SIGCONT);
	has(pve.lost.text, "nothing was heard from it for 1.5s");
	ck_assert(now() - began < 4);
}
END_TEST

static void close_it(void *context)
{
	link_close(&((struct seen *)context)->link);
}

static void close_at_output(void *context, const char *data, size_t len)
{
	(void)data, (void)len;
	close_it(context);
}

static void close_at_end(void *context, int status, const char *signal)
{
	(void)status, (void)signal;
	close_it(context);
}

static void close_at_failure(void *context, const struct error *what)
{
	(void)what;
	close_it(context);
}

START_TEST(a_link_may_be_closed_by_any_call)
{
	struct link_calls calls = { .ready = close_it, .context = &pve };
	struct link_target target = { .host = "127.0.0.1", .port = sshd_port };
	struct link_command_calls by_output = { .output = close_at_output, .context = &pve };
	struct link_command_calls by_end = { .ended = close_at_end, .context = &pve };
	double until = now() + 20;

	start_and_connect();
	link_exec(pve.link, "echo one; echo two >&2", &by_output);
	while (pve.link)
		turn(until);
	connect_to(&pve, "127.0.0.1");
	link_exec(pve.link, "true", &by_end);
	while (pve.link)
		turn(until);
	pve.link = link_open(links, &target, &calls);
	while (pve.link)
		turn(until);
	calls = (struct link_calls){ .failed = close_at_failure, .context = &pve };
	target.port = 1;
	pve.link = link_open(links, &target, &calls);
	while (pve.link)
		turn(until);
	ck_assert(links_turn(links, NULL, 0, 0) == 0);
}
END_TEST

/* --- the loop --- */

START_TEST(a_dead_host_does_not_delay_the_others)
{
	CLEANUP(scope_close) int deaf __attribute__((unused)) = make_deaf();
	struct seen seen[20], dead;
	struct ran rans[20];
	double began, until;
	int ended = 0;

	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	options.connect = 15;
	open_at(&dead, "127.0.0.9", sshd_port);
	for (int i = 0; i < 20; i++)
		open_at(&seen[i], "127.0.0.1", sshd_port);
	began = now();
	for (int i = 0; i < 20; i++) {
		settle(&seen[i]);
		ck_assert_msg(seen[i].ready, "%d: %s", i, seen[i].failed.text);
		run(seen[i].link, "echo done", &rans[i]);
	}
	for (until = now() + 20; ended < 20;) {
		turn(until);
		ended = 0;
		for (int i = 0; i < 20; i++)
			ended += rans[i].ended;
	}
	ck_assert(now() - began < 12 && !is_settled(&dead));
	for (int i = 0; i < 20; i++) {
		ck_assert_str_eq(rans[i].output.buf, "done\n");
		release_ran(&rans[i]);
	}
}
END_TEST

/* Its way there is full soon: a pair of sockets holds less than TCP. */
START_TEST(a_host_that_does_not_read_does_not_delay_the_others)
{
	enum { SIZE = 16 << 20 };
	CLEANUP(scope_free) char *input = memory_new(SIZE, 1);
	CLEANUP(release_ran) struct ran slow;
	struct link_command *command;
	struct seen other;
	double began;

	proxy_to_pve();
	start_and_connect();
	connect_to(&other, "pve");
	command = run(other.link, "cat >/dev/null", &slow);
	shell("pkill -STOP -f %s/[p]roxy", sshd_folder);
	began = now();
	link_send(command, input, SIZE);
	for (int i = 0; i < 3; i++) {
		CLEANUP(release_ran) struct ran ran;

		run_to_end(pve.link, "echo done", &ran);
	}
	ck_assert(now() - began < 5);
	shell("pkill -CONT -f %s/[p]roxy", sshd_folder);
	link_send_eof(command);
	follow(&slow);
	ck_assert_msg(slow.ended, "%s", slow.failed.text);
}
END_TEST

/* KiB of memory that are ours. */
static long resident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	ck_assert(file && fscanf(file, "%*d %ld", &pages) == 1);
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

START_TEST(fifty_links_with_a_command_each_take_little_memory)
{
	enum { COUNT = 50 };
	CLEANUP(scope_free) char *input = memory_new(100000, 1);
	struct seen seen[COUNT];
	struct ran rans[COUNT];
	long before;

	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "");
	connect_to(&seen[0], "127.0.0.1");
	before = resident();
	for (int i = 0; i < COUNT; i++) {
		connect_to(&seen[i], "127.0.0.1");
		link_send(run(seen[i].link, "head -c 100000; sleep 30", &rans[i]), input, 100000);
	}
	for (int i = 0; i < COUNT; i++) {
		double until = now() + 40;

		while (rans[i].output.len < 100000)
			turn(until);
		release_ran(&rans[i]);
		rans[i].output = rans[i].complaint = (struct strbuf)STRBUF_INIT;
	}
	printf("# %ld KiB a link\n", (resident() - before) / COUNT);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_msg((resident() - before) / COUNT < 2048, "%ld KiB a link",
		      (resident() - before) / COUNT);
#endif
}
END_TEST

static void do_nothing(int number)
{
	(void)number;
}

START_TEST(a_signal_ends_the_wait_at_once)
{
	struct sigaction action = { .sa_handler = do_nothing };
	struct itimerval timer = { .it_value.tv_usec = 200 * 1000 };
	double began = now();

	sigaction(SIGALRM, &action, NULL);
	start_and_connect();
	setitimer(ITIMER_REAL, &timer, NULL);
	while (links_turn(links, NULL, 0, 10000) == 0)
		ck_assert(now() - began < 5);
	ck_assert_int_eq(errno, EINTR);
	ck_assert(links_turn(links, NULL, 0, 0) == 0);
}
END_TEST

START_TEST(other_descriptors_are_waited_for_as_well)
{
	struct pollfd other = { .events = POLLIN };
	double began;
	int ends[2];

	ck_assert(pipe(ends) == 0);
	other.fd = ends[0];
	start_and_connect();
	ck_assert(links_turn(links, &other, 1, 0) == 0);
	ck_assert_int_eq(other.revents, 0);
	ck_assert(write(ends[1], "x", 1) == 1);
	began = now();
	while (!other.revents)
		ck_assert(links_turn(links, &other, 1, 10000) == 0);
	ck_assert_int_eq(other.revents, POLLIN);
	ck_assert(now() - began < 2);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* Where nothing happens nothing is done: no loop that spins. */
START_TEST(an_idle_link_costs_nothing)
{
	start_and_connect();
	/* what sshd says after a login */
	for (double began = now(); now() - began < 0.5;)
		links_turn(links, NULL, 0, 100);
	turns = 0;
	for (double began = now(); now() - began < 1; turns++)
		links_turn(links, NULL, 0, 500);
	ck_assert_msg(turns < 10, "%d turns", turns);
}
END_TEST

/* --- files --- */

static char *content_of(const char *path)
{
	struct strbuf text = STRBUF_INIT;
	FILE *file = fopen(path, "r");
	char piece[4096];
	size_t len;

	ck_assert_msg(file, "%s", path);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		strbuf_add(&text, piece, len);
	fclose(file);
	return strbuf_detach(&text);
}

START_TEST(a_file_is_put_into_a_folder_that_nobody_can_guess_and_both_go_again)
{
	CLEANUP(scope_free) char *prefix = memory_print("%s/vyom-", sshd_folder);
	CLEANUP(scope_free) char *folder = NULL, *other = NULL, *path = NULL, *text = NULL;
	struct stat status;

	start_and_connect();
	ck_assert_msg(link_make_folder(pve.link, prefix, &folder, &err) == 0, "%s", err.text);
	ck_assert_msg(link_make_folder(pve.link, prefix, &other, &err) == 0, "%s", err.text);
	ck_assert_str_ne(folder, other);
	ck_assert_uint_eq(strlen(folder), strlen(prefix) + 32);
	ck_assert(stat(folder, &status) == 0 && (status.st_mode & 07777) == 0700);
	path = memory_print("%s/file", folder);
	ck_assert_msg(link_put_data(pve.link, "some text", 9, path, &err) == 0, "%s", err.text);
	ck_assert(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
	text = content_of(path);
	ck_assert_str_eq(text, "some text");
	ck_assert(link_remove_folder(pve.link, folder, &err) == -1);
	has(err.text, "it may not be empty");
	ck_assert_msg(link_remove_file(pve.link, path, &err) == 0, "%s", err.text);
	ck_assert_msg(link_remove_folder(pve.link, folder, &err) == 0, "%s", err.text);
	ck_assert_int_eq(access(folder, F_OK), -1);
}
END_TEST

START_TEST(a_large_file_arrives_unharmed_also_through_a_jump_host)
{
	CLEANUP(scope_close) int fd = -1;
	struct seen seen;

	know("127.0.0.1");
	know("127.0.0.2");
	jump_to_inner();
	start_both("Subsystem sftp internal-sftp\n");
	shell("head -c 7654321 /dev/urandom >%s/large", sshd_folder);
	for (int i = 0; i < 2; i++) {
		CLEANUP(scope_free) char *path = memory_print("%s/put%d", sshd_folder, i);

		connect_to(&seen, i == 0 ? "127.0.0.1" : "inner");
		fd = open(sshd_path("large"), O_RDONLY);
		ck_assert_msg(link_put_file(seen.link, fd, path, &err) == 0, "%s", err.text);
		shell("cmp %s/large %s", sshd_folder, path);
		close(fd);
	}
	fd = -1;
}
END_TEST

START_TEST(a_file_that_exists_is_not_written_over)
{
	CLEANUP(scope_free) char *path = memory_print("%s/there", sshd_folder), *text = NULL;

	start_and_connect();
	put("there", "before");
	ck_assert(link_put_data(pve.link, "after", 5, path, &err) == -1);
	has(err.text, "cannot be made there: SFTP says no more than \"Failure\"; it may exist "
		      "already");
	text = content_of(path);
	ck_assert_str_eq(text, "before");
	/* and the link lives on */
	unlink(path);
	ck_assert_msg(link_put_data(pve.link, "", 0, path, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_told)
{
	CLEANUP(scope_free) char *prefix = memory_print("%s/no/vyom-", sshd_folder), *path = NULL;

	start_and_connect();
	ck_assert(link_make_folder(pve.link, prefix, &path, &err) == -1);
	ck_assert_ptr_null(path);
	has(err.text, "cannot be made there: it, or its folder, does not exist");
}
END_TEST

START_TEST(a_full_disk_is_told_as_such_and_nothing_is_left_on_it)
{
	CLEANUP(scope_free) char *disk = memory_print("%s/disk", sshd_folder);
	CLEANUP(scope_free) char *path = memory_print("%s/file", disk);
	CLEANUP(scope_free) char *data = memory_new(4 << 20, 1);
	bool is_left;

	mkdir(disk, 0700);
	if (mount("none", disk, "tmpfs", 0, "size=2m") < 0)
		return;
	start_and_connect();
	ck_assert(link_put_data(pve.link, data, 4 << 20, path, &err) == -1);
	is_left = access(path, F_OK) == 0;
	links_free(&links);
	sshd_stop();
	umount2(disk, MNT_DETACH);
	has(err.text, "/file cannot be written there: the disk is full (0 B free)");
	ck_assert(!is_left);
}
END_TEST

START_TEST(a_host_without_sftp_says_so)
{
	CLEANUP(scope_free) char *path = memory_print("%s/file", sshd_folder);

	let_in("id_ed25519");
	know("127.0.0.1");
	sshd_start("127.0.0.1", "Subsystem sftp /no/such/program\n");
	connect_to(&pve, "127.0.0.1");
	ck_assert(link_put_data(pve.link, "x", 1, path, &err) == -1);
	has(err.text, "SFTP");
}
END_TEST

START_TEST(a_line_that_is_cut_while_a_file_is_put_is_told)
{
	CLEANUP(scope_free) char *path = memory_print("%s/file", sshd_folder);

	start_and_connect();
	sshd_cut();
	ck_assert(link_put_data(pve.link, "x", 1, path, &err) == -1);
	has(err.text, "the connection was lost");
	ck_assert(pve.lost.kind);
}
END_TEST

static void add_cases(TCase *tcase)
{
	sshd_need();
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_known_host_lets_a_key_in);
	tcase_add_test(tcase, without_a_known_hosts_file_no_host_is_known);
	tcase_add_test(tcase, a_host_that_is_not_in_known_hosts_is_not_known);
	tcase_add_test(tcase, a_host_key_that_has_changed_is_refused);
	tcase_add_test(tcase, what_is_said_to_be_typed_makes_the_host_known);
	tcase_add_test(tcase, a_key_that_known_hosts_says_is_revoked_is_refused);
	tcase_add_test(tcase, a_host_known_by_a_key_of_another_type_only_is_refused);
	tcase_add_test(tcase, a_file_and_an_alias_that_ssh_config_names_are_looked_into);
	tcase_add_test(tcase, a_key_that_is_not_let_in_is_named);
	tcase_add_test(tcase, without_any_key_that_is_said);
	tcase_add_test(tcase, another_user_is_not_let_in);
	tcase_add_test(tcase, a_second_proof_is_never_given);
	tcase_add_test(tcase, ssh_config_names_the_key);
	tcase_add_test(tcase, nothing_is_written_beside_a_key);
	tcase_add_test(tcase, the_agents_key_is_let_in);
	tcase_add_test(tcase, an_agents_key_that_is_refused_is_named_once);
	tcase_add_test(tcase, an_agent_without_a_key_is_no_obstacle);
	tcase_add_test(tcase, with_too_many_keys_the_host_breaks_off_and_that_is_said);
	tcase_add_test(tcase, an_agent_that_hangs_is_given_up);
	tcase_add_loop_test(tcase, a_passphrase_is_asked_for_once_for_all_links, 0,
			    ROWS(passphrases));
	tcase_add_test(tcase, nobody_is_asked_for_the_passphrase_of_a_key_that_is_not_let_in);
	tcase_add_test(tcase, without_anybody_to_ask_a_passphrase_is_an_obstacle_that_is_named);
	tcase_add_test(tcase, the_time_that_a_person_takes_counts_for_no_link);
	tcase_add_test(tcase, an_ipv6_address_works);
	tcase_add_test(tcase, each_address_of_a_name_is_tried);
	tcase_add_test(tcase, nobody_listens);
	tcase_add_test(tcase, a_name_that_nobody_knows_is_told);
	tcase_add_test(tcase, a_host_that_does_not_answer_is_given_up);
	tcase_add_loop_test(tcase, what_is_no_ssh_or_stalls_is_told_apart_within_the_bound, 0,
			    ROWS(servers));
	tcase_add_test(tcase, a_login_that_is_not_answered_is_given_up);
	tcase_add_test(tcase, no_descriptor_and_no_process_is_left);
	tcase_add_test(tcase, a_jump_host_is_gone_through);
	tcase_add_test(tcase, jump_hosts_are_gone_through_one_after_the_other);
	tcase_add_test(tcase, a_jump_host_for_all_is_not_gone_through_to_itself);
	tcase_add_test(tcase, jump_hosts_that_lead_to_each_other_are_refused);
	tcase_add_test(tcase, a_jump_host_must_be_known_as_well);
	tcase_add_test(tcase, what_is_behind_a_jump_host_must_be_known);
	tcase_add_test(tcase, a_jump_host_that_cannot_go_on_says_so);
	tcase_add_test(tcase, a_jump_host_that_is_lost_loses_what_is_behind_it);
	tcase_add_test(tcase, a_megabyte_goes_through_a_jump_host_and_back);
	tcase_add_test(tcase, a_proxy_command_is_gone_through);
	tcase_add_loop_test(tcase, what_a_proxy_command_says_as_it_fails_is_passed_on, 0,
			    ROWS(proxies));
	tcase_add_test(tcase, a_name_is_no_part_of_a_proxy_command);
	tcase_add_loop_test(tcase, a_command_is_run_and_how_it_ended_is_told, 0, ROWS(commands));
	tcase_add_test(tcase, commands_run_one_after_the_other_and_side_by_side);
	tcase_add_loop_test(tcase, sixteen_megabytes_of_stdin_come_back, 0, ROWS(limits));
	tcase_add_test(tcase, what_is_sent_while_it_runs_arrives_at_once);
	tcase_add_test(tcase, a_channel_that_is_refused_fails_alone);
	tcase_add_test(tcase, a_line_that_is_cut_while_a_command_runs_is_told);
	tcase_add_test(tcase, a_host_that_falls_silent_is_noticed);
	tcase_add_test(tcase, a_link_may_be_closed_by_any_call);
	tcase_add_test(tcase, a_dead_host_does_not_delay_the_others);
	tcase_add_test(tcase, a_host_that_does_not_read_does_not_delay_the_others);
	tcase_add_test(tcase, fifty_links_with_a_command_each_take_little_memory);
	tcase_add_test(tcase, a_signal_ends_the_wait_at_once);
	tcase_add_test(tcase, other_descriptors_are_waited_for_as_well);
	tcase_add_test(tcase, an_idle_link_costs_nothing);
	tcase_add_test(tcase, a_file_is_put_into_a_folder_that_nobody_can_guess_and_both_go_again);
	tcase_add_test(tcase, a_large_file_arrives_unharmed_also_through_a_jump_host);
	tcase_add_test(tcase, a_file_that_exists_is_not_written_over);
	tcase_add_test(tcase, a_folder_that_is_not_there_is_told);
	tcase_add_test(tcase, a_full_disk_is_told_as_such_and_nothing_is_left_on_it);
	tcase_add_test(tcase, a_host_without_sftp_says_so);
	tcase_add_test(tcase, a_line_that_is_cut_while_a_file_is_put_is_told);
}

TEST_MAIN("link", add_cases)
