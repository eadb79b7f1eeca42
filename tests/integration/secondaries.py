# SPDX-License-Identifier: MIT
"""Other people's name servers as secondaries of an authority: NSD, Knot and BIND from Debian, each in a directory of its own."""

import shutil
import socket
import subprocess

import dns.message
import dns.query
import dns.rdatatype
from harness import stop, wait_for

ADDRESS = "127.0.0.1"


def free_port():
    """A port that UDP and TCP both have at the moment."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind((ADDRESS, 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return tcp.getsockname()[1]


class Secondary:
    """A server that transfers `zones` from `primary`, (address, port)."""

    program = None

    def __init__(self, directory, primary, zones):
        self.dir = directory
        self.dir.mkdir()
        self.primary, self.zones = primary, zones
        self.port = free_port()
        self.process = None

    def start(self):
        self.write_conf()
        self.log = open(self.dir / "log", "ab")
        words = [str(word) for word in self.command()]
        self.process = subprocess.Popen(words, stdout=self.log, stderr=subprocess.STDOUT, cwd=self.dir)
        return self

    def stop(self):
        if self.process is not None:
            stop(self.process)
            self.log.close()
            self.process = None

    def said(self):
        return (self.dir / "log").read_text(errors="replace")

    def serial(self, zone):
        """None while the zone is not served."""
        query = dns.message.make_query(zone, "SOA")
        answer = dns.query.udp(query, ADDRESS, port=self.port, timeout=2)
        found = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.SOA]
        return found[0][0].serial if found else None

    def wait_serial(self, zone, serial, timeout=60):
        wait_for(lambda: self.serial(zone) == serial, timeout, f"serial {serial} of {zone} at {type(self).__name__}")

    def zone(self, name):
        """All records as text, by transfer."""
        query = dns.message.make_query(name, "AXFR")
        lines = set()
        for message in dns.query.xfr(ADDRESS, query.question[0].name, port=self.port, relativize=False, timeout=30):
            for rrset in message.answer:
                lines.update(f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {data}" for data in rrset)
        return lines


class Nsd(Secondary):
    program = "nsd"

    def write_conf(self):
        host, port = self.primary
        zones = "".join(
            f'zone:\n\tname: "{zone}"\n\trequest-xfr: {host}@{port} NOKEY\n\tallow-notify: {host} NOKEY\n'
            f"\tprovide-xfr: {ADDRESS} NOKEY\n"
            for zone in self.zones
        )
        (self.dir / "nsd.conf").write_text(
            f'server:\n\tip-address: {ADDRESS}\n\tport: {self.port}\n\tusername: ""\n\tchroot: ""\n\tzonesdir: "{self.dir}"\n'
            f'\tdatabase: ""\n\tpidfile: ""\n\txfrdfile: "{self.dir}/xfrd.state"\n\tzonelistfile: "{self.dir}/zone.list"\n'
            f'\txfrdir: "{self.dir}"\n\tserver-count: 1\n\trrl-ratelimit: 0\n\tminimal-responses: yes\n\ttcp-query-count: 0\n'
            f"\ttcp-timeout: 300\n\txfrd-reload-timeout: 0\n\tverbosity: 2\nremote-control:\n\tcontrol-enable: no\n{zones}"
        )

    def command(self):
        return ["nsd", "-d", "-c", self.dir / "nsd.conf"]


class Knot(Secondary):
    program = "knotd"

    def write_conf(self):
        host, port = self.primary
        zones = "".join(f'  - domain: "{zone}"\n' for zone in self.zones)
        (self.dir / "knot.conf").write_text(
            f'server:\n    rundir: "{self.dir}"\n    listen: {ADDRESS}@{self.port}\n    udp-workers: 1\n    tcp-workers: 1\n'
            f'    background-workers: 1\n    tcp-idle-timeout: 300\nlog:\n  - target: stderr\n    any: info\n'
            f'database:\n    storage: "{self.dir}"\nremote:\n  - id: primary\n    address: {host}@{port}\n'
            f"acl:\n  - id: notify\n    address: {host}\n    action: [notify, transfer]\n"
            f'template:\n  - id: default\n    storage: "{self.dir}"\n    master: primary\n    acl: notify\n    zonefile-sync: -1\n'
            f"    zonemd-verify: on\n    dnssec-validation: on\n"
            f"zone:\n{zones}"
        )

    def command(self):
        return ["knotd", "-c", self.dir / "knot.conf"]


class Bind(Secondary):
    program = "named"

    def write_conf(self):
        host, port = self.primary
        zones = "".join(
            f'zone "{zone}" {{ type secondary; primaries {{ {host} port {port}; }}; file "{i}.zone"; }};\n'
            for i, zone in enumerate(self.zones)
        )
        (self.dir / "named.conf").write_text(
            f'options {{ directory "{self.dir}"; listen-on port {self.port} {{ {ADDRESS}; }}; listen-on-v6 {{ none; }};\n'
            f'pid-file none; session-keyfile "{self.dir}/session.key"; lock-file none; recursion no; dnssec-validation no;\n'
            f"notify no; allow-transfer {{ any; }}; allow-notify {{ any; }}; min-refresh-time 1; min-retry-time 1;\n"
            f"minimal-responses yes; }};\ncontrols {{ }};\n{zones}"
        )

    def command(self):
        return ["named", "-g", "-c", self.dir / "named.conf", "-n", "1"]


CATALOG = "catalog.root-servers"


class CatalogKnot(Knot):
    """Knows the catalog's name only; `zones` come from it."""

    def write_conf(self):
        super().write_conf()
        conf = self.dir / "knot.conf"
        text = conf.read_text()
        conf.write_text(
            text[: text.index("zone:\n")] + f"  - id: member\n    storage: \"{self.dir}\"\n    master: primary\n    acl: notify\n"
            f"    zonefile-sync: -1\nzone:\n  - domain: {CATALOG}\n    catalog-role: interpret\n    catalog-template: member\n"
        )


class CatalogBind(Bind):
    def write_conf(self):
        super().write_conf()
        host, port = self.primary
        conf = self.dir / "named.conf"
        text = conf.read_text()
        conf.write_text(
            text[: text.index('zone "')].replace(
                "minimal-responses yes;",
                f'minimal-responses yes; catalog-zones {{ zone "{CATALOG}" default-primaries {{ {host} port {port}; }} in-memory yes; }};',
            )
            + f'zone "{CATALOG}" {{ type secondary; primaries {{ {host} port {port}; }}; file "catalog"; }};\n'
        )


def present(*kinds):
    return all(shutil.which(kind.program) for kind in kinds)
