# SPDX-License-Identifier: MIT
"""Filter builders with our IRRd commands: bgpq4 and bgpq3 in every form they print, and Perl's Net::IRR."""

import ipaddress
import json

import pytest
from harness import Key, obj, run

BGPQ4_FORMS = {
    "IOS": (), "IOS XR": ("-X",), "Huawei": ("-U",), "Huawei XPL": ("-u",), "JSON": ("-j",), "Junos": ("-J",),
    "RouterOS 6": ("-K",), "RouterOS 7": ("-K7",), "BIRD": ("-b",), "SR OS": ("-N",), "SR OS MD": ("-n",),
    "OpenBGPD": ("-B",), "EOS": ("-e",), "format": ("-F", "%n/%l\\n"), "Junos route filter": ("-J", "-E"),
    "Junos filter list": ("-J", "-z"), "aggregated": ("-A",), "sequence": ("-s",), "longer": ("-R", "64"),
    "one by one": ("-T",),
}
BGPQ3_FORMS = {"IOS": (), "IOS XR": ("-X",), "JSON": ("-j",), "Junos": ("-J",), "BIRD": ("-b",), "OpenBGPD": ("-B",),
               "aggregated": ("-A",), "longer": ("-R", "64"), "format": ("-F", "%n/%l\\n")}
RANGES = [(24, 24, "10.0.0.0/22"), (24, 24, "10.1.0.0/22"), (23, 24, "10.2.0.0/22"), (30, 32, "10.3.0.0/29"),
          (30, 32, "10.4.0.0/30")]
PATH_FORMS = {"IOS": (), "IOS XR": ("-X",), "JSON": ("-j",), "Junos": ("-J",), "BIRD": ("-b",), "OpenBGPD": ("-B",)}


@pytest.fixture(scope="module")
def network(authority, tmp_path_factory):
    """Two members; sets that nest, loop and name ranges."""
    keys = [Key(tmp_path_factory.mktemp("keys") / name) for name in ("fisher", "miller")]
    members = [authority.member(key, name) for key, name in zip(keys, ("FISHER", "MILLER"))]
    asns = [member.key("aut-num") for member in members]
    nets = [member.key("inet6num") for member in members]
    sets = [
        obj(("as-set", "AS-FISHER"), ("members", f"{asns[0]}, AS-MILLER"), mnt="FISHER-MNT"),
        obj(("as-set", f"{asns[0]}:AS-CUSTOMERS"), ("members", asns[0]), mnt="FISHER-MNT"),
        obj(("route-set", "RS-RANGES"), ("members", "10.0.0.0/22^24, 10.1.0.0/22^24-24"),
            ("mp-members", "10.2.0.0/22^23-24, 10.3.0.0/29^-, 10.4.0.0/30^+"), mnt="FISHER-MNT"),
    ]
    authority.accept(sets, [keys[0]])
    authority.accept([obj(("as-set", "AS-MILLER"), ("members", f"{asns[1]}, AS-FISHER"), mnt="MILLER-MNT")], [keys[1]])
    authority.asns, authority.nets = asns, nets
    return authority


def bgpq(network, program, *words):
    host, port = network.endpoints["whois"]
    return run(program, "-h", f"{host}:{port}", "-S", "ALAMO", *words).stdout


def mentions(text, prefix):
    """JunOS and SR OS write prefixes as we do; JSON escapes the slash."""
    return prefix.replace("/", "\\/") in text or prefix in text or prefix.replace("/", " ") in text


@pytest.mark.parametrize("form", BGPQ4_FORMS)
def test_bgpq4_prefixes(network, form):
    out = bgpq(network, "bgpq4", "-6", *BGPQ4_FORMS[form], "-l", "F", "AS-FISHER")
    if form != "aggregated":
        assert all(mentions(out, net) for net in network.nets), out
    assert "empty" not in out


@pytest.mark.parametrize("form", BGPQ3_FORMS)
def test_bgpq3_prefixes(network, form):
    out = bgpq(network, "bgpq3", "-p", "-6", *BGPQ3_FORMS[form], "-l", "F", "AS-FISHER")
    if form != "aggregated":
        assert all(mentions(out, net) for net in network.nets), out
    assert "empty" not in out


@pytest.mark.parametrize("program", ["bgpq3", "bgpq4"])
@pytest.mark.parametrize("form", PATH_FORMS)
@pytest.mark.parametrize("kind", ["-f", "-G"])
def test_paths(network, program, form, kind):
    """AS paths: both members by their numbers, which -p lets through although they are private (bgpq3: -3, above 65,535)."""
    if kind == "-G" and form in ("JSON", "BIRD"):
        pytest.skip("the programs have no such form")
    if (program, kind, form) == ("bgpq3", "-f", "Junos"):
        pytest.skip("bgpq3 0.1.36.1 crashes by itself")
    words = ["-p", "-3"] if program == "bgpq3" else ["-p"]
    out = bgpq(network, program, *words, *PATH_FORMS[form], kind, network.asns[0][2:], "-l", "F", "AS-FISHER")
    assert all(asn[2:] in out for asn in network.asns), out


def json_prefixes(network, *words):
    return json.loads(bgpq(network, "bgpq4", "-p", "-6", "-j", "-l", "F", *words))["F"]


@pytest.mark.parametrize("name", ["AS-FISHER", "ALAMO::AS-FISHER"])
def test_bgpq4_names(network, name):
    assert sorted(entry["prefix"] for entry in json_prefixes(network, name)) == sorted(network.nets)


def test_bgpq4_single(network):
    one = json_prefixes(network, network.asns[0])
    assert [entry["prefix"] for entry in one] == [network.nets[0]]
    assert json_prefixes(network, f"{network.asns[0]}:AS-CUSTOMERS") == one
    assert json_prefixes(network, "AS-FISHER", "EXCEPT", network.asns[1]) == one


@pytest.mark.parametrize("program", ["bgpq3", "bgpq4"])
def test_ranges(network, program):
    """Every range of a route-set arrives whole, ^24 as well as ^24-24: the programs write all prefixes of a range."""
    words = ["-p"] if program == "bgpq3" else []
    four = {entry["prefix"] for entry in json.loads(bgpq(network, program, *words, "-4", "-j", "-l", "F", "RS-RANGES"))["F"]}
    want = {str(net) for low, high, block in RANGES for length in range(low, high + 1)
            for net in ipaddress.ip_network(block).subnets(new_prefix=length)}
    assert four == want


PERL = r"""
use strict; use warnings; use Net::IRR;
my ($host, $port, $asn, $net) = @ARGV;
my $irr = Net::IRR->connect(host => $host, port => $port) or die "no connection";
my $all = join("|", $irr->get_ipv6_routes_by_origin($asn));
my $none = join("|", $irr->get_routes_by_origin($asn));
my $set = join("|", sort $irr->get_as_set("AS-FISHER", 1));
my $routes = join("|", $irr->get_route_set("RS-RANGES", 1));
my $object = $irr->match("aut-num", $asn);
my $origin = $irr->route_search($net, Net::IRR::EXACT_MATCH);
my @sources = $irr->sources();
my $version = $irr->get_irrd_version();
chomp($version);
my $sync = $irr->get_sync_info();
chomp($sync);
$irr->disconnect();
print join("\n", $all, $none, $set, scalar(split(/\|/, $routes)), (split(/\n/, $object))[0], $origin, "@sources", $version, $sync), "\n";
"""


def test_net_irr(network):
    host, port = network.endpoints["whois"]
    out = run("perl", "-e", PERL, host, port, network.asns[0], network.nets[0]).stdout.split("\n")
    assert out[0] == network.nets[0]
    assert out[1] == ""
    assert out[2] == "|".join(sorted(network.asns))
    assert out[3] == "5"
    assert out[4] == f"aut-num:        {network.asns[0]}"
    assert out[5] == network.asns[0]
    assert out[6] == "ALAMO"
    assert out[7].startswith("alamo-whoisd -- version ")
    assert out[8].startswith("ALAMO:Y:1-")
