#!/usr/bin/env bash
# FRR 8.4.4: a route that was refused for want of a record stays refused when the record comes.
#
# Guess, written first: with `match rpki valid` in an inbound route map and soft-reconfiguration, a route without a record is refused
# and kept, and looked at again when a record for it comes: bgpd validates anew what a changed record covers. That works in the
# other direction (a record is withdrawn, its route goes), so it should in this one.
#
# Seen: the record is in `show rpki prefix-table`, the route in `received-routes`, and it stays out for as long as nothing else
# changes. Only destinations that have a route in the table are looked at again; one that was refused has none. `clear bgp ipv4 unicast
# * soft in` lets it in at once.
#
# Consequence: who announces a block a moment after it was registered is refused by neighbours with FRR that hear of the record
# later, until they are told to look again; something has to tell them whenever records come.
#
#     findings/frr-record-after-route.sh       exit 1: it is no longer so. Root, for a network namespace
#
# The cache is the few lines below; BIRD is the neighbour, both in a namespace.
# SPDX-License-Identifier: MIT
set -uo pipefail
packages=(frr=8.4.4-1.1~deb12u2 frr-rpki-rtrlib=8.4.4-1.1~deb12u2 librtr0=0.8.0-1+b1 libyang2=2.1.30-2 libjson-c5=0.16-2
	libpcre2-8-0=10.42-1 libreadline8=8.2-1.3 libc-ares2=1.18.1-3 bird2=2.0.12-7 libssh-gcrypt-4=0.10.6-0+deb12u1 libssh-4=0.10.6-0+deb12u1)
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

ip link set lo up
ip addr add 198.51.100.1/32 dev lo
ip addr add 198.51.100.2/32 dev lo
cd "$2" || exit 2
dir=$2 children=()
trap 'kill "${children[@]}" 2>/dev/null; sleep 1; kill -9 "${children[@]}" 2>/dev/null; wait' EXIT
for package in *.deb; do dpkg -x "$package" root; done
for package in frr bird2; do dpkg-deb -f "$package"_*.deb Package Version | paste -sd' '; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/usr/lib/x86_64-linux-gnu/frr
mkdir run
: >vtysh.conf

# RTR version 1: another record at the start, and the one for the route once the file `come` is there.
cat >cache.py <<'P'
import os, socket, struct
def record(third):
    return struct.pack("!BBHIBBBB4sI", 1, 4, 0, 20, 1, 24, 24, 0, bytes([192, 0, third, 0]), 64501)
def answer(serial, *records):
    return struct.pack("!BBHI", 1, 3, 7, 8) + b"".join(records) + struct.pack("!BBHIIIII", 1, 7, 7, 24, serial, 3600, 600, 7200)
listener = socket.create_server(("127.0.0.1", 3323))
sock, told = listener.accept()[0], False
sock.settimeout(0.2)
while True:
    if os.path.exists("come") and not told:
        told = True
        sock.sendall(struct.pack("!BBHII", 1, 0, 7, 12, 2))
    try:
        head = sock.recv(8, socket.MSG_WAITALL)
    except TimeoutError:
        continue
    if len(head) < 8:
        break
    sock.recv(max(0, struct.unpack("!I", head[4:])[0] - 8))
    sock.sendall(answer(1, record(9)) if not told else answer(2, record(2)))
P
/usr/bin/python3 cache.py &
children+=($!)

cat >bird.conf <<'C'
router id 192.0.2.2;
protocol device { }
protocol static { ipv4; route 192.0.2.0/24 unreachable; }
protocol bgp { local 198.51.100.2 as 64501; strict bind; neighbor 198.51.100.1 as 64500; multihop 2; connect delay time 1; connect retry time 1;
	error wait time 1, 1; ipv4 { import none; export all; next hop address 198.51.100.2; }; }
C
root/usr/sbin/bird -f -c bird.conf -s bird.ctl -P bird.pid >bird.log 2>&1 &
children+=($!)
cat >frr.conf <<'C'
rpki
 rpki cache 127.0.0.1 3323 preference 1
exit
route-map in permit 1
 match rpki valid
exit
router bgp 64500
 bgp router-id 192.0.2.1
 neighbor 198.51.100.2 remote-as 64501
 neighbor 198.51.100.2 ebgp-multihop 2
 neighbor 198.51.100.2 timers connect 1
 address-family ipv4 unicast
  neighbor 198.51.100.2 soft-reconfiguration inbound
  neighbor 198.51.100.2 route-map in in
  neighbor 198.51.100.2 route-map in out
 exit-address-family
exit
C
root/usr/lib/frr/bgpd -n -Z -S -l 198.51.100.1 -M "$dir/root/usr/lib/x86_64-linux-gnu/frr/modules/bgpd_rpki.so" -f "$dir/frr.conf" \
	--vty_socket "$dir/run" -i "$dir/run/pid" >bgpd.log 2>&1 &
children+=($!)
vtysh() { root/usr/bin/vtysh --vty_socket "$dir/run" --config_dir "$dir" -d bgpd -c "$1" 2>&1; }
taken() { vtysh 'show bgp ipv4 unicast' | grep -c '192.0.2.0/24'; }
kept() { vtysh 'show bgp ipv4 unicast neighbors 198.51.100.2 received-routes' | grep -c '192.0.2.0/24'; }
record() { vtysh 'show rpki prefix-table' | grep -c '^192.0.2.0 .*64501'; }

# seen N COMMAND: within twenty seconds it says N.
seen() { for _ in $(seq 100); do [ "$("$2")" = "$1" ] && return 0; sleep 0.2; done; return 1; }
seen 1 kept || exit 1
sleep 15 # all routes are looked at again some seconds after the first set
echo "before the record: kept $(kept), taken $(taken)"
touch come
seen 1 record || exit 1
sleep 10
before=$(taken)
echo "ten seconds after it: record $(record), kept $(kept), taken $before"
vtysh 'clear bgp ipv4 unicast * soft in'
sleep 1
echo "told to look again: taken $(taken)"
[ "$(record) $(kept) $before $(taken)" = "1 1 0 1" ]
