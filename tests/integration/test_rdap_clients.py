# SPDX-License-Identifier: MIT
"""Two RDAP clients of npm find the service by its bootstrap files and read its answers (ALAMO_NPM names their node_modules)."""

import json
import os
import subprocess

import pytest
from harness import ROOT, Key, obj, wait_for

pytestmark = pytest.mark.skipif("ALAMO_NPM" not in os.environ,
                                reason="ALAMO_NPM names no folder (npm ci --ignore-scripts --prefix tests/npm)")


@pytest.fixture(scope="module")
def network(authority, tmp_path_factory):
    key = Key(tmp_path_factory.mktemp("keys") / "member")
    member = authority.member(key, "FISHER", domain="fisher.alamo", records=["www AAAA fca1::80"])
    authority.asn, authority.net = member.key("aut-num"), member.key("inet6num")
    authority.accept([obj(("domain", "miller.alamo"), ("nserver", f"ns1.miller.alamo {authority.net.replace('::/48', '::53')}"),
                          ("ds-rdata", f"12345 13 2 {'ab' * 32}"), mnt="FISHER-MNT")], [key])
    wait_for(lambda: "miller.alamo" in authority.whois("miller.alamo"), what="the last change in whois")
    return authority


def ask(authority, client, kind, word):
    host, port = authority.endpoints["rdap"]
    done = subprocess.run(["node", ROOT / "tests/npm/rdap.mjs", f"http://{host}:{port}", client, kind, word], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_node_rdap(network):
    said = ask(network, "node-rdap", "autnum", network.asn[2:])
    assert said["answer"]["handle"] == network.asn and "/registry/asn.json" in said["asked"]
    said = ask(network, "node-rdap", "ip", network.net.replace("::/48", "::80"))
    assert said["answer"]["handle"] == network.net and "/registry/ipv6.json" in said["asked"]
    said = ask(network, "node-rdap", "domain", "miller.alamo")
    assert said["answer"]["ldhName"] == "miller.alamo" and "/registry/dns.json" in said["asked"]


def test_rdapper(network):
    said = ask(network, "rdapper", "domain", "miller.alamo")
    record = said["answer"]["record"]
    assert said["answer"]["ok"] and record["domain"] == "miller.alamo" and record["isRegistered"]
    assert [server["host"] for server in record["nameservers"]] == ["ns1.miller.alamo"]
    assert record["dnssec"]["enabled"] and record["source"] == "rdap"
    assert not ask(network, "rdapper", "domain", "nobody.alamo")["answer"].get("record", {}).get("isRegistered")
