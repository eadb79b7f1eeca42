# SPDX-License-Identifier: MIT
"""Every kind of RDAP answer against tests/rdap-schema, which is RFC 9083 as JSON Schemas; and that these see what is broken."""

import copy
import ipaddress
import json

import pytest
from harness import ROOT, Key, obj, wait_for
from test_rdap import get

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed: script/setup --tests")

FOLDER = ROOT / "tests" / "rdap-schema"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
STORE = {schema["$id"]: schema for schema in SCHEMAS.values()}


def schema_of(kind):
    """The whole answer of that kind; nothing is fetched from anywhere."""
    schema = {"$ref": f"{SCHEMAS[kind]['$id']}#/$defs/answer"}
    resolver = jsonschema.RefResolver("", schema, store=STORE)
    return jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=jsonschema.FormatChecker(["ipv4", "ipv6"]))


def faults(kind, thing):
    return [f"{'/'.join(str(step) for step in error.absolute_path)}: {error.message}" for error in schema_of(kind).iter_errors(thing)]


@pytest.fixture(scope="module")
def network(authority, tmp_path_factory):
    key = Key(tmp_path_factory.mktemp("keys") / "member")
    member = authority.member(key, "TAYLOR")
    authority.asn, authority.net = member.key("aut-num"), member.key("inet6num")
    address = authority.net.replace("::/48", "::53")
    joined = member.index + 1
    authority.accept([
        obj(("person", "Tom Taylor"), ("nic-hdl", "TOM-ALAMO"), ("remarks", "likes \\ \"quotes\""), mnt="TAYLOR-MNT"),
        obj(("role", "Desk"), ("nic-hdl", "DESK-ALAMO"), mnt="TAYLOR-MNT"),
        obj(("organisation", "ORG-TAYLOR"), ("org-name", "Tailors, Ltd."), ("descr", "cloth"), ("abuse-c", "DESK-ALAMO"),
            mnt="TAYLOR-MNT"),
        obj(("domain", "taylor.alamo"), ("descr", "cloth"), ("nserver", f"ns1.taylor.alamo {address}"),
            ("ds-rdata", f"12345 13 2 {'ab' * 32}"), ("admin-c", "TOM-ALAMO"), ("org", "ORG-TAYLOR"), mnt="TAYLOR-MNT"),
    ], [key])
    authority.accept([obj(("inet6num", authority.net), ("netname", "TAYLOR-NET"), ("country", "DE"), ("org", "ORG-TAYLOR"),
                          ("geofeed", "https://taylor.alamo/geofeed.csv"), ("nserver", f"ns1.taylor.alamo {address}"),
                          ("admin-c", "TOM-ALAMO"), mnt="TAYLOR-MNT")], [key], prev=authority.prev("inet6num", authority.net))
    authority.accept([obj(("inetnum", "172.28.0.0/24"), ("netname", "FOUR"), mnt="HOSTMASTER-MNT")], [authority.hostmaster])
    wait_for(lambda: "FOUR" in authority.whois("172.28.0.1"), what="the IPv4 block in whois")
    wait_for(lambda: "ORG-TAYLOR" in authority.whois(authority.net), what="the last change in whois")
    nibbles = ipaddress.ip_network(authority.net).network_address.exploded.replace(":", "")[:12]
    # path: what it is, whether how to reach somebody is left out and said to be
    authority.answers = {
        f"/ip/{authority.net}": ("ip-network", False), "/ip/fca1::/16": ("ip-network", False),
        "/ip/172.28.0.1": ("ip-network", False),
        f"/autnum/{authority.asn[2:]}": ("autnum", False), "/autnum/4252660200": ("autnum", False),
        "/domain/taylor.alamo": ("domain", False), f"/domain/{'.'.join(reversed(nibbles))}.ip6.arpa": ("domain", False),
        "/nameserver/ns1.taylor.alamo": ("nameserver", False),
        "/entity/TOM-ALAMO": ("entity", True), "/entity/DESK-ALAMO": ("entity", True),
        "/entity/TAYLOR-MNT": ("entity", False), "/entity/ORG-TAYLOR": ("entity", False),
        "/help": ("help", False),
        "/domains?name=taylor*": ("domain-search", False), "/domains?name=nobody*": ("domain-search", False),
        f"/nameservers?ip={address}": ("nameserver-search", False),
        "/entities?handle=*": ("error", False), "/entities?handle=t*": ("entity-search", False),
        "/entities?fn=tailors*": ("entity-search", False),
        "/ip/nonsense": ("error", False), "/autnum/1": ("error", False), "/domain/nobody.alamo": ("error", False),
        f"/autnum/{authority.asn[2:]}?at={joined}": ("autnum", False), "/autnum/1?at=0": ("error", False),
        f"/entities?handle=t*&at={joined}": ("entity-search", False),
    }
    return authority


def test_schemas_are_schemas():
    for name, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"].endswith(f"/{name}.json")


def test_every_answer_is_of_its_schema(network):
    assert {kind for kind, _ in network.answers.values()} | {"common"} == set(SCHEMAS)
    for path, (kind, redacted) in network.answers.items():
        answer = get(network, path)
        assert (answer.status >= 400) == (kind == "error"), f"{path}: {answer.body}"
        assert answer.headers["content-type"] == "application/rdap+json"
        assert faults(kind, answer.json) == [], path
        assert ("redacted" in answer.json) == redacted, path


def places(thing, path=()):
    """Every member and every item, as a path to it."""
    steps = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


def changed(thing, path, change):
    """A copy in which that place is another, or is not there."""
    thing = copy.deepcopy(thing)
    inner = thing
    for step in path[:-1]:
        inner = inner[step]
    change(inner, path[-1])
    return thing


def one_of_each(thing, seen):
    """Places that differ by more than their number in a list, or by how deep an object lies in others."""
    for path in places(thing):
        card = "vcardArray" in path   # where an item's place says what it is
        shape = tuple("*" if isinstance(step, int) and not card else step for step in path[-4:])
        if shape not in seen:
            seen.add(shape)
            yield path


def other_kind(inner, step):
    inner[step] = 17.5 if isinstance(inner[step], str) else "broken"


def misspelt(inner, step):
    inner[f"{step}x"] = inner.pop(step)


def test_nothing_broken_is_taken(network):
    """Whichever member has a value of another kind, or another name, the schema of the answer sees it."""
    seen = {kind: set() for kind in SCHEMAS}
    for path, (kind, _) in network.answers.items():
        thing = get(network, path).json
        for place in one_of_each(thing, seen[kind]):
            assert faults(kind, changed(thing, place, other_kind)), f"{path}: {place} is of another kind"
            if isinstance(place[-1], str):
                assert faults(kind, changed(thing, place, misspelt)), f"{path}: {place} is called something else"


@pytest.mark.parametrize("kind, path, place, value", [
    ("autnum", "/autnum/4252660200", ("startAutnum",), -1), ("autnum", "/autnum/4252660200", ("endAutnum",), 2**32),
    ("autnum", "/autnum/4252660200", ("objectClassName",), "domain"),
    ("autnum", "/autnum/4252660200", ("rdapConformance",), ["cidr0"]),
    ("autnum", "/autnum/4252660200", ("events", 0, "eventDate"), "yesterday"),
    ("autnum", "/autnum/4252660200", ("events", 0, "eventAction"), "birth"),
    ("autnum", "/autnum/4252660200", ("entities", 0, "roles"), ["owner"]),
    ("autnum", "/autnum/4252660200", ("entities", 0, "notices"), [{"description": ["not here"]}]),
    ("autnum", "/autnum/4252660200", ("links", 0, "href"), "autnum/4252660200"),
    ("autnum", "/autnum/4252660200", ("status",), []),
    ("ip-network", "/ip/172.28.0.1", ("startAddress",), "172.28.0.256"), ("ip-network", "/ip/172.28.0.1", ("ipVersion",), "v6"),
    ("ip-network", "/ip/172.28.0.1", ("cidr0_cidrs", 0, "length"), 33),
    ("ip-network", "/ip/172.28.0.1", ("rdapConformance",), ["rdap_level_0"]),
    ("domain", "/domain/taylor.alamo", ("ldhName",), "t\u00e4ylor.alamo"),
    ("domain", "/domain/taylor.alamo", ("secureDNS", "dsData", 0, "digest"), "xyz"),
    ("domain", "/domain/taylor.alamo", ("secureDNS", "delegationSigned"), False),
    ("nameserver", "/nameserver/ns1.taylor.alamo", ("ipAddresses", "v6", 0), "10.0.0.1"),
    ("entity", "/entity/TOM-ALAMO", ("vcardArray", 1, 0), ["version", {}, "text", "3.0"]),
    ("entity", "/entity/TOM-ALAMO", ("vcardArray", 1, 1, 0), "nickname"),
    ("entity", "/entity/TOM-ALAMO", ("redacted", 0, "method"), "erasure"),
    ("entity", "/entity/TOM-ALAMO", ("redacted", 0, "name"), {}),
    ("entity", "/entity/TOM-ALAMO", ("rdapConformance",), ["rdap_level_0"]),
    ("help", "/help", ("notices", 0, "description"), []), ("error", "/autnum/1", ("errorCode",), 200),
])
def test_a_value_that_the_rfc_does_not_have(network, kind, path, place, value):
    thing = get(network, path).json
    assert faults(kind, thing) == []
    assert faults(kind, changed(thing, place, lambda inner, step: inner.__setitem__(step, value)))
