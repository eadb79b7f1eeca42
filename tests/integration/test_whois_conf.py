# SPDX-License-Identifier: MIT
"""Debian's whois with deploy/whois.conf: what people type reaches our server without a flag."""

import os
import shutil

import pytest
from harness import ROOT, Key, run, wait_for


def test_queries_find_the_server(authority, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a mount namespace needs root")
    key = Key(tmp_path / "member")
    member = authority.member(key, "FISHER", domain="fisher.alamo", records=["www AAAA fca1::80"])
    asn, net = member.key("aut-num"), member.key("inet6num")
    wait_for(lambda: "fisher.alamo" in authority.whois("fisher.alamo"), what="the member in whois")
    etc = tmp_path / "etc"
    etc.mkdir()
    for name in ("hosts", "nsswitch.conf", "passwd", "ld.so.cache", "services"):
        if os.path.exists(f"/etc/{name}"):
            shutil.copy(f"/etc/{name}", etc / name)
    host, port = authority.endpoints["whois"]
    conf = (ROOT / "deploy" / "whois.conf").read_text()
    (etc / "whois.conf").write_text(conf.replace("\twhois.alamo\n", f"\t{host}:{port}\n"))
    zone = ".".join(reversed("fca1010000000000"[:12])) + ".ip6.arpa"
    wanted = {asn: f"aut-num:        {asn}", asn[2:]: f"aut-num:        {asn}", asn.lower(): f"aut-num:        {asn}",
              "fisher.alamo": "domain:         fisher.alamo", "FISHER-MNT": "mntner:         FISHER-MNT",
              net: f"inet6num:       {net}", zone: "inet6num:"}
    for query, line in wanted.items():
        script = f"mount --bind {etc} /etc && exec whois {query}"
        assert line in run("unshare", "-m", "sh", "-c", script, timeout=30).stdout, query
