/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base64.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/strbuf.h"

#define DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

void base64_encode(const char *text, struct strbuf *encoded)
{
	unsigned char digits[5];

	for (size_t rest = strlen(text), len; rest; text += len, rest -= len) {
		len = rest < 3 ? rest : 3;
		strbuf_add(encoded, digits,
			   (size_t)EVP_EncodeBlock(digits, (const unsigned char *)text, (int)len));
	}
}

/* Four digits are three bytes; a digit alone is less than one. */
static void decode_digits(const char *encoded, size_t count, struct strbuf *text)
{
	for (size_t len; count > 1; encoded += len, count -= len) {
		unsigned char digits[4] = { 'A', 'A', 'A', 'A' }, bytes[4] = { 0 };

		len = count < 4 ? count : 4;
		memcpy(digits, encoded, len);
		EVP_DecodeBlock(bytes, digits, sizeof(digits));
		bytes[len - 1] = '\0';
		strbuf_adds(text, (const char *)bytes);
		if (strlen((const char *)bytes) < len - 1)
			return;
	}
}

bool base64_decode(const char *encoded, struct strbuf *text)
{
	size_t count = strspn(encoded, DIGITS), padding = strspn(encoded + count, "=");

	if (encoded[count + padding] || padding > 2)
		return false;
	decode_digits(encoded, count, text);
	return true;
}
