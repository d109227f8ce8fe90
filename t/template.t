#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# vyom template build: from an image to a template, over SSH to a real sshd; and what can go wrong on the way.

# shellcheck source=t/guests.sh
. "${srcdir:-.}/t/guests.sh"
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"

# shellcheck source=t/images.sh
. "$srcdir/t/images.sh"

# --- the whole way ---
node_bare
wrap qm <<-'END'
	printf '%s\n' "$*" >>"$root/argv"
	[ "$1" != create ] || cp "$root/var/lib/vyom/build-keys" "$root/build-keys"
	exec "$real" "$@"
END
template_conf
status 1 "the build's plan is shown first" vyom template --dry-run build
out 'qm create 9000 --name prakriti-template' "with its commands"
ok "and nothing is made" not test -e "$root/etc/pve/qemu-server/9000.conf"
status 0 "a template is built" build
cp "$tmp/out" "$tmp/built"
out 'Looked again: nothing is left to do' "and that is proven"
vm_conf 9000 >"$tmp/out"
out '^template: 1$' "it is a template"
out '^scsi0: local-lvm:base-9000-disk-0,' "its disk is a base volume"
out '^scsihw: virtio-scsi-single$' "on virtio-scsi-single"
out '^serial0: socket$' "with a serial port"
out '^memory: 1024$' "with the RFC's memory"
out '^ipconfig0: ip=dhcp$' "its address is gone"
out "^#vyom-image%3A sha256%3A$digest" "it says which image it was made from"
out '^#vyom-generation%3A 1$' "which generation it is"
out '^#vyom-made%3A 20..-..-.. by vyom ' "when it was made, and by what"
ok "its base volume is read-only" grep -q 'ro=1\|perm=r\|readonly=1' <(volume base-9000-disk-0)
ok "no key file of the build is left" not test -e "$root/var/lib/vyom/build-keys"
guest=$(guest_root 9000)
ok "the packages are in it" test -n "$(grep -s 'install.*qemu-guest-agent' "$guest/var/log/stand-in-apt")"
ok "its machine-id is empty" test ! -s "$guest/etc/machine-id"
ok "it has no host keys" test -z "$(find "$guest/etc/ssh" -name 'ssh_host_*')"
ok "cloud-init has forgotten all" test -z "$(ls "$guest/var/lib/cloud" 2>/dev/null)"
ok "the guest is gone" nothing_running

# --- the master key ---
ok "the sink has the private key" grep -q '^-----BEGIN OPENSSH PRIVATE KEY-----$' "$tmp/kept"
chmod 600 "$tmp/kept"
ssh-keygen -y -f "$tmp/kept" >"$tmp/kept.pub"
ok "whose public key is in the template" grep -qF "$(cut -d' ' -f2 "$tmp/kept.pub")" "$guest/home/ubuntu/.ssh/authorized_keys"
ok "once" test "$(wc -l <"$guest/home/ubuntu/.ssh/authorized_keys")" = 1

# forty digits of the private half of the key, as its file has them, are looked for everywhere
secret=$(grep -v -e '-----' "$tmp/kept" | tr -d '\n' | cut -c221-260)
ok "there is a secret to look for" test "${#secret}" = 40
ok "nothing secret is on the node" not grep -rqaF "$secret" "$root"
ok "nor in the journal" not grep -qaF "$secret" "$root/var/lib/vyom/journal.db" "$root/var/lib/vyom/journal.db-wal"
ok "nor in any argv that qm saw" not grep -qaF "$secret" "$root/argv"
ok "nor in what was printed" not grep -qaF "$secret" "$tmp/built"
ok "qm read the keys from a file of its owner alone" test "$(stat -c %a "$root/build-keys" 2>/dev/null)" = 600

# --- again ---
status 0 "a second build with the same image does nothing" build
out '^Nothing to do' "and says so"
status 0 "it is listed" vyom template list
out '^prakriti-template +9000 +1 +newest' "as the newest"
status 0 "it is fit" vyom template lint
status 0 "its disk is as it was made" vyom template verify
"$root/usr/sbin/lvchange" -prw pve/base-9000-disk-0 >/dev/null
status 1 "a quick look sees that it could be written, though it is not active" vyom template verify
out 'can be written: lvchange -pr pve/base-9000-disk-0' "and what mends that"
"$root/usr/sbin/lvchange" -pr pve/base-9000-disk-0 >/dev/null
status 0 "to the byte" vyom template --full verify
out 'to the byte' "which is said"
status 0 "VMs are made of it" vyom apply --yes
status 0 "the list knows which" vyom template list
out 'from vm-1 \(201\)' "came from it"
status 0 "the master key lets in" guest_ssh 10.0.2.101 "$tmp/kept" true

image_new 2
template_conf
status 0 "another image makes the next generation" build
ok "with an id of its own" grep -q '^template: 1$' "$root/etc/pve/qemu-server/9001.conf"
out 'Looked again: nothing is left to do' "and that is proven"
status 0 "VMs that exist are left as they are" vyom apply --yes
out '^Nothing to do' "all of them"
vyom template list
out '^prakriti-template +9000 +1 +older' "the old one is older"
out '^prakriti-template +9001 +2 +newest' "the new one the newest"
status 0 "a generation that is used is not pruned" vyom template --yes prune
ok "it is there" test -e "$root/etc/pve/qemu-server/9000.conf"
status 0 "without its VMs" vyom destroy --yes vm-1 vm-2
status 0 "it is" vyom template --yes prune
ok "gone" test ! -e "$root/etc/pve/qemu-server/9000.conf"
ok "with its volumes" not has_volume 'base--9000'
ok "the newest stays" test -e "$root/etc/pve/qemu-server/9001.conf"
status 0 "and is what VMs are made of" vyom apply --yes
out 'Looked again' "all of them"

# --- a base volume that was written to ---
printf 'x' | dd of="$root/dev/pve/base-9001-disk-0" bs=1 seek=20000000 conv=notrunc status=none
status 0 "a quick look does not read it" vyom template verify
status 1 "a full one does" vyom template --full verify
out 'FAIL.*from byte 16777216 on' "and says where it differs first"

# --- the operator's own key ---
node_bare
sink='key-sink = -'
key_new "$tmp/own"
template_conf "master-key = \"$tmp/own.pub\""
status 0 "with the operator's own key" build
guest=$(guest_root 9000)
ok "that stays in it, alone" test "$(cut -d' ' -f2 "$guest/home/ubuntu/.ssh/authorized_keys")" = "$(cut -d' ' -f2 "$tmp/own.pub")"
ok "and in its config" grep -q "^sshkeys: .*$(cut -d' ' -f2 "$tmp/own.pub" | cut -c1-60 | sed 's:/:%2F:g; s:+:%2B:g')" "$root/etc/pve/qemu-server/9000.conf"
ok "but not the build's" not grep -q vyom-template-build "$root/etc/pve/qemu-server/9000.conf"

# --- a key file ---
node_bare
template_conf "key-file = \"$tmp/master\""
status 0 "the private key can go into a file" build
ok "of its owner alone" test "$(stat -c %a "$tmp/master")" = 600
image_new 3
template_conf "key-file = \"$tmp/master\""
status 0 "which the next build reads" build
ok "and has in it" grep -qF "$(ssh-keygen -y -f "$tmp/master" | cut -d' ' -f2)" "$(guest_root 9001)/home/ubuntu/.ssh/authorized_keys"
export sink="key-sink = { \"$keeper\", \"$tmp/kept\" }"

# --- what is refused before anything is made ---
untouched() {
	ok "$1: nothing is made" test ! -e "$root/etc/pve/qemu-server/9000.conf"
	ok "$1: no key file is left" test ! -e "$root/var/lib/vyom/build-keys"
}
node_bare
template_conf 'sha256 = "0000000000000000000000000000000000000000000000000000000000000000"'
status 2 "an image with another digest is refused" build
out 'is not the image that the file declares: its SHA-256 is' "and the digest is said"
untouched "another digest"
ok "the sink is not asked" test ! -e "$tmp/kept"
truncate -s -1 "$image"
template_conf
status 2 "one that was cut off too" build
untouched "cut off"
node_bare
template_conf 'disk = "16M"'
status 2 "one that is larger than its disk may be" build
out 'holds a disk of 33 MiB' "with its size"
untouched "too large"
node_bare
template_conf 'image = "/no/such.img"'
status 3 "one that is not there" build
out 'is not there' "is said"
printf 'not a disk' >"$image"
qemu-img create -q -f qcow2 -b "$image" -F raw "$root/var/lib/vz/template/iso/part.img" 1M
digest=$(sha256sum "$root/var/lib/vz/template/iso/part.img" | cut -d' ' -f1)
template_conf 'image = "/var/lib/vz/template/iso/part.img"'
status 2 "one that is but a difference to another" build
out 'is only the difference to another image' "is not imported"
untouched "a difference"
node_bare
printf 'not a disk, though it has the right digest' >"$image"
digest=$(sha256sum "$image" | cut -d' ' -f1)
template_conf
status 2 "one that is no disk image" build
out 'is no disk image: its 42 bytes are no whole number of sectors' "is not imported"
untouched "no disk image"
node_bare
template_conf 'key-sink = { "/bin/false" }'
status 2 "a sink that refuses ends the build" build
out 'false' "which is named"
untouched "a sink that refuses"
template_conf 'key-sink = { "/no/such/sink" }'
status 2 "one that is not there too" build
untouched "no sink"
template_conf 'key-sink = -'
status 3 "who may log in must be said" build
out 'master-key' "with how"
untouched "no key"
template_conf 'build-address = -'
status 3 "and where it is while it is built" build

# --- what goes wrong on the way: the reason is said, and the next build converges ---
again() {
	status 0 "$1: the next build converges" build
	ok "$1: one template is there" test "$(ls "$root/etc/pve/qemu-server" | tr '\n' ' ')" = '9000.conf '
	ok "$1: no volume too many" test "$(grep -c '^thin pve/[a-z]*-9' "$root/var/lib/stand-in/lvs")" = 2
	ok "$1: no key file is left" test ! -e "$root/var/lib/vyom/build-keys"
	ok "$1: no guest is left" nothing_running
}
node_bare
template_conf
guests_say never
status 2 "SSH that is never up ends the build" build
out 'guest +failed' "in its time"
out 'refused' "with the reason"
guests_say
again "SSH never up"

node_bare
template_conf
guest_says 9000 apt offline
status 2 "no network for apt" build
out "Temporary failure resolving" "has apt's own words"
guest_says 9000 apt
again "apt offline"

node_bare
template_conf 'packages = { "no-such-package" }'
guest_says 9000 apt 'unknown no-such-package'
status 2 "a package that there is not" build
out 'E: Unable to locate package no-such-package' "is named"
guest_says 9000 apt
template_conf
again "unknown package"

node_bare
template_conf
guest_says 9000 apt 'locked 1'
status 0 "a lock that is held for a while is waited for" build

node_bare
template_conf 'run = { "echo made by hand >/etc/motd", "exit 7" }'
status 2 "a line that fails ends the build" build
out 'exit 7' "and is named"
template_conf 'run = { "echo made by hand >/etc/motd" }' "files = { \"$tmp/kept.pub:/etc/vyom-file\" }"
again "a line that fails"
ok "lines are run" grep -q '^made by hand$' "$(guest_root 9000)/etc/motd"
ok "files are put into it" cmp -s "$tmp/kept.pub" "$(guest_root 9000)/etc/vyom-file"

node_bare
template_conf
mkdir -p "$root/etc/stand-in.d/9000" && : >"$root/etc/stand-in.d/9000/ignore-shutdown"
status 2 "a guest that does not shut down ends the build" build
out 'shutdown +failed' "and it is said"
rm "$root/etc/stand-in.d/9000/ignore-shutdown"
status 0 "the next build goes on from there" build
no_out 'create' "and makes nothing again"

# --- killed ---
killed() {
	local verb=$1 whom=${2:-kill}
	node_bare
	template_conf
	rm -f "$tmp/kept"
	printf '%s\n' "$verb $whom" | faults
	build
	rm -f "$root/etc/stand-in.d/faults"
	again "$verb $whom"
}
for point in stub disk-allocated disk-copying disks written; do
	killed "create $point"
done
for point in flag renamed flags written; do
	killed "template $point"
done
killed "start spawned"
killed "shutdown asked"
killed "set applied"

# --- vyom is killed, and its child goes on ---
node_bare
template_conf
see_argv
guest_says 9000 cloud-init 'after 4'
begin template --yes build
ok "a guest is worked on" soon grep -rqs 'waiting for cloud-init' "$root/var/lib/vyom/output"
kill -9 "$live"
wait "$live" 2>/dev/null
at_terminal() {
	script -qec "'$top_builddir/vyom' template --sysroot '$root' --yes build" /dev/null >"$tmp/out" 2>&1 </dev/null
}
status 0 "vyom killed in the guest's step: the next build goes on" at_terminal
out 'guest .*waiting for cloud-init' "shows what it waits for"
out 'guest of run 1 is still at work \(process [0-9]+\); waiting for it' "when that is done"
out 'guest of run 1 was cut off: it came to its end' "which it is"
no_out ' key | create ' "and nothing is made again"
ok "the VM was made once" test "$(grep -c '^create ' "$root/argv")" = 1
ok "and started once" test "$(grep -c '^start ' "$root/argv")" = 1
chmod 600 "$tmp/kept"
ok "the sink has the key that is in it" grep -qF "$(ssh-keygen -y -f "$tmp/kept" | cut -d' ' -f2)" "$(guest_root 9000)/home/ubuntu/.ssh/authorized_keys"

node_bare
template_conf
see_argv
sed -i 's/^clone-rate .*/clone-rate 0.5/' "$root/etc/stand-in.conf"
begin template --yes build
ok "an image is copied" soon grep -qs transferred "$root/var/lib/vyom/output/1-3"
kill -9 "$live"
wait "$live" 2>/dev/null
status 0 "vyom killed in the midst of a create: the next build goes on" build
out 'create of run 1 is still at work' "when that is done"
again "create that outlived vyom"

# its host keys go last: a guest that was cut off after that lets nobody in any more, not even with the key that is kept
node_bare
template_conf 'key-sink = -' "key-file = \"$tmp/master\"" 'run = { "rm /etc/ssh/ssh_host_*", "exit 7" }'
rm -f "$tmp/master"
status 2 "a guest can be left without its host keys" build
template_conf 'key-sink = -' "key-file = \"$tmp/master\""
again "no host keys"

node_bare
template_conf 'disk = "64M"'
printf 'resize extended kill worker\n' | faults
build
rm "$root/etc/stand-in.d/faults"
again "resize cut off"
ok "the config knows how large the disk is" grep -q '^scsi0: .*,size=64M' "$root/etc/pve/qemu-server/9000.conf"
done_testing
