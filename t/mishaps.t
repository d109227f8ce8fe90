#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What went wrong once, or was seen coming: each with the node that shows it.
. "${srcdir:-.}/t/lib.sh"

# wrap SCRIPT: a qm that runs the real one, then SCRIPT with $verb, $vmid (a clone's new one) and $root
wrap() {
	mv "$root/usr/sbin/qm" "$root/usr/sbin/qm.real" 2>/dev/null
	cat >"$root/usr/sbin/qm" <<-END
		#!/bin/bash
		root=$root verb=\$1 vmid=\$2
		[ "\$verb" = clone ] && vmid=\$3
		"\$root/usr/sbin/qm.real" "\$@"
		status=\$?
		$1
		exit \$status
	END
	chmod +x "$root/usr/sbin/qm"
}

unwrap() {
	mv -f "$root/usr/sbin/qm.real" "$root/usr/sbin/qm"
}

node_new
owner_conf
printf 'rootfs: local-lvm:vm-200-disk-0,size=8G\n' >"$root/etc/pve/nodes/pve/lxc/200.conf"
"$root/usr/sbin/pvesm" alloc local-lvm 200 vm-200-disk-0 8G >/dev/null
"$srcdir/t/node/refresh" "$root"
vyom pool
out 'vm-200-disk-0' "a container's volume is shown"
no_out 'vm-200-disk-0.*orphan' "and is no orphan"

# a list of guests that lags
node_new
owner_conf
wrap '[ "$verb" = clone ] && echo "{ \"version\": 1 }" >"$root/list.$$" && mv "$root/list.$$" "$root/etc/pve/.vmlist"'
status 0 "a list of guests that lags behind hides no VM" vyom apply --yes
unwrap
echo '{ "version": 1 }' >"$root/etc/pve/.vmlist"
status 0 "nor does an empty one make destroy forget" vyom destroy --yes vyom-worker-2
ok "it was destroyed, not forgotten" not test -e "$root/etc/pve/qemu-server/103.conf"
"$srcdir/t/node/refresh" "$root"
vyom apply --yes

# what others wait for
wrap 'umask >"$root/umask"; grep Umask "/proc/$PPID/status" >"$root/ours"'
qm set 102 --onboot 0 >/dev/null
(umask 000 && vyom apply --yes)
ok "qm has the umask that its files need" grep -qx 0022 "$root/umask"
ok "vyom has one that leaves its files to their owner" grep -q '0077$' "$root/ours"
unwrap

# volumes that stay, and volumes that are gone
qm stop 103
mv "$root/etc/pve/qemu-server/103.conf" "$tmp/103.conf"
"$srcdir/t/node/refresh" "$root"
status 3 "a VM that is gone but for its volumes is not forgotten" vyom destroy --yes vyom-worker-2
out 'volumes of an earlier one are left: .*pve/vm-103-disk-0' "they are named"
mv "$tmp/103.conf" "$root/etc/pve/qemu-server/103.conf"
"$srcdir/t/node/refresh" "$root"
"$root/usr/sbin/pvesm" free local-lvm:vm-103-disk-0 >/dev/null
status 1 "a VM whose disk is gone is drift" vyom verify
out 'its disk pve/vm-103-disk-0 does not exist any more' "and it says which"

# a backup at night
node_new
owner_conf
vyom apply --yes
qm set 102 --lock backup >/dev/null
status 0 "a VM that is being backed up is no drift" vyom verify -q
ok "cron's mail stays empty" not test -s "$tmp/out"
qm unlock 102
qm stop 101
qm set 101 --lock backup >/dev/null
sed -i 's/^lock: .*/lock: clone/' "$root/etc/pve/qemu-server/101.conf"
status 1 "a lock that nobody will give back is drift" vyom verify
qm unlock 101

# tags of others
qm set 102 --tags zoo >/dev/null
sed -i 's/^tags: .*/tags: Prod;zoo/' "$root/etc/pve/qemu-server/102.conf"
vyom plan
out "tags Prod;zoo → Prod;zoo;vyom" "tags of others stay as they are written"
vyom apply --yes

# a question that waits is no run
sed -i 's/cores = 4/cores = 3/' "$root/etc/vyom/vyom.conf"
sleep 30 | script -qec "'$top_builddir/vyom' apply --sysroot '$root'" /dev/null >/dev/null 2>&1 &
sleep 1
status 1 "verify sees drift while an apply waits for its answer" vyom verify
kill %1 2>/dev/null
wait 2>/dev/null
done_testing
