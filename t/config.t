#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What vyom says of a config that is wrong: all of it, where it stands, and what would do.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

node_new
file=$root/etc/vyom/vyom.conf

# --- all at once ---
cat <<-'END' | conf
	node "pve" { }
	# a comment, which does not shift lines
	template "noble" { vmid = 9000 }
	role "worker" {
		memory = "1X"
		cores = 0
		colour = "red"
	}
	cluster "lab" {
		vm "a" { role = "worker" vmid = 101 }
		vm "b" { role = "workr" vmid = 101 }
		/* two
		   lines */
		vm "under_score" { vmid = 103  address = "10.0.0.300/24" }
		vm "c" { cores = 2
			cores = 3 }
	}
END
status 2 "a config with many mistakes" vyom plan
cp "$tmp/out" "$tmp/all"
while IFS='|' read -r line where what; do
	out "^$file:$line: $where: $what" "line $line: $where: $what"
done <<-'END'
	5|role "worker"|memory: "1X" is no size; write it like
	6|role "worker"|cores: "0" is no whole number from 1 to 512
	7|role "worker"|colour: no such name
	11|vm "b"|role: no role "workr" in this file
	11|vm "b"|vmid: 101 is that of vm "a" in line 10
	14|vm "under_score"|address: "10.0.0.300/24" is no address
	15|vm "c"|vmid: is missing
	16|vm "c"|cores: said twice, line 15 has it too; keep one
END
out "^$file:14: vm \"under_score\" is no DNS name" "a name that is no DNS name"
ok "in the order of lines" sh -c "grep '^$file' '$tmp/all' | cut -d: -f2 | sort -nc"
out "^vyom: [0-9]+ problems in $file: nothing was done\$" "they are counted"
ok "rightly" test "$(grep -c "^$file:" "$tmp/all")" = "$(sed -n 's/^vyom: \([0-9]*\) problems.*/\1/p' "$tmp/all")"
for verb in check "apply --yes" verify status; do
	# shellcheck disable=SC2086 # a verb and its options
	status 2 "vyom $verb says the same" vyom $verb
	ok "to the letter" cmp -s "$tmp/out" "$tmp/all"
done
ok "nothing was made" not test -e "$root/var/lib/vyom" -o -e "$root/run/lock/vyom.lock"
"$top_builddir/vyom" plan --sysroot "$root" -o json >"$tmp/json" 2>/dev/null
ok "on stdout there is nothing of it" not test -s "$tmp/json"

# one LINE PATTERN: a file that is right but for LINE in its cluster is refused with PATTERN
one() {
	cat <<-END | conf
		node "pve" { }
		template "noble" { vmid = 9000 }
		cluster "lab" {
			$1
		}
	END
	status 2 "$1" vyom plan
	out "$2" "is refused: $2"
}

one 'vm "a" { vmid = 9000 }' ':4: vm "a": vmid: 9000 is that of template "noble" in line 2'
one 'vm "a" { vmid = 101  memory = "1000K" }' 'memory: 1000K'
one 'vm "a" { vmid = 101  address = "10.0.0.5/24"  gateway = "10.0.1.1" }' 'has a net without its gateway'
one 'vm "a" { vmid = 101 }  vm "A" { vmid = 102 }' 'that of vm "a" in line 4'
one 'vm "a" { vmid = 101  user = "${HOME}" }' '\$\{HOME\}|\$\{'
one 'vm "a" { vmid = 101  image = "/x" }' 'image'
one 'vm "a" { vmid = 101' ':'
one 'start = true' 'declares no VM'

# --- keys ---
one 'vm "a" { vmid = 101  ssh-keys = "none.pub" }' "^$file:4: vm \"a\": ssh-keys: $root/etc/vyom/none.pub: is not there; put the public keys"
one 'vm "a" { vmid = 101  ssh-keys = "~/.ssh/id.pub" }' '~ is not replaced in "~/.ssh/id.pub"'
one 'vm "a" { vmid = 101  ssh-keys = "/" }' 'is no file but a folder'
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n' >"$root/etc/vyom/id"
one 'vm "a" { vmid = 101  ssh-keys = "id" }' 'is a private key; give the .pub file'
one 'vm "a" { vmid = 101  ssh-keys = "ssh-ed25519 AAAAC3Nz me" }' 'this is a key; write the path of a file'
one 'vm "a" { vmid = 101  nameserver = { "10.0.0.1", "x" } }' 'nameserver: "x" is no address'

# --- where it is read from ---
status 2 "a config that is not there" vyom plan -c "$tmp/none.conf"
out "^vyom: $tmp/none.conf: cannot be read: No such file or directory$" "is said by its path"
status 3 "a folder" vyom plan -c "$root"
out "^vyom: $root: is no file but a folder; give a file$" "is no config"

# --- whose it is ---
# untrusted PATTERN SENTENCE: neither plan nor apply take the config, or a key file, from there
untrusted() {
	for verb in plan "apply --yes"; do
		# shellcheck disable=SC2086 # a verb and its options
		vyom $verb
		result=$?
		ok "$2: vyom $verb refuses it" test $result = 2 -o $result = 3
		out "$1" "$2: it says what to do"
	done
	ok "$2: nothing is made" not test -e "$root/var/lib/vyom"
}

owner_conf
keys=$root/etc/vyom/authorized_keys
for which in "$file" "$keys"; do
	cp "$which" "$tmp/good"
	chmod o+w "$which"
	untrusted "$which: can be written by everybody; if you trust what is in it: chmod o-w" "everybody's ${which##*/}"
	rm "$which" && mkfifo "$which"
	untrusted "$which: is no file but a pipe or device; give a file" "a pipe in place of ${which##*/}"
	rm "$which" && ln -s /dev/zero "$which"
	untrusted "$which: is no file but a pipe or device; give a file" "a device in place of ${which##*/}"
	rm "$which" && ln -s "$tmp/good" "$which"
	status 1 "a symlink to a good ${which##*/}" vyom plan
	if chown 1234 "$tmp/good" 2>/dev/null; then
		untrusted "$which: belongs to user 1234, neither to root nor to who runs this; .*chown root" "a stranger's ${which##*/}"
		chown 0 "$tmp/good"
	else
		report 0 "a stranger's ${which##*/} # SKIP only root can give a file away"
	fi
	rm "$which" && cp "$tmp/good" "$which"
done
reads_stdin() {
	"$top_builddir/vyom" plan --sysroot "$root" -c - <"$file" >"$tmp/out" 2>&1
}
sed -i "s:authorized_keys:$keys:" "$file" && chmod o+w "$file"
status 1 "what comes on standard input is whoever's that is" reads_stdin
chmod o-w "$file"

from_stdin() {
	(cd "$tmp/folder" && "$top_builddir/vyom" plan --sysroot "$root" -c - >"$tmp/out" 2>&1)
}
mkdir -p "$tmp/folder/sub"
owner_conf
status 1 "-c - reads standard input" from_stdin <<-END
	node "pve" { }
	template "prakriti-template" { vmid = 9000 }
	cluster "lab" { vm "a" { vmid = 101 ssh-keys = "$root/etc/vyom/authorized_keys" } }
END
out 'qm clone 9000 101 --name a ' "and plans what it says"
status 2 "with mistakes" from_stdin <<-'END'
	node "pve" { }
	cluster "lab" { vm "a" { vmid = 1 } }
END
out '^stdin:2: vm "a": vmid: "1" is no whole number' "it names lines of standard input"
cp "$root/etc/vyom/authorized_keys" "$tmp/folder/near.pub"
status 1 "a relative key file of standard input" from_stdin <<-'END'
	node "pve" { }
	template "prakriti-template" { vmid = 9000 }
	cluster "lab" { vm "a" { vmid = 101 ssh-keys = "near.pub" } }
END
out "--sshkeys $tmp/folder/near.pub" "begins at the current folder, and is given to qm from the root on"
cat >"$tmp/folder/sub/lab.conf" <<-'END'
	node "pve" { }
	template "prakriti-template" { vmid = 9000 }
	cluster "lab" { vm "a" { vmid = 101 ssh-keys = "../near.pub" } }
END
relative() {
	(cd "$tmp/folder" && "$top_builddir/vyom" plan --sysroot "$root" -c sub/lab.conf >"$tmp/out" 2>&1 </dev/null)
}
status 1 "that of a file" relative
out "--sshkeys $tmp/folder/sub/../near.pub" "begins at the file's folder"
status 1 "wherever vyom is called" vyom plan -c "$tmp/folder/sub/lab.conf"
out "--sshkeys $tmp/folder/sub/../near.pub" "it does"

# --- files that it includes ---
cat >"$root/etc/vyom/vms.conf" <<-'END'
	vm "a" { vmid = 101  ssh-keys = "authorized_keys" }
	vm "b" { vmid = 101 }
END
one 'include "vms.conf"' "^$root/etc/vyom/vms.conf:2: vm \"b\": vmid: 101 is that of vm \"a\" in line 1; give another$"
sed -i 2d "$root/etc/vyom/vms.conf"
status 1 "an included file in order" vyom plan
out 'qm clone 9000 101 --name a ' "is planned"
out "--sshkeys $root/etc/vyom/authorized_keys" "with its key file"
chmod o+w "$root/etc/vyom/vms.conf"
one 'include "vms.conf"' "^$file:4: cluster \"lab\": include \"vms.conf\": $root/etc/vyom/vms.conf: can be written by everybody"
chmod o-w "$root/etc/vyom/vms.conf"
status 2 "standard input" from_stdin <<-'END'
	include "vms.conf"
END
out '^stdin:1: include "vms.conf": a config from standard input has no files beside it; give its path with -c$' "includes nothing beside it"

# --- MACs follow from the names ---
owner_conf
vyom plan
grep -o 'net0 virtio=[0-9A-F:]*' "$tmp/out" >"$tmp/macs"
ok "each VM has one" test "$(wc -l <"$tmp/macs")" = 3
vyom plan -o json
ok "vyom/vyom-control-1 has the MAC it always had" json \
	"grep { \$_->{verb} eq 'set' && \$_->{vmid} == 101 && \"@{\$_->{argv}}\" =~ / --net0 virtio=02:0D:E0:F4:FE:78,/ } @{\$d->{steps}}"
ok "vyom/vyom-worker-1 too" json \
	"grep { \$_->{verb} eq 'set' && \$_->{vmid} == 102 && \"@{\$_->{argv}}\" =~ / --net0 virtio=02:3E:E1:D3:F2:6C,/ } @{\$d->{steps}}"
node_new --node other --memory 64G
owner_conf
sed -i 's/"pve"/"other"/; s/node = "pve"/node = "other"/; s/vmid = 101/vmid = 201/' "$root/etc/vyom/vyom.conf"
vyom plan
ok "on another node, with other ids, they are the same" sh -c "grep -o 'net0 virtio=[0-9A-F:]*' '$tmp/out' | cmp -s - '$tmp/macs'"
sed -i 's/cluster "vyom"/cluster "vyom2"/' "$root/etc/vyom/vyom.conf"
vyom plan
no_out 'virtio=02:0D:E0:F4:FE:78' "in another cluster they are others"
ok "all of them local and unicast" test "$(grep -Eo 'net0 virtio=02:' "$tmp/out" | wc -l)" = 3
done_testing
