#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# deploy brings the package to a node with a real sshd; dpkg and apt-get there are a test's own.  The real ones
# are the test node's: scripts/try.
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/sshd.sh
. "$srcdir/t/sshd.sh"

sshd_need
sshd_home
node_new
sshd_start pve "$root"
bin=$tmp/pve/bin
version=$("$top_builddir/vyom" --version | cut -d' ' -f2)

# program NAME: a script on the node, from standard input
program() {
	{
		echo '#!/bin/sh'
		cat
	} >"$bin/$1"
	chmod 755 "$bin/$1"
}
# a node of Debian 12, which has vyom 0.0.9
printf 'ID=debian\nVERSION_ID="12"\n' >"$tmp/os-release"
program cat <<-END
	[ "\$1" = /etc/os-release ] || exec /bin/cat "\$@"
	exec /bin/cat "$tmp/os-release"
END
program dpkg <<-'END'
	echo amd64
END
echo 0.0.9 >"$tmp/installed"
program dpkg-query <<-END
	[ -s "$tmp/installed" ] || exit 1
	printf 'installed %s' "\$(/bin/cat "$tmp/installed")"
END
program apt-get <<-END
	for package; do :; done
	stat -c '%a %U' "\$package" "\$(dirname "\$package")" >"$tmp/modes"
	/bin/cat "\$package" >"$tmp/brought"
	echo "\$*" >"$tmp/words"
	echo "$version+deb12" >"$tmp/installed"
END
package=vyom_$version+deb12_amd64.deb
mkdir "$tmp/packages"
head -c 300000 /dev/urandom >"$tmp/packages/$package"
left() {
	find /var/tmp -maxdepth 1 -name 'vyom-*' -newer "$tmp/os-release"
}

status 0 "deploy" afar pve deploy "$tmp/packages"
out "^pve: vyom 0\\.0\\.9 → $version\\+deb12\$" "tells the version before and after"
ok "what apt-get got is what is here" cmp "$tmp/packages/$package" "$tmp/brought"
ok "in a file and a folder of root's own" test "$(tr '\n' ' ' <"$tmp/modes")" = "600 root 700 root "
ok "and nobody is asked" grep -q -- '--yes .*--force-confold' "$tmp/words"
ok "nothing is left there" test -z "$(left)"
: >"$tmp/installed"
status 0 "of one file, in JSON" afar pve deploy "$tmp/packages/$package" -o json
json '$d->{event} eq "deployed" && $d->{before} eq "" && $d->{after} eq "'"$version"'+deb12"' "is told"
in_its_folder() {
	cd "$tmp/packages" && afar pve deploy
	local got=$?
	cd "$srcdir" || return
	return $got
}
status 0 "without a file it is looked for here" in_its_folder

# --- what stands in the way ---
status 3 "no package for the node's release" afar pve deploy "$root"
out "${package//+/\\+} is not there: run make deb on the release that the node has" "what to do is said"
echo 'ID=alpine' >"$tmp/os-release"
status 3 "what is no Debian" afar pve deploy "$tmp/packages"
out '^vyom: pve: it is no Debian \("alpine"\)' "is left alone"
printf 'ID=debian\nVERSION_ID="12"\n' >"$tmp/os-release"
program sha256sum <<-'END'
	echo 0000000000000000000000000000000000000000000000000000000000000000
END
rm "$tmp/words"
status 2 "a package that came there otherwise than it is here" afar pve deploy "$tmp/packages"
out 'its SHA-256 differs; nothing was installed' "is told"
ok "and not installed" test ! -e "$tmp/words"
ok "nor left there" test -z "$(left)"
rm "$bin/sha256sum"
program apt-get <<-'END'
	echo 'E: Unable to correct problems, you have held broken packages.' >&2
	exit 100
END
status 2 "an apt-get that fails" afar pve deploy "$tmp/packages"
out 'apt-get install: exit status 100: E: Unable to correct problems' "is told in its words"
ok "nothing is left there" test -z "$(left)"
chmod 666 "$tmp/packages/$package"
status 3 "a package that everybody could have written" afar pve deploy "$tmp/packages"
out 'can be written by everybody' "is refused"
sshd_stop pve
status 2 "a node that is not there" afar pve deploy "$tmp/packages"
out '^vyom: pve: .*refused' "is told"
done_testing
