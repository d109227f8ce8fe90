#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What plan and apply refuse, with numbers, before the first command.
. "${srcdir:-.}/t/lib.sh"

# refused PATTERN SENTENCE: apply refuses, says so, and calls no qm
refused() {
	local before after
	before=$(ls "$root/var/log/pve/tasks/index" "$root/etc/pve/qemu-server" 2>/dev/null | sha1sum)
	status 3 "$2: exit status 3" vyom apply --yes
	out "$1" "$2: it says what and what would do"
	after=$(ls "$root/var/log/pve/tasks/index" "$root/etc/pve/qemu-server" 2>/dev/null | sha1sum)
	ok "$2: nothing was made" test "$before" = "$after"
}

# replace SED-SCRIPT: the owner's file, changed
replace() {
	owner_conf
	sed -i "$1" "$root/etc/vyom/vyom.conf"
}

node_new --pool-size 300G
owner_conf
refused 'local-lvm would promise 320 GiB of 300 GiB; overcommit = 1 allows 300 GiB' "a pool too small for what is promised"
replace 's/overcommit = 1.0/overcommit = 1.2/'
status 1 "overcommit = 1.2 allows it" vyom plan

node_new --memory 40G
owner_conf
refused 'memory: running VMs would hold 40 GiB, but the node has 40 GiB and keeps 4 GiB' "memory beyond the node's"

node_new
replace 's/bridge = "vmbr0"/bridge = "vmbr7"/'
refused 'bridge: the node has no vmbr7' "an unknown bridge"
replace 's/storage = "local-lvm"/storage = "nope"/'
refused 'storage: the node has no nope' "an unknown storage"
replace 's/storage = "local-lvm"/storage = "local"/'
refused 'storage: local does not hold VM disks' "a storage without images"
replace 's/vmid = 9000/vmid = 9009/'
refused 'prakriti-template \(9009\): does not exist on this node' "a missing template"
replace 's/disk = "64G"/disk = "32M"/'
refused 'disk: 32 MiB is declared, but the template.s disk has 64 MiB' "a disk smaller than the template's"
replace 's/clone = "linked"/clone = "full"/; s/storage = "local-lvm"/storage = "nope"/; s/"vmbr0"/"vmbr7"/'
status 3 "several problems are refused together" vyom plan
out 'no vmbr7' "the bridge"
out 'no nope' "and the storage"

owner_conf
qm create 102 --name someone-elses >/dev/null
refused '102\): its id belongs to "someone-elses", which vyom did not make' "an id that a foreign VM has"
qm destroy 102
mkdir -p "$root/etc/pve/nodes/other/qemu-server" && echo 'name: far' >"$root/etc/pve/nodes/other/qemu-server/103.conf"
"$srcdir/t/node/refresh" "$root"
refused '103\): its id belongs to a guest on node other' "an id in use on another node"
rm -r "$root/etc/pve/nodes/other"
echo 'hostname: ct' >"$root/etc/pve/nodes/pve/lxc/101.conf"
"$srcdir/t/node/refresh" "$root"
refused '101\): its id belongs to a container' "an id that a container has"
rm "$root/etc/pve/nodes/pve/lxc/101.conf"
"$srcdir/t/node/refresh" "$root"
"$root/usr/sbin/pvesm" alloc local-lvm 101 vm-101-disk-0 1G >/dev/null
refused '101\): no VM has this id, but volumes of an earlier one are left: pve/vm-101-disk-0' "an id with leftover volumes"
"$root/usr/sbin/pvesm" free local-lvm:vm-101-disk-0 >/dev/null

# an unfit template
for key in serial0 ide2; do
	node_new
	owner_conf
	qm set 9000 --delete $key >/dev/null
	refused 'prakriti-template \(9000\): has no (serial port|cloud-init drive)' "a template without $key"
done
node_new
owner_conf
qm set 9000 --delete description >/dev/null
refused 'does not record the digest of its image' "a template without its image's digest"

# a VM of ours
node_new
owner_conf
vyom apply --yes
sed -i 's/disk = "64G"/disk = "32G"/' "$root/etc/vyom/vyom.conf"
refused 'disk: 32 GiB is declared, but its disk has 64 GiB; disks are never shrunk' "shrinking a disk"
owner_conf
qm set 101 --lock suspended >/dev/null
refused '101\): it is locked \(suspended\)' "a VM that is locked"
qm unlock 101
sed -i 's/smbios1: uuid=.*/smbios1: uuid=00000000-0000-4000-8000-000000000000/' "$root/etc/pve/qemu-server/101.conf"
refused '101\): replaced outside: the VM with this id is no longer the one that vyom made' "a VM that was replaced from outside"
rm -rf "$root/var/lib/vyom"
refused '102\): it carries vyom.s mark, but the journal of this node does not know it' "a VM of ours that the journal lost"

# cloud-init
node_new
owner_conf
vyom apply --yes
sed -i 's:192.168.68.212/20:192.168.68.222/20:' "$root/etc/vyom/vyom.conf"
refused 'ipconfig0: changing this makes cloud-init treat the guest as a new one' "a new address of a guest that has run"
status 0 "with --reinit it is done" vyom apply --yes --reinit
ok "in the config" grep -q '^ipconfig0: ip=192.168.68.222/20' "$root/etc/pve/qemu-server/102.conf"

rm "$root/etc/pve/local"
status 3 "a node without /etc/pve is refused" vyom plan
out 'is not mounted' "with the reason"
done_testing
