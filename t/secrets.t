#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The master key of a golden image is nowhere but where it is kept: looked for while a build runs, and after its processes
# were killed so that they would leave a core.  (What root reads of a living process's memory is no secret from root.)

# shellcheck source=t/guests.sh
. "${srcdir:-.}/t/guests.sh"
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"
# shellcheck source=t/images.sh
. "$srcdir/t/images.sh"

mkdir "$tmp/cores"
cd "$tmp/cores" || exit 1
ulimit -S -c unlimited
touch "$tmp/begun"

cores() {
	find "$tmp/cores" -type f | grep -q .
}

# does a process that is killed leave a core here?
(bash -c 'kill -ABRT $$') 2>/dev/null
cores_are_left=$(cores && echo yes)
rm -f "$tmp"/cores/*

# a sink that keeps the key, and then waits
waiting=$tmp/waiting
cat >"$waiting" <<END
#!/bin/sh
cat >"$tmp/kept.new" && mv "$tmp/kept.new" "$tmp/kept"
while [ ! -e "$tmp/go" ] && [ -d "$tmp" ]; do sleep 0.05; done
END
chmod 755 "$waiting"

# forty digits of the private half, as its file has them
know_secret() {
	grep -v -e '-----' "$tmp/kept" | tr -d '\n' | cut -c221-260 >"$tmp/secret"
	[ "$(wc -c <"$tmp/secret")" = 41 ]
}

in_no_process() {
	not grep -qaFf "$tmp/secret" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
}

# what was written since, of less than 10 MB, but the sink's file and ours; a file may go as we look
in_no_file() {
	local places
	places=$(printf '%s\n' /tmp /var/tmp /dev/shm "${TMPDIR:-/tmp}" "$root" | sort -u)
	# shellcheck disable=SC2086 # words
	not grep -q . <(find $places -xdev -type f -newer "$tmp/begun" -size -10M ! -path "$tmp/kept" ! -path "$tmp/secret" \
		-exec grep -laFf "$tmp/secret" {} + 2>/dev/null)
}

nowhere() {
	ok "$1: in no file" in_no_file
	ok "$1: in no argv that qm saw" not grep -qaFf "$tmp/secret" "$root/argv"
	ok "$1: not in what was printed" not grep -qaFf "$tmp/secret" "$root.live"
}

# all of vyom's, its children first, are killed so that they would leave a core
kill_all() {
	local signal=$1 pids

	pids=$(pgrep -x vyom)
	# shellcheck disable=SC2086 # numbers
	kill -"$signal" $pids
	wait "$live" 2>/dev/null
	soon not pgrep -x vyom
}

for signal in ABRT SEGV; do
	node_bare
	rm -f "$tmp/go" "$tmp/kept"
	see_argv
	template_conf "key-sink = { \"$waiting\" }"
	begin template --yes build
	ok "$signal: the sink is given the key" soon test -e "$tmp/kept"
	ok "$signal: there is a secret to look for" know_secret
	cp "$tmp/secret" "$root/decoy"
	ok "$signal: which would be found" not in_no_file
	rm "$root/decoy"
	ok "while it is kept: in no process's arguments or environment" in_no_process
	nowhere "while it is kept"
	ok "two processes have it" test "$(pgrep -cx vyom)" = 2
	kill_all $signal
	touch "$tmp/go"
	ok "killed by $signal as it is kept: no core" not cores
	nowhere "killed by $signal as it is kept"
	ok "and nothing was made" test ! -e "$root/etc/pve/qemu-server/9000.conf"

	rm -f "$tmp/kept"
	guest_says 9000 cloud-init 'after 60'
	begin template --yes build
	ok "$signal: the guest is worked on" soon grep -q 'guest' "$root.live"
	ok "$signal: and waits" soon grep -rqs 'waiting for cloud-init' "$root/var/lib/vyom/output"
	know_secret
	ok "in the guest's step: in no process's arguments or environment" in_no_process
	nowhere "in the guest's step"
	kill_all $signal
	ok "killed by $signal in the guest's step: no core" not cores
	nowhere "killed by $signal in the guest's step"
	guest_says 9000 cloud-init
	rm -f "$tmp/kept"
	status 0 "the next build converges" build
	know_secret
	ok "no key file is left" test ! -e "$root/var/lib/vyom/build-keys"
	ok "and nothing of the key" in_no_file
done
[ "$cores_are_left" ] || echo "# no process leaves a core here: that vyom leaves none shows little"
done_testing
