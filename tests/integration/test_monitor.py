# SPDX-License-Identifier: MIT
"""alamo monitor tells others: what they get proves itself, comes until it is taken, and goes on after a restart."""

import base64
import contextlib
import copy
import email
import email.policy
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from datetime import datetime

import pytest
from conftest import running
from harness import ALAMO, ROOT, UNPAID, Answer, alamo, mntner, nobody_home, obj, run, stop, wait_for
from test_queue import ASK, queue_number, wanted

sys.path.insert(0, str(ROOT / "tests" / "support"))
import verify_event  # of tests/support

ATOM = "{http://www.w3.org/2005/Atom}"
EVENTS = 256  # OUTLET_EVENTS of cli/log/outlet.h


class Receiver:
    """A web server that keeps what it is sent, and answers as `plan` says: one word a request, then 200."""

    def __init__(self, port=0, tls=None, plan=(), always=None):
        self.got, self.taken, self.plan, self.always = [], [], list(plan), always
        self.slow = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.take(self, json.loads(body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler, event):
        what = self.always or (self.plan.pop(0) if self.plan else "200")
        self.got.append((handler.path, dict(handler.headers), event))
        if what == "close":
            handler.close_connection = True
            return
        if what == "200":    # before the answer, which lets the next event come
            self.taken.append(event)
        if what == "slow":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            self.slow.wait(60)
            handler.wfile.write(b"ngth: 0\r\n\r\n")
            self.taken.append(event)
        else:
            handler.send_response(int(what))
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def receiver(**options):
    made = Receiver(**options)
    try:
        yield made
    finally:
        made.close()


class Monitor:
    """`alamo monitor` of FISHER-MNT, with all that it says in files."""

    def __init__(self, authority, beside, *words, env=None):
        self.words = [ALAMO, "monitor", "--mnt", "FISHER-MNT", str(authority.dir), *map(str, words)]
        self.out, self.err = beside / "monitor.out", beside / "monitor.err"
        self.env = nobody_home() | (env or {})
        self.process = None

    def start(self):
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.process = subprocess.Popen(self.words, stdout=out, stderr=err, env=self.env)
        return self

    def once(self):
        return run(*self.words, "--once", check=False, env=self.env)

    def kill9(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None:
            stop(self.process)


@pytest.fixture
def monitor(own_authority, tmp_path):
    """monitor("--webhook", ...), which ends with the test."""
    with contextlib.ExitStack() as stack:

        def make(*words, **options):
            made = Monitor(own_authority, tmp_path, *words, **options)
            stack.callback(made.stop)
            return made

        yield make


def person(authority, key, number):
    """One more entry of FISHER-MNT."""
    return authority.accept([obj(("person", f"P{number}"), ("nic-hdl", f"P{number}-ALAMO"), mnt="FISHER-MNT")], [key]).index


def indexes(events):
    return [event["index"] for event in events]


def test_an_event_proves_itself(own_authority, monitor, key, tmp_path):
    authority = own_authority
    joined = authority.member(key)
    pub = (authority.dir / "keys/log.pub").read_text()
    with receiver() as web:
        told = monitor("--webhook", f"http://127.0.0.1:{web.port}/hook?for=me", "--state", tmp_path / "state").once()
        assert told.returncode == 0, told.stderr
        [(path, headers, event)] = web.got
    assert path == "/hook?for=me" and headers["Content-Type"] == "application/json"
    assert headers["Host"] == f"127.0.0.1:{web.port}"
    assert (event["index"], event["own"], event["mnt"]) == (joined.index, True, "FISHER-MNT")
    assert {(change["action"], change["class"], change["key"], change["old"]) for change in event["changes"]} >= {
        ("create", "mntner", "FISHER-MNT", None), ("create", "aut-num", joined.key("aut-num"), None)}
    assert verify_event.verify(pub, event).endswith("-----END SSH SIGNATURE-----\n")

    # Whoever has the programs has it shorter.
    (tmp_path / "proof").write_text(event["proof"])
    assert f"entry {joined.index} of" in alamo("receipt", "verify", tmp_path / "proof", "--key", pub.strip()).stdout

    # What was altered on the way, or signed by somebody else, is found out.
    entry = base64.b64decode(event["entry"]).decode()
    other = entry.replace("FISHER-AS", "FISTER-AS")
    again = base64.b64encode(other.encode()).decode()
    lies = [
        {"time": event["time"] + 1},
        {"index": event["index"] - 1},
        {"log": "registry.elsewhere/log"},
        {"id": event["id"][:-1] + "-"},
        {"entry": again},
        {"entry": again, "proof": event["proof"].replace(event["entry"], again)},
        {"proof": event["proof"].replace(f"\nindex {event['index']}\n", f"\nindex {event['index'] - 1}\n")},
        {"proof": event["proof"].replace("\u2014", "-")},
    ]
    for lie in lies:
        with pytest.raises(Exception):
            verify_event.verify(pub, copy.deepcopy(event) | lie)
    alamo("init", tmp_path / "other")
    with pytest.raises(Exception):
        verify_event.verify((tmp_path / "other/keys/log.pub").read_text(), event)


def test_until_it_is_taken(own_authority, monitor, key, tmp_path):
    """A server that fails, hangs up, or takes its time: each event comes until it was answered, in order, and then no more."""
    authority = own_authority
    joined = authority.member(key).index
    with receiver(plan=["500", "close", "slow"]) as web:
        monitor("--webhook", f"http://127.0.0.1:{web.port}", "--state", tmp_path / "state").start()
        wait_for(lambda: len(web.got) == 3, 60, "three tries")
        # Meanwhile the log is read on.
        more = [person(authority, key, number) for number in range(3)]
        wait_for(lambda: f"entry {more[-1]} " in (tmp_path / "monitor.out").read_text(), 60, "the last entry, printed")
        assert web.taken == []
        web.slow.set()
        wait_for(lambda: len(web.taken) == 4, 60, "four events")
        assert indexes(event for _, _, event in web.got) == [joined, joined, joined, *more]
        assert all(verify_event.verify((authority.dir / "keys/log.pub").read_text(), event) for event in web.taken)
    said = (tmp_path / "monitor.err").read_text()
    assert "answers 500" in said and "no answer from" in said, said


def test_it_goes_on_where_it_stood(own_authority, monitor, key, tmp_path):
    """Killed, with the server away, in another run: nothing is lost, and nothing comes twice."""
    authority = own_authority
    first = authority.member(key).index
    state = tmp_path / "state"
    with receiver() as web:
        port = web.port
        watch = monitor("--webhook", f"http://127.0.0.1:{port}", "--state", state)
        watch.start()
        wait_for(lambda: indexes(web.taken) == [first], 60, "the first event")
        wait_for(lambda: f"next = {first + 1}\n" in (state / "webhook.told").read_text(), what="the memory")
        watch.kill9()
    away = [person(authority, key, number) for number in range(2)]
    gone = watch.once()
    assert gone.returncode == 1 and "2 of them were not taken" in gone.stderr, gone.stderr
    busy = Monitor(authority, tmp_path, *watch.words[5:])
    watch.start()
    wait_for(lambda: (tmp_path / "monitor.err").read_text().count("no answer from") >= 1, 60, "a try in vain")
    taken = busy.once()
    assert taken.returncode == 1 and "in use by another monitor" in taken.stderr
    with receiver(port=port) as web:
        wait_for(lambda: indexes(web.taken) == away, 60, "what came meanwhile")
        assert len(web.got) == 2
        wait_for(lambda: f"next = {away[-1] + 1}\n" in (state / "webhook.told").read_text(), what="the memory")
        watch.stop()
        # By hand, or by a timer, it is the same memory: nothing is new.
        calm = watch.once()
        assert calm.returncode == 0 and "0 entries" in calm.stdout and len(web.got) == 2, calm.stderr
    strange = run(*watch.words[:3], "HOSTMASTER-MNT", *watch.words[4:], "--once", check=False)
    assert strange.returncode == 2 and "give each its own folder" in strange.stderr


def test_more_than_the_queue_holds(tmp_path, key):
    """Who is away for longer than our memory is told out of the log, each once and in order."""
    with running(tmp_path / "dir", conf={"registry": UNPAID}) as authority, receiver(always="503") as web:
        entries = [authority.member(key).index]
        watch = Monitor(authority, tmp_path, "--webhook", f"http://127.0.0.1:{web.port}", "--state", tmp_path / "state")
        watch.start()
        entries += [person(authority, key, number) for number in range(EVENTS + 20)]
        wait_for(lambda: f"entry {entries[-1]} " in watch.out.read_text(), 60, "the last entry, printed")
        web.always = None
        wait_for(lambda: len(web.taken) == len(entries), 300, "all of them")
        assert indexes(web.taken) == entries
        # The reading anew is not shown: each entry was printed once.
        assert watch.out.read_text().count("\nentry ") == len(entries) - 1
        watch.stop()


def test_a_shorter_log_is_another_one(own_authority, monitor, key, tmp_path):
    own_authority.member(key)
    watch = monitor("--webhook", "http://127.0.0.1:1", "--state", tmp_path / "state")
    assert watch.once().returncode == 1
    (tmp_path / "state/webhook.told").write_text("log = registry.alamo/log\nmnt = FISHER-MNT\nnext = 900\n")
    told = watch.once()
    assert told.returncode == 4 and "entry 899 was told of before" in told.stderr, told.stderr


def certificate(directory, name):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=hook", "-addext", f"subjectAltName={name}", "-keyout", directory / "tls.key", "-out", directory / "tls.crt")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(directory / "tls.crt", directory / "tls.key")
    return tls


@pytest.mark.parametrize("name, trusted, taken", [("IP:127.0.0.1", True, 1), ("IP:127.0.0.2", True, 0),
                                                  ("DNS:localhost", True, 0), ("IP:127.0.0.1", False, 0)])
def test_https(own_authority, monitor, key, tmp_path, name, trusted, taken):
    """Only to whom the certificate is for, and signed by whom this machine trusts."""
    own_authority.member(key)
    tls = certificate(tmp_path, name)
    env = {"SSL_CERT_FILE": str(tmp_path / "tls.crt" if trusted else "/dev/null"), "SSL_CERT_DIR": "/nonexistent"}
    with receiver(tls=tls) as web:
        told = monitor("--webhook", f"https://127.0.0.1:{web.port}/x", "--state", tmp_path / "state", env=env).once()
        assert len(web.taken) == taken and told.returncode == 1 - taken, told.stderr


def test_https_by_name(own_authority, monitor, key, tmp_path):
    own_authority.member(key)
    tls = certificate(tmp_path, "DNS:localhost")
    with receiver(tls=tls) as web:
        told = monitor("--webhook", f"https://localhost:{web.port}/x", "--state", tmp_path / "state",
                       env={"SSL_CERT_FILE": str(tmp_path / "tls.crt")}).once()
        assert len(web.taken) == 1 and told.returncode == 0, told.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a hosts file of its own needs a mount namespace")
def test_a_name_with_two_addresses(own_authority, monitor, key, tmp_path):
    """The first of which nobody listens on."""
    own_authority.member(key)
    (tmp_path / "hosts").write_text("::1 two.example\n127.0.0.1 two.example\n")
    inside = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', tmp_path / "hosts"]
    assert re.findall(r"^(\S+) +STREAM", run(*inside, "getent", "ahosts", "two.example").stdout, re.M)[0] == "::1"
    with receiver() as web:
        told = monitor("--webhook", f"http://two.example:{web.port}/x", "--state", tmp_path / "state")
        done = run(*inside, *told.words, "--once", check=False, env=told.env)
        assert len(web.taken) == 1 and done.returncode == 0, done.stderr
    port = own_authority.endpoints["stream"][1]
    verified = run(*inside, ALAMO, "verify", "--stream", f"two.example:{port}", "--key", own_authority.dir / "keys/log.pub", env=told.env)
    assert "verified: every entry" in verified.stdout


class Mailer:
    """A sendmail of ours that keeps its words and what it is given, and fails while `fails` is there."""

    def __init__(self, directory):
        self.box, self.fails, self.program = directory / "box", directory / "fails", directory / "sendmail"
        self.box.mkdir()
        self.program.write_text(f"""#!/bin/sh
test ! -e {self.fails} || exit 75
echo "$@" >{self.box}/words
cat >{self.box}/$$.part
mv {self.box}/$$.part {self.box}/$(ls {self.box} | wc -l).eml
""")
        self.program.chmod(0o755)

    def mails(self):
        files = sorted(self.box.glob("*.eml"), key=lambda path: int(path.stem))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]


def test_mail(own_authority, monitor, key, tmp_path):
    authority = own_authority
    joined = authority.member(key)
    first, asn = joined.index, joined.key("aut-num")
    mailer = Mailer(tmp_path)
    watch = monitor("--mail", "fisher+alamo@example.net", "--state", tmp_path / "state", env={"SENDMAIL": str(mailer.program)})
    mailer.fails.touch()
    told = watch.once()
    assert told.returncode == 1 and "gave 75" in told.stderr and mailer.mails() == []
    mailer.fails.unlink()
    # What a member writes is not a header, an end, or another part.
    text = authority.shown("aut-num", asn) + "remarks:        Bcc: all@example.net -- .\nremarks:        caf\u00e9 <b>&\n"
    second = authority.accept([text], [authority.hostmaster], prev=authority.prev("aut-num", asn)).index
    assert watch.once().returncode == 4            # the second is not by the maintainer
    assert watch.once().returncode == 0
    one, two = mailer.mails()
    assert (mailer.box / "words").read_text() == "-t -i\n"
    for mail, index in ((one, first), (two, second)):
        assert mail.defects == [] and sorted(set(mail.keys())) == sorted(mail.keys())
        assert mail["To"] == "fisher+alamo@example.net" and mail["Bcc"] is None and mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"].datetime.tzinfo is not None and mail["Message-ID"].endswith("@registry.alamo>")
        assert all(len(line) <= 998 for line in mail.as_string().splitlines())
        words, proof = mail.iter_parts()
        assert f"Entry {index} of registry.alamo/log" in words.get_content()
        (tmp_path / "proof").write_bytes(proof.get_content())
        assert proof.get_filename() == f"entry-{index}.tlog-proof"
        assert f"entry {index} of" in alamo("receipt", "verify", tmp_path / "proof", "--key", authority.dir / "keys/log.pub").stdout
    assert one["Subject"] == "FISHER-MNT: create [mntner] FISHER-MNT and 3 more"
    assert two["Subject"] == f"FISHER-MNT: NOT SIGNED BY YOU: modify [aut-num] {asn}"
    words = next(two.iter_parts()).get_content()
    assert "Bcc: all@example.net -- ." in words and "caf\u00e9 <b>&" in words
    assert one["Message-ID"] != two["Message-ID"]


def feed_of(path):
    """The feed's entries; what RFC 4287 asks of feed and entries is there, once, and right."""
    feed = ElementTree.fromstring(path.read_bytes())
    assert feed.tag == f"{ATOM}feed"

    def one(element, name):
        [found] = element.findall(ATOM + name)
        assert found.text.strip() or list(found)
        return found

    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        assert one(element, "id").text.startswith("ni:///sha-256;")
        assert one(element, "title").text
        datetime.strptime(one(element, "updated").text, "%Y-%m-%dT%H:%M:%SZ")
    assert one(one(feed, "author"), "name").text == "registry.alamo/log"
    assert all(one(entry, "content").get("type") == "text" for entry in entries)
    assert one(feed, "updated").text >= max((one(entry, "updated").text for entry in entries), default="")
    ids = [one(entry, "id").text for entry in entries]
    assert len(set(ids)) == len(ids)
    return one(feed, "id").text, {one(entry, "id").text: one(entry, "content").text for entry in entries}


def test_feed(own_authority, monitor, key, tmp_path):
    """A file that any reader of feeds takes, and that is the same whoever makes it again."""
    authority, atom, again = own_authority, tmp_path / "feed.atom", tmp_path / "again.atom"
    first = authority.member(key).index
    watch = monitor("--atom", atom).start()
    wait_for(atom.exists, 60, "the feed")
    name, entries = feed_of(atom)
    assert [f"Entry {first} of" in text for text in entries.values()] == [True]
    text = authority.shown("mntner", "FISHER-MNT") + "remarks:        ]]></content></entry> & caf\u00e9\n"
    second = authority.accept([text], [key], prev=authority.prev("mntner", "FISHER-MNT")).index
    wait_for(lambda: len(feed_of(atom)[1]) == 2, 60, "the second entry")
    newest, oldest = feed_of(atom)[1].values()
    assert f"Entry {second} of" in newest and "]]></content></entry> & caf\u00e9" in newest and f"Entry {first} of" in oldest
    watch.stop()
    # Ids are of the log: another monitor gives the same feed, byte for byte.
    assert monitor("--atom", again).once().returncode == 0
    assert again.read_bytes() == atom.read_bytes() and feed_of(again)[0] == name
    # Nothing to tell of is a feed as well, and a file that cannot be written is said.
    assert monitor("--atom", again, "--since", second + 1).once().returncode == 0
    assert feed_of(again)[1] == {}
    refused = monitor("--atom", tmp_path / "no/such/folder.atom").once()
    assert refused.returncode == 1 and "--atom: " in refused.stderr and "No such file" in refused.stderr


def test_what_the_hostmaster_decided(own_authority, monitor, key, tmp_path):
    """Who sent a request that has to wait is told of a refusal, which is in no log, and of an approval."""
    authority = own_authority
    block = obj(("inet6num", ASK), ("netname", "ASK-ME"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "48"),
                ("assign-min", "40"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
    authority.accept([block], [authority.hostmaster])
    first = authority.member(key).index

    def ask(number):
        """The number in the queue, and the hash that the sender was told."""
        answer = Answer(authority.talk(authority.signed([wanted("FISHER", number)], [key], name=f"ask-{number}")))
        status = next(line for line in answer.text.splitlines() if "queue-status " in line)
        return queue_number(answer), status.split("queue-status ")[1].split()[0]

    (no, refused), (yes, accepted) = ask(1), ask(2)
    mailer = Mailer(tmp_path)
    with receiver() as web:
        server = ("--server", authority.server())
        watch = monitor("--webhook", f"http://127.0.0.1:{web.port}", "--mail", "root", "--atom", tmp_path / "feed.atom",
                        "--state", tmp_path / "state", *server, "--request", refused, "--request", accepted,
                        env={"SENDMAIL": str(mailer.program)})
        assert watch.once().returncode == 0
        assert indexes(web.taken) == [first] and len(feed_of(tmp_path / "feed.atom")[1]) == 1
        boss = ("--key", authority.hostmaster.path)
        authority.cli("queue", "refuse", no, "no room for <you> there", *boss)
        authority.approve(yes)
        watch.once()
        entry, *outcomes = web.taken[1:]
        assert entry["changes"][0]["class"] == "inet6num" and verify_event.verify((authority.dir / "keys/log.pub").read_text(), entry)
        told = {event["request"]: event for event in outcomes}
        assert (told[refused]["state"], told[refused]["reason"]) == ("refused", "no room for <you> there")
        assert (told[accepted]["state"], told[accepted]["index"]) == ("accepted", entry["index"])
        for digest, event in told.items():
            assert base64.urlsafe_b64decode(event["id"].removeprefix("ni:///sha-256;") + "=").hex() == digest
        # Once, also over runs.
        watch.once()
        assert len(web.got) == 4
    subjects = [mail["Subject"] for mail in mailer.mails()]
    assert subjects[2:] == [f"FISHER-MNT: request {refused[:12]} was refused", f"FISHER-MNT: request {accepted[:12]} was accepted"]
    words = next(mailer.mails()[2].iter_parts()).get_content()
    assert "Reason: no room for <you> there" in words and "no log has it" in words
    assert sum("waited for the hostmaster" in text for text in feed_of(tmp_path / "feed.atom")[1].values()) == 2


def test_a_newcomer_waits(authority, tmp_path):
    """A maintainer that is not there yet is no mistake of who waits for it."""
    asked = alamo("monitor", authority.dir, "--mnt", "NOBODY-MNT", "--once", "--request", "0" * 64, "--server",
                  authority.server(), "--atom", tmp_path / "feed.atom", check=False)
    assert asked.returncode == 0 and asked.stderr == "", asked.stderr
    assert feed_of(tmp_path / "feed.atom")[1] == {}


@pytest.mark.parametrize("words, why", [
    (["--webhook", "ftp://127.0.0.1/"], "is not http"),
    (["--webhook", "http://user:word@127.0.0.1/"], "is not http"),
    (["--webhook", "http:///path"], "is not http"),
    (["--webhook", "http://127.0.0.1/"], "give --state DIR too"),
    (["--mail", "root"], "give --state DIR too"),
    (["--mail", "a@example.net, b@example.net", "--state", "x"], "is not one plain address"),
    (["--mail", "a@example.net\nBcc: b@example.net", "--state", "x"], "is not one plain address"),
    (["--request", "0" * 63], "is not the hash"),
    (["--request", "g" * 64], "is not the hash"),
    (["--mail", "-oQ/tmp", "--state", "x"], "is not one plain address"),
])
def test_what_cannot_be(authority, words, why):
    refused = alamo("monitor", authority.dir, "--mnt", "HOSTMASTER-MNT", "--once", *words, check=False)
    assert refused.returncode == 2 and why in refused.stderr, refused.stderr
