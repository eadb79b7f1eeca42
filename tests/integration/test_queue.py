# SPDX-License-Identifier: MIT
"""Requests that wait for the hostmaster, control requests, and budgets."""

import hashlib
import hashlib
import json
import socket
import sqlite3
import time
from datetime import datetime, timedelta, timezone

import pytest
from conftest import running
from harness import Answer, Key, alamo, attributes, mntner, obj, request_text, wait_for
from test_status import metrics

ASK = "fca1:7000::/24"


@pytest.fixture(scope="module")
def asking(authority):
    """The module's authority, with a block that is handed out on ask."""
    block = obj(
        ("inet6num", ASK),
        ("netname", "ASK-ME"),
        ("status", "ALLOCATED"),
        ("policy", "ask"),
        ("assign-len", "48"),
        ("assign-min", "40"),
        ("assign-max", "48"),
        mnt="HOSTMASTER-MNT",
    )
    authority.accept([block], [authority.hostmaster])
    return authority


def member(authority, tmp_path, name):
    key = Key(tmp_path / name)
    authority.accept([mntner(f"{name}-MNT", key)], [key])
    return key


def wanted(name, number):
    return obj(("inet6num", f"fca1:70{number:02x}::/48"), ("netname", f"{name}-NET"), mnt=f"{name}-MNT")


def queue_number(answer):
    line = next(line for line in answer.text.splitlines() if line.startswith("% queued: "))
    assert line.endswith(", the hostmaster decides")
    return int(line.split()[2].rstrip(","))


def waiting(authority):
    return {row["id"]: row for row in json.loads(authority.cli("queue", "list", "--json").stdout)}


def control_text(what, ahead=timedelta(hours=1), nonce="1", name="control-1"):
    until = (datetime.now(timezone.utc) + ahead).strftime("%Y-%m-%dT%H:%M:%SZ")
    pairs = [("request", name), ("control", what)] + ([("nonce", nonce)] if nonce else [])
    return attributes([*pairs, ("not-after", until)])


def control(authority, text, *keys):
    data = text.encode() + b"".join(key.sign(text, authority.namespace) for key in keys)
    return authority.talk(data)


def test_asked_reviewed_approved(asking, tmp_path):
    key = member(asking, tmp_path, "ANN")
    before = asking.ask("head").splitlines()[1]
    request = asking.signed([wanted("ANN", 1)], [key], name="ann-asks")
    answer = Answer(asking.talk(request))
    assert not answer.accepted and "POLICY-ASK" in answer.text and "nothing was changed" not in answer.text
    number = queue_number(answer)
    # The same bytes are the same request.
    assert queue_number(Answer(asking.talk(request))) == number
    assert asking.ask("head").splitlines()[1] == before
    row = waiting(asking)[number]
    assert row["request"] == "ann-asks" and row["objects"] == "[inet6num] fca1:7001::/48"
    assert f"{number} {row['time']} ann-asks" in asking.ask("queue")
    # To be read as it was signed.
    assert asking.ask(f"queue {number}").split("\n", 1)[1].encode() == request
    shown = asking.cli("queue", "show", number).stdout.encode()
    assert shown.startswith(request) and shown[len(request) :].startswith(b"% to sign this: ")
    # Signed by the hostmaster too, over the same text, it is taken.
    nobody = asking.cli("queue", "approve", number, "--key", asking.hostmaster.path, check=False, stdin=-3)
    assert nobody.returncode == 2 and "--hash" in nobody.stderr
    wrong = asking.cli("queue", "approve", number, "--key", asking.hostmaster.path, "--hash", "0" * 64, check=False)
    assert wrong.returncode == 4 and "not what was shown" in wrong.stderr and number in waiting(asking)
    done = asking.approve(number)
    assert "Create SUCCEEDED: [inet6num] fca1:7001::/48" in done.stdout and "% receipt" in done.stdout
    assert number not in waiting(asking)
    assert asking.ask("show inet6num fca1:7001::/48").startswith("inet6num:")
    # And who had asked gets the answer by sending it again.
    assert Answer(asking.talk(request)).accepted


def test_who_asked_gets_a_receipt(asking, tmp_path):
    """The entry has the hostmaster's signature too; it is theirs none the less, and proved."""
    key = member(asking, tmp_path, "AXEL")
    text, kept = tmp_path / "text", tmp_path / "receipt"
    text.write_text(wanted("AXEL", 31))
    home = asking.environment() | {"HOME": str(tmp_path)}
    submit = ["submit", text, "--key", key.path, "--server", asking.server(), "--receipt", kept]
    first = alamo(*submit, env=home, check=False)
    assert first.returncode == 1
    asking.approve(queue_number(Answer(first.stdout)))
    done = alamo(*submit, env=home)
    assert "Create SUCCEEDED: [inet6num] fca1:701f::/48" in done.stdout and "sent before" in done.stderr
    proved = alamo("receipt", "verify", kept, "--print", "--key", asking.dir / "keys" / "log.pub", env=home).stdout
    assert "AXEL-NET" in proved and proved.count("BEGIN SSH SIGNATURE") == 2


def test_a_member_cannot_approve(asking, tmp_path):
    key = member(asking, tmp_path, "BEN")
    number = queue_number(asking.send([wanted("BEN", 2)], [key]))
    digest = hashlib.sha256(asking.ask(f"queue {number}").split("\n", 1)[1].encode()).hexdigest()
    refused = asking.cli("queue", "approve", number, "--key", key.path, "--hash", digest, check=False)
    assert refused.returncode == 1 and "POLICY-ASK" in refused.stdout
    assert "keys/hostmaster" in refused.stderr and str(key.path) in refused.stderr
    refused = asking.cli("queue", "refuse", number, "because", "--key", key.path, check=False)
    assert refused.returncode == 1 and "AUTH-MNT" in refused.stdout
    assert number in waiting(asking)


def test_refused(asking, tmp_path):
    key = member(asking, tmp_path, "CAT")
    number = queue_number(asking.send([wanted("CAT", 3)], [key]))
    words = ("queue", "refuse", number, "no", "such", "need", "--key", asking.hostmaster.path)
    assert f"Control SUCCEEDED: queue-refuse {number} no such need" in asking.cli(*words).stdout
    assert number not in waiting(asking)
    again = asking.cli(*words, check=False)
    assert again.returncode == 1 and "REF-MISSING" in again.stdout
    assert "ERROR" in asking.ask(f"queue {number}")
    log = (asking.dir / "up.log").read_text()
    assert f"queue-refuse {number} no such need" in log
    # Numbers do not come again.
    assert queue_number(asking.send([wanted("CAT", 3)], [key])) > number


def test_only_consent_may_be_missing(asking, tmp_path):
    key = member(asking, tmp_path, "DAN")
    other = Key(tmp_path / "other")
    before = waiting(asking)
    for objects, keys, header in (
        ([wanted("DAN", 4)], [other], {}),
        ([wanted("DAN", 4)], [key], {"prev": "7"}),
        ([wanted("DAN", 4)], [key], {"headers": [("dry-run", "yes")]}),
        ([wanted("DAN", 4), obj(("domain", "x.y.alamo"), mnt="DAN-MNT")], [key], {}),
    ):
        answer = asking.send(objects, keys, **header)
        assert "POLICY-ASK" in answer.text or "AUTH" in answer.text
        assert "% nothing was changed" in answer.text and "queued" not in answer.text
    assert waiting(asking) == before


def test_queue_over_a_restart(tmp_path):
    with running(tmp_path / "dir") as own:
        block = obj(("inet6num", ASK), ("netname", "ASK-ME"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "48"),
                    ("assign-min", "48"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
        own.accept([block], [own.hostmaster])
        key = member(own, tmp_path, "EVE")
        number = queue_number(own.send([wanted("EVE", 5)], [key], name="eve-asks"))
        before = own.ask(f"queue {number}")
        assert own.kill9("alamo-registryd")
        wait_for(lambda: own.talk(b"queue\n"), what="the registry again")
        assert own.ask(f"queue {number}") == before
        own.approve(number)
        own.verify()


def test_how_much_waits_is_watched(asking, tmp_path):
    key = member(asking, tmp_path, "WATCHED")
    boss = ("--key", asking.hostmaster.path)
    numbers = [queue_number(asking.send([wanted("WATCHED", n)], [key])) for n in (0xe0, 0xe1, 0xe2)]
    rows = waiting(asking)

    def said():
        found = metrics(asking, "alamo-registryd")
        return int(found["alamo_registry_queue_waiting"]), int(found["alamo_registry_queue_oldest_seconds"])

    count, oldest = said()
    assert count == len(rows) >= 3 and 0 <= time.time() - oldest < 600
    asking.cli("queue", "refuse", numbers[0], "no", *boss)
    assert said()[0] == count - 1
    asking.approve(numbers[1])
    assert said()[0] == count - 2
    assert f"{count - 2} request" in alamo("status", asking.dir).stdout
    asking.cli("queue", "refuse", numbers[2], "no", *boss)


def test_control_requests_are_good_once_and_for_a_day(asking, tmp_path):
    boss = asking.hostmaster
    key = member(asking, tmp_path, "FAY")
    number = queue_number(asking.send([wanted("FAY", 6)], [key]))
    what = f"queue-refuse {number} no"
    for text, keys, clause in (
        (control_text(what), [], "AUTH-SIGNATURE"),
        (control_text(what, timedelta(hours=25)), [boss], "REQUEST-EXPIRED"),
        (control_text(what, timedelta(seconds=-2)), [boss], "REQUEST-EXPIRED"),
        (control_text(what, nonce=None), [boss], "REQUEST-FORM"),
        (control_text(what).replace("not-after", "remarks"), [boss], "REQUEST-FORM"),
        (control_text("queue-refuse many"), [boss], "REQUEST-FORM"),
        (control_text("shut-down"), [boss], "REQUEST-FORM"),
        (control_text(what) + "\n" + mntner("X-MNT", key), [boss], "REQUEST-FORM"),
    ):
        answer = control(asking, text, *keys)
        assert f"({clause})" in answer and "SUCCEEDED" not in answer, answer
    assert number in waiting(asking)
    before = asking.ask("head")
    text = control_text(what)
    assert "Control SUCCEEDED" in control(asking, text, boss)
    assert "% taken before" in control(asking, text, boss)
    assert number not in waiting(asking)
    assert asking.ask("head") == before


# ---- shares, ages, what its sender learns ----


def status(authority, hash):
    return dict(line.split(": ", 1) for line in authority.ask(f"queue-status {hash}").splitlines())


def hash_of(answer):
    return next(line.split()[-1] for line in answer.text.splitlines() if "queue-status" in line)


def test_the_sender_learns_what_became_of_it(asking, tmp_path):
    key = member(asking, tmp_path, "GIL")
    first = asking.send([wanted("GIL", 10)], [key], name="gil-1")
    number, hash = queue_number(first), hash_of(first)
    text = asking.ask(f"queue {number}").split("\n", 1)[1].split("-----BEGIN SSH")[0]
    assert hashlib.sha256(text.encode()).hexdigest() == hash
    assert status(asking, hash)["state"] == "waiting" and status(asking, hash)["number"] == str(number)
    asking.cli("queue", "refuse", number, "we are", "short of these", "--key", asking.hostmaster.path)
    assert status(asking, hash)["state"] == "refused"
    assert status(asking, hash)["reason"] == "we are short of these"
    assert "state: refused" in asking.cli("queue", "status", hash).stdout
    again = asking.send([wanted("GIL", 10)], [key], name="gil-2")
    assert status(asking, hash_of(again))["state"] == "waiting"
    asking.approve(queue_number(again))
    assert status(asking, hash_of(again))["state"] == "accepted"
    assert "ERROR" in asking.ask("queue-status " + "0" * 64) and "ERROR" in asking.ask("queue-status x")


def test_asked_twice_waits_once(asking, tmp_path):
    key, other = member(asking, tmp_path, "HAL"), member(asking, tmp_path, "IDA")
    first = asking.send([wanted("HAL", 11)], [key], name="hal-1")
    second = asking.send([wanted("HAL", 11)], [key], name="hal-2")
    assert queue_number(second) == queue_number(first) and hash_of(second) == hash_of(first)
    assert "the same was asked for before" in second.text
    # Another's words are his own.
    third = asking.send([wanted("IDA", 11)], [other])
    assert queue_number(third) != queue_number(first)


def test_a_share_of_the_queue_for_each(tmp_path):
    with running(tmp_path / "dir", conf={"registry": {"queue_share": 3}}) as own:
        block = obj(("inet6num", ASK), ("netname", "ASK-ME"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "48"),
                    ("assign-min", "48"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
        own.accept([block], [own.hostmaster])
        greedy, modest = member(own, tmp_path, "GREEDY"), member(own, tmp_path, "MODEST")

        def ask(name, key, number, source="127.0.0.1"):
            data = own.signed([wanted(name, number)], [key])
            with socket.create_connection(own.endpoints["requests"], 30, (source, 0)) as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                return Answer(b"".join(iter(lambda: sock.recv(65536), b"")).decode())

        mine = [ask("GREEDY", greedy, number, f"127.0.7.{number + 1}") for number in range(3)]
        assert all("% queued" in answer.text for answer in mine)
        refused = ask("GREEDY", greedy, 3, "127.0.8.1")
        assert refused.text.startswith("%ERROR: as much as you may have waits")
        assert "% queued" in ask("MODEST", modest, 4, "127.0.9.1").text
        # And all of it goes by one word of the hostmaster.
        done = own.cli("queue", "refuse-all", "--all-from", queue_number(mine[0]), "not so many", "--key", own.hostmaster.path)
        assert "requests taken off the queue: 3" in done.stdout
        assert [row["request"] for row in waiting(own).values()] and len(waiting(own)) == 1
        assert all(status(own, hash_of(answer))["reason"] == "not so many" for answer in mine)
        assert "% queued" in ask("GREEDY", greedy, 5, "127.0.9.2").text
        done = own.cli("queue", "refuse-all", "--source", "127.0.9.1", "no", "--key", own.hostmaster.path)
        assert "requests taken off the queue: 1" in done.stdout
        assert own.cli("queue", "refuse-all", "no", "--key", own.hostmaster.path, check=False).returncode == 2
        refused = own.cli("queue", "refuse-all", "--mntner", "GREEDY-MNT", "no", "--key", greedy.path, check=False)
        assert refused.returncode == 1 and "AUTH-MNT" in refused.stdout


def test_nothing_waits_for_ever(tmp_path):
    with running(tmp_path / "dir", conf={"registry": {"queue_days": 1}}) as own:
        block = obj(("inet6num", ASK), ("netname", "ASK-ME"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "48"),
                    ("assign-min", "48"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
        own.accept([block], [own.hostmaster])
        key = member(own, tmp_path, "OLD")
        hash = hash_of(own.send([wanted("OLD", 1)], [key]))
        own.stop()
        ledger = sqlite3.connect(own.dir / "ledger.db")
        ledger.execute("UPDATE queue SET time = time - 86400 * 2")
        ledger.commit()
        ledger.close()
        own.start()
        assert not waiting(own)
        assert status(own, hash) == status(own, hash) | {"state": "refused", "reason": "nobody has decided in time"}


# ---- budgets ----


@pytest.fixture
def tight(tmp_path):
    """Ten requests a minute, five of them by one key."""
    with running(tmp_path / "dir", conf={"registry": {"budget_source": 10, "budget_key": 5}}) as made:
        yield made


def exhausted(text):
    return text.startswith("%ERROR: budget") and "try again in" in text


def test_budget_of_a_source(tight):
    with socket.create_connection(tight.endpoints["requests"], timeout=10) as sock:
        file = sock.makefile("rw")
        answers = []
        for _ in range(1100):
            file.write("help\n")
            file.flush()
            answer = ""
            while not answer.endswith("% end\n"):
                answer += file.readline()
            answers.append(answer)
        # A question is a hundredth: a thousand of them, and what came in while they were asked.
        assert not any(map(exhausted, answers[:1000])) and any(map(exhausted, answers[1000:]))
        turned_away = sum(map(exhausted, answers))
        assert int(metrics(tight, "alamo-registryd")['alamo_registry_unpaid_total{budget="source"}']) == turned_away
        # The connection stays.
        file.write("head\n")
        file.flush()
        assert file.readline() != ""
    # Nobody else pays for it.
    host, port = "::1", tight.endpoints["requests"][1]
    listening = [line.split()[1] for line in (tight.dir / "run" / "endpoints").read_text().splitlines()
                 if line.startswith("requests [")]
    if listening:
        port = int(listening[0].rsplit(":", 1)[1])
        with socket.create_connection((host, port), timeout=10) as sock:
            sock.sendall(b"head\n")
            sock.shutdown(socket.SHUT_WR)
            assert not exhausted(sock.recv(65536).decode())


def test_budget_of_a_key_and_none_of_the_hostmasters(tight, tmp_path):
    def send(number, key):
        text = request_text([mntner(f"BULK{number}-MNT", key)], name=f"bulk-{number}")
        return tight.talk(text.encode() + key.sign(text))

    key = Key(tmp_path / "bulk")
    answers = [send(number, key) for number in range(6)]
    assert all("% receipt" in answer for answer in answers[:5])
    assert exhausted(answers[5]) and "SHA256:" in answers[5]
    # What is the hostmaster's is at nobody's expense.
    for number in range(30):
        role = obj(("role", "Staff"), ("nic-hdl", f"STAFF{number}-ALAMO"), mnt="HOSTMASTER-MNT")
        tight.accept([role], [tight.hostmaster])


def test_the_client_waits_for_its_budget(tight, tmp_path):
    key = Key(tmp_path / "patient")
    for number in range(5):
        tight.accept([mntner(f"P{number}-MNT", key)], [key])
    file = tmp_path / "next"
    file.write_text(mntner("P9-MNT", key))
    begun = time.monotonic()
    done = tight.cli("submit", file, "--key", key.path)
    assert "% receipt" in done.stdout and "budget" in done.stderr
    assert time.monotonic() - begun > 1


def test_dry_runs_and_refusals_cost_the_key(tight, tmp_path):
    key = Key(tmp_path / "dry")
    for number in range(5):
        text = [mntner(f"DRY{number}-MNT", key)]
        answer = tight.send(text, [key], headers=[("dry-run", "yes")] if number % 2 else [], **({} if number % 2 else {"prev": "7"}))
        assert "dry run" in answer.text or "REQUEST-PREV" in answer.text
    answer = tight.send([mntner("DRY-MNT", key)], [key])
    assert exhausted(answer.text) and "SHA256:" in answer.text


def test_a_request_costs_by_its_objects(tmp_path):
    """700 objects are not one request: the next one waits, whoever signs it, and a text of the log is at nobody's expense."""
    with running(tmp_path / "dir", conf={"registry": {"budget_source": 20, "budget_network": 0, "budget_key": 20}}) as made:
        key, other = Key(tmp_path / "many"), Key(tmp_path / "other")
        first = made.signed([mntner("MANY-MNT", key)], [key], name="first")
        assert Answer(made.talk(first)).accepted
        sets = [obj(("as-set", f"AS-MANY{i}"), mnt="MANY-MNT") for i in range(400)]
        text = request_text(sets, prev=" ".join(["none"] * len(sets))).encode()
        answer = Answer(made.talk(text + key.sign(text)))
        assert answer.accepted and len(answer.objects) == 400, answer.text[-300:]
        answer = made.talk(made.signed([mntner("OTHER-MNT", other)], [other]))
        assert exhausted(answer) and "your address" in answer
        seconds = int(answer.split("try again in ")[1].split()[0])
        assert 60 < seconds <= 601


def test_a_maintainer_pays_for_all_its_keys(tmp_path):
    with running(tmp_path / "dir", conf={"registry": {"budget_maintainer": 3}}) as made:
        keys = [Key(tmp_path / f"k{number}") for number in range(4)]
        text = attributes([("mntner", "FOUR-MNT"), *(("auth", key.public) for key in keys), ("mnt-by", "FOUR-MNT"), ("source", "ALAMO")])
        assert made.send([text], keys).accepted
        answers = [made.send([obj(("as-set", f"AS-F{number}"), mnt="FOUR-MNT")], [key]) for number, key in enumerate(keys)]
        assert [answer.accepted for answer in answers] == [True, True, True, False]
        assert exhausted(answers[3].text) and "FOUR-MNT" in answers[3].text


@pytest.mark.parametrize("conf, word", [({"min_free_disk": 1000000000}, "disk"), ({"max_memory": 1}, "memory")])
def test_without_room_nothing_more_is_stored(tmp_path, conf, word):
    with running(tmp_path / "dir", conf={"registry": conf}) as made:
        key = Key(tmp_path / "late")
        head = made.ask("head")
        answer = made.send([mntner("LATE-MNT", key)], [key])
        assert answer.text.startswith("%ERROR: the registry's " + word) and "nothing was stored" in answer.text
        assert made.ask("head") == head and made.ask("prev mntner LATE-MNT") == "prev: none\n"
        # What changes nothing is answered as ever.
        assert "% dry run" in made.send([mntner("LATE-MNT", key)], [key], headers=[("dry-run", "yes")]).text
