#!/usr/bin/env bash
# OpenBGPD 7.7: what origin validation says of a router's own networks does not follow the records.
#
# Guess, written first: a route's validation state in `bgpctl show rib` is what the records that came by RTR make of it now, whether
# the route is a neighbour's or one of the router's own `network` statements (which are validated too: they get a state at the
# start). When the record is withdrawn, `show rib ovs valid` is empty, and `show rib in ovs valid` likewise.
#
# Seen: the log says that the reload of the records is done, and `show rib in` has the new state; `show rib` goes on showing what the
# own network was when bgpd started (valid, or not found when the record came a moment later), for as long as bgpd runs.
#
# Consequence: who looks after his own announcements with `bgpctl show rib ovs invalid` is told what was true when bgpd started.
# It has to be asked with `in`, or elsewhere, at a router that has the route from a neighbour.
#
#     findings/openbgpd-own-networks.sh       exit 1: it is no longer so. Root, for a mount namespace (bgpd changes its user)
#
# The cache is the few lines below, on loopback; the kernel's routes are not touched.
# SPDX-License-Identifier: MIT
set -uo pipefail

dir=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2>/dev/null; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir" || exit 2
[ "$(id -u)" = 0 ] || { echo "root is needed"; exit 2; }

packages=(openbgpd=7.7-2 libmnl0=1.0.4-3 libevent-2.1-7=2.1.12-stable-8)
for package in "${packages[@]}"; do
	apt-get download "$package" >/dev/null 2>"$dir/apt.log" || apt-get download "${package%%=*}" >/dev/null 2>>"$dir/apt.log" ||
		{ cat "$dir/apt.log"; exit 2; }
done
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f openbgpd_*.deb Package Version | paste -sd' '
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu PATH=$dir/root/usr/sbin:$PATH

# RTR version 1: one record at the start; without it once the file `gone` is there.
cat >cache.py <<'P'
import os, socket, struct
def record(flags):
    return struct.pack("!BBHIBBBB4sI", 1, 4, 0, 20, flags, 24, 24, 0, bytes([192, 0, 2, 0]), 64500)
def answer(serial, *records):
    end = struct.pack("!BBHIIIII", 1, 7, 7, 24, serial, 3600, 600, 7200)
    return struct.pack("!BBHI", 1, 3, 7, 8) + b"".join(records) + end
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sock, told = listener.accept()[0], False
sock.settimeout(0.2)
while True:
    if os.path.exists("gone") and not told:
        told = True
        sock.sendall(struct.pack("!BBHII", 1, 0, 7, 12, 2))
    try:
        head = sock.recv(8, socket.MSG_WAITALL)
    except TimeoutError:
        continue
    if len(head) < 8:
        break
    sock.recv(struct.unpack("!I", head[4:])[0] - 8)
    sock.sendall(answer(1, record(1)) if not told else answer(2, record(0)) if head[1] == 1 else answer(2))
P
/usr/bin/python3 cache.py >cache.port &
children+=($!)
for _ in $(seq 50); do [ -s cache.port ] && break; sleep 0.1; done

cat >bgpd.conf <<C
AS 64500
router-id 192.0.2.1
fib-update no
listen on 127.0.0.1 port 17917
socket "$dir/bgpd.sock"
rtr 127.0.0.1 { port $(cat cache.port) }
prefix-set own { 192.0.2.0/24 }
network prefix-set own
neighbor 127.0.0.2 {
	remote-as 64501
	passive
}
C
chmod 600 bgpd.conf
{ grep -v '^_openbgpd:' /etc/passwd; echo '_openbgpd:x:64998:64998::/run/openbgpd:/usr/sbin/nologin'; } >passwd
{ grep -v '^_openbgpd:' /etc/group; echo '_openbgpd:x:64998:'; } >group
unshare -m sh -c 'mount --bind passwd /etc/passwd && mount --bind group /etc/group && mount -t tmpfs tmpfs /run && mkdir /run/openbgpd &&
	exec bgpd -d -f bgpd.conf' >bgpd.log 2>&1 &
children+=($!)

valid() { bgpctl -s "$dir/bgpd.sock" show rib "$@" ovs valid 2>/dev/null | grep -c '192.0.2.0/24'; }
# seen NUMBER WORDS...: within ten seconds as many valid routes as that.
seen() { for _ in $(seq 50); do [ "$(valid "${@:2}")" = "$1" ] && return 0; sleep 0.2; done; return 1; }

# What it had at the start depends on whether the record came first.
seen 1 in || { tail -5 bgpd.log; exit 1; }
sleep 3
before=$(valid)
echo "with the record:    show rib in $(valid in) valid, show rib $before valid"
reloads=$(grep -c 'softreload done' bgpd.log)
touch gone
seen 0 in || { tail -5 bgpd.log; exit 1; }
for _ in $(seq 50); do [ "$(grep -c 'softreload done' bgpd.log)" -gt "$reloads" ] && break; sleep 0.2; done
sleep 3
echo "without the record: show rib in $(valid in) valid, show rib $(valid) valid"
[ "$(valid in)" = 0 ] && [ "$(valid)" = "$before" ]
