#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What others do meanwhile, and what does not end: waited for, within bounds, or said with its name.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

# all limits are shorter: a set has hung after 5.4 s, a copy after 27 s, patience is 1.8 s
export VYOM_TIME_SCALE=0.03

export node_says='jobs = 1 data-limit = 100'	# for vms

config() {
	cat "$root/etc/pve/qemu-server/$1.conf"
}

node_new
vms 2
vyom apply --yes
node_keep
state_of 201 202 >"$tmp/undisturbed"

# --- what hangs ---
faults <<-'END'
	set:201 lock hang
END
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
status 2 "a set that hangs is asked to end, and has failed" vyom apply --yes
out 'vm-1 \(201\) +set +failed .*killed by SIGTERM; it was told to end, having taken 180 seconds' "it says how it ended"
out '1 of 2 VMs finished' "the other VM is finished"
ok "nothing of it runs on" not pgrep -f "$root/usr/sbin/qm set"
status 0 "the next run goes on from there" vyom apply --yes

node_again
wrap qm <<-'END'
	[ "$1 $2" != "set 201" ] || trap '' TERM
	[ "$1 $2" != "set 201" ] || hold
	exec "$real" "$@"
END
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
VYOM_TIME_SCALE=0.01
status 3 "one that does not listen either is a person's to look at" vyom apply --yes
out 'process [0-9]+ \(qm set 201\) did not end in time, nor when it was asked to; it still runs' "it is named"
pid=$(sed -En 's/.*process ([0-9]+) \(qm set 201\).*/\1/p' "$tmp/out" | head -1)
ok "it lives" kill -0 "$pid"
status 3 "the next run begins nothing for any VM before it has ended" vyom apply --yes
out "vm-1 \(201\): process $pid \(qm set of run 2\) does not end" "it names the process"
VYOM_TIME_SCALE=0.03
release
soon not kill -0 "$pid"
status 0 "once it has ended all goes on" vyom apply --yes
ok "to the right end" grep -qx 'memory: 320' "$root/etc/pve/qemu-server/201.conf"
status 0 "and nothing is left to do" vyom plan

# --- limits of the node's own: 18 s for a start, and for a clone none ---
# soon_after SECONDS SENTENCE: since $began no more than that has gone by
soon_after() {
	ok "$2" test $((SECONDS - began)) -le "$1"
}

node_new
node_says='jobs = 1 timeouts = { "start=30", "clone=40" }' vms 1
faults <<-'END'
	start:201 prepared hang
END
began=$SECONDS
status 2 "a start that hangs is asked to end after the declared time" vyom apply --yes
out 'vm-1 \(201\) +start +failed .*; it was told to end, having taken 30 seconds \(timeouts in' "and has failed, for that"
soon_after 10 "which is long before it would have without"
faults <<-'END'
	start:201 prepared hang
END
begin apply --yes
soon pgrep -f "$root/usr/sbin/qm start"
kill -9 "$live"
wait "$live" 2>/dev/null
began=$SECONDS
status 0 "the next run waits as long for one that was left, and goes on" vyom apply --yes
soon_after 10 "and no longer"
ok "to the right end" test -e "$root/run/qemu-server/201.pid"
node_new
node_says='jobs = 1 timeouts = { "start=30", "clone=40" }' vms 1
faults <<-'END'
	clone:201 locked hang
END
began=$SECONDS
status 2 "a clone, too, where a time is declared for it" vyom apply --yes
out 'vm-1 \(201\) +clone +failed .*; it was told to end, having taken 40 seconds' "has failed"
soon_after 10 "after that"

# --- a copy that makes no progress ---
node_new
vms 1 'clone = "full"'
faults <<-'END'
	clone:201 disk-allocated hang
END
VYOM_TIME_SCALE=0.001
status 2 "a copy without any progress is asked to end, and has failed" vyom apply --yes
VYOM_TIME_SCALE=0.03
out 'vm-1 \(201\) +clone +failed .*; it was told to end, having made no progress for 900 seconds' "for that"
ok "it took away what it had made" test "$(volumes_of 201)" = 0 -a ! -e "$root/etc/pve/qemu-server/201.conf"
status 0 "the next run makes it" vyom apply --yes
node_new --clone-rate 0.4
vms 1 'clone = "full"'
VYOM_TIME_SCALE=0.002
vyom apply --yes
VYOM_TIME_SCALE=0.03
out 'vm-1 \(201\) +clone +done +[1-9][0-9.]*s' "a copy that takes longer than that, but gets on, is let be"

# --- a child that outlives its vyom ---
node_new --clone-rate 0.4
vms 1 'clone = "full"'
begin apply --yes
soon grep -q 'vm-201-disk-0' "$root/var/lib/stand-in/lvs"
kill -9 "$live"
wait "$live" 2>/dev/null
status 3 "plan tells who is at work, and does not wait" vyom plan
status 4 "verify finds work in progress" vyom verify
out 'in progress vm-1 \(201\): vm: .*a qm is at work on it' "which is said"
script -qec "'$top_builddir/vyom' apply --yes --sysroot '$root'" /dev/null >"$tmp/terminal" 2>&1 </dev/null
cp "$tmp/terminal" "$tmp/out"
out 'qm clone of run 1 is still at work' "the next run waits for it"
out 'vm-1 \(201\) +clone +█+.*%' "and shows its progress on a terminal"
ok "it was cloned once" test "$(tasks qmclone)" = 1
status 0 "and is finished" vyom plan

# --- a copy that outlives its qm ---
node_new --clone-rate 0.07
vms 1 'clone = "full"'
begin apply --yes
soon grep -q 'vm-201-disk-0' "$root/var/lib/stand-in/lvs"
kill -9 "$live"
wait "$live" 2>/dev/null
pkill -9 -f "$root/usr/sbin/qm clone"
# the worker of this node, by the pid in its UPID: another test's has the same name
kill -9 "$((16#$(grep -rhoE 'UPID:pve:[0-9A-F]+:[^ ]*:qmclone:' "$root/var/log/pve/tasks" | tail -1 | cut -d: -f3)))"
status 3 "plan sees the volume that is still written" vyom plan
out 'its volume pve/vm-201-disk-0 is still open' "and names it"
status 0 "apply waits for the end of that, undoes it, and makes the VM" vyom apply --yes
out 'qm clone of run 1 left a process that still has pve/vm-201-disk-0 open; waiting for it' "it says what for"
out 'vm-1 \(201\) +free +done' "the volume goes"
out 'vm-1 \(201\) +destroy +done' "what was left of the VM too"
ok "no volume is there twice" test "$(volumes_of 201)" = 2

# --- others at work ---
node_again
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
"$root/usr/sbin/qm" set 201 --lock backup >/dev/null
status 1 "a VM that is being backed up can be planned for" vyom plan
out 'vm-1 \(201\): it is locked \(backup\): someone is at work on it; vyom apply waits' "with a note"
vyom verify
out 'in progress vm-1 \(201\): memory' "to verify it is no drift"
(sleep 1.5 && "$root/usr/sbin/qm" unlock 201) &
status 0 "apply waits for the backup" vyom apply --yes --wait 30
out 'vm-1 \(201\) +set +waits 30\.?0?s: it is locked \(backup\)' "it says that it waits"
ok "and sets it then" grep -q 'memory: 320' "$root/etc/pve/qemu-server/201.conf"
sed -i 's/320M/384M/' "$root/etc/vyom/vyom.conf"
"$root/usr/sbin/qm" set 201 --lock backup >/dev/null
status 3 "but not for ever" vyom apply --yes --wait 1
out 'vm-1 \(201\) +set +not begun +it is locked \(backup\): that did not end in time; .*qm unlock 201' "it says what to do"
out '1 of 2 VMs finished' "the other VM is finished"
status 0 "destroy waits as well" bash -c "(sleep 1 && '$root/usr/sbin/qm' unlock 201) & '$top_builddir/vyom' destroy --sysroot '$root' --yes --wait 30 vm-1"

node_again
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
wrap qm <<-'END'
	if [ "$1 $2" = "set 201" ] && [ ! -e "$root/meddled" ]; then
		touch "$root/meddled"
		"$real" set 201 --tags zoo >/dev/null
	fi
	exec "$real" "$@"
END
status 0 "a config that somebody changed at the last moment is looked at again" vyom apply --yes
out 'vm-1 \(201\) +set +waits .*checksum mismatch' "which is said"
ok "neither change is lost" test "$(config 201 | grep -cx -e 'tags: .*zoo.*' -e 'memory: 320')" = 2
vyom log -o json 2
ok "set carries the digest of the config that was seen" grep -q 'qm set 201 .*--digest [0-9a-f]\{40\}' "$tmp/out"

node_again
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
wrap qm <<-'END'
	"$real" "$@"
	result=$?
	[ "$1 $2" != "set 201" ] || sed -i 's/^smbios1: .*/smbios1: uuid=99999999-9999-4999-8999-999999999999/' "$root/etc/pve/qemu-server/202.conf"
	exit $result
END
config 202 >"$tmp/before"
status 3 "a VM that is replaced while the run is at work on another is not touched" vyom apply --yes
out 'vm-2 \(202\) +set +not begun +replaced outside' "it says so"
config 202 | grep -v smbios1 >"$tmp/after"
ok "nothing in it was changed" diff <(grep -v smbios1 "$tmp/before") "$tmp/after"
status 3 "nor is it destroyed" vyom destroy --yes vm-2
out 'replaced outside' "for the same reason"
status 1 "verify tells that too" vyom verify
out 'vm-2 \(202\): vm: replaced outside' "by that word"

node_again
vyom destroy --yes vm-1
wrap qm <<-'END'
	if [ "$1 $3" = "clone 201" ]; then
		"$real" clone 9000 201 --name vm-1 --description 'managed by vyom: test/vm-1' >/dev/null
		cp "$root/etc/pve/qemu-server/201.conf" "$root/restored"
	fi
	exec "$real" "$@"
END
status 3 "a VM that somebody restores from a backup as it is cloned" vyom apply --yes
out 'vm-1 \(201\) +clone +failed .*it carries vyom.s mark, but the journal of this node does not know it' "is not the clone"
ok "and is not touched" cmp "$root/restored" "$root/etc/pve/qemu-server/201.conf"
status 3 "nor by the next run" vyom apply --yes
ok "which knows none of it either" cmp "$root/restored" "$root/etc/pve/qemu-server/201.conf"

node_again
cp "$root/etc/pve/qemu-server/201.conf" "$root/lost"
qm stop 201 >/dev/null
qm destroy 201 >/dev/null
wrap qm <<-'END'
	if [ "$1 $3" = "clone 201" ]; then
		"$real" clone 9000 201 --name vm-1 >/dev/null
		cp "$root/lost" "$root/etc/pve/qemu-server/201.conf"
		sed -i 's/ rw / out_of_data_space /' "$root/run/dm/status"
		sleep 1.5 # the pool is looked at meanwhile
	fi
	exec "$real" "$@"
END
vyom apply --yes
out 'vm-1 \(201\) +clone +failed' "a VM that is restored as it was, into a full pool, is in the way of its clone"
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
"$srcdir/t/node/refresh" "$root"
vyom plan
no_out 'its data is not whole' "and is not taken for a spoilt copy"
ok "nor touched" cmp "$root/lost" "$root/etc/pve/qemu-server/201.conf"

node_again
sed -i 's/^vmgenid: .*/vmgenid: 99999999-9999-4999-8999-999999999999/' "$root/etc/pve/qemu-server/201.conf"
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
status 3 "a VM that went back in time is not changed" vyom apply --yes
out 'vm-1 \(201\): turned back outside: .*vyom adopt vm-1' "it says what would do"
status 3 "nor destroyed" vyom destroy --yes vm-1
status 0 "once a person has said that it is right" vyom adopt --yes vm-1
status 0 "it is changed" vyom apply --yes

# --- somebody else's leftovers ---
node_new
vms 1
faults <<-'END'
	clone:201 disk-allocated kill
END
("$root/usr/sbin/qm" clone 9000 201 --name other; true) >/dev/null 2>&1
config 201 >"$tmp/before"
status 3 "what somebody else's clone left is nobody's to undo" vyom apply --yes
out 'vm-1 \(201\): it is half-made and locked \(clone\), and nobody is at work on it; the journal knows of no clone' "it says so"
out 'volumes that no config names: pve/vm-201-cloudinit' "with the volumes"
status 3 "nor to destroy" vyom destroy --yes vm-1
config 201 | diff "$tmp/before" - >"$tmp/out"
ok "it is as it was" not test -s "$tmp/out"
ok "with its volume" test "$(volumes_of 201)" = 1

# --- a clone that nobody wants any more ---
node_new
vms 1
faults <<-'END'
	clone:201 disk-allocated kill
END
vyom apply --yes
status 0 "destroy takes away what a clone left, by its name" vyom destroy --yes vm-1
ok "all of it" test "$(volumes_of 201)" = 0 -a ! -e "$root/etc/pve/qemu-server/201.conf"
status 3 "and then knows no such VM" vyom destroy --yes vm-1

# --- a destroy that leaves a volume and says that it is done ---
node_again
wrap qm <<-'END'
	"$real" "$@" || exit $?
	[ "$1" != destroy ] || "$root/usr/sbin/pvesm" alloc local-lvm 201 vm-201-disk-0 64M >/dev/null
END
status 2 "a destroy that leaves a volume has failed, whatever its exit status" vyom destroy --yes vm-1
out 'vm-1 \(201\) +destroy +failed .*volumes of it are left: pve/vm-201-disk-0' "it says which"
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
status 0 "the next one frees it" vyom destroy --yes vm-1
out 'vm-1 \(201\) +free +done' "as a step of its own"
ok "nothing is left" test "$(volumes_of 201)" = 0

# --- a step that cannot be begun ---
node_new
vms 1
faults <<<'clone:201 disk-allocated kill'
vyom apply --yes
wrap pvesm <<-'END'
	[ "$1" != free ] || touch "$root/var/lib/vyom/output/2-2"
	exec "$real" "$@"
END
status 2 "where what was left is taken away, and the destroy cannot be begun" vyom apply --yes
out 'vm-1 \(201\): .*/output/2-2 is there already' "it says why"
status 0 "the next run goes on, for what is left is ours still" vyom apply --yes
status 0 "and nothing is left to do" vyom plan

# --- a pool that somebody else fills while a clone is copied ---
node_new
vms 2 'clone = "full"'
wrap qm <<-'END'
	[ "$1" != clone ] || sed -i '/vm-9000-cloudinit/ { /parts=/! s/ pool=/ parts=full:838854912 pool=/ }' "$root/var/lib/stand-in/lvs"
	exec "$real" "$@"
END
status 3 "a clone into a pool that ran full is not done" vyom apply --yes
out 'vm-1 \(201\) +clone +failed.*its pool could not be written while it was copied' "it says why"
out 'vm-2 \(202\) +clone +not begun +.*its pool' "and no other is begun"
ok "what it made is taken away again" test "$(volumes_of 201)" = 0 -a ! -e "$root/etc/pve/qemu-server/201.conf"
sed -i '/vm-9000-cloudinit/ s/ parts=full:838854912//' "$root/var/lib/stand-in/lvs"
"$srcdir/t/node/refresh" "$root"
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
status 0 "when the pool has space again the VMs are made" vyom apply --yes
status 0 "and nothing is left to do" vyom plan
done_testing
