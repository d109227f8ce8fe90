/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/clock.h"
#include "edge/link_part.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/scope.h"
#include "edge/ssh_part.h"

/*
 * libssh signs with the agent, but waits for it forever and says nothing of its keys.  So it
 * is asked here first (draft-ietf-sshm-ssh-agent): one word, and a list.
 */
enum {
	REQUEST_IDENTITIES = 11,
	IDENTITIES_ANSWER = 12,
	ANSWER_MAX = 256 << 10,
	KEYS_MAX = 100,
	PATIENCE = 2000,	/* ms */
};

/* What is left of an answer; NULL at once it is found to be short. */
struct rest {
	const unsigned char *at;
	size_t left;
};

static uint32_t take_number(struct rest *rest)
{
	const unsigned char *at = rest->at;

	if (!at || rest->left < 4) {
		rest->at = NULL;
		return 0;
	}
	rest->at += 4;
	rest->left -= 4;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct rest take_string(struct rest *rest)
{
	uint32_t len = take_number(rest);
	struct rest string = { rest->at, len };

	if (!rest->at || rest->left < len) {
		rest->at = NULL;
		return (struct rest){ 0 };
	}
	rest->at += len;
	rest->left -= len;
	return string;
}

static char *base64_of(struct rest data)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345678"
				     "9+/";
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < data.left; i += 3) {
		size_t len = data.left - i < 3 ? data.left - i : 3;
		uint32_t bits = (uint32_t)data.at[i] << 16;

		bits |= len > 1 ? (uint32_t)data.at[i + 1] << 8 : 0;
		bits |= len > 2 ? data.at[i + 2] : 0;
		for (size_t digit = 0; digit < 4; digit++)
			strbuf_addch(&text,
				     digit > len ? '=' : digits[bits >> (18 - 6 * digit) & 63]);
	}
	return strbuf_detach(&text);
}

/* A kind of key that libssh does not know is passed over, by it too. */
static void add_key(struct link_agent *agent, struct rest blob, struct rest comment)
{
	struct rest inner = blob, type = take_string(&inner);
	CLEANUP(scope_free)
	char *name = memory_print("%.*s", (int)type.left, (const char *)type.at);
	CLEANUP(scope_free) char *base64 = base64_of(blob);
	struct link_key key = { 0 };

	if (!type.at || ssh_pki_import_pubkey_base64(base64, ssh_key_type_from_name(name),
						     &key.public) != SSH_OK)
		return;
	key.comment = memory_print("%.*s", (int)comment.left, (const char *)comment.at);
	link_key_name(&key);
	MEMORY_PUSH(agent->keys, agent->count) = key;
}

static void read_answer(struct link_agent *agent, struct rest rest)
{
	uint32_t count;

	if (rest.left < 1 || *rest.at != IDENTITIES_ANSWER) {
		agent->problem = memory_copy("the agent does not show its keys");
		return;
	}
	rest.at++;
	rest.left--;
	count = take_number(&rest);
	for (uint32_t i = 0; i < count && i < KEYS_MAX && rest.at; i++) {
		struct rest blob = take_string(&rest), comment = take_string(&rest);

		if (rest.at)
			add_key(agent, blob, comment);
	}
}

/* Exactly len bytes within the time that is left. */
static bool receive(int fd, void *data, size_t len, double until)
{
	size_t done = 0;

	while (done < len) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		double left = (until - clock_monotonic()) * 1000;
		ssize_t got;

		if (left <= 0)
			return false;
		if (poll(&poller, 1, (int)left + 1) <= 0)
			continue;
		got = recv(fd, (char *)data + done, len - done, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static void ask(struct link_agent *agent, int fd)
{
	static const unsigned char request[] = { 0, 0, 0, 1, REQUEST_IDENTITIES };
	double until = clock_monotonic() + PATIENCE / 1000.;
	CLEANUP(scope_free) unsigned char *answer = NULL;
	unsigned char head[4];
	struct rest rest = { head, 4 };
	uint32_t len;

	if (send(fd, request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(request) ||
	    !receive(fd, head, sizeof(head), until)) {
		agent->problem = memory_print("the agent at %s does not answer", agent->path);
		return;
	}
	len = take_number(&rest);
	if (len <= ANSWER_MAX)
		answer = memory_new(len + 1, 1);
	if (!answer || !receive(fd, answer, len, until))
		agent->problem = memory_print("the agent at %s does not answer", agent->path);
	else
		read_answer(agent, (struct rest){ answer, len });
}

static void reach(struct link_agent *agent)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(scope_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(agent->path) < sizeof(address.sun_path))
		memcpy(address.sun_path, agent->path, strlen(agent->path));
	if (fd < 0 || !*address.sun_path ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		agent->problem = memory_print("the agent at %s cannot be reached (%s)", agent->path,
					      strerror(errno));
	else
		ask(agent, fd);
}

const struct link_agent *link_agent_ask(struct links *links, const char *path)
{
	struct link_keys *keys = &links->keys;
	double began = clock_monotonic();
	struct link_agent *agent;

	for (size_t i = 0; i < keys->agent_count; i++)
		if (strcmp(keys->agents[i]->path, path) == 0)
			return keys->agents[i];
	agent = memory_new(1, sizeof(*agent));
	agent->path = memory_copy(path);
	reach(agent);
	links_forgive(links, began);
	MEMORY_PUSH(keys->agents, keys->agent_count) = agent;
	return agent;
}
