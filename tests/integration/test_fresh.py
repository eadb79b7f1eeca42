# SPDX-License-Identifier: MIT
"""A man in the middle who only lets pings through is noticed: the registry dates what it has signed, all the time."""

import select
import struct
import urllib.error
import urllib.request

import pytest
from conftest import running
from harness import RTR_RESET_QUERY, Authority, Key, Rtr, alamo, records, wait_for
from mitm import Daemon, Stream, framed, wrong_clock
from witnesses import mirror, spelled

SIGN_S, STALE_S, EXPIRED_S = 1, 3, 5
CONF = f"stale-seconds = {STALE_S}\n\n[rpki]\nstale-seconds = {EXPIRED_S}\n"
WARNING = "% Warning: this may be old. Nothing newer was heard from the registry for "


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    base = tmp_path_factory.mktemp("fresh")
    with running(base / "dir", conf={"registry": {"sign_seconds": SIGN_S}}) as made:
        made.member(Key(base / "member"), domain="fisher.alamo", records=("@ AAAA fca1:100::80",))
        yield made


def dates(note):
    return [line for line in note.splitlines() if line.startswith("\N{EM DASH} ")][1:]


def test_dated_while_nothing_happens(authority):
    """Same size, same text, a newer date: at the request port, as a file, and in the published log."""
    host, port = authority.endpoints["log-http"]

    def published():
        with urllib.request.urlopen(f"http://{host}:{port}/checkpoint", timeout=10) as answer:
            return answer.read().decode()

    for read in (lambda: authority.ask("head"), (authority.dir / "run" / "checkpoint").read_text, published):
        first = wait_for(lambda read=read: dates(read()) and read(), what="a date")
        later = wait_for(lambda read=read, first=first: dates(read()) != dates(first) and read(), what="a newer date")
        assert later.split("\n\n")[0] == first.split("\n\n")[0] and len(dates(later)) == 1
    assert "verified:" in authority.verify().stdout


def frozen(daemon, relay, state):
    wait_for(lambda: daemon.metric("alamo_log_stale") == state, 20, f"alamo_log_stale {state}")
    assert daemon.metric("alamo_log_up") == 1 or not relay.frozen


def freeze(relay, daemon):
    wait_for(lambda: daemon.metric("alamo_log_date_seconds"), what="a date")
    assert daemon.metric("alamo_log_stale") == 0
    relay.frozen = True
    frozen(daemon, relay, 1)
    assert "event=log-stale" in daemon.text
    assert daemon.metric("alamo_log_age_seconds") >= STALE_S


def thaw(relay, daemon):
    relay.frozen = False
    frozen(daemon, relay, 0)
    assert "event=log-fresh" in daemon.text


def test_whois(authority, tmp_path):
    with Stream(authority.endpoints["stream"]) as relay, \
            Daemon(authority, tmp_path / "copy", relay, "alamo-whoisd", conf=CONF) as daemon:
        wait_for(lambda: daemon.ready, what="ready")
        assert WARNING not in Authority.whois(daemon, "fisher.alamo")
        freeze(relay, daemon)
        text = Authority.whois(daemon, "fisher.alamo")
        assert WARNING in text and "domain:" in text
        thaw(relay, daemon)
        assert WARNING not in Authority.whois(daemon, "fisher.alamo")


def test_dns(authority, tmp_path):
    with Stream(authority.endpoints["stream"]) as relay, \
            Daemon(authority, tmp_path / "copy", relay, "alamo-rootd", conf=CONF) as daemon:
        wait_for(lambda: daemon.ready, what="ready")
        freeze(relay, daemon)
        assert records(Authority.dns(daemon, "fisher.alamo", "AAAA"), "fisher.alamo", "AAAA") == ["fca1:100::80"]
        thaw(relay, daemon)


def roas(daemon):
    host, port = daemon.endpoint("roas")
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/roas.json", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_route_origins_expire(authority, tmp_path):
    """Routers that ask get nothing old, and are answered when it is over; those that have a set keep it."""
    with Stream(authority.endpoints["stream"]) as relay, \
            Daemon(authority, tmp_path / "copy", relay, "alamo-rpkid", conf=CONF) as daemon:
        wait_for(lambda: daemon.ready, what="ready")
        router = Rtr(daemon.endpoint("rtr"))
        had = set(router.reset())
        assert had and roas(daemon) == 200
        freeze(relay, daemon)
        wait_for(lambda: roas(daemon) == 503, what="expiry")
        assert "event=expired" in daemon.text
        late = Rtr(daemon.endpoint("rtr"))
        late.sock.sendall(struct.pack("!BBHI", 1, RTR_RESET_QUERY, 0, 8))
        assert not select.select([late.sock, router.sock], [], [], 0.5)[0]
        thaw(relay, daemon)
        assert set(late.read_response()) == had and router.refresh() == had
        assert roas(daemon) == 200
        late.close()
        router.close()


def undated(kind, body):
    """What signs the log stays; what says of when it is goes."""
    if kind in "HT":
        text, signatures = body.decode().split("\n\n")
        body = f"{text}\n\n{signatures.splitlines()[0]}\n".encode()
    return [framed(kind, body)]


def test_route_origins_expire_when_the_dates_are_taken_out(authority, tmp_path):
    """The first time ever that this follower hears of the log, and its line stays open: that alone keeps nothing young."""
    with Stream(authority.endpoints["stream"], change=undated) as relay, \
            Daemon(authority, tmp_path / "copy", relay, "alamo-rpkid", conf=CONF) as daemon:
        wait_for(lambda: daemon.ready, what="ready")
        assert roas(daemon) == 200
        wait_for(lambda: roas(daemon) == 503, what="expiry")
        assert daemon.metric("alamo_log_date_seconds") == 0 and daemon.metric("alamo_log_up") == 1


def set_right(daemon, relay, clock):
    wait_for(lambda: daemon.metric("alamo_log_age_seconds") > 29 * 86400, what="another month")
    wait_for(lambda: daemon.ready, what="ready")
    assert roas(daemon) == 200
    relay.frozen = True
    clock.write_text("+0\n")
    wait_for(lambda: roas(daemon) == 503, what="expiry")
    assert "event=expired" in daemon.text
    relay.frozen = False
    wait_for(lambda: roas(daemon) == 200, what="the set to be young")


def test_a_clock_that_is_set_right_keeps_nothing_young(authority, tmp_path):
    """What was the newest thirty days ahead, by the clock as it was then, is as old as the silence is."""
    copy = tmp_path / "copy"
    with Stream(authority.endpoints["stream"]) as relay:
        with Daemon(authority, copy, relay, "alamo-rpkid", conf=CONF) as daemon:
            wait_for(lambda: daemon.ready, what="ready")
        clock = copy / "run" / "clock"      # where the daemon may read
        clock.write_text("+30d\n")
        with Daemon(authority, copy, relay, "alamo-rpkid", wrong_clock(clock), conf=CONF) as daemon:
            set_right(daemon, relay, clock)


def test_a_restart_does_not_make_it_younger(authority, tmp_path):
    with Stream(authority.endpoints["stream"]) as relay, \
            Daemon(authority, tmp_path / "copy", relay, "alamo-whoisd", conf=CONF) as daemon:
        wait_for(lambda: daemon.ready, what="ready")
        freeze(relay, daemon)
    assert dates((tmp_path / "copy" / "run" / "seen.alamo-whoisd").read_text())
    with Stream(authority.endpoints["stream"], keep=lambda kind: kind == "P") as relay, \
            Daemon(authority, tmp_path / "copy", relay, "alamo-whoisd", conf=CONF) as daemon:
        frozen(daemon, relay, 1)
        assert daemon.metric("alamo_log_age_seconds") >= STALE_S


def test_mirror_passes_dates_on(authority, tmp_path, children):
    copy = mirror(children, tmp_path / "mirror", spelled(authority.endpoints["stream"]), authority.dir / "keys" / "log.pub")
    host, port = copy.address.rsplit(":", 1)
    with Stream((host, int(port))) as relay, \
            Daemon(authority, tmp_path / "copy", relay, "alamo-whoisd", conf=CONF) as daemon:
        wait_for(lambda: daemon.ready, what="ready")
        first = daemon.metric("alamo_log_date_seconds")
        wait_for(lambda: daemon.metric("alamo_log_date_seconds") > first, what="a newer date")
        assert "verified:" in alamo("verify", "--stream", copy.address, "--key", authority.dir / "keys" / "log.pub").stdout
