#!/usr/bin/env bash
# Patroni 3.0.2: a leader that was frozen past its lease takes the lead back from its successor over etcd's API version 3, and does not
# over version 2.
#
# Guess, written first: the leader's key is only ever changed by compare-and-set, whichever API of etcd is used. So a leader that looked,
# was frozen until its lease was gone and another one led, and then goes on to update the key is told that it leads no more.
#
# Seen: with version 2 (`etcd:`) update_leader() is false and the successor keeps the key. With version 3 (`etcd3:`) the late one gets a
# new lease and puts its name under it without a condition: update_leader() is true, the key has its name, and the successor learns it at
# its next look. Both believed for a while that they led.
#
# Consequence: what the successor has confirmed meanwhile can be rewound. Who must not lose what was confirmed runs Patroni of this version
# over version 2 of the API (etcd 3.4 needs --enable-v2), or a later one.
#
#     findings/patroni-late-leader.sh       exit 1: it is no longer so
#
# SPDX-License-Identifier: MIT
set -uo pipefail
packages=(patroni=3.0.2-1 etcd-server=3.4.23-4+b4 python3-etcd=0.4.5-4 python3-urllib3=1.26.12-1+deb12u4 python3-dateutil=2.8.2-2
	python3-six=1.16.0-4 python3-dnspython=2.3.0-1+deb12u1)
dir=$(mktemp -d)
etcd=
trap '[ -z "$etcd" ] || { kill "$etcd"; wait "$etcd"; } 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2
for package in "${packages[@]}"; do
	apt-get download "$package" >/dev/null 2>apt.log || apt-get download "${package%%=*}" >/dev/null 2>>apt.log || { cat apt.log; exit 2; }
done
for package in *.deb; do dpkg -x "$package" root; done
for package in patroni etcd-server; do dpkg-deb -f "$package"_*.deb Package Version | paste -sd' '; done

# One member on loopback, where no port but its own is asked for.
read -r client peer < <(/usr/bin/python3 -c '
import socket
socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(sock.getsockname()[1] for sock in socks))')
root/usr/bin/etcd --enable-v2 --data-dir "$dir/data" --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
	--listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" --initial-cluster "default=http://127.0.0.1:$peer" \
	>etcd.log 2>&1 &
etcd=$!
for _ in $(seq 100); do
	(: <"/dev/tcp/127.0.0.1/$client") 2>/dev/null && grep -q 'ready to serve client requests' etcd.log && break
	sleep 0.1
done

# Two members of one scope by Patroni's own classes, each as its loop would call them. To be frozen is to call nothing.
cat >two.py <<'P'
import sys, time
from patroni.dcs import get_dcs

def member(kind, name):
    dcs = get_dcs({"scope": "demo", "name": name, "ttl": 20, "loop_wait": 1, "retry_timeout": 3, "namespace": "/of-" + kind,
                   kind: {"host": "127.0.0.1:" + sys.argv[2]}})
    dcs.set_ttl(5)
    return dcs

def leader(dcs):
    return dcs.get_cluster().leader.name

kind = sys.argv[1]
first, second = member(kind, "first"), member(kind, "second")
first.touch_member({"conn_url": "postgres://first"})
assert first.attempt_to_acquire_leader()
assert leader(first) == "first" and first.update_leader(1)
assert leader(second) == "first" and not second.attempt_to_acquire_leader()
first.get_cluster()
for _ in range(60):         # `first` is frozen here, behind its look
    time.sleep(0.5)
    if second.attempt_to_acquire_leader():
        break
assert leader(second) == "second"
print(f"{kind}: update_leader() of the late one is {first.update_leader(1)}, leader is {leader(second)}", flush=True)
import os
os._exit(0)                 # the watch's thread has no end of its own
P
said=$(for kind in etcd etcd3; do PYTHONPATH=root/usr/lib/python3/dist-packages timeout 90 /usr/bin/python3 two.py $kind "$client" 2>"$kind.log" || tail -3 "$kind.log"; done)
echo "$said"
[ "$said" = 'etcd: update_leader() of the late one is False, leader is second
etcd3: update_leader() of the late one is True, leader is first' ]
