# SPDX-License-Identifier: MIT
"""Members who ask for the same thing at the same moment, each on a connection of their own: exactly one gets it."""

import socket
import threading

import pytest
from harness import Answer, Key, obj

MEMBERS = 6
ROUNDS = 8


def at_once(authority, requests):
    """All requests down to their last byte first; the last bytes together. The answers in the same order."""
    answers = [None] * len(requests)
    barrier = threading.Barrier(len(requests))

    def send(number):
        with socket.create_connection(authority.endpoints["requests"], timeout=60) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(requests[number][:-1])
            barrier.wait()
            sock.sendall(requests[number][-1:])
            sock.shutdown(socket.SHUT_WR)
            got = b""
            while part := sock.recv(65536):
                got += part
        answers[number] = Answer(got.decode())

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None not in answers
    return answers


@pytest.fixture(scope="module")
def members(authority, tmp_path_factory):
    """(maintainer, key) of members who have joined."""
    keys = tmp_path_factory.mktemp("keys")
    made = []
    for number in range(MEMBERS):
        key = Key(keys / f"racer{number}")
        authority.member(key, f"RACER{number}")
        made.append((f"RACER{number}-MNT", key))
    return made


def block(prefix, mnt):
    return obj(("inet6num", prefix), ("netname", mnt[: -len("-MNT")]), mnt=mnt)


def test_one_block_has_one_winner(authority, members):
    """Everybody reads which block is free, and asks for that very one."""
    for _ in range(ROUNDS):
        prefix = authority.ask("free 48").strip()
        answers = at_once(authority, [authority.signed([block(prefix, mnt)], [key]) for mnt, key in members])
        winners = [mnt for (mnt, _), answer in zip(members, answers) if answer.accepted]
        assert len(winners) == 1, [answer.text for answer in answers]
        for answer in answers:
            assert answer.accepted or "(REQUEST-PREV)" in answer.text, answer.text
        assert f"mnt-by:         {winners[0]}\n" in authority.ask(f"show inet6num {prefix}")


def test_one_name_has_one_winner(authority, members):
    for number in range(ROUNDS):
        domain = f"race{number}.alamo"
        objects = [[obj(("domain", domain), ("record", "@ AAAA fca1::1"), mnt=mnt)] for mnt, _ in members]
        requests = [authority.signed(wish, [key]) for wish, (_, key) in zip(objects, members)]
        assert sum(answer.accepted for answer in at_once(authority, requests)) == 1


def test_the_next_block_is_another_for_each(authority, members):
    """Placeholders: everybody gets a block, and no two of them touch."""
    blocks = []
    for _ in range(ROUNDS):
        requests = [authority.signed([block("AUTO-1/48", mnt)], [key]) for mnt, key in members]
        answers = at_once(authority, requests)
        assert all(answer.accepted for answer in answers), [answer.text for answer in answers]
        blocks += [answer.key("inet6num") for answer in answers]
    assert len(set(blocks)) == ROUNDS * MEMBERS


def test_two_changes_of_one_version(authority, members):
    """One maintainer, several hands: of changes to the same version one is taken, the others are told."""
    mnt, key = members[0]
    prefix = authority.accept([block("AUTO-1/48", mnt)], [key]).key("inet6num")
    prev = authority.prev("inet6num", prefix)
    wishes = [
        obj(("inet6num", prefix), ("netname", "RACER0"), ("descr", f"hand {hand}"), mnt=mnt) for hand in range(MEMBERS)
    ]
    answers = at_once(authority, [authority.signed([wish], [key], prev=prev) for wish in wishes])
    assert sum(answer.accepted for answer in answers) == 1
    assert all(answer.accepted or "(REQUEST-PREV)" in answer.text for answer in answers)


def test_the_same_bytes_on_many_connections(authority, members):
    """A client that retries in parallel: one entry, and everybody gets its receipt."""
    mnt, key = members[1]
    request = authority.signed([block("AUTO-1/48", mnt)], [key])
    answers = at_once(authority, [request] * MEMBERS)
    assert len({answer.index for answer in answers if answer.accepted}) == 1
    for answer in answers:
        assert answer.accepted or "send the same bytes again" in answer.text, answer.text
    assert Answer(authority.talk(request)).index == next(answer.index for answer in answers if answer.accepted)


def test_the_log_is_sound_afterwards(authority):
    authority.verify()
