# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# images.sh - what the tests share that build golden images (after guests.sh, lib.sh and live.sh)
#
#	node_bare [OPTION…]	a node without a template, with an image; what the one before had running ends;
#				OPTIONs are those of t/node/new
#	image_new [SEED]	another image with another seed: $image, and its SHA-256 $digest; its size is no
#				multiple of an extent
#	template_conf [LINE…]	vyom.conf: LINEs stand in its template's section, and of two with one key the last holds;
#				`KEY = -` takes one away; $sink says where the master key goes: $tmp/kept
#	build			a template is built
#	see_argv		from now on $root/argv has what qm was asked for
#	volume NAME		its line of the stand-in
#	nothing_running		is no guest there any more?
#
# All limits are shorter: SSH has 9 s, apt 27.

export VYOM_TIME_SCALE=0.03

# shellcheck disable=SC2120 # a seed may follow
image_new() {
	image=$root/var/lib/vz/template/iso/noble.img
	truncate -s 0 "$image"
	truncate -s 33M "$image"
	printf 'image %s' "${1:-1}" | dd of="$image" conv=notrunc status=none
	digest=$(sha256sum "$image" | cut -d' ' -f1)
}

template_conf() {
	{
		printf 'node "pve" { }\ntemplate "prakriti-template" {\n'
		{
			printf '%s\n' 'vmids = "9000-9003"' 'image = "/var/lib/vz/template/iso/noble.img"' \
				"sha256 = \"$digest\"" 'build-address = "10.0.2.90/24"' 'gateway = "10.0.2.1"' \
				'packages = { "qemu-guest-agent" }' "$sink" "$@"
		} | awk '{ if (!($1 in line)) order[++n] = $1; line[$1] = $0 }
			END { for (i = 1; i <= n; i++) if (line[order[i]] !~ /= -$/) print "\t" line[order[i]] }'
		printf '}\ncluster "test" {\n\tmemory = "256M"\n\tdisk = "64M"\n\tuser = "ubuntu"\n%s\n' \
			'vm "vm-1" { vmid = 201  address = "10.0.2.101/24" }
			vm "vm-2" { vmid = 202  address = "10.0.2.102/24" } }'
	} | conf
}

# shellcheck disable=SC2120 # options may follow
node_bare() {
	local pid

	for pid in "$root"/run/qemu-server/*.pid; do
		[ ! -e "$pid" ] || qm stop "$(basename "$pid" .pid)" >/dev/null
	done
	rm -rf "$root"
	"$srcdir/t/node/new" "$root" --time-scale 0.02 --clone-rate 0 "$@" >/dev/null
	mkdir -p "$root/etc/vyom"
	guests_say
	image_new
	rm -f "$tmp/kept"
}

# shellcheck disable=SC2120 # a name may follow
build() {
	vyom template --yes build "$@"
}

keeper=$tmp/keeper
cat >"$keeper" <<-'END'
	#!/bin/sh
	cat >"$1"
END
chmod 755 "$keeper"
sink="key-sink = { \"$keeper\", \"$tmp/kept\" }"

volume() {
	grep "^thin pve/$1 " "$root/var/lib/stand-in/lvs"
}

nothing_running() {
	! pgrep -f 'stand-in/guest/9' >/dev/null && ! ip link | grep -q tap9
}

see_argv() {
	wrap qm <<-'END'
		printf '%s\n' "$*" >>"$root/argv"
		exec "$real" "$@"
	END
	: >"$root/argv"
}
