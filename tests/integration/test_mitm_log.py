# SPDX-License-Identifier: MIT
"""Everybody who reads a log, against everything that somebody on the stream may do; and the registry's own witnesses.

Only what the log's key signed is ever shown, and who is kept from the newest says so within the time that is configured.
"""

import base64
import contextlib
import re
import struct
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import running
from harness import ALAMO, Authority, Key, alamo, mntner, nobody_home, records, run, wait_for
from mitm import Daemon, Files, Stream, framed, read_log, signed_head, tree_root
from test_witness import Public
from witnesses import head_size, mirror, witness

PATIENCE_S = 2
STALE_S = 2
BOUND_S = 60
CONF = f"stale-seconds = {STALE_S}\n"
NAME, OTHER = "fisher.alamo", "evil.alamo"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    base = tmp_path_factory.mktemp("stream")
    with running(base / "dir", conf={"registry": {"sign_seconds": 1}}) as made:
        made.base = base
        made.key_of = Key(base / "member")
        made.old = made.ask("head").encode()
        made.asn = made.member(made.key_of, domain=NAME, records=["@ AAAA fca1:100::80"]).key("aut-num")
        for number in range(5):
            made.accept([mntner(f"MORE{number}-MNT", made.key_of)], [made.key_of])
        yield made


# ---- attacks: of (authority, base), what becomes of a frame ----


def passes(kind, body):
    return [framed(kind, body)]


def drops_entries(authority):
    return lambda kind, body: [] if kind == "E" else passes(kind, body)


def drops_heads(authority):
    return lambda kind, body: [] if kind == "H" else passes(kind, body)


def drops_all(authority):
    return lambda kind, body: []


def replays_entries(authority):
    return lambda kind, body: passes(kind, body) * (2 if kind == "E" else 1)


def replays_old_heads(authority):
    """Each head is one of long ago."""
    return lambda kind, body: passes(kind, authority.old if kind == "H" else body)


def alters(which, at):
    def attack(authority):
        def change(kind, body):
            changed = bytearray(body)
            if kind == which and len(body) >= abs(at):
                changed[at] ^= 4
            return passes(kind, bytes(changed))
        return change

    attack.__name__ = f"alters_{which}{at}"
    return attack


def freezes(authority):
    """Nothing but signs of life of the line."""
    return lambda kind, body: [framed("P", b"")]


def evil_entry(authority):
    """As good as an entry can be that nobody signed."""
    entries = read_log(authority)
    at = next(n for n, entry in enumerate(entries) if NAME.encode() in entry)
    return entries, entries[at].replace(NAME.encode(), OTHER.encode()).replace(b"entry %d " % at, b"entry %d " % len(entries), 1)


def invents_entry(authority):
    """One more, before each head, behind the entries that it signs."""
    _, evil = evil_entry(authority)

    def change(kind, body):
        more = [framed("E", struct.pack("!QH", int(body.split(b"\n")[1]), len(evil)) + evil)] if kind == "H" else []
        return more + passes(kind, body)

    return change


def invents_log(authority):
    """One entry more, in a log that another key has signed under the same name."""
    entries, evil = evil_entry(authority)
    folder = authority.base / "evil"
    if not folder.exists():
        alamo("init", folder)
    other = Authority.__new__(Authority)
    other.dir = folder
    entries.append(evil)
    note = signed_head(other, len(entries), tree_root(entries), authority.base)

    def change(kind, body):
        if kind == "T":
            return passes("T", note) + [framed("E", struct.pack("!QH", n, len(e)) + e) for n, e in enumerate(entries)] + passes("H", note)
        return []

    return change


def invents_words(authority):
    return lambda kind, body: [framed("X", b"\x1b]0;EVIL\x07\x1b[2J\x9b2J" + b"\n%x" * 1000)]


def invents_kinds(authority):
    """Frames of a kind that nobody knows are no harm."""
    return lambda kind, body: [framed("Z", b"?" * 1000), framed("\x01", b"")] + passes(kind, body)


def invents_lengths(authority):
    return lambda kind, body: [b"\xff\xff\xff\xff" + b"E" * 100000]


HARMLESS = [invents_kinds]
ATTACKS = [drops_entries, drops_heads, drops_all, replays_entries, replays_old_heads, alters("E", -1), alters("E", 10), alters("E", 3),
           alters("H", 115), alters("H", 20), alters("T", 115), alters("T", 20), freezes, invents_entry, invents_log, invents_words,
           invents_lengths, *HARMLESS]

# ---- commands that read the log ----

COMMANDS = {
    "verify": (["verify"], "verified:"),
    "audit": (["audit"], "clean"),
    "monitor": (["monitor", "--mnt", "FISHER-MNT", "--once"], "0 of them"),
    "log tail": (["log", "tail", "--from", "0", "--once"], f"domain:         {NAME}"),
    "mirror": (["mirror", "copy", "--once"], "size "),
}


def read_by(authority, home, name, attack):
    words, done = COMMANDS[name]
    home.mkdir(parents=True)
    env = nobody_home() | {"HOME": str(home), "ALAMO_PATIENCE": str(PATIENCE_S)}
    with Stream(authority.endpoints["stream"], change=attack(authority)) as middle:
        where = "--from" if name == "mirror" else "--stream"
        key = "--log-key" if name == "monitor" else "--key"
        result = run(ALAMO, *words, where, middle.address, key, authority.dir / "keys/log.pub", check=False, env=env, cwd=home,
                     timeout=BOUND_S)
        said = result.stdout + result.stderr
        assert OTHER not in said and "\x1b" not in said and "\x9b" not in said, (name, attack.__name__, said)
        if attack in HARMLESS:
            assert result.returncode == 0 and done in result.stdout, (name, attack.__name__, said)
        else:
            assert result.returncode in (3, 4) and result.stderr, (name, attack.__name__, said)
            assert not re.search(r"verified:|^clean", result.stdout, re.M), (name, attack.__name__, said)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(authority, tmp_path, name):
    with ThreadPoolExecutor(len(ATTACKS)) as pool:
        cells = [pool.submit(read_by, authority, tmp_path / attack.__name__, name, attack) for attack in ATTACKS]
    for cell in cells:
        cell.result()


@pytest.mark.parametrize("name", COMMANDS)
def test_an_old_log_is_said_to_be_old(authority, tmp_path, name):
    """All of it verifies; only its date tells. Seen with a clock that is an hour ahead of the newest one."""
    words, done = COMMANDS[name]
    key = "--log-key" if name == "monitor" else "--key"
    where = "--from" if name == "mirror" else "--stream"
    command = [ALAMO, *words, where, "%s:%d" % authority.endpoints["stream"], key, authority.dir / "keys/log.pub"]
    now = run(*command, env=nobody_home(), cwd=tmp_path)
    assert "log-stale" not in now.stderr and done in now.stdout
    later = run("faketime", "-f", "+1h", *command, env=nobody_home(), cwd=tmp_path)
    assert "log-stale" in later.stderr and "somebody keeps the log from us" in later.stderr and done in later.stdout


def test_a_quiet_monitor_says_why(authority, tmp_path, children):
    """Pings alone, after all was read: `alamo monitor` and `alamo mirror` notice."""
    with Stream(authority.endpoints["stream"]) as middle:
        key = authority.dir / "keys/log.pub"
        said = tmp_path / "said"
        children([ALAMO, "monitor", "--mnt", "FISHER-MNT", "--stream", middle.address, "--log-key", key, "--stale", STALE_S],
                 stdout=open(said, "w"), stderr=open(tmp_path / "monitor", "w"), env=nobody_home())
        copy = mirror(children, tmp_path / "copy", middle.address, key, more=["--stale", str(STALE_S), "--http", "127.0.0.1:0"])
        wait_for(lambda: middle.kinds.count("H") >= 2, what="both to have read it")
        middle.frozen = True
        wait_for(lambda: "log-stale" in (tmp_path / "monitor").read_text(), BOUND_S, "the monitor to notice")
        wait_for(lambda: "log-stale" in copy.said(), BOUND_S, "the mirror to notice")
        with urllib.request.urlopen(f"http://{copy.word('endpoint log-http')}/metrics", timeout=10) as answer:
            assert "alamo_log_stale 1\n" in answer.read().decode()
        middle.frozen = False
        wait_for(lambda: "log-fresh" in copy.said(), BOUND_S, "the mirror to be well again")


# ---- daemons ----


def assert_true(authority, daemon):
    """Whatever it says, nothing of it was made up."""
    if daemon.program == "alamo-whoisd":
        assert "%ERROR:101:" in Authority.whois(daemon, OTHER)
        assert f"domain:         {NAME}" in Authority.whois(daemon, NAME)
    elif daemon.program == "alamo-rootd":
        assert records(Authority.dns(daemon, NAME, "AAAA"), NAME, "AAAA") == ["fca1:100::80"]
        assert not Authority.dns(daemon, OTHER, "AAAA").answer
    else:
        assert Authority.vrps(daemon) == authority.vrps()


@pytest.fixture(scope="module")
def house(authority, tmp_path_factory):
    """Three followers, each behind somebody of its own, caught up."""
    base = tmp_path_factory.mktemp("house")
    with contextlib.ExitStack() as stack:
        pairs = []
        for program in ("alamo-whoisd", "alamo-rootd", "alamo-rpkid"):
            middle = stack.enter_context(Stream(authority.endpoints["stream"]))
            daemon = stack.enter_context(Daemon(authority, base / program, middle, program, conf=CONF))
            daemon.rtr = lambda version=1, daemon=daemon: Authority.rtr(daemon, version)
            pairs.append((middle, daemon))
        for _, daemon in pairs:
            wait_for(lambda daemon=daemon: daemon.ready, BOUND_S, f"{daemon.program} to be ready")
        yield pairs


# The worst against each of the three at once, the others against one each.
TOGETHER = [drops_entries, freezes, invents_log]
OTHERS = [attack for attack in ATTACKS if attack not in TOGETHER]
ROUNDS = [[attack] * 3 for attack in TOGETHER] + [OTHERS[at : at + 3] for at in range(0, len(OTHERS), 3)]


@pytest.mark.parametrize("attacks", ROUNDS)
def test_daemons(authority, house, attacks):
    """The line breaks, and is somebody else's from then on; and then it is good again."""
    number = len(read_log(authority))
    rounds = [(middle, daemon, attack) for (middle, daemon), attack in zip(house, attacks)]
    for middle, _, attack in rounds:
        middle.change = attack(authority)
        middle.cut()
    authority.accept([mntner(f"AFTER{number}-MNT", authority.key_of)], [authority.key_of])

    def noticed(daemon, attack):
        size = daemon.metric("alamo_log_size")
        return size > number if attack in HARMLESS else daemon.metric("alamo_log_stale") == 1

    for _, daemon, attack in rounds:
        wait_for(lambda daemon=daemon, attack=attack: noticed(daemon, attack), BOUND_S, f"{daemon.program} to notice that somebody {attack.__name__}")
        assert_true(authority, daemon)
    for middle, _, _ in rounds:
        middle.change = None
        middle.cut()
    for _, daemon, _ in rounds:
        wait_for(lambda daemon=daemon: daemon.metric("alamo_log_stale") == 0 and daemon.metric("alamo_log_size") > number, BOUND_S,
                 f"{daemon.program} to be well again")
        assert_true(authority, daemon)


# ---- witnesses, as the registry asks them ----


def replays_cosignatures(middle):
    old = middle.last
    middle.answer = lambda path, status, body: old


def alters_cosignatures(middle):
    middle.answer = lambda path, status, body: (status, body.replace(b"A", b"B").replace(b"e", b"f"))


def drips(middle):
    """A byte a second, that never becomes an answer."""
    def answer(path, status, body):
        for _ in range(BOUND_S):
            if middle.closing.wait(0.5):
                break
            for sock in middle.open[-1:]:
                sock.sendall(b"H")
        return None

    middle.answer = answer


def fills(middle):
    """Lines of a head without end."""
    middle.answer = lambda path, status, body: b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * (4 << 20)


def invents_cosignatures(middle):
    middle.answer = lambda path, status, body: (200, b"\xe2\x80\x94 w.example/witness " + b"A" * 100 + b"\n\x1b[2J\n")


def conflicts(middle):
    """The witness is further than the log, or at another place each time."""
    sizes = iter(range(10**9))
    middle.answer = lambda path, status, body: (409, b"%d\n" % (next(sizes) % 3 * 10**6))


ON_WITNESSES = [replays_cosignatures, alters_cosignatures, drips, fills, invents_cosignatures, conflicts]


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def test_witnesses(authority, tmp_path, children):
    """Nothing is public without a true cosignature; requests go on; the witness that is back is believed again."""
    one = witness(children, tmp_path / "w", authority.dir / "keys" / "log.pub")
    vkey = one.word("witness ")
    public = Public(authority, {vkey.split("+")[0]: base64.b64decode(vkey.split("+", 2)[2])})
    with Files(f"http://{one.address}") as middle:
        def honest(path, status, body):
            middle.last = status, body
            return status, body

        middle.answer = honest
        authority.stop()
        (authority.dir / "witnesses").write_text(f"witness w {vkey} {middle.url}/\nquorum w\n")
        authority.configure("registry", witnesses="witnesses")
        authority.start()
        size = head_size(public.reaches(head_size(authority.ask("head")), 1))
        for attack in ON_WITNESSES:
            before = resident(authority.pid("alamo-registryd"))
            asked = len(middle.asked)
            attack(middle)
            authority.accept([mntner(f"W{attack.__name__.upper().replace('_', '')}-MNT", authority.key_of)], [authority.key_of])
            wait_for(lambda asked=asked: len(middle.asked) > asked, BOUND_S, "the registry to ask")
            told = (authority.dir / "up.log").stat().st_size
            if attack in (drips, fills):
                wait_for(lambda: "cosign-away" in (authority.dir / "up.log").read_text(errors="replace"), BOUND_S, attack.__name__)
            authority.accept([mntner(f"X{attack.__name__.upper().replace('_', '')}-MNT", authority.key_of)], [authority.key_of])
            note = public.note()
            assert head_size(note) == size, attack.__name__
            assert "\x1b" not in (authority.dir / "up.log").read_text(errors="replace")[told:]
            assert resident(authority.pid("alamo-registryd")) - before < 16 << 10, attack.__name__
            middle.frozen, middle.answer = False, honest
            middle.cut()
            size = head_size(public.reaches(head_size(authority.ask("head")), 1))
