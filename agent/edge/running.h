/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * running.h - does a VM run?  As qm itself tells it (pve-facts 4.15)
 *
 * Its pid file names a process which is kvm, was started with that very pid
 * file, and is no zombie.
 */
#ifndef RUNNING_H
#define RUNNING_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strbuf.h"

/* The VMs that have a pid file, and what the questions share. */
struct running {
	const char *root;
	unsigned *vmids;	/* ascending */
	size_t count;
	double now, date;	/* seconds since boot, and since 1970 */
	struct strbuf text;	/* of the file being read */
};

/* Look into ROOT/run/qemu-server once; a node without it runs no VM.  root is kept. */
void running_open(struct running *running, const char *root);
void running_close(struct running *running);

/* Does the VM run?  Then its pid and for how many seconds it has. */
bool running_read(struct running *running, unsigned vmid, pid_t *pid, double *uptime);

#endif
