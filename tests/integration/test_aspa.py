# SPDX-License-Identifier: MIT
"""Who may carry whose routes, from registered peerings: RTR version 2, files, signed sets, and the log read again."""

import json
import re
import socket
import struct

import pytest
from conftest import running
from harness import RTR_ERROR, RTR_RESET_QUERY, ROOT, Key, Rtr, alamo, attributes, obj, run, wait_for
from test_bird import Bird
from test_origin_files import fetch
from test_roa_serve import Cache

NAMES = ("ANN", "BOB", "EVE")


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """Three members with a router each, and nobody linked yet."""
    with running(tmp_path_factory.mktemp("aspa") / "dir") as authority:
        authority.keys, authority.asns = {}, {}
        for name in NAMES:
            key = authority.keys[name] = Key(tmp_path_factory.mktemp("keys") / name)
            made = authority.member(key, name=name)
            authority.asns[name] = int(made.key("aut-num")[2:])
            authority.accept([obj(("node", f"{name}-R1"), ("origin", made.key("aut-num")), mnt=f"{name}-MNT")], [key])
        yield authority


def peering(authority, one, other, end=False):
    name = f"{one}-R1:{other}-R1"
    text = obj(("peering", name), mnt=f"{one}-MNT")
    if end:
        text += attributes([("delete", "no longer peers")])
    authority.accept([text], [authority.keys[one], authority.keys[other]],
                     prev=authority.prev("peering", name))


def expected(authority, *links):
    table = {}
    for one, other in links:
        for customer, provider in ((one, other), (other, one)):
            table.setdefault(authority.asns[customer], set()).add(authority.asns[provider])
    return {customer: sorted(providers) for customer, providers in table.items()}


def arrives(session, table):
    def there():
        session.refresh()
        return session.aspas == table

    wait_for(there, what=f"the links {table}")


def test_links_come_and_go(linked, tmp_path, children):
    two, one = linked.rtr(2), linked.rtr(1)
    vrps = set(two.reset())
    assert one.reset() == vrps and two.aspas == {} and len(vrps) >= 3
    # One serial for one moment of the log; sessions of two versions are two sessions.
    assert one.serial == two.serial and one.session != two.session
    peering(linked, "ANN", "BOB")
    arrives(two, expected(linked, ("ANN", "BOB")))
    peering(linked, "BOB", "EVE")
    table = expected(linked, ("ANN", "BOB"), ("BOB", "EVE"))
    arrives(two, table)
    # A router of version 1 is brought to the same serial without a word about it.
    wait_for(lambda: one.refresh() == vrps and one.serial == two.serial, what="the serial in version 1")
    assert one.aspas == {} and two.vrps == vrps
    again = linked.rtr(2)
    again.reset()
    assert (again.aspas, again.session, again.serial) == (two.aspas, two.session, two.serial)
    again.close()
    files(linked, table)
    signed(linked, tmp_path)
    served(linked, two, tmp_path, children)
    peering(linked, "ANN", "BOB", end=True)
    arrives(two, expected(linked, ("BOB", "EVE")))
    peering(linked, "BOB", "EVE", end=True)
    arrives(two, {})
    two.close(), one.close()


def files(authority, table):
    found = json.loads(fetch(authority, "roas.json"))
    assert {row["customer_asid"]: row["providers"] for row in found["aspas"]} == table
    assert found["metadata"]["aspas"] == len(table)
    rows = [line.split() for line in fetch(authority, "roa/set").splitlines() if line.startswith("aspa ")]
    assert rows == sorted((["aspa", f"AS{customer}", f"AS{provider}"] for customer, providers in table.items()
                           for provider in providers), key=lambda row: (int(row[1][2:]), int(row[2][2:])))


def signed(authority, tmp_path):
    """The reference verifier, and the whole log read and decided again."""
    pub = authority.dir / "keys" / "log.pub"
    for name in ("head", "set"):
        (tmp_path / name).write_text(fetch(authority, f"roa/{name}"))
    shown = run("python3", ROOT / "tests" / "support" / "verify_roa.py", pub, tmp_path / "head", tmp_path / "set").stdout
    assert " 3 ASPAs" in shown
    shown = alamo("roa", "verify", tmp_path / "head", tmp_path / "set", "--log-key", pub, "--log", authority.dir).stdout
    assert " 3 ASPA\n" in shown and "every record from the log itself" in shown
    shown = alamo("audit", authority.dir, "--roa", tmp_path / "again").stdout
    assert (tmp_path / "again").read_bytes() == (tmp_path / "set").read_bytes()
    assert re.search(r"^roa +(.*)$", shown, re.M)[1] == re.search(r"^set (.*)$", (tmp_path / "head").read_text(), re.M)[1]


def served(authority, two, tmp_path, children):
    """A verifying cache beside a router says the same to it."""
    cache = Cache(tmp_path / "router", authority.dir / "keys" / "log.pub", ["http://%s:%d" % authority.endpoints["roas"]],
                  children)

    def same():
        there = Rtr(cache.address, 2)
        try:
            there.reset()
            return (there.aspas, there.vrps, there.session, there.serial) == (two.aspas, two.vrps, two.session, two.serial)
        finally:
            there.close()

    wait_for(same, what="the same table beside the router")


def test_edits_count(linked, tmp_path):
    """Some lines of a route or a node, and the rest as it was."""
    key = linked.keys["EVE"]
    prefix, = (row[0] for row in linked.vrps() if row[2] == linked.asns["EVE"])
    name = f"{prefix} AS{linked.asns['EVE']}"

    def most():
        found, = (row[1] for row in linked.vrps() if row[0] == prefix)
        return found

    def edit(cls, name, *lines):
        first, *more = ((cls, prefix), ("origin", f"AS{linked.asns['EVE']}")) if cls == "route6" else ((cls, name),)
        linked.accept([attributes([first, *more, *lines])], [key], prev=linked.prev(cls, name))

    edit("route6", name, ("extend", "for a while"), ("max-length", "56"))
    wait_for(lambda: most() == 56, what="the longer max-length")
    edit("route6", name, ("extend", "in words"), ("remarks", "nothing else"))
    edit("node", "EVE-R1", ("extend", "in words"), ("remarks", "nothing else"))
    peering(linked, "ANN", "EVE")
    two = linked.rtr(2)
    two.reset()
    arrives(two, expected(linked, ("ANN", "EVE")))
    assert most() == 56
    edit("route6", name, ("shrink", "in words"), ("remarks", "nothing else"))
    edit("route6", name, ("shrink", "back"), ("max-length", "56"))
    wait_for(lambda: most() == 48, what="the prefix's own length")
    pub = linked.dir / "keys" / "log.pub"

    def recounted():
        for file in ("head", "set"):
            (tmp_path / file).write_text(fetch(linked, f"roa/{file}"))
        return "every record from the log itself" in alamo("roa", "verify", tmp_path / "head", tmp_path / "set", "--log-key", pub,
                                                           "--log", linked.dir, check=False).stdout

    wait_for(recounted, what="a head of the newest set")
    alamo("audit", linked.dir, "--roa", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "set").read_bytes()
    peering(linked, "ANN", "EVE", end=True)
    two.close()


STRANGER = 4252669999    # has no peering, so nothing is said about it


def test_paths_in_bird(linked, children, tmp_path):
    """A table of routes through the generated functions: what was not handed on by a registered link is not taken."""
    peering(linked, "ANN", "BOB")
    peering(linked, "BOB", "EVE")
    line = f"\t\t{linked.asns['EVE']}: return above ~ [ {linked.asns['BOB']} ];\n"
    file = wait_for(lambda: (text := fetch(linked, "roas-bird2-paths.conf")) and line in text and text, what="the functions")
    (tmp_path / "paths.conf").write_text(file)
    ann, bob, eve = (linked.asns[name] for name in NAMES)
    ways = {    # from the neighbour to the origin
        (ann,): True, (bob, ann): True, (eve, bob, ann): True, (ann, bob, eve): True, (eve, bob, bob, ann, ann, ann): True,
        (eve, ann): False, (ann, eve): False, (bob, eve, ann): False, (STRANGER, ann): False, (STRANGER, bob, ann): False,
        (bob, STRANGER): True, (STRANGER,): True, (): True, (eve, bob, STRANGER, ann): False,
    }
    routes = "".join(
        f"\troute fd00:{at:x}::/32 unreachable {{ bgp_path = +empty+; "
        + "".join(f"bgp_path.prepend({asn}); " for asn in reversed(way)) + "};\n" for at, way in enumerate(ways, 1))
    (tmp_path / "bird.conf").write_text(
        f'router id 192.0.2.1;\nprotocol device {{}}\ninclude "{tmp_path}/paths.conf";\nipv6 table every;\nipv6 table good;\n'
        f"protocol static all_ways {{\n\tipv6 {{ table every; }};\n{routes}}}\n"
        "protocol pipe { table every; peer table good; import none; export where roas_path_ok(bgp_path); }\n")
    bird = Bird(children, tmp_path, "paths", tmp_path / "bird.conf")

    def shown(table):
        return {int(at, 16) for at in re.findall(r"^fd00:([0-9a-f]+)::/32", bird.ask("show", "route", "table", table), re.M)}

    wait_for(lambda: len(shown("every")) == len(ways), what="all routes")
    assert shown("good") == {at for at, good in enumerate(ways.values(), 1) if good}
    peering(linked, "ANN", "BOB", end=True)
    peering(linked, "BOB", "EVE", end=True)


def test_paths_without_peerings(linked, tmp_path):
    file = wait_for(lambda: (text := fetch(linked, "roas-bird2-paths.conf")) and "return above" not in text and text,
                    what="the functions of an empty list")
    (tmp_path / "bird.conf").write_text("router id 192.0.2.1;\nprotocol device {}\n" + file)
    run("bird", "-p", "-c", tmp_path / "bird.conf")


def ask(address, version):
    """The answer to one Reset Query: version, type, code or session, and whether the cache then closes."""
    with socket.create_connection(address, timeout=60) as sock:
        sock.sendall(struct.pack("!BBHI", version, RTR_RESET_QUERY, 0, 8))
        data = b""
        while len(data) < 8 and (got := sock.recv(8 - len(data))):
            data += got
        closes = False
        if data[1] == RTR_ERROR:
            while got := sock.recv(65536):
                pass
            closes = True
        return (*struct.unpack("!BBH", data[:4]), closes)


def test_version_that_is_not_spoken(linked):
    """In our own highest version, so that the router comes back with it."""
    assert ask(linked.endpoints["rtr"], 3) == (2, RTR_ERROR, 4, True)


def test_version_two_switched_off(tmp_path):
    with running(tmp_path / "dir", conf={"rpki": {"rtr_version": 1}}) as authority:
        assert ask(authority.endpoints["rtr"], 2) == (1, RTR_ERROR, 4, True)
        assert ask(authority.endpoints["rtr"], 1)[:2] == (1, 3)
        assert ask(authority.endpoints["rtr"], 0)[:2] == (0, 3)
