#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Disks between two pools of real LVM-thin: moved with what is on them, the old volume kept, once, whoever is killed; and
# taken out of a VM and into it again.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export node_says=

# device VOLUME: active, also where the VM is down
device() {
	[ -b "/dev/pve/$1" ] || lvchange -ay "pve/$1"
	echo "/dev/pve/$1"
}

# mark VOLUME WORDS, marked VOLUME WORDS: bytes near a disk's end, where no image has any
mark() {
	printf '%-4096s' "$2" | dd of="$(device "$1")" bs=4096 seek=3840 conv=fsync,notrunc status=none
}

marked() {
	dd if="$(device "$1")" bs=4096 skip=3840 count=1 status=none | grep -q "^$2  "
}

# volume SLOT: the name of 201's
volume() {
	disk "$1" 201 | sed 's/,.*//; s/.*://'
}

# all volumes of 201's with their pools, active or not
volumes() {
	lvs --noheadings -o lv_name,pool_lv pve | sed -n 's/^ *vm-201-//p' | sort | tr -s ' ' ' ' | paste -sd, | sed 's/ ,/,/g; s/ $//'
}

node_new --tiny-pool 1G
vms 1 'start = false  data-disks = { "scsi1=32M" }'
vyom apply --yes
mark vm-201-disk-0 "the first disk"
mark vm-201-vyom-scsi1 "a data disk"
vms 1 'storage = "tinythin"  start = false  data-disks = { "scsi1=32M" }'

# cut off with half a copy
faults <<<'move:201 disk-copying kill'
vyom apply --yes --move
ok "a move is cut off" grep -q ' 0$' /etc/stand-in.d/faults
ok "the disk is where it was" test "$(volume scsi0)" = vm-201-disk-0
status 0 "the next apply" vyom apply --yes --move
out 'pvesm free tinythin:vm-201-disk-1' "frees what was made"
ok "and moves both disks" test "$(disk scsi0 201 | cut -d, -f1) $(disk scsi1 201 | cut -d, -f1)" = "tinythin:vm-201-disk-1 tinythin:vm-201-disk-2"
ok "from pool to pool, and keeps the old volumes" test "$(volumes)" = "cloudinit data,disk-0 data,disk-1 tiny,disk-2 tiny,vyom-scsi1 data"
ok "as unused ones of the VM" test "$(volume unused0) $(volume unused1)" = "vm-201-disk-0 vm-201-vyom-scsi1"
ok "with what is on the first" marked vm-201-disk-1 "the first disk"
ok "and on the other" marked vm-201-disk-2 "a data disk"
ok "and with what was on the first" marked vm-201-disk-0 "the first disk"
ok "and on the other" marked vm-201-vyom-scsi1 "a data disk"
status 0 "another apply" vyom apply --yes --move
out 'Nothing to do' "has nothing to do"

# taken out, and in again
vms 1 'storage = "tinythin"  data-disks = { "scsi1=detached" }'
status 0 "a moved disk is detached" vyom apply --yes
ok "from the VM, which runs from the other" test -z "$(disk scsi1 201)" -a -e /run/qemu-server/201.pid
ok "its volume is kept, with what is on it" marked vm-201-disk-2 "a data disk"
vms 1 'storage = "tinythin"  data-disks = { "scsi1=64M" }'
status 0 "declared again, and larger" vyom apply --yes
out 'scsi1: its volume tinythin:vm-201-disk-2 is there already, not attached, with 32M' "it is found"
ok "and attached, and has grown" test "$(disk scsi1 201)" = tinythin:vm-201-disk-2,discard=on,iothread=1,size=64M
ok "with what is on it" marked vm-201-disk-2 "a data disk"
status 0 "all is in line" vyom verify

done_testing
