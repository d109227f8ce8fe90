#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The line breaks, or who asks goes away: the node's run goes on, and is found again.
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"
# shellcheck source=t/sshd.sh
. "$srcdir/t/sshd.sh"

sshd_need
sshd_home
node_new
mkdir -p "$tmp/outpost/etc"
# shellcheck disable=SC2034 # of vms
node_says=
vms 1
vyom verify
mv "$root/etc/vyom" "$tmp/outpost/etc/vyom"
sed -i 's/disk = "128M"/disk = "4G"/' "$tmp/outpost/etc/vyom/vyom.conf"
sshd_start pve "$root"
node_keep

run_is_over() {
	! flock -n "$root/run/lock/vyom.lock" true 2>/dev/null || return 0
	return 1
}
settled() {
	for _ in $(seq 100); do
		run_is_over && return 0
		sleep 0.05
	done
	return 1
}
# begin_afar WORDS…: in the background; $live is its pid, $root.live its output
begin_afar() {
	: >"$root.live"
	HOME=$home env --default-signal=INT,TERM "$top_builddir/vyom" -H pve --sysroot "$tmp/outpost" "$@" \
		>"$root.live" 2>&1 </dev/null &
	live=$!
}

# --- cut after each line that the node says while it works ---
afar pve apply --yes
state_of 201 >"$tmp/wanted"
cat >"$tmp/cutter" <<-END
	#!/bin/bash
	# says no more than CUT lines of a run's, then ends the connection
	case "\$*" in
	*--plan*) ;;
	*) exec "$top_builddir/vyom" "\$@" --sysroot "$root" ;;
	esac
	"$top_builddir/vyom" "\$@" --sysroot "$root" | {
		for ((i = 0; i < \$(cat "$tmp/cut"); i++)); do
			IFS= read -r line || break
			printf '%s\n' "\$line"
		done
		sleep 0.1
		kill -KILL "\$PPID"	# a login shell makes itself the one command it is given
	}
END
chmod 755 "$tmp/cutter"
lines=14	# hello, plan, run-begin, four steps begun and done, run-end, outcome, end
for cut in $(seq 0 $((lines - 1))); do
	node_again
	echo "$cut" >"$tmp/cut"
	cp "$tmp/cutter" "$tmp/pve/bin/vyom"
	afar pve apply --yes
	first=$?
	cp "$tmp/out" "$tmp/first"
	sshd_vyom pve "$root"
	settled
	afar pve apply --yes
	second=$?
	state_of 201 >"$tmp/got"
	sed 's/^/# /' "$tmp/first" >>"$tmp/out"
	ok "cut after $cut lines: the node goes on, and nothing is done twice" \
		test "$first $second $(tasks qmclone) $(tasks resize) $(tasks qmstart) $(cmp "$tmp/wanted" "$tmp/got")" = "2 0 1 1 1 "
	[ "$cut" != 6 ] || ok "it says that it goes on" grep -q \
		'what was begun there goes on to its end: the same command again, or vyom -H pve log --follow' "$tmp/first"
done

# --- a run that is on is joined ---
hold_resize() {
	node_again
	wrap qm <<-'HELD'
		[ "$1" != resize ] || hold
		exec "$real" "$@"
	HELD
}
hold_resize
begin_afar apply --yes
soon grep -q 'set .*done' "$root.live"
sshd_cut pve
status 2 "when the line breaks" finished
out 'what was begun there goes on' "it is said what becomes of it"
begin_afar apply --yes
soon grep -q 'is followed to its end' "$root.live"
release
status 0 "the same command joins it" finished
out '^vyom: pve: run 1, apply, is on there: it is followed to its end first' "says so"
out 'resize +done' "shows what it does"
out '^Run 1: .*1 of 1 VM finished' "and how it ended"
out 'Nothing to do: 1 VM as declared' "and has nothing to do itself"
ok "nothing was done twice" test "$(tasks qmclone) $(tasks resize)" = "1 1"
status 0 "log --follow shows the same" afar pve log --follow
out '^Run 1: ' "of the newest run"

# --- what would be done a second time is not joined ---
hold_resize
release
afar pve apply --yes
rm "$root/go"
begin_afar replace vm-1 --yes
soon grep -q 'set .*done' "$root.live"
sshd_cut pve
status 2 "when the line breaks under a replace" finished
out 'goes on to its end: vyom -H pve log --follow shows how it ends' "it is not said to ask again"
status 4 "who asks again is told that it is on" afar pve replace vm-1 --yes
out 'run 2, replace, is on there: vyom -H pve log --follow shows how it ends' "and how to see its end"
release
settled
ok "it was replaced once" test "$(tasks qmdestroy) $(tasks qmclone)" = "1 2"

# --- Ctrl-C ---
hold_resize
begin_afar apply --yes
soon grep -q 'set .*done' "$root.live"
soon test -e "$root/var/lib/vyom/output/1-3"
kill -INT "$live"
soon grep -q 'asked to stop' "$root.live"
release
status 2 "Ctrl-C asks the node to stop" finished
out 'resize +done' "the step that ran is finished"
ok "no other was begun" test ! -e "$root/run/qemu-server/201.pid"
status 0 "the same command goes on from there" afar pve apply --yes
hold_resize
begin_afar apply --yes
soon test -e "$root/var/lib/vyom/output/1-3"
soon grep -q 'set .*done' "$root.live"
kill -INT "$live"
soon grep -q 'asked to stop' "$root.live"
kill -INT "$live"
status 2 "Ctrl-C again leaves it" finished
out 'left: what was begun there goes on' "says so"
release
settled
status 0 "and it can be gone on with" afar pve apply --yes

# --- two at once ---
node_again
begin_afar apply --yes
afar pve apply --yes
other=$?
finished
one=$?
ok "two outposts at once: each is done, or told that the node is busy" \
	grep -qxE '(0|4|3) (0|4|3)' <<<"$one $other"
settled
status 0 "in the end all is as declared" afar pve verify
ok "once" test "$(tasks qmclone)" = 1
done_testing
