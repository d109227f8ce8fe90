/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/digest.h"

#include <sys/types.h>

#include <sha1.h>
#include <sha256.h>

const char *digest_sha1(const void *data, size_t len, char text[DIGEST_SHA1_TEXT])
{
	return SHA1Data(data, len, text);
}

const char *digest_sha256(const void *data, size_t len, char text[DIGEST_SHA256_TEXT])
{
	return SHA256Data(data, len, text);
}
