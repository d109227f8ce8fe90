/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_measure COMMAND... - print how many milliseconds it took, and the KiB it held at most
 *
 * Its own stdout goes to /dev/null, its exit status is ours.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void execute(char **argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	double began = clock_ms();
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 2)
		return EXIT_FAILURE;
	pid = fork();
	if (pid == 0)
		execute(argv + 1);
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
		return EXIT_FAILURE;
	printf("%.3f %ld\n", clock_ms() - began, used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
