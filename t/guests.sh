# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# guests.sh - for tests whose guests can be logged in to; the first thing such a test reads, before lib.sh
#
# The test begins again in a network of its own, with the bridge vmbr0 at 10.0.2.1/24 and fd00:2::1/64, and with processes
# of its own: none of them is left when it ends, however it does.  It is skipped where that is not to be had.
# In the VM of t/vm the bridge is the machine's.
#
#	guests_say [LINE…]		the setting `ssh` of all VMs from now on: yes if no LINE is given
#	guest_says VMID apt [LINE…]	one setting of one VM; without a LINE it is taken away
#	key_new FILE			a pair of keys, FILE and FILE.pub
#	guest_ssh ADDRESS [FILE] COMMAND…	COMMAND in a guest, as ubuntu with the key FILE: $key if not given
#	guest_up ADDRESS		waits until its sshd answers
#	guest_root VMID			where its files are

if [ -z "${VYOM_TEST_VM:-}${VYOM_GUESTS:-}" ]; then
	in_guests="unshare --net --mount --pid --fork --kill-child --mount-proc"
	for program in sshd ssh ssh-keygen sudo ip unshare setpriv; do
		if ! PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null; then
			echo "1..0 # SKIP no $program here"
			exit 0
		fi
	done
	if ! $in_guests ip link add vmbr0 type bridge 2>/dev/null; then
		echo "1..0 # SKIP a network and processes of one's own are not to be had here"
		exit 0
	fi
	export VYOM_GUESTS=yes
	# shellcheck disable=SC2086 # a command
	exec $in_guests "$BASH" "$0" "$@"
fi

export PATH=$PATH:/usr/sbin:/sbin
if [ -z "${VYOM_TEST_VM:-}" ]; then
	ip -batch - <<-END
		link set lo up
		link add vmbr0 type bridge
		address add 10.0.2.1/24 dev vmbr0
		address add fd00:2::1/64 dev vmbr0 nodad
		link set vmbr0 up
	END
fi

guests_say() {
	mkdir -p "$root/etc/stand-in.d/default"
	[ $# -gt 0 ] || set -- yes
	printf '%s\n' "$@" >"$root/etc/stand-in.d/default/ssh"
}

guest_says() {
	mkdir -p "$root/etc/stand-in.d/$1"
	if [ $# -gt 2 ]; then
		printf '%s\n' "${@:3}" >"$root/etc/stand-in.d/$1/$2"
	else
		rm -f "$root/etc/stand-in.d/$1/$2"
	fi
}

key_new() {
	ssh-keygen -q -t ed25519 -N '' -C test -f "$1" </dev/null
}

guest_ssh() {
	local address=$1 file=${key:-}

	shift
	if [ -f "$1" ]; then
		file=$1
		shift
	fi
	ssh -F none -i "$file" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o ConnectTimeout=5 \
		-o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="$tmp/known_hosts" -o LogLevel=ERROR \
		"ubuntu@$address" "$@" </dev/null
}

guest_up() {
	local end=$((SECONDS + ${VYOM_TEST_VM:+45} + 15))

	while [ $SECONDS -lt $end ]; do
		ssh-keyscan -T 1 -t ed25519 "$1" 2>/dev/null | grep -q . && return
		sleep 0.05
	done
	return 1
}

guest_root() {
	echo "$root/var/lib/stand-in/guest/$1/root"
}
