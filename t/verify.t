#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom verify: every drift is found, nothing is opened for writing, cron hears of drift only.
. "${srcdir:-.}/t/lib.sh"

# drift PATTERN SENTENCE: verify finds it, and apply mends it
drift() {
	status 1 "$2 is drift" vyom verify
	out "$1" "$2: said as wanted and found"
	status 0 "$2: apply mends it" vyom apply --yes
	status 0 "$2: in line again" vyom verify
}

node_new
owner_conf
vyom apply --yes
status 0 "verify is in line after apply" vyom verify
status 0 "-q" vyom verify -q
ok "prints nothing then" not test -s "$tmp/out"

qm set 102 --onboot 0 >/dev/null
status 1 "-q reports drift" vyom verify -q
out '^drift vyom-worker-1 \(102\): onboot: wanted 1, found 0$' "one line a drift"
ok "and nothing else" test "$(wc -l <"$tmp/out")" = 1
drift 'onboot: wanted 1, found 0' "a changed onboot"
qm set 102 --tags other >/dev/null
drift 'tags: wanted vyom, found other' "a lost tag"
ok "the foreign tag stays" grep -qx 'tags: other;vyom' "$root/etc/pve/qemu-server/102.conf"
qm set 102 --cores 2 >/dev/null
drift 'cores: wanted 4, found 2 at its next start' "a pending change"
qm stop 102
drift 'run state: does not run' "a stopped VM"
qm set 102 --net0 virtio=02:00:00:00:00:01,bridge=vmbr0 >/dev/null
status 1 "another MAC is drift" vyom verify
out 'net0: wanted virtio=02:3E' "said as wanted and found"
status 3 "which needs --reinit" vyom apply --yes
status 0 "and is mended so" vyom apply --yes --reinit
qm set 102 --net0 "$(sed -n 's/^net0: //p' "$root/etc/pve/qemu-server/102.conf"),firewall=1" >/dev/null
status 0 "items of a property string that the file does not name are no drift" vyom verify
qm resize 103 scsi0 130G >/dev/null
status 1 "a disk grown by hand is drift" vyom verify
out 'disk: wanted 128G, found 130G' "with both sizes"
sed -i 's/disk = "128G"/disk = "130G"/' "$root/etc/vyom/vyom.conf"
drift 'disk: wanted 130G, found 128G' "the other worker's smaller disk"
sed -i 's/size=130G/size=128G/' "$root/etc/pve/qemu-server/103.conf"
drift 'the config notes 128G, the volume has 130G' "a size that the config does not know"
qm set 9000 --delete serial0 >/dev/null
status 1 "a template without serial port is drift" vyom verify
out 'template: has no serial port: qm set 9000 --serial0 socket' "with the command that mends it"
qm set 9000 --serial0 socket >/dev/null
status 0 "mended" vyom verify
qm set 101 --onboot 0 >/dev/null
status 1 "-o json is one document" vyom verify -o json
json '($f = $d->{findings}[0]) && $f->{what} eq "onboot" && $f->{wanted} eq "1" && $f->{found} eq "0" && $f->{vmid} == 101' \
	"with the finding"
vyom apply --yes

if command -v strace >/dev/null; then
	strace -f -qq -e trace=open,openat,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,ftruncate,fchmod \
		-o "$tmp/trace" "$top_builddir/vyom" verify --sysroot "$root" >"$tmp/out" 2>&1
	ok "verify ran under strace" grep -q 'In line' "$tmp/out"
	# .gcda: what a build that counts its lines writes (check-coverage)
	grep -E 'O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|creat\(|mkdir|unlink|rename|ftruncate|fchmod' "$tmp/trace" |
		grep -vE '/dev/null|\.gcda"' >"$tmp/out"
	ok "it opens nothing for writing" not test -s "$tmp/out"
else
	report 0 "it opens nothing for writing # SKIP strace is not installed"
fi

status 0 "status shows the VMs" vyom status
out 'vyom-worker-1 +102 +worker +running +192.168.68.212/20' "name, id, role, state, address"
status 0 "pool shows the pool" vyom pool
out 'pve/data +rw' "its mode"
out 'pve/vm-102-disk-0 +data +128 GiB|pve/vm-102-disk-0 +data +130 GiB' "and the volumes"
"$root/usr/sbin/pvesm" alloc local-lvm 150 vm-150-disk-0 1G >/dev/null
vyom pool
out 'pve/vm-150-disk-0 .*orphan' "a volume that no config names is an orphan"
# --- what the VM has besides ---
node_new
owner_conf
vyom apply --yes
qm set 101 --net1 virtio,bridge=vmbr0 >/dev/null
status 0 "a card that the file does not name is no drift" vyom verify
out 'not declared vyom-control-1 \(101\): net1: the VM has virtio=' "but is said"
status 0 "and not to cron" vyom verify -q
ok "which is told nothing" test ! -s "$tmp/out"
status 0 "apply leaves it" vyom apply --yes
ok "it is there" grep -q '^net1: ' "$root/etc/pve/qemu-server/101.conf"

done_testing
