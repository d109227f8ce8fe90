#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From an outpost, over SSH: the same verbs, on a node with a real sshd.
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"
# shellcheck source=t/sshd.sh
. "$srcdir/t/sshd.sh"

sshd_need
sshd_outpost
sshd_start pve "$root"

# --- the same as at home ---
status 1 "plan" afar pve plan
cp "$tmp/out" "$tmp/there"
mkdir -p "$root/etc/vyom"
cp "$tmp/outpost/etc/vyom/"* "$root/etc/vyom"
status 1 "the same at home" vyom plan
sed -E 's:/[^ ]*/(files/[0-9a-f]+|authorized_keys):KEYS:' "$tmp/there" >"$tmp/one"
sed -E 's:/[^ ]*/(files/[0-9a-f]+|authorized_keys):KEYS:' "$tmp/out" >"$tmp/other"
ok "is shown in the same words" cmp "$tmp/one" "$tmp/other"
rm -r "$root/etc/vyom"
status 3 "apply asks here" afar pve apply
out 'there is no terminal to ask on: say --yes' "and says so where it cannot"
ok "nothing was done" test ! -e "$root/etc/pve/qemu-server/101.conf"
status 0 "apply --yes" afar pve apply --yes
ok "shows the plan once" test "$(grep -c '^Plan: 12 steps' "$tmp/out")" = 1
ok "and each step" test "$(grep -c ' done ' "$tmp/out")" = 12
out 'Run 1: 3 of 3 VMs finished, 12 steps done. Looked again: nothing is left to do.' "and how it ended"
ok "with one connection and one authentication" test "$(grep -c 'Accepted publickey' "$tmp/pve/log")" = 3
status 0 "verify" afar pve verify
out '^In line: 3 VMs as declared' "is in line"
status 0 "verify -q" afar pve verify -q
ok "is quiet" test ! -s "$tmp/out"
status 0 "apply again" afar pve apply --yes
out 'Nothing to do: 3 VMs as declared' "has nothing to do"
status 0 "status" afar pve status
out '^vyom-worker-2 .*running' "shows what runs"
status 0 "pool" afar pve pool --all
out '^pve/vm-101-disk-0 .*VM 101, from base-9000-disk-0' "and its options go along"
status 0 "init" afar pve init
cp "$tmp/out" "$tmp/there"
status 0 "the same at home" vyom init
ok "is printed here, word for word" cmp "$tmp/there" "$tmp/out"
status 0 "log" afar pve log
out '^ +1 .* apply +done' "shows runs"
status 0 "log 1" afar pve log 1
out 'qm resize 101 scsi0 64G' "and their steps"
status 0 "template list" afar pve template list
out '^prakriti-template +9000 ' "shows templates"
status 0 "check" afar pve check
out '^Fit: ' "tells what is fit"
status 1 "destroy --dry-run" afar pve destroy vyom-worker-2 --dry-run
ok "destroys nothing" test -e "$root/etc/pve/qemu-server/103.conf"
status 0 "destroy --yes" afar pve destroy vyom-worker-2 --yes
ok "does" test ! -e "$root/etc/pve/qemu-server/103.conf"
status 1 "drift" afar pve verify
out 'drift vyom-worker-2' "is told"
status 1 "in JSON too" afar pve verify -o json
json '$d->{event} eq "verify" && $d->{drift} == 1' "as the node's document"
status 0 "apply -o json" afar pve apply -o json --yes
json '$d->{outcome}{steps_done} == 4' "is one document"
cp "$root/etc/pve/qemu-server/103.conf" "$tmp/before"
status 1 "replace --dry-run" afar pve replace vyom-worker-2 --dry-run
out 'what is lost' "shows what is lost"
ok "replaces nothing" cmp -s "$tmp/before" "$root/etc/pve/qemu-server/103.conf"
status 3 "replace asks here" afar pve replace vyom-worker-2
out 'there is no terminal to ask on' "and says so where it cannot"
status 0 "replace --yes" afar pve replace vyom-worker-2 --yes
ok "shows what is lost once" test "$(grep -c 'what is lost' "$tmp/out")" = 1
out '1 of 1 VM finished, 6 steps done' "and does it"
ok "the VM is another" not cmp -s "$tmp/before" "$root/etc/pve/qemu-server/103.conf"
rm "$root/var/lib/vyom/journal.db"*
status 0 "adopt" afar pve adopt --all --yes
out 'Run 1: 3 VMs taken over' "takes over there"
status 3 "what the node refuses" afar pve destroy nobody --yes
out '^vyom: pve: vyom made no VM called "nobody"' "is told with the node's name"
printf 'cluster "x" {\n\tcolour = "red"\n}\n' >"$tmp/bad.conf"
status 2 "a config with mistakes" afar pve apply -c "$tmp/bad.conf" --yes
out 'bad.conf:2: cluster "x": colour' "does not leave here"
status 64 "a host that is none" afar 'root@' plan
out '"root@" is no \[user@\]host\[:port\]' "is told"
by_hand() {
	"$top_builddir/vyom" bundle --sysroot "$tmp/outpost" >"$tmp/line" &&
		HOME=$home ssh -F "$home/.ssh/config" -i "$home/.ssh/id_ed25519" -o "UserKnownHostsFile $home/.ssh/known_hosts" \
			pve vyom -c - verify <"$tmp/line" >"$tmp/out" 2>&1
}
status 0 "vyom bundle | ssh root@pve vyom -c - verify is the same by hand" by_hand

# --- the plan that was shown, or none ---
afar pve destroy vyom-worker-2 --yes
# meanwhile COMMAND: between the plan and what is done of it
meanwhile() {
	cat >"$tmp/pve/bin/vyom" <<-END
		#!/bin/sh
		case "\$*" in *--plan*) $1 ;; esac
		exec "$top_builddir/vyom" "\$@" --sysroot "$root"
	END
}
meanwhile "'$root/usr/sbin/qm' set 102 --cores 1 >/dev/null"
status 3 "a node that changed after the plan was shown" afar pve apply --yes
out 'what is due now is not what --plan allows' "refuses"
ok "and has done nothing" test ! -e "$root/etc/pve/qemu-server/103.conf"
cp "$root/etc/pve/qemu-server/102.conf" "$tmp/102.conf"
meanwhile "rm '$root/etc/pve/qemu-server/102.conf'"
status 3 "where it could not be planned any more" afar pve apply --yes
out '^refused .*\(102\): ' "the refusal is shown"
cp "$tmp/102.conf" "$root/etc/pve/qemu-server/102.conf"
sshd_vyom pve "$root"
status 0 "asked again, it does it" afar pve apply --yes

# --- what answers there ---
rm "$tmp/pve/bin/vyom"
status 2 "a node without vyom" afar pve verify
out '^vyom: pve: vyom is not installed there: vyom -H pve deploy' "and what to do about it"
# vyom_says WORDS: instead of the node's vyom, a shell script
vyom_says() {
	printf '#!/bin/sh\n%s\n' "$1" >"$tmp/pve/bin/vyom"
	chmod 755 "$tmp/pve/bin/vyom"
}
vyom_says 'echo "vyom: -o events: formats are text and json" >&2; exit 64'
status 2 "an older vyom" afar pve verify
out 'does not know what it is asked: vyom: -o events: formats are text and json; it may be an older one' "is recognised"
out 'vyom -H pve deploy' "and what to do is said"
vyom_says 'echo "{\"event\":\"hello\",\"format\":99,\"version\":\"9.9\"}"; exec sleep 60'
status 3 "a newer vyom, whose events are others" afar pve verify
out 'its vyom 9.9 and this [^ ]* do not understand each other' "is refused"
vyom_says "echo noise; echo; exec $(printf %q "$top_builddir/vyom") \"\$@\" --sysroot $(printf %q "$root")"
status 0 "what a login shell prints before" afar pve verify
vyom_says 'echo "{\"event\":\"hello\",\"format\":1,\"version\":\"1\"}"; echo what; exec sleep 60'
status 2 "noise after that" afar pve verify
out 'what it answers is not vyom' "is no answer"
vyom_says 'echo "{\"event\":\"hello\",\"format\":1,\"version\":\"1\"}"; kill -9 $$'
status 2 "a vyom that is killed there" afar pve verify
out 'ended without a last word: it was killed' "is told"
vyom_says 'echo "{\"event\":\"hello\",\"format\":1,\"version\":\"1\"}"; echo "{\"event\":\"end\",\"status\":256}"'
status 2 "a status that is none is no success" afar pve verify
vyom_says 'echo "bad things" >&2; exit 3'
status 3 "one that refuses to answer" afar pve verify
out 'no vyom answered there \(exit status 3\): bad things' "in its own words"
sshd_vyom pve "$root"

# --- the node's disk is full ---
afar pve destroy vyom-worker-2 --yes
if mkdir -p "$tmp/full" && mount -t tmpfs -o size=2m tmpfs "$tmp/full" 2>/dev/null; then
	cp -a "$root/var/lib/vyom/." "$tmp/full"
	mv "$root/var/lib/vyom" "$root/var/lib/kept"
	ln -s "$tmp/full" "$root/var/lib/vyom"
	head -c 4M /dev/zero >"$tmp/full/ballast" 2>/dev/null
	status 2 "a node whose disk is full" afar pve apply --yes
	out '^vyom: pve: .*(full|No space left)' "says so"
	umount "$tmp/full"
	rm "$root/var/lib/vyom"
	mv "$root/var/lib/kept" "$root/var/lib/vyom"
fi
done_testing
