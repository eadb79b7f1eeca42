# SPDX-License-Identifier: MIT
"""What a node takes from a neighbour and what it tells it: the rendered filters on the real bird (test_node_frr.py: FRR), a row a route.

EVE is the neighbour, whose own filters let out whatever it likes; ANN's router has what `alamo node` rendered.
"""

import contextlib
import re

import pytest
from conftest import running
from harness import ALAMO, Key, mntner, obj, run, wait_for
from machines import WIRE
from newcomer import communities, paths
from test_host import joined, key_of, link

LOCAL, CONF = "/etc/bird/alamo-local.conf", "/etc/bird/alamo.conf"
RECEIVED_MAX = 40000

# What EVE announces: (prefix, path behind its own AS, taken?, why). Names stand for members' blocks and numbers.
TO_ANN = (
    ("EVE", "", True, "its own block"),
    ("DAN", "DAN", True, "DAN has no link in the log: it may be beside anybody"),
    ("DAN", "DAN DAN DAN", True, "an origin that is there more than once is one"),
    ("EVE/56", "", False, "longer than /48"),
    ("EVE/49", "", False, "longer than /48"),
    ("fca1::/16", "", False, "the network's own prefix"),
    ("fca1:100::/24", "", False, "a registry's block"),
    ("fca1:100::/39", "", False, "shorter than /40"),
    ("::/0", "", False, "outside the network"),
    ("fd42:d42::/48", "", False, "outside the network"),
    ("2001:db8::/48", "", False, "outside the network"),
    ("fca1:1ff:7::/48", "", False, "no origin: unknown is not enough"),
    ("CAT", "", False, "another's block: the origin is wrong"),
    ("CAT", "CAT", False, "a forged origin: CAT is linked with ANN alone"),
    ("CAT", "CAT CAT", False, "a forged origin, twice"),
    ("ANN", "", False, "our own block"),
    ("ANN", "ANN", False, "our own block, and our own number in the path"),
    ("DAN", "DAN " * 24, False, "a path of 25"),
)
# What ANN has: (route, heard by EVE?, why).
FROM_ANN = (
    ("ANN", True, "the own block"),
    ("CAT", True, "transit: another peer's block"),
    ("ANN/56", False, "a part of the own block"),
    ("ANN/64", False, "a LAN"),
    ("fd42:d42::/48", False, "outside the network"),
    ("fca1::/16", False, "the network's own prefix"),
)


@contextlib.contextmanager
def neighbours(internet, tmp_path, router="bird"):
    """EVE - ANN - CAT, and DAN, who has numbers and no node; {name: (block, number)}. ANN's router is of that kind."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann = joined(internet, authority, "ANN", 1, router)
        eve, cat = (joined(internet, authority, name, number) for number, name in enumerate(("EVE", "CAT"), 2))
        dan = Key(tmp_path / "dan")
        authority.accept([mntner("DAN-MNT", dan)], [dan])
        said = authority.accept([obj(("aut-num", "AUTO-1"), ("as-name", "DAN-AS"), mnt="DAN-MNT"),
                                 obj(("inet6num", "AUTO-2/48"), ("netname", "DAN-NET"), mnt="DAN-MNT"),
                                 obj(("route6", "AUTO-2/48"), ("origin", "AUTO-1"), mnt="DAN-MNT")], [dan]).text
        link(eve, ann)
        link(cat, ann)
        ann.alamo("node", "apply")
        known = {machine.name.upper(): (machine.loopback.replace("::1", "::/48"), machine.asn) for machine in (ann, eve, cat)}
        known["DAN"] = re.search(r"\[route6\] (\S+?)AS(\d+)", said).groups()
        wait_for(lambda: paths(ann, known["CAT"][0]), timeout=60, what="CAT's route")
        eve.run("sed", "-i", "s/return net ~ ALAMO_ANNOUNCED && .*/return true;/", CONF)
        yield ann, eve, known, authority, cat


@pytest.fixture
def members(internet, tmp_path):
    with neighbours(internet, tmp_path) as made:
        yield made


def written(known, prefix):
    name, _, length = prefix.partition("/")
    return prefix if name not in known else known[name][0] if not length else known[name][0].replace("/48", f"/{length}")


def announce(machine, rows):
    """Static routes, each with what is put before its path, which FRR cannot."""
    if machine.router == "frr":
        text = "".join(f"ipv6 route {prefix} reject\n" for prefix, _ in rows) + f"router bgp {machine.asn}\n address-family ipv6 unicast\n"
        text += "".join(f"  network {prefix}\n" for prefix, _ in rows) + " exit-address-family\nexit\n"
        machine.run("sh", "-c", "cat >/etc/frr/alamo-local.conf", input=text)
        machine.alamo("node", "apply")
        return
    text = "".join(f"protocol static stolen{n} {{ ipv6; route {prefix} unreachable {{ {path} }}; }}\n"
                   for n, (prefix, path) in enumerate(rows))
    machine.run("sh", "-c", f"cat >{LOCAL} <<'END'\n{text}END\nbirdc configure")


def prepended(known, path):
    return " ".join(f"bgp_path.prepend({known[name][1]});" for name in reversed(path.split()))


def taken_check(ann, eve, known):
    """Each row alone, since a prefix is announced in one way at a time."""
    rounds = {}
    for prefix, path, taken, why in TO_ANN:
        at = sum(1 for rows in rounds.values() for row in rows if row[0] == prefix)
        rounds.setdefault(at, []).append((prefix, path, taken, why))
    for rows in rounds.values():
        announce(eve, [(written(known, prefix), prepended(known, path)) for prefix, path, _, _ in rows])
        for prefix, path, taken, why in rows:
            full = tuple([known["EVE"][1]] + [known[name][1] for name in path.split()])
            # Heard it is: a path with our own number in it, bird itself leaves out.
            if known["ANN"][1] not in full:
                wait_for(lambda: full in paths(ann, written(known, prefix), heard=True), timeout=30, what=f"{prefix} to be heard")
            assert (full in paths(ann, written(known, prefix))) == taken, (prefix, path, why)


def stranger_check(ann, eve, known):
    """A path that begins with another number than the neighbour's, as a route server's does."""
    eve.run("sed", "-i", "s/graceful restart aware;/graceful restart aware; rs client;/", CONF)
    announce(eve, [(known["DAN"][0], prepended(known, "DAN"))])
    dan = (known["DAN"][1],)
    wait_for(lambda: dan in paths(ann, known["DAN"][0], heard=True), timeout=60, what="DAN's route through EVE")
    assert dan not in paths(ann, known["DAN"][0])


def told_check(ann, eve, known):
    announce(ann, [(written(known, prefix), "") for prefix, heard, _ in FROM_ANN if prefix not in ("ANN", "CAT")])
    for prefix, heard, why in FROM_ANN:
        if heard:
            wait_for(lambda: paths(eve, written(known, prefix), heard=True), timeout=30, what=f"{prefix} at EVE")
    for prefix, heard, why in FROM_ANN:
        assert bool(paths(eve, written(known, prefix), heard=True)) == heard, (prefix, why)


# What EVE says of a route, and what ANN makes of it with a link of 12 ms and 100 Mbit/s (docs/conventions.md).
MARKS = (
    ((), {"64511:3", "64511:24", "64511:34"}, "none before: the link's"),
    (("64511:1", "64511:25", "65000:7"), {"64511:3", "64511:24", "64511:34", "65000:7"}, "better before, and one of somebody's own"),
    (("64511:5", "64511:22", "64511:31"), {"64511:5", "64511:22", "64511:31"}, "worse before: it stays"),
)


def marks_check(ann, eve, known, cat):
    """The worst of each kind is kept, and the next one hears it."""
    dan = known["DAN"]
    ann.alamo("peer", "mark", eve.node, "--latency", "12", "--bandwidth", "100000")
    for sent, kept, why in MARKS:
        said = "".join(f" bgp_community.add(({word.replace(':', ',')}));" for word in sent)
        announce(eve, [(dan[0], prepended(known, "DAN") + said)])
        wait_for(lambda: communities(ann, dan[0]) == kept, timeout=30, what=why)
        wait_for(lambda: communities(cat, dan[0]) == kept, timeout=30, what=f"the same at CAT: {why}")
    announce(eve, [(dan[0], prepended(known, "DAN"))])
    ann.alamo("peer", "mark", eve.node)
    wait_for(lambda: communities(ann, dan[0]) == {"64511:34"}, timeout=30, what="nothing but what WireGuard is")
    assert "no link with DAN-R1" in run(*ann.inside, ALAMO, "peer", "mark", "DAN-R1", check=False, env=ann.env).stderr


def test_what_is_taken_from_a_neighbour(members):
    taken_check(*members[:3])


def test_a_neighbour_speaks_for_itself(members):
    stranger_check(*members[:3])


def test_what_a_neighbour_is_told(members):
    ann, eve, known, _, cat = members
    told_check(ann, eve, known)
    marks_check(ann, eve, known, cat)


def flood(eve):
    routes = "".join(f"route fca1:{n // 65536 + 0x400:x}:{n % 65536:x}::/48 unreachable;" for n in range(RECEIVED_MAX + 500))
    eve.run("sh", "-c", f"cat >{LOCAL} && birdc configure", input=f"protocol static flood {{ ipv6; {routes} }}\n")


def test_a_neighbour_that_floods(members):
    """More routes than the whole network could have: some are kept, the session and everybody else's routes stay."""
    ann, eve, known, _, _ = members
    flood(eve)
    session = f"alamo_{eve.node.replace('-', '_')}"
    shown = lambda: ann.birdc("show", "protocols", "all", session)
    wait_for(lambda: "Receive limit" in shown() or "[HIT]" in shown(), timeout=60, what="the limit")
    kept = int(re.search(r"(\d+) of \d+ routes|^(\d+) of", ann.birdc("show", "route", "import", "table", f"{session}.ipv6", "count"))[1])
    assert kept <= RECEIVED_MAX and "Established" in shown()
    assert paths(ann, known["CAT"][0]) and eve.reaches(ann.loopback)
