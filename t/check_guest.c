/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest is a folder with busybox in it, which sshd enters by chroot; sudo,
 * apt-get, cloud-init and fstrim are scripts that a test can give a mind.
 */
#include "act/guest.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/secret.h"
#include "edge/ssh.h"
#include "main.h"
#include "sshd.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))
#define BUSYBOX "/bin/busybox"
#define OLD_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb old"
#define KEEP "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKkkqb7cJvXq8wHBqkX2bA6vZsW1cH0h1c3qQd2mYbxx break glass"

static struct ssh_pair *pair;
static struct secret private;
static struct strvec packages, lines;
static struct guest_job job;
static struct error err;
static struct strbuf printed;
static pid_t helper;

/* --- the guest --- */

static void make_folders(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", sshd_folder, name);
	for (char *slash = path + strlen(sshd_folder) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void put(const char *name, const char *text, mode_t mode)
{
	make_folders(name);
	sshd_put(name, text, mode);
}

static void copy_programs(void)
{
	static const char *const applets[] = {
		"cat", "rm", "mv", "mkdir", "touch", "grep", "truncate", "sync", "wc", "dirname",
		"chown", "chmod", "printf", "env", "sleep", "[", "tr", "kill", "ls",
	};
	/* the shell is another, for that of busybox would not see our fstrim */
	CLEANUP(scope_free) char *command = memory_print(
		"cd %s/guest && cp " BUSYBOX " bin/busybox && cp /bin/dash bin/sh && "
		"cp -L --parents $(ldd /bin/dash | grep -o '/[^ ]*') .", sshd_folder);

	make_folders("guest/bin/busybox");
	ck_assert(system(command) == 0);
	for (size_t i = 0; i < sizeof(applets) / sizeof(*applets); i++) {
		CLEANUP(scope_free) char *name = memory_print("guest/bin/%s", applets[i]);

		ck_assert(symlink("busybox", sshd_path(name)) == 0);
	}
}

static void make_guest(void)
{
	CLEANUP(scope_free) char *enter = memory_print(
		"#!/bin/sh\nexec chroot %s/guest /bin/env -i HOME=/home/ubuntu PATH=/fake:/bin "
		"/bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n", sshd_folder);

	copy_programs();
	sshd_put("enter", enter, 0755);
	put("guest/fake/sudo", "#!/bin/sh\necho \"sudo $*\" >>/log\nexec \"$@\"\n", 0755);
	put("guest/fake/apt-get",
	    "#!/bin/sh\nverb=none\nfor word; do case $word in update|install|clean) verb=$word ;; esac; done\n"
	    "echo $DEBIAN_FRONTEND \"apt-get $*\" >>/log\n"
	    "n=$(($(cat /mind/$verb-count 2>/dev/null || echo 0) + 1))\necho $n >/mind/$verb-count\n"
	    "[ ! -e /mind/apt ] || . /mind/apt\necho \"$verb is done\"\n", 0755);
	put("guest/fake/dpkg", "#!/bin/sh\necho \"dpkg $*\" >>/log\n", 0755);
	put("guest/fake/cloud-init",
	    "#!/bin/sh\necho \"cloud-init $*\" >>/log\n[ $1 = clean ] || . /mind/cloud-init\n", 0755);
	put("guest/fake/fstrim", "#!/bin/sh\n. /mind/fstrim\n", 0755);
	put("guest/mind/cloud-init", "echo 'status: done'\n", 0644);
	put("guest/mind/fstrim", "echo '/: 1.2 GiB (1288490188 bytes) trimmed on /dev/sda1'\n", 0644);
	put("guest/dev/null", "", 0666);
	put("guest/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0444);
	put("guest/var/lib/dbus/machine-id", "0123456789abcdef0123456789abcdef\n", 0444);
	put("guest/etc/ssh/ssh_host_ed25519_key", "a host key\n", 0600);
	put("guest/etc/ssh/ssh_host_ed25519_key.pub", "a host key\n", 0644);
	put("guest/etc/ssh/sshd_config", "stays\n", 0644);
	put("guest/var/lib/apt/lists/a_list", "a list\n", 0644);
	put("guest/root/.bash_history", "secrets\n", 0600);
	put("guest/home/ubuntu/.bash_history", "secrets\n", 0600);
}

/* What lets us in, in the guest's own place, and as cloud-init gives it to root. */
static void authorize(void)
{
	CLEANUP(scope_free) char *user = memory_print(OLD_KEY "\n%s\n", ssh_pair_public(pair));
	CLEANUP(scope_free) char *root = memory_print(
		"no-pty,command=\"echo 'Please login as the user \\\"ubuntu\\\"'\" %s\n" OLD_KEY "\n",
		ssh_pair_public(pair));

	put("guest/home/ubuntu/.ssh/authorized_keys", user, 0600);
	put("guest/root/.ssh/authorized_keys", root, 0600);
}

static void start_guest(void)
{
	char options[1024];

	snprintf(options, sizeof(options), "ForceCommand %s/enter\nAuthorizedKeysFile "
					   "%s/guest/home/ubuntu/.ssh/authorized_keys\n",
		 sshd_folder, sshd_folder);
	sshd_start("127.0.0.1", options);
}

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	private = (struct secret)SECRET_INIT;
	packages = lines = (struct strvec)STRVEC_INIT;
	printed = (struct strbuf)STRBUF_INIT;
	helper = 0;
	ck_assert(ssh_pair_generate("vyom-build", &pair, &err) == 0);
	ck_assert(ssh_pair_private(pair, &private, &err) == 0);
	sshd_make();
	make_guest();
	authorize();
	job = (struct guest_job){
		.address = "127.0.0.1", .port = sshd_port, .user = "root", .key = pair,
		.packages = &packages, .run = &lines, .remove_key = ssh_pair_public(pair),
		.ssh_seconds = 3000, .apt_seconds = 6000, .time_scale = 0.01,
	};
}

static void tear_down(void)
{
	if (helper > 0) {
		/* no handler of check's may run in it */
		kill(helper, SIGKILL);
		waitpid(helper, NULL, 0);
	}
	sshd_remove();
	ssh_pair_free(&pair);
	secret_release(&private);
	strvec_release(&packages);
	strvec_release(&lines);
	strbuf_release(&printed);
}

static bool leaks(const char *text)
{
	for (const char *line = private.text; *line; line += strcspn(line, "\n") + 1) {
		char part[31] = "";

		strncpy(part, line, sizeof(part) - 1);
		if (*line != '-' && strcspn(line, "\n") > 30 && strstr(text, part))
			return true;
	}
	return false;
}

/* What a file of the guest holds; "" if it is not there; until the next call. */
static const char *in_guest(const char *name)
{
	static char text[64 << 10];
	CLEANUP(scope_free) char *path = memory_print("guest/%s", name);
	CLEANUP(scope_fclose) FILE *file = fopen(sshd_path(path), "r");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[len] = '\0';
	return text;
}

static bool is_in_guest(const char *name)
{
	CLEANUP(scope_free) char *path = memory_print("guest/%s", name);

	return access(sshd_path(path), F_OK) == 0;
}

/* guest_prepare(), whose output is in printed, without the key, and ends in why it failed. */
static int prepare(void)
{
	CLEANUP(scope_close) int output = open(sshd_path("output"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	CLEANUP(scope_close) int before = dup(STDOUT_FILENO);
	int result;

	fflush(stdout);
	dup2(output, STDOUT_FILENO);
	result = guest_prepare(&job, &err);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	ck_assert(file_read(sshd_path("output"), &printed) == 0);
	ck_assert(!leaks(printed.buf) && !leaks(err.text) && !leaks(in_guest("log")));
	if (result < 0) {
		size_t len = strlen(err.text);

		ck_assert_msg(printed.len > len && strncmp(printed.buf + printed.len - len - 1,
							   err.text, len) == 0,
			      "%s\ndoes not end in\n%s", printed.buf, err.text);
	}
	return result;
}

static void must_prepare(void)
{
	ck_assert_msg(prepare() == 0, "%s", printed.buf);
}

static void must_fail(const char *text)
{
	ck_assert_msg(prepare() == -1, "%s", printed.buf);
	ck_assert_msg(strstr(err.text, text), "%s\n%s", err.text, printed.buf);
}

static void must_say(const char *text)
{
	ck_assert_msg(strstr(printed.buf, text), "%s\nis not in\n%s", text, printed.buf);
}

static int count(const char *text, const char *part)
{
	int found = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		found++;
	}
	return found;
}

/* --- all goes well --- */

START_TEST(a_guest_is_prepared_in_order)
{
	static const char *const order[] = {
		"logged in at 127.0.0.1 as root; host key SHA256:", "waiting for cloud-init",
		"status: done", "apt-get update\n", "update is done", "apt-get install\n",
		"install is done", "run: echo ran; echo more >&2", "ran\nmore\n",
		"clean slate: cloud-init's state", "clean slate: machine-id",
		"clean slate: the user's authorised keys", "clean slate: SSH host keys", "trimming",
		"/: 1.2 GiB (1288490188 bytes) trimmed on /dev/sda1",
	};
	const char *place;

	strvec_pushl(&packages, "qemu-guest-agent", "htop", NULL);
	strvec_push(&lines, "echo ran; echo more >&2");
	start_guest();
	must_prepare();
	place = printed.buf;
	for (int i = 0; i < ROWS(order); i++) {
		place = strstr(place, order[i]);
		ck_assert_msg(place, "%s\nis not in its place in\n%s", order[i], printed.buf);
	}
}
END_TEST

START_TEST(apt_is_run_by_sudo_and_asks_nothing)
{
	strvec_pushl(&packages, "qemu-guest-agent", "htop", NULL);
	start_guest();
	must_prepare();
	ck_assert_ptr_nonnull(strstr(in_guest("log"), "sudo env DEBIAN_FRONTEND=noninteractive "
		"apt-get -q -y -o DPkg::Lock::Timeout=1 -o APT::Update::Error-Mode=any update\n"));
	ck_assert_ptr_nonnull(strstr(in_guest("log"), "noninteractive apt-get -q -y -o "
		"DPkg::Lock::Timeout=1 install --no-install-recommends qemu-guest-agent htop\n"));
}
END_TEST

START_TEST(the_slate_is_clean_afterwards)
{
	start_guest();
	must_prepare();
	ck_assert_ptr_nonnull(strstr(in_guest("log"), "cloud-init clean --logs --seed\n"));
	ck_assert_ptr_nonnull(strstr(in_guest("log"), "apt-get clean\n"));
	ck_assert(is_in_guest("etc/machine-id") && is_in_guest("var/lib/dbus/machine-id"));
	ck_assert_str_eq(in_guest("etc/machine-id"), "");
	ck_assert_str_eq(in_guest("var/lib/dbus/machine-id"), "");
	ck_assert(!is_in_guest("etc/ssh/ssh_host_ed25519_key"));
	ck_assert(!is_in_guest("etc/ssh/ssh_host_ed25519_key.pub"));
	ck_assert(is_in_guest("etc/ssh/sshd_config"));
	ck_assert(!is_in_guest("var/lib/apt/lists/a_list") && is_in_guest("var/lib/apt/lists"));
	ck_assert(!is_in_guest("root/.bash_history") && !is_in_guest("home/ubuntu/.bash_history"));
	/* without packages apt has nothing to do */
	ck_assert_ptr_null(strstr(in_guest("log"), "update"));
}
END_TEST

START_TEST(a_machine_id_that_is_a_link_is_left_one)
{
	unlink(sshd_path("guest/var/lib/dbus/machine-id"));
	ck_assert(symlink("/etc/machine-id", sshd_path("guest/var/lib/dbus/machine-id")) == 0);
	start_guest();
	must_prepare();
	ck_assert_str_eq(in_guest("etc/machine-id"), "");
}
END_TEST

START_TEST(only_the_temporary_key_goes)
{
	start_guest();
	must_prepare();
	ck_assert_str_eq(in_guest("home/ubuntu/.ssh/authorized_keys"), OLD_KEY "\n");
	ck_assert_str_eq(in_guest("root/.ssh/authorized_keys"), OLD_KEY "\n");
}
END_TEST

START_TEST(a_key_to_keep_is_there_once)
{
	CLEANUP(scope_free) char *user = memory_print("%s\n" KEEP "\n%s\n" KEEP "\n", KEEP,
						      ssh_pair_public(pair));

	job.keep_key = KEEP;
	put("guest/home/ubuntu/.ssh/authorized_keys", user, 0600);
	start_guest();
	must_prepare();
	ck_assert_str_eq(in_guest("home/ubuntu/.ssh/authorized_keys"), KEEP "\n");
}
END_TEST

START_TEST(the_key_we_came_with_may_be_the_one_to_keep)
{
	CLEANUP(scope_free) char *kept = memory_print(OLD_KEY "\n%s\n", ssh_pair_public(pair));

	job.keep_key = ssh_pair_public(pair);
	start_guest();
	must_prepare();
	ck_assert_str_eq(in_guest("home/ubuntu/.ssh/authorized_keys"), kept);
	ck_assert_ptr_nonnull(strstr(in_guest("root/.ssh/authorized_keys"), ssh_pair_public(pair)));
}
END_TEST

START_TEST(without_keys_named_none_is_touched)
{
	job.remove_key = NULL;
	start_guest();
	must_prepare();
	ck_assert_int_eq(count(in_guest("home/ubuntu/.ssh/authorized_keys"), "ssh-ed25519"), 2);
	ck_assert_int_eq(count(in_guest("root/.ssh/authorized_keys"), "ssh-ed25519"), 2);
}
END_TEST

/* --- files --- */

START_TEST(files_arrive_as_they_are_wherever_they_go)
{
	CLEANUP(scope_free) char *from = memory_copy(sshd_path("a file"));
	struct guest_file files[] = {
		{ .from = from, .to = "/etc/new folder/it's $HOME \"here\"" },
		{ .from = from, .to = "/usr/local/bin/tool", .mode = 0755 },
	};
	struct stat found;

	sshd_put("a file", "one\n'two' $three\nno newline", 0600);
	job.files = files;
	job.file_count = 2;
	strvec_push(&lines, "cat /usr/local/bin/tool");
	start_guest();
	must_prepare();
	ck_assert_str_eq(in_guest("etc/new folder/it's $HOME \"here\""), "one\n'two' $three\nno newline");
	ck_assert(stat(sshd_path("guest/etc/new folder/it's $HOME \"here\""), &found) == 0);
	ck_assert_int_eq(found.st_mode & 07777, 0644);
	ck_assert(stat(sshd_path("guest/usr/local/bin/tool"), &found) == 0);
	ck_assert_int_eq(found.st_mode & 07777, 0755);
	ck_assert(!is_in_guest("usr/local/bin/tool.vyom"));
	must_say("run: cat /usr/local/bin/tool\none\n");
}
END_TEST

START_TEST(a_file_that_cannot_be_sent_is_named)
{
	CLEANUP(scope_free) char *from = memory_copy(sshd_path("a file"));
	struct guest_file file = { .from = from, .to = "/mind" };

	job.files = &file;
	job.file_count = 1;
	start_guest();
	must_fail("a file: cannot be read: No such file");
	sshd_put("a file", "x", 0600);
	must_fail("/mind: exit status 1: mv:");
	ck_assert(truncate(from, (16 << 20) + 1) == 0);
	must_fail("a file: is larger than 16 MiB");
	chmod(from, 0666);
	must_fail("a file: can be written by everybody");
}
END_TEST

/* --- the login --- */

START_TEST(another_key_is_not_let_in)
{
	put("guest/home/ubuntu/.ssh/authorized_keys", OLD_KEY "\n", 0600);
	job.ssh_seconds = 150;
	start_guest();
	must_fail("no login at 127.0.0.1 within 1.5s: it does not accept the key for user root");
	ck_assert_int_eq(count(printed.buf, "waiting for SSH at 127.0.0.1: it does not accept"), 1);
	ck_assert_str_eq(in_guest("log"), "");
}
END_TEST

START_TEST(ssh_that_never_comes_up_is_told_once_and_given_up)
{
	job.ssh_seconds = 50;
	must_fail("no login at 127.0.0.1 within 0.5s: port ");
	ck_assert_ptr_nonnull(strstr(err.text, "Connection refused"));
	ck_assert_int_eq(count(printed.buf, "waiting for SSH"), 1);
}
END_TEST

/* Do something beside the test once the guest asks for it, and again each time. */
static void help(void (*act)(void))
{
	helper = fork();
	if (helper)
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (;;) {
		while (access(sshd_path("guest/mind/ask"), F_OK) < 0)
			sshd_pause();
		unlink(sshd_path("guest/mind/ask"));
		act();
	}
}

static void start_late(void)
{
	for (int i = 0; i < 60; i++)
		sshd_pause();
	start_guest();
	for (int i = 0; i < 60; i++)
		sshd_pause();
	authorize();
}

START_TEST(each_new_reason_for_waiting_is_told)
{
	put("guest/home/ubuntu/.ssh/authorized_keys", "", 0600);
	put("guest/mind/ask", "", 0600);
	help(start_late);
	must_prepare();
	must_say("Connection refused\n");
	must_say("waiting for SSH at 127.0.0.1: it does not accept the key");
	must_say("logged in at");
}
END_TEST

/* In the middle of apt-get install: ask, and wait to be cut off. */
#define ASK "[ $verb != install ] || [ $n -gt %d ] || { touch /mind/ask; sleep 20; }\n"

static void ask(int times)
{
	CLEANUP(scope_free) char *mind = memory_print(ASK, times);

	strvec_push(&packages, "htop");
	put("guest/mind/apt", mind, 0644);
}

START_TEST(a_connection_that_is_cut_is_made_again_and_all_is_repeated)
{
	ask(1);
	start_guest();
	help(sshd_cut);
	must_prepare();
	must_say("apt-get install: the connection was lost while it ran\nbeginning again\n");
	ck_assert_str_eq(in_guest("mind/install-count"), "2\n");
}
END_TEST

START_TEST(a_connection_that_is_cut_each_time_is_given_up)
{
	ask(9);
	start_guest();
	help(sshd_cut);
	must_fail("apt-get install: the connection was lost while it ran");
	ck_assert_str_eq(in_guest("mind/install-count"), "3\n");
	ck_assert(is_in_guest("etc/ssh/ssh_host_ed25519_key"));
}
END_TEST

static void become_another(void)
{
	/* stopped, so that it takes no new connection in between */
	kill(sshd_pid, SIGSTOP);
	sshd_cut();
	kill(sshd_pid, SIGKILL);
	sshd_new_host_key();
	while (sshd_answers("127.0.0.1"))
		sshd_pause();
	start_guest();
}

START_TEST(a_host_key_that_changes_midway_ends_it)
{
	ask(1);
	start_guest();
	help(become_another);
	must_fail("its host key is now SHA256:");
	ck_assert_int_eq(err.kind, ERROR_REFUSED);
	ck_assert_str_eq(in_guest("mind/install-count"), "1\n");
}
END_TEST

START_TEST(a_connection_that_is_cut_during_the_clean_slate_is_not_made_again)
{
	put("guest/mind/apt", "[ $verb != clean ] || { touch /mind/ask; sleep 20; }\n", 0644);
	start_guest();
	help(sshd_cut);
	must_fail("clean slate: apt's cache and lists: the connection was lost");
	ck_assert_int_eq(count(printed.buf, "beginning again"), 0);
}
END_TEST

/* --- cloud-init --- */

static const struct { const char *mind, *says; bool fails; } inits[] = {
	{ "sleep .2; echo ...; echo 'status: done'", "status: done\n", false },
	{ "echo 'status: degraded done'; exit 2", "remark: cloud-init met with something", false },
	{ "echo 'status: error'; echo 'detail: no datasource'; exit 1",
	  "cloud-init failed in the guest: exit status 1: detail: no datasource", true },
	{ "kill -TERM $$", "cloud-init failed in the guest: exit status 143", true },
};

START_TEST(cloud_init_is_waited_for_and_its_failure_is_told)
{
	put("guest/mind/cloud-init", inits[_i].mind, 0644);
	start_guest();
	ck_assert_int_eq(prepare(), inits[_i].fails ? -1 : 0);
	must_say(inits[_i].says);
	ck_assert_ptr_nonnull(strstr(in_guest("log"), "cloud-init status --wait --long\n"));
}
END_TEST

START_TEST(cloud_init_that_does_not_end_is_given_up)
{
	put("guest/mind/cloud-init", "sleep 20", 0644);
	job.apt_seconds = 100;
	start_guest();
	must_fail("cloud-init status --wait: did not end within 1.0s");
}
END_TEST

START_TEST(a_guest_without_cloud_init_is_none_the_worse)
{
	unlink(sshd_path("guest/fake/cloud-init"));
	start_guest();
	must_prepare();
	must_say("there is no cloud-init\n");
}
END_TEST

/* --- apt --- */

#define LOCKED "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 77 (unattended-upgr)"
#define FRONTEND "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"
#define OFFLINE "Err:1 http://deb.example trixie\n  Temporary failure resolving 'deb.example'\n" \
		"E: Failed to fetch http://deb.example/x  Temporary failure resolving 'deb.example'"

/* What apt says at first, and what is said of it while it is tried again. */
static const struct { const char *verb, *text; int status; const char *says; } hindrances[] = {
	{ "update", LOCKED, 100, "apt-get update: another program holds the lock; again in 0.0s\n" },
	{ "install", LOCKED, 100, "apt-get install: another program holds the lock" },
	{ "install", FRONTEND, 100, "apt-get install: another program holds the lock" },
	{ "update", OFFLINE, 100, "apt-get update: there is no name service yet" },
	{ "update", "W: Failed to fetch http://deb.example  Could not connect to deb.example:80\n"
	  "W: Some index files failed to download. They have been ignored, or old ones used instead.",
	  0, "apt-get update: the mirror does not answer" },
	{ "install", "E: dpkg was interrupted, you must manually run 'sudo dpkg --configure -a'", 100,
	  "apt-get install: dpkg was interrupted before" },
};

static void hinder(const char *verb, int times, const char *text, int status)
{
	CLEANUP(scope_free) char *mind = memory_print(
		"[ $verb != %s ] || [ $n -gt %d ] || { cat /mind/text; exit %d; }\n", verb, times, status);

	strvec_push(&packages, "htop");
	put("guest/mind/apt", mind, 0644);
	put("guest/mind/text", text, 0644);
}

START_TEST(what_passes_is_waited_for)
{
	hinder(hindrances[_i].verb, 2, hindrances[_i].text, hindrances[_i].status);
	start_guest();
	must_prepare();
	ck_assert_int_eq(count(printed.buf, hindrances[_i].says), 2);
	must_say("install is done");
	if (strstr(hindrances[_i].text, "interrupted"))
		ck_assert_int_eq(count(in_guest("log"), "dpkg --configure -a\n"), 4);
}
END_TEST

START_TEST(what_does_not_pass_ends_in_apts_own_words)
{
	hinder(hindrances[_i].verb, 9999, hindrances[_i].text, hindrances[_i].status);
	job.apt_seconds = 200;
	start_guest();
	ck_assert(prepare() == -1);
	must_say(hindrances[_i].says);
	ck_assert_msg(strstr(err.text, hindrances[_i].status ? ": E: " : ": W: Failed to fetch"),
		      "%s", err.text);
	ck_assert(is_in_guest("etc/ssh/ssh_host_ed25519_key"));
}
END_TEST

static const struct { const char *text, *says; } failures[] = {
	{ "Reading package lists...\nE: Unable to locate package htop\nE: and more",
	  "apt-get install: E: Unable to locate package htop" },
	{ "E: Sub-process /usr/bin/dpkg returned an error code (1)",
	  "apt-get install: E: Sub-process /usr/bin/dpkg returned an error code (1)" },
	{ "E: Failed to fetch http://x  404  Not Found", "404  Not Found" },
	{ "strange", "apt-get install: exit status 100: strange" },
	{ "", "apt-get install: exit status 100" },
};

START_TEST(a_failure_of_apt_is_not_tried_again)
{
	hinder("install", 9999, failures[_i].text, 100);
	start_guest();
	must_fail(failures[_i].says);
	ck_assert_str_eq(in_guest("mind/install-count"), "1\n");
}
END_TEST

START_TEST(apt_that_does_not_end_is_given_up)
{
	strvec_push(&packages, "htop");
	put("guest/mind/apt", "sleep 20", 0644);
	job.apt_seconds = 100;
	start_guest();
	must_fail("apt-get update: did not end within 1.0s");
}
END_TEST

/* --- lines to run, and trimming --- */

START_TEST(a_line_that_fails_ends_it_with_its_last_word)
{
	strvec_pushl(&lines, "echo first", "echo broken >&2; exit 7", "echo never", NULL);
	start_guest();
	must_fail("echo broken >&2; exit 7: exit status 7: broken");
	must_say("run: echo first\nfirst\n");
	ck_assert_ptr_null(strstr(printed.buf, "never"));
	ck_assert(is_in_guest("etc/ssh/ssh_host_ed25519_key"));
}
END_TEST

START_TEST(a_line_reaches_the_shell_as_it_was_written)
{
	strvec_push(&lines, "x='a  b'; for i in 1 2; do echo \"$x\" $i \\$i | tr a-z A-Z; done");
	start_guest();
	must_prepare();
	must_say("\nA  B 1 $I\nA  B 2 $I\n");
}
END_TEST

START_TEST(carriage_returns_end_lines)
{
	strvec_push(&lines, "printf '1 %%\\r2 %%\\r\\ndone\\n\\nlast'");
	start_guest();
	must_prepare();
	must_say("\n1 %\n2 %\ndone\n\nlast\n");
}
END_TEST

START_TEST(a_disk_that_cannot_be_trimmed_is_a_remark)
{
	put("guest/mind/fstrim", "echo 'fstrim: /: the discard operation is not supported' >&2; exit 64", 0644);
	start_guest();
	must_prepare();
	must_say("fstrim: /: the discard operation is not supported\nremark: not all could be trimmed");
}
END_TEST

static void add_cases(TCase *tcase)
{
	sshd_need();
	if (access(BUSYBOX, X_OK) < 0) {
		puts("1..0 # SKIP needs " BUSYBOX);
		exit(EXIT_SUCCESS);
	}
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_guest_is_prepared_in_order);
	tcase_add_test(tcase, apt_is_run_by_sudo_and_asks_nothing);
	tcase_add_test(tcase, the_slate_is_clean_afterwards);
	tcase_add_test(tcase, a_machine_id_that_is_a_link_is_left_one);
	tcase_add_test(tcase, only_the_temporary_key_goes);
	tcase_add_test(tcase, a_key_to_keep_is_there_once);
	tcase_add_test(tcase, the_key_we_came_with_may_be_the_one_to_keep);
	tcase_add_test(tcase, without_keys_named_none_is_touched);
	tcase_add_test(tcase, files_arrive_as_they_are_wherever_they_go);
	tcase_add_test(tcase, a_file_that_cannot_be_sent_is_named);
	tcase_add_test(tcase, another_key_is_not_let_in);
	tcase_add_test(tcase, ssh_that_never_comes_up_is_told_once_and_given_up);
	tcase_add_test(tcase, each_new_reason_for_waiting_is_told);
	tcase_add_test(tcase, a_connection_that_is_cut_is_made_again_and_all_is_repeated);
	tcase_add_test(tcase, a_connection_that_is_cut_each_time_is_given_up);
	tcase_add_test(tcase, a_host_key_that_changes_midway_ends_it);
	tcase_add_test(tcase, a_connection_that_is_cut_during_the_clean_slate_is_not_made_again);
	tcase_add_loop_test(tcase, cloud_init_is_waited_for_and_its_failure_is_told, 0, ROWS(inits));
	tcase_add_test(tcase, cloud_init_that_does_not_end_is_given_up);
	tcase_add_test(tcase, a_guest_without_cloud_init_is_none_the_worse);
	tcase_add_loop_test(tcase, what_passes_is_waited_for, 0, ROWS(hindrances));
	tcase_add_loop_test(tcase, what_does_not_pass_ends_in_apts_own_words, 0, ROWS(hindrances));
	tcase_add_loop_test(tcase, a_failure_of_apt_is_not_tried_again, 0, ROWS(failures));
	tcase_add_test(tcase, apt_that_does_not_end_is_given_up);
	tcase_add_test(tcase, a_line_that_fails_ends_it_with_its_last_word);
	tcase_add_test(tcase, a_line_reaches_the_shell_as_it_was_written);
	tcase_add_test(tcase, carriage_returns_end_lines);
	tcase_add_test(tcase, a_disk_that_cannot_be_trimmed_is_a_remark);
}

TEST_MAIN("guest", add_cases)
