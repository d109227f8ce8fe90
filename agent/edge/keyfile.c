/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/keyfile.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "edge/bundle.h"

#define LARGEST (64 * KIB)

static const char *const key_types[] = {
	"ssh-ed25519", "ssh-rsa",
	"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
};

static bool is_key_type(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(key_types) / sizeof(*key_types); i++)
		if (strlen(key_types[i]) == len && strncmp(key_types[i], word, len) == 0)
			return true;
	return false;
}

/* Base64 of a key begins with the length of its type's name, and so with AAAA. */
static bool is_key(const char *line)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t type = strcspn(line, " \t"), len;
	const char *key = line + type + strspn(line + type, " \t");

	if (!is_key_type(line, type) || strncmp(key, "AAAA", 4) != 0)
		return false;
	len = strspn(key, base64);
	len += strspn(key + len, "=");
	return len >= 40 && len % 4 == 0 && (key[len] == '\0' || strchr(" \t", key[len]));
}

static bool has_control(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' && *line != '\t')
			return true;
	return false;
}

static int check_line(const char *line, int number, struct error *err)
{
	if (*line == '#')
		return error_set(err, ERROR_SPEC, "line %d: is a comment, which qm does not take; "
						  "remove it", number);
	if (strstr(line, "PRIVATE KEY"))
		return error_set(err, ERROR_SPEC, "is a private key; give the .pub file beside it");
	if (has_control(line))
		return error_set(err, ERROR_SPEC, "line %d: holds a control character; save it as "
						  "plain text with Unix line ends", number);
	if (!is_key(line))
		return error_set(err, ERROR_SPEC, "line %d: is no public key; it should look like "
						  "ssh-ed25519 AAAA… and have no options in front",
						  number);
	return 0;
}

int keyfile_check(const char *text, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	bool found = false;

	for (int number = 1; *text; number++) {
		size_t len = strcspn(text, "\n");

		strbuf_reset(&line);
		strbuf_add(&line, text, len);
		text += len + (text[len] == '\n');
		if (line.buf[strspn(line.buf, " \t")] == '\0')
			continue;
		if (check_line(line.buf, number, err) < 0)
			return -1;
		found = true;
	}
	if (!found)
		return error_set(err, ERROR_SPEC, "holds no key; put a line like ssh-ed25519 AAAA… "
						  "into it");
	return 0;
}

int keyfile_read(struct bundle *bundle, const char *path, struct strbuf *keys, struct error *err)
{
	if (!bundle->sealed && access(path, F_OK) < 0 && errno == ENOENT)
		return error_set(err, ERROR_SPEC, "is not there; put the public keys into it, one "
						  "a line");
	if (bundle_read(bundle, path, LARGEST, keys, err) < 0)
		return -1;
	if (keys->len > LARGEST)
		return error_set(err, ERROR_SPEC, "is larger than 64 KiB; give a file of "
						  "public keys only");
	if (memchr(keys->buf, '\0', keys->len))
		return error_set(err, ERROR_SPEC, "is no text; give a file of public keys");
	return keyfile_check(keys->buf, err);
}
