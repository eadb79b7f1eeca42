# SPDX-License-Identifier: MIT
"""Why a route is valid, or is not: whois, the page and the command say the same, and what they say mends it does."""

import http.client
import json
import re
import subprocess
import urllib.parse

from harness import Key, obj, wait_for


def fingerprint(key):
    return subprocess.run(["ssh-keygen", "-lf", f"{key.path}.pub"], check=True, capture_output=True, text=True).stdout.split()[1]


def why(authority, prefix, asn, *options):
    return authority.cli("why", prefix, asn, *options).stdout


def body(text):
    """The attributes: without the server's comments, or the command's last line."""
    return "\n".join(line for line in text.splitlines() if re.match(r"[a-z-]+:", line))


def page(authority, prefix, asn):
    connection = http.client.HTTPConnection(*authority.endpoints["rdap"], timeout=30)
    connection.request("GET", "/why?q=" + urllib.parse.quote(f"{prefix} {asn}"))
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200
    return text


def test_why(authority, tmp_path):
    keys = [Key(tmp_path / name) for name in ("fisher", "miller")]
    fisher, miller = authority.member(keys[0], "FISHER"), authority.member(keys[1], "MILLER")
    net, asn, other = fisher.key("inet6num"), fisher.key("aut-num"), miller.key("aut-num")
    wait_for(lambda: "MILLER-MNT" in authority.whois("miller-mnt"), what="both in whois")

    said = why(authority, net, asn)
    assert "rpki-ov-state:  valid\n" in said and f"says:           {asn} may originate it\n" in said
    assert f"signed:         {fingerprint(keys[0])}\n" in said and "mend:" not in said
    entry = int(re.search(r"^entry: +(\d+) ", said, re.M)[1])
    shown = authority.cli("log", "show", str(entry)).stdout
    assert f"route6:" in shown
    assert body(authority.whois(f"why {net} {asn}")) == body(said)
    assert f"<code>{fingerprint(keys[0])}</code>" in page(authority, net, asn)

    parsed = json.loads(why(authority, net, other, "--json"))
    assert parsed["rpki-ov-state"] == "invalid" and parsed["records"][0]["entry"].startswith(f"{entry} ")
    assert parsed["records"][0]["signed"] == [fingerprint(keys[0])]
    (step,) = parsed["mend"]
    assert step == (f"register [route6] {net} with origin {other}, signed by FISHER-MNT for [inet6num] {net} "
                    f"and by MILLER-MNT for [aut-num] {other}")
    assert step in page(authority, net, other)
    # One of the two is not enough, as the step says; both are.
    route = obj(("route6", net), ("origin", other), mnt="MILLER-MNT")
    assert "FAILED" in authority.send([route], [keys[1]]).text
    authority.accept([route], keys)
    said = why(authority, net, other)
    assert "rpki-ov-state:  valid\n" in said
    assert {f"signed:         {fingerprint(key)}" for key in keys} <= set(said.splitlines())
    wait_for(lambda: "rpki-ov-state:  valid" in authority.whois(f"why {other} {net}"), what="the route in whois")
    assert body(authority.whois(f"why {net} {other}")) == body(said)


def test_as_it_was(authority, tmp_path):
    """At the size before a change what was so before it, with the root that the receipt's checkpoint has."""
    key = Key(tmp_path / "baker")
    joined = authority.member(key, "BAKER")
    net, asn, size = joined.key("inet6num"), joined.key("aut-num"), joined.index + 1
    prev = authority.prev("aut-num", asn)
    renamed = authority.accept([obj(("aut-num", asn), ("as-name", "RENAMED-AS"), mnt="BAKER-MNT")], [key], prev=prev)
    wait_for(lambda: "RENAMED-AS" in authority.whois(asn), what="the new name in whois")
    then = authority.whois(f"--at {size} {asn}")
    assert "as-name:        BAKER-AS\n" in then and f"% The registry as it was at size {size} of the log" in then
    root = re.search(rf"^% log {size} (\S+)$", then, re.M)[1]
    assert authority.cli("whois", asn, "--at", str(size)).stdout == then
    assert "RENAMED-AS" in authority.cli("whois", "--at", str(renamed.index + 1), asn).stdout
    assert "%ERROR:120:" in authority.cli("whois", "--at", "2099-12-31", asn, check=False).stdout
    assert "%ERROR:101:" in authority.whois(f"--at {size - 1} -T aut-num {asn}")
    said = why(authority, net, asn, "--at", str(size))
    assert "rpki-ov-state:  valid\n" in said and f"\nlog {size} {root}," in said
    assert body(authority.whois(f"--at {size} why {net} {asn}")) == body(said)
    assert "rpki-ov-state:  not_found\n" in why(authority, net, asn, "--at", str(size - 1))
    assert joined.text.count(root) == 1   # of the checkpoint in the receipt
    for at, code in (("0", 2), ("99999999", 1), ("1999-01-01", 1), ("2099-12-31", 1), ("yesterday", 2)):
        assert authority.cli("why", net, asn, "--at", at, check=False).returncode == code, at


def test_not_asked_right(authority):
    refused = authority.cli("why", "fca1::/129", "AS1", check=False)
    assert refused.returncode == 2 and "is not a prefix and an AS number" in refused.stderr
    assert "%ERROR:119:" in authority.whois("why fca1::/16")
