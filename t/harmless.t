#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What others wrote is shown and passed on, and never obeyed: not by a terminal, not by a shell.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

conf=$root/etc/pve/qemu-server

# tame SENTENCE: the last output has no byte that steers a terminal: no C0 but newline and tab, no DEL, no C1
tame() {
	! LC_ALL=C grep -Pq '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|(^|[\x00-\x7f])[\x80-\xbf]' "$tmp/out"
	report $? "$1"
}

json_tame() {
	! LC_ALL=C grep -Pq '[\x00-\x08\x0b-\x1f]|\xc2[\x80-\x9f]' "$tmp/out"
	report $? "$1"
}

# all_tame WHAT PATTERN VERB…: so the output of each verb, as text and as JSON; in one of them PATTERN is there
all_tame() {
	local what=$1 pattern=$2 seen=1 verb

	for verb in "${@:3}"; do
		# shellcheck disable=SC2086 # a verb and its options
		vyom $verb
		tame "$what: vyom $verb"
		grep -Eq -- "$pattern" "$tmp/out" && seen=0
		# shellcheck disable=SC2086
		vyom $verb -o json
		json_tame "$what: vyom $verb -o json"
	done
	report $seen "$what: it is shown, escaped"
}

# --- a terminal ---
evil=$(printf 'e\033[31m\033]0;title\007\302\233vil\177\233\r')
node_new
owner_conf
qm create 150 --name other >/dev/null
printf 'name: %s\n' "$evil" >"$conf/102.conf"
"$srcdir/t/node/refresh" "$root"
all_tame "a foreign VM's name" 'belongs to "e\\x1B\[31m\\x1B\]0;title\\x07Â\\xC2\\x9Bvil\\x7F' plan verify status "apply --yes"
rm "$conf/102.conf"
"$srcdir/t/node/refresh" "$root"
vyom apply --yes
cp "$conf/101.conf" "$tmp/101.conf"
sed -i "s/^nameserver: .*/nameserver: $evil/; s/^tags: .*/tags: $evil/; s/^net0: .*/net0: virtio=$evil,bridge=$evil/" "$conf/101.conf"
all_tame "a value that somebody set" 'found e\\x1B' plan verify status
{ cat "$tmp/101.conf" && printf '[PENDING]\ncores: %s\nonboot: %s\n' "$evil" "$evil"; } >"$conf/101.conf"
all_tame "a value that waits" 'e\\x1B' plan verify
{ cat "$tmp/101.conf" && printf 'lock: %s\n' "$evil"; } >"$conf/101.conf"
all_tame "a lock" 'locked \(e\\x1B' plan verify status
{ printf '#%s\n' "$evil" && grep -v '^#' "$tmp/101.conf"; } >"$conf/101.conf"
all_tame "a description" 'description' plan verify
cp "$tmp/101.conf" "$conf/101.conf"
for file in info status table; do
	sed -n "s/pve-vm--103--disk--0/pve-vm--199--disk-$evil/p" "$root/run/dm/$file" >>"$root/run/dm/more"
	cat "$root/run/dm/more" >>"$root/run/dm/$file"
	rm "$root/run/dm/more"
done
all_tame "a volume's name" '199' pool "pool --all"
wrap lvs <<-'END'
	printf 'e\033[31m\302\233vil\r\n' >&2
	exit 5
END
all_tame "what lvs complains of" 'vil' "pool --all"
mv "$root/usr/sbin/lvs-real" "$root/usr/sbin/lvs"
"$srcdir/t/node/refresh" "$root"
wrap qm <<-'END'
	printf 'e\033[31m\302\233vil\r50%%\r100%%\nclone failed: e\033[31m\302\233vil\n' >&2
	exit 255
END
sed -i 's/^onboot: .*/onboot: 0/' "$conf/101.conf"
vyom apply --yes
tame "what qm prints: vyom apply"
out 'clone failed: e\\x1B\[31m\\xC2\\x9Bvil' "it is shown, escaped"
all_tame "what qm printed" 'e\\x1B\[31m' log "log 2"
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"

bad_conf() {
	printf 'node "pve" { }\ntemplate "t" { vmid = 9000 }\ncluster "%s" { vm "%s" { vmid = "%s"  %s = 1 } }\n' \
		"$evil" "$evil" "$evil" "$evil" | tr -d '\r' >"$root/etc/vyom/bad.conf"
	vyom plan -c "$root/etc/vyom/bad.conf"
}
status 2 "a config with control characters" bad_conf
tame "the report of it"
vyom plan "$evil"
tame "a word too many"
vyom "$evil"
tame "a verb"
vyom log "$evil"
tame "a run"
vyom destroy --yes "$evil"
tame "a VM"

if script -qec true /dev/null >/dev/null 2>&1; then
	on_terminal() {
		script -qec "'$top_builddir/vyom' $* --sysroot '$root'" /dev/null </dev/null >"$tmp/terminal" 2>&1
	}
	sed -i "s/^nameserver: .*/nameserver: $evil/" "$conf/101.conf"
	on_terminal verify
	ok "on a terminal there is colour" grep -q "$(printf '\033\[3[1-3]m')drift" "$tmp/terminal"
	sed "s/\x1b\[[0-9]*m//g; s/\r\$//" "$tmp/terminal" >"$tmp/out"
	tame "and nothing else that steers it"
else
	report 0 "on a terminal there is colour # SKIP script(1) is not installed"
fi

# --- a shell ---
node_new
work=$root/etc/vyom
key='of $(touch pwned) `touch pwned` ${x} '"'me'"' 100% %s ; & | > x "you".pub'
cat >"$work/$key" <<-'END'
	ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb $(touch pwned) 'me' "you" %n\t%
END
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb Zo\303\253 \377\302 %%41+%%25 = "\n' \
	>>"$work/$key"
# ${…} is refused in double quotes, so that nobody relies on it
key=${key/'${x} '/}
mv "$work/of "* "$work/$key"
cat <<-END | conf
	node "pve" { }
	template "prakriti-template" { vmid = 9000 }
	cluster "vyom" {
		user = "_x-y.z"  tags = { "a.b+c", "d_e" }  nameserver = { "10.0.0.1", "fd00::1" }  searchdomain = { "a.lan", "b.lan" }
		ssh-keys = "$(sed 's/"/\\"/g' <<<"$key")"
		vm "vm-1" { vmid = 101 }
	}
END

# same_argv SENTENCE: what plan shows as argv is what qm is given, word by word, and what the log's line means to a
# shell; but for the digest of the config, which nobody can know before
same_argv() {
	vyom plan -o json
	perl -MJSON::PP -0777 -ne 'print join("\0", @{$_->{argv}}, "") for @{decode_json($_)->{steps}}' "$tmp/out" >"$tmp/planned"
	rm -f "$root/argv"
	vyom apply --yes
	perl -0777 -pi -e 's/--digest\0[0-9a-f]{40}\0//g' "$root/argv"
	report "$(cmp "$tmp/planned" "$root/argv" >"$tmp/out" 2>&1; echo $?)" "$1: what plan shows is what qm is given"
	vyom log "$2" -o json
	perl -MJSON::PP -0777 -ne 'print "$_->{argv}\0" for @{decode_json($_)->{steps}}' "$tmp/out" >"$tmp/lines"
	while IFS= read -r -d '' line; do
		(cd "$tmp" && eval "printf '%s\\0' $line")
	done <"$tmp/lines" | perl -0777 -pe 's/--digest\0[0-9a-f]{40}\0//g' >"$tmp/logged"
	report "$(cmp "$tmp/planned" "$tmp/logged" >"$tmp/out" 2>&1; echo $?)" "$1: the log's line, pasted into a shell, is that too"
	ok "$1: nothing of it was obeyed" test -z "$(find "$tmp" . -maxdepth 2 -name pwned -print -quit)"
}

wrap qm <<-'END'
	printf '%s\0' qm "$@" >>"$root/argv"
	exec "$real" "$@"
END
same_argv "a new VM" 1
cp "$tmp/planned" "$tmp/out"
ok "the key file's name is one word" grep -zFxq "$work/$key" "$tmp/planned"
ok "several name servers are one word" grep -zFxq '10.0.0.1 fd00::1' "$tmp/planned"
ok "the description is one word" grep -zFxq 'managed by vyom: vyom/vm-1' "$tmp/planned"
ok "the VM runs" test -e "$root/run/qemu-server/101.pid"
sed -n 's/^sshkeys: //p' "$conf/101.conf" | sed 's/%/\\x/g; s/^/"/; s/$/"/' | xargs printf '%b' >"$tmp/out"
ok "its keys are those of the file, to the byte" cmp -s "$work/$key" "$tmp/out"
status 0 "and there is nothing more to do" vyom plan

# --- words that no program may be given ---
cp "$work/vyom.conf" "$tmp/vyom.conf"
rm -f "$root/argv"
# bad WORD SENTENCE: as each value that qm is given, it is refused
bad() {
	local key

	for key in user bridge searchdomain nameserver tags ssh-keys storage address; do
		printf 'node "pve" { }\ntemplate "prakriti-template" { vmid = 9000 }\ncluster "vyom" {\n\tvm "vm-2" { vmid = 102  %s = "%b" }\n}\n' \
			"$key" "$1" >"$work/vyom.conf"
		vyom apply --yes
		result=$?
		ok "$2 as $key is refused" test $result = 2
		out "vyom.conf:[45]: " "$2 as $key: with its line"
		tame "$2 as $key: harmlessly"
	done
}
bad 'a\nb' "a newline"
bad 'a\033[2Jb' "an escape sequence"
bad 'a\377b' "broken UTF-8"
bad 'a\302\233b' "a C1 control character"
ok "qm is asked for nothing" not test -e "$root/argv"
cp "$tmp/vyom.conf" "$work/vyom.conf"

# what somebody else wrote goes through vyom, back to qm; what it says to that does not matter here
wrap qm <<-'END'
	printf '%s\0' qm "$@" >>"$root/argv"
	exit 1
END
sed -i "s/^tags: .*/tags: \$(touch pwned) \`x\`;it's/; s/iothread=1/serial=\"\$(touch pwned)\" 'x'/
	s/^#.*/#it's \"so\" \$(touch pwned) 100%25 %0A\`touch pwned\` \\\\n %%s/" "$conf/101.conf"
same_argv "somebody's own values" 2
ok "a description of several lines is one word" grep -zq "^it's \"so\" \$(touch pwned) 100% " "$tmp/planned"

# --- what is secret ---
node_new
owner_conf
(umask 000 && vyom apply --yes)
find "$root/var/lib/vyom" "$root/run/lock/vyom.lock" -perm /077 >"$tmp/out"
ok "whatever the umask, what vyom writes is its owner's alone" not test -s "$tmp/out"
ok "there is something" test -s "$root/var/lib/vyom/journal.db" -a -s "$root/var/lib/vyom/output/1-1"
printf 'cipassword: s3cret\nvmstatestorage: x\n[PENDING]\ncipassword: s3cret\n' >>"$conf/101.conf"
sed -i 's/^onboot: .*/onboot: 0/' "$conf/101.conf"
for verb in plan verify status "apply --yes" pool log "log 2"; do
	for format in text json; do
		# shellcheck disable=SC2086 # a verb and its options
		vyom $verb -o $format
		no_out 's3cret' "a password on the node is not told: vyom $verb -o $format"
	done
done
grep -rl s3cret "$root/var/lib/vyom" >"$tmp/out"
ok "nor kept" not test -s "$tmp/out"
done_testing
