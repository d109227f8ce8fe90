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
node_new --bridge vmbr1
owner_conf
unfit 'bridge vmbr0: the node has none' "a missing bridge"
node_new
owner_conf
sed -i 's/storage = "local-lvm"/storage = "other"/' "$root/etc/vyom/vyom.conf"
unfit 'storage other: the node has none' "a missing storage"
owner_conf
sed -i '/thinpool data/a\	disable' "$root/etc/pve/storage.cfg"
unfit 'storage local-lvm: it is switched off' "a storage that is switched off"
node_new
owner_conf
qm set 9000 --delete serial0 >/dev/null
unfit 'template prakriti-template \(9000\): has no serial port' "an unfit template"
qm set 9000 --serial0 socket >/dev/null
sed -i 's/^node "pve"/node "other"/; s/node = "pve"/node = "other"/' "$root/etc/vyom/vyom.conf"
unfit 'node: this node is "pve", and .* declares nothing for it' "a config for another node"
rm "$root/etc/pve/local"
owner_conf
unfit 'node: .*is not mounted' "a node without /etc/pve"
node_new
owner_conf
status 0 "-o json" vyom check -o json
json '$d->{fit} && @{$d->{checks}} == 10' "is one document"
done_testing
