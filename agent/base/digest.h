/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * digest.h - SHA-1 and SHA-256 as lower-case hex (libcrypto)
 *
 * SHA-1 because Proxmox names the version of a VM's config by it (pve-facts
 * 5.8), SHA-256 for everything of our own.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

#define DIGEST_SHA1_TEXT 41
#define DIGEST_SHA256_TEXT 65

const char *digest_sha1(const void *data, size_t len, char text[DIGEST_SHA1_TEXT]);
const char *digest_sha256(const void *data, size_t len, char text[DIGEST_SHA256_TEXT]);

/*
 * The SHA-256 of what comes in pieces:
 *
 *	CLEANUP(digest_free) struct digest *digest = digest_new();
 *
 *	while (...)
 *		digest_add(digest, chunk, len);
 *	digest_finish(digest, text);
 *
 * after which nothing more can be added.
 */
struct digest;

struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *data, size_t len);
const char *digest_finish(struct digest *digest, char text[DIGEST_SHA256_TEXT]);
void digest_free(struct digest **digest);

#endif
