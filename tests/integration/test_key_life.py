# SPDX-License-Identifier: MIT
"""Keys are relieved while everybody is at work: members, resolvers, routers and mirrors that were there before, and others
that come afterwards. Nobody's question fails, no receipt is lost, and the log is one before and after."""

import os
import re
import signal
import subprocess
import threading

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from conftest import running
from harness import ALAMO, UNPAID, Answer, Key, alamo, mntner, nobody_home, run, wait_for
from test_unbound import unbound_conf
from witnesses import mirror, spelled

ROOTS = [f"fca1:0:{letter}::53" for letter in "abcdef"]
NAME = "fisher.alamo"


class Client(threading.Thread):
    """Does one thing again and again; what went wrong is kept as it was said."""

    def __init__(self, world, name):
        super().__init__(daemon=True)
        self.world, self.name = world, name
        self.done, self.away, self.failed = 0, 0, []
        self.ending = threading.Event()

    def once(self):
        raise NotImplementedError

    def run(self):
        while not self.ending.is_set():
            stopped, stops = self.world.stopped, self.world.stops
            try:
                self.once()
                self.done += 1
            except Exception as error:      # whatever it is, it is this client's failure, or the authority is stopped
                if not (stopped or self.world.stopped or self.world.stops != stops):
                    self.failed.append(f"{self.name}, after {self.done}: {error!r}")
                    return
                self.away += 1
                self.ending.wait(0.1)

    def close(self):
        self.ending.set()
        self.join(60)
        assert not self.is_alive(), f"{self.name} hangs"


class Member(Client):
    """Sends requests as nc would, and keeps the answers."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.key = Key(world.scratch / f"{name}-key")
        self.answers = {}      # by index: the receipt
        self.request = None

    def once(self):
        """One that was sent and not answered is sent again, the same bytes."""
        if self.request is None:
            self.request = self.world.authority.signed([mntner(f"{self.name.upper()}{self.done}-MNT", self.key)], [self.key])
        answer = Answer(self.world.authority.talk(self.request))
        assert answer.accepted, answer.text
        self.answers[answer.index] = answer.text
        self.request = None


class Cli(Client):
    """The command line, in a home whose pins are of its first contact."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.home = world.scratch / name
        self.home.mkdir()
        self.key = Key(self.home / "key")
        self.env = nobody_home() | {"HOME": str(self.home), "ALAMO_SERVER": world.authority.server(), "ALAMO_KEY": str(self.key.path)}
        self.cli("network", "show")
        self.pin = self.home / ".config/alamo/networks/alamo"

    def cli(self, *words):
        return alamo(*words, env=self.env, stdin=subprocess.DEVNULL).stdout

    def once(self):
        name = f"{self.name.upper()}{self.done}-MNT"
        (self.home / "file").write_text(mntner(name, self.key))
        self.cli("submit", self.home / "file")
        assert name in self.cli("show", "mntner", name)
        self.cli("head")

    def receipts(self):
        return sorted((self.home / ".local/share/alamo/alamo/receipts").glob("*"))


class Whois(Client):
    def once(self):
        assert "mntner:         HOSTMASTER-MNT" in self.world.authority.whois("HOSTMASTER-MNT")


class Names(Client):
    """Through a validating resolver that begins with the anchor that is published now."""

    def __init__(self, world, name, port, children):
        super().__init__(world, name)
        self.port = port
        directory = world.scratch / name
        directory.mkdir()
        (directory / "root.key").write_bytes((world.authority.dir / "run/trust-anchor.key").read_bytes())
        (directory / "hints").write_text("".join(f". 3600 NS {l}.root.\n{l}.root. 3600 AAAA {a}\n" for l, a in zip("abcdef", ROOTS)))
        conf = unbound_conf(directory / "conf", port, directory / "root.key", f'root-hints: "{directory}/hints"')
        conf.write_text(conf.read_text().replace("trust-anchor-file", "auto-trust-anchor-file"))
        children(["unbound", "-d", "-c", conf], stderr=open(directory / "log", "wb"))
        wait_for(lambda: self.ask(".", "SOA", 1), what=name)

    def ask(self, name, kind, timeout=20):
        query = dns.message.make_query(name, kind, want_dnssec=True)
        query.flags |= dns.flags.AD
        return dns.query.udp_with_fallback(query, "::1", port=self.port, timeout=timeout)[0]

    def once(self):
        for name, kind, rcode in ((f"{self.name}{self.done}.{NAME}", "AAAA", dns.rcode.NOERROR),
                                  (NAME, "TXT", dns.rcode.NOERROR), (f"no{self.done}.alamo", "A", dns.rcode.NXDOMAIN)):
            answer = self.ask(name, kind)
            assert answer.rcode() == rcode and answer.flags & dns.flags.AD, str(answer)


class Router(Client):
    """An RTR session. A cache that is started again takes it up where it was, unless it is another log key's."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.rtr, self.sessions = world.authority.rtr(), 1
        self.rtr.reset()

    def once(self):
        try:
            self.rtr.refresh()
        except OSError:
            self.rtr.close()
            before = self.rtr
            self.rtr = wait_for(self.world.authority.rtr, what="the cache")
            self.rtr.session, self.rtr.serial, self.rtr.vrps = before.session, before.serial, before.vrps
            self.sessions += 1
            self.rtr.refresh()
        assert self.rtr.vrps

    def close(self):
        super().close()
        self.rtr.close()


class Fetcher(Client):
    """`alamo roa fetch` into a router's folder. A source that is away for a moment costs a round, and no file."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.into = world.scratch / name
        self.command = [ALAMO, "roa", "fetch", "--log-key", world.key_file(name), "--into", self.into,
                        "http://[::1]:%d" % world.authority.endpoints["roas"][1]]

    def once(self):
        for _ in range(50):
            result = run(*self.command, check=False)
            if result.returncode != 3:
                break
        assert result.returncode == 0, result.stderr
        assert "fca1:" in (self.into / "roas-bird2-6.conf").read_text()


class World:
    def __init__(self, authority, children, scratch):
        self.authority, self.children, self.scratch = authority, children, scratch
        self.clients, self.mirrors, self.key_files = [], [], []
        self.stopped, self.stops = False, 0

    def key_file(self, name):
        """The log's key as somebody was given it."""
        path = self.scratch / f"{name}.pub"
        path.write_bytes((self.authority.dir / "keys/log.pub").read_bytes())
        self.key_files.append(path)
        return path

    def begin(self, when):
        """One of each kind, which may know what is there now and nothing that was before."""
        number = len(self.mirrors)
        made = [Member(self, f"nc{when}"), Cli(self, f"cli{when}"), Whois(self, f"whois{when}"),
                Names(self, f"names{when}", 5301 + number, self.children), Router(self, f"router{when}"), Fetcher(self, f"fetcher{when}")]
        self.mirrors.append(self.mirror(f"mirror{when}", self.key_file(f"mirror{when}")))
        for client in made:
            client.start()
        self.clients += made

    def mirror(self, name, key):
        return mirror(self.children, self.scratch / name, spelled(self.authority.endpoints["stream"]), key)

    def hand_out(self):
        """The note comes to everybody who was given a key as a file. Mirrors, which run, go on by themselves."""
        for path in self.key_files:
            path.write_bytes((self.authority.dir / "keys/log.pub").read_bytes())

    def work(self, times=3):
        """Until every client has done its thing so often again, or one has failed."""
        before = {client: client.done for client in self.clients}

        def gone_on():
            assert not self.failed(), "\n".join(self.failed())
            return all(client.done >= before[client] + times for client in self.clients)

        wait_for(gone_on, 60, "every client to go on")

    def failed(self):
        return [text for client in self.clients for text in client.failed]

    def of(self, kind):
        return [client for client in self.clients if isinstance(client, kind)]


@pytest.fixture
def world(netns, children, tmp_path):
    for address in ROOTS:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    with running(tmp_path / "dir", ports="standard", listen=", ".join(["127.0.0.1", "::1", *ROOTS]), conf={"registry": UNPAID}) as authority:
        authority.member(Key(tmp_path / "member"), domain=NAME, records=["* AAAA fca1:100::1", "@ TXT hello"])
        made = World(authority, children, tmp_path)
        wait_for(lambda: authority.dns(NAME, "TXT").answer and authority.vrps(), what="the member's things")
        yield made


def relieve_names(authority):
    """New keys of every zone, both roles: in the zones, and above, at once."""
    for role in ("zsk", "ksk"):
        alamo("keys", "dns", "roll", authority.dir, role)


def relieve_origins(authority):
    """`alamo roa key`, and its daemon started again, as it says."""
    before = re.search(r"^version (\d+)$", (authority.dir / "keys/roa.note").read_text(), re.M)[1]
    said = alamo("roa", "key", authority.dir).stdout
    assert "once alamo-rpkid is started again" in said
    pid = authority.pid("alamo-rpkid")
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: authority.pid("alamo-rpkid") not in (None, pid), what="alamo-rpkid")
    after = re.search(r"^version (\d+)$", (authority.dir / "keys/roa.note").read_text(), re.M)[1]
    assert int(after) == int(before) + 1


def relieve_log(world):
    """`alamo keys rotate`: for some seconds nobody is there, and nothing is lost of what was sent then."""
    authority = world.authority
    world.stopped = True
    world.stops += 1
    authority.stop()
    alamo("keys", "rotate", authority.dir, "--not-after", "2100-01-01")
    authority.start()
    wait_for(lambda: authority.dns(NAME, "TXT").answer and authority.vrps(), what="everything to be there again")
    world.hand_out()
    world.stopped = False


def test_keys_are_relieved_under_load(world):
    authority = world.authority
    world.begin("old")
    world.work()
    relieve_names(authority)
    world.work()
    world.begin("mid")
    world.work()
    relieve_origins(authority)
    world.work()
    world.begin("new")
    world.work()
    first = (authority.dir / "keys/log.pub").read_text().strip()
    relieve_log(world)
    world.work()
    world.begin("last")
    world.work()
    for client in world.clients:
        client.close()
    assert not world.failed()
    assert [router.sessions >= least for router, least in zip(world.of(Router), (3, 3, 2, 1))] == [True] * 4
    for fetcher in world.of(Fetcher):
        assert (fetcher.into / "roas-bird2-6.conf").read_bytes() == (world.of(Fetcher)[0].into / "roas-bird2-6.conf").read_bytes()
    # Every receipt, of whenever it is, is good; and the log has what it is about.
    log = authority.dir / "keys/log.pub"
    for cli in world.of(Cli):
        assert len(cli.receipts()) == cli.done
        assert f"vkey = {first}" not in cli.pin.read_text()
        for receipt in cli.receipts():
            alamo("receipt", "verify", receipt, "--key", log)
            cli.cli("receipt", "verify", receipt)
    indexes = [index for member in world.of(Member) for index in member.answers]
    assert len(indexes) == len(set(indexes)) == sum(member.done for member in world.of(Member))
    size = int(authority.ask("head").splitlines()[1])
    assert re.search(rf"^size +{size}$", authority.verify().stdout, re.M)
    alamo("audit", authority.dir)
    assert size == 2 + len(indexes) + sum(cli.done for cli in world.of(Cli))
    for served in world.mirrors:
        wait_for(lambda: re.search(rf"^size +{size}$", alamo("verify", "--stream", served.address, "--key", log, "--network", "alamo").stdout, re.M),
                 what="a mirror")
