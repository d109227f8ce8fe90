#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Data disks on real LVM-thin: made once, attached, grown with what is in them, and gone with their VM.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export node_says=

# size SLOT: of 201's volume for it, MiB; nothing: there is none
size() {
	lvs --noheadings --nosuffix --units m -o lv_size "pve/vm-201-vyom-$1" 2>/dev/null | tr -d ' '
}

# all volumes of 201's, active or not
count() {
	lvs --noheadings -o lv_name pve | grep -c ' vm-201-'
}

disk() {
	sed -n "s/^$1: //p" /etc/pve/qemu-server/201.conf
}

# mark SLOT, marked SLOT: bytes at the disk's begin
mark() {
	echo "what is on $1" | dd of="/dev/pve/vm-201-vyom-$1" bs=4096 conv=sync,fsync status=none
}

marked() {
	head -c 64 "/dev/pve/vm-201-vyom-$1" | tr -d '\0' | grep -qx "what is on $1"
}

node_new
vms 1 'data-disks = { "scsi1=64M", "virtio0=30M,cache=writeback" }'
status 0 "a VM is made with two more disks" vyom apply --yes
ok "each is a thin volume" has_volume 'pve-vm--201--vyom--scsi1'
ok "as large as declared" test "$(size scsi1)" = 64.00
ok "or up to the extent" test "$(size virtio0)" = 32.00
ok "attached" test "$(disk virtio0)" = "local-lvm:vm-201-vyom-virtio0,cache=writeback,discard=on,iothread=1,size=32M"
status 0 "a second apply" vyom apply --yes
out 'Nothing to do' "has nothing to do"
mark scsi1

vms 1 'data-disks = { "scsi1=128M", "virtio0=30M,cache=writeback", "scsi2=16M" }'
status 0 "one grows and one comes, while the VM runs" vyom apply --yes
ok "it has grown" test "$(size scsi1)" = 128.00
ok "with what is on it" marked scsi1
ok "the other is there" test "$(size scsi2)" = 16.00
status 0 "all is in line" vyom verify

# cut off
for what in 'alloc allocated kill' 'set pending-1 kill'; do
	[ -z "$(disk scsi3)" ] || { qm set 201 --delete scsi3 && qm set 201 --delete unused0; } >/dev/null
	vms 1 'data-disks = { "scsi1=128M", "virtio0=30M,cache=writeback", "scsi2=16M", "scsi3=16M" }'
	faults <<<"${what%% *}:201 ${what#* }"
	vyom apply --yes
	ok "$what: it was cut off" grep -q ' 0$' /etc/stand-in.d/faults
	status 0 "$what: the next apply" vyom apply --yes
	ok "$what: the disk is there" test "$(disk scsi3)/$(size scsi3)" = "local-lvm:vm-201-vyom-scsi3,discard=on,iothread=1,size=16M/16.00"
	ok "$what: and was made once" test "$(count)" = 6
	status 0 "$what: all is in line" vyom verify
done

# one that was never attached, and is not active since the node was booted
pvesm alloc local-lvm 201 vm-201-vyom-scsi4 16M >/dev/null
mark scsi4
lvchange -an pve/vm-201-vyom-scsi4
vms 1 'data-disks = { "scsi4=8M" }'
status 3 "a larger one that is there is not taken for it" vyom apply --yes
out 'scsi4: 8M is declared, but its volume local-lvm:vm-201-vyom-scsi4 is there already, not attached, with 16M' "which is said"
vms 1 'data-disks = { "scsi4=32M" }'
status 0 "a smaller one is" vyom apply --yes
out 'scsi4: its volume .* is there already, not attached, with 16M' "which is said"
ok "and has grown" test "$(size scsi4)" = 32.00
ok "with what is on it" marked scsi4

# replaced and destroyed
vms 1 'data-disks = { "scsi1=128M" }'
status 0 "replace" vyom replace --yes vm-1
out 'scsi1 +128 MiB on local-lvm:vm-201-vyom-scsi1' "names the data disks that are lost"
out 'scsi4 +32 MiB on local-lvm:vm-201-vyom-scsi4' "each of them"
ok "what is declared is made again" test "$(size scsi1)" = 128.00
ok "empty" not marked scsi1
ok "and no volume more" test "$(count)" = 3
pvesm alloc local-lvm 201 vm-201-vyom-scsi5 16M >/dev/null
status 0 "destroy" vyom destroy --yes vm-1
out 'what is in its disks is lost: scsi0 .*, scsi1 \(local-lvm:vm-201-vyom-scsi1, 128 MiB\)' "names them too"
ok "no volume is left" test "$(count)" = 0

# an EFI disk, which qm makes and fills, and a TPM's state
vms 1 'agent = false  bios = "ovmf"  efidisk = "4m"  tpm = "v2.0"'
faults <<<'set:201 disk-allocated kill'
vyom apply --yes
ok "an EFI disk was cut off" has_volume 'pve-vm--201--disk--1'
lvchange -an pve/vm-201-disk-1	# as after a boot of the node
status 0 "the next apply" vyom apply --yes
out 'pvesm free local-lvm:vm-201-disk-1' "frees what it left"
ok "and makes one" test "$(disk efidisk0)" = "local-lvm:vm-201-disk-1,efitype=4m,size=4M"
ok "the TPM has its state" test "$(disk tpmstate0)/$(size tpmstate0)" = "local-lvm:vm-201-vyom-tpmstate0,size=4M,version=v2.0/4.00"
ok "each is there once" test "$(count)" = 4
status 0 "all is in line" vyom verify
status 0 "destroy takes both along" vyom destroy --yes vm-1
ok "no volume is left" test "$(count)" = 0

done_testing
