/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base64.h - text in base64 and back (libcrypto)
 */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>

struct strbuf;

/* Add text in base64, with its padding and without line ends. */
void base64_encode(const char *text, struct strbuf *encoded);

/*
 * Add the text of encoded, whose padding may be left out, up to a NUL in it; false, and
 * nothing added: it is no base64.
 */
bool base64_decode(const char *encoded, struct strbuf *text);

#endif
