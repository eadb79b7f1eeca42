# SPDX-License-Identifier: MIT
"""Origin look-ups: what the zone says of any address is what routers are told, from us, from secondaries and through a validating resolver."""

import ipaddress
import random
import shutil

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from conftest import running
from harness import obj, run, wait_for
from secondaries import ADDRESS, Bind, Knot, Nsd
from test_unbound import RESOLVER, ROOTS, resolve, unbound_conf

ZONE = "asn.registry.alamo"
KINDS = [kind for kind in (Nsd, Knot, Bind) if shutil.which(kind.program)]
ASNS = [4252660010 + i for i in range(4)]
BLOCKS = ("172.20.0.0/14", "fca1:1200::/24")
ROUTES = 30         # of each family
MOST = 8            # records of one name
OURS, THEIRS, CHECKED = 2000, 200, 100  # addresses that are asked of whom


@pytest.fixture
def world(netns, tmp_path):
    for address in ROOTS:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    others = [kind(tmp_path / kind.program, None, [ZONE]) for kind in KINDS]
    conf = {"dns": {"origin_zone": ZONE, "responses_per_second": 0, "notify": ", ".join(f"{ADDRESS}:{other.port}" for other in others)}}
    with running(tmp_path / "dir", ports="standard", listen=", ".join(["127.0.0.1", "::1", *ROOTS]), conf=conf) as authority:
        try:
            for other in others:
                other.primary = authority.endpoints["dns"]
                other.start()
            yield authority, others
        finally:
            for other in others:
                other.stop()


def random_routes(rng):
    """Prefixes in each other, on boundaries and off them, some with two origins."""
    found = set()
    for block in map(ipaddress.ip_network, BLOCKS):
        outer = [block]
        while len(outer) < ROUTES:
            within = rng.choice(outer)
            most = 32 if block.version == 4 else 64
            if within.prefixlen >= most:
                continue
            length = rng.randint(within.prefixlen + 1, most)
            bits = rng.choice((0, rng.getrandbits(length - within.prefixlen)))
            first = int(within.network_address) | bits << (within.max_prefixlen - length)
            outer.append(ipaddress.ip_network((first, length)))
        for prefix in outer[1:]:
            found.update((prefix, asn) for asn in rng.sample(ASNS, rng.choice((1, 1, 2))))
    return sorted(found, key=str)


def route(prefix, asn, end=""):
    cls = "route" if prefix.version == 4 else "route6"
    return obj((cls, str(prefix)), ("origin", f"AS{asn}"), mnt="HOSTMASTER-MNT") + end


def found_registry(authority, routes):
    boss = [authority.hostmaster]
    first = [obj(("aut-num", f"AS{asn}"), ("as-name", f"TEST{asn}-AS"), ("descr", f"Number {asn}"), mnt="HOSTMASTER-MNT") for asn in ASNS]
    first += [obj((cls, block), ("netname", "TEST-NET"), ("country", "DE"), mnt="HOSTMASTER-MNT") for cls, block in zip(("inetnum", "inet6num"), BLOCKS)]
    authority.accept(first, boss, prev=" ".join(["none"] * len(first)))
    for at in range(0, len(routes), 20):
        some = [route(*one) for one in routes[at : at + 20]]
        last = authority.accept(some, boss, prev=" ".join(["none"] * len(some)))
    return last.index


def addresses(rng, routes, count):
    """In them, at their edges, and beside them."""
    for _ in range(count):
        prefix = rng.choice(routes)[0]
        host = rng.choice((0, prefix.num_addresses - 1, rng.randrange(prefix.num_addresses), -1, prefix.num_addresses))
        yield type(prefix.network_address)(int(prefix.network_address) + host)


def question(address, labels=None):
    reverse = address.reverse_pointer.split(".")[:-2]
    return ".".join(reverse[-(labels or len(reverse)) :] + ["origin" if address.version == 4 else "origin6", ZONE])


def wanted(vrps, address):
    """Of the set that routers have: a line a prefix that covers the address, the longest first."""
    covering = {}
    for prefix, _, asn in vrps:
        if address in prefix:
            covering.setdefault(prefix, []).append(asn)
    longest = sorted(covering, key=lambda prefix: -prefix.prefixlen)[:MOST]
    return [f"{' '.join(map(str, sorted(covering[prefix])))} | {prefix}" for prefix in longest]


def lines(message):
    """Without what does not come from a route: country, registry and date."""
    texts = [data.to_text().strip('"') for rrset in message.answer if rrset.rdtype == dns.rdatatype.TXT for data in rrset]
    assert all(len(text.split(" | ")) == 5 and text.split(" | ")[2:4] == ["DE", "alamo"] for text in texts), texts
    return sorted((text.rsplit(" | ", 3)[0] for text in texts), key=lambda line: -int(line.rsplit("/", 1)[1]))


def ask(server, name):
    query = dns.message.make_query(name, "TXT")
    return dns.query.udp_with_fallback(query, server[0], port=server[1], timeout=10)[0]


def check(server, vrps, address):
    want = wanted(vrps, address)
    answer = ask(server, question(address))
    assert lines(answer) == want, f"{address}: {answer}"
    assert answer.rcode() == (dns.rcode.NOERROR if want else dns.rcode.NXDOMAIN), f"{address}: {answer}"
    return want


def check_all(servers, rng, vrps, routes):
    depths = []
    for server, count in servers:
        depths += [len(check(server, vrps, address)) for address in addresses(rng, routes, count)]
    assert max(depths) > 2 and min(depths) == 0


def told(authority, others, routes, index):
    """Routers and zones are at the same routes: the set, by prefix and AS number."""

    def arrived():
        vrps = {(ipaddress.ip_network(prefix), most, asn) for prefix, most, asn in authority.vrps()}
        return vrps if {(prefix, asn) for prefix, _, asn in vrps} >= set(routes) else None

    wait_for(lambda: authority.dns(ZONE, "SOA").answer[0][0].serial > index, what="the zone")
    for other in others:
        other.wait_serial(ZONE, authority.dns(ZONE, "SOA").answer[0][0].serial)
    return wait_for(arrived, what="the set of routers")


def start_unbound(authority, children, directory):
    hints = directory / "hints"
    hints.write_text("".join(f". 3600 NS {letter}.root.\n{letter}.root. 3600 AAAA {address}\n" for letter, address in zip("abcdef", ROOTS)))
    conf = unbound_conf(directory / "unbound.conf", RESOLVER[1], authority.dir / "run" / "trust-anchor.key", f'root-hints: "{hints}"')
    children(["unbound", "-d", "-c", conf], stderr=open(directory / "unbound.log", "wb"))


def trusted(name):
    answer = resolve(RESOLVER, name, "TXT")
    return answer if answer.flags & dns.flags.AD else None


def test_any_address(world, children, tmp_path):
    authority, others = world
    rng = random.Random(20261130)
    routes = random_routes(rng)
    vrps = told(authority, others, routes, found_registry(authority, routes))
    ours = authority.endpoints["dns"]
    servers = [(ours, OURS), *(((ADDRESS, other.port), THEIRS) for other in others)]
    check_all(servers, rng, vrps, routes)

    # As mtr (ui/asn.c) asks for IPv6, with the first half; and as bird-lg-go and scripts ask for an AS number.
    halves = {vrp for vrp in vrps if vrp[0].prefixlen <= 64}
    for address in addresses(rng, [one for one in routes if one[0].version == 6], THEIRS):
        assert lines(ask(ours, question(address, 16))) == wanted(halves, address)
    text = ask(ours, f"AS{ASNS[0]}.{ZONE}").answer[0][0].strings[0].decode().split(" | ")
    assert text[0::2] == [str(ASNS[0]), "alamo", f"TEST{ASNS[0]}-AS Number {ASNS[0]}"]

    # A route comes and one goes.
    gone = next(one for one in routes if one[0].version == 4 and one[0].prefixlen % 8)
    new = (gone[0].supernet(), next(asn for asn in ASNS if (gone[0].supernet(), asn) not in routes))
    prevs = f"{authority.prev('route', f'{gone[0]}AS{gone[1]}')} none"
    last = authority.accept([route(*gone, "delete:         moved\n"), route(*new)], [authority.hostmaster], prev=prevs)
    routes = [new, *(one for one in routes if one != gone)]
    vrps = told(authority, others, routes, last.index)
    check_all(servers, rng, vrps, [*routes, gone])
    zones = [other.zone(ZONE) for other in others]
    assert all(zone == zones[0] for zone in zones)

    start_unbound(authority, children, tmp_path)
    wait_for(lambda: trusted(f"AS{ASNS[0]}.{ZONE}"), what="the resolver")
    for address in addresses(rng, routes, CHECKED):
        answer = trusted(question(address))
        assert answer is not None and lines(answer) == wanted(vrps, address), f"{address}: {answer}"
