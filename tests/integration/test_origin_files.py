# SPDX-License-Identifier: MIT
"""Files of route origins: each is read by the program that it is made for."""

import contextlib
import csv
import io
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from harness import Key, Rtr, attributes, obj, run, wait_for


@pytest.fixture(scope="module")
def table(authority, tmp_path_factory):
    """Members of both families, one of whom gave a block back; the set as RTR has it, for comparison."""
    keys = [Key(tmp_path_factory.mktemp("keys") / f"k{i}") for i in range(3)]
    for i, key in enumerate(keys):
        made = authority.member(key, name=f"FILE{i}")
        if i == 0:
            block = obj(("inetnum", "172.20.0.0/24"), ("netname", "V4-NET"), mnt="HOSTMASTER-MNT")
            route = obj(("route", "172.20.0.0/24"), ("origin", made.key("aut-num")), ("max-length", "28"), mnt="HOSTMASTER-MNT")
            authority.accept([block, route], [key, authority.hostmaster])
    # What only AS 0 may originate, nobody does.
    authority.accept([obj(("route6", "fca1:0:ff::/48"), ("origin", "AS0"), mnt="HOSTMASTER-MNT")], [authority.hostmaster])
    wait_for(lambda: {0, 28} <= {n for row in authority.vrps() for n in row[1:]}, what="the routes")
    return authority.vrps()


def fetch(authority, name, **headers):
    host, port = authority.endpoints["roas"]
    request = urllib.request.Request(f"http://{host}:{port}/{name}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def bird_check(tmp_path, text):
    conf = tmp_path / "bird.conf"
    conf.write_text("router id 10.0.0.1;\nprotocol device {}\n" + text)
    run("bird", "-p", "-c", conf)


def test_bird_loads_both_families_at_once(authority, table, tmp_path):
    (tmp_path / "roas.conf").write_text(fetch(authority, "roas-bird2.conf"))
    bird_check(tmp_path, f'include "{tmp_path}/roas.conf";\n'
               "function origin_is_valid() { return roa_check(roas_v6, net, bgp_path.last) = ROA_VALID; }\n")
    # And they are in the tables, not only read.
    process_conf, control = tmp_path / "bird.conf", tmp_path / "bird.ctl"
    with subprocess.Popen(["bird", "-f", "-c", str(process_conf), "-s", str(control), "-P", str(tmp_path / "pid")]) as bird:
        try:
            wait_for(control.exists, what="bird")
            shown = wait_for(lambda: (text := run("birdc", "-s", control, "show", "route", "all").stdout).count("roas_v") > 1 and
                             run("birdc", "-s", control, "show", "route", "table", "roas_v4").stdout +
                             run("birdc", "-s", control, "show", "route", "table", "roas_v6").stdout, what="the tables")
        finally:
            bird.terminate()
            bird.wait()
    for prefix, most, asn in table:
        assert f"{prefix}-{most} AS{asn} " in shown, shown


@pytest.mark.parametrize("family", (4, 6))
def test_bird_includes_a_family(authority, table, tmp_path, family):
    (tmp_path / "roas.conf").write_text(fetch(authority, f"roas-bird2-{family}.conf"))
    bird_check(tmp_path, f"roa{family} table t;\nprotocol static {{\n\troa{family} {{ table t; }};\n"
               f'include "{tmp_path}/roas.conf";\n}}\n')


def test_openbgpd(authority, table, tmp_path):
    conf = tmp_path / "bgpd.conf"
    text = fetch(authority, "roas-openbgpd.conf")
    conf.write_text(f"AS 65000\nrouter-id 10.0.0.1\n{text}")
    conf.chmod(0o600)
    run("bgpd", "-n", "-f", conf)
    rows = {tuple(line.split()) for line in text.splitlines() if line.startswith("\t")}
    assert rows == {(prefix, "maxlen", str(most), "source-as", str(asn)) for prefix, most, asn in table}


def test_stayrtr_reads_the_json(authority, table, tmp_path, children):
    """By every row: what it hands to a router is what we do."""
    (tmp_path / "roas.json").write_text(fetch(authority, "roas.json"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    children(["stayrtr", "-bind", f"127.0.0.1:{port}", "-cache", tmp_path / "roas.json", "-metrics.addr", "127.0.0.1:0"])

    def whole():
        session = Rtr(("127.0.0.1", port), version=1, timeout=5)
        try:
            return session.reset() == table
        except (AssertionError, ConnectionError):
            return False
        finally:
            session.close()

    wait_for(whole, what="StayRTR with the same table")


def test_json_has_what_irrd_wants(authority, table):
    """The keys without which IRRd 4 refuses the whole file (rpki/importer.py), and the time until which it counts."""
    whole = json.loads(fetch(authority, "roas.json"))
    assert {(row["prefix"], row["maxLength"], int(row["asn"].removeprefix("AS"))) for row in whole["roas"]} == table
    for row in whole["roas"]:
        assert row["ta"] == "registry.alamo/log" and row["expires"] == whole["metadata"]["valid"] > time.time()


def test_csv_and_slurm_have_every_row(authority, table):
    rows = list(csv.DictReader(io.StringIO(fetch(authority, "roas.csv"))))
    assert {(row["IP Prefix"], int(row["Max Length"]), int(row["ASN"].removeprefix("AS"))) for row in rows} == table
    slurm = json.loads(fetch(authority, "roas-slurm.json"))
    added = slurm["locallyAddedAssertions"]["prefixAssertions"]
    assert slurm["slurmVersion"] == 1 and {(row["prefix"], row["maxPrefixLength"], row["asn"]) for row in added} == table


def test_curl_fetches_what_changed_only(authority, table, tmp_path, key):
    """As the documented cron job does: curl -z FILE -o FILE URL."""
    host, port = authority.endpoints["roas"]
    file, url = tmp_path / "roas.conf", f"http://{host}:{port}/roas-bird2-6.conf"

    def get():
        return run("curl", "-sfSL", "-R", "-z", file, "-o", file, "-w", "%{http_code}", url).stdout

    wait_for(lambda: get() == "304", what="304 for what is there")     # 200 while the second of the change lasts
    before = file.read_text()
    made = authority.member(key, name="CURL")
    prefix = made.key("inet6num")
    wait_for(lambda: any(row[0] == prefix for row in authority.vrps()), what="the new route")
    assert get() == "200" and prefix in file.read_text() and file.read_text() != before
    text = authority.shown("route6", made.key("route6"))
    authority.accept([text + attributes([("delete", "test")])], [key], prev=authority.prev("route6", made.key("route6")))


def test_no_other_file(authority):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(authority, "roas-bird3.conf")


def test_irr_objects(authority, table):
    """Each record as the object that the registry has, less what only the registry knows."""
    text = fetch(authority, "roas-rpsl.txt")
    found = set()
    for block in text.split("\n\n")[1:]:
        fields = dict(line.split(":", 1) for line in block.strip().splitlines())
        fields = {name: value.strip() for name, value in fields.items()}
        kind = "route6" if "route6" in fields else "route"
        assert set(fields) == {kind, "origin", "max-length", "source"} and fields["source"] == "ALAMO", block
        found.add((fields[kind], int(fields["max-length"]), int(fields["origin"].removeprefix("AS"))))
        shown = authority.whois(f"-s {fields['source']} -rT {kind} {fields[kind]}")
        assert f"\norigin:         {fields['origin']}\n" in shown, shown
    assert found == {row for row in table if row[2] != 0} and any(row[2] == 0 for row in table)


def test_packed(authority, table, children, tmp_path):
    """curl unpacks it, a cache keeps both apart, and StayRTR, which asks so by itself, serves the same table."""
    host, port = authority.endpoints["roas"]
    url = f"http://{host}:{port}/roas-rpsl.txt"
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    head = run("curl", "-sSD", "-", "-o", plain, url).stdout.lower()
    assert "vary: accept-encoding" in head and "content-encoding" not in head
    bulk = [obj(("route6", f"fca1:0:{at:x}::/48"), ("origin", "AS4252660001"), mnt="HOSTMASTER-MNT") for at in range(0x100, 0x140)]
    authority.accept(bulk, [authority.hostmaster])
    wait_for(lambda: "fca1:0:13f::/48" in fetch(authority, "roas-rpsl.txt"), what="more records")
    head = run("curl", "-sS", "--compressed", "-D", "-", "-o", packed, url).stdout.lower()
    assert "content-encoding: gzip" in head and "vary: accept-encoding" in head
    assert packed.read_text() == fetch(authority, "roas-rpsl.txt")
    tag = [line.split(": ", 1)[1] for line in head.splitlines() if line.startswith("etag: ")][0]
    shown = run("curl", "-sS", "--compressed", "-H", f"If-None-Match: {tag}", "-w", "%{http_code}", "-o", "/dev/null", url).stdout
    assert shown == "304"
    with socket.create_server(("127.0.0.1", 0)) as free:
        rtr = free.getsockname()[1]
    children(["stayrtr", "-bind", f"127.0.0.1:{rtr}", "-cache", f"http://{host}:{port}/roas.json", "-metrics.addr", "127.0.0.1:0"])

    def whole():
        with contextlib.closing(Rtr(("127.0.0.1", rtr), version=1, timeout=5)) as session:
            with contextlib.suppress(AssertionError, ConnectionError):
                return session.reset() == authority.vrps()

    wait_for(whole, what="StayRTR with the same table")
