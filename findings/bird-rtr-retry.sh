#!/usr/bin/env bash
# BIRD 2.0.12, protocol rpki: `retry` is also how long an answer may take.
#
# Guess, written first: `retry 2` is what RFC 8210 section 6 calls the Retry Interval, the time to wait before the next attempt
# after one that failed. A cache that needs four seconds for its first answer (it reads its set, or a program has to be
# started for the session, as over SSH) is waited for: the session stays, and the record is there after four seconds.
#
# Seen: the same timer runs from the question on. Two seconds after the Reset Query the connection is closed as a transport error
# and made anew, again and again; no answer is ever heard to its end, and the table stays empty as long as the cache needs more
# than `retry`. With the default (600 seconds) nobody meets it, but who shortens it so that a failed cache is tried again soon
# sets the deadline of every answer by it too.
#
# Consequence: a `retry` in a rendered bird.conf has to be longer than the slowest first answer, a full set on a slow line
# included, and a cache that keeps a query waiting has to answer within the shortest `retry` that is used.
#
#     findings/bird-rtr-retry.sh       exit 1: it is no longer so
#
# The cache is the few lines below, on loopback.
# SPDX-License-Identifier: MIT
set -uo pipefail

dir=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2

packages=(bird2=2.0.12-7 libssh-gcrypt-4=0.10.6-0+deb12u1)
for package in "${packages[@]}"; do
	apt-get download "$package" >/dev/null 2>"$dir/apt.log" || apt-get download "${package%%=*}" >/dev/null 2>>"$dir/apt.log" ||
		{ cat "$dir/apt.log"; exit 2; }
done
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f bird2_*.deb Package Version | paste -sd' '
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu

# RTR version 1: Cache Response, one IPv4 Prefix, End of Data, four seconds after the question.
cat >cache.py <<'P'
import socket, struct, sys, threading, time
def serve(sock):
    try:
        while len(head := sock.recv(8, socket.MSG_WAITALL)) == 8:
            print(f"question {head[1]}", flush=True)
            sock.recv(max(0, struct.unpack("!I", head[4:])[0] - 8))
            time.sleep(float(sys.argv[1]))
            sock.sendall(struct.pack("!BBHI", 1, 3, 7, 8) + struct.pack("!BBHIBBBB4sI", 1, 4, 0, 20, 1, 24, 24, 0, bytes([192, 0, 2, 0]), 64500) +
                         struct.pack("!BBHIIIII", 1, 7, 7, 24, 1, 3600, 600, 7200))
    except OSError:
        pass
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
P

# try RETRY NAME: how many questions the cache has heard when the record is there, or after twelve seconds, and how many records.
try() {
	/usr/bin/python3 cache.py 4 >"$2.cache" 2>&1 &
	children+=($!)
	for _ in $(seq 50); do [ -s "$2.cache" ] && break; sleep 0.1; done
	cat >"$2.conf" <<C
router id 192.0.2.1;
roa4 table r4;
protocol device { }
protocol rpki cache { roa4 { table r4; }; remote 127.0.0.1 port $(head -1 "$2.cache"); retry keep $1; refresh keep 3600; expire keep 7200; }
C
	root/usr/sbin/bird -f -c "$2.conf" -s "$2.ctl" -P "$2.pid" >"$2.log" 2>&1 &
	children+=($!)
	records=0
	for _ in $(seq 24); do
		sleep 0.5
		records=$(root/usr/sbin/birdc -s "$2.ctl" show route table r4 2>/dev/null | grep -c '^192.0.2.0/24-24')
		[ "$records" = 0 ] || break
	done
	questions=$(grep -c question "$2.cache")
	echo "retry $1: $questions question(s), $records record(s)"
}

try 60 patient
[ "$questions $records" = "1 1" ] || exit 1
try 2 hasty
[ "$questions" -ge 3 ] && [ "$records" = 0 ]
