#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# EFI disks and TPMs: made once and in line, whenever vyom or qm is killed; nothing of them is made anew.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export VYOM_TIME_SCALE=0.02 node_says=

# without an agent nothing is waited for
both='agent = false  bios = "ovmf"  machine = "q35"  efidisk = "4m,pre-enrolled-keys=1"  tpm = "v2.0"'

node_new
vms 1 "$both"
status 0 "a VM is made with an EFI disk and a TPM" vyom apply --yes
ok "the EFI disk is qm's" test "$(disk efidisk0 201)" = "local-lvm:vm-201-disk-1,efitype=4m,pre-enrolled-keys=1,size=4M"
ok "the TPM's state is where vyom made it" test "$(disk tpmstate0 201)" = "local-lvm:vm-201-vyom-tpmstate0,size=4M,version=v2.0"
status 0 "all is in line" vyom verify
no_out 'not declared' "and nothing is left over"
count_calls
status 0 "a second apply" vyom apply --yes
ok "calls nothing" test ! -e "$root/calls"

vms 1 'agent = false  bios = "ovmf"  machine = "q35"  efidisk = "2m"  tpm = "v1.2"'
status 3 "another kind of either is refused" vyom apply --yes
out 'efidisk0: it is made for efitype 4m, not 2m, and what it holds is not made anew' "the EFI disk"
out 'tpmstate0: it is made for version v2.0, not v1.2, and what it holds is not made anew' "and the TPM"
status 1 "and is drift" vyom verify
vms 1
status 0 "what is not declared any more is no drift" vyom verify
out 'not declared vm-1 \(201\): efidisk0: ' "but said"
status 0 "and destroy takes both along" vyom destroy --yes vm-1
ok "no volume is left" test "$(volumes_of 201)" = 0

# --- a VM that runs ---
node_new
vms 1
vyom apply --yes
vms 1 "$both"
status 0 "a VM that runs is given both" vyom apply --yes
out 'bios, agent, efidisk0, tpmstate0: in force only after the VM is stopped and started again' "which wait"
ok "the EFI disk waits" test -z "$(sed '/^\[/,$d' "$root/etc/pve/qemu-server/201.conf" | grep '^efidisk0')"
count_calls
status 0 "a second apply" vyom apply --yes
ok "makes neither again" test ! -e "$root/calls"
status 0 "a restart puts them into force" vyom apply --yes --restart
ok "the EFI disk is there" test "$(disk efidisk0 201)" = "local-lvm:vm-201-disk-1,efitype=4m,pre-enrolled-keys=1,size=4M"
status 0 "all is in line" vyom verify
no_out 'waits' "and nothing waits"

# --- killed ---
# cut_off FAULT SENTENCE: an apply that should give a VM an EFI disk meets FAULT
cut_off() {
	node_new
	vms 1
	vyom apply --yes
	vms 1 "$both"
	faults <<<"$1"
	vyom apply --yes
}

for what in 'set:201 disk-allocated kill' 'set:201 pending-1 kill' 'set:201 applied kill' 'alloc:201 allocated kill' \
	'set:201 disk-allocated fail no space' 'set:201 disk-allocated lie'; do
	cut_off "$what"
	status 0 "$what: the next apply" vyom apply --yes --restart
	vyom apply --yes
	ok "$what: the EFI disk is there" test "$(disk efidisk0 201)" = "local-lvm:vm-201-disk-1,efitype=4m,pre-enrolled-keys=1,size=4M"
	ok "$what: and each was made once" test "$(volumes_of 201)" = 4
	status 0 "$what: all is in line" vyom verify
done

cut_off 'set:201 disk-allocated kill'
status 1 "what a cut-off efidisk left is drift" vyom verify
out 'volume: pve/vm-201-disk-1 was made by an efidisk that was cut off, and no config names it' "which is said"
status 1 "plan says what comes of it" vyom plan
out '# made by an efidisk that was cut off' "why"
out 'pvesm free local-lvm:vm-201-disk-1' "and what"
status 0 "destroy frees it along with the VM" vyom destroy --yes vm-1
ok "no volume is left" test "$(volumes_of 201)" = 0

cut_off 'set:201 disk-allocated kill'
status 0 "replace frees it along with the VM" vyom replace --yes vm-1
ok "the new one has one EFI disk" test "$(volumes_of 201)" = 4

cut_off 'set:201 disk-allocated kill'
vms 1
status 0 "it is freed also where none is declared any more" vyom apply --yes
ok "it is gone" test "$(volumes_of 201)" = 2

# a volume that somebody else makes for the VM, where no step of vyom's is in doubt
node_new
vms 1
vyom apply --yes
PATH=$root/usr/sbin:$PATH pvesm alloc local-lvm 201 vm-201-disk-1 4M >/dev/null
vms 1 "$both"
status 0 "beside a volume of somebody else's an EFI disk is made" vyom apply --yes
ok "under a name that is free" test "$(disk efidisk0 201 | cut -d, -f1)" = local-lvm:vm-201-disk-2
ok "and that volume stays" test "$(volumes_of 201)" = 5

node_new
vms 1
vyom apply --yes
vms 1 "$both"
wrap qm <<-'END'
	"$real" "$@"
	status=$?
	case $* in *efidisk0*) kill -9 "$(cat "$root/vyom.pid")" ;; esac
	exit $status
END
begin apply --yes
echo $live >"$root/vyom.pid"
finished
ok "vyom was killed once the EFI disk was there" test "$(volumes_of 201)" = 3
status 0 "the next apply goes on" vyom apply --yes
ok "and makes no other" test "$(volumes_of 201)" = 4

# --- what is none ---
vms 1 'efidisk = "8m"'
status 2 "a kind that there is not is refused" vyom plan
out 'vyom.conf:[0-9]+: cluster "test": efidisk: .*write one of 2m 4m' "where it stands"
vms 1 'bios = "seabios"  efidisk = "4m"'
status 2 "so is an EFI disk without EFI" vyom plan
out 'efidisk: only ovmf has a use for it; write bios = ovmf' "and why"

done_testing
