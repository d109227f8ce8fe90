/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/sshconf.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/sshconf_part.h"

enum { DEPTH_MAX = 16 };

#define SYSTEM_FOLDER "/etc/ssh"

static const struct { const char *word; enum sshconf_key key; } keywords[] = {
	{ "hostname",			SSHCONF_HOST_NAME },
	{ "user",			SSHCONF_USER },
	{ "port",			SSHCONF_PORT },
	{ "identitiesonly",		SSHCONF_IDENTITIES_ONLY },
	{ "identityagent",		SSHCONF_IDENTITY_AGENT },
	{ "proxyjump",			SSHCONF_PROXY_JUMP },
	{ "proxycommand",		SSHCONF_PROXY_COMMAND },
	{ "hostkeyalias",		SSHCONF_HOST_KEY_ALIAS },
	{ "userknownhostsfile",		SSHCONF_KNOWN_HOSTS },
	{ "globalknownhostsfile",	SSHCONF_GLOBAL_KNOWN_HOSTS },
	{ "ciphers",			SSHCONF_CIPHERS },
	{ "macs",			SSHCONF_MACS },
	{ "kexalgorithms",		SSHCONF_KEX_ALGORITHMS },
	{ "hostkeyalgorithms",		SSHCONF_HOST_KEY_ALGORITHMS },
	{ "pubkeyacceptedalgorithms",	SSHCONF_PUBKEY_ALGORITHMS },
	{ "pubkeyacceptedkeytypes",	SSHCONF_PUBKEY_ALGORITHMS },
};

/* A file that is being read. */
struct place {
	const char *name;
	const char *folder;	/* where Include looks; NULL: it includes nothing */
	unsigned line, depth;
	bool active;		/* is what comes for this host? */
};

/* --- words --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* The next word of a line, quoted or not, which is moved on; false at the end or a comment. */
static bool take_word(const char **line, struct strbuf *word)
{
	bool quoted = false;

	strbuf_reset(word);
	while (is_blank(**line))
		(*line)++;
	if (!**line || **line == '#')
		return false;
	for (; **line && (quoted || !is_blank(**line)); (*line)++) {
		if (**line == '"')
			quoted = !quoted;
		else if (**line == '\\' && ((*line)[1] == '"' || (*line)[1] == '\\'))
			strbuf_addch(word, *++*line);
		else
			strbuf_addch(word, **line);
	}
	return true;
}

static void take_words(const char *line, struct strvec *words)
{
	CLEANUP(strbuf_release) struct strbuf word = STRBUF_INIT;

	while (take_word(&line, &word))
		strvec_push(words, word.buf);
}

/* The keyword in lower case; line is moved to its arguments: "Port 22", "Port=22", "Port = 22". */
static void take_keyword(const char **line, struct strbuf *word)
{
	strbuf_reset(word);
	while (is_blank(**line))
		(*line)++;
	for (; **line && !is_blank(**line) && **line != '=' && **line != '"'; (*line)++)
		strbuf_addch(word, (char)tolower((unsigned char)**line));
	while (is_blank(**line))
		(*line)++;
	if (**line == '=')
		(*line)++;
	while (is_blank(**line))
		(*line)++;
}

/* --- a line --- */

static int include(struct sshconf *conf, struct place *place, const struct strvec *words,
		   struct error *err);

static int set(struct sshconf *conf, const struct place *place, enum sshconf_key key,
	       const char *value, struct error *err)
{
	uint64_t port;

	if (conf->values[key])
		return 0;
	if (key == SSHCONF_PORT && !number_parse_unsigned(value, 1, 65535, &port))
		return error_set(err, ERROR_SPEC, "%s:%u: Port %s: is no port", place->name,
				 place->line, value);
	conf->values[key] = memory_copy(value);
	/* whichever of the two comes first is the way there */
	if (key == SSHCONF_PROXY_JUMP && !conf->values[SSHCONF_PROXY_COMMAND])
		conf->values[SSHCONF_PROXY_COMMAND] = memory_copy("none");
	if (key == SSHCONF_PROXY_COMMAND && !conf->values[SSHCONF_PROXY_JUMP])
		conf->values[SSHCONF_PROXY_JUMP] = memory_copy("none");
	return 0;
}

/* A keyword with a value that is for this host. */
static int take_value(struct sshconf *conf, const struct place *place, const char *keyword,
		      const char *rest, const struct strvec *words, struct error *err)
{
	if (words->count == 0)
		return 0;
	if (strcmp(keyword, "identityfile") == 0) {
		strvec_push_once(&conf->key_files, words->items[0]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (strcmp(keyword, keywords[i].word) == 0)
			return set(conf, place, keywords[i].key,
				   keywords[i].key == SSHCONF_PROXY_COMMAND ? rest :
				   words->items[0], err);
	return 0;
}

static int take_line(struct sshconf *conf, struct place *place, const char *line, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf keyword = STRBUF_INIT;
	CLEANUP(strvec_release) struct strvec words = STRVEC_INIT;

	take_keyword(&line, &keyword);
	if (keyword.len == 0 || keyword.buf[0] == '#')
		return 0;
	take_words(line, &words);
	if (strcmp(keyword.buf, "host") == 0)
		place->active = sshconf_part_host(conf, &words);
	else if (strcmp(keyword.buf, "match") == 0)
		place->active = sshconf_part_match(conf, &words);
	else if (place->active && strcmp(keyword.buf, "include") == 0)
		return include(conf, place, &words, err);
	else if (place->active)
		return take_value(conf, place, keyword.buf, line, &words, err);
	return 0;
}

static int take_text(struct sshconf *conf, struct place *place, const struct strbuf *text,
		     struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	size_t len;

	for (const char *at = text->buf; *at; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		strbuf_reset(&line);
		strbuf_add(&line, at, len);
		while (line.len > 0 && is_blank(line.buf[line.len - 1]))
			line.buf[--line.len] = '\0';
		place->line++;
		if (take_line(conf, place, line.buf, err) < 0)
			return -1;
	}
	return 0;
}

/* --- files --- */

/* A file that is not there says nothing. */
static int take_file(struct sshconf *conf, struct place *place, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(scope_close) int fd = -1;
	ssize_t len;

	if (access(place->name, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	fd = file_open_trusted(place->name, err);
	if (fd < 0)
		return error_prefix(err, "%s", place->name);
	do {
		strbuf_reserve(&text, 4096);
		len = read(fd, text.buf + text.len, 4096);
		if (len < 0)
			return error_set_errno(err, "%s", place->name);
		text.len += (size_t)len;
		text.buf[text.len] = '\0';
	} while (len > 0);
	return take_text(conf, place, &text, err);
}

static int include_one(struct sshconf *conf, const struct place *place, const char *pattern,
		       struct error *err)
{
	glob_t found;
	int result = 0;

	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc && result == 0; i++) {
		struct place inner = {
			.name = found.gl_pathv[i], .folder = place->folder, .active = true,
			.depth = place->depth + 1,
		};

		result = take_file(conf, &inner, err);
	}
	globfree(&found);
	return result;
}

static int include(struct sshconf *conf, struct place *place, const struct strvec *words,
		   struct error *err)
{
	if (!place->folder)
		return 0;
	if (place->depth == DEPTH_MAX)
		return error_set(err, ERROR_SPEC, "%s:%u: files include each other %d deep",
				 place->name, place->line, DEPTH_MAX);
	for (size_t i = 0; i < words->count; i++) {
		CLEANUP(scope_free) char *path = sshconf_expand(conf, words->items[i]);
		CLEANUP(scope_free) char *full = *path == '/' ? memory_copy(path) :
						 memory_print("%s/%s", place->folder, path);

		if (include_one(conf, place, full, err) < 0)
			return -1;
	}
	return 0;
}

/* --- what holds in the end --- */

static void replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

static void fill_in_path(struct sshconf *conf, enum sshconf_key key, const char *standard)
{
	const char *text = conf->values[key] ? conf->values[key] : standard;

	replace(&conf->values[key], strcasecmp(text, "none") == 0 ? memory_copy("/dev/null")
								  : sshconf_expand(conf, text));
}

static void fill_in_key_files(struct sshconf *conf)
{
	static const char *const standard[] = { "~/.ssh/id_ed25519", "~/.ssh/id_ecdsa",
						"~/.ssh/id_rsa" };

	if (conf->key_files.count == 0)
		for (size_t i = 0; i < sizeof(standard) / sizeof(*standard); i++)
			strvec_push(&conf->key_files, standard[i]);
	for (size_t i = 0; i < conf->key_files.count; i++)
		replace(&conf->key_files.items[i], sshconf_expand(conf, conf->key_files.items[i]));
}

static void fill_in(struct sshconf *conf)
{
	const char *name = conf->values[SSHCONF_HOST_NAME], *port = conf->values[SSHCONF_PORT];
	uint64_t number = 22;

	if (port)
		number_parse_unsigned(port, 1, 65535, &number);
	conf->port = (unsigned)number;
	replace(&conf->values[SSHCONF_HOST_NAME],
		name ? sshconf_expand(conf, name) : memory_copy(conf->alias));
	if (!conf->values[SSHCONF_USER])
		conf->values[SSHCONF_USER] = memory_copy(conf->login);
	fill_in_path(conf, SSHCONF_KNOWN_HOSTS, "~/.ssh/known_hosts");
	fill_in_path(conf, SSHCONF_GLOBAL_KNOWN_HOSTS, SYSTEM_FOLDER "/ssh_known_hosts");
	fill_in_key_files(conf);
	if (sshconf_is_set(conf, SSHCONF_IDENTITY_AGENT))
		fill_in_path(conf, SSHCONF_IDENTITY_AGENT, "");
	if (sshconf_is_set(conf, SSHCONF_PROXY_COMMAND))
		fill_in_path(conf, SSHCONF_PROXY_COMMAND, "");
}

/* --- */

void sshconf_init(struct sshconf *conf, const char *host, const char *user, unsigned port)
{
	const struct passwd *entry = getpwuid(geteuid());
	const char *home = getenv("HOME");

	*conf = (struct sshconf){ .alias = memory_copy(host), .key_files = STRVEC_INIT };
	conf->home = memory_copy(home && *home ? home : entry ? entry->pw_dir : "");
	conf->login = memory_copy(entry ? entry->pw_name : "root");
	conf->values[SSHCONF_USER] = memory_copy(user);
	if (port)
		conf->values[SSHCONF_PORT] = memory_print("%u", port);
}

void sshconf_release(struct sshconf *conf)
{
	for (size_t i = 0; i < SSHCONF_COUNT; i++)
		free(conf->values[i]);
	strvec_release(&conf->key_files);
	free(conf->alias);
	free(conf->home);
	free(conf->login);
	*conf = (struct sshconf){ .key_files = STRVEC_INIT };
}

int sshconf_read_text(struct sshconf *conf, const char *name, const struct strbuf *text,
		      struct error *err)
{
	struct place place = { .name = name, .active = true };

	return take_text(conf, &place, text, err);
}

int sshconf_read(struct sshconf *conf, struct error *err)
{
	CLEANUP(scope_free) char *folder = memory_print("%s/.ssh", conf->home);
	CLEANUP(scope_free) char *path = memory_print("%s/config", folder);
	struct place own = { .name = path, .folder = folder, .active = true };
	struct place all = {
		.name = SYSTEM_FOLDER "/ssh_config", .folder = SYSTEM_FOLDER, .active = true,
	};

	if (take_file(conf, &own, err) < 0 || take_file(conf, &all, err) < 0)
		return -1;
	fill_in(conf);
	return 0;
}

bool sshconf_is_set(const struct sshconf *conf, enum sshconf_key key)
{
	return conf->values[key] && strcasecmp(conf->values[key], "none") != 0;
}

bool sshconf_is_on(const struct sshconf *conf, enum sshconf_key key)
{
	return conf->values[key] && (strcasecmp(conf->values[key], "yes") == 0 ||
				     strcasecmp(conf->values[key], "true") == 0);
}
