# SPDX-License-Identifier: MIT
"""Routers keep a good table: over a restart without the registry, over a slip of the hostmaster, and not for ever."""

import ipaddress
import re
import socket
import time
import urllib.error
import urllib.request

import pytest
from conftest import running
from harness import BIN, Key, alamo, obj, wait_for


def get(authority, path):
    host, port = authority.endpoints["roas"]
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


def metric(authority, name):
    found = re.search(rf"^{re.escape(name)} (\d+)$", get(authority, "/metrics"), re.M)
    return int(found[1]) if found else None


def alone(authority, children):
    """alamo-rpkid, and nobody that it could follow."""
    log = open(authority.dir / "alone.log", "ab")
    process = children([BIN / "alamo-rpkid", "-c", authority.dir / "alamo.conf"], stderr=log)

    def listens():
        socket.create_connection(authority.endpoints["roas"], timeout=1).close()
        return True

    wait_for(listens, what="alamo-rpkid")
    return process


def said(authority):
    return (authority.dir / "alone.log").read_text()


@pytest.fixture
def past(tmp_path):
    """An authority with a member that is not running any more, and what its routers had."""
    with running(tmp_path / "dir", conf={"rpki": {"stale_seconds": 4}}) as authority:
        made = authority.member(Key(tmp_path / "member"), name="KEPT")
        wait_for(lambda: any(row[0] == made.key("inet6num") for row in authority.vrps()), what="the route")
        session = authority.rtr()
        authority.table, authority.session_serial = session.reset(), (session.session, session.serial)
        session.close()
        authority.stop()
        yield authority


def test_restart_without_the_registry(past, children):
    alone(past, children)
    session = past.rtr()
    assert session.reset() == past.table
    assert (session.session, session.serial) == past.session_serial
    session.close()
    assert get(past, "/roas-bird2-6.conf").count("\nroute ") == len(past.table)
    assert "event=set-restored" in said(past)
    assert metric(past, "alamo_log_up") == 0
    wait_for(lambda: metric(past, "alamo_rpki_age_seconds") > 0, what="the age of the set")
    # The time at which it was the newest is the time of the stop, not of the start.
    assert int(re.search(r'"generated": (\d+)', get(past, "/roas.json"))[1]) < time.time()


def test_what_is_too_old_is_not_served(past, children):
    alone(past, children)
    router = past.rtr()
    assert router.reset() == past.table
    wait_for(lambda: metric(past, "alamo_rpki_stale") == 1, timeout=30, what="the set to grow too old")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(past, "/roas.json")
    assert "event=expired" in said(past)
    assert metric(past, 'alamo_rpki_vrps{family="ipv6"}') == 0
    # And not after another start either.
    again = past.dir / "run" / "roa.head"
    assert again.exists()


def test_stale_after_a_start(past, children):
    head = (past.dir / "run" / "roa.head").read_text()
    assert head.startswith("registry.alamo/log\nalamo-roa/2\n")
    time.sleep(5)
    alone(past, children)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(past, "/roas.json")
    assert "event=set-not-restored" in said(past) and "err=stale" in said(past)


@pytest.mark.parametrize("file, old, new", [
    ("roa-*.set", b"AS42526601", b"AS42526609"),
    ("roa-*.set", b"\n", b""),
    ("roa.head", b"size ", b"size 1"),
    ("roa.head", b"rule ", b"rule 9"),
])
def test_what_was_tampered_with_is_not_served(past, children, file, old, new):
    path, = (past.dir / "run").glob(file)
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    alone(past, children)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(past, "/roas.json")
    assert "event=set-not-restored" in said(past)


# ---- the brake ----

ROUTES = 40


def space(tmp_path, authority):
    """A member with many routes in one block."""
    key = Key(tmp_path / "many")
    made = authority.member(key, name="MANY")
    block = made.key("inet6num")
    parts = list(ipaddress.ip_network(block).subnets(new_prefix=64))[:ROUTES]
    authority.accept([obj(("route6", str(part)), ("origin", made.key("aut-num")), mnt="MANY-MNT") for part in parts], [key])
    wait_for(lambda: sum(row[1] == 64 for row in authority.vrps()) == ROUTES, what="the routes")
    return block


def slip(authority, block):
    """The hostmaster says that nobody may originate anything in there."""
    hold = obj(("route6", block), ("origin", "AS0"), ("max-length", "128"), mnt="HOSTMASTER-MNT")
    authority.accept([hold], [authority.hostmaster])
    return hold


def test_a_step_that_takes_too_much_is_held(tmp_path):
    with running(tmp_path / "dir", conf={"rpki": {"brake_percent": 30}}) as authority:
        block = space(tmp_path, authority)
        before = authority.vrps()
        slip(authority, block)
        wait_for(lambda: metric(authority, "alamo_rpki_held") == 1, what="the brake")
        assert metric(authority, "alamo_rpki_held_routes") == ROUTES + 1
        assert "event=set-held" in (authority.dir / "up.log").read_text()
        assert authority.vrps() == before
        # What comes behind it waits as well; nothing is lost, and a restart is no way around.
        late = authority.member(Key(tmp_path / "late"), name="LATE").key("inet6num")
        head = authority.dir / "run" / "roa.head"
        wait_for(lambda: f"vrps 0 {len(before)}\n" in head.read_text(), what="the set on the disk")
        authority.kill9("alamo-rpkid")
        wait_for(lambda: metric(authority, "alamo_rpki_held") == 1, what="the brake after a restart")
        assert authority.vrps() == before
        held = alamo("roa", "held", authority.dir).stdout
        serial = re.search(r"^serial (\d+)$", held, re.M)[1]
        assert f"lost {ROUTES + 1}\n" in held
        assert alamo("roa", "release", authority.dir, int(serial) - 1, check=False).returncode == 1
        assert authority.vrps() == before
        alamo("roa", "release", authority.dir, serial)
        wait_for(lambda: not any(row[1] == 64 for row in authority.vrps()), what="the release")
        assert any(row[0] == late for row in authority.vrps())
        assert alamo("roa", "held", authority.dir, check=False).returncode == 1
        assert metric(authority, "alamo_rpki_held") == 0


def test_taken_back_it_goes_on_by_itself(tmp_path):
    with running(tmp_path / "dir", conf={"rpki": {"brake_percent": 30, "brake_seconds": 0}}) as authority:
        block = space(tmp_path, authority)
        router = authority.rtr()
        before = set(router.reset())
        hold = slip(authority, block)
        wait_for(lambda: metric(authority, "alamo_rpki_held") == 1, what="the brake")
        authority.accept([hold + "delete:         slip\n"], [authority.hostmaster],
                         prev=authority.prev("route6", f"{block}AS0"))
        wait_for(lambda: metric(authority, "alamo_rpki_held") == 0, what="the brake to be off")
        late = authority.member(Key(tmp_path / "late"), name="LATE").key("inet6num")
        wait_for(lambda: any(row[0] == late for row in router.refresh()), what="the next change, as a difference")
        assert {row for row in router.vrps if row[0] != late} == before
        router.close()


def test_time_lets_it_out(tmp_path):
    with running(tmp_path / "dir", conf={"rpki": {"brake_percent": 30, "brake_seconds": 3}}) as authority:
        slip(authority, space(tmp_path, authority))
        wait_for(lambda: metric(authority, "alamo_rpki_held") == 1, what="the brake")
        wait_for(lambda: not any(row[1] == 64 for row in authority.vrps()), timeout=30, what="the end of the wait")
        assert "why=time" in (authority.dir / "up.log").read_text()
