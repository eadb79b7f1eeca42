#!/usr/bin/env bash
# rtrlib 0.8 (FRR, rtrclient): a cache at 127.0.0.1 is not reached from a machine that is IPv6 only elsewhere, nor one at ::1 from one
# that is IPv4 only.
#
# Guess, written first: an address that is written in numbers needs no look-up, and loopback is always there in both families; so a
# cache on the router itself is reached at 127.0.0.1 and at ::1, whatever the addresses of the router's links are.
#
# Seen: with no address but the loopback ones both are reached. As soon as the machine has an IPv6 address and no IPv4 one, 127.0.0.1
# gives "getaddrinfo error, Address family for hostname not supported", and the next try is ten minutes later; the other way round
# with ::1. With both families both are reached again. rtrlib looks up with AI_ADDRCONFIG, which glibc applies to numbers too, and for
# which loopback addresses do not count once there is any other.
#
# Consequence: the cache on a router is given as an address of the family that the router has outside. On a machine that was first
# dual stack, the cache beside it is lost with the last IPv4 address, though nothing between them changed.
#
#     findings/rtrlib-loopback-family.sh       exit 1: it is no longer so. Root, for a network namespace
#
# SPDX-License-Identifier: MIT
set -uo pipefail
packages=(rtr-tools=0.8.0-1+b1 librtr0=0.8.0-1+b1 libssh-gcrypt-4=0.10.6-0+deb12u1)
if [ "${1-}" != inside ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	for package in "${packages[@]}"; do
		(cd "$dir" && { apt-get download "$package" >/dev/null 2>apt.log || apt-get download "${package%%=*}" >/dev/null 2>>apt.log; }) ||
			{ cat "$dir/apt.log"; exit 2; }
	done
	unshare -n "$0" inside "$dir"
	exit
fi

cd "$2" || exit 2
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f rtr-tools_*.deb Package Version | paste -sd' '
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu
ip link set lo up

# RTR version 1, one record, for whoever connects.
cat >cache.py <<'P'
import socket, struct, threading
def cache(family, address):
    listener = socket.create_server((address, 3323), family=family)
    while True:
        connection = listener.accept()[0]
        connection.recv(8)
        connection.sendall(struct.pack("!BBHI", 1, 3, 7, 8) + struct.pack("!BBHIBBBB4sI", 1, 4, 0, 20, 1, 24, 24, 0, bytes([192, 0, 2, 0]), 64501)
                           + struct.pack("!BBHIIIII", 1, 7, 7, 24, 1, 3600, 600, 7200))
for place in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    threading.Thread(target=cache, args=place, daemon=True).start()
threading.Event().wait(60)
P
/usr/bin/python3 cache.py &
trap 'kill $! 2>/dev/null' EXIT
sleep 1

# record HOST: "record", or what the library says was wrong.
record() {
	local said
	said=$(stdbuf -oL timeout 2 root/usr/bin/rtrclient -p tcp "$1" 3323 2>&1)
	if grep -q '^+ *192\.0\.2\.0' <<<"$said"; then echo record; else grep -o 'getaddrinfo error' <<<"$said" || echo nothing; fi
}
all=
for change in 'route show' 'addr add 2001:db8::1/128 dev lo nodad' 'addr add 192.0.2.1/32 dev lo' 'addr del 2001:db8::1/128 dev lo'; do
	# shellcheck disable=SC2086
	ip $change
	said="127.0.0.1: $(record 127.0.0.1); ::1: $(record ::1)"
	echo "$(ip -o addr show dev lo | awk '$4 !~ /^127|^::1/ { printf "%s ", $4 }')| $said"
	all+="$said/"
done
good='127.0.0.1: record; ::1: record/'
[ "$all" = "${good}127.0.0.1: getaddrinfo error; ::1: record/${good}127.0.0.1: record; ::1: getaddrinfo error/" ]
