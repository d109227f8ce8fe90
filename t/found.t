#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A template that is found on the node, by its name or by the newest that carries its tag, and that vyom did not make.

. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

conf=$root/etc/pve/qemu-server

# found [LINE…]: vyom.conf: LINEs stand in the section of the template packer
found() {
	{
		printf 'node "pve" { }\ntemplate "packer" {\n'
		[ $# = 0 ] || printf '\t%s\n' "$@"
		printf '}\ncluster "test" {\n\tmemory = "256M"\n\tdisk = "128M"\n\tuser = "ubuntu"\n'
		printf '\tvm "vm" { count = %d  vmid = 201  address = "10.0.2.101/24" }\n}\n' "${count:-1}"
	} | conf
}

# packer VMID NAME TAGS CTIME: a template as other tools make them: no digest in its notes
packer() {
	"$srcdir/t/node/template" "$root" "$1" "$2" >/dev/null
	qm set "$1" --tags "$3" --delete description >/dev/null
	sed -i "s/^\(meta: .*\)ctime=[0-9]*/\1ctime=$4/" "$conf/$1.conf"
	"$srcdir/t/node/refresh" "$root"
}

# refused PATTERN SENTENCE: check fails and apply refuses, both with PATTERN, and nothing is made
refused() {
	status 2 "$2: check fails" vyom check
	out "^FAIL  template packer: $1" "$2: it says so"
	status 3 "$2: apply refuses" vyom apply --yes
	out "^refused vm-1 \(201\): template packer $1" "$2: which VM, and what to do"
	ok "$2: nothing was made" not test -e "$conf/201.conf"
}

# --- by name ---
node_new
found
refused 'is not found: no template on this node has that name; make it' "a name that no template has"
status 1 "verify calls it drift" vyom verify
out '^drift packer: template: is not found' "without an id"
vyom verify -o json
json '(grep { $_->{vm} eq "packer" && !defined $_->{vmid} } @{$d->{findings}}) == 1' "in JSON too"
status 1 "lint finds nothing" vyom template lint
out '^FAIL  packer: is not found' "which it says"
status 0 "there is none to list" vyom template list
status 0 "nor to verify" vyom template verify

packer 9100 packer k3s-golden 1795360500
status 0 "one that has the name is fit" vyom check
out '^pass  template packer \(9100\): serial port, cloud-init drive, base volume$' "without a digest"
status 0 "lint says the same" vyom template lint
out 'packer \(9100\): advice: does not record the digest' "but recommends one"
status 0 "it is listed" vyom template -o json list
json '@{$d->{templates}} == 1 && $d->{templates}[0]{vmid} == 9100 && $d->{templates}[0]{newest} && !$d->{templates}[0]{ours}' \
	"as the one that is cloned"
status 0 "template verify has nothing to compare with" vyom template verify
out 'vyom did not build it here' "and says so"
for verb in build prune; do
	status 3 "template $verb is refused" vyom template --yes $verb
	out 'template packer: it is found by its name, .* say vmid or vmids in its section to have vyom build it' "with what to do"
	status 3 "and its dry run" vyom template --dry-run $verb
done
found 'sha256 = "0000000000000000000000000000000000000000000000000000000000000000"'
status 2 "where the file has a digest, its notes must" vyom check
out 'template packer \(9100\): does not record the digest of its image' "as check says"
found 'image = "/var/lib/vz/template/iso/noble.img"'
status 2 "an image to build from" vyom check
out 'template "packer": image: a template without vmid and vmids is found by its name, and not built; give it one' "is refused"
found
status 0 "a VM is made of it" vyom apply --yes
ok "by a clone of it" grep -q 'vm-201-disk-0 .*origin=base-9100-disk-0' "$root/var/lib/stand-in/lvs"
status 0 "and is in line" vyom verify
status 0 "a second apply has nothing to do" vyom apply --yes
out '^Nothing to do' "as it says"
vyom template list
out '^    from vm-1 \(201\)$' "list has it as a clone"

packer 9101 packer other 1795360600
status 0 "another one of that name: the VM that is there stays as it is" vyom plan
out '^Nothing to do' "in line"
count=2 found
status 3 "but no other is made" vyom apply --yes
out '^refused vm-2 \(202\): template packer is found more than once, as 9100, 9101: .*vmid = N' "with their ids and what to do"
status 3 "nor that one made again" vyom replace --yes vm-1
ok "it is there still" test -e "$conf/201.conf"
count=2 found 'vmid = 9101'
qm set 9101 --description "vyom-image: sha256:$(printf '%064d' 0)" >/dev/null
status 1 "with a vmid it is known which" vyom plan
out 'qm clone 9101 202 ' "the one that is declared"

# --- by tag ---
count=2 found 'tag = "K3s-Golden"'
status 0 "of those that carry the tag" vyom check
out '^pass  template packer \(9100\)' "the name does not matter"
packer 9050 packer-2 'k3s-golden;ubuntu' 1795360700
status 0 "a newer one" vyom apply --yes
out 'qm clone 9050 202 ' "is cloned as soon as it has the tag"
no_out '201' "and the VM that is there is left alone"
status 0 "all is in line" vyom verify
status 0 "status has them all" vyom status
"$top_builddir/vyom" bundle --sysroot "$root" >"$tmp/bundle"
status 0 "what an outpost sends" eval '"$top_builddir/vyom" verify --sysroot "$root" -c - <"$tmp/bundle" >"$tmp/out" 2>&1'
out '^In line: 2 VMs' "means the same"
ok "a clone has its template's tag too" grep -q '^tags: k3s-golden;ubuntu;vyom$' "$conf/202.conf"
status 0 "both are listed" vyom template -o json list
json 'join(" ", map { "$_->{vmid}" . ($_->{newest} ? "*" : "") } @{$d->{templates}}) eq "9050* 9100"' "and which is cloned"
status 1 "replace" vyom replace --dry-run vm-1
out 'template  9100; it is made again from 9050$' "says from what it is made again"
status 0 "and does it" vyom replace --yes vm-1
status 0 "so that it is in line" vyom verify
qm set 9050 --delete serial0 >/dev/null
count=3 found 'tag = "k3s-golden"'
status 3 "if the newest is unfit" vyom apply --yes
out '^refused packer \(9050\): has no serial port' "that is said, and no older one is cloned"
status 3 "template build of it is refused" vyom template --yes build
out 'it is found by its tag' "too"
found 'tag = "nobody"'
status 2 "a tag that no template carries" vyom check
out '^FAIL  template packer: is not found: no template on this node has the tag nobody' "is said by check"
found 'vmid = 9050' 'tag = "k3s-golden"'
status 2 "a tag beside a vmid" vyom check
out 'template "packer": tag: it has a vmid too; say one of the two' "is refused"
done_testing
