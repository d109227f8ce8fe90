# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# sshd.sh - nodes that are reached by SSH (after lib.sh): an sshd of a test's own for each, on loopback
#
#	sshd_need		ends the test with a reason where this cannot be
#	sshd_home		a home for who asks: a key, an empty known_hosts, no config; $home
#	sshd_outpost		that, and the owner's config for who asks and not for the node, in $tmp/outpost
#	sshd_start NAME ROOT [LINE…]	an sshd whose vyom works on the node in ROOT; $home/.ssh/config knows
#				it as NAME, with its key in known_hosts; LINE: more for sshd_config
#	sshd_stop NAME		it and its connections end
#	sshd_cut NAME		its connections end
#	afar NAME VERB …	vyom -H NAME VERB …, as who asks; output kept
#
# A node's vyom is $tmp/NAME/bin/vyom, a script that a test may replace.

sshd_need() {
	[ "$(id -u)" = 0 ] || skip_all "needs root, for sshd lets in nobody else"
	[ -x /usr/sbin/sshd ] || skip_all "needs openssh-server"
	[ -d /run/sshd ] || { mkdir -m 755 /run/sshd && sshd_made=yes; }
}

sshd_home() {
	home=$tmp/home
	mkdir "$home"
	mkdir -m 700 "$home/.ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$home/.ssh/id_ed25519"
	: >"$home/.ssh/known_hosts"
	: >"$home/.ssh/config"
}

sshd_outpost() {
	sshd_home
	node_new
	mkdir -p "$tmp/outpost/etc/vyom"
	owner_conf
	mv "$root"/etc/vyom/* "$tmp/outpost/etc/vyom"
}

sshd_port_is_free() {
	! (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null
}

# the script that a login finds as vyom
sshd_vyom() {
	printf '#!/bin/sh\nexec %q "$@" --sysroot %q\n' "$top_builddir/vyom" "$2" >"$tmp/$1/bin/vyom"
	chmod 755 "$tmp/$1/bin/vyom"
}

sshd_start() {
	local name=$1 root=$2 folder=$tmp/$1
	shift 2

	if [ ! -d "$folder" ]; then
		mkdir -p "$folder/bin"
		ssh-keygen -q -t ed25519 -N '' -f "$folder/host_key"
		cp "$home/.ssh/id_ed25519.pub" "$folder/authorized_keys"
		sshd_vyom "$name" "$root"
		# below those that connections are given for their own end, of which others have many
		for _ in $(seq 50); do
			port=$((20000 + RANDOM % 12000))
			sshd_port_is_free "$port" && break
		done
		echo "$port" >"$folder/port"
		printf 'Host %s\n\tHostName 127.0.0.1\n\tPort %s\n\tUser root\n' "$name" "$port" >>"$home/.ssh/config"
		printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$folder/host_key.pub")" >>"$home/.ssh/known_hosts"
	fi
	{
		printf '%s\n' "$@"
		printf 'Port %s\nListenAddress 127.0.0.1\nHostKey %s\n' "$(cat "$folder/port")" "$folder/host_key"
		printf 'AuthorizedKeysFile %s\nPidFile none\nUsePAM no\nStrictModes no\n' "$folder/authorized_keys"
		printf 'PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\nPrintMotd no\nPrintLastLog no\n'
		printf 'Subsystem sftp internal-sftp\n'
		printf 'SetEnv PATH=%s:/usr/sbin:/usr/bin:/sbin:/bin HOME=%s NODE=%s VYOM_TIME_SCALE=%s\n' \
			"$folder/bin" "$folder" "$name" "${VYOM_TIME_SCALE:-1}"
	} >"$folder/sshd_config"
	/usr/sbin/sshd -D -f "$folder/sshd_config" -E "$folder/log" 2>"$folder/start" &
	echo $! >"$folder/pid"
	for _ in $(seq 200); do
		sshd_port_is_free "$(cat "$folder/port")" || return 0
		sleep 0.02
	done
	echo "# sshd $name does not start: $(cat "$folder/start")"
	return 1
}

sshd_cut() {
	pkill -KILL -P "$(cat "$tmp/$1/pid")"
	return 0
}

sshd_stop() {
	local pid
	pid=$(cat "$tmp/$1/pid")
	kill -STOP "$pid"
	sshd_cut "$1"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	return 0
}

# as lib.sh's, and away with the sshds
finish() {
	local name
	for name in "$tmp"/*/sshd_config; do
		[ -e "$name" ] && sshd_stop "$(basename "$(dirname "$name")")"
	done
	jobs -p | xargs -r kill 2>/dev/null
	[ -z "${sshd_made:-}" ] || rmdir /run/sshd 2>/dev/null
	rm -rf "$tmp"
}

afar() {
	local name=$1
	shift
	HOME=$home SSH_AUTH_SOCK=${agent:-} "$top_builddir/vyom" -H "$name" --sysroot "$tmp/outpost" "$@" >"$tmp/out" 2>&1 </dev/null
}
