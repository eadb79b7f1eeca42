# SPDX-License-Identifier: MIT
"""Two registries on one PostgreSQL cluster, under load: primaries killed and frozen, the active registry killed.

The cluster is three servers on loopback, started here as an unprivileged user, with one synchronous standby required; what
Patroni does in production, promoting the standby that has most, this test does itself. Every request is sent again, the
same bytes, until it has its receipt. In the end every receipt must stand at its index in the log, no request stands there
twice, the log verifies, and whois, which followed both registries by a list, has seen one history.

ALAMO_POSTGRESQL_FULL=1 runs the whole count; otherwise there are two of each. The outages are printed (pytest -s).
"""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from harness import BIN, UNPAID, Answer, Authority, Key, alamo, mntner, nobody_home, request_text, run, stop, wait_for
from test_kill9_load import read_log

FULL = os.environ.get("ALAMO_POSTGRESQL_FULL") == "1"
KILLS, FREEZES, REGISTRIES = (10, 5, 5) if FULL else (2, 2, 2)
CLIENTS = 4
REQUESTS = 16000 if FULL else 6000
PACE_S = 0.04
NOTICED_S = 3.0      # a failover manager takes so long to give a frozen primary up
TOOLS = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
OWNER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
SETTINGS = {
    "listen_addresses": "127.0.0.1", "shared_buffers": "16MB", "max_connections": "40", "wal_log_hints": "on",
    "wal_keep_size": "256MB", "wal_sender_timeout": "5s", "wal_receiver_timeout": "5s", "hot_standby": "on",
    "wal_retrieve_retry_interval": "200ms", "synchronous_standby_names": "ANY 1 (*)",
}


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def unprivileged():
    """PostgreSQL does not run as root."""
    return {"user": OWNER, "group": pwd.getpwnam(OWNER).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def signal_all(pid, number):
    """To a PostgreSQL server and its processes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, number)


class Server:
    """One PostgreSQL server of the cluster."""

    def __init__(self, folder, name):
        self.data, self.sockets, self.name, self.port = folder / name, folder, name, free_port()
        self.logfile, self.process, self.more = folder / f"{name}.log", None, {}

    def tool(self, program, *words):
        return run(TOOLS / program, *words, cwd="/", **unprivileged())

    def sql(self, text, database="alamo", local=False):
        """`local`: does not wait for a standby."""
        env = os.environ | {"PGOPTIONS": "-c synchronous_commit=local" if local else "", "PGCONNECT_TIMEOUT": "3"}
        url = f"postgresql://alamo@127.0.0.1:{self.port}/{database}"
        return run("psql", "-XAtq", "-c", text, url, env=env, timeout=30).stdout.strip()

    def answers(self):
        return subprocess.run([TOOLS / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"],
                              check=False).returncode == 0

    def start(self):
        settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self.sockets)} | self.more
        words = [word for pair in settings.items() for word in ("-c", "=".join(pair))]
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen([TOOLS / "postgres", "-D", self.data, *words], stdout=log, stderr=log, cwd="/",
                                            **unprivileged())
        wait_for(self.answers, timeout=60, what=f"{self.name} to answer")

    def create(self):
        self.tool("initdb", "-D", self.data, "-U", "alamo", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()
        self.sql("CREATE DATABASE alamo", database="postgres", local=True)

    def follow(self, primary):
        """From nothing."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.tool("pg_basebackup", "-h", "127.0.0.1", "-p", primary.port, "-U", "alamo", "-D", self.data, "-R", "-c", "fast",
                  "--no-sync")
        self.start()

    def turn_to(self, primary):
        self.sql(f"ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port={primary.port} user=alamo'", local=True)
        self.sql("SELECT pg_reload_conf()")

    def signal(self, number):
        signal_all(self.process.pid, number)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()


class Cluster:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="alamo-pg-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, OWNER, pwd.getpwnam(OWNER).pw_gid)
        self.servers = [Server(self.folder, name) for name in ("one", "two", "three")]
        self.primary = self.servers[0]
        self.url = "postgresql://alamo@" + ",".join(f"127.0.0.1:{s.port}" for s in self.servers) + "/alamo"

    def start(self):
        self.primary.create()
        for server in self.servers[1:]:
            server.follow(self.primary)
        self.whole()
        return self

    def whole(self):
        wait_for(lambda: self.primary.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "2",
                 timeout=60, what="both standbys to follow")

    def fail_over(self):
        """The standby that has most becomes the primary; the other one follows it."""
        old = self.primary
        others = sorted((s for s in self.servers if s is not old),
                        key=lambda s: int(s.sql("SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn")))
        self.primary = others[1]
        self.primary.sql("SELECT pg_promote()")
        others[0].turn_to(self.primary)
        return old

    def stop(self):
        for server in self.servers:
            with contextlib.suppress(FileNotFoundError):
                server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Registry:
    """alamo-registryd in a folder with the keys of the authority and ports of its own; `inside`: the words that run it there."""

    def __init__(self, folder, ports, address="127.0.0.1", inside=()):
        self.dir, self.ports, self.process = folder, ports, None
        self.address, self.inside = address, list(inside)
        self.log, self.wanted = folder / "registryd.log", False
        self.starting = threading.Lock()

    def start(self):
        self.wanted = True
        self.keep()

    def keep(self):
        """As systemd does: one that is wanted and has ended is started. From several threads, and one process comes of it."""
        with self.starting, open(self.log, "ab") as log:
            if not self.wanted or self.process is not None and self.process.poll() is None:
                return
            self.process = subprocess.Popen([*self.inside, BIN / "alamo-registryd", "-c", self.dir / "alamo.conf"], stderr=log)

    def writes(self):
        with socket.create_connection((self.address, self.ports["http_port"]), timeout=2) as sock:
            sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            text = b"".join(iter(lambda: sock.recv(65536), b""))
        return b"\nalamo_registry_writes 1\n" in text

    def unwanted(self):
        """What is running then is the last."""
        with self.starting:
            self.wanted = False

    def kill(self):
        self.unwanted()
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.unwanted()
        if self.process is not None:
            stop(self.process)


class Load:
    """Clients that send each request, the same bytes, to one registry after the other until it has its receipt."""

    def __init__(self, requests, registries, pace_s=PACE_S, patience_s=60):
        self.requests, self.registries = requests, registries
        self.pace_s, self.patience_s = pace_s, patience_s
        self.index, self.times, self.trouble = {}, [], []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.client, args=(n,)) for n in range(CLIENTS)]
        self.threads.append(threading.Thread(target=self.keep))

    def keep(self):
        """Who has ended, because another has overtaken it, is started again and follows."""
        while not self.ending.wait(0.5):
            for registry in self.registries:
                registry.keep()

    def once(self, number, registry):
        try:
            with socket.create_connection((registry.address, registry.ports["request_port"]), timeout=1) as sock:
                sock.settimeout(self.patience_s)
                sock.sendall(self.requests[number])
                sock.shutdown(socket.SHUT_WR)
                text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
        except OSError:
            return False
        answer = Answer(text)
        if answer.accepted:
            assert self.index.setdefault(number, answer.index) == answer.index, f"request {number} has two indexes"
            self.times.append(time.monotonic())
        elif text.endswith("% end\n") and "send the same bytes again" not in text:
            raise AssertionError(text)
        return answer.accepted

    def client(self, first):
        turn = 0
        try:
            for number in range(first, len(self.requests), CLIENTS):
                while not self.once(number, self.registries[turn % 2]):
                    turn += 1
                    if self.ending.wait(0.05):
                        return
                if self.ending.wait(self.pace_s):
                    return
            raise AssertionError("the load ended before the test: more requests are needed")
        except AssertionError as error:
            self.trouble.append(error)

    @contextlib.contextmanager
    def going(self):
        """The clients, for as long as the context does; what troubled one fails it."""
        for thread in self.threads:
            thread.start()
        try:
            yield
        finally:
            self.ending.set()
            for thread in self.threads:
                thread.join(timeout=120)
        assert not self.trouble, self.trouble

    def outage(self, since):
        """The longest time without a receipt after that moment; waits until receipts come again."""
        def again():
            now = time.monotonic()
            return self.trouble or sum(t > max(now - 1, since + 1) for t in self.times[-50:]) > 3

        wait_for(again, timeout=120, what="receipts after an outage")
        assert not self.trouble, self.trouble
        times = [since, *sorted(t for t in list(self.times) if t >= since - 0.5)]
        return max(b - a for a, b in zip(times, times[1:]))


def prepare(key, namespace, folder, count=REQUESTS):
    folder.mkdir()
    files = [folder / str(number) for number in range(count)]
    for number, path in enumerate(files):
        path.write_text(request_text([mntner(f"PG{number}-MNT", key)], name=f"pg-{number}"))
    for first in range(0, len(files), 500):
        run("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key.path, *files[first : first + 500])
    return [path.read_bytes() + path.with_suffix(".sig").read_bytes() for path in files]


@pytest.fixture
def cluster():
    made = Cluster()
    try:
        yield made.start()
    finally:
        made.stop()


def make_pair(tmp_path, url, places=(("127.0.0.1", ()), ("127.0.0.1", ()))):
    """An authority whose ledger is in the cluster, and a second folder for the registry beside it; each at its address, inside."""
    authority = Authority(tmp_path / "one", listen="127.0.0.1", conf={"registry": UNPAID})
    first = authority.dir
    said = alamo("ledger", "copy", first / "ledger.db", url, "--dir", first).stdout
    assert "proves the same newest checkpoint" in said, said
    (first / "ledger.db").unlink()
    authority.configure("registry", ledger=url)
    shutil.copytree(first, tmp_path / "two")
    registries = []
    for folder, (address, inside) in zip((first, tmp_path / "two"), places):
        ports = {name: free_port() for name in ("request_port", "stream_port", "http_port")}
        conf = (folder / "alamo.conf").read_text().replace("listen = 127.0.0.1\n", f"listen = {address}\n", 1)
        for name, port in ports.items():
            conf = conf.replace(f"{name.replace('_', '-')} = 0\n", f"{name.replace('_', '-')} = {port}\n", 1)
        (folder / "alamo.conf").write_text(conf)
        registries.append(Registry(folder, ports, address, inside))
    return authority, registries


def start_whois(folder, registries):
    """A follower of both, by a list; it is where the first one is."""
    streams = ", ".join(f"{r.address}:{r.ports['stream_port']}" for r in registries)
    Authority(folder, made=True).configure("log", stream=streams)
    log = open(folder / "whoisd.log", "ab")
    return subprocess.Popen([*registries[0].inside, BIN / "alamo-whoisd", "-c", folder / "alamo.conf"], stderr=log)


def who_writes(registries):
    def look():
        for registry in registries:
            with contextlib.suppress(OSError):
                if registry.writes():
                    return registry
        return None

    return wait_for(look, timeout=60, what="a registry that writes")


class Story:
    """What happens to them, one after the other."""

    def __init__(self, cluster, registries, load):
        self.cluster, self.registries, self.load = cluster, registries, load
        self.figures = {"primary killed": [], "primary frozen": [], "registry killed": []}

    def primary_killed(self):
        since = time.monotonic()
        self.cluster.primary.kill()
        old = self.cluster.fail_over()
        self.figures["primary killed"].append(self.load.outage(since))
        old.follow(self.cluster.primary)
        self.cluster.whole()

    def primary_frozen(self):
        since = time.monotonic()
        self.cluster.primary.signal(signal.SIGSTOP)
        time.sleep(NOTICED_S)
        old = self.cluster.fail_over()
        self.figures["primary frozen"].append(self.load.outage(since))
        old.signal(signal.SIGCONT)       # it believes to be the primary still, and nobody confirms what it writes
        time.sleep(1)
        old.kill()
        old.follow(self.cluster.primary)
        self.cluster.whole()

    def registry_killed(self):
        active = who_writes(self.registries)
        since = time.monotonic()
        active.kill()
        self.figures["registry killed"].append(self.load.outage(since))
        active.start()
        wait_for(lambda: active.writes() is False, timeout=60, what="the killed registry to follow")

    def told(self):
        return "\n".join(f"{name}: {len(times)} times, without a receipt for at most {max(times):.1f} s, "
                         f"{sorted(times)[len(times) // 2]:.1f} s in the middle" for name, times in self.figures.items() if times)


def test_pair_under_load(tmp_path, cluster):
    authority, registries = make_pair(tmp_path, cluster.url)
    key = Key(tmp_path / "member")
    load = Load(prepare(key, authority.namespace, tmp_path / "requests"), registries)
    story = Story(cluster, registries, load)
    registries[0].start()
    wait_for(registries[0].writes, timeout=60, what="the first registry to write")
    registries[1].start()
    wait_for(lambda: registries[1].writes() is False, timeout=60, what="the second registry to follow")
    whois = start_whois(authority.dir, registries)
    try:
        with load.going():
            for number in range(max(KILLS, FREEZES, REGISTRIES)):
                if number < KILLS:
                    story.primary_killed()
                if number < FREEZES:
                    story.primary_frozen()
                if number < REGISTRIES:
                    story.registry_killed()
        print(f"\n{story.told()}\n{len(load.index)} receipts")
        check_log(authority, registries, load, whois)
    finally:
        stop(whois)
        for registry in registries:
            registry.stop()
    check_copy(tmp_path, authority, cluster)


def certify(folder):
    """A CA, a server at 127.0.0.1, and a client that is the database's user."""
    folder.mkdir()
    new = ("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2")
    run(*new, "-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-subj", "/CN=test CA")
    for name, subject, extension in (("server", "/CN=db1", "subjectAltName=IP:127.0.0.1"), ("client", "/CN=alamo", "keyUsage=digitalSignature")):
        run(*new, "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-keyout", folder / f"{name}.key", "-out",
            folder / f"{name}.crt", "-subj", subject, "-addext", extension, "-addext", "basicConstraints=CA:FALSE")


def test_certificates(tmp_path):
    """A server that takes nothing but client certificates; the registry reads its own inside its sandbox."""
    cluster = Cluster()
    server = cluster.primary
    authority = Authority(tmp_path / "one", listen="127.0.0.1")
    keys = authority.dir / "keys" / "postgresql"
    certify(keys)
    try:
        server.more = {"synchronous_standby_names": ""}
        server.create()
        server.kill()
        for name in ("ca.crt", "server.crt", "server.key"):
            shutil.move(keys / name, server.data / name) if name != "ca.crt" else shutil.copy(keys / name, server.data / name)
            os.chmod(server.data / name, 0o600)
            if os.geteuid() == 0:
                shutil.chown(server.data / name, OWNER, pwd.getpwnam(OWNER).pw_gid)
        (server.data / "pg_hba.conf").write_text("hostssl alamo alamo 127.0.0.1/32 cert\n")
        server.more |= {"ssl": "on", **{f"ssl_{word}_file": str(server.data / name) for word, name in
                                        (("ca", "ca.crt"), ("cert", "server.crt"), ("key", "server.key"))}}
        server.start()
        bare = f"postgresql://alamo@127.0.0.1:{server.port}/alamo"
        shutil.move(keys / "client.key", keys / "away")
        refused = alamo("ledger", "copy", authority.dir / "ledger.db", bare, "--dir", authority.dir, check=False)
        assert refused.returncode == 1, refused
        shutil.move(keys / "away", keys / "client.key")
        alamo("ledger", "copy", authority.dir / "ledger.db", bare, "--dir", authority.dir)
        authority.configure("registry", ledger=bare)
        authority.start()
        authority.member(Key(tmp_path / "member"))
        assert "sslkey" not in (authority.dir / "up.log").read_text()      # nor a password, if there were one
    finally:
        authority.stop()
        cluster.stop()


def check_log(authority, registries, load, whois):
    """0 lost, 0 doubled, one history."""
    active = who_writes(registries)
    authority.endpoints = {"requests": (active.address, active.ports["request_port"]),
                           "stream": (active.address, active.ports["stream_port"])}
    log = read_log(authority, 0)
    for number, index in load.index.items():
        assert log[index].endswith(load.requests[number]), f"not request {number} at {index}"
    bodies = b"\n".join(log)
    doubled = [number for number in load.index if bodies.count(f"request:        pg-{number}\n".encode()) != 1]
    assert not doubled, doubled
    assert len(log) >= len(load.index)
    size = len(log)
    wait_for(lambda: f"size={size}" in alamo_head(authority, active), what="the head")
    alamo("verify", "--server", f"{active.address}:{active.ports['request_port']}", env=nobody_home() | {"HOME": str(authority.dir)})
    assert whois.poll() is None
    for folder in {r.dir for r in registries}:
        assert not list((folder / "run").glob("evidence*/*")), folder
        assert "fork" not in (folder / "registryd.log").read_text()
    assert "fork" not in (authority.dir / "whoisd.log").read_text()


def alamo_head(authority, active):
    return "size=" + authority.ask("head").splitlines()[1]


def check_copy(tmp_path, authority, cluster):
    """Back into a file; all of it is there."""
    said = alamo("ledger", "copy", cluster.url, tmp_path / "back.db", "--dir", authority.dir, timeout=600).stdout
    assert "proves the same newest checkpoint" in said, said
    again = alamo("ledger", "copy", cluster.url, tmp_path / "back.db", "--dir", authority.dir, check=False)
    assert again.returncode != 0 and "there is a ledger" in again.stderr, again
