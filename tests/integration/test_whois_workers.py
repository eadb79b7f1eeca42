# SPDX-License-Identifier: MIT
"""The whois port on several threads: whoever answers, an answer is of one size of the log; counts and limits are of all of them."""

import contextlib
import re
import socket
import statistics
import threading
import time
from pathlib import Path

import pytest
from conftest import running
from harness import Key, obj, wait_for
from test_rdap import get
from test_reload import configured, http

WORKERS, SETS, CLIENTS, QUESTIONS, CHANGES = 3, 40, 6, 8, 12
LOOKS = 10000    # at what a change is to be seen in
NAMES = [f"AS-KEEPER{number}" for number in range(SETS)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with running(tmp_path_factory.mktemp("workers") / "dir", conf={"whois": {"workers": WORKERS}}) as made:
        yield made


@pytest.fixture(scope="module")
def keeper(authority, tmp_path_factory):
    key = Key(tmp_path_factory.mktemp("keys") / "keeper")
    authority.member(key, "KEEPER")
    return key


def sets(number):
    return [obj(("as-set", name), ("descr", f"round {number}"), ("members", f"AS{65000 + number}"), mnt="KEEPER-MNT") for name in NAMES]


def counted(authority, name):
    return int(re.search(rf"^{re.escape(name)} (\d+)$", http(authority, "rdap", "/metrics"), re.M)[1])


def connect(authority):
    return socket.create_connection(authority.endpoints["whois"], timeout=30)


def asked(sock, question):
    """On a connection that stays: the answer to its end."""
    sock.sendall(f"-k {question}\r\n".encode())
    answer = b""
    while not answer.endswith(b"\n\n\n"):
        got = sock.recv(1 << 20)
        assert got, answer[-200:]
        answer += got
    return answer.decode()


def reader(authority, done, calls, seen, faults):
    try:
        while not done.is_set():
            with connect(authority) as sock:
                calls.append(sock.getsockname())
                for _ in range(QUESTIONS):
                    answer = asked(sock, "-T as-set -i mnt-by KEEPER-MNT")
                    seen.append((int(re.search(r"^% log (\d+) ", answer, re.M)[1]), re.findall(r"^descr: +round (\d+)$", answer, re.M),
                                 re.findall(r"^members: +AS(\d+)$", answer, re.M)))
    except (AssertionError, OSError) as fault:
        faults.append(fault)


def test_threads(authority):
    names = [(thread / "comm").read_text().strip() for thread in Path(f"/proc/{authority.pid('alamo-whoisd')}/task").iterdir()]
    # The first is the service's own.
    assert sorted(name for name in names if name.startswith("whois-")) == [f"whois-{number}" for number in range(1, WORKERS)]


def test_an_answer_is_of_one_size(authority, keeper):
    rounds = {authority.accept(sets(0), [keeper]).index: 0}
    wait_for(lambda: authority.whois("-T as-set -i mnt-by KEEPER-MNT").count("descr:") == SETS, what="the sets")
    queries, connections = (counted(authority, name) for name in ("alamo_whois_queries_total", 'alamo_connections_total{listener="whois"}'))
    done, calls, seen, faults = threading.Event(), [], [], []
    clients = [threading.Thread(target=reader, args=(authority, done, calls, seen, faults)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        for number in range(1, CHANGES):
            rounds[authority.accept(sets(number), [keeper], prev=max(rounds)).index] = number
    finally:
        done.set()
        for client in clients:
            client.join()
    assert not faults and len(seen) == len(calls) * QUESTIONS
    for size, texts, members in seen:
        number = max(number for index, number in rounds.items() if index < size)
        assert texts == [str(number)] * SETS, (size, texts)
        assert members == [str(65000 + number)] * SETS, (size, members)
    assert len({size for size, _, _ in seen}) > CHANGES // 2  # they did see it change
    # One "-k" with a question is one query.
    assert counted(authority, "alamo_whois_queries_total") - queries == len(seen)
    assert counted(authority, 'alamo_connections_total{listener="whois"}') - connections == len(calls)


def ways_of(authority, sock, asn):
    """Each way to an aut-num: the size of the log that the answer names, and the as-name that it has."""
    def over_http(path):
        answer = get(authority, path)
        return int(answer.headers["etag"].strip('"')), re.search(r"\bROUND\d+\b", answer.body)

    def over_whois():
        answer = asked(sock, f"-T aut-num {asn}")
        return int(re.search(r"^% log (\d+) ", answer, re.M)[1]), re.search(r"\bROUND\d+\b", answer)

    return {"whois": over_whois, "RDAP": lambda: over_http(f"/autnum/{asn[2:]}"), "page": lambda: over_http(f"/object/aut-num/{asn}")}


def asker(way, done, seen, faults):
    try:
        while not done.is_set():
            seen.append(way())
    except (AssertionError, OSError) as fault:
        faults.append(fault)


def test_a_change_is_everywhere_at_once(authority, tmp_path):
    """Under load: how long from the receipt to each way is printed; what is asserted is that no answer mixes two sizes."""
    key, rounds, waited, seen, faults = Key(tmp_path / "runner"), {}, {}, [], []
    joined = authority.member(key, "RUNNER")
    asn, prev, done = joined.key("aut-num"), joined.index, threading.Event()
    with contextlib.ExitStack() as stack:
        ways = [ways_of(authority, stack.enter_context(connect(authority)), asn) for _ in range(3)]
        load = [threading.Thread(target=asker, args=(way, done, seen, faults)) for those in ways[1:] for way in those.values()]
        for thread in load:
            thread.start()
        try:
            for number in range(CHANGES):
                prev = authority.accept([obj(("aut-num", asn), ("as-name", f"ROUND{number}"), mnt="RUNNER-MNT")], [key], prev=prev).index
                rounds[prev] = f"ROUND{number}"
                since = time.monotonic()
                for name, way in ways[0].items():
                    assert any(seen.append(way()) or seen[-1][0] > prev for _ in range(LOOKS)), name
                    waited.setdefault(name, []).append((time.monotonic() - since) * 1000)
        finally:
            done.set()
            for thread in load:
                thread.join()
    assert not faults
    for size, name in seen:
        of_then = [index for index in rounds if index < size]
        assert (name[0] if name else None) == (rounds[max(of_then)] if of_then else None), (size, name)
    print(f"\n{len(seen)} answers; ms to see a change, median: " +
          ", ".join(f"{name} {statistics.median(times):.1f}" for name, times in waited.items()))


def test_a_source_has_one_share(authority):
    """A limit that SIGHUP brings is that of all threads together."""
    with configured(authority, "alamo-whoisd", max_per_source=5) as said, contextlib.ExitStack() as stack:
        assert "event=reloaded" in said
        answers = []
        for _ in range(8 * WORKERS):
            sock = stack.enter_context(connect(authority))
            with contextlib.suppress(OSError):
                sock.sendall(b"!!\n!v\n")
            answers.append(sock.recv(1))
        assert (answers.count(b"A"), answers.count(b"%")) == (5, 8 * WORKERS - 5)


def test_every_thread_reads_the_configuration(authority):
    with configured(authority, "alamo-whoisd", idle_seconds=1) as said, contextlib.ExitStack() as stack:
        assert "event=reloaded" in said
        socks = [stack.enter_context(connect(authority)) for _ in range(8 * WORKERS)]
        for sock in socks:
            sock.sendall(b"!!\n")
        assert [sock.recv(1) for sock in socks] == [b""] * len(socks)


def test_mirrors_on_all_threads_get_the_news(authority, keeper):
    with contextlib.ExitStack() as stack:
        streams = []
        for _ in range(4 * WORKERS):
            sock = stack.enter_context(connect(authority))
            sock.sendall(b"-k -g ALAMO:3:1-LAST\r\n")
            streams.append(sock.makefile("rb"))
            assert streams[-1].readline().startswith(b"%START Version: 3 ALAMO 1-")
        authority.accept([obj(("as-set", "AS-NEWS"), mnt="KEEPER-MNT")], [keeper])
        for stream in streams:
            while stream.readline() != b"as-set:         AS-NEWS\n":
                pass
