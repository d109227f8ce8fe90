/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smbios.h - what a guest reads as its maker, its serial number and the like
 *
 * The file says it plainly, "manufacturer=ACME,serial=7"; qm has it in its option
 * smbios1, beside the uuid, where with base64=1 all but that is encoded.  The uuid is
 * the VM's identity (record.h): none is declared here, and what is there is kept.
 */
#ifndef SMBIOS_H
#define SMBIOS_H

#include <stdbool.h>

struct error;
struct strbuf;

/* For the key table: a good value?  -1 with "what, and what would do". */
int key_check_smbios(const char *text, struct error *err);

/*
 * Does found, an option's value (NULL: there is none), say all that wanted, a key's value,
 * says?  To the guest it is the same whether it is encoded.
 */
bool smbios_agrees(const char *wanted, const char *found);

/* Add to value what to give qm, so that found says what wanted says, all else kept. */
void smbios_merge(const char *wanted, const char *found, struct strbuf *value);

/* Would other, in found's place, leave the VM its uuid?  NULL: the option is not there. */
bool smbios_keeps_uuid(const char *found, const char *other);

/* Add either kind of value to text as a person would read it. */
void smbios_describe(const char *value, struct strbuf *text);

#endif
