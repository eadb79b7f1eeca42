# SPDX-License-Identifier: MIT
"""A newcomer: one command, and every service shows what they got."""

import ipaddress
import json

import pytest
from harness import ROOT, Key, alamo, mntner, obj, records, wait_for


def test_join_shows_everywhere(authority, key):
    result = authority.cli(
        "join", "--name", "fisher", "--key", key.path, "--domain", "fisher", "--host", "www=::80", "--json"
    )
    got = json.loads(result.stdout)
    asn, prefix = got["objects"]["aut-num"], got["objects"]["inet6num"]
    assert got["accepted"] and got["index"] > 0
    assert got["objects"]["mntner"] == "FISHER-MNT"
    assert got["objects"]["domain"] == "fisher.alamo"
    network = ipaddress.ip_network(prefix)
    assert network.prefixlen == 48 and network.subnet_of(ipaddress.ip_network("fca1:100::/24"))
    assert 4252660100 <= int(asn[2:]) <= 4252669899

    wait_for(lambda: f"aut-num:        {asn}" in authority.whois(asn), what="whois to show the AS")
    found = authority.whois(f"-T inet6num {prefix}")
    assert "FISHER-NET" in found and "FISHER-MNT" in found
    assert f"origin:         {asn}" in authority.whois(f"-T route6 {prefix}")

    host = str(network.network_address + 0x80)
    wait_for(lambda: records(authority.dns("www.fisher.alamo", "AAAA"), "www.fisher.alamo", "AAAA") == [host],
             what="the name")
    for version in (0, 1):
        wait_for(lambda: (prefix, 48, int(asn[2:])) in authority.vrps(version), what="the VRP")

    shown = authority.cli("show", "aut-num", asn).stdout
    assert f"aut-num:        {asn}\n" in shown and "mnt-by:         FISHER-MNT\n" in shown
    assert asn in authority.cli("whois", asn).stdout


def test_join_twice_is_refused(authority, key):
    assert "Welcome" in authority.cli("join", "--name", "TWICE", "--key", key.path).stdout
    again = authority.cli("join", "--name", "TWICE", "--key", key.path, check=False)
    assert again.returncode == 1
    assert "TWICE is yours already" in again.stderr


def test_a_taken_domain_is_said_so(authority, key, tmp_path):
    """One sentence instead of the registry's whole answer, for each reason that a name cannot be had."""
    authority.cli("join", "--name", "NAMES", "--key", key.path, "--domain", "names")
    other = Key(tmp_path / "other")
    for domain, says in (("names", "names.alamo is taken: it belongs to NAMES-MNT"), ("nic", "nic.alamo is reserved")):
        words = ("join", "--name", "OTHERS", "--key", other.path, "--domain", domain)
        refused = authority.cli(*words, check=False)
        assert refused.returncode == 1 and says in refused.stderr and "--domain" in refused.stderr
        assert "***Error" not in refused.stdout + refused.stderr
        assert says in json.loads(authority.cli(*words, "--json", check=False).stdout)["errors"][0]


def test_exit_codes(authority, key, tmp_path):
    assert alamo("nonsense", check=False).returncode == 2
    assert authority.cli("show", check=False).returncode == 2
    assert authority.cli("show", "aut-num", "AS4252660999", check=False).returncode == 1
    assert alamo("head", "--server", "127.0.0.1:1", check=False).returncode == 3
    missing = authority.cli("join", "--name", "NOKEY", "--key", tmp_path / "none", check=False)
    assert missing.returncode == 2 and "ssh-keygen" in missing.stderr


def test_what_is_in_the_way_of_a_delete(authority, key, tmp_path):
    """REF-USED counts; the command line names the first of them."""
    asn = authority.member(key, name="INWAY").key("aut-num")
    file = tmp_path / "gone"
    for cls, name, referrers in (("aut-num", asn, ["route6 fca1:"]),
                                 ("mntner", "INWAY-MNT", [f"aut-num {asn}", "inet6num fca1:", "route6 fca1:"])):
        file.write_text(authority.cli("show", cls, name).stdout + "delete: over\n")
        refused = authority.cli("submit", file, "--key", key.path, check=False)
        assert refused.returncode == 1 and "(REF-USED)" in refused.stdout
        assert f"{cls} {name} is named by " in refused.stderr
        for referrer in referrers:
            assert referrer in refused.stderr
        assert f"{cls} {name}," not in refused.stderr


def test_submit_changes_and_deletes(authority, key, tmp_path):
    made = authority.member(key, name="SUBMIT")
    asn = made.key("aut-num")
    text = authority.cli("show", "aut-num", asn).stdout
    file = tmp_path / "change.rpsl"
    file.write_text(text.replace("SUBMIT-AS", "SUBMIT-NEW"))
    shown = authority.cli("submit", "--print", file, "--key", key.path).stdout
    assert f"prev:           {made.index}\n" in shown and shown.endswith("-----END SSH SIGNATURE-----\n")
    answer = authority.cli("submit", file, "--key", key.path).stdout
    assert f"Modify SUCCEEDED: [aut-num] {asn}" in answer
    assert "SUBMIT-NEW" in authority.cli("show", "aut-num", asn).stdout

    route = authority.cli("show", "route6", made.key("route6")).stdout
    file.write_text(route + "delete:         no longer needed\n")
    dry = authority.cli("submit", file, "--key", key.path, "--dry-run").stdout
    assert "Delete SUCCEEDED" in dry and "nothing was changed" in dry
    assert "Delete SUCCEEDED" in authority.cli("submit", file, "--key", key.path).stdout
    assert authority.cli("show", "route6", made.key("route6"), check=False).returncode == 1


def test_submit_with_a_strangers_key(authority, key, tmp_path):
    asn = authority.member(key, name="VICTIM").key("aut-num")
    file = tmp_path / "steal.rpsl"
    file.write_text(authority.cli("show", "aut-num", asn).stdout.replace("VICTIM-AS", "MINE"))
    stolen = authority.cli("submit", file, "--key", Key(tmp_path / "stranger").path, check=False)
    assert stolen.returncode == 1 and "***Error:" in stolen.stdout
    assert "MINE" not in authority.cli("show", "aut-num", asn).stdout


def test_two_signatures_one_after_the_other(authority, key, tmp_path):
    """The holder of the prefix prints, the holder of the AS number adds a signature and sends."""
    other = Key(tmp_path / "other")
    prefix = authority.member(key, name="HOLDER").key("inet6num")
    asn = authority.member(other, name="ORIGIN").key("aut-num")
    file = tmp_path / "route.rpsl"
    file.write_text(obj(("route6", prefix), ("origin", asn), mnt="HOLDER-MNT"))
    alone = authority.cli("submit", file, "--key", key.path, check=False)
    assert alone.returncode == 1
    (tmp_path / "signed").write_text(authority.cli("submit", "--print", file, "--key", key.path).stdout)
    both = authority.cli("submit", tmp_path / "signed", "--key", other.path).stdout
    assert f"Create SUCCEEDED: [route6] {prefix}{asn}" in both


def test_free_and_head(authority):
    assert "AS42526" in authority.cli("free", "asn").stdout
    assert "fca1:1" in authority.cli("free", "48").stdout
    assert authority.cli("head").stdout.startswith("registry.alamo/log\n")


def test_init_refuses_what_is_not_empty(tmp_path):
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "mine").write_text("precious")
    assert alamo("init", tmp_path / "dir", check=False).returncode == 1
    assert (tmp_path / "dir" / "mine").read_text() == "precious"
    (tmp_path / "plan").write_text("registry: BAD\nsource: BAD\n")
    assert alamo("init", tmp_path / "new", "--plan", tmp_path / "plan", check=False).returncode != 0
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("line, instead, said", [
    ("tld:            alamo", "tld: ac me", "tld: is no domain name"),
    ("assign-min:     40", "assign-min: x", "Syntax error in assign-min"),
    ("policy:         open", "policy: ajar", "(SCHEMA-SYNTAX)"),
])
def test_init_names_the_line_of_the_plan(tmp_path, line, instead, said):
    lines = (ROOT / "deploy/plan/alamo.plan").read_text().splitlines()
    number = lines.index(line)
    lines[number] = instead
    (tmp_path / "plan").write_text("\n".join(lines) + "\n")
    result = alamo("init", tmp_path / "new", "--plan", tmp_path / "plan", check=False)
    assert result.returncode != 0 and not (tmp_path / "new").exists()
    assert f"alamo: {tmp_path}/plan: line {number + 1}: " in result.stderr and said in result.stderr, result.stderr
    assert "event=" not in result.stdout + result.stderr


def test_up_only_once(authority):
    twice = alamo("up", authority.dir, check=False)
    assert twice.returncode == 1 and "already" in twice.stderr


def test_maintainer_by_hand(authority, key):
    answer = authority.accept([mntner("HAND-MNT", key)], [key])
    assert answer.objects == [("Create", True, "mntner", "HAND-MNT")]
