/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/scope.h"
#include "base/strbuf.h"
#include "decide/option.h"
#include "edge/spec_conf.h"
#include "main.h"
#include "model/spec.h"
#include "model/vmconf.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))
#define KEY_1 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb me"
#define KEY_2 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb you"
#define ENCODED_1 "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb%20me"
#define ENCODED_2 "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIJ7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb%20you"

static const struct option *option(const char *name)
{
	const struct option *found = option_find(name);

	ck_assert_msg(found != NULL, "%s", name);
	return found;
}

/* cluster lab { … vm web { vmid = 101 … } }: what an option shall be; NULL: not declared */
static const struct { const char *cluster, *vm, *option, *value; } wants[] = {
	{ "",			"",			"name",		"web" },
	{ "",			"",			"description",	"managed by vyom: lab/web" },
	{ "",			"",			"tags",		"vyom" },
	{ "tags = { a, B }",	"",			"tags",		"vyom;a;B" },
	{ "",			"",			"cores",	NULL },
	{ "",			"cores = 4",		"cores",	"4" },
	{ "",			"",			"memory",	NULL },
	{ "",			"memory = 1.5G",	"memory",	"1536" },
	{ "",			"",			"onboot",	NULL },
	{ "onboot = false",	"",			"onboot",	"0" },
	{ "",			"onboot = yes",		"onboot",	"1" },
	{ "",			"",			"agent",	NULL },
	{ "agent = on",		"",			"agent",	"enabled=1" },
	{ "",			"",			"scsihw",	"virtio-scsi-single" },
	{ "",			"",			"scsi0",	"discard=on,iothread=1" },
	{ "",			"mac = \"02:0a:00:00:00:01\"", "net0",
	  "virtio=02:0A:00:00:00:01,bridge=vmbr0" },
	{ "bridge = vmbr1",	"mac = \"02:0a:00:00:00:01\" vlan = 20", "net0",
	  "virtio=02:0A:00:00:00:01,bridge=vmbr1,tag=20" },
	{ "",			"",			"ciuser",	NULL },
	{ "user = ubuntu",	"",			"ciuser",	"ubuntu" },
	{ "",			"",			"sshkeys",	NULL },
	{ "",			"",			"ipconfig0",	"ip=dhcp" },
	{ "gateway = 10.0.0.1",	"",			"ipconfig0",	"ip=dhcp" },
	{ "",			"address = \"10.0.0.5/24\"", "ipconfig0", "ip=10.0.0.5/24" },
	{ "gateway = \"fd00::1\"", "address = auto",	"ipconfig0",	"ip6=auto" },
	{ "",			"address = \"10.0.0.5/24\" address6 = auto", "ipconfig0",
	  "ip=10.0.0.5/24,ip6=auto" },
	{ "gateway = 10.0.0.1",	"address = \"10.0.0.5/24\"", "ipconfig0",
	  "ip=10.0.0.5/24,gw=10.0.0.1" },
	{ "gateway = \"fd00::1\"", "address = \"fd00::5/64\"", "ipconfig0",
	  "ip6=fd00::5/64,gw6=fd00::1" },
	{ "",			"",			"nameserver",	NULL },
	{ "nameserver = { 10.0.0.1, 10.0.0.2 }", "",	"nameserver",	"10.0.0.1 10.0.0.2" },
	{ "searchdomain = { lan, example.org }", "",	"searchdomain",	"lan example.org" },
	{ "nameserver = 10.0.0.1", "nameserver = { }",	"nameserver",	NULL },
	{ "gateway6 = fd00::1",	"address6 = \"fd00::5/64\"", "ipconfig0", "ip=dhcp,ip6=fd00::5/64,gw6=fd00::1" },
	{ "",			"address = \"10.0.0.5/24\" address6 = auto", "ipconfig0",
	  "ip=10.0.0.5/24,ip6=auto" },
	{ "nic net0 { mtu = 1400 rate = 1.50 }", "mac = \"02:0a:00:00:00:01\" vlan = 2 "
	  "nic net0 { model = e1000 rate = 2 firewall = on link-down = off queues = 3 }", "net0",
	  "e1000=02:0A:00:00:00:01,bridge=vmbr0,tag=2,firewall=1,mtu=1400,queues=3,rate=2,link_down=0" },
	{ "",			"sockets = 2",		"sockets",	"2" },
	{ "",			"cpu = host",		"cpu",		"cputype=host" },
	{ "cpu-flags = { \"+aes\", \"-pcid\" }", "cpu = host",	"cpu",		"cputype=host,flags=+aes;-pcid" },
	{ "",			"numa = no",		"numa",		"0" },
	{ "",			"cpu-limit = 1.50",	"cpulimit",	"1.5" },
	{ "",			"cpu-units = 200",	"cpuunits",	"200" },
	{ "",			"affinity = \"0,2-3\"",	"affinity",	"0,2-3" },
	{ "",			"memory = 4G balloon = 2G", "balloon",	"2048" },
	{ "",			"balloon = 0",		"balloon",	"0" },
	{ "",			"shares = 0",		"shares",	"0" },
	{ "",			"discard = off iothread = off", "scsi0", "discard=ignore,iothread=0" },
	{ "",			"ssd = on cache = none aio = native iops = 100 mbps = 12.5", "scsi0",
	  "discard=on,iothread=1,ssd=1,cache=none,aio=native,iops=100,mbps=12.5" },
	{ "",			"iops-read = 1 iops-write = 2 mbps-read = 3 mbps-write = 4", "scsi0",
	  "discard=on,iothread=1,iops_rd=1,iops_wr=2,mbps_rd=3,mbps_wr=4" },
	{ "",			"backup = no",		"scsi0", "discard=on,iothread=1,backup=0" },
	{ "cpu-hidden = yes",	"",			"cpu",	"hidden=1" },
	{ "cpu-hidden = yes",	"cpu = host",		"cpu",	"cputype=host,hidden=1" },
	{ "viommu = intel",	"machine = q35",	"machine", "q35,viommu=intel" },
	{ "viommu = virtio",	"",			"machine", "viommu=virtio" },
	{ "rng = /dev/hwrng",	"rng-bytes = 0 rng-period = 50", "rng0", "/dev/hwrng,max_bytes=0,period=50" },
	{ "",			"machine = q35",	"machine",	"q35" },
	{ "",			"bios = ovmf",		"bios",		"ovmf" },
	{ "",			"serial = socket",	"serial0",	"socket" },
	{ "",			"vga = qxl vga-memory = 32M", "vga",	"type=qxl,memory=32" },
	{ "",			"rng = \"/dev/urandom\"", "rng0",	"/dev/urandom" },
	{ "",			"",			"smbios1",	NULL },
	{ "",			"smbios = \"product=Two words,serial=7\"", "smbios1", "product=Two words,serial=7" },
	{ "",			"package-upgrade = no",	"ciupgrade",	"0" },
	{ "",			"snippets = { \"user=local:snippets/u\", \"meta=local:snippets/m\" }", "cicustom",
	  "user=local:snippets/u,meta=local:snippets/m" },
	{ "",			"description = { \"a b\", c }", "description",
	  "a b\nc\nmanaged by vyom: lab/web" },
	{ "start-order = 1",	"start-delay = 2 stop-timeout = 3", "startup", "order=1,up=2,down=3" },
	{ "",			"protection = yes",	"protection",	"1" },
	{ "",			"hotplug = { disk, usb }", "hotplug",	"disk,usb" },
	{ "hotplug = disk",	"hotplug = { }",	"hotplug",	"0" },
	{ "",			"",			"hotplug",	NULL },
	{ "",			"agent = on agent-fstrim = on agent-freeze = off agent-type = isa", "agent",
	  "enabled=1,fstrim_cloned_disks=1,freeze-fs-on-backup=0,type=isa" },
};

START_TEST(an_option_is_what_the_spec_declares)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, value = STRBUF_INIT;
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	bool declared;

	strbuf_addf(&text, "node pve { }\ntemplate t { vmid = 9000 }\ncluster lab {\n%s\n"
		    "vm web { vmid = 101 %s } }\n", wants[_i].cluster, wants[_i].vm);
	spec_conf_parse(spec, &text, NULL, &problems);
	spec_check(spec, &problems);
	ck_assert_msg(problems.count == 0, "%s", problems.count ? problems.items[0].text : "");
	declared = option_want(option(wants[_i].option), spec->vms[0], &value);
	ck_assert_msg(declared == (wants[_i].value != NULL), "%s", wants[_i].option);
	ck_assert_str_eq(value.buf, declared ? wants[_i].value : "");
}
END_TEST

#define UUID "1111abcd-1111-4111-8111-111111111111"
#define NIC "virtio=02:1F:00:00:00:01,bridge=vmbr0"

/* Does found say what wanted says? */
static const struct { const char *option, *wanted, *found; bool agrees; } agreements[] = {
	{ "cores",	"4",			"4",				true },
	{ "cores",	"4",			"40",				false },
	{ "cores",	"4",			NULL,				false },
	{ "onboot",	"0",			NULL,				true },
	{ "machine",	"q35,viommu=virtio",	"type=q35,viommu=virtio",	true },
	{ "machine",	"q35,viommu=virtio",	"q35",				false },
	{ "machine",	"viommu=virtio",	"viommu=virtio,type=q35",	true },
	{ "rng0",	"/dev/urandom,max_bytes=1024,period=1000", "source=/dev/urandom", true },
	{ "rng0",	"/dev/urandom,max_bytes=0", "source=/dev/urandom",	false },
	{ "memory",	"4096",			"current=4096",			true },
	{ "memory",	"4096",			"4096",				true },
	{ "memory",	"4096",			"8192",				false },
	{ "agent",	"enabled=1",		"1",				true },
	{ "agent",	"enabled=1",		"1,fstrim_cloned_disks=1",	true },
	{ "agent",	"enabled=1",		"fstrim_cloned_disks=1,enabled=1", true },
	{ "agent",	"enabled=1",		"0",				false },
	{ "agent",	"enabled=1",		"type=virtio",			false },
	{ "net0",	NIC,			"bridge=vmbr0,virtio=02:1f:00:00:00:01", true },
	{ "net0",	NIC,			NIC ",firewall=1,tag=20",	true },
	{ "net0",	NIC,			"e1000=02:1F:00:00:00:01,bridge=vmbr0", false },
	{ "net0",	NIC,			"virtio=02:1F:00:00:00:02,bridge=vmbr0", false },
	{ "net0",	NIC,			"virtio=02:1F:00:00:00:01,bridge=vmbr01", false },
	{ "net0",	NIC,			"virtio=02:1F:00:00:00:01",	false },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,discard=on,iothread=1,size=64G",
	  true },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,iothread=1", false },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,discard=ignore,iothread=1",
	  false },
	{ "ipconfig0",	"ip=10.0.0.5/24,gw=10.0.0.1", "gw=10.0.0.1,ip=10.0.0.5/24", true },
	{ "ipconfig0",	"ip=dhcp",		"ip=dhcp,gw=10.0.0.1",		false },
	{ "ipconfig0",	"ip=dhcp",		"ip=dhcp,ip6=auto",		false },
	{ "ipconfig0",	"ip=10.0.0.5/24",	"ip=10.0.0.5/20",		false },
	{ "tags",	"vyom;k3s",		"k3s;vyom",			true },
	{ "tags",	"vyom;K3s",		"a,k3S vyom",			true },
	{ "tags",	"vyom;k3s",		"vyom;k3",			false },
	{ "tags",	"vyom",			"vyomx;xvyom",			false },
	{ "sshkeys",	KEY_1 "\n",		ENCODED_1 "%0A",		true },
	{ "sshkeys",	KEY_1,			ENCODED_1,			true },
	{ "sshkeys",	KEY_1 "\n" KEY_2 "\n",	ENCODED_1 "%0A%0A" ENCODED_2 "%0A%0A", true },
	{ "sshkeys",	KEY_1 "\r\n" KEY_2 " \n", ENCODED_1 "%0D%0A" ENCODED_2,	true },
	{ "sshkeys",	KEY_1 "\n" KEY_2 "\n",	ENCODED_2 "%0A" ENCODED_1,	false },
	{ "sshkeys",	KEY_1,			ENCODED_1 "%0A" ENCODED_2,	false },
	{ "sshkeys",	KEY_1,			ENCODED_2,			false },
	{ "description", "managed by vyom: lab/web", "managed by vyom: lab/web",	true },
	{ "description", "managed by vyom: lab/web", "rack 7\nmanaged by vyom: lab/web\n\nask Ann", true },
	{ "description", "managed by vyom: lab/web", "managed by vyom: lab/web2",	false },
	{ "description", "managed by vyom: lab/web", "not managed by vyom: lab/web", false },
	{ "description", "managed by vyom: lab/web", "",				false },
	{ "description", "a\nmanaged by vyom: lab/web", "a\nmanaged by vyom: lab/web",	true },
	{ "description", "a\nmanaged by vyom: lab/web", "b\na\nmanaged by vyom: lab/web", false },
	{ "cpulimit",	"1.5",			"1.50",				true },
	{ "cpulimit",	"2",			"2.5",				false },
	{ "cpulimit",	"2",			"all",				false },
	{ "hotplug",	"disk,usb",		"usb,disk",			true },
	{ "hotplug",	"network,disk,usb",	"1",				true },
	{ "hotplug",	"0",			"0",				true },
	{ "hotplug",	"0",			"disk",				false },
	{ "hotplug",	"disk",			"disk,usb",			false },
	{ "hotplug",	"disk",			"0",				false },
	{ "cipassword",	"$6$a$b",		"$6$a$b",			true },
	{ "cipassword",	"$6$a$b",		"$6$A$B",			false },
	/* what Proxmox takes where nothing is said */
	{ "numa",	"0",			NULL,				true },
	{ "numa",	"1",			NULL,				false },
	{ "cores",	"1",			NULL,				true },
	{ "cores",	"2",			NULL,				false },
	{ "cpulimit",	"0",			NULL,				true },
	{ "bios",	"seabios",		NULL,				true },
	{ "bios",	"ovmf",			NULL,				false },
	{ "onboot",	"1",			NULL,				false },
	{ "ciupgrade",	"1",			NULL,				true },
	{ "ciupgrade",	"0",			NULL,				false },
	{ "hotplug",	"usb,disk,network",	NULL,				true },
	{ "hotplug",	"0",			NULL,				false },
	{ "serial0",	"socket",		NULL,				false },
	{ "cipassword",	"$6$a$b",		NULL,				false },
	{ "agent",	"enabled=0",		NULL,				true },
	{ "agent",	"enabled=1",		NULL,				false },
	{ "agent",	"enabled=1,freeze-fs-on-backup=1,type=virtio", "1",	true },
	{ "agent",	"enabled=1,fstrim_cloned_disks=1", "1",			false },
	{ "startup",	"order=0",		NULL,				false },
	{ "net0",	NIC ",firewall=0,link_down=0", NIC,			true },
	{ "net0",	NIC ",firewall=1",	NIC,				false },
	{ "net0",	NIC ",mtu=1",		NIC,				false },
	{ "net0",	NIC,			NULL,				false },
	{ "scsi0",	"discard=ignore,iothread=0,ssd=0,iops=0", "local-lvm:vm-101-disk-0", true },
	{ "scsi0",	"discard=ignore,iothread=0", NULL,			false },
	/* qm's own spellings */
	{ "agent",	"enabled=1",		"enabled=yes",			true },
	{ "agent",	"enabled=1",		"off",				false },
	{ "scsi0",	"mbps=1.5",		"local-lvm:vm-101-disk-0,mbps=1.50", true },
	{ "cpu",	"flags=+aes;-pcid",	"host,flags=-pcid;+aes",	true },
	{ "cpu",	"flags=+aes;-pcid",	"host,flags=+aes",		false },
	{ "cpu",	"flags=+aes",		"host,flags=+aes;-pcid",	false },
	/* what is encoded is what it says */
	{ "smbios1",	"serial=7",		"base64=1,serial=Nw==,uuid=" UUID, true },
	{ "smbios1",	"serial=7",		"uuid=" UUID ",serial=Nw,base64=yes", true },
	{ "smbios1",	"serial=7",		"serial=7,uuid=" UUID,		true },
	{ "smbios1",	"serial=7",		"base64=0,serial=7,uuid=" UUID,	true },
	{ "smbios1",	"serial=7",		"serial=Nw==,uuid=" UUID,	false },
	{ "smbios1",	"serial=7",		"base64=1,serial=7,uuid=" UUID,	false },
	{ "smbios1",	"serial=abc",		"serial=ABC,uuid=" UUID,	false },
	{ "smbios1",	"serial=7",		"serial=7.0,uuid=" UUID,	false },
	{ "smbios1",	"serial=7",		"serial=07,uuid=" UUID,		false },
	{ "smbios1",	"serial=7",		"base64=1,serial=Nw==,sku=YQ==,uuid=" UUID, true },
	{ "smbios1",	"serial=7,sku=a",	"base64=1,serial=Nw==,uuid=" UUID, false },
	{ "smbios1",	"serial=7",		"uuid=" UUID,			false },
	{ "smbios1",	"serial=7",		NULL,				false },
};

START_TEST(a_value_agrees_by_its_form)
{
	ck_assert_msg(option_agrees(option(agreements[_i].option), agreements[_i].wanted,
				    agreements[_i].found) == agreements[_i].agrees,
		      "%s: %s and %s", agreements[_i].option, agreements[_i].wanted,
		      agreements[_i].found ? agreements[_i].found : "NULL");
}
END_TEST

/* What to give qm, so that found becomes wanted. */
static const struct { const char *option, *wanted, *found, *value; } merges[] = {
	{ "cores",	"4",			"2",		"4" },
	{ "cores",	"4",			NULL,		"4" },
	{ "memory",	"8192",			"current=4096",	"8192" },
	{ "agent",	"enabled=1",		NULL,		"1" },
	{ "agent",	"enabled=1",		"0,fstrim_cloned_disks=1", "1,fstrim_cloned_disks=1" },
	{ "net0",	NIC,			NULL,		NIC },
	{ "net0",	NIC,			"virtio=BC:24:11:00:00:01,bridge=vmbr1,firewall=1,tag=20",
	  NIC ",firewall=1,tag=20" },
	{ "net0",	NIC,			"e1000=BC:24:11:00:00:01,bridge=vmbr1,mtu=1400",
	  NIC ",mtu=1400" },
	{ "scsi0",	"discard=on,iothread=1", "local-lvm:vm-101-disk-0,size=4G,ssd=1",
	  "local-lvm:vm-101-disk-0,discard=on,iothread=1,ssd=1" },
	{ "scsi0",	"discard=on,iothread=1", "ssd=1,file=local-lvm:vm-101-disk-3,discard=ignore",
	  "local-lvm:vm-101-disk-3,discard=on,iothread=1,ssd=1" },
	{ "ipconfig0",	"ip=dhcp",		"ip=10.0.0.5/24,gw=10.0.0.1", "ip=dhcp" },
	{ "tags",	"vyom;K3s",		"zoo;Backup;vyom", "zoo;Backup;vyom;k3s" },
	{ "tags",	"vyom",			NULL,		"vyom" },
	{ "description", "managed by vyom: lab/web", "rack 7\nask Ann",
	  "rack 7\nask Ann\nmanaged by vyom: lab/web" },
	{ "description", "managed by vyom: lab/web", NULL, "managed by vyom: lab/web" },
	{ "description", "managed by vyom: lab/web", "", "managed by vyom: lab/web" },
	{ "smbios1",	"product=Two words,serial=7", "uuid=" UUID,
	  "uuid=" UUID ",base64=1,product=VHdvIHdvcmRz,serial=Nw==" },
	{ "smbios1",	"serial=7",		"serial=6,sku=abc,uuid=" UUID,
	  "serial=Nw==,base64=1,sku=YWJj,uuid=" UUID },
	{ "smbios1",	"serial=7",		"base64=1,sku=YSxi,uuid=" UUID,
	  "base64=1,serial=Nw==,sku=YSxi,uuid=" UUID },
	{ "smbios1",	"serial=7",		"base64=0,sku=abc,uuid=" UUID,
	  "base64=1,serial=Nw==,sku=YWJj,uuid=" UUID },
};

START_TEST(what_is_not_declared_is_kept)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;

	option_merge(option(merges[_i].option), merges[_i].wanted, merges[_i].found, &value);
	ck_assert_str_eq(value.buf, merges[_i].value);
}
END_TEST

START_TEST(what_was_merged_agrees)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	const struct option *this = option(merges[_i].option);

	option_merge(this, merges[_i].wanted, merges[_i].found, &value);
	ck_assert(option_agrees(this, merges[_i].wanted, value.buf));
}
END_TEST

static const struct { const char *option, *found, *other; bool kept; } keeps[] = {
	{ "smbios1",	"uuid=" UUID,		"base64=1,serial=Nw==,uuid=1111ABCD-1111-4111-8111-111111111111", true },
	{ "smbios1",	"uuid=" UUID,		"uuid=33333333-1111-4111-8111-111111111111", false },
	{ "smbios1",	"uuid=" UUID,		"serial=7",	false },
	{ "smbios1",	"uuid=" UUID,		NULL,		false },
	{ "smbios1",	NULL,			"serial=7",	true },
	{ "cores",	"4",			"2",		true },
	{ "cores",	"4",			NULL,		true },
};

START_TEST(a_vm_is_known_by_its_uuid)
{
	ck_assert_int_eq(option_keeps(option(keeps[_i].option), keeps[_i].found, keeps[_i].other),
			 keeps[_i].kept);
}
END_TEST

static const struct { const char *option, *value, *text; } descriptions[] = {
	{ "cipassword",	"$6$saltsalt$abc",	"a hash (d4e25a46)" },
	{ "cipassword",	NULL,			"nothing" },
	{ "cores",	NULL,				"nothing" },
	{ "cores",	"4",				"4" },
	{ "net0",	NIC,				NIC },
	{ "sshkeys",	NULL,				"nothing" },
	{ "sshkeys",	KEY_1 "\n",			"1 key" },
	{ "sshkeys",	ENCODED_1 "%0A",		"1 key" },
	{ "sshkeys",	KEY_1 "\n\n" KEY_2,		"2 keys" },
	{ "sshkeys",	ENCODED_1 "%0A" ENCODED_2,	"2 keys" },
	{ "sshkeys",	"",				"0 keys" },
	{ "smbios1",	"serial=7",			"serial=7" },
	{ "smbios1",	"base64=1,uuid=" UUID ",serial=Nw==", "uuid=" UUID ",serial=7" },
	{ "smbios1",	"uuid=" UUID ",serial=Nw",	"uuid=" UUID ",serial=Nw" },
};

START_TEST(keys_are_counted_and_the_rest_is_shown)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	option_describe(option(descriptions[_i].option), descriptions[_i].value, &text);
	ck_assert_str_eq(text.buf, descriptions[_i].text);
}
END_TEST

#define DRIVE "local-lvm:vm-101-disk-0,discard=on,iothread=1"

/* What changing found to wanted means on a VM that runs, with that hotplug setting. */
static const struct {
	const char *option, *wanted, *found, *hotplug;
	enum option_effect effect;
} effects[] = {
	{ "cores",	"4",		"2",		NULL,		OPTION_RESTART },
	{ "onboot",	"1",		NULL,		NULL,		OPTION_LIVE },
	{ "memory",	"4096",		"2048",		NULL,		OPTION_RESTART },
	{ "memory",	"4096",		"2048",		"disk,memory",	OPTION_LIVE },
	{ "balloon",	"2048",		"1024",		NULL,		OPTION_LIVE },
	{ "balloon",	"2048",		NULL,		NULL,		OPTION_LIVE },
	{ "balloon",	"0",		NULL,		NULL,		OPTION_RESTART },
	{ "balloon",	"2048",		"0",		NULL,		OPTION_RESTART },
	{ "scsi0",	"discard=on,iops=5", DRIVE,	NULL,		OPTION_LIVE },
	{ "scsi0",	"discard=on,backup=0", DRIVE,	NULL,		OPTION_LIVE },
	{ "scsi0",	"discard=on,mbps_wr=5", DRIVE ",mbps_wr=4", NULL, OPTION_LIVE },
	{ "scsi0",	"discard=on,iops=5,ssd=1", DRIVE, NULL,		OPTION_RESTART },
	{ "scsi0",	"discard=ignore", DRIVE,	NULL,		OPTION_RESTART },
	{ "agent",	"enabled=1,fstrim_cloned_disks=1", "1", NULL,	OPTION_LIVE },
	{ "agent",	"enabled=1",	"0",		NULL,		OPTION_RESTART },
	{ "agent",	"enabled=1",	NULL,		NULL,		OPTION_RESTART },
	{ "hotplug",	"disk,usb",	"1",		NULL,		OPTION_LIVE },
	{ "hotplug",	"disk,memory",	"1",		NULL,		OPTION_RESTART },
	{ "hotplug",	"disk",		"disk,cpu",	NULL,		OPTION_RESTART },
	{ "net0",	NIC ",tag=5",	NIC,		NULL,		OPTION_LIVE },
	{ "net0",	NIC ",queues=5", NIC,		NULL,		OPTION_LIVE },
	{ "net0",	NIC ",queues=5", NIC,		"disk",		OPTION_RESTART },
	{ "net0",	NIC ",rate=5",	NIC,		"0",		OPTION_LIVE },
	{ "net0",	NIC,		"virtio=02:1F:00:00:00:09,bridge=vmbr0", NULL, OPTION_REINIT },
	{ "cipassword",	"$6$a$b",	NULL,		NULL,		OPTION_REINIT },
	{ "smbios1",	"serial=7",	"uuid=" UUID,	"memory,cpu",	OPTION_RESTART },
};

START_TEST(a_change_means_what_qm_makes_of_it)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(vmconf_cleanup) struct vmconf *conf = NULL;

	if (effects[_i].hotplug)
		strbuf_addf(&text, "hotplug: %s\n", effects[_i].hotplug);
	conf = vmconf_parse(text.buf, text.len);
	ck_assert_msg(option_effect_of(option(effects[_i].option), effects[_i].wanted,
				       effects[_i].found, conf) == effects[_i].effect,
		      "%s: %s → %s", effects[_i].option,
		      effects[_i].found ? effects[_i].found : "nothing", effects[_i].wanted);
}
END_TEST

/* What `options = { … }` of a VM makes, in order: "NAME=VALUE" a line. */
START_TEST(what_options_lists_is_compared_by_qms_own_rules)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, value = STRBUF_INIT;
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	const struct option *watchdog, *tablet, *again;

	strbuf_adds(&text, "node pve { }\ntemplate t { vmid = 9000 }\ncluster lab {\n"
		    "vm web { vmid = 101 options = { \"watchdog=model=i6300esb\", \"tablet=off\" } } }\n");
	spec_conf_parse(spec, &text, NULL, &problems);
	spec_check(spec, &problems);
	ck_assert_uint_eq(problems.count, 0);
	watchdog = option_listed(spec->vms[0], 0, &value);
	ck_assert_str_eq(value.buf, "model=i6300esb");
	ck_assert_str_eq(watchdog->name, "watchdog");
	ck_assert(option_agrees(watchdog, value.buf, "i6300esb,action=reset"));
	strbuf_reset(&value);
	tablet = option_listed(spec->vms[0], 1, &value);
	ck_assert_str_eq(value.buf, "0");
	ck_assert_int_eq(tablet->effect, OPTION_RESTART);
	ck_assert_ptr_null(option_listed(spec->vms[0], 2, &value));
	again = option_listed(spec->vms[0], 0, &value);
	ck_assert_ptr_eq(again, watchdog);
	ck_assert(option_is_declared(spec->vms[0], "tablet"));
	ck_assert(option_is_declared(spec->vms[0], "scsi0"));
	ck_assert(!option_is_declared(spec->vms[0], "balloon"));
	ck_assert(!option_is_declared(spec->vms[0], "acpi"));
}
END_TEST

/* What `options = { "ITEM" }` makes of what is there. */
static const struct { const char *item, *found, *value; } listed_merges[] = {
	{ "ivshmem=size=32,name=shm",	NULL,		"size=32,name=shm" },
	{ "ivshmem=size=32",		"size=16,name=shm", "size=32,name=shm" },
	{ "audio0=driver=none",		"device=AC97",	"device=AC97,driver=none" },
	{ "watchdog=action=reset",	"i6300esb",	"i6300esb,action=reset" },
};

START_TEST(what_options_lists_leaves_other_items_alone)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, wanted = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	CLEANUP(spec_problems_release) struct spec_problems problems = { 0 };
	CLEANUP(spec_cleanup) struct spec *spec = spec_new();
	const struct option *listed;

	strbuf_addf(&text, "node pve { }\ntemplate t { vmid = 9000 }\ncluster lab {\n"
		    "vm web { vmid = 101 options = { \"%s\" } } }\n", listed_merges[_i].item);
	spec_conf_parse(spec, &text, NULL, &problems);
	spec_check(spec, &problems);
	ck_assert_uint_eq(problems.count, 0);
	listed = option_listed(spec->vms[0], 0, &wanted);
	option_merge(listed, wanted.buf, listed_merges[_i].found, &value);
	ck_assert_str_eq(value.buf, listed_merges[_i].value);
	ck_assert(option_agrees(listed, wanted.buf, value.buf));
}
END_TEST

START_TEST(an_option_is_found_by_its_whole_name)
{
	for (size_t i = 0; i < option_count; i++)
		ck_assert_ptr_eq(option_find(option_table[i].name), &option_table[i]);
	ck_assert_ptr_null(option_find("core"));
	ck_assert_ptr_null(option_find("net1"));
	ck_assert_ptr_null(option_find(""));
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_change_means_what_qm_makes_of_it, 0, ROWS(effects));
	tcase_add_test(tcase, what_options_lists_is_compared_by_qms_own_rules);
	tcase_add_loop_test(tcase, an_option_is_what_the_spec_declares, 0, ROWS(wants));
	tcase_add_loop_test(tcase, a_value_agrees_by_its_form, 0, ROWS(agreements));
	tcase_add_loop_test(tcase, what_is_not_declared_is_kept, 0, ROWS(merges));
	tcase_add_loop_test(tcase, what_was_merged_agrees, 0, ROWS(merges));
	tcase_add_loop_test(tcase, a_vm_is_known_by_its_uuid, 0, ROWS(keeps));
	tcase_add_loop_test(tcase, keys_are_counted_and_the_rest_is_shown, 0, ROWS(descriptions));
	tcase_add_loop_test(tcase, what_options_lists_leaves_other_items_alone, 0,
			    ROWS(listed_merges));
	tcase_add_test(tcase, an_option_is_found_by_its_whole_name);
}

TEST_MAIN("option", add_cases)
