#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom apply: the owner's cluster from one file, and again.
. "${srcdir:-.}/t/lib.sh"

node_new
owner_conf

status 1 "plan shows differences before the first apply" vyom plan
out 'qm clone 9000 101 --name vyom-control-1' "it shows the clone of the control plane"
out 'Plan: 12 steps for 3 of 3 VMs' "it counts four steps a VM"
status 1 "apply --dry-run is plan" vyom apply --dry-run
ok "neither called qm" not test -e "$root/etc/pve/qemu-server/101.conf"

status 0 "apply makes the cluster" vyom apply --yes
out '3 of 3 VMs finished, 12 steps done' "it says so"
ok "the control plane has 4 cores" grep -qx 'cores: 4' "$root/etc/pve/qemu-server/101.conf"
ok "and 8 GiB" grep -qx 'memory: 8192' "$root/etc/pve/qemu-server/101.conf"
ok "which is a thin volume" has_volume 'vm--101--disk--0'
ok "and a disk of 64 GiB with iothread and discard" \
	grep -qx 'scsi0: local-lvm:vm-101-disk-0,discard=on,iothread=1,size=64G' "$root/etc/pve/qemu-server/101.conf"
ok "on virtio-scsi-single" grep -qx 'scsihw: virtio-scsi-single' "$root/etc/pve/qemu-server/101.conf"
ok "a worker has 16 GiB" grep -qx 'memory: 16384' "$root/etc/pve/qemu-server/102.conf"
ok "and 128 GiB" grep -q 'scsi0: .*size=128G' "$root/etc/pve/qemu-server/103.conf"
ok "its address" grep -qx 'ipconfig0: ip=192.168.68.212/20,gw=192.168.68.1' "$root/etc/pve/qemu-server/102.conf"
ok "and the mark" grep -qx '#managed by vyom%3A vyom/vyom-worker-1' "$root/etc/pve/qemu-server/102.conf"
ok "all three run" test -e "$root/run/qemu-server/101.pid" -a -e "$root/run/qemu-server/102.pid" \
	-a -e "$root/run/qemu-server/103.pid"

before=$(cat "$root"/etc/pve/qemu-server/*.conf | sha1sum; ls "$root/var/lib/vyom/output")
status 0 "a second apply finds nothing to do" vyom apply --yes
out 'Nothing to do: 3 VMs as declared' "it says so"
ok "and changed nothing" test "$before" = "$(cat "$root"/etc/pve/qemu-server/*.conf | sha1sum; ls "$root/var/lib/vyom/output")"
status 0 "plan agrees" vyom plan
status 0 "verify agrees" vyom verify

# changes
sed -i 's/memory = "8G"/memory = "6G"/; s/disk = "64G"/disk = "80G"/' "$root/etc/vyom/vyom.conf"
status 1 "a changed role is a difference" vyom plan
out 'memory 8192 → 6144' "plan shows old and new"
out 'disk 64G → 80G' "for the disk too"
out 'note vyom-control-1 \(101\): memory: in force only after' "and what only a restart brings"
status 0 "apply carries it out" vyom apply --yes
ok "the disk has grown" grep -q 'scsi0: .*size=80G' "$root/etc/pve/qemu-server/101.conf"
ok "the memory waits in PENDING" sh -c "sed -n '/PENDING/,\$p' '$root/etc/pve/qemu-server/101.conf' | grep -qx 'memory: 6144'"
status 0 "a third apply finds nothing to do" vyom apply --yes
status 0 "verify counts waiting as in line" vyom verify
out 'waits for a restart vyom-control-1 \(101\): memory: wanted 6144, found 8192' "and says what waits"

# half-way VMs go on from where they are
qm stop 103 && qm set 103 --delete cores,memory,tags >/dev/null
status 0 "a VM that lost its settings is set again and started" vyom apply --yes
ok "its cores are back" grep -qx 'cores: 4' "$root/etc/pve/qemu-server/103.conf"
ok "its tag too" grep -qx 'tags: vyom' "$root/etc/pve/qemu-server/103.conf"
ok "it runs" test -e "$root/run/qemu-server/103.pid"

# many of a kind
node_new
counted() {
	conf <<-END
		node "pve" { }
		template "prakriti-template" { vmid = 9000 }
		cluster "lab" { memory = "256M"  vm "worker" { count = $1  vmid = 110  address = "192.168.68.220/20" } }
	END
}
counted 2
status 0 "a count makes so many VMs" vyom apply --yes
ok "with ids and addresses that follow" grep -qx 'ipconfig0: ip=192.168.68.221/20' "$root/etc/pve/qemu-server/111.conf"
counted 3
status 0 "a higher one" vyom apply --yes
out '1 of 1 VM finished' "makes the one more"
ok "worker-3" grep -qx 'name: worker-3' "$root/etc/pve/qemu-server/112.conf"
counted 1
status 0 "a lower one removes nothing" vyom apply --yes
out 'note worker-3 \(112\): .*`vyom destroy worker-3` takes it away' "and says what would"
status 0 "verify is in line" vyom verify
out '^not declared worker-2 \(111\): vm: ' "and tells what is not declared any more"
status 0 "vyom destroy" vyom destroy --yes worker-2 worker-3
status 0 "takes it away" vyom verify
no_out 'not declared' "and then it is told no more"

# asking
node_new
owner_conf
status 3 "without a terminal and without --yes nothing is done" vyom apply
out 'say --yes' "and it says why"
ok "no VM was made" not test -e "$root/etc/pve/qemu-server/101.conf"
status 3 "-o json asks nothing either" vyom apply -o json
status 0 "with --yes it prints one document" vyom apply -o json --yes
json '$d->{outcome}{vms_done} == 3 && @{$d->{steps}} == 12' "which is JSON"
done_testing
