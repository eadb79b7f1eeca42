#!/usr/bin/env bash
# Knot DNS 3.2.6: a name that a DNAME would make too long is said not to exist (NXDOMAIN), where NSD 4.6.1 says YXDOMAIN.
#
# Guess, written first: RFC 6672 section 2.2 has one answer for a substitution that is longer than a name may be, the DNAME and
# YXDOMAIN, and servers that host DNAME agree on it.
#
# Seen: for the same zone and question NSD answers YXDOMAIN with the DNAME, Knot NXDOMAIN with the DNAME and no CNAME. Both are
# authoritative; a name one byte shorter gets NXDOMAIN from both, with the CNAME.
#
# Consequence: a comparison of secondaries, or a monitor that alarms at NXDOMAIN, sees a difference that is none of the zone's. Who
# caches by RFC 2308 keeps Knot's for the time of the SOA, as a name that is not there.
#
#     findings/knot-dname-too-long.sh       exit 1: it is no longer so
#
# SPDX-License-Identifier: MIT
set -uo pipefail
packages=(knot=3.2.6-1 libknot13=3.2.6-1 libdnssec9=3.2.6-1 libzscanner4=3.2.6-1 liburcu8=0.13.2-1 liblmdb0=0.9.24-1 libcap-ng0=0.8.3-1+b3
	libbpf1=1:1.1.2-0+deb12u1 libxdp1=1.3.1-1 nsd=4.6.1-1 libfstrm0=0.6.1-1 libprotobuf-c1=1.4.1-1+b1 libevent-2.1-7=2.1.12-stable-8+deb12u1
	python3-dnspython=2.3.0-1+deb12u1)
dir=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2>/dev/null; wait; rm -rf "$dir"' EXIT
cd "$dir" || exit 2
for package in "${packages[@]}"; do
	apt-get download "$package" >/dev/null 2>apt.log || apt-get download "${package%%=*}" >/dev/null 2>>apt.log || { cat apt.log; exit 2; }
done
for package in *.deb; do dpkg -x "$package" root; done
for package in knot nsd; do dpkg-deb -f "$package"_*.deb Package Version | paste -sd' '; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu PATH=$dir/root/usr/bin:$dir/root/usr/sbin:$PATH

# The target has 194 bytes as it goes over the line: a label of 60 and its length fit into a name besides.
label=$(printf 'a%.0s' {1..60})
cat >zone <<Z
example. 300 IN SOA ns.example. admin.example. 1 3600 900 604800 300
example. 300 IN NS ns.example.
ns.example. 300 IN A 192.0.2.1
far.example. 300 IN DNAME $label.$label.$label.a.example.
Z
read -r one two < <(/usr/bin/python3 -c '
import socket
socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(sock.getsockname()[1] for sock in socks))')
cat >nsd.conf <<C
server:
	ip-address: 127.0.0.1
	port: $one
	username: ""
	chroot: ""
	database: ""
	pidfile: ""
	zonesdir: "$dir"
	xfrdfile: "$dir/xfrd"
	zonelistfile: "$dir/list"
	server-count: 1
remote-control:
	control-enable: no
zone:
	name: example
	zonefile: "$dir/zone"
C
cat >knot.conf <<C
server:
    rundir: "$dir"
    listen: 127.0.0.1@$two
database:
    storage: "$dir"
zone:
  - domain: example
    storage: "$dir"
    file: zone
    journal-content: none
    zonefile-sync: -1
C
nsd -d -c nsd.conf 2>nsd.log &
children+=($!)
knotd -c knot.conf >knot.log 2>&1 &
children+=($!)
PYTHONPATH=$dir/root/usr/lib/python3/dist-packages /usr/bin/python3 - "$one" "$two" <<'P'
import sys
import time

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype


def ask(port, length):
    query = dns.message.make_query(f"{'b' * length}.far.example.", "A", use_edns=0, payload=1232)
    for _ in range(100):
        try:
            answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=1)
        except (OSError, dns.exception.DNSException):
            time.sleep(0.1)
            continue
        return dns.rcode.to_text(answer.rcode()), " ".join(dns.rdatatype.to_text(rrset.rdtype) for rrset in answer.answer)
    sys.exit(2)


seen = {}
for name, port in zip(("NSD", "Knot"), map(int, sys.argv[1:])):
    for length in (60, 61):
        seen[name, length] = ask(port, length)
        print(f"{name}, a label of {length} bytes: {' '.join(seen[name, length])}")
fits = seen["NSD", 60] == seen["Knot", 60] == ("NXDOMAIN", "DNAME CNAME")
sys.exit(0 if fits and seen["NSD", 61] == ("YXDOMAIN", "DNAME") and seen["Knot", 61] == ("NXDOMAIN", "DNAME") else 1)
P
