/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/agent.h"

#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "edge/child.h"
#include "model/qm.h"

enum { SECONDS = 60 };	/* qm itself gives up after 3 s, 30 s where it runs a command */

/* words: as qm.h builds them.  What is not there yet is no error. */
static int ask(const char *root, struct strvec *words, struct strbuf *answer, struct error *err)
{
	CLEANUP(scope_free) char *program = qm_program(root, words->items[0]);
	CLEANUP(strvec_release) struct strvec argv = STRVEC_INIT;

	strvec_push(&argv, program);
	for (size_t i = 1; i < words->count; i++)
		strvec_push(&argv, words->items[i]);
	if (child_read(&argv, SECONDS, answer, err) == 0)
		return 1;
	return qm_agent_is_late(err->text) ? 0 : -1;
}

int agent_answers(const char *root, unsigned vmid, struct error *err)
{
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf answer = STRBUF_INIT;

	qm_agent_ping(&words, vmid);
	return ask(root, &words, &answer, err);
}

/* Not the guest's own, and none that a cable without a router would give. */
static bool is_reachable(const char *address)
{
	return address && strncmp(address, "127.", 4) != 0 && strcmp(address, "::1") != 0 &&
	       strncmp(address, "169.254.", 8) != 0 && strncasecmp(address, "fe80:", 5) != 0;
}

int agent_find_addresses(const char *root, unsigned vmid, struct strbuf *addresses,
			 struct error *err)
{
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf answer = STRBUF_INIT;
	json_auto_t *cards = NULL;
	json_t *card, *row;
	size_t i, j;
	int result;

	qm_agent_addresses(&words, vmid);
	result = ask(root, &words, &answer, err);
	if (result <= 0)
		return result;
	/* an error of the agent is an answer as well (pve-facts 4.17): no list, so none yet */
	cards = json_loads(answer.buf, 0, NULL);
	json_array_foreach(cards, i, card)
		json_array_foreach(json_object_get(card, "ip-addresses"), j, row) {
			const char *address =
				json_string_value(json_object_get(row, "ip-address"));

			if (is_reachable(address))
				strbuf_join(addresses, ", ", address);
		}
	return addresses->len > 0;
}

/* "running" of the line "status: running"; length 0: there is none. */
static size_t find_status(const char **text)
{
	const char *found = strstr(*text, "status: ");

	if (!found)
		return 0;
	*text = found + strlen("status: ");
	return strcspn(*text, "\r\n");
}

static bool is_status(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncmp(text, word, len) == 0;
}

/* What stands behind "detail:" or "errors:", as one line. */
static void add_details(const char *text, struct strbuf *said)
{
	const char *found = strstr(text, "errors:");

	if (!found)
		found = strstr(text, "detail:");
	for (found = found ? found + strlen("errors:") : ""; *found; found++)
		if (!strchr("\r\n\t ", *found))
			strbuf_add(said, found, 1);
		else if (said->len && said->buf[said->len - 1] != ' ')
			strbuf_adds(said, " ");
}

static int judge_status(const char *text, int64_t exitcode, struct strbuf *remark,
			struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf said = STRBUF_INIT;
	const char *status = text;
	size_t len = find_status(&status);

	if (is_status(status, len, "running") || is_status(status, len, "not started") ||
	    is_status(status, len, "not run"))
		return 0;
	add_details(text, &said);
	if (is_status(status, len, "done") && exitcode == 0)
		return 1;
	if (is_status(status, len, "done")) {
		strbuf_addf(remark, "cloud-init met with something and went on: %s", said.buf);
		return 1;
	}
	if (is_status(status, len, "disabled"))
		return error_set(err, ERROR_COMMAND, "cloud-init is disabled in the guest");
	return error_set(err, ERROR_COMMAND, "cloud-init failed in the guest: %s",
			 said.len ? said.buf : "it does not say why");
}

int agent_cloudinit_is_done(const char *root, unsigned vmid, struct strbuf *remark,
			    struct error *err)
{
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;
	CLEANUP(strbuf_release) struct strbuf answer = STRBUF_INIT;
	json_auto_t *ended = NULL;
	const char *text;
	int result;

	qm_agent_cloudinit(&words, vmid);
	result = ask(root, &words, &answer, err);
	if (result <= 0)
		return result;
	ended = json_loads(answer.buf, 0, NULL);
	if (json_object_get(ended, "error"))
		return error_set(err, ERROR_COMMAND, "the guest did not run cloud-init status: %s",
				 answer.buf);
	/* past its time qm prints the pid alone, and 0 (pve-facts 4.23) */
	if (!json_object_get(ended, "exitcode"))
		return 0;
	text = json_string_value(json_object_get(ended, "out-data"));
	return judge_status(text ? text : "",
			    json_integer_value(json_object_get(ended, "exitcode")), remark, err);
}
