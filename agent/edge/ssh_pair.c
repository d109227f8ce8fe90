/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/ssh.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "edge/secret.h"
#include "edge/ssh_part.h"

char *ssh_part_fingerprint(ssh_key key)
{
	unsigned char *hash;
	size_t len;
	char *text, *copy;

	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) < 0)
		return NULL;
	text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	copy = memory_copy(text);
	ssh_string_free_char(text);
	ssh_clean_pubkey_hash(&hash);
	return copy;
}

/* Takes key, also when it fails. */
static int make_pair(ssh_key key, const char *comment, struct ssh_pair **pair, struct error *err)
{
	char *base64;

	*pair = memory_new(1, sizeof(**pair));
	(*pair)->key = key;
	if (ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK) {
		(*pair)->public = memory_print("%s %s %s", ssh_key_type_to_char(ssh_key_type(key)),
					       base64, comment);
		ssh_string_free_char(base64);
		(*pair)->fingerprint = ssh_part_fingerprint(key);
	}
	if ((*pair)->fingerprint)
		return 0;
	ssh_pair_free(pair);
	return error_set(err, ERROR_SYSTEM, "libssh cannot write the public part of a key");
}

int ssh_pair_generate(const char *comment, struct ssh_pair **pair, struct error *err)
{
	ssh_key key;

	*pair = NULL;
	if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK)
		return error_set(err, ERROR_SYSTEM, "libssh cannot make a key pair");
	return make_pair(key, comment, pair, err);
}

int ssh_pair_read(const struct secret *text, const char *comment, struct ssh_pair **pair,
		  struct error *err)
{
	ssh_key key;

	*pair = NULL;
	if (!text->text ||
	    ssh_pki_import_privkey_base64(text->text, NULL, NULL, NULL, &key) != SSH_OK)
		return error_set(err, ERROR_SPEC, "is no private key that can be read without a "
						  "passphrase");
	return make_pair(key, comment, pair, err);
}

const char *ssh_pair_public(const struct ssh_pair *pair)
{
	return pair->public;
}

const char *ssh_pair_fingerprint(const struct ssh_pair *pair)
{
	return pair->fingerprint;
}

int ssh_pair_private(const struct ssh_pair *pair, struct secret *text, struct error *err)
{
	char *plain;
	int result;

	if (ssh_pki_export_privkey_base64(pair->key, NULL, NULL, NULL, &plain) != SSH_OK)
		return error_set(err, ERROR_SYSTEM, "libssh cannot write a private key");
	result = secret_set(text, plain, strlen(plain), err);
	explicit_bzero(plain, strlen(plain));
	ssh_string_free_char(plain);
	return result;
}

void ssh_pair_free(struct ssh_pair **pair)
{
	if (!*pair)
		return;
	ssh_key_free((*pair)->key);
	free((*pair)->public);
	free((*pair)->fingerprint);
	free(*pair);
	*pair = NULL;
}
