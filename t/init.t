#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom init: a config of this node's own, which check takes as it is.
. "${srcdir:-.}/t/lib.sh"

# made SENTENCE: init's config is in $tmp/conf, and check has nothing against it
made() {
	status 0 "$1: a config is printed" vyom init
	cp "$tmp/out" "$tmp/conf"
	status 0 "$1: it passes check" vyom check -c "$tmp/conf"
}

# says LINE SENTENCE: the config has that line, whatever stands in front
says() {
	grep -Eq -- "^[[:blank:]]*$1\$" "$tmp/conf"
	report $? "$2"
}

says_not() {
	! grep -Eq -- "^[[:blank:]]*$1\$" "$tmp/conf"
	report $? "$2"
}

# --- the owner's node ---
node_new
made "a node as the example's"
says 'node "pve" \{' "it is named"
says 'storage = "local-lvm"' "with its thin pool"
says 'bridge = "vmbr0"' "the bridge of the way out"
says 'address = "root@192.168.68.10"' "where an outpost finds it"
says 'gateway = "192.168.68.1"' "the way out"
says 'address = "192.168.68.211/20"' "addresses in its net"
ok "each of them is marked as guessed, for nobody was asked" \
	test "$(grep -c '# GUESSED, in the net of vmbr0' "$tmp/conf")" = 4
says 'memory = "16G"' "and the sizes that were asked for"
says_not '# Of .* is free for VMs here.*' "of which nothing needs to be said"
says "ssh-keys = \"$root/etc/vyom/authorized_keys\"" "the keys that are there"
status 1 "it can be planned at once" vyom plan -c "$tmp/conf"
no_out '^refused' "and nothing stands in its way"
out '^Plan: .* for 3 of 3 VMs' "three VMs"
diff "$srcdir/etc/vyom.conf" "$tmp/conf" | sed -n 's/^< //p' >"$tmp/out"
ok "all else is the example, word for word" test "$(grep -cvE '^	(nameserver|ssh-keys) = ' "$tmp/out")" = 0
sed -nE 's/^\t+#?\t*([a-z0-9-]+) = .*/\1/p' "$tmp/conf" | sort -u >"$tmp/keys"
sed -n 's/^\t*"\([a-z0-9-]*\)", SCOPE_.*/\1/p' "$srcdir/agent/model/key_table.c" >"$tmp/table"
grep -vxFf "$tmp/table" "$tmp/keys" >"$tmp/out"
ok "every key in it is one" not test -s "$tmp/out"
ok "and there are many" test "$(wc -l <"$tmp/keys")" -gt 50
ok "nothing was made by looking" not test -e "$root/var/lib/vyom" -o -e "$root/run/lock/vyom.lock"
status 0 "-o json" vyom init -o json
json '$d->{event} eq "config" && !defined $d->{file} && $d->{text} =~ /^node "pve" \{$/m' "has it as a document"

# --- into a file ---
status 0 "with a name it is written there" vyom init "$tmp/new.conf"
out "^$tmp/new.conf is written: look at what is GUESSED .*vyom check -c $tmp/new.conf" "which is said, and what to do next"
ok "the same" cmp -s "$tmp/conf" "$tmp/new.conf"
ok "for root only" test "$(stat -c %a "$tmp/new.conf")" = 600
echo mine >"$tmp/old.conf"
status 3 "what is there is not written over" vyom init "$tmp/old.conf"
out "^vyom: $tmp/old.conf: is there already, and stays as it is" "which is said"
ok "it is as it was" test "$(cat "$tmp/old.conf")" = mine
ln -s "$tmp/nowhere" "$tmp/link.conf"
status 3 "nor is a link followed" vyom init "$tmp/link.conf"
ok "wherever it leads" not test -e "$tmp/nowhere"
status 2 "a folder that is not there" vyom init "$tmp/none/new.conf"
out "^vyom: $tmp/none/new.conf: cannot be made: No such file or directory$" "is said"
status 64 "one name is enough" vyom init "$tmp/a" "$tmp/b"
served() {
	SSH_ORIGINAL_COMMAND=$1 "$top_builddir/vyom" serve-ssh --sysroot "$root" >"$tmp/out" 2>&1 </dev/null
}
status 0 "a key that is for vyom may ask for it" served 'vyom init'
ok "and gets the same" cmp -s "$tmp/conf" "$tmp/out"
status 3 "but may name no file" served "vyom init $tmp/served.conf"
out 'this key may name no file of the node' "which is said"
ok "and none is made" not test -e "$tmp/served.conf"

# --- ids ---
echo 'next-id: lower=100,upper=104' >>"$root/etc/pve/datacenter.cfg"
qm create 101 --name other
status 3 "a range without three ids in a row, and one" vyom init
out '^vyom: from 100 to 103, .*next-id in datacenter.cfg.* widen that range' "is refused, with what to do"
node_new
echo 'next-id: lower=500,upper=600' >>"$root/etc/pve/datacenter.cfg"
qm create 501 --name other
qm destroy 9000
made "a range of ids"
says 'vmid = 502' "three in a row begin behind one that is taken"
says 'vmid = 504' "and follow"
says 'vmid = 500' "the template's is in it too"
status 0 "as check says" vyom check -c "$tmp/conf"
no_out 'next-id' "who has no remark"
out '^note  template prakriti-template \(500\): is not there yet' "but that it is to be built"

sed -i '/^next-id/s/=600/=503/' "$root/etc/pve/datacenter.cfg"
qm destroy 501
status 3 "a range with three, and none for the template" vyom init
out '^vyom: from 500 to 502, .*there are not 3 in a row and one more free' "is refused too"

# --- a smaller node ---
node_new --memory 32G --pool-size 100G
made "a smaller node"
says '# Of memory 28 GiB is free for VMs here.*' "it is said why they are smaller"
says 'memory = "4G"' "a control plane"
says 'memory = "8G"' "and workers of half the size"
says '# Of the pool .* is free for VMs here.*' "and of the pool"
says 'disk = "16G"[[:blank:]]*#.*' "which is smaller yet"
says 'disk = "32G"' "for workers too"
status 1 "it fits" vyom plan -c "$tmp/conf"
no_out '^refused' "and nothing stands in its way"
node_new --memory 2G
made "a tiny node"
says '# Of memory 1.5 GiB is free for VMs here, and that is.*' "it is said that not even this has room"
says 'memory-reserve = "512M"' "it keeps a quarter of its memory"
printf 'processor\t: 0\n\nprocessor\t: 1\n' >"$root/proc/cpuinfo"
made "two cores"
says 'cores = 2' "are all that a VM can have"

# --- nets ---
node_new --bridge vmbr1 --bridge vmbr7
made "another bridge"
says 'bridge = "vmbr1"' "it is the one of the way out"
sed -i 's/^vmbr1/eno1/; /^vmbr7/d' "$root/proc/net/route"
printf 'vmbr7\t0000010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n' >>"$root/proc/net/route"
printf '     |-- 10.1.0.254\n        /32 host LOCAL\n' >>"$root/proc/net/fib_trie"
made "a way out that is no bridge"
says 'bridge = "vmbr7"' "a bridge with a net of its own"
says "# GUESSED: the node's own address on vmbr7, for it tells of no router there." "whose router is guessed to be the node"
says 'gateway = "10.1.0.254"' "by its address"
says 'address = "10.1.0.211/24"' "and addresses are in that net"
qm create 300 --name web --ipconfig0 ip=10.1.0.211/24,gw=10.1.0.254
made "an address that a VM has"
says 'address = "10.1.0.212/24"' "is not given again"
says_not 'address = "10.1.0.211/24"' "to anyone"
rm "$root/proc/net/route"
made "a bridge without a net"
says '#address = "192.168.68.211/20"' "VMs have no address, so dhcp"
says '# GUESSED nothing, for no net on the bridge has room for it.*' "and the template's is left to you"
says '#gateway = "192.168.68.1"' "nor is there a gateway"

# --- keys ---
rm "$root/etc/vyom/authorized_keys"
mkdir -p "$root/root/.ssh"
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb me@home' >"$root/root/.ssh/authorized_keys"
made "keys of root"
says "ssh-keys = \"$root/root/.ssh/authorized_keys\"" "are taken where there are none of vyom's"
echo 'from="10.0.0.1" ssh-ed25519 AAAA me' >>"$root/root/.ssh/authorized_keys"
status 0 "keys that qm would not take" vyom init
out '# TO DO: put your public keys into it, one a line' "are not, and it is said what to do"
out 'ssh-keys = "/etc/vyom/authorized_keys"' "with which file"

# --- what is refused ---
sed -i 's/content rootdir,images/content rootdir/' "$root/etc/pve/storage.cfg"
status 3 "a node without a thin pool for VMs" vyom init
out '^vyom: no LVM-thin storage with room holds VM disks here; add one' "is refused, with what to do"
node_new
rm -r "$root/sys/class/net/vmbr0"
status 3 "a node without a bridge" vyom init
out '^vyom: the node has no Linux bridge .* make one' "is refused, with what to do"
rm "$root/etc/pve/local"
status 3 "what is no node" vyom init
out 'is not mounted: this is no Proxmox VE node' "is refused"
rm -r "$root/etc/pve" "$root/etc/vyom"
status 2 "a machine without anything of a node" vyom init
out '^vyom: there is no node here, and no config that names one; say vyom -H root@NODE init: ' "is told how to ask one"
done_testing
