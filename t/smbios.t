#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a guest reads of itself: set encoded, in line however it is written, and never at the cost of the VM's uuid.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export VYOM_TIME_SCALE=0.02 node_says=

# smbios VMID: the config's line, of what is in force
smbios() {
	sed -n '/^\[/,$d; s/^smbios1: //p' "$root/etc/pve/qemu-server/$1.conf"
}

# uuid VMID
uuid() {
	smbios "$1" | grep -Eo 'uuid=[0-9a-f-]{36}'
}

# guest VMID: what QEMU was given of it
guest() {
	tr '\0' '\n' <"$root/proc/$(cat "$root/run/qemu-server/$1.pid")/cmdline" | grep -A1 -x -e -smbios | tail -1
}

# each set of smbios1 is noted, with whether it names the uuid that is there
watch_qm() {
	wrap qm <<-'END'
		echo "$*" >>"$root/calls"
		uuid=$(grep -o 'uuid=[0-9a-f-]*' "$root/etc/pve/qemu-server/$2.conf" 2>/dev/null | head -1)
		case " $* " in
		*" --smbios1 "*) case "$*" in
			*"$uuid"*) echo kept ;;
			*) echo lost ;;
			esac >>"$root/sets" ;;
		esac
		exec "$real" "$@"
	END
	rm -f "$root/calls" "$root/sets"
}

settled() {
	status 0 "$1: verify is in line" vyom verify
	rm -f "$root/calls"
	status 0 "$1: a second apply" vyom apply --yes
	ok "$1: calls no qm" test ! -e "$root/calls"
}

node_new
qm set 9000 --smbios1 "sku=YQ==,base64=1,$(uuid 9000)" >/dev/null
watch_qm
said='smbios = "manufacturer=ACME,product=Two words,serial=7"'
vms 1 'agent = false' "$said"
vyom plan
out 'uuid=ITS-OWN' "of a VM that is not there no uuid is known"
ok "and what stands for it qm would not take" not qm set 9000 --smbios1 uuid=ITS-OWN 2>/dev/null
rm -f "$root/sets"
status 0 "a VM is made" vyom apply --yes
ok "its uuid is another than its template's" test "$(uuid 201)" != "$(uuid 9000)"
ok "which the set kept" test "$(cat "$root/sets")" = kept
made=$(uuid 201)
ok "the values are encoded, and the template's stays" test "$(smbios 201)" = \
	"base64=1,manufacturer=QUNNRQ==,product=VHdvIHdvcmRz,serial=Nw==,sku=YQ==,$made"
ok "the guest reads them as they were written" test "$(guest 201)" = \
	"type=1,manufacturer=ACME,product=Two words,serial=7,sku=a,$made"
settled "a new VM"

# --- a VM that runs ---
vms 1 'agent = false' 'smbios = "serial=8"'
status 0 "another serial number is set" vyom apply --yes
out 'smbios1: in force only after the VM is stopped and started again' "and waits"
ok "the guest has the old one" test "$(guest 201)" = "type=1,manufacturer=ACME,product=Two words,serial=7,sku=a,$made"
settled "what waits"
status 0 "a restart" vyom apply --yes --restart
ok "brings it to the guest, and leaves the rest" test "$(guest 201)" = \
	"type=1,manufacturer=ACME,product=Two words,serial=8,sku=a,$made"
settled "what was restarted"
ok "no set was without the uuid" test -z "$(grep -v kept "$root/sets")"

# --- as others wrote it ---
qm shutdown 201 >/dev/null
qm set 201 --smbios1 "serial=8,family=cattle,$made" >/dev/null
qm start 201 >/dev/null
settled "what is not encoded"
vms 1 'agent = false' 'smbios = "serial=9"'
status 0 "once something is set" vyom apply --yes --restart
ok "others' plain values are encoded too" test "$(guest 201)" = "type=1,family=cattle,serial=9,$made"
qm set 201 --smbios1 "serial=9,uuid=00000000-0000-4000-8000-000000000000" >/dev/null
status 0 "another uuid that somebody left waiting" vyom apply --yes
out 'qm set 201' "is set again"
qm reboot 201 >/dev/null
ok "and does not come into force" test "$(uuid 201)" = "$made"
settled "the VM as it was made"

# --- what is refused ---
vms 1 'smbios = "serial=9,uuid=00000000-0000-4000-8000-000000000000"'
status 2 "a uuid is not declared" vyom plan
out 'its uuid is what tells the VM from another, made with it and always kept; leave it out' "and it is said why"
done_testing
