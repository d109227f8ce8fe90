#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Data disks: made, attached, grown, left alone, taken out; and made once, whenever vyom or pvesm is killed.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export VYOM_TIME_SCALE=0.02 node_says=

node_new
vms 1 'data-disks = { "scsi1=1G", "virtio0=2G,cache=writeback" }'
status 0 "a VM is made with two more disks" vyom apply --yes
ok "one is at scsi1" test "$(disk scsi1 201)" = "local-lvm:vm-201-vyom-scsi1,discard=on,iothread=1,size=1G"
ok "one at virtio0, as it was told" test "$(disk virtio0 201)" = "local-lvm:vm-201-vyom-virtio0,cache=writeback,discard=on,iothread=1,size=2G"
status 0 "all is in line" vyom verify
count_calls
status 0 "a second apply" vyom apply --yes
ok "calls nothing" test ! -e "$root/calls"

vms 1 'data-disks = { "scsi1=3G", "virtio0=2G,cache=writeback", "scsi2=1G,ssd=1" }'
status 0 "one grows and one comes, while the VM runs" vyom apply --yes
ok "it has grown" test "$(disk scsi1 201)" = "local-lvm:vm-201-vyom-scsi1,discard=on,iothread=1,size=3G"
ok "it is there" test "$(disk scsi2 201)" = "local-lvm:vm-201-vyom-scsi2,discard=on,iothread=1,size=1G,ssd=1"
status 0 "all is in line" vyom verify
no_out 'waits' "and nothing waits"

vms 1 'data-disks = { "scsi1=3G" }'
status 0 "what is not declared any more is no drift" vyom verify
out 'not declared vm-1 \(201\): scsi2: the VM has local-lvm:vm-201-vyom-scsi2' "but said"
status 0 "apply leaves it" vyom apply --yes
ok "it is there" test -n "$(disk scsi2 201)"
vms 1 'data-disks = { "scsi1=1G" }'
status 3 "none is made smaller" vyom apply --yes
out 'scsi1: 1 GiB is declared, but its disk has 3 GiB; disks are never shrunk' "which is said"

vms 1 'data-disks = { "scsi1=3G" }'
qm set 201 --delete scsi1 >/dev/null
ok "one was detached by hand" test -n "$(disk unused0 201)" -a -z "$(disk scsi1 201)"
status 1 "that is drift" vyom verify
rm -f "$root/calls"
status 0 "it is attached again" vyom apply --yes
ok "and not made again" test "$(grep -c '^pvesm alloc' "$root/calls")" = 0
ok "at its slot" test "$(disk scsi1 201)" = "local-lvm:vm-201-vyom-scsi1,discard=on,iothread=1,size=3G"
"$root/usr/sbin/pvesm" alloc local-lvm 201 vm-201-vyom-scsi3 1G >/dev/null
status 1 "destroy says what is lost" vyom destroy --dry-run vm-1
out 'what is in its disks is lost: scsi0 \(.*scsi1 \(local-lvm:vm-201-vyom-scsi1, 3 GiB\), .*local-lvm:vm-201-vyom-virtio0, 2 GiB' "the data disks by name"
out 'pvesm free local-lvm:vm-201-vyom-scsi3' "and one that was never attached"
status 0 "destroy takes all of them" vyom destroy --yes vm-1
ok "no volume is left" test "$(volumes_of 201)" = 0

# --- taken out, when the file says so ---
node_new
mkdir -p "$root/etc/stand-in.d/default"
echo yes >"$root/etc/stand-in.d/default/agent"
vms 1 'data-disks = { "scsi1=1G", "sata1=1G" }'
vyom apply --yes
"$root/usr/sbin/qm" set 201 --boot 'order=scsi0;scsi1' >/dev/null
vms 1 'data-disks = { "scsi1=detached", "sata1=1G" }'
status 1 "a disk that shall be detached is drift" vyom verify
out 'vm-1 \(201\): scsi1: wanted detached, found local-lvm:vm-201-vyom-scsi1,' "which is said"
status 0 "apply takes it out, while the VM runs" vyom apply --yes
out 'scsi1: its volume local-lvm:vm-201-vyom-scsi1 is kept, not destroyed; with a size in place of detached it is attached again' "and says what becomes of it"
ok "it is out" test -z "$(disk scsi1 201)"
ok "its volume is kept" test "$(disk unused0 201)/$(volumes_of 201)" = local-lvm:vm-201-vyom-scsi1/4
status 0 "all is in line" vyom verify
out 'not declared vm-1 \(201\): unused0: the VM has local-lvm:vm-201-vyom-scsi1' "and what is kept is told"
count_calls
status 0 "a second apply" vyom apply --yes
ok "calls nothing" test ! -e "$root/calls"
vms 1 'data-disks = { "scsi1=2G", "sata1=1G" }'
status 0 "declared again" vyom apply --yes
ok "it is attached again, and grows" test "$(disk scsi1 201)" = "local-lvm:vm-201-vyom-scsi1,discard=on,iothread=1,size=2G"
ok "as it was kept" test "$(grep -c '^pvesm alloc' "$root/calls")/$(disk unused0 201)/$(volumes_of 201)" = 0//4

vms 1 'data-disks = { "scsi1=2G", "sata1=detached" }'
status 0 "what cannot be plugged waits" vyom apply --yes
out 'sata1: in force only after the VM is stopped and started again \(vyom apply --restart\)' "which is said"
ok "in the config" grep -q '^delete: sata1$' "$root/etc/pve/qemu-server/201.conf"
status 0 "it is no drift" vyom verify
out 'waits for a restart vm-1 \(201\): sata1: wanted detached, found local-lvm:vm-201-vyom-sata1,' "but said"
rm -f "$root/calls"
status 0 "a second apply" vyom apply --yes
ok "calls nothing" test ! -e "$root/calls"
status 0 "a restart" vyom apply --restart --yes
ok "takes it out" test -z "$(disk sata1 201)"
ok "without a qm set" test "$(grep -c '^qm set' "$root/calls")" = 0
status 0 "all is in line" vyom verify
vms 1 'protection = true data-disks = { "scsi1=detached" }'
"$root/usr/sbin/qm" set 201 --protection 1 >/dev/null
rm -f "$root/calls"
status 3 "of a protected VM none is taken out" vyom apply --yes
out 'scsi1: it shall be detached, but the VM is protected, .*: qm set 201 --protection 0' "which is said"
ok "and nothing is called" test ! -e "$root/calls"
"$root/usr/sbin/qm" set 201 --protection 0 >/dev/null
status 0 "once that is taken away it is" vyom apply --yes
ok "and the VM is protected again" test "$(disk protection 201)/$(disk scsi1 201)" = 1/

for what in 'set pending-1 kill' 'set applied kill'; do
	node_new
	vms 1 'data-disks = { "scsi1=1G" }'
	vyom apply --yes
	vms 1 'data-disks = { "scsi1=detached" }'
	faults <<<"${what%% *}:201 ${what#* }"
	vyom apply --yes
	status 0 "$what: the next apply" vyom apply --yes
	ok "$what: the disk is out, and kept" test "$(disk scsi1 201)/$(disk unused0 201)/$(volumes_of 201)" = /local-lvm:vm-201-vyom-scsi1/3
	status 0 "$what: all is in line" vyom verify
done

# --- replaced ---
node_new
vms 1 'data-disks = { "scsi1=1G" }'
vyom apply --yes
status 0 "a VM with a data disk is replaced" vyom replace --yes vm-1
out 'scsi1' "its data disk is among what is lost"
ok "the new one has a data disk" test "$(disk scsi1 201)" = "local-lvm:vm-201-vyom-scsi1,discard=on,iothread=1,size=1G"
ok "and no volume more" test "$(volumes_of 201)" = 3
status 0 "all is in line" vyom verify

# --- killed ---
for what in 'alloc allocated kill' 'set pending-1 kill' 'set applied kill'; do
	node_new
	vms 1
	vyom apply --yes
	vms 1 'data-disks = { "scsi1=1G" }'
	faults <<<"${what%% *}:201 ${what#* }"
	vyom apply --yes
	status 0 "$what: the next apply" vyom apply --yes
	ok "$what: the disk is there" test "$(disk scsi1 201)" = "local-lvm:vm-201-vyom-scsi1,discard=on,iothread=1,size=1G"
	ok "$what: and was made once" test "$(volumes_of 201)" = 3
	status 0 "$what: all is in line" vyom verify
done

node_new
vms 1
vyom apply --yes
vms 1 'data-disks = { "scsi1=1G" }'
wrap pvesm <<-'END'
	"$real" "$@"
	kill -9 "$(cat "$root/vyom.pid")"
	exit 0
END
begin apply --yes
echo $live >"$root/vyom.pid"
finished
ok "vyom was killed once the volume was there" test "$(volumes_of 201)/$(disk scsi1 201)" = 3/
status 0 "the next apply attaches it" vyom apply --yes
ok "and makes no other" test "$(volumes_of 201)" = 3

# --- there already ---
node_new
vms 1
vyom apply --yes
"$root/usr/sbin/pvesm" alloc local-lvm 201 vm-201-vyom-scsi1 2G >/dev/null
vms 1 'data-disks = { "scsi1=1G" }'
status 3 "a larger volume of its name is not taken for it" vyom apply --yes
out 'scsi1: 1G is declared, but its volume local-lvm:vm-201-vyom-scsi1 is there already, not attached, with 2G' "which is said"
ok "and not attached" test -z "$(disk scsi1 201)"
vms 1 'data-disks = { "scsi1=3G" }'
status 0 "a smaller one is" vyom apply --yes
out 'note vm-1 \(201\): scsi1: its volume .* is there already, not attached, with 2G: it is attached with what it holds' "which is said"
ok "and grows" test "$(disk scsi1 201)" = "local-lvm:vm-201-vyom-scsi1,discard=on,iothread=1,size=3G"
status 0 "all is in line" vyom verify

# --- what is no disk ---
vms 1 'data-disks = { "scsi1=1G", "scsi1=2G" }'
status 2 "a slot that is said twice is refused" vyom plan
out 'vyom.conf:[0-9]+: cluster "test": data-disks: has scsi1 twice; keep one' "where it stands"
vms 1 'data-disks = { "scsi0=1G" }'
status 2 "the first disk's slot is refused" vyom plan
out 'scsi0 is the first disk.s' "and why"

done_testing
