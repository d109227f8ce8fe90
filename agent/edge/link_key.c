/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/clock.h"
#include "edge/link_part.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/scope.h"
#include "edge/secret.h"
#include "edge/ssh_part.h"

enum { ASKED_MAX = 3 };

/* --- one file --- */

/* A passphrase that libssh wants while it reads a key. */
struct question {
	struct links *links;
	const char *path;
	bool is_asked, is_answered;
};

static int answer(const char *prompt, char *buf, size_t len, int echo, int verify, void *context)
{
	CLEANUP(secret_release) struct secret passphrase = SECRET_INIT;
	struct question *question = context;
	const struct links_options *options = &question->links->options;

	(void)prompt, (void)echo, (void)verify;
	question->is_asked = true;
	if (!options->ask || options->ask(options->context, question->path, &passphrase) < 0 ||
	    !passphrase.text || passphrase.len >= len)
		return -1;
	memcpy(buf, passphrase.text, passphrase.len + 1);
	question->is_answered = true;
	return 0;
}

/* Nobody is asked: only what is there without. */
static int do_not_answer(const char *prompt, char *buf, size_t len, int echo, int verify,
			 void *context)
{
	(void)prompt, (void)buf, (void)len, (void)echo, (void)verify, (void)context;
	return -1;
}

bool link_key_open(struct links *links, struct link_key *key)
{
	double began = clock_monotonic();

	for (int i = 0; !key->private && !key->is_useless; i++) {
		struct question question = { .links = links, .path = key->path };
		int result = ssh_pki_import_privkey_file(key->path, NULL, answer, &question,
							 &key->private);

		if (result != SSH_OK)
			key->private = NULL;
		/* a wrong answer may be followed by a right one, none is not */
		key->is_useless = result != SSH_OK && (!question.is_answered || i + 1 == ASKED_MAX);
	}
	links_forgive(links, began);
	return key->private;
}

void link_key_name(struct link_key *key)
{
	CLEANUP(scope_free) char *hash = ssh_part_fingerprint(key->public);
	const char *type = ssh_key_type_to_char(ssh_key_type(key->public));

	key->fingerprint = memory_print("%s %s", type ? type : "key", hash ? hash : "");
}

/*
 * The public part stands in the private file as OpenSSH writes it, encrypted or not; else
 * beside it; else it comes of the private part.
 */
static ssh_key read_public(const char *path)
{
	CLEANUP(scope_free) char *beside = memory_print("%s.pub", path);
	ssh_key private, public = NULL;

	if (ssh_pki_import_pubkey_file(path, &public) == SSH_OK ||
	    ssh_pki_import_pubkey_file(beside, &public) == SSH_OK)
		return public;
	if (ssh_pki_import_privkey_file(path, NULL, do_not_answer, NULL, &private) != SSH_OK)
		return NULL;
	if (ssh_pki_export_privkey_to_pubkey(private, &public) != SSH_OK)
		public = NULL;
	ssh_key_free(private);
	return public;
}

static struct link_key *read_file(struct links *links, const char *path)
{
	struct link_key *key = memory_new(1, sizeof(*key));
	double began = clock_monotonic();

	key->path = memory_copy(path);
	if (access(path, R_OK) < 0) {
		key->is_useless = true;
		return key;
	}
	key->public = read_public(path);
	/* an old file with a passphrase does not tell what it is */
	if (!key->public && link_key_open(links, key) &&
	    ssh_pki_export_privkey_to_pubkey(key->private, &key->public) != SSH_OK)
		key->public = NULL;
	if (key->public)
		link_key_name(key);
	links_forgive(links, began);
	return key;
}

struct link_key *link_key_file(struct links *links, const char *path)
{
	struct link_keys *keys = &links->keys;

	for (size_t i = 0; i < keys->file_count; i++)
		if (strcmp(keys->files[i]->path, path) == 0)
			return keys->files[i];
	MEMORY_PUSH(keys->files, keys->file_count) = read_file(links, path);
	return keys->files[keys->file_count - 1];
}

/* --- all of them --- */

static void release_key(struct link_key *key)
{
	ssh_key_free(key->public);
	ssh_key_free(key->private);
	free(key->path);
	free(key->comment);
	free(key->fingerprint);
}

static void free_agent(struct link_agent *agent)
{
	for (size_t i = 0; i < agent->count; i++)
		release_key(&agent->keys[i]);
	free(agent->keys);
	free(agent->path);
	free(agent->problem);
	free(agent);
}

void link_keys_release(struct link_keys *keys)
{
	for (size_t i = 0; i < keys->file_count; i++) {
		release_key(keys->files[i]);
		free(keys->files[i]);
	}
	for (size_t i = 0; i < keys->agent_count; i++)
		free_agent(keys->agents[i]);
	free(keys->files);
	free(keys->agents);
	*keys = (struct link_keys){ 0 };
}
