/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/key_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/scope.h"
#include "base/strbuf.h"
#include "model/foreign.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ALNUM LOWER UPPER DIGIT

/* Is text one of the words?  words ends with NULL. */
static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

/* One of a few words, or -1 with all of them. */
static int check_word(const char *text, const char *what, const char *const *words,
		      struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf all = STRBUF_INIT;

	if (is_one_of(text, words))
		return 0;
	for (; *words; words++)
		strbuf_join(&all, words[1] ? ", " : " or ", *words);
	return error_set(err, ERROR_SPEC, "\"%s\" is no %s; write %s", text, what, all.buf);
}

/* All that qm of PVE 8 and 9 knows; what is newer can be the model of a custom one. */
static const char *const cpu_models[] = {
	"486", "athlon", "Broadwell", "Broadwell-IBRS", "Broadwell-noTSX",
	"Broadwell-noTSX-IBRS", "Cascadelake-Server", "Cascadelake-Server-noTSX",
	"Cascadelake-Server-v2", "Cascadelake-Server-v4", "Cascadelake-Server-v5",
	"ClearwaterForest", "Conroe", "Cooperlake", "Cooperlake-v2", "core2duo", "coreduo",
	"EPYC", "EPYC-Genoa", "EPYC-Genoa-v2", "EPYC-IBPB", "EPYC-Milan", "EPYC-Milan-v2",
	"EPYC-Milan-v3", "EPYC-Rome", "EPYC-Rome-v2", "EPYC-Rome-v3", "EPYC-Rome-v4",
	"EPYC-Rome-v5", "EPYC-Turin", "EPYC-v3", "EPYC-v4", "EPYC-v5", "GraniteRapids",
	"GraniteRapids-v2", "GraniteRapids-v3", "Haswell", "Haswell-IBRS", "Haswell-noTSX",
	"Haswell-noTSX-IBRS", "host", "Icelake-Server", "Icelake-Server-noTSX",
	"Icelake-Server-v3", "Icelake-Server-v4", "Icelake-Server-v5", "Icelake-Server-v6",
	"Icelake-Server-v7", "IvyBridge", "IvyBridge-IBRS", "KnightsMill", "kvm32", "kvm64",
	"max", "Nehalem", "Nehalem-IBRS", "Opteron_G1", "Opteron_G2", "Opteron_G3", "Opteron_G4",
	"Opteron_G5", "Penryn", "pentium", "pentium2", "pentium3", "phenom", "qemu32", "qemu64",
	"SandyBridge", "SandyBridge-IBRS", "SapphireRapids", "SapphireRapids-v2",
	"SapphireRapids-v3", "SapphireRapids-v4", "SierraForest", "SierraForest-v2",
	"SierraForest-v3", "Skylake-Client", "Skylake-Client-IBRS", "Skylake-Client-noTSX-IBRS",
	"Skylake-Client-v4", "Skylake-Server", "Skylake-Server-IBRS",
	"Skylake-Server-noTSX-IBRS", "Skylake-Server-v4", "Skylake-Server-v5", "Westmere",
	"Westmere-IBRS", "x86-64-v2", "x86-64-v2-AES", "x86-64-v3", "x86-64-v4",
	NULL
};

int key_check_cpu(const char *text, struct error *err)
{
	static const char custom[] = "custom-";

	if (is_one_of(text, cpu_models))
		return 0;
	if (strncmp(text, custom, strlen(custom)) == 0 && text[strlen(custom)] &&
	    text[strspn(text, ALNUM "-_.")] == '\0')
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no CPU that qm knows; write host, "
					  "x86-64-v2-AES, or a model of QEMU as it spells it; one of "
					  "your own begins with custom-", text);
}

/* Those that qm takes for a single VM; all others are a custom model's. */
int key_check_cpu_flag(const char *text, struct error *err)
{
	static const char *const flags[] = {
		"aes", "amd-no-ssb", "amd-ssbd", "hv-evmcs", "hv-tlbflush", "ibpb", "md-clear",
		"nested-virt", "pcid", "pdpe1gb", "spec-ctrl", "ssbd", "virt-ssbd", NULL
	};

	if (*text != '+' && *text != '-')
		return error_set(err, ERROR_SPEC, "\"%s\" says neither on nor off; write +%s or -%s",
				 text, text, text);
	return check_word(text + 1, "CPU flag that qm takes for a VM", flags, err);
}

/* "0,5,8-11" */
int key_check_cpuset(const char *text, struct error *err)
{
	const char *at = text;
	unsigned first, last;
	int len = 0;

	do {
		if (strspn(at, DIGIT) == 0)
			break;
		if (sscanf(at, "%5u-%5u%n", &first, &last, &len) != 2 &&
		    (len = 0, sscanf(at, "%5u%n", &first, &len), last = first))
			last = first;
		if (last < first)
			break;
		at += len;
	} while (*at == ',' && *++at);
	if (at != text && *at == '\0' && at[-1] != ',')
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no list of CPUs; write it like 0,5,8-11", text);
}

int key_check_nic_model(const char *text, struct error *err)
{
	static const char *const models[] = {
		"virtio", "e1000", "e1000e", "vmxnet3", "rtl8139", "e1000-82540em",
		"e1000-82544gc", "e1000-82545em", "i82551", "i82557b", "i82559er", "ne2k_isa",
		"ne2k_pci", "pcnet", NULL
	};

	return check_word(text, "network card", models, err);
}

int key_check_cache(const char *text, struct error *err)
{
	static const char *const modes[] = {
		"none", "writethrough", "writeback", "directsync", "unsafe", NULL
	};

	return check_word(text, "way to cache", modes, err);
}

int key_check_aio(const char *text, struct error *err)
{
	static const char *const ways[] = { "io_uring", "native", "threads", NULL };

	return check_word(text, "way to read and write", ways, err);
}

/* "9.2", "8.1+pve1", "10.0.pxe" */
static bool is_machine_version(const char *text)
{
	size_t len = strspn(text, DIGIT);
	bool dotted = false;

	while (len && text[len] == '.' && strspn(text + len + 1, DIGIT)) {
		len += 1 + strspn(text + len + 1, DIGIT);
		dotted = true;
	}
	text += len;
	if (strncmp(text, "+pve", 4) == 0 && strspn(text + 4, DIGIT))
		text += 4 + strspn(text + 4, DIGIT);
	if (strcmp(text, ".pxe") == 0)
		text += 4;
	return dotted && *text == '\0';
}

int key_check_machine(const char *text, struct error *err)
{
	static const char *const heads[] = { "pc-i440fx-", "pc-q35-", "pc-", NULL };

	if (strcmp(text, "pc") == 0 || strcmp(text, "q35") == 0)
		return 0;
	for (const char *const *head = heads; *head && strlen(text) <= 40; head++)
		if (strncmp(text, *head, strlen(*head)) == 0 &&
		    is_machine_version(text + strlen(*head)))
			return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no machine of QEMU; write q35, pc, or one like "
					  "pc-q35-9.2", text);
}

int key_check_viommu(const char *text, struct error *err)
{
	static const char *const kinds[] = { "intel", "virtio", NULL };

	return check_word(text, "IOMMU", kinds, err);
}

int key_check_bios(const char *text, struct error *err)
{
	static const char *const kinds[] = { "seabios", "ovmf", NULL };

	return check_word(text, "firmware", kinds, err);
}

int key_check_serial(const char *text, struct error *err)
{
	static const char device[] = "/dev/";

	if (strcmp(text, "socket") == 0)
		return 0;
	if (strncmp(text, device, strlen(device)) == 0 && text[strlen(device)] &&
	    text[strspn(text, ALNUM "/_.:-")] == '\0')
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no serial port; write socket, or a device like "
					  "/dev/ttyS0", text);
}

int key_check_vga(const char *text, struct error *err)
{
	static const char *const kinds[] = {
		"serial0", "serial1", "serial2", "serial3", "std", "virtio", "virtio-gl", "qxl",
		"qxl2", "qxl3", "qxl4", "vmware", "cirrus", "none", NULL
	};

	return check_word(text, "display", kinds, err);
}

int key_check_rng(const char *text, struct error *err)
{
	static const char *const sources[] = {
		"/dev/urandom", "/dev/random", "/dev/hwrng", NULL
	};

	return check_word(text, "source of random numbers", sources, err);
}

int key_check_hotplug(const char *text, struct error *err)
{
	static const char *const features[] = {
		"network", "disk", "usb", "memory", "cpu", "cloudinit", NULL
	};

	return check_word(text, "thing that can be changed while a VM runs", features, err);
}

int key_check_agent_type(const char *text, struct error *err)
{
	static const char *const types[] = { "virtio", "isa", NULL };

	return check_word(text, "way to the agent", types, err);
}

/* What qm takes for a hash and keeps as it is (pve-facts 2.3.2); anything else it hashes itself. */
static bool is_kept_hash(const char *text)
{
	static const struct { const char *begin; size_t len; } kinds[] = {
		{ "$6$", 86 }, { "$5$", 43 }, { "$1$", 22 }, { "$2a$", 53 }, { "$2y$", 53 },
	};
	const char *last = strrchr(text, '$');

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i].begin);

		if (strncmp(text, kinds[i].begin, len) == 0)
			return last > text + len && strlen(last + 1) == kinds[i].len &&
			       text[strspn(text, ALNUM "./$=")] == '\0';
	}
	return false;
}

/* The text is not said again: it may be a password. */
int key_check_password_hash(const char *text, struct error *err)
{
	if (is_kept_hash(text))
		return 0;
	if (text[0] == '$' && strchr(text + 1, '$'))
		return error_set(err, ERROR_SPEC, "this is no whole hash, or one of a kind that qm "
						  "does not know and would hash again; make one with: "
						  "openssl passwd -6");
	return error_set(err, ERROR_SPEC, "this is no hash, and a password does not belong into a "
					  "file; make its hash with: openssl passwd -6");
}

/* What follows "STORE:snippets/", or NULL: it is no such volume. */
static const char *find_snippet(const char *volume)
{
	static const char folder[] = ":snippets/";
	const char *at = strstr(volume, folder), *name = at ? at + strlen(folder) : NULL;

	if (!at || at == volume || strspn(volume, ALNUM "-_.") != (size_t)(at - volume))
		return NULL;
	return *name && name[strspn(name, ALNUM "-_.+")] == '\0' ? name : NULL;
}

#define LONGEST_SNIPPET 200

/* "local:snippets/k3s.yaml": Proxmox lists no file whose name begins with a dot. */
int key_check_snippet_name(const char *text, struct error *err)
{
	const char *name = find_snippet(text);

	if (name && *name != '.' && strlen(text) <= LONGEST_SNIPPET)
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no snippet; write it like "
					  "local:snippets/NAME, with letters, digits and -_.+, at "
					  "most %d in all", text, LONGEST_SNIPPET);
}

/* "user=local:snippets/user.yaml" */
int key_check_snippet(const char *text, struct error *err)
{
	static const char *const parts[] = { "user=", "vendor=", "network=", "meta=", NULL };
	const char *volume = NULL;

	for (const char *const *part = parts; *part && !volume; part++)
		if (strncmp(text, *part, strlen(*part)) == 0)
			volume = text + strlen(*part);
	if (volume && find_snippet(volume))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no snippet; write it like "
					  "user=local:snippets/NAME, with user, vendor, network or "
					  "meta in front", text);
}

#define LONGEST_NOTE_LINE 1000

/* A line that begins like the mark would be another VM's. */
int key_check_note_line(const char *text, struct error *err)
{
	if (strncmp(text, "managed by vyom", 15) == 0)
		return error_set(err, ERROR_SPEC, "a line like \"%s\" is vyom's own, which it adds; "
						  "leave it out", text);
	if (strlen(text) > LONGEST_NOTE_LINE)
		return error_set(err, ERROR_SPEC, "a line of %zu characters is too long; %d will do",
				 strlen(text), LONGEST_NOTE_LINE);
	return 0;
}

/* NAME=VALUE */
int key_check_option(const char *text, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf name = STRBUF_INIT;
	size_t len = strcspn(text, "=");

	strbuf_add(&name, text, len);
	if (!text[len] || !len)
		return error_set(err, ERROR_SPEC, "\"%s\" is no option with a value; write it like "
						  "watchdog=model=i6300esb", text);
	return foreign_check(name.buf, text + len + 1, err);
}
