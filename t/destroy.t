#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom destroy: only what vyom made, named one by one.
. "${srcdir:-.}/t/lib.sh"

node_new
owner_conf
vyom apply --yes

status 3 "without a terminal and --yes nothing is destroyed" vyom destroy vyom-worker-2
ok "it is still there" test -e "$root/etc/pve/qemu-server/103.conf"
status 1 "--dry-run shows the steps" vyom destroy --dry-run vyom-worker-2
out 'qm shutdown 103 --timeout 90 --forceStop 1' "a shutdown with a bound"
out 'qm destroy 103 --purge 1' "then the destroy"
status 0 "destroy removes a running VM" vyom destroy --yes vyom-worker-2
ok "its config is gone" not test -e "$root/etc/pve/qemu-server/103.conf"
ok "its volumes too" not has_volume 'vm--103--'
ok "the others stay" test -e "$root/etc/pve/qemu-server/101.conf" -a -e "$root/etc/pve/qemu-server/102.conf"
status 1 "verify misses it" vyom verify
out 'drift vyom-worker-2 \(103\): vm: does not exist' "by name"
status 0 "apply makes it again" vyom apply --yes
out '1 of 1 VM finished, 4 steps done' "with four steps"

mkdir -p "$root/etc/stand-in.d/103" && touch "$root/etc/stand-in.d/103/ignore-shutdown"
status 0 "a guest that ignores the shutdown is stopped and destroyed" vyom destroy --yes vyom/vyom-worker-2
ok "it is gone" not test -e "$root/etc/pve/qemu-server/103.conf"

status 3 "a name that vyom did not make is refused" vyom destroy --yes prakriti-template
out 'made no VM called "prakriti-template"' "it says so"
ok "the template is untouched" test -e "$root/etc/pve/qemu-server/9000.conf"
status 64 "no name is a usage error" vyom destroy --yes

qm set 102 --protection 1 >/dev/null
status 3 "a protected VM is refused" vyom destroy --yes vyom-worker-1
out 'qm set 102 --protection 0' "with what would do"
qm set 102 --delete protection --description "someone wrote here" >/dev/null
status 3 "a VM that lost its mark is refused" vyom destroy --yes vyom-worker-1
out 'its description lacks the line' "it says which line"
sed -i 's/smbios1: uuid=.*/smbios1: uuid=00000000-0000-4000-8000-000000000000/' "$root/etc/pve/qemu-server/102.conf"
status 3 "a VM with another identity is refused" vyom destroy --yes vyom-worker-1
ok "it is untouched" test -e "$root/etc/pve/qemu-server/102.conf"

qm stop 101
qm destroy 101 >/dev/null
status 0 "what is gone already needs no step" vyom destroy --yes vyom-control-1
status 3 "and is forgotten" vyom destroy --yes vyom-control-1
done_testing
