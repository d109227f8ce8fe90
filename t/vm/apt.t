#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The test node's apt and dpkg are real: a package is installed by its file, with what vyom's own depends on.
. "${srcdir:-.}/t/lib.sh"

[ -n "${VYOM_TEST_VM:-}" ] || skip_all "this is not the test node"
export DEBIAN_FRONTEND=noninteractive

# package NAME VERSION DEPENDS: makes $tmp/NAME_VERSION.deb with the program NAME, which prints VERSION
package() {
	local tree=$tmp/$1
	mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/etc/$1"
	printf '#!/bin/sh\necho %s\n' "$2" >"$tree/usr/bin/$1"
	chmod 755 "$tree/usr/bin/$1"
	echo "$2" >"$tree/etc/$1/conf"
	echo "/etc/$1/conf" >"$tree/DEBIAN/conffiles"
	printf '%s\n' "Package: $1" "Version: $2" 'Architecture: all' 'Maintainer: nobody' "Depends: $3" "Description: $1" \
		>"$tree/DEBIAN/control"
	dpkg-deb -b "$tree" "$tmp/$1_$2.deb" >/dev/null
}
apt() {
	apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >"$tmp/out" 2>&1 </dev/null
}

# those that Debian 13 calls …t64 still provide the old names
package tried 1.0 'libc6 (>= 2.34), libconfuse2, libdevmapper1.02.1, libjansson4, libsqlite3-0, libssh-4, libssl3'
package tried 1.1 'libc6 (>= 2.34)'
package other 1.0 'no-such-package'
status 0 "all is in order" apt check
status 0 "a package is installed by its file, without a mirror" apt install "$tmp/tried_1.0.deb"
no_out warning "and without complaint"
ok "its program runs" test "$(tried)" = 1.0
echo mine >/etc/tried/conf
status 0 "a later one is installed over it" apt -o Dpkg::Options::=--force-confold install "$tmp/tried_1.1.deb"
ok "and runs" test "$(tried)" = 1.1
ok "an edited conffile stays" grep -qx mine /etc/tried/conf
status 100 "what needs something that is not there is not installed" apt install "$tmp/other_1.0.deb"
out 'unmet dependencies' "which is said"
status 0 "it is purged" apt purge tried
ok "and gone" not test -e /etc/tried
ok "the stand-in is a package to dpkg" test "$(dpkg-query -W -f '${Status}' pve-manager)" = "install ok installed"
done_testing
