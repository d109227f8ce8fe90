/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/sshconf_part.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/scope.h"
#include "base/strvec.h"
#include "edge/sshconf.h"

/* pattern is len characters long; only the last * is ever gone back to, so it stays linear. */
static bool fits(const char *text, const char *pattern, size_t len)
{
	const char *end = pattern + len, *star = NULL, *mark = NULL;

	while (*text) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			mark = text;
		} else if (pattern < end &&
			   (*pattern == '?' || tolower((unsigned char)*pattern) ==
						       tolower((unsigned char)*text))) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++mark;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

/* One pattern: 1 it matches, -1 it forbids, 0 neither. */
static int judge(const char *text, const char *pattern, size_t len)
{
	bool negated = len > 0 && *pattern == '!';

	if (!fits(text, pattern + negated, len - negated))
		return 0;
	return negated ? -1 : 1;
}

bool sshconf_part_host(const struct sshconf *conf, const struct strvec *patterns)
{
	bool found = false;

	for (size_t i = 0; i < patterns->count; i++) {
		int verdict = judge(conf->alias, patterns->items[i], strlen(patterns->items[i]));

		if (verdict < 0)
			return false;
		found = found || verdict > 0;
	}
	return found;
}

static bool list_fits(const char *text, const char *list)
{
	bool found = false;

	for (size_t len; *list; list += len + (list[len] == ',')) {
		int verdict;

		len = strcspn(list, ",");
		verdict = judge(text, list, len);
		if (verdict < 0)
			return false;
		found = found || verdict > 0;
	}
	return found;
}

/* The host as it is known so far. */
static char *host_so_far(const struct sshconf *conf)
{
	const char *name = conf->values[SSHCONF_HOST_NAME];

	return name ? sshconf_expand(conf, name) : memory_copy(conf->alias);
}

static bool holds(const struct sshconf *conf, const char *criterion, const char *list)
{
	const char *user = conf->values[SSHCONF_USER];
	CLEANUP(scope_free) char *host = host_so_far(conf);

	if (strcasecmp(criterion, "host") == 0)
		return list_fits(host, list);
	if (strcasecmp(criterion, "originalhost") == 0)
		return list_fits(conf->alias, list);
	if (strcasecmp(criterion, "user") == 0)
		return list_fits(user ? user : conf->login, list);
	if (strcasecmp(criterion, "localuser") == 0)
		return list_fits(conf->login, list);
	return false;
}

/* What we cannot tell must not hold, neither as it stands nor turned round. */
static bool is_known(const char *criterion)
{
	return strcasecmp(criterion, "host") == 0 || strcasecmp(criterion, "originalhost") == 0 ||
	       strcasecmp(criterion, "user") == 0 || strcasecmp(criterion, "localuser") == 0;
}

bool sshconf_part_match(const struct sshconf *conf, const struct strvec *criteria)
{
	if (criteria->count == 0)
		return false;
	for (size_t i = 0; i < criteria->count; i++) {
		const char *criterion = criteria->items[i];
		bool negated = *criterion == '!';

		if (strcasecmp(criterion, "all") == 0)
			continue;
		criterion += negated;
		if (!is_known(criterion) || i + 1 == criteria->count ||
		    holds(conf, criterion, criteria->items[++i]) == negated)
			return false;
	}
	return true;
}
