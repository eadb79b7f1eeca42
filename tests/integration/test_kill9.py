# SPDX-License-Identifier: MIT
"""kill -9 at any moment: what was acknowledged is there, and the same request gets the same answer."""

import concurrent.futures
import random
import threading
import time

from harness import DAEMONS, Answer, Key, mntner, wait_for

SENDERS = 4
PER_SENDER = 60
REGISTRY_KILLS = 7    # each doubles the wait before the next start
SEED = 20231101


def essence(text):
    """The answer without its checkpoint and proof, which are those of the newest head."""
    return [line for line in text.splitlines() if line.startswith(("SUMMARY", "  ", "% receipt"))]


def prepare(authority, directory, sender):
    """Signed requests, each for a maintainer of its own."""
    key = Key(directory / f"sender{sender}")
    return [
        (f"KILL{sender}-{number}-MNT", authority.signed([mntner(f"KILL{sender}-{number}-MNT", key)], [key],
                                                         name=f"kill-{sender}-{number}"))
        for number in range(PER_SENDER)
    ]


def send_all(authority, requests, pause, acknowledged):
    """Each request until it is acknowledged, with the same bytes."""
    for name, request in requests:
        end = time.monotonic() + 60
        while True:
            try:
                text = authority.talk(request, timeout=5)
                if text.endswith("% end\n") and Answer(text).accepted:
                    acknowledged.append((name, request, text))
                    break
                assert "***Error" not in text, text
            except OSError:
                pass
            assert time.monotonic() < end, f"{name} was never acknowledged"
            time.sleep(0.02)
        time.sleep(pause)


def killer(authority, stop, kills):
    chance = random.Random(SEED)
    while not stop.is_set():
        registry = kills.count(DAEMONS[0]) < REGISTRY_KILLS and chance.random() < 0.5
        program = DAEMONS[0] if registry else chance.choice(DAEMONS[1:])
        if authority.kill9(program):
            kills.append(program)
        stop.wait(chance.uniform(0.02, 0.6))


def test_nothing_acknowledged_is_lost(own_authority, tmp_path):
    authority = own_authority
    requests = [prepare(authority, tmp_path, sender) for sender in range(SENDERS)]
    kills, acknowledged, stop = [], [], threading.Event()
    thread = threading.Thread(target=killer, args=(authority, stop, kills))
    thread.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(lambda part: send_all(authority, part, 0.2, acknowledged), requests))
    finally:
        stop.set()
        thread.join()
    assert len(acknowledged) == SENDERS * PER_SENDER
    assert kills.count(DAEMONS[0]) >= 4, f"the registry was hardly killed: {kills}"
    wait_for(lambda: authority.ask("head"), what="the registry after the last kill")
    indexes = set()
    for name, request, first in acknowledged:
        again = authority.talk(request)
        assert essence(again) == essence(first)
        index = Answer(first).index
        assert authority.prev("mntner", name) == str(index)
        indexes.add(index)
    assert len(indexes) == len(acknowledged)

    def followed():
        return all(f"mntner:         {name}\n" in authority.whois(name) for name, _, _ in acknowledged)

    wait_for(followed, timeout=30, what="whois to have everything")
    assert "verified" in authority.verify().stdout


def test_all_are_back(own_authority, key):
    """Every daemon killed at once: all come back on the same ports."""
    authority = own_authority
    before = (authority.dir / "run" / "endpoints").read_text()
    made = authority.member(key, name="BACK", domain="back.alamo", records=["@ AAAA AUTO-2::1"])
    pids = {program: authority.pid(program) for program in DAEMONS}
    for program in DAEMONS:
        assert authority.kill9(program)
    wait_for(lambda: all(authority.pid(program) not in (None, pids[program]) for program in DAEMONS), what="new processes")

    def serves():
        return (
            authority.prev("mntner", "BACK-MNT") == str(made.index)
            and "BACK-AS" in authority.whois(made.key("aut-num"))
            and authority.dns("back.alamo", "AAAA").answer
            and any(vrp[0] == made.key("inet6num") for vrp in authority.vrps())
        )

    wait_for(serves, timeout=30, what="all four services")
    assert (authority.dir / "run" / "endpoints").read_text() == before


def test_stop_is_clean(own_authority):
    """SIGTERM: exit code 0, no daemon left, no pid file left."""
    pids = [own_authority.pid(program) for program in DAEMONS]
    process = own_authority.process
    own_authority.stop()
    assert process.returncode == 0
    for program, pid in zip(DAEMONS, pids):
        assert own_authority.pid(program) is None
        try:
            with open(f"/proc/{pid}/comm") as comm:
                assert comm.read().strip() != program[:15]
        except FileNotFoundError:
            pass
