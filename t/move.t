#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Disks moved to another storage: only when asked, only of a VM that is down, once, and the old volume kept, whoever is killed.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export VYOM_TIME_SCALE=0.02 node_says=

is_running() {
	test -e "$root/run/qemu-server/$1.pid"
}

# kept VOLUME…: is each of the VM's volumes named by its config, so that nothing takes it for a leftover?
kept() {
	local volume

	for volume; do
		grep -Eq "^(scsi[01]|unused[0-2]): local-lvm:$volume(,|\$)" "$root/etc/pve/qemu-server/201.conf" || return 1
	done
}

# two disks on local-lvm that shall lie on tinythin, of a VM that runs
make_vm() {
	node_new --tiny-pool 16G
	mkdir -p "$root/etc/stand-in.d/default"
	echo yes >"$root/etc/stand-in.d/default/agent"
	vms 1 'data-disks = { "scsi1=1G,cache=writeback" }'
	vyom apply --yes
	vms 1 'storage = "tinythin"  data-disks = { "scsi1=1G,cache=writeback" }'
}

make_vm
status 1 "a disk that lies elsewhere than declared is drift" vyom verify
out 'vm-1 \(201\): storage: its disk lies on local-lvm, not on tinythin \(vyom apply --move\)' "the first one"
out 'vm-1 \(201\): scsi1: it lies on local-lvm, not on tinythin \(vyom apply --move\)' "and another"
count_calls
status 0 "unasked" vyom apply --yes
ok "nothing is moved" test ! -e "$root/calls"
out 'scsi1: it lies on local-lvm, not on tinythin; `vyom apply --move --restart` moves it, while the VM is down' "and said what would"
status 0 "nor is it of a VM that runs" vyom apply --yes --move
ok "and may not be restarted" test ! -e "$root/calls"
status 0 "asked for, it is" vyom apply --yes --move --restart
out 'restart, to move disks' "while the VM is down"
out 'scsi1: its old volume local-lvm:vm-201-vyom-scsi1 is kept as an unusedN of the VM; qm config 201 tells which, and qm disk unlink 201 --idlist unusedN --force 1 removes it' "and the old volume is kept"
ok "the first disk is there" test "$(disk scsi0 201 | cut -d, -f1)" = tinythin:vm-201-disk-1
ok "the other, told what it was told" test "$(disk scsi1 201)" = tinythin:vm-201-disk-2,cache=writeback,discard=on,iothread=1,size=1G
ok "both old ones are unused" test "$(disk unused0 201) $(disk unused1 201)" = "local-lvm:vm-201-disk-0 local-lvm:vm-201-vyom-scsi1"
ok "the VM runs again" is_running 201
ok "nothing else was done" test "$(grep -v '^qm guest' "$root/calls" | cut -d' ' -f1-3,5 | paste -sd,)" = 'qm shutdown 201 90,qm disk move scsi0,qm disk move scsi1,qm start 201'
status 0 "all is in line" vyom verify
out 'not declared vm-1 \(201\): unused1: the VM has local-lvm:vm-201-vyom-scsi1' "what is kept is told"
rm -f "$root/calls"
status 0 "a second one" vyom apply --yes --move --restart
ok "calls nothing" test ! -e "$root/calls"
vms 1 'storage = "tinythin"  data-disks = { "scsi1=2G,cache=writeback" }'
status 0 "a moved disk grows" vyom apply --yes
ok "where it is" test "$(disk scsi1 201)" = tinythin:vm-201-disk-2,cache=writeback,discard=on,iothread=1,size=2G
vms 1 'storage = "tinythin"  data-disks = { "scsi1=detached" }'
status 0 "and is detached" vyom apply --yes
out 'its volume tinythin:vm-201-disk-2 is kept, not destroyed; with a size in place of detached it is attached again' "with what attaches it again"
vms 1 'storage = "tinythin"  data-disks = { "scsi1=2G,cache=writeback" }'
status 0 "declared again" vyom apply --yes
out 'scsi1: its volume tinythin:vm-201-disk-2 is there already, not attached, with 2G: it is attached with what it holds, not made anew' "it is found, though its name does not tell"
ok "and attached" test "$(disk scsi1 201)" = tinythin:vm-201-disk-2,cache=writeback,discard=on,iothread=1,size=2G
ok "none is made" test "$(volumes_of 201)" = 5
status 0 "all is in line" vyom verify
vms 1 'storage = "tinythin"  data-disks = { "scsi1=detached" }'
vyom apply --yes
rm -f "$root"/var/lib/vyom/journal.db*
vyom adopt --yes vm-1
vms 1 'storage = "tinythin"  data-disks = { "scsi1=2G,cache=writeback" }'
status 3 "where the journal was lost" vyom plan
out 'scsi1: a data disk is declared there, but the VM has a volume of its name, pve/vm-201-vyom-scsi1, in another pool, data' "what it was copied from is not taken for it"
status 0 "destroy takes all of them" vyom destroy --yes vm-1
ok "no volume is left" test "$(volumes_of 201)" = 0

# --- of a VM that is down ---
make_vm
vms 1 'storage = "tinythin"  start = false  data-disks = { "scsi1=1G,cache=writeback" }'
"$root/usr/sbin/qm" stop 201 >/dev/null
status 0 "of a VM that is down disks are moved without a restart" vyom apply --yes --move
ok "it stays down" eval '! is_running 201'
status 0 "all is in line" vyom verify

# --- killed ---
for what in 'lock kill' 'storage-lock kill' 'disk-allocated kill' 'disk-copying kill' 'disk-copied kill' 'written kill' \
	'disk-copying kill qm' 'disk-copying kill worker' 'disk-allocated fail no space' 'disk-copied lie' \
	'storage-lock lock-timeout'; do
	make_vm
	faults <<<"move:201 $what"
	vyom apply --yes --move --restart
	ok "$what: it struck" grep -q ' 0$' "$root/etc/stand-in.d/faults"
	ok "$what: nothing is lost" kept vm-201-disk-0 vm-201-vyom-scsi1
	status 0 "$what: the next apply" vyom apply --yes --move --restart
	ok "$what: the disks are moved" test "$(disk scsi0 201 | cut -d: -f1) $(disk scsi1 201 | cut -d: -f1)" = "tinythin tinythin"
	ok "$what: once, and the old ones are kept" test "$(volumes_of 201) $(disk unused0 201) $(disk unused1 201)" = "5 local-lvm:vm-201-disk-0 local-lvm:vm-201-vyom-scsi1"
	ok "$what: the VM runs" is_running 201
	status 0 "$what: all is in line" vyom verify
done

make_vm
faults <<<'move:201 disk-allocated kill'
vyom apply --yes --move --restart
status 1 "what a cut-off move left is drift" vyom verify
out 'volume: pve/vm-201-disk-1 was made by a move that was cut off, and no config names it' "which is said"
status 0 "an apply that moves nothing frees it" vyom apply --yes
ok "the VM runs from its old disks" eval 'is_running 201 && test "$(volumes_of 201)/$(disk scsi0 201 | cut -d, -f1)" = 3/local-lvm:vm-201-disk-0'

make_vm
faults <<<'move:201 disk-allocated kill'
vyom apply --yes --move --restart
status 0 "destroy frees it along with the VM" vyom destroy --yes vm-1
ok "no volume is left" test "$(volumes_of 201)" = 0

# vyom is killed, and qm goes on
make_vm
wrap qm <<-'END'
	case $* in *'disk move'*scsi0*) kill -9 "$(cat "$root/vyom.pid")" ;; esac
	exec "$real" "$@"
END
begin apply --yes --move --restart
echo $live >"$root/vyom.pid"
finished
status 0 "the next apply goes on from a move whose vyom was killed" vyom apply --yes --move --restart
out 'qm disk move of run [0-9]+ was cut off: it came to its end' "which came to its end"
ok "nothing is moved twice" test "$(volumes_of 201) $(disk unused0 201) $(disk unused1 201)" = "5 local-lvm:vm-201-disk-0 local-lvm:vm-201-vyom-scsi1"
status 0 "all is in line" vyom verify

# a copy that goes on though its qm was killed
make_vm
sed -i 's/^clone-rate .*/clone-rate 2/' "$root/etc/stand-in.conf"
faults <<<'move:201 disk-copying kill'
vyom apply --yes --move --restart
status 0 "a copy that goes on without its qm is waited for" vyom apply --yes --move --restart
out 'qm disk move of run [0-9]+ left a process that still has pve/vm-201-disk-[01] open; waiting for it' "which is said"
out '# made by a move that was cut off' "then what it made is freed"
ok "and the disk is moved again" test "$(volumes_of 201) $(disk scsi0 201 | cut -d, -f1)" = "5 tinythin:vm-201-disk-1"

# a pool that cannot be written any more when the copy is there
make_vm
wrap qm <<-'END'
	"$real" "$@"
	result=$?
	case $* in *'disk move'*scsi0*) sed -i '/tiny-tpool/s/ rw / out_of_data_space /' "$root/run/dm/status" ;; esac
	exit $result
END
status 3 "a copy into a pool that ran full has failed" vyom apply --yes --move --restart
out "its scsi0 was moved while the pool behind tinythin could not be written, so tinythin:vm-201-disk-1 may not be whole" "and may not be whole"
out "what it is a copy of, local-lvm:vm-201-disk-0, is: qm set 201 --scsi0 local-lvm:vm-201-disk-0 takes that again" "what it was made of is"
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
"$srcdir/t/node/refresh" "$root"
status 3 "that stays so when there is space again" vyom apply --yes --move --restart
out "refused vm-1 \(201\): its scsi0 was moved while the pool behind tinythin could not be written" "and is said again"
ok "the VM is not started from it" eval '! is_running 201'
"$root/usr/sbin/qm" set 201 --scsi0 local-lvm:vm-201-disk-0 >/dev/null
status 0 "with the old volume it may be moved again" vyom apply --yes --move --restart
ok "to another copy" test "$(disk scsi0 201 | cut -d, -f1)" = tinythin:vm-201-disk-2
ok "beside which all others are kept" kept vm-201-vyom-scsi1 vm-201-disk-0
ok "and the VM runs" is_running 201
status 0 "all is in line" vyom verify

make_vm
wrap qm <<-'END'
	"$real" "$@"
	case $* in *'disk move'*scsi1*)
		sed -i '/tiny-tpool/s/ rw / out_of_data_space /' "$root/run/dm/status"
		kill -9 "$(cat "$root/vyom.pid")" ;;
	esac
END
begin apply --yes --move --restart
echo $live >"$root/vyom.pid"
finished
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
status 3 "of a copy whose vyom was killed the next run looks at the pool" vyom apply --yes --move --restart
out "its scsi1 was moved while the pool behind tinythin could not be written, so tinythin:vm-201-disk-2 may not be whole" "and holds the VM back"
"$srcdir/t/node/refresh" "$root"
status 3 "also when there is space again" vyom apply --yes --move --restart
unused=$(sed -n 's/^\(unused.\): local-lvm:vm-201-vyom-scsi1$/\1/p' "$root/etc/pve/qemu-server/201.conf")
"$root/usr/sbin/qm" set 201 --delete "$unused" >/dev/null
status 0 "until someone lets go of what it is a copy of" vyom apply --yes --move --restart
ok "the VM runs from it" is_running 201

make_vm
"$root/usr/sbin/qm" set 201 --protection 1 >/dev/null
vms 1 'storage = "tinythin"  protection = true  data-disks = { "scsi1=1G,cache=writeback" }'
status 0 "a protected VM's disks are moved too" vyom apply --yes --move --restart

done_testing
