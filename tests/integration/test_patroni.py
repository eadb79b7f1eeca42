# SPDX-License-Identifier: MIT
"""The recipe of deploy/postgresql in two houses: Patroni, etcd, PostgreSQL and two registries, while things go wrong under load.

Five machines, each a network namespace: three with what the recipe puts there, by its own files (addresses changed, TLS left out), and two
with a registry each. Two bridges are the houses, one link joins them. The leader's server is killed (all of its processes, with
SIGKILL), its machine is frozen, the registry that writes is killed, and the link is cut while the leader, or the
registry that writes, or both, are alone in the smaller house. Then every receipt must stand in the log, no request twice, and
the log is one (check_log() of test_postgresql.py). One client stays in the smaller house.

ALAMO_POSTGRESQL_FULL=1 runs the whole count; otherwise there is one of each. The outages are printed (pytest -s).
"""

import contextlib
import ctypes
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from conftest import CLONE_NEWNET
from harness import ROOT, Key, run, stop, wait_for
from test_postgresql import CLIENTS, FULL, OWNER, TOOLS, Load, check_copy, check_log, make_pair, prepare, signal_all, start_whois, who_writes

KILLS, FREEZES, REGISTRIES = (10, 5, 5) if FULL else (1, 1, 1)
CUTS = (("leader", "registry"), ("leader",), ("registry",)) if FULL else (("leader", "registry"),)
REQUESTS = 30000 if FULL else 6000
PACE_S = 0.1
NET = "10.77.0."
RECIPE = ROOT / "deploy" / "postgresql"
MEMBERS = {"db1": "11", "db2": "12", "db3": "13"}


def without_tls(text):
    """The recipe's own addresses and names are ours."""
    text = re.sub(r"\[2001:db8::(\d)\]", lambda found: f"{NET}1{found[1]}", text.replace("https:", "http:"))
    return re.sub(r"\bdb(\d):(?=\d)", lambda found: f"{NET}1{found[1]}:", text)


class Houses:
    """Two bridges and the link between them; the test itself is in house a."""

    def __init__(self, children):
        self.children = children
        run("ip", "link", "add", "cable-a", "type", "veth", "peer", "name", "cable-b")
        for house in "ab":
            run("ip", "link", "add", f"house-{house}", "type", "bridge")
            run("ip", "link", "set", f"house-{house}", "up")
            run("ip", "link", "set", f"cable-{house}", "master", f"house-{house}", "up")
        run("ip", "addr", "add", f"{NET}1/24", "dev", "house-a")

    def machine(self, name, last):
        """Its address, the words that run something in it, and its namespace's file."""
        holder = self.children(["unshare", "-n", "sleep", "infinity"])
        space = f"/proc/{holder.pid}/ns/net"
        wait_for(lambda: os.readlink(space) != os.readlink("/proc/self/ns/net"), what="the namespace")
        inside = ["nsenter", f"--net={space}"]
        run("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "up0", "netns", holder.pid)
        run(*inside, "ip", "addr", "add", f"{NET}{last}/24", "dev", "up0")
        for device in ("lo", "up0"):
            run(*inside, "ip", "link", "set", device, "up")
        self.place(name, "a")
        return NET + last, inside, space

    def place(self, name, house):
        run("ip", "link", "set", f"to-{name}", "master", f"house-{house}", "up")

    def link(self, state):
        run("ip", "link", "set", "cable-a", state)


class Member:
    """A machine of the cluster."""

    def __init__(self, houses, folder, name):
        self.name, self.dir = name, folder / name
        self.address, self.inside, _ = houses.machine(name, MEMBERS[name])
        self.dir.mkdir()
        self.patroni = self.etcd = None
        self.conf = self.dir / "config.yml"
        self.conf.write_text(json.dumps(self.settings()))     # which is YAML as well

    def settings(self):
        conf = yaml.safe_load(without_tls((RECIPE / "patroni.yml").read_text().replace("db1", self.name)
                                          .replace(f'"{self.name}:2379"', '"db1:2379"', 1)))
        conf["restapi"] = {"listen": f"{self.address}:8008", "connect_address": f"{self.address}:8008"}
        conf["etcd"] = {"hosts": conf["etcd"]["hosts"]}
        del conf["ctl"]
        parameters = conf["bootstrap"]["dcs"]["postgresql"]["parameters"]
        for name in [name for name in parameters if name.startswith("ssl")]:
            del parameters[name]
        own = conf["postgresql"]
        own |= {"listen": f"{self.address}:5432", "data_dir": str(self.dir / "data"), "bin_dir": str(TOOLS), "pgpass": str(self.dir / "pgpass"),
                "parameters": {"unix_socket_directories": str(self.dir), "shared_buffers": "16MB"},
                "authentication": {role: {"username": of["username"]} for role, of in own["authentication"].items()},
                "pg_hba": ["local all all trust", f"host all all {NET}0/24 trust", f"host replication all {NET}0/24 trust"]}
        conf["watchdog"] = {"mode": "off"}
        return conf

    def etcd_environment(self):
        text = without_tls((RECIPE / "etcd.default").read_text())
        pairs = dict(re.findall(r'^(ETCD_\w+)="(.*)"$', text, re.M))
        kept = {name: value if name == "ETCD_INITIAL_CLUSTER" else value.replace(f"{NET}11", self.address)
                for name, value in pairs.items() if not re.search("FILE|AUTH", name)}
        return os.environ | kept | {"ETCD_NAME": self.name, "ETCD_DATA_DIR": str(self.dir / "etcd")}

    def begin(self, program, *words, **keywords):
        owner = pwd.getpwnam(OWNER)
        words = [*self.inside, "setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", program, *words]
        with open(self.dir / f"{program}.log", "ab") as log:
            return subprocess.Popen([str(word) for word in words], stdout=log, stderr=log, cwd="/", **keywords)

    def start_etcd(self):
        self.etcd = self.begin("etcd", env=self.etcd_environment())

    def start_patroni(self):
        self.patroni = self.begin("patroni", self.conf)

    def restart_patroni(self):
        stop(self.patroni, timeout=30)
        self.start_patroni()

    def signal_server(self, number):
        with contextlib.suppress(OSError, ValueError):
            signal_all(int((self.dir / "data" / "postmaster.pid").read_text().split()[0]), number)

    def signal_machine(self, number):
        for process in (self.patroni, self.etcd):
            process.send_signal(number)
        self.signal_server(number)

    def end(self):
        for process in (self.patroni, self.etcd):
            if process is not None:
                process.kill()
                process.wait()
        self.signal_server(signal.SIGKILL)

    def sql(self, text, database="alamo"):
        url = f"postgresql://postgres@{self.address}:5432/{database}"
        return run("psql", "-XAtq", "-c", text, url, env=os.environ | {"PGCONNECT_TIMEOUT": "2"}, timeout=30).stdout.strip()


class Cluster:
    def __init__(self, houses):
        self.folder = Path(tempfile.mkdtemp(prefix="alamo-patroni-"))
        self.members = [Member(houses, self.folder, name) for name in MEMBERS]
        for path in (self.folder, *(member.dir for member in self.members)):
            shutil.chown(path, OWNER, pwd.getpwnam(OWNER).pw_gid)
        self.url = "postgresql://alamo@" + ",".join(member.address for member in self.members) + "/alamo"
        self.cures = 0

    def start(self):
        for member in self.members:
            member.start_etcd()
        self.members[0].start_patroni()
        leader = wait_for(self.leader, timeout=90, what="a leader")
        for member in self.members[1:]:
            member.start_patroni()
        self.whole()
        leader.sql("CREATE ROLE alamo LOGIN", "postgres")
        leader.sql("CREATE DATABASE alamo OWNER alamo", "postgres")
        return self

    def roles(self):
        """Name -> (role, state), as the first member who answers sees it."""
        for member in self.members:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{member.address}:8008/cluster", timeout=1) as answer:
                return {one["name"]: (one["role"], one["state"]) for one in json.load(answer)["members"]}
        return {}

    def leader(self):
        """Who says himself that he leads."""
        for member in self.members:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{member.address}:8008/primary", timeout=1) as answer:
                if answer.status == 200:
                    return member
        return None

    def is_whole(self):
        roles, leader = self.roles(), self.leader()
        return (leader is not None and sorted(role for role, _ in roles.values()) == ["leader", "replica", "sync_standby"]
                and all(state == "running" for _, state in roles.values())
                and leader.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "postgres") == "2")

    def whole(self):
        """As docs/scale.md tells the operator: a member who does not come back gets another start of his Patroni."""
        for _ in range(3):
            with contextlib.suppress(AssertionError):
                wait_for(self.is_whole, timeout=40, what=f"a whole cluster: {self.roles()}")
                return
            self.cures += 1
            for member in self.members:
                if self.roles().get(member.name, ("", ""))[1] != "running":
                    member.restart_patroni()
        raise AssertionError(f"the cluster does not become whole: {self.roles()}")

    def stop(self):
        for member in self.members:
            member.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class TwoHouses(Load):
    """The last client is on a machine of its own, which is in house b for good."""

    def __init__(self, space, *words, **keywords):
        super().__init__(*words, **keywords)
        self.space = space

    def client(self, first):
        if first == CLIENTS - 1:
            with open(self.space, "rb") as space:
                assert ctypes.CDLL(None).setns(space.fileno(), CLONE_NEWNET) == 0      # of this thread alone
        super().client(first)


class Story:
    def __init__(self, houses, cluster, registries, load):
        self.houses, self.cluster, self.registries, self.load = houses, cluster, registries, load
        self.figures = {}

    def outage(self, name, since):
        self.figures.setdefault(name, []).append(self.load.outage(since))

    def leader_killed(self):
        leader, since = self.cluster.leader(), time.monotonic()
        leader.signal_server(signal.SIGKILL)
        self.outage("leader killed", since)
        self.cluster.whole()

    def leader_frozen(self):
        leader, since = self.cluster.leader(), time.monotonic()
        leader.signal_machine(signal.SIGSTOP)
        try:
            self.outage("leader frozen", since)
        finally:
            leader.signal_machine(signal.SIGCONT)      # it believes to lead still, and nobody confirms what it writes
        self.cluster.whole()

    def registry_killed(self):
        active, since = who_writes(self.registries), time.monotonic()
        active.kill()
        self.outage("registry killed", since)
        active.start()
        wait_for(lambda: active.writes() is False, timeout=60, what="the killed registry to follow")

    def cut(self, smaller):
        """`smaller`: who is in the smaller house, of the leader and the registry that writes."""
        leader, active = self.cluster.leader(), who_writes(self.registries)
        member = leader if "leader" in smaller else next(m for m in self.cluster.members if m is not leader)
        registry = active if "registry" in smaller else next(r for r in self.registries if r is not active)
        names = (member.name, f"registry{self.registries.index(registry)}")
        for name in names:
            self.houses.place(name, "b")
        since = time.monotonic()
        self.houses.link("down")
        try:
            self.outage(f"cut, {' and '.join(smaller)} alone", since)
        finally:
            self.houses.link("up")
            for name in names:
                self.houses.place(name, "a")
        self.cluster.whole()

    def go(self):
        for number in range(max(KILLS, FREEZES, REGISTRIES, len(CUTS))):
            for count, step in ((KILLS, self.leader_killed), (FREEZES, self.leader_frozen), (REGISTRIES, self.registry_killed)):
                if number < count:
                    step()
            if number < len(CUTS):
                self.cut(CUTS[number])

    def told(self):
        lines = [f"{name}: {len(times)} times, without a receipt for at most {max(times):.1f} s, "
                 f"{sorted(times)[len(times) // 2]:.1f} s in the middle" for name, times in self.figures.items()]
        return "\n".join([*lines, f"{len(self.load.index)} receipts, {self.cluster.cures} Patronis started again"])


@pytest.fixture
def houses(netns, children):
    if subprocess.run(["setpriv", f"--reuid={OWNER}", "--clear-groups", "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip(f"nobody can become {OWNER} here, and PostgreSQL does not run as root")
    return Houses(children)


@pytest.fixture
def cluster(houses):
    made = Cluster(houses)
    try:
        yield made.start()
    finally:
        made.stop()


def test_two_houses(tmp_path, houses, cluster):
    places = [houses.machine(f"registry{number}", str(21 + number))[:2] for number in range(2)]
    _, _, far = houses.machine("client", "31")
    houses.place("client", "b")
    authority, registries = make_pair(tmp_path, cluster.url, places)
    load = TwoHouses(far, prepare(Key(tmp_path / "member"), authority.namespace, tmp_path / "requests", REQUESTS), registries,
                     pace_s=PACE_S, patience_s=5)
    story = Story(houses, cluster, registries, load)
    whois = start_whois(authority.dir, registries)
    try:
        for number, registry in enumerate(registries):
            registry.start()
            wait_for(lambda: registry.writes() is (number == 0), timeout=60, what="a registry that writes, and one that follows")
        with load.going():
            story.go()
        print(f"\n{story.told()}")
        check_log(authority, registries, load, whois)
    finally:
        stop(whois)
        for registry in registries:
            registry.stop()
    check_copy(tmp_path, authority, cluster)
