#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A file for cloud-init that the config declares: put on the node before its VMs, replaced if it is vyom's own, and else never.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

export VYOM_TIME_SCALE=0.03
export node_says=''	# for vms

volid=local:snippets/k3s.yaml

place() {
	echo "$root/var/lib/vz/snippets/k3s.yaml"
}

# text LINE: what the file beside the config holds
text() {
	printf '#cloud-config\ntoken: hush-hush\n%s\n' "$1" >"$root/etc/vyom/k3s.yaml"
}

# declare PART COUNT [LINES…]: VMs whose PART is the snippet
declare_snippet() {
	vms "$2" "snippets = { \"$1=$volid\" }" "${@:3}"
	printf 'snippet "%s" { file = "k3s.yaml" }\n' "$volid" >>"$root/etc/vyom/vyom.conf"
}

is_declared() {
	cmp "$root/etc/vyom/k3s.yaml" "$(place)"
}

alone() {
	[ "$(ls -A "$root/var/lib/vz/snippets")" = k3s.yaml ]
}

digest() {
	sha256sum <"$1" | cut -c1-64
}

# The node's clock, which stands still between two starts of VMs, goes on to now: 202 was the last one.
age() {
	echo "$(cut -d' ' -f1 "$root/proc/uptime") $(date +%s.%N) $(stat -c %.9Y "$root/run/qemu-server/202.pid")" |
		awk '{ printf "%.2f 0.00\n", $1 + $2 - $3 }' >"$tmp/uptime"
	cp "$tmp/uptime" "$root/proc/uptime"
}

# --- it is made ---
node_new
text first
declare_snippet user 2 'agent = false'
status 0 "check takes one that is still to be put there" vyom check
out "^pass  snippet $volid: is not there yet; vyom apply puts it there" "and says so"
status 1 "plan" vyom plan
out "^$volid  to be put on the node" "shows it"
ok "before all VMs" test "$(grep -n '^[a-z]' "$tmp/out" | head -1 | grep -c "$volid")" = 1
status 1 "verify finds it missing" vyom verify
out "^drift: snippet $volid: wanted sha256 $(digest "$root/etc/vyom/k3s.yaml" | cut -c1-12), found missing" "and says so"
status 1 "plan -o json" vyom plan -o json
json "\$s = \$d->{steps}[0]; \$s->{vm} eq '$volid' && !defined(\$s->{vmid}) && \$s->{verb} eq 'snippet' && \$s->{fate} eq 'written' &&
	\$s->{argv}[3] eq '$(digest "$root/etc/vyom/k3s.yaml")'"
report $? "has it as a step of no VM"
(umask 000 && vyom apply --yes)
out '^Run 1: 2 of 2 VMs finished, 9 steps done. Looked again: nothing is left to do' "apply puts it there"
ok "it is what the file beside the config is" is_declared
ok "for root alone" test "$(stat -c %a "$(place)")" = 600
ok "nothing else is there" alone
vyom log 1 -o json
json "\$s = \$d->{steps}[0]; \$s->{verb} eq 'snippet' && \$s->{vm} eq '$volid' && !defined(\$s->{vmid}) && \$s->{result} eq 'done' &&
	\$s->{before} eq 'no file' && \$d->{vmids} eq '201 202' && !grep { \$_->{started} < \$s->{ended} } @{\$d->{steps}}[1 .. 8]"
report $? "the journal has the step, which ended before any of a VM began"
status 0 "verify is in line" vyom verify
count_calls
status 0 "a second apply" vyom apply --yes
out '^Nothing to do: 2 VMs as declared' "has nothing to do"
ok "and calls nothing" test ! -e "$root/calls"
vyom log
ok "and is no run" test "$(grep -c . "$tmp/out")" = 1

# --- what is in it is nowhere else ---
for verb in 'check' 'plan' 'verify' 'status' 'log 1' 'plan -o json' 'log 1 -o json' 'verify -o json' 'check -o json'; do
	# shellcheck disable=SC2086 # words
	vyom $verb
	ok "what it holds is not in what vyom $verb prints" not grep -q hush "$tmp/out"
done
ok "nor in journal or outputs" not grep -rqa hush "$root/var/lib/vyom"
ok "nor in a task's log or a config of Proxmox" not grep -rqa hush "$root/var/log" "$root/etc/pve"

# --- it is another in the config ---
before=$(digest "$(place)")
text second
instance() {
	{ cat "$1"; qm cloudinit dump 201 network | sed '$d'; } | sha1sum | cut -c1-12
}
from=$(instance "$(place)") to=$(instance "$root/etc/vyom/k3s.yaml")
rm "$root/calls"
status 1 "verify" vyom verify
out "^drift: snippet $volid: wanted sha256 $(digest "$root/etc/vyom/k3s.yaml" | cut -c1-12), found sha256 ${before:0:12}" "finds it"
status 0 "check" vyom check
out "snippet $volid: is there as vyom wrote it before; vyom apply replaces it" "knows it as vyom's"
status 3 "apply does not make guests new ones unasked" vyom apply --yes
out "^refused vm-1 \(201\): $volid: changing this makes cloud-init treat the guest as a new one \(instance-id $from → $to\)" \
	"and says which, by the ids that Proxmox makes"
out "^refused vm-2 \(202\): " "of each VM"
ok "the file is as it was" test "$(digest "$(place)")" = "$before"
status 3 "a VM is not replaced meanwhile" vyom replace vm-1 --yes
out "snippet $volid is not on the node as it is declared: vyom apply puts it there" "for its snippet would be the old one"
status 0 "apply --reinit" vyom apply --reinit --yes -o events
ok "replaces it" is_declared
ok "for root alone" test "$(stat -c %a "$(place)")" = 600
ok "nothing is left beside it" alone
ok "-o events has begin and end of the step" test "$(grep -c "\"step-[bd][a-z]*\",\"vm\":\"$volid\",\"vmid\":null" "$tmp/out")" = 2
ok "and not what it holds" not grep -q hush "$tmp/out"
ok "no qm was called" test ! -e "$root/calls"
age
status 0 "verify is in line" vyom verify
out "^waits for a restart vm-1 \(201\): snippets: $volid was changed since the VM was started" "and knows that a VM has not read it yet"
status 0 "plan" vyom plan
out "^note vm-2 \(202\): $volid: changed since .* \(vyom apply --restart --reinit\)" "says how it would"
status 0 "a restart for it alone" vyom apply --reinit --restart --yes
ok "is two" test "$(grep -c '^qm shutdown\|^qm start' "$root/calls")" = 4
age
status 0 "afterwards" vyom verify
no_out 'waits' "nothing waits"
rm "$root/calls"
text third
status 0 "with --restart" vyom apply --reinit --restart --yes
out '# restart: local:snippets/k3s.yaml' "VMs are restarted for it"
ok "both" test "$(grep -c '^qm shutdown\|^qm start' "$root/calls")" = 4
ok "the file first" is_declared
age
status 0 "and once" vyom apply --reinit --restart --yes
out '^Nothing to do' "only"

# --- somebody else's ---
echo mine >>"$(place)"
cp "$(place)" "$tmp/mine"
status 1 "one that was changed by hand" vyom verify
out "^drift: snippet $volid: wanted sha256 [0-9a-f]{12}, found sha256 $(digest "$tmp/mine" | cut -c1-12)" "is drift"
status 3 "apply" vyom apply --reinit --yes
out "^refused $volid: /var/lib/vz/snippets/k3s.yaml is not what vyom wrote \(its sha256 is $(digest "$tmp/mine")\): move it away" \
	"leaves it and says why"
ok "it is as it was" cmp "$tmp/mine" "$(place)"
status 2 "check" vyom check
out "^FAIL  snippet $volid: .* is not what vyom wrote" "says so too"
mv "$(place)" "$tmp/away"
status 0 "moved away" vyom apply --yes
ok "it is put there again, and asks for no --reinit: VMs have had the same" is_declared
text first
cp "$root/etc/vyom/k3s.yaml" "$(place)"
status 0 "one that is there as it is declared, whoever put it there" vyom plan
text second
rm -r "$root/var/lib/vyom"
status 3 "without its journal vyom does not know its own" vyom plan
out "refused $volid: .* is not what vyom wrote" "and replaces nothing"

# --- where it has no place ---
cannot() {
	status 3 "$2: is refused" vyom plan
	out "refused $volid: $1" "with what would do"
	status 1 "$2: is drift" vyom verify
	out "drift: snippet $volid: " "of the snippet"
	status 2 "$2: is not fit" vyom check
}
node_new
text first
declare_snippet user 1
rmdir "$root/var/lib/vz/snippets"
cannot 'its folder /var/lib/vz/snippets is not there, and Proxmox makes it when it looks at the storage: pvesm status' "a missing folder"
mkdir "$root/var/lib/vz/elsewhere"
ln -s elsewhere "$root/var/lib/vz/snippets"
cannot '/var/lib/vz/snippets is a symlink, or no folder' "a folder that is a symlink"
rm "$root/var/lib/vz/snippets"
mkdir "$root/var/lib/vz/snippets"
echo theirs >"$root/etc/theirs"
ln -s ../../../../etc/theirs "$(place)"
cannot '/var/lib/vz/snippets/k3s.yaml is a symlink, which vyom did not make' "a file that is a symlink"
ok "what it leads to is as it was" grep -qx theirs "$root/etc/theirs"
rm "$(place)"
cp "$root/etc/pve/storage.cfg" "$tmp/storage.cfg"
sed -i 's/,snippets,/,/' "$root/etc/pve/storage.cfg"
cannot 'its storage does not hold any: add snippets to the content of local' "a storage of other content"
sed 's/^\tpath.*/&\n\tcontent-dirs snippets=mine/' "$tmp/storage.cfg" >"$root/etc/pve/storage.cfg"
cannot 'vyom cannot tell where its storage has snippets' "a storage with folders of its own choice"
sed '/^dir: local/a\	disable' "$tmp/storage.cfg" >"$root/etc/pve/storage.cfg"
cannot 'its storage is switched off for this node' "a storage that is switched off"
cp "$tmp/storage.cfg" "$root/etc/pve/storage.cfg"
sed -i "s|$volid|nowhere:snippets/k3s.yaml|" "$root/etc/vyom/vyom.conf"
volid=nowhere:snippets/k3s.yaml cannot 'the node has no storage nowhere' "no storage of that name"

# --- in the file ---
declare_snippet user 1
printf 'snippet "local:snippets/idle" { file = "k3s.yaml" }\n' >>"$root/etc/vyom/vyom.conf"
status 0 "one that no VM names" vyom check
out 'note  snippet: no VM names local:snippets/idle in its snippets, so it is put nowhere' "is said"
vyom apply --yes
ok "and put nowhere" alone
: >"$root/etc/vyom/k3s.yaml"
status 2 "an empty file" vyom plan
out "vyom.conf:10: snippet \"$volid\": file: .*/k3s.yaml: is empty" "is told with its line"
rm "$root/etc/vyom/k3s.yaml"
status 2 "a missing one" vyom plan
out "vyom.conf:10: snippet \"$volid\": file: .*/k3s.yaml: cannot be read" "too"

# --- vendor-data, and destroy ---
node_new
text first
declare_snippet vendor 1
vyom apply --yes
text second
status 0 "as vendor-data it is replaced without being asked twice" vyom apply --yes
out "note $volid: vm-1 \(201\): it is on the cloud-init drive from the next start on" "and it is said what that does"
ok "it is there" is_declared
status 0 "destroy" vyom destroy vm-1 --yes
ok "leaves it" is_declared

# --- several ---
cp "$root/etc/vyom/vyom.conf" "$tmp/vyom.conf"
echo '#cloud-config' >"$root/etc/vyom/more.yaml"
sed -i 's|"vendor=[^"]*"|&, "user=local:snippets/more.yaml"|' "$root/etc/vyom/vyom.conf"
echo 'snippet "local:snippets/more.yaml" { file = "more.yaml" }' >>"$root/etc/vyom/vyom.conf"
rm "$(place)"
status 0 "two that are missing" vyom apply --yes
ok "are put there one after the other" test "$(grep -c ' snippet .*done' "$tmp/out")" = 2
ok "both" cmp "$root/etc/vyom/more.yaml" "$root/var/lib/vz/snippets/more.yaml"
ok "and the first" is_declared
vyom destroy vm-1 --yes
rm "$root/var/lib/vz/snippets/more.yaml" "$root/etc/vyom/more.yaml"
cp "$tmp/vyom.conf" "$root/etc/vyom/vyom.conf"

# --- from elsewhere, as one line ---
mkdir -p "$tmp/outpost/etc/vyom"
mv "$root/etc/vyom/"* "$tmp/outpost/etc/vyom"
"$top_builddir/vyom" bundle --sysroot "$tmp/outpost" >"$tmp/bundle" 2>"$tmp/out"
rm "$(place)"
"$top_builddir/vyom" apply -c - --yes --sysroot "$root" <"$tmp/bundle" >"$tmp/out" 2>&1
report $? "a bundle brings it along"
ok "it is there" cmp "$tmp/outpost/etc/vyom/k3s.yaml" "$(place)"
ok "and not beside the files that qm is given" not grep -rqs hush "$root/var/lib/vyom"
sed 's/"[^"]*k3s.yaml":"[^"]*"/"x":"y"/' "$tmp/bundle" >"$tmp/without"
status 2 "one that was not sent along" sh -c "'$top_builddir/vyom' apply -c - --yes --sysroot '$root' <'$tmp/without' >'$tmp/out' 2>&1"
out 'k3s.yaml: was not sent along' "is not looked for on the node"

# --- what fails, and what is killed ---
node_new
text first
declare_snippet user 1
node_keep
if ! strace -f -qq -o /dev/null true 2>/dev/null; then
	report 0 "killed anywhere # SKIP strace cannot be used"
	done_testing
	exit
fi

# inject WHAT VERB…: vyom and its children, with that done to a call of theirs; in place of this shell
inject() {
	export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"	# leaks cannot be looked for in what is traced
	exec strace -f -qq -o /dev/null -e trace="${1%%:*}" -e inject="$1" "$top_builddir/vyom" "$2" --sysroot "$root" "${@:3}" \
		>"$tmp/out" 2>&1 </dev/null
}

injected() {
	(inject "$@")
}

# writing: is the file beside its place there?
writing() {
	compgen -G "$root/var/lib/vz/snippets/.vyom-pve-*-1-*" >/dev/null
}

status 2 "a full disk" injected 'fsync:error=ENOSPC:when=1' apply --yes
out "$volid +snippet +failed .*/var/lib/vz/snippets/k3s.yaml: No space left on device" "fails the step"
out 'vm-1 \(201\) +clone +not begun' "and no VM is begun"
ok "nothing is left" test -z "$(ls -A "$root/var/lib/vz/snippets")"
status 0 "the next run goes on" vyom apply --yes
ok "to the right end" is_declared

# on a file system that cannot rename without replacing, as over a network
node_again
status 0 "without RENAME_NOREPLACE" injected 'renameat2:error=EINVAL:when=1' apply --yes
ok "it is there too" is_declared
ok "alone" alone

# meanwhile CALL: somebody else's comes as the child enters its first such CALL, and the file is not yet in its place
meanwhile() {
	inject "$1:delay_enter=1000000:when=1" apply --reinit --yes &
	soon writing
	[ "$1" = fsync ] || sleep 0.2
	echo theirs >"$(place)"
	wait $!
}
for call in fsync /rename; do
	node_again
	status 3 "one that comes meanwhile, at $call" meanwhile $call
	out "$volid +snippet +failed .* was (changed|made) by someone else meanwhile; it stays as it is" "is not replaced"
	ok "it is as it was" grep -qx theirs "$(place)"
	ok "alone" alone
done
node_again
vyom apply --yes
node_keep
text second
status 3 "one that is changed meanwhile" meanwhile fsync
ok "is as it was" grep -qx theirs "$(place)"
ok "alone" alone

# cut CALL N WHO: the child waits as it enters its Nth such CALL, and WHO (vyom, child, or both) is killed there
cut() {
	local traced vyom child

	inject "$1:delay_enter=1000000:when=$2" apply --reinit --yes &
	traced=$!
	soon writing_or_written "$1" "$2"
	vyom=$(pgrep -P "$traced") child=$(pgrep -P "$vyom")
	case $3 in
	vyom) kill -9 "$vyom" ;;
	child) kill -9 "$child" ;;
	both) kill -9 "$vyom" "$child" ;;
	esac || return 1
	# after the file is in its place a child that is killed has done what it was for
	wait "$traced" 2>/dev/null
	true
}
writing_or_written() {
	[ "$1 $2" = 'fsync 2' ] && is_declared || writing
}

# mended: the next run ends where an undisturbed one does
mended() {
	vyom apply --reinit --yes --wait 5 && is_declared && alone && [ "$(stat -c %a "$(place)")" = 600 ] && vyom plan
}

for from in none old; do
	for call in 'fsync 1' '/rename 1' 'fsync 2'; do
		for who in vyom child both; do
			node_again
			[ $from = old ] && text second || rm -f "$(place)"
			# shellcheck disable=SC2086 # a name and a number
			ok "from $from, $who killed at its ${call#* }. ${call% *}" cut $call $who
			status 0 "from $from, $who killed at its ${call#* }. ${call% *}: the next run ends as if nothing had been" mended
		done
	done
done
# one of somebody else's, which nobody has put there
node_new
vms 2 'snippets = { "user=local:snippets/theirs.yaml" }'
sed -i '/vm "vm-2"/s/{/{ start = false/' "$root/etc/vyom/vyom.conf"
status 3 "a VM that would not start for want of a snippet" vyom apply --yes
out 'refused vm-1 \(201\): snippets: the node has no local:snippets/theirs.yaml, and Proxmox starts no VM that shall have it' "is refused"
no_out 'refused vm-2' "but not one that is not started"
ok "before anything runs" not test -e "$root/etc/pve/qemu-server/201.conf"
echo '#cloud-config' >"$root/var/lib/vz/snippets/theirs.yaml"
status 0 "once it is there the VM is made" vyom apply --yes
rm "$root/var/lib/vz/snippets/theirs.yaml"
status 3 "a VM whose snippet is gone" vyom replace --yes vm-1
out 'refused vm-1 \(201\): snippets: the node has no local:snippets/theirs.yaml' "is not replaced"
ok "nor destroyed" test -e "$root/etc/pve/qemu-server/201.conf"
# --- a hookscript, which qm itself looks for ---
node_new
vms 1 'options = { "hookscript=local:snippets/hook.pl" }'
status 3 "a hookscript that the node has not" vyom apply --yes
out 'refused vm-1 \(201\): hookscript: the node has no local:snippets/hook.pl' "is refused"
ok "before a VM is made" test ! -e "$root/etc/pve/qemu-server/201.conf"
printf '#!/bin/sh\n' >"$root/var/lib/vz/snippets/hook.pl"
status 3 "one that cannot be run" vyom apply --yes
out 'refused vm-1 \(201\): hookscript: ' "is as well"
chmod 755 "$root/var/lib/vz/snippets/hook.pl"
status 0 "once it is there it is named" vyom apply --yes
ok "to the VM" grep -qx 'hookscript: local:snippets/hook.pl' "$root/etc/pve/qemu-server/201.conf"

done_testing
