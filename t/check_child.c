/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/child.h"
#include "model/record.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "main.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	PATIENCE = 20,		/* s a test waits for what must happen */
};

static char folder[] = "/tmp/check_child.XXXXXX";
static char *output, *marker;
static struct error err;

/* --- the folder of a test --- */

static int remove_one(const char *name, const struct stat *found, int type, struct FTW *where)
{
	(void)found;
	(void)type;
	(void)where;
	return remove(name);
}

static void setup(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	output = memory_print("%s/output", folder);
	marker = memory_print("%s/marker", folder);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	/* with CK_FORK=no the next test goes on in this process */
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	free(output);
	free(marker);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static char *contents(const char *path)
{
	struct strbuf text = STRBUF_INIT;
	char chunk[4096];
	FILE *file = fopen(path, "r");
	size_t len;

	while (file && (len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		strbuf_add(&text, chunk, len);
	scope_fclose(&file);
	return strbuf_detach(&text);
}

/* --- short forms --- */

static void pause_shortly(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
}

/* Look every 2 ms until condition holds. */
#define wait_until(condition)								\
	do {										\
		time_t limit = time(NULL) + PATIENCE;					\
											\
		while (!(condition)) {							\
			ck_assert_msg(time(NULL) < limit, "never came: %s", #condition);	\
			pause_shortly();						\
		}									\
	} while (0)

static void prepare(struct child *child, const char *path, const char *script)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	strvec_pushl(&argv, "/bin/sh", "-c", script, NULL);
	ck_assert_msg(child_prepare(child, &argv, NULL, path, &err) == 0, "%s: %s", script, err.text);
}

static void release(struct child *child)
{
	ck_assert_msg(child_release(child, &err) == 0, "%s", err.text);
}

/* What script printed. */
static char *run(const char *script)
{
	struct child child = CHILD_INIT;

	prepare(&child, output, script);
	release(&child);
	wait_until(child_reap(&child));
	ck_assert_msg(child.status == 0, "%s: status %x", script, (unsigned)child.status);
	return contents(output);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* --- how it ends --- */

static const struct { const char *script; int status; const char *words; } endings[] = {
	{ "exit 0",		0,		"exit status 0" },
	{ "exit 3",		3 << 8,		"exit status 3" },
	{ "exit 255",		255 << 8,	"exit status 255" },
	{ "kill -TERM $$",	SIGTERM,	"killed by SIGTERM" },
	{ "kill -KILL $$",	SIGKILL,	"killed by SIGKILL" },
	{ "kill -40 $$",	40,		"killed by signal 40" },
};

START_TEST(a_child_says_how_it_ended)
{
	CLEANUP(strbuf_release) struct strbuf words = STRBUF_INIT;
	struct child child = CHILD_INIT;

	prepare(&child, output, endings[_i].script);
	ck_assert(!child_reap(&child) && !child.ended);
	release(&child);
	wait_until(child_reap(&child));
	ck_assert(child_reap(&child) && child.ended && child.gate == -1 && child.failure == -1);
	ck_assert_msg(child.status == endings[_i].status, "%s: status %x", endings[_i].script,
		      (unsigned)child.status);
	ck_assert_int_eq(child.exec_errno, 0);
	record_describe_status(child.status, &words);
	ck_assert_str_eq(words.buf, endings[_i].words);
}
END_TEST

START_TEST(an_ending_that_nobody_saw_is_unknown)
{
	CLEANUP(strbuf_release) struct strbuf words = STRBUF_INIT;
	struct child child = CHILD_INIT;

	prepare(&child, output, "exit 3");
	release(&child);
	ck_assert_int_eq(waitpid(child.pid, NULL, 0), child.pid);
	ck_assert(child_reap(&child));
	ck_assert_int_eq(child.status, -1);
	record_describe_status(child.status, &words);
	ck_assert_str_eq(words.buf, "ended in an unknown way");
}
END_TEST

static const struct { const char *program; int number; } unfit[] = {
	{ "/no/such/program",	ENOENT },
	{ "/etc/passwd",	EACCES },
	{ "/tmp",		EACCES },
};

START_TEST(a_program_that_cannot_be_executed_says_why)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	struct child child = CHILD_INIT;

	strvec_push(&argv, unfit[_i].program);
	ck_assert_int_eq(child_prepare(&child, &argv, NULL, output, &err), 0);
	release(&child);
	wait_until(child_reap(&child));
	ck_assert_msg(child.exec_errno == unfit[_i].number, "%s: %d", unfit[_i].program, child.exec_errno);
	ck_assert_int_eq(child.status, 127 << 8);
}
END_TEST

START_TEST(what_it_reads_is_in_no_file_and_nobodys_argv)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct child child = CHILD_INIT;

	strvec_pushl(&argv, "/bin/sh", "-c",
		     "read a; read b; echo $b-$a; cat; readlink /proc/self/fd/0", NULL);
	ck_assert_int_eq(child_prepare(&child, &argv, "one\ntwo\n", output, &err), 0);
	release(&child);
	wait_until(child_reap(&child));
	child_tail(output, 1000, &text);
	ck_assert_str_eq(text.buf, "two-one\n/memfd:input (deleted)\n");
	child_release_fds(&child);
}
END_TEST

/* --- what it starts with --- */

static const struct { const char *script, *printed; } settings[] = {
	{ "env | sort | grep -v -e ^PWD= -e ^OLDPWD= -e ^SHLVL= -e ^_=",
	  "HOME=/root\nLC_ALL=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n" },
	{ "tr '\\0' '\\n' < /proc/$$/environ | sort",
	  "HOME=/root\nLC_ALL=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n" },
	{ "readlink /proc/self/fd/0",			"/dev/null\n" },
	{ "ls /proc/$$/fd; :",				"0\n1\n2\n" },
	{ "cut -d' ' -f1,5,6 /proc/$$/stat | tr -d '\\n'; echo; echo $$ $$ $$",	NULL },
	/* of SigIgn 1 to 28: 32 and 33 are the C library's own, nobody can set them back */
	{ "exec sed -n '/SigBlk/p; s/^SigIgn:.*\\(.\\{7\\}\\)$/\\1/p' /proc/self/status",
	  "SigBlk:\t0000000000000000\n0000000\n" },
	{ "echo out; echo err >&2",			"out\nerr\n" },
};

static void note_signal(int number)
{
	(void)number;
}

START_TEST(a_child_starts_with_nothing_of_ours)
{
	CLEANUP(scope_free) char *printed = NULL;
	struct sigaction handler = { .sa_handler = note_signal };
	sigset_t some;

	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGHUP, &handler, NULL);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGCHLD);
	sigprocmask(SIG_BLOCK, &some, NULL);
	setenv("VYOM_SECRET", "1", 1);
	/* without O_CLOEXEC, and far up */
	ck_assert_int_eq(dup2(STDERR_FILENO, 200), 200);

	printed = run(settings[_i].script);
	if (settings[_i].printed) {
		ck_assert_msg(strcmp(printed, settings[_i].printed) == 0, "%s: %s", settings[_i].script, printed);
	} else {
		/* its process group and its session are its own: both lines are the same */
		char *second = strchr(printed, '\n') + 1;

		ck_assert_msg(strncmp(printed, second, strlen(second)) == 0, "%s", printed);
	}
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	unsetenv("VYOM_SECRET");
	close(200);
}
END_TEST

START_TEST(our_own_signals_stay_as_they_were)
{
	struct child child = CHILD_INIT;
	sigset_t before, after;

	sigprocmask(SIG_SETMASK, NULL, &before);
	prepare(&child, output, "exit 0");
	release(&child);
	wait_until(child_reap(&child));
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int number = 1; number < NSIG; number++)
		ck_assert_msg(sigismember(&before, number) == sigismember(&after, number), "signal %d",
			      number);
}
END_TEST

START_TEST(a_child_can_be_made_with_the_standard_descriptors_closed)
{
	CLEANUP(scope_free) char *printed = NULL;
	int saved[3];

	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		close(fd);
	}
	printed = run("readlink /proc/self/fd/0; echo out; echo err >&2; ls /proc/$$/fd; :");
	for (int fd = 0; fd < 3; fd++) {
		if (saved[fd] >= 0)
			dup2(saved[fd], fd);
		scope_close(&saved[fd]);
	}
	ck_assert_str_eq(printed, "/dev/null\nout\nerr\n0\n1\n2\n");
}
END_TEST

/* --- its output --- */

START_TEST(the_output_file_is_new_and_its_owners_alone)
{
	struct child child = CHILD_INIT;
	mode_t before = umask(_i ? 0777 : 0);
	struct stat found;

	prepare(&child, output, "exit 0");
	umask(before);
	ck_assert_int_eq(stat(output, &found), 0);
	ck_assert_int_eq(found.st_mode & 07777, 0600);
	release(&child);
	wait_until(child_reap(&child));
}
END_TEST

static void make_file(void)
{
	FILE *file = fopen(output, "w");

	fputs("an earlier step", file);
	fclose(file);
}

static void make_symlink(void)
{
	ck_assert_int_eq(symlink(marker, output), 0);
}

static void make_no_folder(void)
{
	free(output);
	output = memory_print("%s/no/such/output", folder);
}

static const struct { void (*make)(void); const char *words; } in_the_way[] = {
	{ make_file,		"is there already" },
	{ make_symlink,		"is there already" },
	{ make_no_folder,	"No such file or directory" },
};

START_TEST(an_output_file_that_cannot_be_new_is_refused)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	struct child child = CHILD_INIT;

	in_the_way[_i].make();
	strvec_pushl(&argv, "/bin/sh", "-c", "echo lost", NULL);
	ck_assert_int_eq(child_prepare(&child, &argv, NULL, output, &err), -1);
	ck_assert_msg(strstr(err.text, output) && strstr(err.text, in_the_way[_i].words), "%s", err.text);
	ck_assert(child.pid == 0 && child.gate == -1 && child.failure == -1);
	ck_assert(!exists(marker));
	if (_i == 0) {
		CLEANUP(scope_free) char *kept = contents(output);

		ck_assert_str_eq(kept, "an earlier step");
	}
}
END_TEST

START_TEST(two_hundred_kilobytes_of_output_are_kept)
{
	CLEANUP(scope_free) char *printed = run("i=0; while [ $i -lt 2000 ]; do printf '%099d\\n' $i; i=$((i+1)); done");

	ck_assert_uint_eq(strlen(printed), 200000);
	ck_assert_ptr_nonnull(strstr(printed, "01999\n"));
}
END_TEST

/* --- between prepare and release --- */

START_TEST(a_child_that_was_not_released_does_not_run)
{
	CLEANUP(scope_free) char *script = memory_print("touch %s", marker);
	struct child child = CHILD_INIT;

	prepare(&child, output, script);
	ck_assert(child.pid > 0 && child.start > 0 && child_is_alive(child.pid, child.start));
	child_release_fds(&child);
	wait_until(child_reap(&child));
	ck_assert(!exists(marker) && child.exec_errno == 0 && child.status != 0);
	child_release_fds(&child);
}
END_TEST

START_TEST(a_child_that_was_killed_as_it_waited_cannot_be_released)
{
	struct child child = CHILD_INIT;

	prepare(&child, output, "exit 0");
	kill(child.pid, SIGKILL);
	wait_until(!child_is_alive(child.pid, child.start));
	ck_assert_int_eq(child_release(&child, &err), -1);
	ck_assert_msg(strstr(err.text, "cannot be let go"), "%s", err.text);
	wait_until(child_reap(&child));
	ck_assert_int_eq(child.status, SIGKILL);
}
END_TEST

START_TEST(each_of_several_children_is_released_by_itself)
{
	struct child children[4];
	char *outputs[4];

	for (int i = 0; i < 4; i++) {
		children[i] = (struct child)CHILD_INIT;
		outputs[i] = memory_print("%s-%d", output, i);
		prepare(&children[i], outputs[i], "echo ran");
	}
	/* the first, whose gate all later ones could have inherited, leaves when it is let down */
	child_release_fds(&children[0]);
	wait_until(child_reap(&children[0]));
	for (int i = 3; i > 0; i--) {
		ck_assert(!child_reap(&children[i]));
		release(&children[i]);
		wait_until(child_reap(&children[i]));
	}
	for (int i = 0; i < 4; i++) {
		CLEANUP(scope_free) char *printed = contents(outputs[i]);

		ck_assert_msg(strcmp(printed, i ? "ran\n" : "") == 0, "%d: %s", i, printed);
		free(outputs[i]);
	}
}
END_TEST

/*
 * A process that makes children as vyom would, tells of the last, and is
 * killed.  Orphans come to this process, so that it sees them end.
 */
static struct child kill_the_parent(int count, bool released, const char *script)
{
	struct child child;
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < count; i++) {
			CLEANUP(scope_free) char *path = memory_print("%s-%d", output, i);

			prepare(&child, path, script);
		}
		if (released)
			release(&child);
		if (write(fds[1], &child, sizeof(child)) == sizeof(child))
			pause();
		_exit(1);
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &child, sizeof(child)), sizeof(child));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
	return child;
}

START_TEST(children_whose_parent_is_killed_before_release_never_run)
{
	CLEANUP(scope_free) char *script = memory_print("touch %s", marker);
	int ended = 0;

	kill_the_parent(3, false, script);
	wait_until(waitpid(-1, NULL, WNOHANG) > 0 && ++ended == 3);
	ck_assert(!exists(marker));
}
END_TEST

START_TEST(a_released_child_outlives_its_parent_and_goes_on_writing)
{
	CLEANUP(scope_free) char *path = memory_print("%s-0", output);
	CLEANUP(scope_free) char *script =
		memory_print("echo first; while [ ! -e %s ]; do sleep 0.01; done; echo last", marker);
	CLEANUP(scope_free) char *printed = NULL;
	struct child child = kill_the_parent(1, true, script);
	FILE *file;

	ck_assert(child_is_alive(child.pid, child.start));
	file = fopen(marker, "w");
	fclose(file);
	wait_until(!child_is_alive(child.pid, child.start));
	waitpid(child.pid, NULL, 0);
	printed = contents(path);
	ck_assert_str_eq(printed, "first\nlast\n");
}
END_TEST

/* --- work of ours in the program's place --- */

static void prepare_work(struct child *child, const char *path, int (*function)(void *),
			 void *context)
{
	const struct child_work work = { .run = function, .context = context };

	ck_assert_msg(child_prepare_work(child, &work, path, &err) == 0, "%s", err.text);
}

static int say_number(void *context)
{
	printf("number %d\n", *(int *)context);
	fprintf(stderr, "and more\n");
	return 7;
}

START_TEST(work_runs_once_it_is_released_and_what_it_returns_is_its_status)
{
	CLEANUP(scope_free) char *printed = NULL;
	struct child child = CHILD_INIT;
	int number = 42;

	prepare_work(&child, output, say_number, &number);
	pause_shortly();
	ck_assert(!child_reap(&child));
	/* it has our memory as it was when it was made */
	number = 43;
	release(&child);
	wait_until(child_reap(&child));
	ck_assert_int_eq(child.status, 7 << 8);
	ck_assert_int_eq(child.exec_errno, 0);
	printed = contents(output);
	ck_assert_msg(strstr(printed, "number 42\n") && strstr(printed, "and more\n"), "%s", printed);
}
END_TEST

static void at_our_end(void)
{
	FILE *file = fopen(marker, "w");

	scope_fclose(&file);
}

static int do_nothing(void *context)
{
	(void)context;
	return 0;
}

/* In a process of its own, whose stdout holds a line still and which has something to do at its end. */
START_TEST(what_we_have_printed_and_do_at_our_end_is_not_the_works)
{
	CLEANUP(scope_free) char *path = memory_print("%s-ours", output);
	CLEANUP(scope_free) char *ours = NULL, *theirs = NULL;
	pid_t pid = fork();

	if (pid == 0) {
		struct child child = CHILD_INIT;

		atexit(at_our_end);
		if (!freopen(path, "w", stdout) || setvbuf(stdout, NULL, _IOFBF, 4096))
			_exit(1);
		printf("once\n");
		prepare_work(&child, output, do_nothing, NULL);
		release(&child);
		wait_until(child_reap(&child));
		fflush(stdout);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ours = contents(path);
	theirs = contents(output);
	ck_assert_str_eq(ours, "once\n");
	ck_assert_str_eq(theirs, "");
	ck_assert(!exists(marker));
}
END_TEST

static int tell_what_it_has(void *context)
{
	struct sigaction action;
	sigset_t blocked;
	char target[100] = "";

	(void)context;
	for (int fd = 0; fd < 300; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd %d\n", fd);
	if (readlink("/proc/self/fd/0", target, sizeof(target) - 1) > 0)
		printf("stdin %s\n", target);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int number = 1; number < 32; number++) {
		if (sigismember(&blocked, number))
			printf("blocked %d\n", number);
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			printf("signal %d %s\n", number,
			       action.sa_handler == SIG_IGN ? "ignored" : "handled");
	}
	printf("session %s\n", getsid(0) == getpid() ? "its own" : "ours");
	return 0;
}

/* The journal, the run lock, sockets: whatever is open here is not there. */
START_TEST(work_has_no_descriptor_and_no_signal_of_ours)
{
	CLEANUP(scope_free) char *printed = NULL, *wanted = NULL;
	struct sigaction handler = { .sa_handler = note_signal };
	struct child child = CHILD_INIT, other = CHILD_INIT;
	CLEANUP(scope_free) char *second = memory_print("%s-2", output);
	sigset_t some;

	sigaction(SIGHUP, &handler, NULL);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	ck_assert_int_eq(dup2(STDERR_FILENO, 200), 200);
	prepare_work(&other, second, do_nothing, NULL);
	prepare_work(&child, output, tell_what_it_has, NULL);
	release(&child);
	wait_until(child_reap(&child));
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	close(200);
	child_release_fds(&other);
	wait_until(child_reap(&other));
	printed = contents(output);
	wanted = memory_print("fd 0\nfd 1\nfd 2\nstdin /dev/null\nsignal %d ignored\nsession its own\n",
			      SIGPIPE);
	ck_assert_str_eq(printed, wanted);
}
END_TEST

/* A lock of ours by fcntl(2), as SQLite's are, is held still when a child has closed its copy. */
START_TEST(a_lock_of_ours_is_ours_alone)
{
	CLEANUP(scope_close) int fd = open(marker, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct child child = CHILD_INIT;
	int status;
	pid_t pid;

	ck_assert_int_eq(fcntl(fd, F_SETLK, &lock), 0);
	prepare_work(&child, output, do_nothing, NULL);
	release(&child);
	wait_until(child_reap(&child));
	pid = fork();
	if (pid == 0)
		_exit(fcntl(fd, F_SETLK, &lock) == 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static int mark(void *context)
{
	(void)context;
	at_our_end();
	return 0;
}

START_TEST(work_that_is_not_released_does_not_run)
{
	struct child child = CHILD_INIT;

	prepare_work(&child, output, mark, NULL);
	child_release_fds(&child);
	wait_until(child_reap(&child));
	ck_assert_int_eq(child.status, 126 << 8);
	ck_assert(!exists(marker));
}
END_TEST

/* --- which process is it --- */

START_TEST(a_process_is_told_from_a_zombie_and_from_a_later_one)
{
	struct child child = CHILD_INIT;

	prepare(&child, output, "exit 0");
	ck_assert(child_is_alive(child.pid, child.start));
	ck_assert(!child_is_alive(child.pid, child.start + 1));
	ck_assert(!child_is_alive(child.pid, 0));
	ck_assert_uint_eq(child_start_time(child.pid), child.start);
	release(&child);
	/* a zombie still has its start time */
	wait_until(!child_is_alive(child.pid, child.start));
	ck_assert_uint_eq(child_start_time(child.pid), child.start);
	wait_until(child_reap(&child));
	ck_assert_uint_eq(child_start_time(child.pid), 0);
	ck_assert(!child_is_alive(child.pid, child.start));
	ck_assert(!child_is_alive(0, 1) && !child_is_alive(-1, 1) && child_start_time(0) == 0);
}
END_TEST

START_TEST(a_process_may_have_any_name)
{
	static const char *const names[] = { "a b", "a) R 1 2", "((", ") Z (", "\n" };
	uint64_t start = child_start_time(getpid());

	ck_assert_uint_gt(start, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		prctl(PR_SET_NAME, names[i]);
		ck_assert_msg(child_start_time(getpid()) == start, "name \"%s\"", names[i]);
		ck_assert_msg(child_is_alive(getpid(), start), "name \"%s\"", names[i]);
	}
}
END_TEST

/* --- the last lines --- */

static const struct { const char *text; size_t max; const char *tail; } tails[] = {
	{ "",				10,	"" },
	{ "one\ntwo\n",			100,	"one\ntwo\n" },
	{ "one\ntwo\n",			8,	"one\ntwo\n" },
	{ "one\ntwo\n",			7,	"two\n" },
	{ "one\ntwo\n",			5,	"two\n" },
	{ "one\ntwo\n",			4,	"two\n" },
	{ "one\ntwo\n",			3,	"wo\n" },
	{ "one\ntwo",			5,	"two" },
	{ "\n\none\n",			5,	"\none\n" },
	{ "10%\r20%\r30%",		100,	"10%\n20%\n30%" },
	{ "10%\r20%\r30%",		6,	"30%" },
	{ "one\r\ntwo\r\n",		100,	"one\ntwo\n" },
	{ "one\r\ntwo\r\n",		6,	"two\n" },
	{ "one\r\ntwo\r\n",		5,	"two\n" },
	{ "aaaaaaaaaa",			4,	"aaaa" },
	{ "aaaaäöü",			5,	"öü" },
	{ "aaaaäöü",			6,	"äöü" },
	{ "aaaa€",			2,	"" },
	{ "one\ntwo\n",			0,	"" },
};

START_TEST(a_tail_is_whole_lines)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	FILE *file = fopen(output, "w");

	fputs(tails[_i].text, file);
	fclose(file);
	strbuf_adds(&text, "before|");
	child_tail(output, tails[_i].max, &text);
	ck_assert_msg(strcmp(text.buf + 7, tails[_i].tail) == 0, "row %d: \"%s\", %zu: \"%s\"", _i,
		      tails[_i].text, tails[_i].max, text.buf);
}
END_TEST

START_TEST(a_tail_of_no_file_is_empty_and_holds_no_nul)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	FILE *file;

	child_tail(output, 100, &text);
	ck_assert_int_eq(mkfifo(output, 0600), 0);
	child_tail(output, 100, &text);
	child_tail(folder, 100, &text);
	ck_assert_uint_eq(text.len, 0);
	file = fopen(marker, "w");
	fwrite("a\0b\n", 1, 4, file);
	fclose(file);
	child_tail(marker, 100, &text);
	ck_assert_str_eq(text.buf, "ab\n");
	ck_assert_uint_eq(text.len, 3);
}
END_TEST

/* --- programs that only read --- */

static int read_script(const char *script, unsigned seconds, struct strbuf *out)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	strvec_pushl(&argv, "/bin/sh", "-c", script, NULL);
	return child_read(&argv, seconds, out, &err);
}

START_TEST(what_a_program_prints_is_read)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	strbuf_adds(&out, "before ");
	ck_assert_msg(read_script("echo hello; echo lost >&2", 10, &out) == 0, "%s", err.text);
	ck_assert_str_eq(out.buf, "before hello\n");
}
END_TEST

START_TEST(much_on_both_pipes_at_once_is_read)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	static const char script[] = "head -c 300000 /dev/zero | tr '\\0' e >&2; head -c 200000 /dev/zero | tr '\\0' o";

	ck_assert_msg(read_script(script, 20, &out) == 0, "%s", err.text);
	ck_assert_uint_eq(out.len, 200000);
	ck_assert_uint_eq(strspn(out.buf, "o"), 200000);
}
END_TEST

static const struct { const char *script, *words; } failures[] = {
	{ "exit 5",						"/bin/sh: exit status 5" },
	{ "echo out; echo 'no VG pve' >&2; echo more >&2; exit 5", "/bin/sh: exit status 5: no VG pve" },
	{ "kill -TERM $$",					"/bin/sh: killed by SIGTERM" },
};

START_TEST(a_program_that_fails_is_quoted_with_its_first_complaint)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	ck_assert_int_eq(read_script(failures[_i].script, 10, &out), -1);
	ck_assert_str_eq(err.text, failures[_i].words);
	ck_assert_int_eq(err.kind, ERROR_COMMAND);
}
END_TEST

START_TEST(a_program_that_is_missing_cannot_be_read)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	strvec_push(&argv, "/no/such/lvs");
	ck_assert_int_eq(child_read(&argv, 10, &out, &err), -1);
	ck_assert_str_eq(err.text, "/no/such/lvs: cannot be run: No such file or directory");
}
END_TEST

static const struct { const char *script; double least, most; } slow[] = {
	{ "echo some; exec sleep 60",			0.9,	2.5 },
	{ "trap 'echo late; exit 0' TERM; while :; do sleep 0.05; done",	0.9,	2.5 },
	{ "trap '' TERM; while :; do sleep 0.05; done",	2.9,	5 },
	{ "exec >&- 2>&-; exec sleep 60",		0.9,	2.5 },
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

START_TEST(a_program_that_does_not_end_is_ended)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	double begin = now(), took;

	ck_assert_int_eq(read_script(slow[_i].script, 1, &out), -1);
	took = now() - begin;
	ck_assert_str_eq(err.text, "/bin/sh: did not end within 1 s and was stopped");
	/* the upper end only tells TERM from KILL, and a busy machine from none */
	ck_assert_msg(took >= slow[_i].least && took < slow[_i].most + PATIENCE, "%s: %.1f s",
		      slow[_i].script, took);
	ck_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}
END_TEST

START_TEST(a_daemon_that_holds_the_pipe_is_not_waited_for)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	double begin = now();
	pid_t daemon_pid;

	ck_assert_msg(read_script("sleep 60 & echo $!", 30, &out) == 0, "%s", err.text);
	ck_assert(now() - begin < 20);
	daemon_pid = (pid_t)atoi(out.buf);
	ck_assert(daemon_pid > 1 && kill(daemon_pid, SIGKILL) == 0);
}
END_TEST

START_TEST(a_program_that_prints_without_end_is_ended)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	ck_assert_int_eq(read_script("exec cat /dev/zero", 50, &out), -1);
	ck_assert_str_eq(err.text, "/bin/sh: printed more than 64 MiB and was stopped");
	ck_assert_uint_le(out.len, 64 << 20);
}
END_TEST

static size_t count_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 300; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(no_descriptor_is_left_over)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	CLEANUP(scope_free) char *printed = NULL;
	struct child child = CHILD_INIT;
	size_t before = count_descriptors();

	printed = run("echo");
	strvec_push(&argv, "/bin/true");
	ck_assert_int_eq(child_prepare(&child, &argv, NULL, output, &err), -1);
	ck_assert_int_eq(read_script("exit 0", 10, &out), 0);
	ck_assert_int_eq(read_script("exit 1", 10, &out), -1);
	ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

/* Let this process open only so many more; gives back what the limit was. */
static struct rlimit allow_descriptors(int more)
{
	struct rlimit before, few;
	int lowest = open("/dev/null", O_RDONLY);

	ck_assert(lowest >= 0 && close(lowest) == 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)(lowest + more);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	return before;
}

/* Six are needed: /dev/null and an output file, which can be had here, and two pairs. */
START_TEST(a_child_that_cannot_be_made_leaves_nothing)
{
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;
	struct child child = CHILD_INIT;
	size_t before = count_descriptors();
	struct rlimit limit = allow_descriptors(_i);
	int result;

	strvec_pushl(&argv, "/bin/sh", "-c", "exit 0", NULL);
	result = child_prepare(&child, &argv, NULL, output, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(result, -1);
	ck_assert_msg(strstr(err.text, "Too many open files"), "%s", err.text);
	ck_assert(access(output, F_OK) < 0 && child.pid == 0);
	ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

/* Nine are needed: two pipes, /dev/null, and two pairs. */
START_TEST(a_program_that_cannot_be_started_leaves_nothing)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	size_t before = count_descriptors();
	struct rlimit limit = allow_descriptors(_i);
	int result = read_script("exit 0", 10, &out);

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(result, -1);
	ck_assert_str_eq(err.text, "/bin/sh: no process could be made for it: Too many open files");
	ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, a_child_says_how_it_ended, 0, ROWS(endings));
	tcase_add_test(tcase, an_ending_that_nobody_saw_is_unknown);
	tcase_add_test(tcase, what_it_reads_is_in_no_file_and_nobodys_argv);
	tcase_add_loop_test(tcase, a_program_that_cannot_be_executed_says_why, 0, ROWS(unfit));
	tcase_add_loop_test(tcase, a_child_starts_with_nothing_of_ours, 0, ROWS(settings));
	tcase_add_test(tcase, our_own_signals_stay_as_they_were);
	tcase_add_test(tcase, a_child_can_be_made_with_the_standard_descriptors_closed);
	tcase_add_loop_test(tcase, the_output_file_is_new_and_its_owners_alone, 0, 2);
	tcase_add_loop_test(tcase, an_output_file_that_cannot_be_new_is_refused, 0, ROWS(in_the_way));
	tcase_add_test(tcase, two_hundred_kilobytes_of_output_are_kept);
	tcase_add_test(tcase, a_child_that_was_not_released_does_not_run);
	tcase_add_test(tcase, a_child_that_was_killed_as_it_waited_cannot_be_released);
	tcase_add_test(tcase, each_of_several_children_is_released_by_itself);
	tcase_add_test(tcase, children_whose_parent_is_killed_before_release_never_run);
	tcase_add_test(tcase, a_released_child_outlives_its_parent_and_goes_on_writing);
	tcase_add_test(tcase, work_runs_once_it_is_released_and_what_it_returns_is_its_status);
	tcase_add_test(tcase, what_we_have_printed_and_do_at_our_end_is_not_the_works);
	tcase_add_test(tcase, work_has_no_descriptor_and_no_signal_of_ours);
	tcase_add_test(tcase, a_lock_of_ours_is_ours_alone);
	tcase_add_test(tcase, work_that_is_not_released_does_not_run);
	tcase_add_test(tcase, a_process_is_told_from_a_zombie_and_from_a_later_one);
	tcase_add_test(tcase, a_process_may_have_any_name);
	tcase_add_loop_test(tcase, a_tail_is_whole_lines, 0, ROWS(tails));
	tcase_add_test(tcase, a_tail_of_no_file_is_empty_and_holds_no_nul);
	tcase_add_test(tcase, what_a_program_prints_is_read);
	tcase_add_test(tcase, much_on_both_pipes_at_once_is_read);
	tcase_add_loop_test(tcase, a_program_that_fails_is_quoted_with_its_first_complaint, 0, ROWS(failures));
	tcase_add_test(tcase, a_program_that_is_missing_cannot_be_read);
	tcase_add_loop_test(tcase, a_program_that_does_not_end_is_ended, 0, ROWS(slow));
	tcase_add_test(tcase, a_daemon_that_holds_the_pipe_is_not_waited_for);
	tcase_add_test(tcase, a_program_that_prints_without_end_is_ended);
	tcase_add_test(tcase, no_descriptor_is_left_over);
	tcase_add_loop_test(tcase, a_child_that_cannot_be_made_leaves_nothing, 2, 6);
	tcase_add_loop_test(tcase, a_program_that_cannot_be_started_leaves_nothing, 0, 9);
}

TEST_MAIN("child", add_cases)
