#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# vyom template build downloads its image through the node's own pvesh, which exits 0 also when that failed.

# shellcheck source=t/guests.sh
. "${srcdir:-.}/t/guests.sh"
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"
# shellcheck source=t/images.sh
. "$srcdir/t/images.sh"

# serve [MIB/S [CUT-AT]]: the image from a web server; what there was is gone
serve() {
	[ -z "${httpd:-}" ] || kill "$httpd"
	rm -f "$tmp/requests"
	"$srcdir/t/node/httpd" "$tmp" "$@" >"$tmp/requests" &
	httpd=$!
	soon test -s "$tmp/requests"
	port=$(head -n 1 "$tmp/requests")
}

requests() {
	grep -c '^GET' "$tmp/requests"
}

# node_remote [LINE…]: the image is on the web, and not on the node
node_remote() {
	node_bare
	rm -f "$tmp/kept"
	mv "$image" "$tmp/noble.img"
	remote "$@"
}

remote() {
	template_conf 'image = "local:iso/noble.img"' "url = \"http://127.0.0.1:$port/noble.img\"" "$@"
}

untouched() {
	ok "$1: nothing is made" test ! -e "$root/etc/pve/qemu-server/9000.conf"
	ok "$1: and the key is not asked for" test ! -e "$tmp/kept"
	ok "$1: no part of it is left" test -z "$(ls "$root/var/lib/vz/template/iso")"
}

serve
node_remote
status 0 "an image that is not there is downloaded, and a template built" build
out 'fetch +done' "as a step"
ok "once" test "$(requests)" = 1
image_new 2
mv "$image" "$tmp/noble.img"
remote 'image = "local:iso/noble-2.img"'
status 0 "the next one gets a name of its own" build
ok "and is downloaded too" test "$(requests)" = 2
status 0 "a build with an image that is there" build
ok "does not download it again" test "$(requests)" = 2

zeroes=$(printf '%064d' 0)
serve
node_remote "sha256 = \"$zeroes\""
status 2 "one with another checksum ends the build" build
out "fetch +failed .*checksum mismatch: got '[0-9a-f]{64}' != expect '$zeroes'" "in pvesh's own words"
no_out 'qm said' "and it was not qm"
ok "it is downloaded once" test "$(requests)" = 1
untouched "another checksum"

remote "url = \"http://127.0.0.1:$port/nothing.img\""
status 2 "one that is not on the server too" build
out 'fetch +failed .*404: Not Found' "with what the server said"
untouched "not on the server"

serve 100 1000000
remote
status 2 "a connection that breaks too" build
out 'fetch +failed .*Connection closed' "with what wget said"
untouched "a broken connection"

kill "$httpd" && wait "$httpd" 2>/dev/null
httpd=
status 2 "a server that is not there too" build
out 'fetch +failed .*Connection refused' "with what wget said"
untouched "no server"

serve
remote
status 0 "then the next build goes on" build
ok "with one download" test "$(requests)" = 1

# --- killed meanwhile ---
for point in started downloading downloaded verified renamed; do
	node_remote
	serve
	remote
	printf '%s\n' "download $point kill" | faults
	build
	rm -f "$root/etc/stand-in.d/faults"
	status 0 "download $point, killed: the next build converges" build
	ok "download $point, killed: the image is there" test -e "$root/var/lib/vz/template/iso/noble.img"
done
done_testing
