#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# vyom template build on real LVM-thin: the image is the guest's root, what it trims is free in the pool, the template's
# disk is a base volume as LVM knows it, and clones share it.

# shellcheck source=t/guests.sh
. "${srcdir:-.}/t/guests.sh"
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"

image=/var/lib/vz/template/iso/noble.img
base="base-9000-disk-0"

# The image has 12.8 MiB in /boot, which the build removes; apt's lists and archives are 2.5 MiB.
conf_write() {
	conf <<-END
		node "pve" { }
		template "prakriti-template" {
			vmids = "9000-9003"
			image = "$image"
			sha256 = "$("$srcdir/t/node/image" $image 64M | cut -d' ' -f1)"
			build-address = "10.0.2.90/24"
			gateway = "10.0.2.2"
			packages = { "qemu-guest-agent" }
			run = { "rm /boot/initrd.img" }
			key-file = "$tmp/master"
		}
		cluster "test" {
			memory = "256M"
			disk = "128M"
			user = "ubuntu"
			vm "vm-1" { vmid = 201  address = "10.0.2.101/24" }
			vm "vm-2" { vmid = 202  address = "10.0.2.102/24"  start = false }
		}
	END
}

# lv_says FIELD VALUE: of the base volume
lv_says() {
	lvs --noheadings -o "$1" "pve/$base" >"$tmp/out" && [ "$(tr -d ' ' <"$tmp/out")" = "$2" ]
}

# mib AWK-CONDITION: of the sizes in the last command's output, as MiB in $1 $2 …
mib() {
	grep -oE '[0-9.]+ (B|KiB|MiB)' "$tmp/line" | awk '{ print $2 == "B" ? $1 / 1048576 : $2 == "KiB" ? $1 / 1024 : $1 }' |
		tr '\n' ' ' | awk "{ exit !($1) }"
}

# line PATTERN: that of the last output that matches, in $tmp/line
line() {
	grep -E -m1 -- "$1" "$tmp/out" >"$tmp/line"
}

node_reset
mkdir -p /etc/vyom
guests_say
conf_write

# --- built ---
status 0 "a template is built" vyom template build --yes
out 'Looked again: nothing is left to do' "and that is proven"
vyom log 1
out '/: .* trimmed on /dev/mapper/pve-vm--9000--disk--0' "the real fstrim was at work"
line 'its disk has .* of the pool, and had'
# shellcheck disable=SC2016 # awk's
ok "what came back to the pool is what was removed, in whole chunks" mib '$3 > 9 && $3 < 17 && $1 + $3 == $2'
cp "$tmp/line" "$tmp/given"
ok "its disk is a base volume, read-only, without a snapshot yet" lv_says lv_permissions read-only
ok "it is not activated at boot" lv_says lv_skip_activation skipactivation
ok "and is not active now" lv_says lv_active ''
ok "there is no volume by its old name" not lvs pve/vm-9000-disk-0
ok "the guest is gone, with its card" not ip link show tap9000i0
ok "no key file of the build is left" not test -e /var/lib/vyom/build-keys

# --- looked after ---
status 0 "it is fit" vyom template lint
out 'fit to be cloned' "which is said"
status 0 "nothing shows that it was changed" vyom template verify
status 0 "and it was not, to the byte" vyom template verify --full
out 'to the byte' "which is said"
ok "it is at rest again afterwards" lv_says lv_active ''

# --- cloned ---
status 0 "VMs are made of it" vyom apply --yes
ok "whose guests boot from it" guest_up 10.0.2.101
status 0 "the master key lets in" guest_ssh 10.0.2.101 "$tmp/master" \
	'dpkg-query -W qemu-guest-agent && test ! -e /boot/initrd.img && test -s /etc/machine-id'
status 0 "what they share is measured" vyom pool --shared
line "^pve/vm-202-disk-0 +vm-2 +$base"
# shellcheck disable=SC2016
ok "one that never ran shares all that the build left" mib "\$1 == $(awk '{ print $5 }' "$tmp/given") && \$2 == 0"
line "^pve/vm-201-disk-0 +vm-1 +$base"
# shellcheck disable=SC2016
ok "one that ran has written a little of its own" mib '$1 >= 0.5 && $2 >= 0.5 && $2 < 8'
vyom template list
out 'from vm-1 \(201\)' "the list knows who came from it"
status 0 "the base is as it was" vyom template verify
no_out 'not active' "now with what it occupies"

# --- changed behind the node's back ---
qm stop 201
lvchange -prw "pve/$base" >/dev/null 2>&1
printf x | dd of="/dev/pve/$base" bs=1 seek=65000000 conv=notrunc,fsync status=none
status 1 "a base volume that was written to is no good any more" vyom template verify
out "FAIL.*can be written: lvchange -pr pve/$base" "it says what lets nobody do so"
out 'FAIL.*occupies .*, and occupied .*: it was written to' "and that the pool shows that somebody did"
done_testing
