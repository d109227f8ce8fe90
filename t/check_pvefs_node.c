/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "main.h"
#include "edge/pvefs.h"
#include "base/scope.h"
#include "sysroot.h"

/* transcripts/10-files, "disable", "nodes" and the odd lines added */
static const char storage_cfg[] =
	"dir: local\n\tpath /var/lib/vz\n\tcontent iso,vztmpl,backup,snippets,import\n\n"
	"# by hand\nlvmthin: local-lvm\n\tthinpool data\n\tvgname pve\n\tcontent images,rootdir\n\n"
	"lvmthin: tinythin\n        thinpool tiny\n        vgname pve\n        content rootdir \n        disable\n\n"
	"lvmthin: there\n\tthinpool data\n\tvgname pve\n\tcontent images\n\tnodes other,another\n\n"
	"lvmthin: here\n\tthinpool data\n\tvgname fast\n\tnodes other,pve\n\tdisable 0\n\n"
	"\tvgname stray\nnonsense\n\tvgname stray\n";

/* More than a page of the kernel's list, and a line that is longer than others. */
static void put_cpus(int count)
{
	char cpus[300 * 80] = "";

	for (int i = 0; i < count; i++)
		snprintf(cpus + strlen(cpus), 80, "processor\t: %d\nmodel name\t: a processor\n\n", i);
	sysroot_put("/proc/cpuinfo", cpus);
}

static void set_up(void)
{
	sysroot_make();
	sysroot_put("/etc/pve/storage.cfg", storage_cfg);
	sysroot_make_parents("/etc/pve/nodes/pve/");
	ck_assert_int_eq(symlink("nodes/pve", sysroot_path("/etc/pve/local")), 0);
	sysroot_put("/proc/meminfo", "MemTotal:       65767468 kB\nMemFree:        53010480 kB\n");
	put_cpus(300);
	sysroot_put("/sys/class/net/lo/ifindex", "1\n");
	sysroot_put("/sys/class/net/vmbr1/bridge/bridge_id", "8000.000000000000\n");
	sysroot_put("/sys/class/net/vmbr0/bridge/bridge_id", "8000.000000000000\n");
	sysroot_put("/sys/class/net/vmbr0/mtu", "9000\n");
	sysroot_put("/sys/class/net/lo/mtu", "65536\n");
}

START_TEST(a_node_is_read)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), 0);
	ck_assert_str_eq(state.node, "pve");
	ck_assert(state.mounted);
	ck_assert(state.quorate);
	ck_assert_uint_eq(state.memory, 65767468ull * 1024);
	ck_assert_uint_eq(state.cpus, 300);
	ck_assert_uint_eq(state.bridges.count, 2);
	ck_assert_str_eq(state.bridges.items[0], "vmbr0");
	ck_assert_str_eq(state.bridges.items[1], "vmbr1");
	ck_assert_uint_eq(state_bridge_mtu(&state, "vmbr0"), 9000);
	ck_assert_uint_eq(state_bridge_mtu(&state, "vmbr1"), 0);
	ck_assert_uint_eq(state_bridge_mtu(&state, "lo"), 0);
	ck_assert_ptr_null(state.version);
}
END_TEST

/* As Proxmox's GUI writes them. */
static const char interfaces[] =
	"auto lo\niface lo inet loopback\n\nauto eno1\niface eno1 inet manual\n\tovs_type OVSPort\n"
	"\tovs_bridge vmbr2\n\nauto vmbr2\niface vmbr2 inet manual\n\tovs_type OVSBridge\n"
	"\tovs_ports eno1\n#ovs\n\nauto vmbr3\niface vmbr3 inet static\n\taddress 10.0.0.1/24\n"
	" \tovs_type  OVSBridge\r\niface vmbr3 inet6 manual\n\tovs_type OVSBridge\n"
	"iface vmbr0 inet manual\n\tbridge-ports none\niface ../net/lo inet manual\n\tovs_type OVSBridge\n"
	"ovs_type\niface\n";

START_TEST(a_bridge_of_an_open_vswitch_is_one_once_it_is_up)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	sysroot_put("/etc/network/interfaces", interfaces);
	sysroot_put("/sys/class/net/eno1/mtu", "1500\n");
	sysroot_put("/sys/class/net/vmbr3/mtu", "9000\n");
	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), 0);
	ck_assert_uint_eq(state.bridges.count, 3);
	ck_assert_str_eq(state.bridges.items[2], "vmbr3");
	ck_assert_uint_eq(state_bridge_mtu(&state, "vmbr3"), 9000);
}
END_TEST

START_TEST(cpu_models_of_the_cluster_are_read)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	sysroot_put("/etc/pve/virtual-guest/cpu-models.conf",
		    "cpu-model: lab\n\tflags +aes\n\treported-model host\n\ncpu-model: avx2\r\n"
		    "\tcpu-model none\ncpu-model:\n#cpu-model: no\n");
	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), 0);
	ck_assert_uint_eq(state.cpu_models.count, 2);
	ck_assert_str_eq(state.cpu_models.items[0], "lab");
	ck_assert_str_eq(state.cpu_models.items[1], "avx2");
}
END_TEST

START_TEST(this_machines_processors_are_counted)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	ck_assert_int_eq(pvefs_read_node("", &state, &err), 0);
	ck_assert_int_eq((long)state.cpus, sysconf(_SC_NPROCESSORS_ONLN));
}
END_TEST

static const struct { const char *id, *type, *vg, *pool; bool images, disabled; } storages[] = {
	{ "local",	"dir",		NULL,	NULL,	false,	false },
	{ "local-lvm",	"lvmthin",	"pve",	"data",	true,	false },
	{ "tinythin",	"lvmthin",	"pve",	"tiny",	false,	true },
	{ "there",	"lvmthin",	"pve",	"data",	true,	true },
	{ "here",	"lvmthin",	"fast",	"data",	true,	false },
};

START_TEST(storages_are_read)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	const struct state_storage *storage;
	struct error err = { 0 };

	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), 0);
	ck_assert_uint_eq(state.storage_count, sizeof(storages) / sizeof(*storages));
	storage = state_find_storage(&state, storages[_i].id);
	ck_assert_msg(storage, "%s: missing", storages[_i].id);
	ck_assert_msg(strcmp(storage->type, storages[_i].type) == 0, "%s: type", storages[_i].id);
	ck_assert_msg(storage->images == storages[_i].images, "%s: images", storages[_i].id);
	ck_assert_msg(storage->disabled == storages[_i].disabled, "%s: disabled", storages[_i].id);
	ck_assert_pstr_eq(storage->vg, storages[_i].vg);
	ck_assert_pstr_eq(storage->pool, storages[_i].pool);
}
END_TEST

START_TEST(a_node_without_pve_is_no_error)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	unlink(sysroot_path("/etc/pve/local"));
	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), 0);
	ck_assert_int_eq(pvefs_read_guests(sysroot, &state, &err), 0);
	ck_assert(!state.mounted);
	ck_assert_ptr_null(state.node);
	ck_assert_uint_eq(state.storage_count, 0);
	ck_assert_uint_eq(state.guest_count, 0);
}
END_TEST

START_TEST(a_node_without_memory_is_an_error)
{
	CLEANUP(state_release) struct state state = STATE_INIT;
	struct error err = { 0 };

	sysroot_put("/proc/meminfo", "MemFree: 1 kB\n");
	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(err.text, "how much memory"));
	unlink(sysroot_path("/proc/meminfo"));
	ck_assert_int_eq(pvefs_read_node(sysroot, &state, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "meminfo: No such file"));
}
END_TEST

#define OTHER "Package: pve-manager-extra\nStatus: install ok installed\nVersion: 1\n\n"

static const struct { const char *text, *version; } versions[] = {
	{ OTHER "Package: pve-manager\nStatus: install ok installed\nPriority: optional\n"
	  "Version: 8.4.21\nDepends: x\n\n" OTHER,					"8.4.21" },
	{ "Package: pve-manager\nStatus: install ok installed\nVersion: 9.0.3\n",	"9.0.3" },
	{ "Package: pve-manager\nVersion: 9.0.3\n",					"9.0.3" },
	{ "Package: pve-manager\nStatus: deinstall ok config-files\nVersion: 8\n\n",	NULL },
	{ "Package: pve-manager\nStatus: install ok installed\n\n" OTHER,		NULL },
	{ OTHER,									NULL },
	{ "",										NULL },
	{ NULL,										NULL },
};

START_TEST(the_version_is_that_of_the_installed_package)
{
	CLEANUP(scope_free) char *version = NULL;
	struct error err = { 0 };

	if (versions[_i].text)
		sysroot_put("/var/lib/dpkg/status", versions[_i].text);
	ck_assert_int_eq(pvefs_read_version(sysroot, &version, &err), 0);
	ck_assert_pstr_eq(version, versions[_i].version);
}
END_TEST

START_TEST(an_unreadable_package_list_is_an_error)
{
	CLEANUP(scope_free) char *version = NULL;
	struct error err = { 0 };

	sysroot_make_parents("/var/lib/dpkg/status/x");
	ck_assert_int_eq(pvefs_read_version(sysroot, &version, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "status"));
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof(*(table))))

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, sysroot_remove);
	tcase_add_test(tcase, a_node_is_read);
	tcase_add_test(tcase, a_bridge_of_an_open_vswitch_is_one_once_it_is_up);
	tcase_add_test(tcase, cpu_models_of_the_cluster_are_read);
	tcase_add_test(tcase, cpu_models_of_the_cluster_are_read);
	tcase_add_test(tcase, this_machines_processors_are_counted);
	tcase_add_loop_test(tcase, storages_are_read, 0, ROWS(storages));
	tcase_add_test(tcase, a_node_without_pve_is_no_error);
	tcase_add_test(tcase, a_node_without_memory_is_an_error);
	tcase_add_loop_test(tcase, the_version_is_that_of_the_installed_package, 0, ROWS(versions));
	tcase_add_test(tcase, an_unreadable_package_list_is_an_error);
}

TEST_MAIN("pvefs_node", add_cases)
