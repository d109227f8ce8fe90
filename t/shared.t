#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom pool --shared: what clones share with their template, from a snapshot of the pool's metadata that is never left behind.
. "${srcdir:-.}/t/lib.sh"

note=$root/var/lib/vyom/metadata-snapshot.pve-data-tpool

# the block at which a snapshot of the metadata is held, or -
held() {
	if [ -n "$root" ]; then
		sed -n 's/^pve-data-tpool: //p' "$root/run/dm/status"
	else
		dmsetup status --noflush pve-data-tpool
	fi | cut -d' ' -f7
}

message() {
	"$root/usr/sbin/dmsetup" message pve-data-tpool 0 "$1_metadata_snap"
}

nothing_left() {
	[ "$(held)" = - ] && [ ! -e "$note" ]
	report $? "$1: no snapshot is held, and no note of one is left"
}

# write_to VOLUME AT MIB: a guest writes new data over what is there
write_to() {
	if [ -n "$root" ]; then
		# so many sectors of the template's group are now the volume's own
		perl -pi -e 's/(thin pve\/'"$1"' .*parts=)([^: ]+):(\d+)/"$1$2:" . ($3 - '"$3"' * 2048) . ",own:" . '"$3"' * 2048/e' \
			"$root/var/lib/stand-in/lvs"
		"$srcdir/t/node/refresh" "$root"
	else
		dd if=/dev/urandom of="/dev/pve/$1" bs=1M seek="$2" count="$3" oflag=direct 2>/dev/null
	fi
}

node_new
status 0 "where nothing is cloned there is nothing to share" vyom pool --shared
out 'No volume on this node is a clone' "it says so"
owner_conf
vyom apply --yes
status 0 "three clones are measured" vyom pool --shared
out '^pve/vm-101-disk-0 +vyom-control-1 +base-9000-disk-0 +12 MiB +0 B' "a fresh clone shares all that its base has"
out '^together +36 MiB +0 B' "and so do all three"
nothing_left "afterwards"
vyom pool --shared -o json
json '@{$d->{volumes}} == 3 && $d->{volumes}[0]{shared} == 12 << 20 && $d->{volumes}[0]{own} == 0 &&
	$d->{volumes}[0]{vm} eq "vyom-control-1" && $d->{volumes}[0]{origin} eq "base-9000-disk-0"' "as JSON, in bytes"
write_to vm-101-disk-0 2 3
vyom pool --shared
out '^pve/vm-101-disk-0 .* 9 MiB +3 MiB' "what a guest wrote over is its own, to the chunk"
out '^pve/vm-102-disk-0 .* 12 MiB +0 B' "and its neighbour's is not touched"
out '^together +33 MiB +3 MiB' "the sums follow"

message reserve
status 3 "a snapshot that somebody else holds is theirs" vyom pool --shared
out 'somebody else holds a snapshot of its metadata.*dmsetup message pve-data-tpool 0 release_metadata_snap' "it says what would do"
ok "it is left to them" test "$(held)" != -
ok "and no note claims it" not test -e "$note"
echo $(($(held) + 1)) >"$note"
status 3 "also where an older note speaks of another one" vyom pool --shared
ok "which is then gone" not test -e "$note"
held >"$note"
status 0 "one that a killed vyom has left is released" vyom pool --shared
nothing_left "then"
message reserve
echo 0 >"$note"
status 0 "also one that it had no time to write down" vyom pool --shared
nothing_left "then"
: >"$note"
status 0 "a note without a snapshot does no harm" vyom pool --shared
nothing_left "then"
echo mine >"$note"
status 3 "a note that is none of ours is left alone" vyom pool --shared
ok "and is still there" grep -q mine "$note"
rm "$note"

[ -n "$root" ] || { done_testing; exit; }
. "$srcdir/t/live.sh"

wrap thin_delta <<-'END'
	hold
	exec "$real" "$@"
END
for signal in INT TERM HUP; do
	rm -f "$root/go"
	begin pool --shared
	ok "it is held while it is read" soon test -e "$note"
	status 4 "another one is told that it is busy" vyom pool --shared
	out 'another run holds this node: vyom pool --shared' "by whom"
	kill -"$signal" "$live"
	sleep 0.2
	release
	status $((128 + $(kill -l "$signal"))) "SIG$signal ends it" finished
	nothing_left "after SIG$signal"
done
rm -f "$root/go"
begin pool --shared
soon test -s "$note"
soon grep -qv '^0$' "$note"
kill -KILL "$live"
wait "$live"
ok "after SIGKILL it is held" test "$(held)" != -
ok "and noted" test "$(held)" = "$(cat "$note")"
release
status 0 "the next one releases it" vyom pool --shared
nothing_left "then"

# fails SENTENCE PATTERN, with the lines of a thin_delta on stdin
fails() {
	wrap thin_delta
	status 2 "$1 is a failure" vyom pool --shared
	out "$2" "it says so"
	nothing_left "after $1"
}
fails "a thin_delta that fails" 'pool pve/data: pve/vm-101-disk-0: .*exit status 1: no such device' <<-'END'
	echo 'no such device' >&2
	exit 1
END
fails "one that prints half" 'thin_delta: what it printed is not complete' <<-'END'
	"$real" "$@" | head -3
END
fails "one that speaks of other volumes" 'cannot be understood' <<-'END'
	"$real" "$@" | sed 's/left="[0-9]*"/left="77"/'
END
rm "$root/usr/sbin/thin_delta"
status 2 "a node without thin-provisioning-tools" vyom pool --shared
out 'thin_delta: cannot be run' "is told so"
nothing_left "there"
mv "$root/usr/sbin/thin_delta-real" "$root/usr/sbin/thin_delta"
wrap dmsetup <<-'END'
	[ "$4" = reserve_metadata_snap ] || exec "$real" "$@"
	echo 'device-mapper: message ioctl on pve-data-tpool failed: Invalid argument' >&2
	exit 1
END
status 2 "a pool that can keep no snapshot" vyom pool --shared
out 'message ioctl on pve-data-tpool failed' "is told so"
nothing_left "there"
wrap dmsetup <<-'END'
	[ "$4" = release_metadata_snap ] || exec "$real" "$@"
	exit 1
END
status 2 "a snapshot that cannot be released" vyom pool --shared
ok "is noted" test "$(held)" = "$(cat "$note")"
mv "$root/usr/sbin/dmsetup-real" "$root/usr/sbin/dmsetup"
status 0 "and released by the next one" vyom pool --shared
nothing_left "then"
done_testing
