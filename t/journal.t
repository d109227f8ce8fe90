#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What befalls the journal: it is refused, or the run goes on rightly; nothing is made twice.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

folder=$root/var/lib/vyom
journal=$folder/journal.db

# A qm that notes what it is asked for and does nothing.
mute() {
	wrap qm <<-'END'
		echo "$1 $2 $3" >>"$root/calls"
		exit 255
	END
}

# damage SEED: as perl makes it of the journal that was kept, or of its -wal
damage() {
	cp "$tmp"/kept/* "$folder"
	perl -e '
		srand(shift);
		my @files = grep { -s } @ARGV;
		my $file = $files[rand @files];
		my $at = int(rand(-s $file));
		open my $io, "+<", $file or die;
		sysseek $io, $at, 0; sysread $io, my $byte, 1;
		sysseek $io, $at, 0; syswrite $io, chr(ord($byte) ^ 1 << rand(8));
		print "$file $at\n"' "$1" "$journal" "$journal-wal" >"$tmp/damage"
}

# harmless ALLOWED: the last apply was told by its status, said so, and asked qm for ALLOWED only
harmless() {
	case $1 in
	0 | 2 | 3) ;;
	*) return 1 ;;
	esac
	[ -s "$tmp/out" ] && { [ ! -e "$root/calls" ] || ! grep -Evq -- "$2" "$root/calls"; }
}

# flips COUNT ALLOWED SENTENCE: COUNT times one bit of the journal is wrong; $refused is how often it was refused
flips() {
	local seed bad='' result

	refused=0
	rm -rf "$tmp/kept" && mkdir "$tmp/kept" && cp "$journal"* "$tmp/kept"
	for seed in $(seq "$1"); do
		rm -rf "$folder" "$root/calls" && mkdir -m 700 "$folder"
		damage "$seed"
		vyom apply --yes
		result=$?
		grep -q 'nothing was done: .*move it away' "$tmp/out" && refused=$((refused + 1))
		harmless $result "$2" || bad="$bad [$seed: $(cat "$tmp/damage"), status $result: $(cat "$tmp/out" "$root/calls")]"
	done
	echo "$refused refused;$bad" >"$tmp/out"
	ok "$3" test -z "$bad"
	rm -rf "$folder" && mkdir -m 700 "$folder" && cp "$tmp"/kept/* "$folder"
}

# --- a bit is wrong ---
node_new
owner_conf
vyom apply --yes
mute
flips 120 '^$' "with the VMs as declared, no wrong bit of the journal makes qm do anything"
ok "and some are seen as damage" test "$refused" -gt 0

node_new
owner_conf
wrap qm <<-'END'
	"$real" "$@"
	[ "$1" = clone ] && kill -9 "$(sed 's/.*pid \([0-9]*\).*/\1/' "$root/run/lock/vyom.lock")"
	exit 0
END
sed -i 's/node "pve" {/& jobs = 1/' "$root/etc/vyom/vyom.conf"
begin apply --yes
wait "$live" 2>/dev/null
ok "a run that was killed after its first clone" test -s "$journal-wal" -a -e "$root/etc/pve/qemu-server/101.conf"
mute
flips 120 '^(set|resize|start) 101 |^clone 9000 10[23]$' "after it no wrong bit makes qm clone 101 again"
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
status 0 "with the journal as it was the next run goes on" vyom apply --yes
ok "each volume is there once" test "$(volumes | grep -c '^pve-vm--10[123]-')" = 6

# --- it is gone, or not all of it is there ---
mute
cp "$journal" "$tmp/journal.db"
for len in 0 1 2 100 4096 20000; do
	cp "$tmp/journal.db" "$journal" && truncate -s "$len" "$journal"
	rm -f "$root/calls" "$journal"-*
	vyom apply --yes
	result=$?
	ok "a journal that was cut to $len bytes: a person must look" test $result = 2 -o $result = 3
	ok "qm is asked for nothing" not test -e "$root/calls"
	[ "$len" -lt 2 ] || out 'nothing was done: .*move it away .*vyom adopt --all' "it says what to do"
	[ "$len" -ge 2 ] || out 'vyom-control-1 \(101\)' "it names the VMs that carry the mark"
done
cp "$tmp/journal.db" "$journal" && rm -f "$journal"-*
status 0 "the journal put back, all is as it was" vyom apply --yes

# --- a disk that takes nothing more ---
if ! unshare -m mount -t tmpfs vyom "$tmp" 2>/dev/null; then
	report 0 "a folder that is read-only, a disk that is full # SKIP nothing can be mounted here"
	done_testing
	exit
fi

# within SCRIPT: run it in bash, where mounts are seen by nobody else; $vyom is the program
within() {
	unshare -m env root="$root" folder="$folder" journal="$journal" vyom="$top_builddir/vyom" tmp="$tmp" \
		bash -c 'run() { "$vyom" "$1" --sysroot "$root" "${@:2}" </dev/null; }; '"$1" >"$tmp/out" 2>&1
}

status 2 "a folder that is read-only" within '
	mount --bind "$folder" "$folder" && mount -o remount,ro,bind "$folder" && run apply --yes'
out 'nothing was done: .*journal.db: the journal cannot be written: Read-only file system' "is said"
ok "qm is asked for nothing" not test -e "$root/calls"
status 0 "verify, log and status work there" within '
	mount --bind "$folder" "$folder" && mount -o remount,ro,bind "$folder" && run verify && run log && run status'

# In $folder is a disk of 2 MiB.  fill KIB: all of it is taken but that; drain: it is free again.
disk='
	mkdir -p "$folder" && mount -t tmpfs -o size=2M,mode=700 vyom "$folder"
	fill() { head -c 4M /dev/zero >"$folder/filler" 2>/dev/null; truncate -s -"$1"K "$folder/filler"; }
	drain() { rm "$folder/filler"; }
'

# Its calls are noted, what it did of them (it may get no lock in time), and whether it makes what is there; once $root/last is done, the disk is full.
node_new
owner_conf
wrap qm <<-'END'
	[ "$1" = clone ] && [ -e "$root/etc/pve/qemu-server/$3.conf" ] && echo "$3 again" >>"$root/twice"
	echo "$1 $2 $3" >>"$root/calls"
	"$real" "$@"
	result=$?
	[ "$result" = 0 ] && echo "$1 $2 $3" >>"$root/done"
	grep -qx "$1" "$root/last" 2>/dev/null && head -c 4M /dev/zero >"$root/var/lib/vyom/filler" 2>/dev/null
	exit $result
END
node_keep

status 0 "a disk with ever more room, from none on" within "$disk"'
	for room in $(seq 0 12 300) 1000; do
		fill "$room"
		rm -f "$root/calls"
		run apply --yes >"$tmp/told" 2>&1
		result=$?
		drain
		echo "== $room KiB: status $result" && cat "$tmp/told"
		case $result in
		0) ;;
		2) grep -Eq "make room|No space left|exit status|not as planned" "$tmp/told" || exit 9 ;;
		*) exit $result ;;
		esac
		! grep -q dmesg "$tmp/told" || exit 7
		[ "$result" = 0 ] || ! grep -q "nothing was done" "$tmp/told" || [ ! -e "$root/calls" ] || exit 8
	done
	echo "== with room" && run apply --yes && run verify'
out 'nothing was done: .*make room' "is said to be full, with what to do"
out 'In line: 3 VMs as declared' "in the end all is as declared"
ok "no VM is made twice" not test -e "$root/twice"
ok "no volume is there twice" test "$(volumes | grep -c '^pve-vm--10[123]-')" = 6

for verb in clone set resize start; do
	node_again
	echo "$verb" >"$root/last"
	status 0 "a disk that is full when a $verb ends" within "$disk"'
		run apply --yes; echo "status $?"; run status -o json >/dev/null; echo "looked $?"
		rm "$root/last"; drain
		run apply --yes'
	out "^vyom: .*the disk is full; make room on it" "$verb: it is said"
	out "^status 2$" "$verb: by the exit status too"
	out "^looked 0$" "$verb: one may look"
	out "qm $verb of run 1 was cut off: (going on from what it left|it came to its end)" "$verb: with room again the next run settles it"
	out "(Looked again: nothing is left to do|Nothing to do)" "$verb: and goes on"
	ok "$verb: no VM is made twice" not test -e "$root/twice" -o "$(grep -c '^clone' "$root/done")" -gt 3
	ok "$verb: no volume is there twice" test "$(volumes | grep -c '^pve-vm--10[123]-')" = 6
done
done_testing
