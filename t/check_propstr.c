/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "main.h"
#include "model/propstr.h"
#include "base/scope.h"
#include "base/strbuf.h"

/* text read and written again, as Proxmox would write it (pve-facts 2.4) */
static const struct { const char *text, *default_key, *written; } forms[] = {
	{ "local-lvm:vm-101-disk-0,size=64G",	"file",	"local-lvm:vm-101-disk-0,size=64G" },
	{ "file=local-lvm:vm-101-disk-0,ssd=1,size=64G,discard=on,iothread=1", "file",
	  "local-lvm:vm-101-disk-0,discard=on,iothread=1,size=64G,ssd=1" },
	{ "size=1G,ssd=1,local-lvm:x",		"file",	"local-lvm:x,size=1G,ssd=1" },
	{ "virtio=BC:24:11:2C:60:19,tag=20,bridge=vmbr0,firewall=1", "model",
	  "virtio=BC:24:11:2C:60:19,bridge=vmbr0,firewall=1,tag=20" },
	{ "ip=10.0.2.61/24,gw=10.0.2.2",	NULL,	"ip=10.0.2.61/24,gw=10.0.2.2" },
	{ "current=4096",			"current", "4096" },
	{ "4096",				"current", "4096" },
	{ "order=scsi0;ide2;net0",		"legacy", "order=scsi0;ide2;net0" },
	{ "enabled=1",				"enabled", "1" },
	{ "host,flags=+aes;-pcid",		"cputype", "host,flags=+aes;-pcid" },
	{ "a=1,a=2",				NULL,	"a=2" },
	{ "a=,b=2",				NULL,	"a=,b=2" },
	{ "socket",				NULL,	"socket" },
	{ ",a=1,, ,b=2,",			NULL,	"a=1,b=2" },
	{ "file=a=b",				"file",	"file=a=b" },
	{ "file=,x=1",				"file",	"file=,x=1" },
	{ "source=/dev/urandom,max_bytes=1024",	"source", "/dev/urandom,max_bytes=1024" },
	{ "",					"file",	"" },
	{ NULL,					"file",	"" },
};

START_TEST(it_is_written_as_proxmox_writes_it)
{
	CLEANUP(propstr_release) struct propstr ps = propstr_parse(forms[_i].text, forms[_i].default_key);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	propstr_format(&ps, &text);
	ck_assert_msg(strcmp(text.buf, forms[_i].written) == 0, "%s: got \"%s\"",
		      forms[_i].text ? forms[_i].text : "NULL", text.buf);
}
END_TEST

static const struct { const char *text, *default_key, *key, *value; } values[] = {
	{ "local-lvm:x,size=64G",	"file",	"file",		"local-lvm:x" },
	{ "local-lvm:x,size=64G",	"file",	"size",		"64G" },
	{ "local-lvm:x,size=64G",	"file",	"siz",		NULL },
	{ "virtio=BC:24:11:2C:60:19,bridge=vmbr0", "model", "virtio", "BC:24:11:2C:60:19" },
	{ "virtio=BC:24:11:2C:60:19,bridge=vmbr0", "model", "model", NULL },
	{ "1",				NULL,	"",		"1" },
	{ "a=b=c",			NULL,	"a",		"b=c" },
	{ NULL,				NULL,	"a",		NULL },
};

START_TEST(a_value_is_found_by_its_key)
{
	CLEANUP(propstr_release) struct propstr ps = propstr_parse(values[_i].text, values[_i].default_key);
	const char *value = propstr_get(&ps, values[_i].key);

	ck_assert_msg((!value && !values[_i].value) ||
		      (value && values[_i].value && strcmp(value, values[_i].value) == 0),
		      "%s: %s is %s", values[_i].text ? values[_i].text : "NULL", values[_i].key,
		      value ? value : "NULL");
}
END_TEST

START_TEST(items_can_be_set_and_removed)
{
	CLEANUP(propstr_release) struct propstr ps = propstr_parse("virtio=02:1F:00:00:00:01,tag=20,mtu=1", "model");
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	propstr_set(&ps, "bridge", "vmbr1");
	propstr_set(&ps, "mtu", propstr_get(&ps, "tag"));
	propstr_remove(&ps, "tag");
	propstr_remove(&ps, "tag");
	propstr_set(&ps, "firewall", "1");
	propstr_set(&ps, "queues", "4");
	propstr_format(&ps, &text);
	ck_assert_str_eq(text.buf, "virtio=02:1F:00:00:00:01,bridge=vmbr1,firewall=1,mtu=20,queues=4");
}
END_TEST

START_TEST(all_items_can_be_removed)
{
	CLEANUP(propstr_release) struct propstr ps = propstr_parse("a=1,b=2", NULL);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	propstr_remove(&ps, "a");
	propstr_remove(&ps, "b");
	propstr_format(&ps, &text);
	ck_assert_str_eq(text.buf, "");
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, it_is_written_as_proxmox_writes_it, 0, ROWS(forms));
	tcase_add_loop_test(tcase, a_value_is_found_by_its_key, 0, ROWS(values));
	tcase_add_test(tcase, items_can_be_set_and_removed);
	tcase_add_test(tcase, all_items_can_be_removed);
}

TEST_MAIN("propstr", add_cases)
