#!/usr/bin/env bash
# NSD 4.6.1: where a DNAME leads to a name of the same zone that is not there, the proof is not the one for that name.
#
# Guess, written first: behind the CNAME that is made of the DNAME, the authority section is what a question for the target itself
# gets: the NSEC that covers the target, and the one that covers the wildcard at its closest encloser (RFC 4035 section 3.1.3.2).
#
# Seen: asked for `nothing.led.example.`, with `led` a DNAME to `host`, the answer is NXDOMAIN with the DNAME, the CNAME to
# `nothing.host.example.`, and NSEC records of which none covers that name, while asked for `nothing.host.example.` the same server
# sends the one that does.
#
# Consequence: a validator that takes the answer as it comes has no proof for it. One that follows the DNAME by itself, and asks for
# the target again, does. A zone whose DNAMEs lead to names of its own is better served by more than one kind of server.
#
#     findings/nsd-dname-proof.sh       exit 1: it is no longer so
#
# SPDX-License-Identifier: MIT
set -uo pipefail
packages=(nsd=4.6.1-1 libfstrm0=0.6.1-1 libprotobuf-c1=1.4.1-1+b1 libevent-2.1-7=2.1.12-stable-8+deb12u1 ldnsutils=1.8.3-1+b1
	libldns3=1.8.3-1+b1 python3-dnspython=2.3.0-1+deb12u1)
dir=$(mktemp -d)
nsd=
trap '[ -z "$nsd" ] || { kill "$nsd"; wait "$nsd"; } 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2
for package in "${packages[@]}"; do
	apt-get download "$package" >/dev/null 2>apt.log || apt-get download "${package%%=*}" >/dev/null 2>>apt.log || { cat apt.log; exit 2; }
done
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f nsd_*.deb Package Version | paste -sd' '
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu PATH=$dir/root/usr/bin:$dir/root/usr/sbin:$PATH

cat >zone <<'Z'
example. 300 IN SOA ns.example. admin.example. 1 3600 900 604800 300
example. 300 IN NS ns.example.
ns.example. 300 IN A 192.0.2.1
led.example. 300 IN DNAME host.example.
host.example. 300 IN TXT "here"
a.host.example. 300 IN TXT "before"
z.host.example. 300 IN TXT "behind"
Z
key=$(ldns-keygen -a ECDSAP256SHA256 -k example) && ldns-signzone -f signed zone "$key" || exit 2
port=$(/usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >nsd.conf <<C
server:
	ip-address: 127.0.0.1
	port: $port
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
	zonefile: "$dir/signed"
C
nsd -d -c nsd.conf 2>nsd.log &
nsd=$!
PYTHONPATH=$dir/root/usr/lib/python3/dist-packages /usr/bin/python3 - "$port" <<'P'
import sys
import time

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

port = int(sys.argv[1])
target = dns.name.from_text("nothing.host.example.")


def ask(name):
    query = dns.message.make_query(name, "A", want_dnssec=True)
    for _ in range(100):
        try:
            return dns.query.udp(query, "127.0.0.1", port=port, timeout=1)
        except (OSError, dns.exception.DNSException):
            time.sleep(0.1)
    sys.exit(2)


def proofs(name):
    answer = ask(name)
    found = [(rrset.name, rrset[0].next) for rrset in answer.authority if rrset.rdtype == dns.rdatatype.NSEC]
    covered = any(owner < target < behind for owner, behind in found)
    kinds = " ".join(dns.rdatatype.to_text(rrset.rdtype) for rrset in answer.answer if rrset.rdtype != dns.rdatatype.RRSIG)
    print(f"{name}: {dns.rcode.to_text(answer.rcode())} {kinds or '-'};", *(f"{owner} NSEC {behind};" for owner, behind in found),
          f"{target} is {'' if covered else 'not '}covered")
    return covered


sys.exit(0 if proofs("nothing.host.example.") and not proofs("nothing.led.example.") else 1)
P
