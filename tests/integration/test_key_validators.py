# SPDX-License-Identifier: MIT
"""Every key of a network relieved under a clock that is played, before the eyes of unbound and BIND: RFC 5011 at the root,
DS in the zones below, and no question that fails."""

import calendar
import contextlib
import glob
import json
import os
import re
import subprocess
import time
import urllib.request

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from harness import BIN, Authority, Key, alamo, run, stop, wait_for

ROOTS = [f"fca1:0:{letter}::53" for letter in "abcdef"]
UNBOUND, BIND = 5301, 5302
HOUR, DAY = 3600, 86400
RATE = 10      # timers of the programs under the played clock are so much shorter
LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


class Clock:
    """An offset that every program under it reads at each look at its clock."""

    def __init__(self, path):
        self.path = path
        self.start = int(time.time())
        self.set(0)

    def set(self, ahead):
        self.ahead = int(ahead)
        new = self.path.with_suffix(".new")
        new.write_text(f"+{self.ahead} x{RATE}\n")
        new.replace(self.path)

    def until(self, at):
        """The Unix time `at`, or a little later: never back."""
        self.set(max(self.ahead, at - self.start))

    def now(self):
        return self.start + self.ahead + int((time.time() - self.start) * RATE)

    def env(self, *more):
        return {**os.environ, "LD_PRELOAD": ":".join([LIBRARY, *more]), "FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1",
                "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}


def daemon(stack, authority, program, env=None):
    """Started alone; back when it is ready."""
    reading, writing = os.pipe()
    log = stack.enter_context(open(authority.dir / f"{program}.log", "ab"))
    process = subprocess.Popen([BIN / program, "-c", authority.dir / "alamo.conf", "-r", str(writing)], pass_fds=[writing],
                               stderr=log, env=env)
    stack.callback(stop, process)
    os.close(writing)
    with open(reading) as lines:
        said = lines.read()
    assert said.endswith("ready\n"), (said, (authority.dir / f"{program}.log").read_text()[-3000:])
    return process


@pytest.fixture
def world(netns, tmp_path):
    """Registry by the wall's clock, root servers by the played one."""
    if LIBRARY is None:
        pytest.skip("no faketime here")
    for address in ROOTS:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    authority = Authority(tmp_path / "dir", ports="standard", listen=", ".join(["127.0.0.1", "::1", *ROOTS]))
    authority.endpoints = {"requests": ("127.0.0.1", 4343), "dns": ("::1", 53)}
    (authority.dir / "run").mkdir(exist_ok=True)
    authority.clock = Clock(authority.dir / "run" / "clock")
    with contextlib.ExitStack() as stack:
        daemon(stack, authority, "alamo-registryd")
        daemon(stack, authority, "alamo-rootd", authority.clock.env())
        authority.member(Key(tmp_path / "member"), domain="fisher.alamo", records=["* AAAA fca1:100::1", "@ TXT hello"])
        wait_for(lambda: authority.dns("x.fisher.alamo", "AAAA").answer, what="fisher.alamo")
        yield authority
        assert "Sanitizer" not in (authority.dir / "alamo-rootd.log").read_text()


def unbound(world, directory):
    """Follows the root's key in a file that begins with the published anchor."""
    anchor = directory / "root.key"
    anchor.write_text((world.dir / "run/trust-anchor.key").read_text())
    (directory / "hints").write_text("".join(f". 3600 NS {l}.root-servers.\n{l}.root-servers. 3600 AAAA {a}\n" for l, a in zip("abcdef", ROOTS)))
    (directory / "conf").write_text(f"""
server:
	directory: "{directory}"
	chroot: ""
	username: ""
	pidfile: ""
	use-syslog: no
	verbosity: 2
	interface: ::1@{UNBOUND}
	access-control: ::1 allow
	do-ip4: no
	num-threads: 1
	do-not-query-localhost: no
	do-daemonize: no
	module-config: "validator iterator"
	auto-trust-anchor-file: "{anchor}"
	root-hints: "{directory}/hints"
	trust-anchor-signaling: no
remote-control:
	control-enable: no
""")
    return ["unbound", "-d", "-c", directory / "conf"]


def named(world, directory):
    """Follows the root's key from `initial-key`, in managed-keys.bind."""
    (directory / "hints").write_text("".join(f". 3600 NS {l}.root-servers.\n{l}.root-servers. 3600 AAAA {a}\n" for l, a in zip("abcdef", ROOTS)))
    anchor = (world.dir / "run/trust-anchor.bind").read_text()
    (directory / "conf").write_text(
        f'options {{ directory "{directory}"; listen-on {{ none; }}; listen-on-v6 port {BIND} {{ ::1; }}; pid-file none;\n'
        f'session-keyfile "{directory}/session.key"; lock-file none; recursion yes; dnssec-validation yes;\n'
        f'empty-zones-enable no; }};\ncontrols {{ }};\nzone "." {{ type hint; file "{directory}/hints"; }};\n{anchor}')
    return ["named", "-g", "-6", "-n", "1", "-c", directory / "conf"]


def signatures_end(world):
    address = re.search(r"^dns-http (.*)$", (world.dir / "run/endpoints.d/alamo-rootd").read_text(), re.M)[1]
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return int(re.search(rb"^alamo_dns_signatures_end_seconds (\d+)$", answer.read(), re.M)[1])


def keys(world, *words):
    return json.loads(alamo("keys", "dns", *words[:1], world.dir, *words[1:], "--json", check=False).stdout)


class Resolver:
    """One of them, under the clock, in a folder that it keeps."""

    def __init__(self, world, directory, make, port, preload=()):
        self.world, self.dir, self.port, self.preload = world, directory / make.__name__, port, preload
        self.name = make.__name__
        self.dir.mkdir()
        self.command = [str(word) for word in make(world, self.dir)]
        self.process = None

    def start(self):
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.world.clock.env(*self.preload), cwd=self.dir)
        wait_for(lambda: self.ask(".", "SOA", 1), what=self.name)

    def stop(self):
        stop(self.process)

    def ask(self, name, kind, timeout=15):
        query = dns.message.make_query(name, kind, want_dnssec=True)
        query.flags |= dns.flags.AD
        return dns.query.udp_with_fallback(query, "::1", port=self.port, timeout=timeout)[0]

    def failure(self, name, kind, rcode):
        answer = self.ask(name, kind)
        if answer.rcode() == rcode and answer.flags & dns.flags.AD:
            return None
        return f"{self.world.clock.ahead / DAY:.2f} days: {self.name} on {name} {kind}: {answer}"


class Watch:
    """Asks every resolver at every step; what failed is kept."""

    def __init__(self, world, resolvers):
        self.world, self.resolvers, self.asked, self.failed = world, resolvers, 0, []

    def ask(self):
        # Signatures are made anew at half of their 14 days.
        wait_for(lambda: signatures_end(self.world) > self.world.clock.now() + 6 * DAY, what="new signatures")
        ahead = self.world.clock.ahead
        names = [(f"n{ahead}.fisher.alamo", "AAAA"), ("fisher.alamo", "TXT"), ("alamo", "SOA"), (".", "SOA")]
        rows = [(*name, dns.rcode.NOERROR) for name in names] + [(f"no{ahead}.alamo", "A", dns.rcode.NXDOMAIN)]
        for resolver in self.resolvers:
            for row in rows:
                self.asked += 1
                self.failed += filter(None, [resolver.failure(*row)])


def next_step(world):
    """When the first key moves; None: all stand."""
    return min((utc(row["next"]["at"]) for row in keys(world, "status") if row["next"]), default=None)


def play(world, watch, between):
    """From step to step, until no key moves any more; `between` is called before each of them, and every week."""
    states = set()
    days = 0
    while (at := next_step(world)) is not None:
        states |= {(row["zone"], row["role"], row["state"]) for row in keys(world, "status")}
        while world.clock.now() + DAY < at:
            world.clock.set(world.clock.ahead + DAY)
            watch.ask()
            days += 1
            if days % 7 == 0:
                between()
        world.clock.until(at - 900)
        between()
        watch.ask()
        world.clock.until(at)
        wait_for(lambda: (next_step(world) or at + 1) > at, what="the step")
        for later in (0, 900, 2700, 1.5 * HOUR):     # with old answers in caches, some of them, none
            world.clock.until(at + later)
            watch.ask()
    return states


def utc(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_every_key_is_relieved(world, tmp_path):
    """Pre-publication of zone keys, double DS of keys of keys, RFC 5011 at the root, all at once."""
    first, bind = Resolver(world, tmp_path, unbound, UNBOUND), Resolver(world, tmp_path, named, BIND, ["libc.so.6"])
    # named's malloc is jemalloc's, which asks for the time while libfaketime is not set up yet, and hangs: libc's does not.
    old = {(row["zone"], row["role"]): row["tag"] for row in keys(world, "status")}
    watch = Watch(world, [first, bind])

    def again():
        """named's timers sleep by another clock: what they would have it do once an hour it does at its start."""
        bind.stop()
        bind.start()

    with contextlib.ExitStack() as stack:
        for resolver in (first, bind):
            resolver.start()
            stack.callback(resolver.stop)
        watch.ask()
        for role in ("zsk", "ksk"):
            keys(world, "roll", role)
        states = play(world, watch, again)
        again()
        watch.ask()
    assert not watch.failed, "\n".join(watch.failed[:5])
    assert watch.asked > 500
    new = {(row["zone"], row["role"]): row["tag"] for row in keys(world, "status")}
    assert set(new) == set(old) and all(new[which] != old[which] for which in old)
    assert states == {(*which, state) for which in old for state in ("published", "active", "retired")}
    # unbound has let the old key of the root go; named was started again when nothing else could be trusted any more.
    trusted = (first.dir / "root.key").read_text()
    assert re.findall(r"id = (\d+) .*state=2 \[  VALID  \]", trusted) == [str(new[".", "ksk"])], trusted
