#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian package: what is in it, and what installing, upgrading, removing and purging do.
#
# `make check-deb` runs it: it builds the package, and installs it into a folder. With VYOM_TEST_DEB=FILE
# it takes that one, and this machine must be a chroot to throw away: scripts/deb-chroots.
. "${srcdir:-.}/t/lib.sh"

deb=${VYOM_TEST_DEB:-}
if [ -z "$deb" ]; then
	dpkg-query -W -f '${Version}' debhelper >/dev/null 2>&1 || skip_all "debhelper is not installed"
	deb=$(make -s --no-print-directory -C "$top_builddir" deb 2>"$tmp/out")
	ok "make deb builds the package" test -f "$deb"
	[ -f "$deb" ] || exit 1
fi
field() {
	dpkg-deb -f "$deb" "$1"
}

# --- what it says ---
. /etc/os-release
upstream=$(sed -n 's/^AC_INIT(\[vyom\], \[\(.*\)\], \[\], \[vyom\])/\1/p' "$srcdir/configure.ac")
version=$(field Version)
ok "its version is configure.ac's, with the release" test "$version" = "$upstream+deb$VERSION_ID"
ok "its file is named after it" test "$(basename "$deb")" = "vyom_${version}_$(dpkg --print-architecture).deb"
ok "that of the next release of Debian is higher" \
	dpkg --compare-versions "$version" lt "$upstream+deb$((VERSION_ID + 1))"
ok "that of the next vyom is higher still" dpkg --compare-versions "$upstream+deb99" lt "$upstream.1+deb$VERSION_ID"
field Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//; s/t64$//' | sort >"$tmp/out"
ok "it needs libraries, found by what it is linked with, and nothing else" \
	test "$(paste -sd' ' "$tmp/out")" = "libc6 libconfuse2 libdevmapper1.02.1 libjansson4 libsqlite3-0 libssh-4 libssl3"

# --- what is in it ---
dpkg-deb --fsys-tarfile "$deb" >"$tmp/fsys.tar"
units=usr/lib/systemd/system
[ "$VERSION_ID" != 12 ] || units=lib/systemd/system
cat >"$tmp/wanted" <<END
etc/cron.d/vyom
etc/vyom/vyom.conf
$units/vyom-verify.service
$units/vyom-verify.timer
usr/sbin/vyom
usr/share/bash-completion/completions/vyom
usr/share/doc/vyom/README.gz
usr/share/doc/vyom/changelog.gz
usr/share/doc/vyom/copyright
usr/share/doc/vyom/examples/vyom.conf
usr/share/lintian/overrides/vyom
usr/share/man/man5/vyom.conf.5.gz
usr/share/man/man8/vyom.8.gz
usr/share/vyom/vyom.conf
END
tar -tf "$tmp/fsys.tar" | sed 's,^\./,,' | grep -v '/$\|^$' | LC_ALL=C sort | diff "$tmp/wanted" - >"$tmp/out"
ok "it has all its files, and no others" not test -s "$tmp/out"
tar -tvf "$tmp/fsys.tar" >"$tmp/list"
grep '/var/lib/vyom/$' "$tmp/list" >"$tmp/out"
out '^drwx------ ' "the journal's folder is root's alone"
awk '$2 != "root/root" || $1 ~ /^[^l](....w|.......w|..s|.....s)/' "$tmp/list" >"$tmp/out"
ok "all is root's, and only root's to write" not test -s "$tmp/out"
dpkg-deb --info "$deb" conffiles | sort >"$tmp/out"
ok "its conffiles are the config and cron's" cmp -s "$tmp/out" <(printf '%s\n' /etc/cron.d/vyom /etc/vyom/vyom.conf)
if command -v lintian >/dev/null; then
	lintian --allow-root --fail-on error,warning "$deb" >"$tmp/out" 2>&1
	report $? "lintian has neither errors nor warnings"
else
	report 0 "lintian has neither errors nor warnings # SKIP lintian is not installed"
fi
if [ -z "${VYOM_TEST_DEB:-}" ]; then
	cp "$top_builddir/vyom-$upstream.tar.xz" "$tmp"
	ok "built again it is the same, to the byte" cmp -s "$deb" "$("$srcdir/scripts/deb" "$tmp/vyom-$upstream.tar.xz")"
fi

# --- what it does ---
# package ARGUMENT…: dpkg, on the chroot or on a folder, with nobody to ask
if [ -n "${VYOM_TEST_DEB:-}" ]; then
	root=
	export DEBIAN_FRONTEND=noninteractive
	package() {
		dpkg "$@" >"$tmp/out" 2>&1 </dev/null
	}
	# as vyom deploy and people do; what it needs comes from the mirror
	first() {
		apt-get -qq update && apt-get -q -y --no-install-recommends install "$1"
	} >"$tmp/out" 2>&1
else
	root=$tmp/root
	mkdir -p "$root/var/lib/dpkg/"{info,updates,triggers} "$root/etc"
	: >"$root/var/lib/dpkg/status"
	# its scripts heed DPKG_ROOT, so the folder needs no shell, and nobody need be root
	package() {
		PATH=$PATH:/usr/sbin:/sbin dpkg --root="$root" --log=/dev/null --force-not-root --force-depends \
			--force-script-chrootless "$@" >"$tmp/out" 2>&1 </dev/null
	}
	first() {
		package -i "$1"
	}
fi
timer=$root/etc/systemd/system/timers.target.wants/vyom-verify.timer
conf=$root/etc/vyom/vyom.conf
state=$root/var/lib/vyom

# later PACKAGE VERSION: one like it, with another example
later() {
	rm -rf "$tmp/later"
	dpkg-deb -R "$1" "$tmp/later"
	sed -i "s/^Version: .*/Version: $2/" "$tmp/later/DEBIAN/control"
	echo "# of $2" | tee -a "$tmp/later/etc/vyom/vyom.conf" >>"$tmp/later/usr/share/vyom/vyom.conf"
	dpkg-deb --root-owner-group -b "$tmp/later" "$tmp/vyom_$2.deb" >/dev/null
}
later "$deb" "$upstream.1+deb$VERSION_ID"
later "$deb" "$upstream.2+deb$((VERSION_ID + 1))"

ok "it installs" first "$deb"
if [ -z "$root" ]; then
	status 0 "and runs" sh -c "vyom --version >'$tmp/out' 2>&1"
	out "^vyom $upstream\$" "as the version it is"
	ok "dpkg finds its files as they should be" sh -c "! dpkg -V vyom | grep . >'$tmp/out'"
fi
ok "the timer is enabled" test -L "$timer"
ok "the config is the example" cmp -s "$conf" "$srcdir/etc/vyom.conf"
ok "nothing has been written about VMs" test -z "$(ls -A "$state")"
ok "a later one is installed over it" package -i "$tmp/vyom_$upstream.1+deb$VERSION_ID.deb"
ok "the config that nobody edited follows the example" cmp -s "$conf" "$root/usr/share/vyom/vyom.conf"
echo '# mine' >>"$conf"
echo 'ssh-ed25519 AAAA me@home' >"$root/etc/vyom/authorized_keys"
mkdir -p "$state/output"
: >"$state/journal.db"
ok "that of a newer Debian too" package --force-confdef --force-confold -i "$tmp/vyom_$upstream.2+deb$((VERSION_ID + 1)).deb"
ok "an edited config stays as it is" grep -q '^# mine' "$conf"
ok "with the new example beside it" cmp -s "$conf.dpkg-dist" "$root/usr/share/vyom/vyom.conf"
ok "the timer is still enabled" test -L "$timer"
ok "removed" package -r vyom
ok "it leaves the config" grep -q '^# mine' "$conf"
ok "and the journal" test -e "$state/journal.db"
ok "but no program" not test -e "$root/usr/sbin/vyom"
ok "cron's line runs nothing" sh -c "$(sed -n "s,^17 .* root ,,p" "$root/etc/cron.d/vyom" | sed "s,-x /,-x $root/,")"
ok "purged" package -P vyom
out 'The VMs stay as they are' "it says what the journal was"
ok "which is gone" not test -e "$state"
ok "as are the config and its cron file" not test -e "$conf" -o -e "$root/etc/cron.d/vyom"
ok "and the timer" not test -L "$timer"
ok "keys that somebody put beside the config are not its own to remove" test -e "$root/etc/vyom/authorized_keys"
rm -r "$root/etc/vyom"
find "${root:-/}" -xdev -path '*vyom*' ! -path "${root:-}/src/*" ! -path "${root:-}/tmp/*" ! -path '*/proc/*' >"$tmp/out" 2>/dev/null
[ -n "$root" ] || ok "nothing else of it is left" not test -s "$tmp/out"
done_testing
