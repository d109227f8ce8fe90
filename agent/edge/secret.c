/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/number.h"

int secret_set(struct secret *secret, const void *data, size_t len, struct error *err)
{
	size_t room = number_round_up(len + 1, (uint64_t)sysconf(_SC_PAGESIZE));
	char *text = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (text == MAP_FAILED)
		return error_set_errno(err, "no memory for a secret");
	if (madvise(text, room, MADV_DONTDUMP) < 0) {
		error_set_errno(err, "memory cannot be kept out of a core dump");
		munmap(text, room);
		return -1;
	}
	/* the limit of locked memory may be low: then it is not locked */
	mlock(text, room);
	memcpy(text, data, len);
	*secret = (struct secret){ .text = text, .len = len, .room = room };
	return 0;
}

void secret_release(struct secret *secret)
{
	if (secret->text) {
		explicit_bzero(secret->text, secret->room);
		munmap(secret->text, secret->room);
	}
	*secret = (struct secret)SECRET_INIT;
}

int secret_forbid_dump(struct error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return error_set_errno(err, "the limit on core dumps cannot be read");
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_CORE, &limit) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_set_errno(err, "core dumps cannot be switched off");
	return 0;
}
