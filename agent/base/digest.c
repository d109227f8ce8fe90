/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/digest.h"

#include <openssl/evp.h>

#include "base/memory.h"

struct digest {
	EVP_MD_CTX *context;
};

static const char *write_hex(const unsigned char *bytes, unsigned count, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * count] = '\0';
	return text;
}

/* For want of memory, or of digests because somebody's openssl.cnf has taken them away. */
static void insist(int done)
{
	if (!done)
		memory_fail("vyom: libcrypto gives no digest; is OPENSSL_CONF set?\n");
}

static const char *digest_once(const EVP_MD *type, const void *data, size_t len, char *text)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned count;

	insist(EVP_Digest(data, len, bytes, &count, type, NULL));
	return write_hex(bytes, count, text);
}

const char *digest_sha1(const void *data, size_t len, char text[DIGEST_SHA1_TEXT])
{
	return digest_once(EVP_sha1(), data, len, text);
}

const char *digest_sha256(const void *data, size_t len, char text[DIGEST_SHA256_TEXT])
{
	return digest_once(EVP_sha256(), data, len, text);
}

struct digest *digest_new(void)
{
	struct digest *digest = memory_new(1, sizeof(*digest));

	digest->context = EVP_MD_CTX_new();
	insist(digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
	return digest;
}

void digest_add(struct digest *digest, const void *data, size_t len)
{
	insist(EVP_DigestUpdate(digest->context, data, len));
}

const char *digest_finish(struct digest *digest, char text[DIGEST_SHA256_TEXT])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned count;

	insist(EVP_DigestFinal_ex(digest->context, bytes, &count));
	return write_hex(bytes, count, text);
}

void digest_free(struct digest **digest)
{
	if (!*digest)
		return;
	EVP_MD_CTX_free((*digest)->context);
	free(*digest);
	*digest = NULL;
}
