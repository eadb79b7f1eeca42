# SPDX-License-Identifier: MIT
"""`alamo keys`: offline roots, m of n, delegate to the log's key; a rotation goes on with the same tree."""

import re

import pytest
from harness import Key, alamo, mntner, nobody_home, wait_for
from mitm import Questions
from witnesses import spelled

DAY = "2100-01-01"


@pytest.fixture
def roots(tmp_path):
    made = []
    for name in ("anna", "ben", "carla"):
        path = tmp_path / f"{name}.key"
        alamo("keys", "make-root", path, "--name", f"{name}.example/root")
        assert path.stat().st_mode & 0o777 == 0o400
        made.append(path)
    return made


def pins(roots):
    return [word for root in roots for word in ("--root", f"{root}.pub")]


def refused(*words, code):
    result = alamo(*words, check=False)
    assert result.returncode == code, (result.stdout, result.stderr)
    return result.stderr


def log_key(path):
    alamo("init", path)
    return path / "keys" / "log.pub"


def test_two_of_three(roots, tmp_path):
    log = log_key(tmp_path / "dir")
    note = tmp_path / "keys.note"
    drafted = alamo("keys", "draft", note, "--log", log, "--not-after", DAY).stdout
    assert drafted == (f"registry.alamo/keys\nversion 1\nnot-after {DAY}\n"
                       f"log {log.read_text().strip()} from 0\n")
    refused("keys", "verify", note, *pins(roots), code=2)      # a text, no note yet
    alamo("keys", "sign", note, "--key", roots[0])
    assert "signed by 1 of the 3 roots; 2 are needed" in refused("keys", "verify", note, *pins(roots), code=4)
    refused("keys", "sign", note, "--key", roots[0], code=1)
    alamo("keys", "sign", note, "--key", roots[2])
    assert "by 2 of 3 roots, 2 needed" in alamo("keys", "verify", note, *pins(roots)).stdout
    assert "3 are needed" in refused("keys", "verify", note, *pins(roots), "--need", "3", code=4)
    refused("keys", "verify", note, *pins(roots), "--least", "2", code=4)
    assert alamo("keys", "verify", note, *pins(roots), "--print-log").stdout == log.read_text()
    note.write_text(note.read_text().replace("version 1", "version 2"))
    assert "signed by 0" in refused("keys", "verify", note, *pins(roots), code=4)


def test_past_its_day(roots, tmp_path):
    note = tmp_path / "keys.note"
    alamo("keys", "draft", note, "--log", log_key(tmp_path / "dir"), "--not-after", "2020-01-01")
    for root in roots:
        alamo("keys", "sign", note, "--key", root)
    assert "past its day" in refused("keys", "verify", note, *pins(roots), code=4)


def test_key_cannot_just_be_exchanged(roots, tmp_path):
    """The tree must be known up to where the key changes."""
    old, new = log_key(tmp_path / "old"), log_key(tmp_path / "new")
    first, second = tmp_path / "1.note", tmp_path / "2.note"
    alamo("keys", "draft", first, "--log", old, "--not-after", DAY)
    assert "--last" in refused("keys", "draft", second, "--log", new, "--not-after", DAY, "--after", first, code=2)
    # The same key and another day need nothing.
    assert "version 2\nnot-after 2100-02-01\n" in alamo(
        "keys", "draft", second, "--log", old, "--not-after", "2100-02-01", "--after", first).stdout


def test_pin_by_note(authority, roots, tmp_path):
    note, last, second = tmp_path / "1.note", tmp_path / "last", tmp_path / "2.note"
    alamo("keys", "draft", note, "--log", authority.dir / "keys" / "log.pub", "--not-after", DAY)
    for root in roots[:2]:
        alamo("keys", "sign", note, "--key", root)
    vkey = alamo("keys", "verify", note, *pins(roots), "--print-log").stdout.strip()
    host, port = authority.endpoints["stream"]
    assert "verified" in alamo("verify", "--stream", f"{host}:{port}", "--key", vkey).stdout
    # and the key's end, at a checkpoint that it has signed
    last.write_text(authority.ask("head"))
    size, root = last.read_text().splitlines()[1:3]
    fresh = log_key(tmp_path / "fresh")
    drafted = alamo("keys", "draft", second, "--log", fresh, "--not-after", DAY, "--after", note, "--last", last).stdout
    assert "version 2\n" in drafted
    assert f"log {vkey} from 0 until {size} {root}\nlog {fresh.read_text().strip()} from {size}\n" in drafted
    last.write_text(last.read_text().replace(f"\n{size}\n", f"\n{int(size) + 1}\n"))
    refused("keys", "draft", second, "--log", fresh, "--not-after", DAY, "--after", note, "--last", last, code=4)


def rotate(authority, *words):
    """The authority's log goes on under another key."""
    authority.stop()
    said = alamo("keys", "rotate", authority.dir, "--not-after", DAY, *words).stdout
    authority.start()
    return said


def member(authority, name, directory):
    """Joins by the command line, from a home of his own; his receipt."""
    key = Key(directory / f"{name}-key")
    (directory / name).write_text(mntner(f"{name.upper()}-MNT", key))
    receipt = directory / f"{name}.tlog-proof"
    alamo("submit", directory / name, "--key", key.path, "--receipt", receipt, "--pin", authority.dir / "keys/log.pub",
          env=authority.environment() | {"HOME": str(directory / f"{name}-home")})
    return receipt


def test_a_log_goes_on_under_another_key(own_authority, children, tmp_path):
    """Twice. Entries, receipts, followers, a mirror and an auditor of one era and the other."""
    authority = own_authority
    pub = authority.dir / "keys/log.pub"
    first = pub.read_text().strip()
    authority.member(Key(tmp_path / "fisher"), domain="fisher.alamo", records=["@ AAAA fca1:100::1"])
    receipts = [member(authority, "before", tmp_path)]
    stream = spelled(authority.endpoints["stream"])
    copy = tmp_path / "mirror"
    alamo("mirror", copy, "--from", stream, "--key", pub, "--once")
    assert "runs in" in refused("keys", "rotate", authority.dir, "--not-after", DAY, code=1)
    for era in ("second", "third"):
        old, secret = pub.read_text(), (authority.dir / "keys/log.key").read_text()
        statement = (authority.dir / "keys/roa.note").read_text()
        rotate(authority)
        assert (authority.dir / "keys/log.key").read_text() != secret and not (authority.dir / "keys/log.key.next").exists()
        assert pub.read_text() != old and (authority.dir / "keys/roa.note").read_text() != statement
        # Before anything new is there, what there is is good.
        assert "verified: every entry" in authority.verify().stdout
        receipts.append(member(authority, era, tmp_path))
        # Everybody follows: names, route origins and whois are of the newest entry.
        size = int(authority.ask("head").splitlines()[1])
        wait_for(lambda: f"{era.upper()}-MNT" in authority.whois(f"{era.upper()}-MNT"), what="whois")
        wait_for(lambda: authority.dns("fisher.alamo", "AAAA").answer, what="DNS")
        assert authority.vrps()
        assert re.search(rf"^size +{size}$", authority.verify().stdout, re.M)
        alamo("audit", authority.dir)
        for receipt in receipts:
            alamo("receipt", "verify", receipt, "--key", pub)
        # A mirror that has the key of before goes on to the one that this has signed, and keeps the note.
        stream = spelled(authority.endpoints["stream"])
        (tmp_path / "old.pub").write_text(old)
        alamo("mirror", copy, "--from", stream, "--key", tmp_path / "old.pub", "--once")
        assert (copy / "log.pub").read_text() == pub.read_text()
        alamo("mirror", copy, "--from", stream, "--key", pub, "--once")
        # Route origins are believed by the new key's word.
        alamo("roa", "fetch", "--log-key", pub, "--into", tmp_path / f"router-{era}", "http://%s:%d" % authority.endpoints["roas"])
    # The first key says nothing any more, and nothing is believed of it beyond its end.
    note = pub.read_text()
    end = int(re.search(rf"^log {re.escape(first)} from 0 until (\d+) ", note, re.M)[1])
    assert end < size
    assert alamo("receipt", "verify", receipts[0], "--key", first).returncode == 0
    assert alamo("receipt", "verify", receipts[1], "--key", first, check=False).returncode == 4
    assert alamo("verify", "--stream", stream, "--key", first, "--network", "alamo", check=False).returncode == 4


def test_a_rotation_that_was_cut_short(own_authority):
    """Between the two files the registry signs nothing with the old key; a second call completes it."""
    keys = own_authority.dir / "keys"
    own_authority.accept([mntner("X-MNT", own_authority.hostmaster)], [own_authority.hostmaster])
    own_authority.stop()
    old = (keys / "log.key").read_bytes()
    alamo("keys", "rotate", own_authority.dir, "--not-after", DAY)
    new = (keys / "log.key").read_bytes()
    (keys / "log.key.next").write_bytes(new)
    (keys / "log.key").chmod(0o600)
    (keys / "log.key").write_bytes(old)
    with pytest.raises(AssertionError, match="is not the key that the log has by now"):
        own_authority.start()
    own_authority.stop()
    alamo("keys", "rotate", own_authority.dir, "--not-after", DAY)
    assert (keys / "log.key").read_bytes() == new
    own_authority.start()
    own_authority.accept([mntner("Y-MNT", own_authority.hostmaster)], [own_authority.hostmaster])
    own_authority.verify()
    # What was signed last must be known.
    own_authority.stop()
    (own_authority.dir / "run/checkpoint").unlink()
    assert "is not what the key in use signed last" in refused("keys", "rotate", own_authority.dir, "--not-after", DAY, code=4)
    own_authority.start()


def test_a_note_of_the_roots_goes_on(own_authority, roots, tmp_path):
    note = tmp_path / "keys.note"
    alamo("keys", "draft", note, "--log", own_authority.dir / "keys" / "log.pub", "--not-after", DAY)
    for root in roots[:2]:
        alamo("keys", "sign", note, "--key", root)
    own_authority.accept([mntner("X-MNT", own_authority.hostmaster)], [own_authority.hostmaster])
    rotate(own_authority, "--after", note)
    pub = own_authority.dir / "keys/log.pub"
    for root in roots[1:]:
        alamo("keys", "sign", pub, "--key", root)
    assert "version     2" in alamo("keys", "verify", pub, *pins(roots), "--least", "1").stdout
    own_authority.stop()
    assert "has signed nothing yet" in refused("keys", "rotate", own_authority.dir, "--not-after", DAY, code=1)
    own_authority.start()
    own_authority.accept([mntner("Y-MNT", own_authority.hostmaster)], [own_authority.hostmaster])
    rotate(own_authority)
    assert "\nversion 3\n" in pub.read_text()


class Person:
    """A home with pins of its own."""

    def __init__(self, authority, directory, name):
        self.authority, self.home, self.name = authority, directory / name, name
        self.home.mkdir()
        self.key = Key(self.home / "key")
        self.joined = 0

    def cli(self, *words, **keywords):
        return alamo(*words, env=nobody_home() | {"HOME": str(self.home), "ALAMO_SERVER": self.authority.server(),
                                                  "ALAMO_KEY": str(self.key.path)}, **keywords)

    def works(self):
        """Submits, shows, reads the whole log; what was said besides."""
        name = f"{self.name.upper()}{self.joined}-MNT"
        self.joined += 1
        (self.home / "file").write_text(mntner(name, self.key))
        said = self.cli("submit", self.home / "file").stderr
        assert name in self.cli("show", "mntner", name).stdout
        self.cli("head")
        assert "verified: every entry" in self.cli("verify").stdout
        for receipt in self.receipts():
            self.cli("receipt", "verify", receipt)
        return said

    def receipts(self):
        return sorted((self.home / ".local/share/alamo/alamo/receipts").glob("*"))

    def pin(self):
        return self.home / ".config/alamo/networks/alamo"


def test_pins_follow(own_authority, tmp_path):
    """Who pinned a key believes what that key says of the next one, and nobody else."""
    authority = own_authority
    first = (authority.dir / "keys/log.pub").read_text().strip()
    old = Person(authority, tmp_path, "old")
    assert "first contact" in old.works()
    stranger = Person(authority, tmp_path, "stranger")     # pinned another log of that name
    stranger.works()
    other = log_key(tmp_path / "other").read_text().strip()
    stranger.pin().write_text(stranger.pin().read_text().replace(first, other))
    rotate(authority)
    second = re.search(r"^vkey: (.*)$", authority.ask("network"), re.M)[1]
    assert second != first and authority.ask("keys") == (authority.dir / "keys/log.pub").read_text()
    assert "has another key now, as the one before has signed" in old.works()
    assert second in old.pin().read_text() and old.works() == ""
    assert len(old.receipts()) == 3
    # One who comes later knows the whole of it, and so does one who was told the first key.
    new = Person(authority, tmp_path, "new")
    assert "first contact" in new.works()
    told = Person(authority, tmp_path, "told")
    told.cli("network", "show", "--pin", first)
    told.works()
    result = stranger.cli("head", check=False)
    assert result.returncode == 4 and "is not what it was" in result.stderr
    result = Person(authority, tmp_path, "misled").cli("head", "--pin", other, check=False)
    assert result.returncode == 4 and "which is not the one of --pin" in result.stderr


def test_a_note_that_the_pinned_key_has_not_signed(own_authority, roots, tmp_path):
    """Nor one that leads elsewhere: the pin stays, and the contradiction is said."""
    authority = own_authority
    old = Person(authority, tmp_path, "old")
    old.works()
    pinned = old.pin().read_bytes()
    rotate(authority)
    note = authority.ask("keys")
    text, signature = note.split("\n\n")
    unsigned = tmp_path / "note"
    unsigned.write_text(text + "\n")
    alamo("keys", "sign", unsigned, "--key", roots[0])
    third = log_key(tmp_path / "third").read_text().strip()
    second = re.search(r"^vkey: (.*)$", authority.ask("network"), re.M)[1]
    for answer in (unsigned.read_text(), note.replace("version 2", "version 3"), note.replace(second, third), text + "\n", "nonsense\n",
                   "%ERROR: this log has had one key\n"):
        def lie(sent, true):
            return answer.encode() + b"% end\n" if sent == b"keys\n" else true

        with Questions(authority.endpoints["requests"], lie) as middle:
            env = nobody_home() | {"HOME": str(old.home), "ALAMO_SERVER": middle.address, "ALAMO_KEY": str(old.key.path)}
            result = alamo("head", env=env, check=False)
        assert result.returncode == 4 and "is not what it was" in result.stderr, (answer, result)
        assert old.pin().read_bytes() == pinned
    old.works()


def test_a_publisher_goes_on(own_authority, tmp_path):
    """`alamo rpki publish` was founded with the first key: the authority's file says which one came after it."""
    authority, folder, anchor = own_authority, tmp_path / "publisher", tmp_path / "anchor"
    joined = authority.member(Key(tmp_path / "fisher"))
    uri = "rsync://rpki.test/repo/"
    alamo("rpki", "init", folder, "--repository", uri, "--notify", "https://rpki.test/notification.xml", "--locator",
          "https://rpki.test/ta.cer", "--log", authority.dir)
    alamo("rpki", "sign", anchor, folder / "request", tmp_path / "answer")
    alamo("rpki", "accept", folder, tmp_path / "answer")
    alamo("rpki", "publish", folder, "--log", authority.dir)
    first = len(list((folder / "current/repository").rglob("*.roa")))
    rotate(authority)
    authority.member(Key(tmp_path / "other"), name="OTHER")
    alamo("rpki", "publish", folder, "--log", authority.dir)
    assert len(list((folder / "current/repository").rglob("*.roa"))) == first + 1, joined.text
    stream = spelled(authority.endpoints["stream"])
    assert alamo("rpki", "publish", folder, "--stream", stream, check=False).returncode == 4
    alamo("rpki", "publish", folder, "--stream", stream, "--log-key", authority.dir / "keys/log.pub")
    # Another log's file is no successor.
    other = log_key(tmp_path / "elsewhere")
    assert alamo("rpki", "publish", folder, "--stream", stream, "--log-key", other, check=False).returncode == 4
