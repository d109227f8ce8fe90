/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/key_check.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/number.h"
#include "model/key.h"
#include "model/qm.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ALNUM LOWER UPPER DIGIT

/* len bytes of text: one of first, then any of rest. */
static bool is_made_of(const char *text, size_t len, const char *first, const char *rest)
{
	return len > 0 && strchr(first, text[0]) && strspn(text + 1, rest) >= len - 1;
}

static bool is_word(const char *text, size_t max, const char *first, const char *rest)
{
	size_t len = strlen(text);

	return len <= max && is_made_of(text, len, first, rest);
}

static bool is_label(const char *text, size_t len)
{
	return len <= 63 && is_made_of(text, len, ALNUM, ALNUM "-") && text[len - 1] != '-';
}

static bool is_dns_name(const char *text)
{
	size_t len;

	if (strlen(text) > 253)
		return false;
	for (;; text += len + 1) {
		len = strcspn(text, ".");
		if (!is_label(text, len))
			return false;
		if (text[len] == '\0')
			return true;
	}
}

bool key_parse_vmid_range(const char *text, uint64_t *first, uint64_t *last)
{
	size_t len = strcspn(text, "-");
	char number[16];

	if (!text[len] || len >= sizeof(number))
		return false;
	memcpy(number, text, len);
	number[len] = '\0';
	return number_parse_unsigned(number, QM_VMID_MIN, QM_VMID_MAX, first) &&
	       number_parse_unsigned(text + len + 1, QM_VMID_MIN, QM_VMID_MAX, last) &&
	       *first <= *last && *last - *first < 100;
}

bool key_parse_nic(const char *text, unsigned *slot)
{
	uint64_t number;

	if (strncmp(text, "net", 3) != 0 || (text[3] == '0' && text[4]) ||
	    !number_parse_unsigned(text + 3, 0, QM_NIC_MAX, &number))
		return false;
	*slot = (unsigned)number;
	return true;
}

int key_check_nic(const char *text, struct error *err)
{
	unsigned slot;

	if (key_parse_nic(text, &slot))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no network card; write net0 to net%d", text,
			 QM_NIC_MAX);
}

int key_check_dns_name(const char *text, struct error *err)
{
	if (is_dns_name(text))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no DNS name; use letters, digits and -, with "
					  "dots between the parts", text);
}

int key_check_host_name(const char *text, struct error *err)
{
	if (is_label(text, strlen(text)))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no name of a node; write what hostname -s "
					  "says there: letters, digits and -", text);
}

int key_check_identifier(const char *text, struct error *err)
{
	if (is_word(text, 64, ALNUM, ALNUM "._-"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no good name; use up to 64 letters, digits, . "
					  "_ and -, a letter or digit first", text);
}

int key_check_storage(const char *text, struct error *err)
{
	size_t len = strlen(text);

	if (len >= 2 && is_word(text, 100, LOWER UPPER, ALNUM "-_.") &&
	    strchr(ALNUM, text[len - 1]))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no name of a storage; pvesm status lists them",
			 text);
}

/* The kernel's limit for the name of an interface is 15. */
int key_check_bridge(const char *text, struct error *err)
{
	if (is_word(text, 15, LOWER UPPER, ALNUM "_.-"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no name of a bridge; write it like vmbr0, 15 "
					  "characters at most", text);
}

int key_check_user(const char *text, struct error *err)
{
	if (is_word(text, 32, LOWER "_", LOWER DIGIT "_.-"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no name of a user; use up to 32 lower-case "
					  "letters, digits, _ and -, a letter first", text);
}

int key_check_tag(const char *text, struct error *err)
{
	if (is_word(text, 120, ALNUM "_", ALNUM "_.+-"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no tag; use letters, digits, _ . + and -, a "
					  "letter, digit or _ first", text);
}

int key_check_package(const char *text, struct error *err)
{
	if (strlen(text) >= 2 && is_word(text, 120, LOWER DIGIT, LOWER DIGIT "+.-"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no name of a Debian package", text);
}

int key_check_mac(const char *text, struct error *err)
{
	if (address_parse_mac(text) && strcmp(text, "00:00:00:00:00:00") != 0)
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no MAC address of a NIC; write it like "
					  "02:00:00:12:34:56, or leave it out and vyom derives one",
					  text);
}

/* Not the unspecified, a loopback or a multicast address. */
static bool is_host(const struct address *address)
{
	static const unsigned char loopback6[16] = { [15] = 1 }, unspecified6[16];
	unsigned first = address->bytes[0];

	if (address->family == AF_INET)
		return first != 0 && first != 127 && first < 224;
	return first != 0xFF && memcmp(address->bytes, loopback6, 16) != 0 &&
	       memcmp(address->bytes, unspecified6, 16) != 0;
}

static int check_host(const char *text, const struct address *address, struct error *err)
{
	if (is_host(address))
		return 0;
	return error_set(err, ERROR_SPEC, "%s is no address that a machine can have", text);
}

int key_check_cidr(const char *text, struct error *err)
{
	struct address address;

	if (address_parse_cidr(text, &address))
		return check_host(text, &address, err);
	if (address_parse(text, &address))
		return error_set(err, ERROR_SPEC, "%s lacks the size of its net; write it like "
						  "%s/%d",
						  text, text, address.family == AF_INET ? 24 : 64);
	return error_set(err, ERROR_SPEC, "\"%s\" is no address with a net; write it like "
					  "192.168.1.10/24", text);
}

bool key_address_is_v6(const char *text)
{
	return strchr(text, ':') || strcmp(text, "auto") == 0;
}

int key_check_guest_address(const char *text, struct error *err)
{
	struct address address;

	if (strcmp(text, "dhcp") == 0 || strcmp(text, "auto") == 0)
		return 0;
	if (!address_parse(text, &address) && !address_parse_cidr(text, &address))
		return error_set(err, ERROR_SPEC, "\"%s\" is no address; write it like "
						  "192.168.1.10/24, or dhcp, or auto", text);
	return key_check_cidr(text, err);
}

/* For IPv6 there is also what a router tells. */
int key_check_guest_address6(const char *text, struct error *err)
{
	struct address address;

	if (strcmp(text, "dhcp") == 0 || strcmp(text, "auto") == 0)
		return 0;
	if (address_parse_cidr(text, &address) && address.family == AF_INET6)
		return key_check_cidr(text, err);
	return error_set(err, ERROR_SPEC, "\"%s\" is no IPv6 address with a net; write it like "
					  "fd00::5/64, or auto, or dhcp", text);
}

int key_check_ip6(const char *text, struct error *err)
{
	struct address address;

	if (address_parse(text, &address) && address.family == AF_INET6)
		return check_host(text, &address, err);
	return error_set(err, ERROR_SPEC, "\"%s\" is no IPv6 address; write it like fd00::1", text);
}

int key_check_ip(const char *text, struct error *err)
{
	struct address address;

	if (address_parse(text, &address))
		return check_host(text, &address, err);
	if (address_parse_cidr(text, &address))
		return error_set(err, ERROR_SPEC, "\"%s\": no /%u here; write %.*s", text,
				 address.prefix, (int)strcspn(text, "/"), text);
	return error_set(err, ERROR_SPEC, "\"%s\" is no address; write it like 192.168.1.1", text);
}

/* len bytes: a DNS name, an IPv4 address, or an IPv6 address in its brackets. */
static bool is_host_text(const char *text, size_t len)
{
	char host[256];
	struct address address;

	if (len == 0 || len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] != '[')
		return is_dns_name(host);
	if (host[len - 1] != ']')
		return false;
	host[len - 1] = '\0';
	return address_parse(host + 1, &address) && address.family == AF_INET6;
}

int key_check_node_address(const char *text, struct error *err)
{
	size_t user = strcspn(text, "@");
	const char *host = text[user] ? text + user + 1 : text;
	size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	uint64_t port;

	if (host != text && !is_made_of(text, user, LOWER UPPER "_", ALNUM "_.-"))
		goto bad;
	if (!is_host_text(host, len))
		goto bad;
	if (host[len] != '\0' &&
	    (host[len] != ':' || !number_parse_unsigned(host + len + 1, 1, 65535, &port)))
		goto bad;
	return 0;
bad:
	return error_set(err, ERROR_SPEC, "\"%s\" is no address of a node; write it like "
					  "root@192.168.1.10, root@pve.lan:2222 or root@[fd00::5]",
					  text);
}

int key_check_whole_mib(const char *text, struct error *err)
{
	uint64_t bytes;

	if (!number_parse_size(text, &bytes) || bytes % MIB == 0)
		return 0;	/* what is no size at all was refused before */
	return error_set(err, ERROR_SPEC,
			 "%s is not a whole number of MiB; write it like 512M or "
			 "16G%s",
			 text, bytes < MIB ? " (without a letter it is bytes)" : "");
}

int key_check_clone(const char *text, struct error *err)
{
	if (strcmp(text, "linked") == 0 || strcmp(text, "full") == 0)
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no way to clone; write linked or full", text);
}

/* Up to three names, one in another (Proxmox's pve-poolid). */
int key_check_pool(const char *text, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_";
	const char *rest = text;
	int names = 0;

	for (; strspn(rest, letters); rest += *rest == '/') {
		rest += strspn(rest, letters);
		names++;
		if (*rest == '\0' && names <= 3)
			return 0;
		if (*rest != '/')
			break;
	}
	return error_set(err, ERROR_SPEC, "\"%s\" is no name of a resource pool: letters, digits, "
					  "._- and at most two / between them", text);
}

int key_check_wait(const char *text, struct error *err)
{
	if (strcmp(text, "no") == 0 || strcmp(text, "agent") == 0 || strcmp(text, "cloud-init") == 0)
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is nothing to wait for; write no, agent or "
					  "cloud-init", text);
}

int key_check_key_file(const char *text, struct error *err)
{
	if (text[0] == '~')
		return error_set(err, ERROR_SPEC, "~ is not replaced in \"%s\"; write the whole "
						  "path", text);
	if (strncmp(text, "ssh-", 4) == 0 && strchr(text, ' '))
		return error_set(err, ERROR_SPEC, "this is a key; write the path of a file that "
						  "holds it");
	return 0;
}

int key_check_vmid_range(const char *text, struct error *err)
{
	uint64_t first, last;

	if (key_parse_vmid_range(text, &first, &last))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no range of ids; write it like 9000-9009, at "
					  "most 100 of them", text);
}

/* A volume id, or a path: qm's own words for what it can import (pve-facts 4.18). */
int key_check_image(const char *text, struct error *err)
{
	size_t storage = strcspn(text, ":");

	if (text[0] == '/' && strpbrk(text, ",\n"))
		return error_set(err, ERROR_SPEC, "\"%s\": qm takes no path with a comma or a line "
						  "break; give it another name", text);
	if (text[0] == '/')
		return 0;
	if (text[storage] && is_made_of(text, storage, LOWER UPPER, ALNUM "-_.") &&
	    is_word(text + storage + 1, 255, ALNUM, ALNUM "._/-") && !strstr(text, ".."))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no absolute path and no volume id; write where "
					  "the image lies on the node, like "
					  "/var/lib/vz/template/iso/noble.img or local:iso/noble.img",
					  text);
}

int key_check_url(const char *text, struct error *err)
{
	const char *rest = strncmp(text, "https://", 8) == 0 ? text + 8 :
			   strncmp(text, "http://", 7) == 0 ? text + 7 : "";

	if (*rest && *rest != '/' && !strpbrk(text, " \"'\\"))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no URL; write it like "
					  "https://cloud-images.ubuntu.com/…/noble-server-cloudimg-"
					  "amd64.img", text);
}

int key_check_file_pair(const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');

	if (text[0] == '/' && colon && colon[1] == '/' && !strchr(colon + 1, ':'))
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no pair of paths; write it like "
					  "/etc/vyom/motd:/etc/motd", text);
}

int key_check_line(const char *text, struct error *err)
{
	return *text ? 0 : error_set(err, ERROR_SPEC, "\"\" says nothing; leave it out");
}

int key_check_absolute(const char *text, struct error *err)
{
	if (text[0] == '/')
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no absolute path", text);
}

int key_check_sha256(const char *text, struct error *err)
{
	if (strlen(text) == DIGEST_SHA256_TEXT - 1 &&
	    strspn(text, DIGIT "abcdefABCDEF") == DIGEST_SHA256_TEXT - 1)
		return 0;
	return error_set(err, ERROR_SPEC, "\"%s\" is no SHA-256; write the 64 digits that "
					  "sha256sum prints", text);
}
