# SPDX-License-Identifier: MIT
"""A validating resolver with one trust anchor: what is hosted, what is delegated, what is forged."""

import ipaddress
import socket
import threading

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from conftest import running
from harness import Key, mntner, obj, records, run, wait_for

RESOLVER, FORGED = ("::1", 5301), ("::1", 5302)
ROOTS = [f"fca1:0:{letter}::53" for letter in "abcdef"]
PROXY = "fca1:0:ffff::53"


def resolve(server, name, kind):
    query = dns.message.make_query(name, kind, want_dnssec=True)
    query.flags |= dns.flags.AD
    with_answer = dns.query.udp_with_fallback(query, server[0], port=server[1], timeout=10)[0]
    return with_answer


def unbound_conf(path, port, anchor, servers):
    path.write_text(f"""
server:
	directory: "{path.parent}"
	chroot: ""
	username: ""
	pidfile: ""
	use-syslog: no
	logfile: ""
	verbosity: 1
	interface: ::1@{port}
	access-control: ::1 allow
	do-ip4: no
	num-threads: 1
	do-not-query-localhost: no
	do-daemonize: no
	module-config: "validator iterator"
	trust-anchor-file: "{anchor}"
	cache-max-negative-ttl: 1
	{servers}
remote-control:
	control-enable: no
""")
    return path


def stub(name, address):
    return f'\nstub-zone:\n\tname: "{name}"\n\tstub-addr: {address}\n'


class FlippingProxy(threading.Thread):
    """Relays UDP to a root server and changes one bit of `wanted` in every answer."""

    def __init__(self, address, upstream, wanted):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sock.bind((address, 53))
        self.upstream, self.wanted, self.flipped = upstream, wanted, 0

    def run(self):
        while True:
            data, client = self.sock.recvfrom(65535)
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as onward:
                onward.settimeout(5)
                try:
                    onward.sendto(data, (self.upstream, 53))
                    answer = bytearray(onward.recv(65535))
                except OSError:
                    continue
            at = answer.find(self.wanted)
            if at >= 0:
                answer[at + 15] ^= 1
                self.flipped += 1
            self.sock.sendto(bytes(answer), client)


def signed_zone(directory, name, server, address):
    """A zone of the member's own, signed with ldns; its DS data."""
    directory.mkdir()
    zone = directory / "zone"
    zone.write_text(f"""$ORIGIN {name}.
$TTL 300
@ IN SOA {server}. hostmaster.{name}. 1 3600 600 86400 300
@ IN NS {server}.
ns IN AAAA {address}
host IN AAAA {address}
""")
    key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name, cwd=directory).stdout.strip()
    run("ldns-signzone", zone.name, key, cwd=directory)
    ds = run("ldns-key2ds", "-n", "-2", f"{key}.key", cwd=directory).stdout.split()
    return directory / "zone.signed", " ".join(ds[ds.index("DS") + 1 :][:3]) + " " + "".join(ds[ds.index("DS") + 4 :])


@pytest.fixture
def world(netns, tmp_path):
    """Root servers on their own addresses and the standard port, as on a real node."""
    for address in [*ROOTS, PROXY]:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    with running(tmp_path / "dir", ports="standard", listen=", ".join(["127.0.0.1", "::1", *ROOTS])) as authority:
        yield authority


def test_chain_of_trust(world, children, tmp_path):
    key = Key(tmp_path / "member")
    made = world.member(key, name="FISHER", domain="fisher.alamo", records=["@ AAAA AUTO-2::1", "www AAAA AUTO-2::80", "old DNAME deep.alamo", "here DNAME fisher.alamo"])
    prefix = ipaddress.ip_network(made.key("inet6num"))
    server = str(prefix.network_address + 0x53)
    run("ip", "-6", "addr", "add", f"{server}/128", "dev", "lo", "nodad")
    zone, ds = signed_zone(tmp_path / "zone", "deep.alamo", "ns.deep.alamo", server)
    world.accept(
        [obj(("domain", "deep.alamo"), ("nserver", f"ns.deep.alamo {server}"), ("ds-rdata", ds), mnt="FISHER-MNT")], [key]
    )

    (tmp_path / "nsd.conf").write_text(f"""
server:
	ip-address: {server}
	port: 53
	username: ""
	chroot: ""
	zonesdir: "{tmp_path}"
	database: ""
	pidfile: ""
	xfrdfile: "{tmp_path}/xfrd.state"
	zonelistfile: "{tmp_path}/zone.list"
	server-count: 1
remote-control:
	control-enable: no
zone:
	name: deep.alamo
	zonefile: "{zone}"
""")
    children(["nsd", "-d", "-c", tmp_path / "nsd.conf"], stderr=open(tmp_path / "nsd.log", "wb"))

    anchor = world.dir / "run" / "trust-anchor.key"
    hints = tmp_path / "hints"
    hints.write_text("".join(f". 3600 NS {l}.root.\n{l}.root. 3600 AAAA fca1:0:{l}::53\n" for l in "abcdef"))
    conf = unbound_conf(tmp_path / "unbound.conf", RESOLVER[1], anchor, f'root-hints: "{hints}"')
    children(["unbound", "-d", "-c", conf], stderr=open(tmp_path / "unbound.log", "wb"))

    host = str(prefix.network_address + 0x80)
    proxy = FlippingProxy(PROXY, ROOTS[0], ipaddress.ip_address(host).packed)
    proxy.start()
    forged = unbound_conf(tmp_path / "forged.conf", FORGED[1], anchor, stub(".", PROXY) + stub("alamo", PROXY))
    children(["unbound", "-d", "-c", forged], stderr=open(tmp_path / "forged.log", "wb"))

    def settled(server, name, kind, good):
        def check():
            answer = resolve(server, name, kind)
            return answer if good(answer) else None

        return wait_for(check, what=f"{name} {kind} at {server}")

    def trusted(answer):
        return answer.rcode() == dns.rcode.NOERROR and answer.flags & dns.flags.AD and answer.answer

    hosted = settled(RESOLVER, "www.fisher.alamo", "AAAA", trusted)
    assert records(hosted, "www.fisher.alamo", "AAAA") == [host]
    delegated = settled(RESOLVER, "host.deep.alamo", "AAAA", trusted)
    assert records(delegated, "host.deep.alamo", "AAAA") == [server]
    led = settled(RESOLVER, "host.old.fisher.alamo", "AAAA", trusted)
    assert records(led, "host.deep.alamo", "AAAA") == [server]
    assert records(settled(RESOLVER, "www.here.fisher.alamo", "AAAA", trusted), "www.fisher.alamo", "AAAA") == [host]
    for name in ("nobody.alamo", "nobody.old.fisher.alamo", "nobody.here.fisher.alamo"):
        missing = resolve(RESOLVER, name, "AAAA")
        assert missing.rcode() == dns.rcode.NXDOMAIN and missing.flags & dns.flags.AD
    assert resolve(RESOLVER, "fisher.alamo", "MX").flags & dns.flags.AD

    # The same way through the proxy: what it does not touch is trusted, what it touches is refused.
    settled(FORGED, "fisher.alamo", "AAAA", trusted)
    assert resolve(FORGED, "www.fisher.alamo", "AAAA").rcode() == dns.rcode.SERVFAIL
    assert proxy.flipped > 0


def test_anchor_files_agree(authority, tmp_path):
    """trust-anchor.ds is the digest of trust-anchor.key, and the root serves that key."""
    ds = (authority.dir / "run" / "trust-anchor.ds").read_text().split()
    key = (authority.dir / "run" / "trust-anchor.key").read_text()
    (tmp_path / "Kroot.key").write_text(key)
    made = run("ldns-key2ds", "-n", "-2", "-f", tmp_path / "Kroot.key").stdout.split()
    assert ds[:3] == [".", "IN", "DS"]  # no TTL: systemd-resolved skips a line with one
    assert "".join(ds[ds.index("DS") + 1 :]).lower() == "".join(made[made.index("DS") + 1 :]).lower()
    served = records(authority.dns(".", "DNSKEY", tcp=True), ".", "DNSKEY")
    words = key.split()
    anchor = words[words.index("DNSKEY") + 1 :]
    assert words[:3] == [".", "IN", "DNSKEY"]
    assert "".join(anchor[3:]) in (authority.dir / "run" / "trust-anchor.bind").read_text()
    for zone in ("alamo", "1.a.c.f.ip6.arpa"):
        own = (authority.dir / "run" / f"trust-anchor-{zone}.ds").read_text().split()
        above = records(authority.dns(zone, "DS"), zone, "DS")
        assert own[:3] == [f"{zone}.", "IN", "DS"] and " ".join(own[3:]) in above
    assert any(data.split()[3:] and "".join(data.split()[3:]) in "".join(anchor[3:]) for data in served)


def test_own_keys_only(authority, key):
    """A name that is there, straight from the root server, with its signature."""
    authority.accept([mntner("SIG-MNT", key), obj(("domain", "sig.alamo"), ("record", "@ AAAA fca1:100:1::1"), mnt="SIG-MNT")],
                     [key])
    answer = wait_for(lambda: (m := authority.dns("sig.alamo", "AAAA", dnssec=True)).answer and m, what="sig.alamo")
    kinds = {dns.rdatatype.to_text(rrset.rdtype) for rrset in answer.answer}
    assert kinds == {"AAAA", "RRSIG"}
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.RA
