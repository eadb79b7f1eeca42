# SPDX-License-Identifier: MIT
"""`alamo mirror`: a verified copy that can stand for the registry."""

import base64
import contextlib
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

import pytest
from harness import ALAMO, Key, alamo, mntner, run, stop, wait_for
from witnesses import head_size, mirror, spelled, wait_for_size

MORE = 25


def grow(authority, tmp_path, count, start=0):
    """That many entries more; the size of the log."""
    member = Key(tmp_path / "grower")
    for number in range(start, start + count):
        authority.accept([mntner(f"GROW{number}-MNT", member)], [member])
    return head_size(authority.ask("head"))


def once(path, source, key, **keywords):
    return alamo("mirror", path, "--from", source, "--key", key, "--once", **keywords)


def test_catches_up_resumes_serves(own_authority, tmp_path, children):
    authority = own_authority
    key = authority.dir / "keys" / "log.pub"
    stream = spelled(authority.endpoints["stream"])
    size = grow(authority, tmp_path, MORE)
    copy = tmp_path / "copy"
    assert f"size {size}\n" in once(copy, stream, key).stdout
    length = (copy / "log").stat().st_size

    # What is there is not fetched again: the file only grows, and only by what is new.
    before = (copy / "log").read_bytes()
    size = grow(authority, tmp_path, 3, MORE)
    assert f"size {size}\n" in once(copy, stream, key).stdout
    after = (copy / "log").read_bytes()
    assert after.startswith(before) and len(after) - length < length
    assert f"size {size}\n" in once(copy, stream, key).stdout
    assert (copy / "log").read_bytes() == after

    # Others read from it, from the beginning and as it grows.
    served = mirror(children, copy, stream, key)
    verified = alamo("verify", "--stream", served.address, "--key", key)
    assert f"size        {size}\n" in verified.stdout and "verified:" in verified.stdout
    second = mirror(children, tmp_path / "second", served.address, key)
    size = grow(authority, tmp_path, 2, MORE + 3)
    wait_for_size(tmp_path / "second", size)
    assert f"size        {size}\n" in alamo("audit", "--stream", second.address, "--key", key).stdout

    # The registry goes away; the copy of the copy still founds new followers.
    authority.stop()
    assert f"size        {size}\n" in alamo("verify", "--stream", second.address, "--key", key).stdout
    assert f"size {size}\n" in once(tmp_path / "third", second.address, key).stdout


def fetched(address, path):
    with urllib.request.urlopen(f"http://{address}/{path}", timeout=10) as answer:
        return answer.read()


def test_serves_tiles(own_authority, tmp_path, children):
    """The same files as the registry's, byte for byte, as it grows and after a restart."""
    authority = own_authority
    stream, pub = spelled(authority.endpoints["stream"]), authority.dir / "keys" / "log.pub"
    count = 0
    for _ in range(2):
        served = mirror(children, tmp_path / "copy", stream, pub, more=["--http", "127.0.0.1:0"])
        here, there = served.word("endpoint log-http"), spelled(authority.endpoints["log-http"])
        for more in (3, 4):
            size = grow(authority, tmp_path, more, count)
            count += more
            head = authority.ask("head").encode()
            for address in (here, there):
                def same(address=address):
                    with contextlib.suppress(urllib.error.HTTPError):
                        return fetched(address, "checkpoint") == head
                wait_for(same, what=f"the checkpoint of {size} at {address}")
            for tile in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
                assert fetched(here, tile) == fetched(there, tile)
        stop(served.process)


def test_followers_start_without_the_registry(own_authority, tmp_path, children, key):
    """whois, dns and rtr of another house, fed by a mirror, with the registry down."""
    authority = own_authority
    pub = authority.dir / "keys" / "log.pub"
    answer = authority.member(key, domain="fisher.alamo", records=["@ AAAA fd00::1"])
    served = mirror(children, tmp_path / "copy", spelled(authority.endpoints["stream"]), pub)
    wait_for_size(tmp_path / "copy", answer.index + 1)
    authority.stop()

    house = tmp_path / "house"
    for folder in ("keys/dns", "run"):
        (house / folder).mkdir(parents=True)
    (house / "keys" / "log.pub").write_bytes(pub.read_bytes())
    (house / "alamo.conf").write_text(
        f"[network]\nlisten = 127.0.0.1\n[log]\nstream = {served.address}\n[whois]\nport = 0\nhttp-port = 0\n")
    children([os.path.join(os.path.dirname(ALAMO), "alamo-whoisd"), "-c", house / "alamo.conf"],
             stderr=open(tmp_path / "whoisd.log", "ab"))
    endpoints = house / "run" / "endpoints.d" / "alamo-whoisd"
    wait_for(endpoints.exists, what="whois from a mirror")
    port = next(line for line in endpoints.read_text().splitlines() if line.startswith("whois ")).rsplit(":", 1)[1]
    found = run("nc", "-w", "5", "127.0.0.1", port, input="fisher.alamo\r\n").stdout
    assert "domain:         fisher.alamo" in found


def test_killed_at_any_moment(own_authority, tmp_path, children):
    """A mirror that is killed while it writes has, when it comes again, everything it said it had."""
    authority = own_authority
    key = authority.dir / "keys" / "log.pub"
    stream = spelled(authority.endpoints["stream"])
    copy = tmp_path / "copy"
    count = 0
    for _ in range(5):
        served = mirror(children, copy, stream, key)
        size = grow(authority, tmp_path, 4, count)
        count += 4
        wait_for(lambda: f"size        {size}\n" in alamo("verify", "--stream", served.address, "--key", key,
                                                         check=False).stdout, what="the mirror")
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
        with open(copy / "log", "ab") as log:      # what a crash may leave behind the last write
            log.write(b"\0\0\1\0E\0\0\0\0"[:1 + count % 9])
    assert f"size {size}\n" in once(copy, stream, key).stdout


@pytest.mark.parametrize("where", [0.0, 0.3, 0.6, 0.99])
def test_bit_flips_are_found(authority, tmp_path, key, where):
    member = Key(tmp_path / "flip")
    authority.accept([mntner(f"FLIP{int(where * 100)}-MNT", member)], [member])
    pub = authority.dir / "keys" / "log.pub"
    stream = spelled(authority.endpoints["stream"])
    copy = tmp_path / "copy"
    once(copy, stream, pub)
    data = bytearray((copy / "log").read_bytes())
    data[int((len(data) - 1) * where)] ^= 1
    (copy / "log").write_bytes(data)
    result = once(copy, stream, pub, check=False)
    assert result.returncode == 4 and "damaged" in result.stderr
    assert (copy / "log").read_bytes() == data         # nothing was thrown away


def test_refusals(authority, tmp_path, children):
    pub = authority.dir / "keys" / "log.pub"
    stream = spelled(authority.endpoints["stream"])
    copy = tmp_path / "copy"
    once(copy, stream, pub)
    alamo("init", tmp_path / "other")
    other = once(copy, stream, tmp_path / "other" / "keys" / "log.pub", check=False)
    assert other.returncode == 2 and "copy of another log" in other.stderr
    assert once(copy, "127.0.0.1:1", pub, check=False).returncode == 3
    served = mirror(children, copy, stream, pub)
    busy = once(copy, stream, pub, check=False)
    assert busy.returncode == 1 and "in use" in busy.stderr
    stop(served.process)


def test_log_and_monitor(own_authority, tmp_path, key):
    authority = own_authority
    joined = authority.member(key)
    stream, pub = spelled(authority.endpoints["stream"]), authority.dir / "keys" / "log.pub"
    where = ["--stream", stream, "--key", pub]
    shown = alamo("log", "show", joined.index, *where).stdout
    assert shown.startswith(f"entry {joined.index} request\n") and "FISHER-MNT" in shown
    assert alamo("log", "show", 999, *where, check=False).returncode == 1
    found = alamo("log", "grep", "fisher-as", *where).stdout
    assert found.startswith(f"entry {joined.index} ") and "FISHER-AS" in found
    assert alamo("log", "grep", "no such words", *where, check=False).returncode == 1
    tail = alamo("log", "tail", "--from", joined.index, "--once", *where).stdout
    assert f"entry {joined.index} " in tail and "entry 0 " not in tail

    watch = ["monitor", "--mnt", "fisher-mnt", "--once", "--stream", stream, "--log-key", pub]
    own = alamo(*watch)
    assert f"entry {joined.index} " in own.stdout and "NOT SIGNED" not in own.stdout
    assert "Create [mntner] FISHER-MNT" in own.stdout and "1 entries, 0 of them" in own.stdout

    # The hostmaster may change anything, and everybody sees it.
    asn = joined.key("aut-num")
    text = authority.ask(f"show aut-num {asn}").replace("FISHER-AS", "TAKEN-AS")
    changed = authority.accept([text], [authority.hostmaster], prev=authority.prev("aut-num", asn))
    foreign = alamo(*watch, check=False)
    assert foreign.returncode == 4
    assert f"entry {changed.index} " in foreign.stdout and "NOT SIGNED BY FISHER-MNT" in foreign.stdout
    assert f"Modify [aut-num] {asn}" in foreign.stdout and "2 entries, 1 of them" in foreign.stdout
    later = alamo(*watch, "--since", changed.index, check=False).stdout
    assert f"entry {joined.index} " not in later and f"entry {changed.index} " in later

    # A program is told of each, with what it needs to check it.
    seen, script = tmp_path / "seen", tmp_path / "hook"
    script.write_text(f"#!/bin/sh\ncat >>{seen}\necho >>{seen}\n")
    script.chmod(0o755)
    alamo(*watch, "--exec", script, check=False)
    first, second = map(json.loads, seen.read_text().splitlines())
    assert (first["index"], first["own"], second["index"], second["own"]) == (joined.index, True, changed.index, False)
    assert {(change["action"], change["class"]) for change in first["changes"]} >= {("create", "mntner"), ("create", "aut-num")}
    [change] = second["changes"]
    assert change["key"] == asn and "FISHER-AS" in change["old"] and "TAKEN-AS" in change["new"]
    assert second["signers"] == [run("ssh-keygen", "-lf", f"{authority.hostmaster.path}.pub").stdout.split()[1]]
    shown = alamo("log", "show", changed.index, *where).stdout
    assert base64.b64decode(second["entry"]).decode() in shown
    script.write_text("#!/bin/sh\nexit 3\n")
    refused = alamo(*watch, "--since", changed.index + 1, "--exec", script)
    assert refused.returncode == 0                  # nothing happened since, so nobody was told
    refused = alamo(*watch[:2], "fisher-mnt", *watch[3:], "--key", f"{key.path}.pub", "--exec", script, check=False)
    assert f"--exec: {script} gave 3" in refused.stderr and "2 of them were not taken" in refused.stderr

    # Keys given by hand count instead of those in the log.
    stranger = Key(tmp_path / "stranger")
    strict = alamo(*watch, "--key", f"{stranger.path}.pub", check=False)
    assert strict.returncode == 4 and "2 entries, 2 of them" in strict.stdout
    # Nobody is called that: no calm about it.
    typo = alamo("monitor", "--mnt", "FSIHER-MNT", *watch[3:], check=False)
    assert typo.returncode == 1 and "no maintainer FSIHER-MNT: is it FISHER-MNT?" in typo.stderr and typo.stdout == ""
    # Watching on, it says so too.
    waiting = subprocess.Popen([ALAMO, "monitor", "--mnt", "FSIHER-MNT", *watch[4:]], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    assert "no maintainer FSIHER-MNT: is it FISHER-MNT?" in waiting.stderr.readline()
    stop(waiting)
    waiting.stderr.close()
    # One who is there, and to whom nothing happened since, is another matter.
    calm = alamo(*watch, "--since", 1000)
    assert "0 entries, 0 of them not signed" in calm.stdout


def test_no_stream_there(authority, tmp_path):
    """The request port, which is the usual slip, ends at once and says what is wrong."""
    address = spelled(authority.endpoints["requests"])
    refused = once(tmp_path / "copy", address, authority.dir / "keys" / "log.pub", check=False)
    assert refused.returncode == 4 and f"{address} is no log stream" in refused.stderr, refused.stderr
