# SPDX-License-Identifier: MIT
"""RDAP: every object class, searches, errors and files, held against what RFC 9083 says a client may rely on."""

import http.client
import ipaddress
import json
import re

import pytest
from harness import Key, obj, wait_for

TEXTS = ("handle", "ldhName", "name", "type", "country", "parentHandle", "startAddress", "endAddress", "ipVersion", "port43")


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read().decode()

    @property
    def json(self):
        return json.loads(self.body)


def get(authority, path, method="GET", headers=None):
    connection = http.client.HTTPConnection(*authority.endpoints["rdap"], timeout=30)
    try:
        connection.request(method, path, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


# ---- what RFC 9083 says of each class ----


def check_common(thing):
    for name in TEXTS:
        assert isinstance(thing.get(name, ""), str)
    for event in thing.get("events", []):
        assert event["eventAction"] in ("registration", "last changed")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["eventDate"])
    for link in thing.get("links", []):
        assert {"value", "rel", "href", "type"} <= set(link)
        assert link["href"].startswith(("http://", "https://")) and link["value"].startswith("http://")
    for entity in thing.get("entities", []):
        check_entity(entity)
    for remark in thing.get("remarks", []):
        assert all(isinstance(line, str) for line in remark["description"])
    assert set(thing.get("status", [])) <= {"active"}


def check_network(thing):
    check_common(thing)
    assert thing["objectClassName"] == "ip network"
    first, last = ipaddress.ip_address(thing["startAddress"]), ipaddress.ip_address(thing["endAddress"])
    assert thing["ipVersion"] == f"v{first.version}"
    (cidr,) = thing["cidr0_cidrs"]
    block = ipaddress.ip_network(f"{cidr[f'v{first.version}prefix']}/{cidr['length']}")
    assert (block[0], block[-1]) == (first, last)


def check_autnum(thing):
    check_common(thing)
    assert thing["objectClassName"] == "autnum"
    assert 0 <= thing["startAutnum"] <= thing["endAutnum"] < 2**32


def check_nameserver(thing):
    check_common(thing)
    assert thing["objectClassName"] == "nameserver" and not thing["ldhName"].endswith(".")
    for version, addresses in thing.get("ipAddresses", {}).items():
        assert all(f"v{ipaddress.ip_address(address).version}" == version for address in addresses)


def check_domain(thing):
    check_common(thing)
    assert thing["objectClassName"] == "domain" and thing["ldhName"]
    for server in thing["nameservers"]:
        check_nameserver(server)
    secure = thing["secureDNS"]
    assert secure["delegationSigned"] == bool(secure.get("dsData"))
    for ds in secure.get("dsData", []):
        assert all(isinstance(ds[name], int) for name in ("keyTag", "algorithm", "digestType"))
        assert re.fullmatch(r"[0-9A-Fa-f]+", ds["digest"])
    if "network" in thing:
        check_network(thing["network"])


def check_entity(thing):
    check_common(thing)
    assert thing["objectClassName"] == "entity" and thing["handle"]
    kind, properties = thing["vcardArray"]
    assert kind == "vcard"
    assert properties[0] == ["version", {}, "text", "4.0"]
    names = [name for name, _, _, _ in properties]
    assert "fn" in names and not {"email", "tel", "adr"} & set(names)
    assert set(thing.get("roles", [])) <= {"registrant", "administrative", "technical", "abuse"}
    for network in thing.get("networks", []):
        check_network(network)
    for autnum in thing.get("autnums", []):
        check_autnum(autnum)


CHECKS = {"ip network": check_network, "autnum": check_autnum, "domain": check_domain, "entity": check_entity,
          "nameserver": check_nameserver}


def answer_of(authority, path):
    answer = get(authority, path)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/rdap+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    thing = answer.json
    assert {"rdap_level_0", "cidr0"} <= set(thing["rdapConformance"])
    assert ("redacted" in thing) == ("redacted" in thing["rdapConformance"])
    for notice in thing["notices"]:
        assert notice["title"] and all(isinstance(line, str) for line in notice["description"])
    if "objectClassName" in thing:
        CHECKS[thing["objectClassName"]](thing)
    return thing


@pytest.fixture(scope="module")
def network(authority, tmp_path_factory):
    key = Key(tmp_path_factory.mktemp("keys") / "member")
    member = authority.member(key, "FISHER")
    authority.asn, authority.net = member.key("aut-num"), member.key("inet6num")
    address = authority.net.replace("::/48", "::53")
    authority.accept([
        obj(("person", "Ann Fisher"), ("nic-hdl", "ANN-ALAMO"), ("remarks", "likes \\ \"quotes\""), mnt="FISHER-MNT"),
        obj(("role", "Desk"), ("nic-hdl", "DESK-ALAMO"), mnt="FISHER-MNT"),
        obj(("domain", "fisher.alamo"), ("descr", "fish"), ("nserver", f"ns1.fisher.alamo {address}"),
            ("ds-rdata", f"12345 13 2 {'ab' * 32}"), ("admin-c", "ANN-ALAMO"), mnt="FISHER-MNT"),
    ], [key])
    prev = authority.prev("inet6num", authority.net)
    authority.accept([obj(("inet6num", authority.net), ("netname", "FISHER-NET"), ("country", "DE"),
                          ("geofeed", "https://fisher.alamo/geofeed.csv"), ("geoloc", "52.37 4.9"), ("scan", "ask"),
                          ("nserver", f"ns1.fisher.alamo {address}"), ("admin-c", "ANN-ALAMO"), ("abuse-c", "DESK-ALAMO"),
                          mnt="FISHER-MNT")], [key], prev=prev)
    authority.accept([obj(("inet6num", authority.net.replace("/48", "/64")), ("netname", "FISHER-LAN"), ("admin-c", "ANN-ALAMO"),
                          mnt="FISHER-MNT")], [key])
    wait_for(lambda: "FISHER-LAN" in authority.whois(authority.net.replace("/48", "/64")), what="the last change in whois")
    return authority


def test_abuse_is_inherited(network):
    """The block's abuse-c answers for the smaller block, whose own contact is for other things."""
    inside = network.net.replace("/48", "/64")
    thing = answer_of(network, f"/ip/{inside}")
    roles = {entity["handle"]: entity["roles"] for entity in thing["entities"]}
    assert roles == {"FISHER-MNT": ["registrant"], "ANN-ALAMO": ["administrative"], "DESK-ALAMO": ["abuse"]}
    assert f"% Abuse contact for '{inside}' is 'DESK-ALAMO'" in network.whois(f"-b -T inet6num {inside}")
    assert network.net in network.whois("-K -i abuse-c DESK-ALAMO")


def test_geofeed(network):
    """RFC 9877; whois shows it as it stands."""
    thing = answer_of(network, f"/ip/{network.net}")
    assert "geofeed1" in thing["rdapConformance"]
    (link,) = [link for link in thing["links"] if link["rel"] == "geofeed"]
    assert (link["href"], link["type"]) == ("https://fisher.alamo/geofeed.csv", "application/geofeed+csv")
    shown = network.whois(network.net)
    assert "geoloc:         52.37 4.9\n" in shown and "scan:           ask\n" in shown


def test_network(network):
    thing = answer_of(network, f"/ip/{network.net}")
    assert (thing["handle"], thing["name"], thing["country"]) == (network.net, "FISHER-NET", "DE")
    assert answer_of(network, f"/ip/{network.net.replace('::/48', ':0:7::1')}")["handle"] == network.net
    assert answer_of(network, f"/ip/{network.net.replace('::/48', ':0:7::/64')}")["handle"] == network.net
    roles = {entity["handle"]: entity["roles"] for entity in thing["entities"]}
    assert roles == {"FISHER-MNT": ["registrant"], "ANN-ALAMO": ["administrative"], "DESK-ALAMO": ["abuse"]}
    up = next(link for link in thing["links"] if link["rel"] == "up")
    assert up["href"].endswith("/ip/" + thing["parentHandle"])
    above = answer_of(network, "/ip/" + up["href"].split("/ip/")[1])
    assert above["handle"] == thing["parentHandle"]


def test_autnum(network):
    thing = answer_of(network, f"/autnum/{network.asn[2:]}")
    assert thing["startAutnum"] == thing["endAutnum"] == int(network.asn[2:])
    block = answer_of(network, "/autnum/4252660200")
    assert block["startAutnum"] < 4252660200 < block["endAutnum"]


def test_names(network):
    thing = answer_of(network, "/domain/FISHER.alamo.")
    assert thing["ldhName"] == "fisher.alamo" and thing["secureDNS"]["delegationSigned"]
    assert [server["ldhName"] for server in thing["nameservers"]] == ["ns1.fisher.alamo"]
    nibbles = ipaddress.ip_network(network.net).network_address.exploded.replace(":", "")[:12]
    zone = ".".join(reversed(nibbles)) + ".ip6.arpa"
    reverse = answer_of(network, f"/domain/{zone}")
    assert reverse["ldhName"] == zone and reverse["network"]["handle"] == network.net
    server = answer_of(network, "/nameserver/ns1.fisher.alamo")
    assert server["ipAddresses"] == {"v6": [network.net.replace("::/48", "::53")]}


def test_entities(network):
    person = answer_of(network, "/entity/ann-alamo")
    assert person["vcardArray"][1][1:] == [["fn", {}, "text", "Ann Fisher"], ["kind", {}, "text", "individual"]]
    for redacted in person["redacted"]:
        assert redacted["method"] == "removal" and redacted["prePath"].startswith("$.vcardArray")
        assert redacted["name"]["description"] and redacted["reason"]["description"]
    mntner = answer_of(network, "/entity/FISHER-MNT")
    assert {block["handle"] for block in mntner["networks"]} == {network.net, network.net.replace("/48", "/64")}
    assert [autnum["handle"] for autnum in mntner["autnums"]] == [network.asn]


SEARCHES = {
    "/domains?name=fisher.alamo": ("domainSearchResults", ["fisher.alamo"]),
    "/domains?name=FISH*": ("domainSearchResults", ["fisher.alamo"]),
    "/domains?name=%2Aher.alamo": ("domainSearchResults", ["fisher.alamo"]),
    "/domains?name=nobody*": ("domainSearchResults", []),
    "/domains?nsLdhName=ns1.fisher.alamo": ("domainSearchResults", ["fisher.alamo"]),
    "/nameservers?name=ns1.fish*": ("nameserverSearchResults", ["ns1.fisher.alamo"]),
    "/entities?fn=ann*": ("entitySearchResults", ["ANN-ALAMO"]),
    "/entities?fn=Ann%20Fisher": ("entitySearchResults", ["ANN-ALAMO"]),
    "/entities?handle=fisher*": ("entitySearchResults", ["FISHER-MNT"]),
}


@pytest.mark.parametrize("path", SEARCHES)
def test_searches(network, path):
    name, want = SEARCHES[path]
    found = answer_of(network, path)[name]
    for thing in found:
        CHECKS[thing["objectClassName"]](thing)
    assert [thing.get("handle") or thing["ldhName"] for thing in found] == want


def test_search_by_address(network):
    address = network.net.replace("::/48", "::53")
    found = answer_of(network, f"/domains?nsIp={address}")["domainSearchResults"]
    assert [thing["ldhName"] for thing in found] == ["fisher.alamo"]
    found = answer_of(network, f"/nameservers?ip={address}")["nameserverSearchResults"]
    assert [thing["ldhName"] for thing in found] == ["ns1.fisher.alamo"]


@pytest.mark.parametrize("path, status", [
    ("/ip/10.0.0.0/33", 400), ("/ip/nonsense", 400), ("/ip/", 400), ("/ip/10.0.0.256", 400), ("/ip/192.0.2.1", 404),
    ("/autnum/x", 400), ("/autnum/4294967296", 400), ("/autnum/1", 404), ("/autnum/", 400),
    ("/domain/", 400), ("/domain/a..b", 400), ("/domain/nobody.alamo", 404), ("/domain/example.org", 404),
    ("/entity/", 400), ("/entity/NOBODY-ALAMO", 404), ("/entity/%00", 400), ("/nameserver/", 400),
    ("/nameserver/ns.nobody.alamo", 404), ("/domains", 400), ("/domains?", 400), ("/domains?name=*", 422),
    ("/domains?name=a*b*", 422), ("/domains?nsLdhName=ns*", 422), ("/entities?email=x", 400), ("/nameservers?name=", 422),
    ("/registry/nothing", 404),
])
def test_refusals(network, path, status):
    answer = get(network, path)
    assert answer.status == status, answer.body
    if "%00" not in path:
        error = answer.json
        assert error["errorCode"] == status and error["title"] and error["description"]


def test_http(network):
    path = f"/autnum/{network.asn[2:]}"
    answer = get(network, path, headers={"Host": "rdap.example:8080"})
    tag = answer.headers["etag"]
    assert answer.json["links"][0]["href"] == f"http://rdap.example:8080{path}"
    assert get(network, path, headers={"If-None-Match": tag}).status == 304
    head = get(network, path, method="HEAD")
    assert (head.status, head.body) == (200, "") and int(head.headers["content-length"]) > 0
    assert get(network, "/help").status == 200
    log = re.search(r"% log (\d+) ", network.whois("fisher-mnt"))[1]
    assert tag == f'"{log}"'


def test_files(network):
    files = {name: get(network, f"/registry/{name}.json").json for name in ("ipv4", "ipv6", "asn", "dns")}
    for name, content in files.items():
        assert content["version"] == "1.0" and re.fullmatch(r"[\dT:Z-]{20}", content["publication"])
        ((entries, urls),) = content["services"]
        assert all(url.endswith("/") for url in urls)
        assert all(isinstance(entry, str) for entry in entries)
    assert files["dns"]["services"][0][0] == ["alamo"]
    assert any(ipaddress.ip_network(entry).supernet_of(ipaddress.ip_network(network.net))
               for entry in files["ipv6"]["services"][0][0])
    assert any(int(entry.split("-")[0]) <= int(network.asn[2:]) <= int(entry.split("-")[-1])
               for entry in files["asn"]["services"][0][0])
    lines = [line.split("|") for line in get(network, "/registry/delegated-extended").body.splitlines()
             if not line.startswith("#")]
    assert lines[0][:2] == ["2", "alamo"] and int(lines[0][3]) == len(lines) - 4
    counts = {line[2]: int(line[4]) for line in lines[1:4]}
    records = lines[4:]
    assert {kind: sum(record[2] == kind for record in records) for kind in counts} == counts
    assert ["alamo", "", "asn", network.asn[2:], "1"] in [record[:5] for record in records]
    assert ["alamo", "DE", "ipv6", network.net.split("/")[0], "48"] in [record[:5] for record in records]


def test_files_as_they_were(network):
    size = int(re.search(r"^% log (\d+) ", network.whois("fisher-mnt"), re.M)[1])
    held = f"|asn|{network.asn[2:]}|1|"
    for at, holds in ((1, False), (size, True), (1, False)):
        then = get(network, f"/registry/delegated-extended?at={at}")
        assert then.body.startswith(f"# log {at}\n") and then.headers["etag"] == f'"{at}"'
        assert (held in then.body) == holds
        assert get(network, f"/registry/asn.json?at={at}").headers["etag"] == f'"{at}"'
    assert held in get(network, "/registry/delegated-extended").body
    assert get(network, "/registry/asn.json?at=99999999").status == 404
