#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A config goes in as one line and what happens comes out as lines: what an outpost speaks with a node,
# done by hand.
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"

node_new
owner_conf
program=$top_builddir/vyom

# here VERB OPTION...: with what is in $tmp/in on standard input
here() {
	"$program" "$1" --sysroot "$root" "${@:2}" <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
}

# --- bundle ---
ok "bundle prints the config and what it names" vyom bundle
cp "$tmp/out" "$tmp/in"
json '$d->{bundle} == 1 && keys %{$d->{files}} == 2 && $d->{config} =~ m{^/.*/etc/vyom/vyom.conf$}' "as one JSON line"
ok "which has one end" test "$(wc -l <"$tmp/in")" = 1
cp "$root/etc/vyom/vyom.conf" "$tmp/relative.conf"
cp "$root/etc/vyom/authorized_keys" "$tmp"
in_its_folder() {
	(cd "$tmp" && "$program" bundle --sysroot "$root" -c relative.conf) >"$tmp/out" 2>&1
}
ok "of a config with a relative name" in_its_folder
json '$d->{config} eq "'"$tmp/relative.conf"'"' "the names are absolute"
printf 'cluster "x" {\n\tcolour = "red"\n}\n' >"$tmp/bad.conf"
status 2 "a config with mistakes makes no bundle" vyom bundle -c "$tmp/bad.conf"
out '^.*bad.conf:2: cluster "x": colour' "and they are told"
mv "$root/etc/vyom" "$root/etc/away"

# --- with -c - ---
status 1 "the bundle on standard input is a config" here plan -c -
cp "$tmp/out" "$tmp/plan"
out 'Plan: 12 steps for 3 of 3 VMs' "and has its files with it"
before() {
	"$program" -c - --sysroot "$root" plan <"$tmp/in" >"$tmp/out" 2>&1
}
status 1 "options may stand before the verb" before
ok "to the same end" cmp "$tmp/plan" "$tmp/out"
out "$root/var/lib/vyom/files/[0-9a-f]{64}" "a file for qm has its place on the node"
ok "which plan does not make" test ! -e "$root/var/lib/vyom/files"

# --- events ---
status 1 "-o events tells the same as lines" here plan -c - -o events
ok "of which each is JSON" perl -MJSON::PP -ne 'decode_json($_)' "$tmp/out"
ok "the first says who answers" grep -q '^{"event":"hello","format":1,"version":"[^"]*","host":"[^"]*","verb":"plan","running":null}$' "$tmp/out"
ok "the last how it ended" sh -c "tail -1 '$tmp/out' | grep -qx '{\"event\":\"end\",\"status\":1,\"error\":null}'"
hash=$(sed -n 's/.*"event":"plan".*"hash":"\([0-9a-f]*\)".*/\1/p' "$tmp/out")
printf '%s' 'cluster "x" { colour = "red" }' >"$tmp/bad"
mistaken() {
	"$program" plan --sysroot "$root" -c - -o events <"$tmp/bad" >"$tmp/out" 2>"$tmp/err"
}
status 2 "mistakes in the config" mistaken
out '^\{"event":"problem","file":"stdin","line":1,"text":"cluster' "are lines too"
out '"event":"end","status":2,"error":"[0-9]+ problems? in stdin' "and so is the error"
ok "nothing is on standard error" test ! -s "$tmp/err"
printf '{"bundle":7,"version":"9.9","config":"/a","files":{}}\n' >"$tmp/bad"
status 3 "another vyom's bundle is refused" mistaken
out "9\.9's, which this vyom .* does not understand: install the same version" "and what would help is said"

# --- --plan ---
status 3 "apply with the hash of another plan" here apply -c - --yes --plan "${hash}0"
ok "is refused" grep -q 'what is due now is not what --plan allows' "$tmp/err"
ok "and nothing was done" test ! -e "$root/etc/pve/qemu-server/101.conf"
status 0 "apply with the hash of the plan that was shown" here apply -c - --yes --plan "$hash" -o events
for event in hello plan run-begin step-begin step-done run-end outcome end; do
	out "^\{\"event\":\"$event\"" "tells $event"
done
ok "the keys are where qm found them, for root alone" test "$(stat -c %a "$root"/var/lib/vyom/files/*)" = 600
status 0 "with a hash whose plan is done" here apply -c - --yes --plan "$hash"
status 0 "in line" here verify -c -
status 1 "destroy has a hash too" here destroy vyom-worker-2 --dry-run -o json
hash=$(sed -n 's/.*"hash": "\([0-9a-f]*\)".*/\1/p' "$tmp/out")
status 3 "and heeds it" here destroy vyom-worker-1 --yes --plan "$hash"
status 0 "if it is the same" here destroy vyom-worker-2 --yes --plan "$hash"

# --- log --follow ---
status 0 "log --follow of a run that has ended" here log --follow
ok "shows its steps" grep -q 'vyom-worker-2 (103) .*destroy .*done' "$tmp/out"
ok "and how it ended, once" test "$(grep -c '^Run 2: .*1 of 1 VM finished' "$tmp/out")" = 1
status 64 "of a run that is not there" here log --follow 99
mv "$root/etc/away" "$root/etc/vyom"
wrap qm <<-'END'
	[ "$1" != resize ] || hold
	exec "$real" "$@"
END
begin apply --yes
soon test -e "$root/var/lib/vyom/output/3-2"
"$program" log --sysroot "$root" --follow -o events >"$tmp/follow" 2>&1 &
follower=$!
soon grep -q '"verb":"resize"' "$tmp/follow"
hello() {
	here pool -o events
	grep -q '"running":{"run":3,"verb":"apply"' "$tmp/out"
}
ok "hello tells of a run that is on" hello
ok "log --follow shows what has begun" grep -q '"event":"step-begin".*"verb":"resize"' "$tmp/follow"
release
wait "$follower"
report $? "it ends when the run does, with its status"
ok "and has shown all" test "$(grep -c '"event":"step-done"' "$tmp/follow")" = 4
finished
rm -f "$root/go"
vyom destroy vyom-worker-2 --yes
begin apply --yes
soon test -e "$root/var/lib/vyom/output/5-3"
kill -9 "$live"
finished
release
status 2 "of a run whose vyom was killed" here log --follow
ok "it says so" grep -q 'run 5 was cut off' "$tmp/err"
vyom apply --yes
rm -f "$root/go"

# --- what comes on standard input ---
vyom destroy vyom-worker-2 --yes
mkfifo "$tmp/fifo"
# asked WORDS: apply, with a fifo as its standard input, of which $tmp/in is sent; its output into $tmp/live
asked() {
	: >"$tmp/live"
	env --default-signal=INT "$program" apply --sysroot "$root" -c - --yes -o events <"$tmp/fifo" >"$tmp/live" 2>&1 &
	asked=$!
	exec 5>"$tmp/fifo"
	cat "$tmp/in" >&5
	soon grep -q '"event":"step-begin".*"verb":"resize"' "$tmp/live"
}
asked
echo stop >&5
soon grep -q '"event":"stopping"' "$tmp/live"
release
wait "$asked"
got=$?
cp "$tmp/live" "$tmp/out"
ok "a word on standard input is as Ctrl-C: exit status 2" test "$got" = 2
out '"event":"step-done".*"verb":"resize"' "the step that ran is finished"
no_out '"event":"step-begin".*"verb":"start"' "no other is begun"
exec 5>&-
vyom apply --yes
vyom destroy vyom-worker-2 --yes
rm -f "$root/go"
asked
exec 5>&-
release
wait "$asked"
report $? "the end of standard input is nothing: the run goes on"
vyom destroy vyom-worker-2 --yes
rm -f "$root/go"
"$program" apply --sysroot "$root" -c - --yes -o events <"$tmp/in" 2>&1 | head -2 >"$tmp/live"
soon test -e "$root/run/qemu-server/103.pid"
ok "a reader that goes away is nothing either" vyom verify

done_testing
