# SPDX-License-Identifier: MIT
"""`alamo status DIR`, and what is watched from afar by the same numbers."""

import http.server
import json
import os
import re
import threading
import time
import urllib.request

import dns.message
import dns.query
import pytest
from harness import ROOT, Key, alamo, mntner, wait_for

HTTP = {"alamo-registryd": "log-http", "alamo-whoisd": "rdap", "alamo-rootd": "dns-http", "alamo-rpkid": "roas"}
NOW = int(time.time())
DAY = 86400
GOOD = {
    "alamo_registry_log_entries": 5000, "alamo_registry_published_size": 5000, "process_resident_memory_bytes": 1 << 20,
    "alamo_log_size": 5000, "alamo_log_up": 1, "alamo_log_stale": 0, "alamo_log_age_seconds": 3,
    "alamo_dns_signatures_since_seconds": NOW - 4 * DAY, "alamo_dns_signatures_end_seconds": NOW + 10 * DAY,
    "alamo_rpki_key_since_seconds": NOW - 650 * DAY, "alamo_rpki_key_not_after_seconds": NOW + 3000 * DAY,
}


def metrics(authority, program):
    host, port = authority.endpoints[HTTP[program]]
    host = f"[{host}]" if ":" in host else host
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=30) as answer:
        return dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#"))


def status(folder, *words, code):
    result = alamo("status", folder, *words, check=False)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout


def test_a_good_one(authority, tmp_path):
    authority.member(Key(tmp_path / "member"))
    size = int(metrics(authority, "alamo-registryd")["alamo_registry_log_entries"])
    assert size == 2
    shown = status(authority.dir, code=0)
    assert shown.startswith(f"ALAMO OK: {size} entries | entries={size}\n")
    assert all(line.startswith("OK ") for line in shown.splitlines()[1:])
    said = json.loads(status(authority.dir, "--json", code=0))
    assert said["state"] == "OK" and said["entries"] == size
    assert {"registry", "memory", "whois", "dns", "dns signatures", "origins", "disk"} <= {point["what"] for point in said["points"]}


def test_end_of_signatures_is_true(authority):
    """As a resolver sees them: none of those that are served ends before it, and one of the zone's does not end much later."""
    shown = metrics(authority, "alamo-rootd")
    end, since = int(shown["alamo_dns_signatures_end_seconds"]), int(shown["alamo_dns_signatures_since_seconds"])
    host, port = authority.endpoints["dns"]
    ends = []
    for name, kind in ((".", "SOA"), (".", "NS"), (".", "DNSKEY"), ("alamo.", "SOA"), ("alamo.", "NS")):
        answer = dns.query.tcp(dns.message.make_query(name, kind, want_dnssec=True), host, port=port, timeout=20)
        ends += [(row.expiration, row.inception) for rrset in answer.answer for row in rrset if hasattr(row, "expiration")]
    assert ends and (end, since) <= min(ends) and end > time.time() + 13 * 86400 - 7200
    assert end - since == ends[0][0] - ends[0][1]


def test_nobody_answers(own_authority):
    own_authority.stop()
    assert status(own_authority.dir, code=2).startswith("ALAMO CRITICAL: registry: alamo-registryd does not answer at http://")


def test_no_authority(tmp_path):
    assert status(tmp_path, code=3) == ""


@pytest.fixture
def told(tmp_path):
    """A folder whose daemons say what told.values has: states that a test cannot wait for."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            text = "".join(f"{name} {value}\n" for name, value in self.server.values.items()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.values, server.folder = dict(GOOD), tmp_path / "dir"
    (server.folder / "run/endpoints.d").mkdir(parents=True)
    (server.folder / "alamo.conf").write_text("[network]\n[registry]\n")
    for program, endpoint in HTTP.items():
        (server.folder / f"run/endpoints.d/{program}").write_text(f"{endpoint} 127.0.0.1:{server.server_address[1]}\n")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


ROWS = [
    ({}, 0, "ALAMO OK"),
    ({"alamo_registry_published_size": 3999}, 1, "registry: 5000 entries, 3999 published"),
    ({"process_resident_memory_bytes": 3500 << 20}, 1, "memory: 3500 MiB"),
    ({"process_resident_memory_bytes": 4096 << 20}, 2, "memory: 4096 MiB"),
    ({"alamo_registry_queue_waiting": 1, "alamo_registry_queue_oldest_seconds": NOW - 14 * 86400}, 0, "ALAMO OK"),
    ({"alamo_registry_queue_waiting": 1, "alamo_registry_queue_oldest_seconds": NOW - 16 * 86400}, 1, "queue: 1 request waits"),
    ({"alamo_registry_queue_waiting": 5001, "alamo_registry_queue_oldest_seconds": NOW}, 1, "queue: 5001 requests wait"),
    ({"alamo_registry_clock_ahead_seconds": 2592000}, 2, "clock: the system's clock has jumped ahead by 2592000 s"),
    ({"alamo_log_size": 3999}, 1, "1001 behind"),
    ({"alamo_log_size": 4000}, 0, "ALAMO OK"),
    ({"alamo_log_up": 0}, 1, "no connection to the log"),
    ({"alamo_log_stale": 1}, 2, "what it serves is old"),
    ({"alamo_dns_signatures_end_seconds": 0}, 0, "ALAMO OK"),
    ({"alamo_dns_keys_moving": 2, "alamo_dns_keys_next_seconds": NOW + 60}, 0, "ALAMO OK"),
    ({"alamo_dns_keys_moving": 2, "alamo_dns_keys_next_seconds": NOW - 30}, 0, "ALAMO OK"),
    ({"alamo_dns_keys_moving": 2, "alamo_dns_keys_next_seconds": NOW - 4000}, 1, "dns keys: 2 on their way, the next step should have been"),
    ({"alamo_rpki_held": 1, "alamo_rpki_held_routes": 77}, 1, "takes 77 routes away"),
    ({"alamo_rpki_stale": 1}, 2, "too old"),
    ({"alamo_log_stale": 1, "alamo_rpki_held": 1}, 2, "what it serves is old"),
]


@pytest.mark.parametrize("values, code, says", ROWS)
def test_states(told, values, code, says):
    told.values.update(values)
    assert says in status(told.folder, code=code).splitlines()[0]


# What ends: its name, the metrics of its two ends, and how long it is good for, in days.
LIVES = [
    ("log keys", "alamo_registry_keys_since_seconds", "alamo_registry_keys_end_seconds", 730),
    ("origins key", "alamo_rpki_key_since_seconds", "alamo_rpki_key_not_after_seconds", 3650),
    ("origins certificate", "alamo_rpki_certificate_since_seconds", "alamo_rpki_certificate_end_seconds", 90),
]
HOUR = 3600


@pytest.mark.parametrize("what, since, end, days", LIVES)
def test_half_of_a_life(told, what, since, end, days):
    """One rule for all: past half of it a warning; with a tenth of it left, or two weeks, it is critical."""
    life, last = days * DAY, min(days * DAY // 10, 14 * DAY)
    for left, code in ((life, 0), (life // 2 + HOUR, 0), (life // 2 - HOUR, 1), (last + HOUR, 1), (last - HOUR, 2), (-HOUR, 2)):
        told.values.update({since: NOW + left - life, end: NOW + left})
        first = status(told.folder, code=code).splitlines()[0]
        assert first.startswith("ALAMO OK") if code == 0 else f"{what}: ends in {max(left - HOUR, 0) // DAY} days" in first, (left, first)
        point = next(point for point in json.loads(status(told.folder, "--json", code=code))["points"] if point["what"] == what)
        assert point["state"] == ("OK", "WARNING", "CRITICAL")[code]
    told.values.update({since: 0, end: 0})      # there is none
    assert what not in status(told.folder, code=0)


@pytest.mark.parametrize("left, code", [(7, 0), (6.4, 0), (6.2, 1), (1.3, 1), (1.2, 2), (-1, 2)])
def test_signatures_end(told, left, code):
    """They are made anew at half of their time, which is no reason to cry yet."""
    end = NOW + int(left * DAY)
    told.values.update({"alamo_dns_signatures_since_seconds": end - 14 * DAY, "alamo_dns_signatures_end_seconds": end})
    first = status(told.folder, code=code).splitlines()[0]
    assert first.startswith("ALAMO OK") if code == 0 else "dns signatures: ends in " in first


def test_since_when_a_keys_note_is_good(own_authority):
    """It does not say so: its file does, and it is not older than the last entry before its newest key."""
    authority, note = own_authority, own_authority.dir / "keys/log.pub"
    index = authority.accept([mntner("X-MNT", authority.hostmaster)], [authority.hostmaster]).index
    assert metrics(authority, "alamo-registryd")["alamo_registry_keys_end_seconds"] == "0"      # a bare key
    last = int(re.search(r"^time (\d+)$", alamo("log", "show", index, "--dir", authority.dir).stdout, re.M)[1])
    day = time.gmtime(time.time() + 1000 * DAY)
    authority.stop()
    alamo("keys", "rotate", authority.dir, "--not-after", time.strftime("%Y-%m-%d", day))
    wait_for(lambda: time.time() > last + 1, what="the next second")
    for written, since in ((int(note.stat().st_mtime), None), (last + 1, last + 1), (last - 100 * DAY, last), (last + 100 * DAY, last)):
        os.utime(note, (written, written))
        authority.start()
        shown = metrics(authority, "alamo-registryd")
        assert int(shown["alamo_registry_keys_since_seconds"]) == (since or written)
        assert time.gmtime(int(shown["alamo_registry_keys_end_seconds"]))[:3] == day[:3]
        assert re.search(r"^OK +log keys +ends in 9\d\d days", status(authority.dir, code=0), re.M)
        authority.stop()
    authority.start()


def test_disk(told):
    (told.folder / "alamo.conf").write_text("[network]\n[registry]\nmin-free-disk = 1000000000\n")
    assert "disk: " in status(told.folder, code=2).splitlines()[0]


def test_what_is_watched_exists(authority):
    """Every metric of the alerts and the dashboard is one that a daemon has, or a publisher (test_validators.py)."""
    there = {name.split("{")[0] for program in HTTP for name in metrics(authority, program)}
    rules = (ROOT / "deploy/monitoring/alamo.rules.yml").read_text()
    board = json.loads((ROOT / "deploy/monitoring/alamo-dashboard.json").read_text())
    exprs = re.findall(r"expr: (.*)", rules) + [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    named = {name for expr in exprs for name in re.findall(r"\b(?:alamo|process)_\w+", expr)}
    ours = {name for name in named if not name.startswith("alamo_x509_")}
    assert len(ours) > 20 and ours <= there, ours - there


def test_the_alerts_have_the_same_rule(authority):
    """Each life that `alamo status` judges is recorded with both ends, and what is recorded is judged as there."""
    rules = (ROOT / "deploy/monitoring/alamo.rules.yml").read_text()
    recorded = re.findall(r"- record: alamo:(left|life)_seconds\n +expr: (.*)\n +labels: { what: \"(.*)\" }\n", rules)
    ends = {what: re.fullmatch(r"\((\w+) > 0\) - time\(\)", expr)[1] for kind, expr, what in recorded if kind == "left"}
    lives = {what: expr for kind, expr, what in recorded if kind == "life"}
    assert set(ends) == set(lives) and len(recorded) == 2 * len(ends) == rules.count("- record:")
    dns = ("dns signatures", "alamo_dns_signatures_since_seconds", "alamo_dns_signatures_end_seconds", 14)
    for _, since, end, _ in [*LIVES, dns]:
        what = next(what for what, name in ends.items() if name == end)
        assert lives[what] in (f"({end} > 0) - {since}", f"0.9 * (({end} > 0) - {since})")
    assert {name for name in metrics(authority, "alamo-rpkid") | metrics(authority, "alamo-rootd") | metrics(authority, "alamo-registryd")
            if name.endswith(("_end_seconds", "_not_after_seconds"))} <= set(ends.values())
    said = re.findall(r"expr: alamo:left_seconds < (.*)\n", rules)
    assert said == ["alamo:life_seconds / 2", "clamp_max(alamo:life_seconds / 10, 14 * 86400)"]
    header = (ROOT / "cli/expiry.h").read_text()
    assert "#define EXPIRY_LAST_S (14u * 86400)" in header
