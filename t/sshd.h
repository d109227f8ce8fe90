/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sshd.h - an sshd of a test's own, on a loopback port, that lets root in by a key
 *
 *	static void set_up(void)
 *	{
 *		sshd_make();
 *		sshd_allow(ssh_pair_public(pair));
 *		sshd_start("127.0.0.1", "");
 *	}
 *
 *	tcase_add_checked_fixture(tcase, set_up, sshd_remove);
 *
 * It lies in a folder of its own, and dies with the test.
 */
#ifndef TEST_SSHD_H
#define TEST_SSHD_H

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"
#define SSHD_FOLDER "/run/sshd"

static char sshd_folder[64];
static unsigned sshd_port;
static pid_t sshd_pid;
static bool sshd_folder_made;

/* Ends the program as TAP wants it where there is no sshd, or this is not root. */
static inline void sshd_need(void)
{
	if (geteuid() == 0 && access(SSHD, X_OK) == 0)
		return;
	puts("1..0 # SKIP needs root and " SSHD);
	exit(EXIT_SUCCESS);
}

static inline void sshd_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL);
}

/* name in the folder; until the next call but one. */
static inline const char *sshd_path(const char *name)
{
	static char paths[2][PATH_MAX];
	static int next;
	char *path = paths[next++ % 2];

	snprintf(path, PATH_MAX, "%s/%s", sshd_folder, name);
	return path;
}

static inline void sshd_put(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(sshd_path(name), "w");

	ck_assert_msg(file, "%s", sshd_path(name));
	fputs(text, file);
	fchmod(fileno(file), mode);
	fclose(file);
}

static inline void sshd_new_host_key(void)
{
	pid_t pid;
	int status;

	unlink(sshd_path("host_key"));
	pid = fork();
	if (pid == 0) {
		execl("/usr/bin/ssh-keygen", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
		      sshd_path("host_key"), NULL);
		_exit(127);
	}
	ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
}

static inline void sshd_make(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t len = sizeof(own);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	snprintf(sshd_folder, sizeof(sshd_folder), "/tmp/sshd.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(sshd_folder));
	/* a port that was free a moment ago */
	ck_assert(bind(fd, (struct sockaddr *)&own, len) == 0);
	ck_assert(getsockname(fd, (struct sockaddr *)&own, &len) == 0);
	sshd_port = ntohs(own.sin_port);
	close(fd);
	sshd_folder_made = mkdir(SSHD_FOLDER, 0755) == 0;
	sshd_put("authorized_keys", "", 0600);
	sshd_new_host_key();
}

static inline void sshd_allow(const char *line)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s\n", line);
	sshd_put("authorized_keys", text, 0600);
}

static inline bool sshd_answers(const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)sshd_port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
	bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0), result;

	inet_pton(AF_INET, address, &v4.sin_addr);
	result = is_v6 ? connect(fd, (struct sockaddr *)&v6, sizeof(v6)) :
		 connect(fd, (struct sockaddr *)&v4, sizeof(v4));
	close(fd);
	return result == 0;
}

/* options are lines of sshd_config(5), which come first and so win.  No .bashrc is read. */
static inline void sshd_start(const char *address, const char *options)
{
	char config[4096];
	time_t limit = time(NULL) + 20;

	snprintf(config, sizeof(config),
		 "%sPort %u\nListenAddress %s\nHostKey %s/host_key\nAuthorizedKeysFile %s/authorized_keys\n"
		 "PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n"
		 "PasswordAuthentication no\nMaxStartups 100\nPrintMotd no\nPrintLastLog no\nSetEnv HOME=%s\n",
		 options, sshd_port, address, sshd_folder, sshd_folder, sshd_folder);
	sshd_put("sshd_config", config, 0600);
	sshd_pid = fork();
	if (sshd_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(SSHD, SSHD, "-D", "-f", sshd_path("sshd_config"), "-E", "/dev/null", NULL);
		_exit(127);
	}
	while (!sshd_answers(address)) {
		ck_assert_msg(time(NULL) < limit && waitpid(sshd_pid, NULL, WNOHANG) == 0,
			      "sshd does not start");
		sshd_pause();
	}
}

/*
 * In its place: a server that takes one connection, says text (or nothing), and closes it or
 * stays.  The caller kills and waits for it.
 */
static inline pid_t sshd_sham(const char *address, const char *text, bool stay)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons((uint16_t)sshd_port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	pid_t pid;

	inet_pton(AF_INET, address, &own.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 && listen(fd, 5) == 0);
	pid = fork();
	if (pid == 0) {
		int peer = accept(fd, NULL, NULL);

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (write(peer, text, strlen(text)) < 0 || stay)
			pause();
		_exit(0);
	}
	close(fd);
	return pid;
}

/* Every connection that there is ends, as when the machine died. */
static inline void sshd_cut(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	while ((entry = readdir(processes))) {
		char path[PATH_MAX];
		int parent = 0;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) == 1 && parent == sshd_pid)
			kill((pid_t)atoi(entry->d_name), SIGKILL);
		fclose(file);
	}
	closedir(processes);
}

static inline void sshd_stop(void)
{
	if (sshd_pid <= 0)
		return;
	kill(sshd_pid, SIGTERM);
	waitpid(sshd_pid, NULL, 0);
	sshd_pid = 0;
}

static inline int sshd_remove_one(const char *path, const struct stat *status, int flag,
				  struct FTW *ftw)
{
	(void)status, (void)flag, (void)ftw;
	return remove(path);
}

static inline void sshd_remove(void)
{
	sshd_stop();
	nftw(sshd_folder, sshd_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (sshd_folder_made)
		rmdir(SSHD_FOLDER);
	sshd_folder_made = false;
}

#endif
