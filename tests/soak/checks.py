# SPDX-License-Identifier: MIT
"""What must hold when all is over."""

import json
import shutil
import socket
import urllib.request

import dns.query
import dns.rdatatype
import dns.zone
from harness import DAEMONS, alamo, nobody_home, wait_for
from test_kill9_load import read_log

SIGNED = {dns.rdatatype.from_text(kind) for kind in ("SOA", "RRSIG", "NSEC", "DNSKEY", "ZONEMD", "DS", "CDS", "CDNSKEY")}


def fetch(host, port, path):
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=30) as answer:
        return answer.read()


def talk(host, port, text):
    with socket.create_connection((host, port), timeout=60) as sock:
        sock.sendall(text.encode() + b"\r\n")
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode()


def history(address):
    """Every change of every object, in order."""
    last = talk(*address, "!jALAMO").splitlines()[1].split(":")[2].split("-")[1]
    return talk(*address, f"-g ALAMO:3:1-{last}")


def origins(address):
    found = json.loads(fetch(*address, "/roas.json"))
    return sorted((roa["prefix"], roa["maxLength"], str(roa["asn"])) for roa in found["roas"])


def zones(address):
    """What is in them, but for what depends on keys, dates and the way there."""
    host, port = address
    found = {}
    for name in (".", "alamo.", "1.a.c.f.ip6.arpa."):
        zone = dns.zone.from_xfr(dns.query.xfr(host, name, port=port, timeout=30, lifetime=60, relativize=False), relativize=False)
        found[name] = sorted((str(owner), str(data.rdtype), str(item)) for owner, node in zone.nodes.items()
                             for data in node.rdatasets if data.rdtype not in SIGNED for item in data)
    return found


def everything(endpoints):
    return {"history": history(endpoints["whois"]), "origins": origins(endpoints["roas"]), "zones": zones(endpoints["dns"])}


def rows(what):
    """A text's lines, a list's items, or those of all lists of a dictionary."""
    if isinstance(what, dict):
        return [f"{name} {row}" for name, items in what.items() for row in items]
    return what.splitlines() if isinstance(what, str) else [str(row) for row in what]


def first_difference(found, right):
    """In words: the first place where the two are not the same."""
    found, right = rows(found), rows(right)
    number = next((n for n, (a, b) in enumerate(zip(found, right)) if a != b), min(len(found), len(right)))
    return f"row {number} of {len(found)} and {len(right)}: {found[number:number + 2]} for {right[number:number + 2]}"


def differences(name, found, right):
    return [f"{name}: {what} is not that of a fresh replay, {first_difference(found[what], right[what])}"
            for what in found if found[what] != right[what]]


def rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) // 1024


def receipts(authority, members):
    """Each stands in the log, its bytes at its index; nothing stands there twice."""
    log = read_log(authority, 0)
    found = []
    for member in members:
        for index, data in member.receipts.items():
            if index >= len(log) or not log[index].endswith(data):
                found.append(f"lost: the request with receipt {index}")
    return len(log), found


def books(folder, late):
    """The log proved and every decision made again. `late`: what an auditor's clock needs to be past the registry's."""
    found = []
    for command, word in (("verify", "verified"), ("audit", "clean")):
        said = alamo(command, folder, check=False, timeout=1200, env=nobody_home() | late)
        if said.returncode != 0 or word not in said.stdout:
            found.append(f"alamo {command}: {said.stdout[-500:]}{said.stderr[-500:]}")
    return found


def settled(authority, size):
    """All followers of the authority show the whole log."""
    def look():
        for endpoint in ("rdap", "dns-http", "roas"):
            text = fetch(*authority.endpoints[endpoint], "/metrics").decode()
            if f"\nalamo_log_size {size}\n" not in text:
                return False
        return True

    wait_for(look, timeout=120, what=f"all daemons to show {size} entries")


def fresh_folder(authority, folder, stream):
    """Followers with nothing but keys: what they show is a replay."""
    (folder / "keys").mkdir(parents=True)
    shutil.copy(authority.dir / "keys/log.pub", folder / "keys/log.pub")
    shutil.copytree(authority.dir / "keys/dns", folder / "keys/dns")
    (folder / "alamo.conf").write_text(
        f"[network]\nlisten = 127.0.0.1\n[log]\nstream = 127.0.0.1:{stream}\n" + "".join(
            f"[{section}]\n" + "".join(f"{key} = 0\n" for key in keys) + more
            for section, keys, more in (("whois", ("port", "http-port"), ""), ("dns", ("port", "http-port"), ""),
                                        ("rpki", ("port", "http-port"), "brake-percent = 100\n"))))
    return DAEMONS[1:]
