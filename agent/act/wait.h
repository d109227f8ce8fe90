/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wait.h - the step that waits for a guest that was started
 *
 * It changes nothing.  In its child it asks the guest's agent, again and again, and
 * prints what it is waiting for; its last line has the guest's addresses, or what it
 * waited for in vain.
 */
#ifndef WAIT_H
#define WAIT_H

#include "edge/child.h"

struct wait {
	const char *root;
	unsigned vmid;
	const char *what;	/* "agent", "cloud-init" */
	double time_scale;
};

/* wait must outlive the making of the child. */
struct child_work wait_work(struct wait *wait);

#endif
