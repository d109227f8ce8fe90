#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# vyom template list, lint, verify and prune: what they say of generations, in words and as a document, and what they refuse.

# shellcheck source=t/guests.sh
. "${srcdir:-.}/t/guests.sh"
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"
# shellcheck source=t/images.sh
. "$srcdir/t/images.sh"

# holds 'PERL' "sentence": the last output is one document, and so
holds() {
	ok "$2" json "$1"
}

# --- a node without a template, and without a journal ---
node_bare
template_conf
status 64 "template wants a word" vyom template
out 'build\|list\|lint\|verify\|prune' "of these"
status 64 "and no other" vyom template make
status 64 "an option that means nothing to it is refused" vyom template --full build
out 'vyom template build has not all of these options' "and that is said"
status 64 "by list too" vyom template --dry-run list
for verb in build list lint verify prune; do
	status 64 "$verb of a name that the file has not is refused" vyom template $verb nope
	out 'has no template "nope"' "with the name"
done
status 0 "there may be none to list" vyom template list
out 'vyom template build makes one' "which is said"
status 0 "nor as a document" vyom template -o json list
holds '@{$d->{templates}} == 0' "an empty one"
status 1 "what is not there is not fit" vyom template lint
out 'FAIL.*prakriti-template \(9000\): does not exist on this node' "and why"
status 1 "nor is it as it was made" vyom template verify
ok "and no journal is made by looking" test ! -e "$root/var/lib/vyom/journal.db"
status 0 "nor is there anything to prune" vyom template --yes prune

# --- a build's plan as a document; and a question that cannot be asked ---
status 1 "a dry run shows what is to be done" vyom template -o json --dry-run build
holds '$d->{steps}[0]{verb} eq "check" && $d->{steps}[-1]{verb} eq "seal"' "in order"
no_out 'delete' "and takes no keys away"
status 3 "a document cannot ask" vyom template -o json build
out 'say --yes' "so it wants to be told"

# --- one at work: another is not begun, and a dry run does not disturb it ---
wrap qm <<-'END'
	[ "$1" != create ] || hold
	exec "$real" "$@"
END
begin template --yes build
ok "a build is at work" soon grep -qs . "$root/var/lib/vyom/build-keys"
status 4 "another is not begun meanwhile" build
status 4 "nor is anything pruned" vyom template --yes prune
status 4 "nor is all of a disk read" vyom template --full verify
status 0 "a list can be had" vyom template list
vyom template --dry-run build
ok "a dry run leaves the key file that qm is to read" test -e "$root/var/lib/vyom/build-keys"
release
status 0 "and the build goes on" finished

# --- of a finished one ---
status 0 "it is listed as a document" vyom template -o json list
holds '$d->{templates}[0]{newest} && $d->{templates}[0]{vmid} == 9000 && $d->{templates}[0]{generation} == 1' "of one generation"
status 0 "it is fit" vyom template -o json lint
holds '$d->{fit}' "as a document"
status 0 "a quick look sees no change" vyom template -o json verify
holds '$d->{fit}' "as a document"
status 0 "nor does a full one" vyom template -o json --full verify
holds '$d->{fit} && @{$d->{checks}} == 1' "which leaves nothing open"
image_new 2
template_conf 'vmids = -' 'vmid = 9000'
status 3 "with one id another image is refused" build
out 'it is a finished template, of another image, and stays: give it a range' "with what to do"
ok "and it stays" test -n "$(volume base-9000-disk-0)"
template_conf 'vmids = "9000-9001"'

# --- an id that somebody takes as it is created, with a copy of the template that has its notes ---
wrap qm <<-'END'
	if [ "$1" = create ]; then
		"$real" clone 9000 9001 --name mine >/dev/null
		cp "$root/etc/pve/qemu-server/9001.conf" "$root/mine"
	fi
	exec "$real" "$@"
END
ok "a copy made by hand as the next generation is created" not build
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
out 'its id belongs to "mine", which vyom did not build' "is in its way"
status 3 "the next build leaves it alone" build
ok "as it is" cmp "$root/mine" "$root/etc/pve/qemu-server/9001.conf"
qm destroy 9001 >/dev/null
status 0 "with a range it is built" build

# --- a generation that somebody clones between the plan and the prune, its disk active since another clone ---
qm clone 9000 300 --name other >/dev/null
qm destroy 300 >/dev/null
wrap lvs <<-'END'
	"$real" "$@"
	[ -e "$root/cloned" ] && exit
	touch "$root/cloned"
	"$root/usr/sbin/qm" clone 9000 300 --name other >/dev/null
END
status 3 "a generation that is cloned just before it is pruned" vyom template --yes prune
out 'VMs were cloned from it, and share its data' "is in use"
ok "and stays" test -n "$(volume base-9000-disk-0)"
mv "$root/usr/sbin/lvs-real" "$root/usr/sbin/lvs"
qm destroy 300 >/dev/null

# --- a generation that somebody made a VM again ---
sed -i 's/^template: 1/template: 0/' "$root/etc/pve/qemu-server/9000.conf"
status 0 "one that is a VM again is not pruned" vyom template --yes prune
out '9000\): it was finished, and somebody has made it a VM again: it is left alone' "which is said"
ok "and stays" test -n "$(volume base-9000-disk-0)" -a -e "$root/etc/pve/qemu-server/9000.conf"
sed -i 's/^template: 0/template: 1/' "$root/etc/pve/qemu-server/9000.conf"

# --- pruned, and cut off in the midst of it ---
generation=2
for point in freed volumes stub user-lock pools purged removed; do
	printf '%s\n' "destroy $point kill" | faults
	vyom template --yes prune
	rm -f "$root/etc/stand-in.d/faults"
	generation=$((generation + 1))
	status 0 "prune cut off after $point: a build has nothing to do" build
	out '^Nothing to do' "as it says"
	status 0 "prune cut off after $point: it is pruned" vyom template --yes prune
	no_out 'to be built' "and called by its name"
	ok "prune cut off after $point: one generation is left" test "$(find "$root/etc/pve/qemu-server/" -name '9*.conf' | wc -l)" = 1
	ok "prune cut off after $point: no volume too many" test "$(grep -c '^thin pve/[a-z]*-9' "$root/var/lib/stand-in/lvs")" = 2
	image_new "$point"
	template_conf 'vmids = "9000-9001"'
	status 0 "the next generation is built" build
	ok "and is number $generation" grep -q "vyom-generation%3A $generation\$" "$root"/etc/pve/qemu-server/900[01].conf
done
image_new more
template_conf 'vmids = "9000-9001"'
status 3 "when no id is free a build is refused" build
out 'no id of 9000-9001 is free .*vyom template prune' "with what to do"
wait
done_testing
