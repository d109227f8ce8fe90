#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom check: each line passes, or says what to do.
. "${srcdir:-.}/t/lib.sh"

node_new
owner_conf
status 0 "a fit node passes" vyom check
out '^Fit: 10 checks passed' "and says so"
no_out '^FAIL' "no line fails"

# unfit PATTERN SENTENCE: check fails, and says what to do
unfit() {
	status 2 "$2 fails" vyom check
	out "^FAIL  $1" "$2: it says what to do"
}

echo 'memory = 1' >>"$root/etc/vyom/vyom.conf"
status 2 "an invalid config fails" vyom check
out 'vyom.conf:[0-9]+: ' "with file and line"
owner_conf
mv "$root/usr/sbin/qm" "$root/usr/sbin/qm.away"
unfit '/usr/sbin/qm: is missing' "a node without qm"
mv "$root/usr/sbin/qm.away" "$root/usr/sbin/qm"
sed -i 's/^Version: 8/Version: 7/' "$root/var/lib/dpkg/status"
unfit 'Proxmox VE: 7.4.21; vyom knows 8 and 9' "an old Proxmox VE"
rm "$root/var/lib/dpkg/status"
unfit 'Proxmox VE: pve-manager is not installed' "a node without pve-manager"
node_new
owner_conf
sed -i '/role = "worker"$/{s/$/\n\t\tsockets = 4/;:a;n;ba}' "$root/etc/vyom/vyom.conf"
unfit 'cores: the node has 8 processors, and Proxmox starts no VM with more \(sockets times cores\): declare less for vyom-worker-1 \(16\)' \
	"a VM with more processors than the node"
status 3 "which apply" vyom apply --yes
out 'refused vyom-worker-1 \(102\): cores: it would have 16 processors' "refuses"
ok "before anything runs" not test -e "$root/etc/pve/qemu-server/101.conf"
qm clone 9000 300 >/dev/null
qm set 300 --sockets 3 --cores 3 --vcpus 1 >/dev/null
status 255 "it would not start" eval 'qm start 300 >"$tmp/out" 2>&1'
out 'MAX 8 vcpus allowed per VM on this node' "by qm's own words"
qm set 300 --sockets 1 --cores 2 --vcpus 3 >/dev/null
status 255 "nor with more plugged than there is room for" eval 'qm start 300 >"$tmp/out" 2>&1'
out 'maxcpus must be equal to or greater than smp' "by QEMU's own words"
owner_conf
sed -i '/role = "worker"$/{s/$/\n\t\toptions = { "vcpus=8" }/;:a;n;ba}' "$root/etc/vyom/vyom.conf"
unfit 'vyom-worker-1: vcpus: it would have 8 of 4 processors \(sockets times cores\), so it would not start' "that of a VM"
node_new
owner_conf
sed -i '/vm "vyom-worker-1" {/s/$/\n\t\tnic "net1" { mtu = 9000 }/' "$root/etc/vyom/vyom.conf"
unfit 'vyom-worker-1: net1: its mtu is 9000 and that of its bridge, vmbr0, 1500, so Proxmox would not start it; give that or less' \
	"a card with a larger MTU than its bridge"
status 3 "which apply" vyom apply --yes
out 'refused vyom-worker-1 \(102\): net1: its mtu is 9000' "refuses"
ok "before anything runs" not test -e "$root/etc/pve/qemu-server/101.conf"
qm clone 9000 300 >/dev/null
qm set 300 --net1 virtio,bridge=vmbr0,mtu=9000 >/dev/null
status 255 "it would not start" eval 'qm start 300 >"$tmp/out" 2>&1'
out "netdev net1: MTU '9000' is bigger than the bridge MTU '1500'" "by qm's own words"
echo 9000 >"$root/sys/class/net/vmbr0/mtu"
status 0 "a bridge that takes as much" vyom check
status 0 "is enough" qm start 300
node_new --bridge vmbr1
owner_conf
unfit 'bridge vmbr0: the node has none' "a missing bridge"
node_new
owner_conf
sed -i 's/storage = "local-lvm"/storage = "other"/' "$root/etc/vyom/vyom.conf"
unfit 'storage other: the node has none' "a missing storage"
owner_conf
sed -i 's/role = "control-plane"$/&\n\t\tdata-disks = { "scsi1=32G,storage=other" }/' "$root/etc/vyom/vyom.conf"
unfit 'storage other: the node has none' "the missing storage of a data disk"
owner_conf
sed -i 's/cluster "vyom" {/&\n\tpool = "lab"/' "$root/etc/vyom/vyom.conf"
unfit 'pool lab: the cluster has none of that name: pvesh create /pools --poolid lab' "a missing resource pool"
sed -i '1a pool:lab::::' "$root/etc/pve/user.cfg"
status 0 "one that is there" vyom check
out '^pass  pool lab: is there' "passes"
owner_conf
sed -i 's/#snippets = .*/snippets = { "vendor=local:snippets\/vyom.yaml" }/' "$root/etc/vyom/vyom.conf"
unfit 'snippet /var/lib/vz/snippets/vyom.yaml: is not there' "a missing snippet"
mkdir -p "$root/var/lib/vz/snippets"
echo '#cloud-config' >"$root/var/lib/vz/snippets/vyom.yaml"
status 0 "one that is there" vyom check
out '^pass  snippet /var/lib/vz/snippets/vyom.yaml: is there' "passes"
rm "$root/var/lib/vz/snippets/vyom.yaml"
sed -i 's/,snippets,/,/' "$root/etc/pve/storage.cfg"
unfit 'snippet local:snippets/vyom.yaml: its storage does not hold any: add snippets to the content of local' "a storage without snippets"
sed -i 's/local:snippets/nowhere:snippets/' "$root/etc/vyom/vyom.conf"
unfit 'snippet nowhere:snippets/vyom.yaml: the node has no storage nowhere' "a snippet on no storage"
node_new
owner_conf
sed -i '/thinpool data/a\	disable' "$root/etc/pve/storage.cfg"
unfit 'storage local-lvm: it is switched off' "a storage that is switched off"
node_new
owner_conf
qm set 9000 --delete serial0 >/dev/null
unfit 'template prakriti-template \(9000\): has no serial port' "an unfit template"
qm set 9000 --serial0 socket >/dev/null
sed -i 's/vmid = 9000/vmid = 9009/' "$root/etc/vyom/vyom.conf"
status 0 "a template that is yet to be built" vyom check
out '^note  template prakriti-template \(9009\): is not there yet: vyom template build' "is a remark"
sed -i '/^\timage = /d' "$root/etc/vyom/vyom.conf"
unfit 'template prakriti-template \(9009\): does not exist on this node' "one of which nobody says how it is built"
owner_conf
sed -i 's/^node "pve"/node "other"/; s/node = "pve"/node = "other"/' "$root/etc/vyom/vyom.conf"
unfit 'node: this node is "pve", and .* declares nothing for it' "a config for another node"
rm "$root/etc/pve/local"
owner_conf
unfit 'node: .*is not mounted' "a node without /etc/pve"
node_new
owner_conf
status 0 "-o json" vyom check -o json
json '$d->{fit} && @{$d->{checks}} == 10' "is one document"

# --- remarks: what is seldom meant, and hinders nothing ---
# remarked PATTERN SENTENCE: check passes, with that remark and no other
remarked() {
	status 0 "$2 hinders nothing" vyom check
	out "^note  $1" "$2: it is said"
	ok "$2: and nothing else is" test "$(grep -c ^note "$tmp/out")" = 1
	out '^Fit: 10 checks passed' "$2: a remark is no check that passed"
}

if [ -z "$root" ]; then
	done_testing
	exit
fi
status 0 "a node as it should be" vyom check
no_out '^note' "brings no remark"
echo 'next-id: lower=102,upper=9000' >>"$root/etc/pve/datacenter.cfg"
remarked 'next-id: .* ids from 102 to 8999 .*outside of that: prakriti-template \(9000\), vyom-control-1 \(101\)$' "an id outside of next-id"
status 0 "-o json" vyom check -o json
json 'grep { $_->{remark} && $_->{pass} && $_->{what} eq "next-id" } @{$d->{checks}}' "has it as a remark"
json '(grep { !$_->{remark} } @{$d->{checks}}) == 10' "and the others as none"

node_new
owner_conf
sed -i 's/#tags = .*/tags = { "K3s", "web" }/' "$root/etc/vyom/vyom.conf"
status 0 "capitals in a tag" vyom check
no_out '^note' "are no matter where Proxmox makes them small"
echo 'tag-style: case-sensitive=1' >>"$root/etc/pve/datacenter.cfg"
remarked 'tag-style: .*: K3s$' "a capital in a tag that would be kept"

owner_conf
sed -i 's/cluster "vyom" {/&\nnic "net0" { firewall = true }/' "$root/etc/vyom/vyom.conf"
remarked 'firewall: it is off for the datacenter .* for vyom-control-1, vyom-worker-1, vyom-worker-2$' "a firewall that is off"
printf '[OPTIONS]\nenable: 1\n' >"$root/etc/pve/firewall/cluster.fw"
status 0 "a firewall that is on" vyom check
no_out '^note' "is no matter"
printf '[OPTIONS]\nenable: 0\n' >"$root/etc/pve/local/host.fw"
remarked 'firewall: it is off for this node itself' "that of the node being off"

node_new
owner_conf
sed -i 's/cluster "vyom" {/&\nbios = "ovmf"/' "$root/etc/vyom/vyom.conf"
remarked 'efidisk: ovmf without a disk of its own forgets .* for vyom-control-1, vyom-worker-1, vyom-worker-2$' "firmware without a disk"
sed -i 's/bios = "ovmf"/&  efidisk = "4m"/' "$root/etc/vyom/vyom.conf"
status 0 "firmware with one" vyom check
no_out '^note' "is no matter"

node_new
owner_conf
: >"$root/run/clock-not-set"
remarked 'clock: NTP does not hold it' "a clock that nobody holds"
done_testing
